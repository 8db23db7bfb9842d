#include "apis/mediavault/event_names.h"

#include <array>
#include <cstddef>

namespace coffer::apis::mediavault {
namespace {

using vault::EventType;
using vault::WebhookTopic;

struct NamedEvent {
  EventType type;
  WebhookTopic topic;
  std::string_view name;
};

constexpr std::array<NamedEvent, 9> kEvents{{
    {EventType::kEntryCreated, WebhookTopic::kEntryCreated, "media.uploaded"},
    {EventType::kEntryUpdated, WebhookTopic::kEntryUpdated, "media.updated"},
    {EventType::kEntryDeleted, WebhookTopic::kEntryDeleted, "media.deleted"},
    {EventType::kAccountRegistered, WebhookTopic::kAccountRegistered, "user.registered"},
    {EventType::kCollectionCreated, WebhookTopic::kCollectionCreated, "collection.created"},
    {EventType::kCollectionUpdated, WebhookTopic::kCollectionUpdated, "collection.updated"},
    {EventType::kCollectionDeleted, WebhookTopic::kCollectionDeleted, "collection.deleted"},
    {EventType::kEntryRestored, WebhookTopic::kEntryRestored, "media.restored"},
    {EventType::kEntryPurged, WebhookTopic::kEntryPurged, "media.purged"},
}};

constexpr auto kNames = [] {
  std::array<std::string_view, kEvents.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kEvents[i].name;
  return names;
}();

}  // namespace

std::string_view event_name(EventType type) noexcept {
  for (const NamedEvent& event : kEvents) {
    if (event.type == type) return event.name;
  }
  return "";
}

std::string_view event_name(WebhookTopic topic) noexcept {
  for (const NamedEvent& event : kEvents) {
    if (event.topic == topic) return event.name;
  }
  return kTestEvent;
}

std::optional<WebhookTopic> topic_from(std::string_view name) noexcept {
  for (const NamedEvent& event : kEvents) {
    if (event.name == name) return event.topic;
  }
  return std::nullopt;
}

std::span<const std::string_view> event_names() noexcept { return kNames; }

}  // namespace coffer::apis::mediavault
