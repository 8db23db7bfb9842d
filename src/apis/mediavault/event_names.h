// What events are called, in webhooks and WebSockets alike: one table.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "vault/events/events.h"
#include "vault/webhooks/types.h"

namespace coffer::apis::mediavault {

// What is sent when a webhook is tested; none that one may ask for.
inline constexpr std::string_view kTestEvent = "webhook.test";

// `media.uploaded`
std::string_view event_name(vault::EventType type) noexcept;
std::string_view event_name(vault::WebhookTopic topic) noexcept;
// Nothing for a name of no event.
std::optional<vault::WebhookTopic> topic_from(std::string_view name) noexcept;
// All that a webhook may ask for, in the order in which they are listed.
std::span<const std::string_view> event_names() noexcept;

}  // namespace coffer::apis::mediavault
