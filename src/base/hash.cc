#include "base/hash.h"

#include <openssl/evp.h>

#include <algorithm>
#include <new>
#include <stdexcept>

namespace coffer {
namespace {
EVP_MD_CTX* native(void* context) { return static_cast<EVP_MD_CTX*>(context); }
void require(int ok) {
  if (ok != 1) throw std::runtime_error("SHA-256 is not available from OpenSSL");
}
// Looked up once: EVP_sha256() would make every hash look it up again, under a lock.
const EVP_MD* sha256() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}
}  // namespace

std::optional<Sha256Digest> Sha256Digest::from_hex(std::string_view text) {
  const auto bytes = coffer::from_hex(text);
  if (!bytes) return std::nullopt;
  return from_bytes(*bytes);
}

std::optional<Sha256Digest> Sha256Digest::from_bytes(ByteView bytes) {
  Sha256Digest digest;
  if (bytes.size() != digest.bytes.size()) return std::nullopt;
  std::ranges::copy(bytes, digest.bytes.begin());
  return digest;
}

void Sha256::Free::operator()(void* context) const noexcept { EVP_MD_CTX_free(native(context)); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_) throw std::bad_alloc();
  require(EVP_DigestInit_ex(native(context_.get()), sha256(), nullptr));
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView data) {
  require(EVP_DigestUpdate(native(context_.get()), data.data(), data.size()));
}

Sha256Digest Sha256::finish() {
  Sha256Digest digest;
  require(EVP_DigestFinal_ex(native(context_.get()),
                             reinterpret_cast<unsigned char*>(digest.bytes.data()), nullptr));
  return digest;
}

Sha256Digest Sha256::of(ByteView data) {
  Sha256 hash;
  hash.update(data);
  return hash.finish();
}

}  // namespace coffer
