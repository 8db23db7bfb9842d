// Signatures of webhooks, as https://www.standardwebhooks.com has them (symmetric, `v1`).
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"

namespace coffer::vault {

// Bytes of a webhook's secret.
inline constexpr std::size_t kWebhookSecretBytes = 32;

// `whsec_` and the secret as base64: what its owner configures the receiver with.
std::string webhook_secret_text(ByteView secret);

// The value of `webhook-signature` for a message: `v1,` and the base64 of HMAC-SHA-256 of
// `<id>.<seconds since 1970>.<payload>` under `secret`.
std::string sign_webhook(ByteView secret, std::string_view id, Time sent_at,
                         std::string_view payload);

}  // namespace coffer::vault
