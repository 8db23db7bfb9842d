// The shapes of webhooks and their deliveries.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

#include "vault/webhooks/types.h"

namespace coffer::apis::mediavault {

boost::json::object webhook_object(const vault::Webhook& webhook);

// `pending`, `delivered`, `dead`.
std::optional<vault::DeliveryStatus> delivery_status_from(std::string_view name) noexcept;
boost::json::object delivery_object(const vault::Delivery& delivery);

// `hook_12` and `delivery_12`; nothing for other texts.
std::optional<vault::WebhookId> parse_webhook_id(std::string_view text);
std::optional<vault::DeliveryId> parse_delivery_id(std::string_view text);

}  // namespace coffer::apis::mediavault
