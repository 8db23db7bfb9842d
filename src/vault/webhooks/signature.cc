#include "vault/webhooks/signature.h"

#include <sodium.h>

#include <array>
#include <chrono>
#include <span>

namespace coffer::vault {
namespace {

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string webhook_secret_text(ByteView secret) { return "whsec_" + to_base64(secret); }

std::string sign_webhook(ByteView secret, std::string_view id, Time sent_at,
                         std::string_view payload) {
  using std::chrono::duration_cast;
  using std::chrono::seconds;
  std::string head(id);
  head += '.';
  head += std::to_string(duration_cast<seconds>(sent_at.time_since_epoch()).count());
  head += '.';
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, raw(as_text(secret)), secret.size());
  crypto_auth_hmacsha256_update(&state, raw(head), head.size());
  crypto_auth_hmacsha256_update(&state, raw(payload), payload.size());
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_final(&state, mac.data());
  return "v1," + to_base64(std::as_bytes(std::span(mac)));
}

}  // namespace coffer::vault
