// Server certificates.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <mutex>
#include <string>

#include "net/tls_files.h"

namespace coffer::net {

struct SslFree {
  void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using SslHandle = std::unique_ptr<SSL, SslFree>;

// A certificate with its key, read from files, that can be read again while it is in use.
// Threads: any.
class TlsIdentity {
 public:
  // `protocols`: what is spoken over TLS, preferred first, in the form of RFC 7301 section 3.1
  // (each name after a byte with its length); a client that offers others alone is refused. The
  // string has static storage. Throws std::runtime_error that names the file and what OpenSSL says
  // of it.
  TlsIdentity(TlsFiles files, const char* protocols);

  // For connections that start from now on. Throws like the constructor and keeps the old.
  void reload();

  // A server's end of a new connection on the socket `fd`, which stays the caller's.
  SslHandle accept(int fd) const;

 private:
  using Context = std::shared_ptr<SSL_CTX>;
  Context load() const;

  const TlsFiles files_;
  const char* const protocols_;
  mutable std::mutex mutex_;
  Context context_;
};

}  // namespace coffer::net
