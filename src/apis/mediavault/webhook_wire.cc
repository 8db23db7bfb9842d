#include "apis/mediavault/webhook_wire.h"

#include <array>
#include <boost/json/array.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "apis/kit/json.h"
#include "apis/kit/json_text.h"
#include "apis/mediavault/event_names.h"
#include "apis/mediavault/event_wire.h"
#include "apis/mediavault/mediavault.h"
#include "apis/mediavault/wire.h"
#include "base/text.h"
#include "vault/model/ids.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::string_view kHookPrefix = "hook_";
constexpr std::string_view kDeliveryPrefix = "delivery_";

constexpr std::array<std::string_view, 3> kStatus{"pending", "delivered", "dead"};

// Bytes of any kind as text, of which the last character may be cut off.
std::string readable(std::string_view bytes) {
  constexpr std::size_t kLongestCharacter = 4;
  for (std::size_t cut = 0; cut < kLongestCharacter && cut <= bytes.size(); ++cut) {
    const std::string_view text = bytes.substr(0, bytes.size() - cut);
    if (is_utf8(text)) return std::string(text);
  }
  std::string text;
  for (const char c : bytes) {
    if (static_cast<unsigned char>(c) < 0x80) {
      text += c;
    } else {
      text += "\xef\xbf\xbd";
    }
  }
  return text;
}

boost::json::object payload_object(const vault::Delivery& delivery) {
  EventSubject subject{.account = delivery.account, .kind = delivery.kind};
  if (const auto& resource = delivery.resource) {
    const bool is_entry = resource->kind == vault::WebhookResource::Kind::kEntry;
    if (is_entry) subject.entry = vault::EntryId{resource->id};
    if (!is_entry) subject.collection = vault::CollectionId{resource->id};
  }
  boost::json::object data = event_data(subject);
  if (delivery.topic == vault::WebhookTopic::kTest) {
    data["id"] = std::string(kHookPrefix) + std::to_string(delivery.webhook.value);
    data["type"] = "webhook";
  }
  return {{"event", event_name(delivery.topic)},
          {"data", std::move(data)},
          {"timestamp", to_iso8601(delivery.at)}};
}

template <class Id>
std::optional<Id> parse_id(std::string_view text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  return vault::parse_id<Id>(text.substr(prefix.size()));
}

}  // namespace

boost::json::object webhook_object(const vault::Webhook& webhook) {
  boost::json::array events;
  for (const std::string_view name : event_names()) {
    if (webhook.topics.has(topic_from(name).value())) events.emplace_back(name);
  }
  return {{"id", std::string(kHookPrefix) + std::to_string(webhook.id.value)},
          {"url", webhook.url},
          {"events", std::move(events)},
          {"active", webhook.is_active},
          {"pending", webhook.waiting},
          {"failures", webhook.failures},
          {"last_success_at", json_or_null(webhook.succeeded_at)},
          {"created_at", to_iso8601(webhook.created_at)},
          {"updated_at", to_iso8601(webhook.updated_at)}};
}

std::optional<vault::DeliveryStatus> delivery_status_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kStatus.size(); ++i) {
    if (kStatus[i] == name) return static_cast<vault::DeliveryStatus>(i);
  }
  return std::nullopt;
}

boost::json::object delivery_object(const vault::Delivery& delivery) {
  std::optional<std::int64_t> duration;
  if (delivery.duration) duration = delivery.duration->count();
  boost::json::value error;
  if (!delivery.error.empty()) error = boost::json::string(delivery.error);
  return {{"id", std::string(kDeliveryPrefix) + std::to_string(delivery.id.value)},
          {"message_id", "msg_" + delivery.uuid.str()},
          {"event", event_name(delivery.topic)},
          {"payload", payload_object(delivery)},
          {"status", kStatus[static_cast<std::size_t>(delivery.status)]},
          {"attempts", delivery.attempts},
          {"created_at", to_iso8601(delivery.created_at)},
          {"next_attempt_at", json_or_null(delivery.next_at)},
          {"finished_at", json_or_null(delivery.finished_at)},
          {"last_attempt_at", json_or_null(delivery.attempted_at)},
          {"duration_ms", json_or_null(duration)},
          {"reply_code", json_or_null(delivery.reply_status)},
          {"reply_body", readable(delivery.reply)},
          {"error", std::move(error)}};
}

std::optional<vault::WebhookId> parse_webhook_id(std::string_view text) {
  return parse_id<vault::WebhookId>(text, kHookPrefix);
}

std::optional<vault::DeliveryId> parse_delivery_id(std::string_view text) {
  return parse_id<vault::DeliveryId>(text, kDeliveryPrefix);
}

std::string webhook_payload(const vault::Delivery& delivery) {
  return json_text(payload_object(delivery));
}

}  // namespace coffer::apis::mediavault
