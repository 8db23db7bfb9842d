#include "base/hmac.h"

#include <sodium.h>

namespace coffer {

Sha256Digest hmac_sha256(ByteView key, ByteView message) {
  const auto raw = [](ByteView bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
  };
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, raw(key), key.size());
  crypto_auth_hmacsha256_update(&state, raw(message), message.size());
  Sha256Digest digest;
  static_assert(sizeof digest.bytes == crypto_auth_hmacsha256_BYTES);
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(digest.bytes.data()));
  return digest;
}

}  // namespace coffer
