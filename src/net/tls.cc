#include "net/tls.h"

#include <openssl/err.h>

#include <cstring>
#include <stdexcept>
#include <utility>

namespace coffer::net {
namespace {

std::string last_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason ? reason : "unreadable";
}

// RFC 7301 section 3.2: without a protocol in common the handshake ends with an alert that says so.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length,
                    const unsigned char* offered, unsigned int offered_length, void* spoken) {
  const auto* protocols = static_cast<const unsigned char*>(spoken);
  const auto length = static_cast<unsigned int>(std::strlen(static_cast<const char*>(spoken)));
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_length, protocols, length, offered, offered_length) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

TlsIdentity::TlsIdentity(TlsFiles files, const char* protocols)
    : files_(std::move(files)), protocols_(protocols), context_(load()) {}

void TlsIdentity::reload() {
  Context fresh = load();
  const std::lock_guard lock(mutex_);
  context_ = std::move(fresh);
}

TlsIdentity::Context TlsIdentity::load() const {
  ERR_clear_error();
  Context context(SSL_CTX_new(TLS_server_method()), SslFree{});
  if (!context) throw std::runtime_error("TLS is not available: " + last_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, const_cast<char*>(protocols_));
  if (SSL_CTX_use_certificate_chain_file(context.get(), files_.certificate.c_str()) != 1) {
    throw std::runtime_error("the TLS certificate " + files_.certificate + ": " + last_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files_.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("the TLS key " + files_.key + ": " + last_error());
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    throw std::runtime_error("the TLS key " + files_.key + " does not belong to the certificate " +
                             files_.certificate);
  }
  return context;
}

SslHandle TlsIdentity::accept(int fd) const {
  Context context;
  {
    const std::lock_guard lock(mutex_);
    context = context_;
  }
  SslHandle ssl(SSL_new(context.get()));
  if (!ssl || SSL_set_fd(ssl.get(), fd) != 1) {
    throw std::runtime_error("TLS cannot take a connection: " + last_error());
  }
  SSL_set_accept_state(ssl.get());
  return ssl;
}

}  // namespace coffer::net
