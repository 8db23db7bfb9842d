#include "apis/mediavault/event_wire.h"

#include <array>

#include "apis/kit/json_text.h"
#include "apis/mediavault/event_names.h"
#include "apis/mediavault/mediavault.h"
#include "apis/mediavault/wire.h"
#include "vault/model/ids.h"

namespace coffer::apis::mediavault {
namespace {

constexpr std::string_view kEventPrefix = "event_";
constexpr std::array<std::string_view, 3> kChannels{"media_updates", "collection_updates",
                                                    "upload_updates"};

}  // namespace

boost::json::object event_data(const EventSubject& subject) {
  std::string id = user_id(subject.account);
  std::string_view type = "user";
  if (subject.entry) {
    id = media_id(*subject.entry);
    type = vault::name_of(subject.kind.value_or(vault::FileKind::kOther));
  } else if (subject.collection) {
    id = collection_id(*subject.collection);
    type = "collection";
  }
  return {{"id", id}, {"type", type}, {"user_id", user_id(subject.account)}};
}

std::string_view name_of(Channel channel) noexcept {
  return kChannels[static_cast<std::size_t>(channel)];
}

std::optional<Channel> channel_from(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kChannels.size(); ++i) {
    if (kChannels[i] == name) return static_cast<Channel>(i);
  }
  return std::nullopt;
}

std::optional<Channel> channel_of(const vault::Event& event) noexcept {
  if (!event.owner) return std::nullopt;
  if (event.collection) return Channel::kCollections;
  // A folder is no file; what lies in one that is removed has events of its own.
  if (!event.entry || !event.kind || *event.kind == vault::FileKind::kFolder) return std::nullopt;
  return Channel::kMedia;
}

std::int64_t resource_of(const vault::Event& event) noexcept {
  return event.collection ? event.collection->value : event.entry->value;
}

std::string resource_id(Channel channel, std::int64_t resource) {
  return channel == Channel::kMedia ? media_id(vault::EntryId{resource})
                                    : collection_id(vault::CollectionId{resource});
}

std::string event_message(const vault::Event& event) {
  const auto channel = channel_of(event);
  if (!channel) return {};
  const boost::json::object message{{"type", "event"},
                                    {"id", event_id(event.id)},
                                    {"channel", name_of(*channel)},
                                    {"resource_id", resource_id(*channel, resource_of(event))},
                                    {"event", event_name(event.type)},
                                    {"data", event_data({.account = *event.owner,
                                                         .entry = event.entry,
                                                         .kind = event.kind,
                                                         .collection = event.collection})},
                                    {"timestamp", to_iso8601(event.at)}};
  return json_text(message);
}

std::string event_id(vault::EventId id) {
  return std::string(kEventPrefix) + std::to_string(id.value);
}

std::optional<vault::EventId> parse_event_id(std::string_view text) noexcept {
  if (text.starts_with(kEventPrefix)) text.remove_prefix(kEventPrefix.size());
  return vault::parse_id<vault::EventId>(text);
}

}  // namespace coffer::apis::mediavault
