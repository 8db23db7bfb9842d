// How an event is written, the same for webhooks and WebSockets.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vault/events/events.h"
#include "vault/model/types.h"

namespace coffer::apis::mediavault {

// `{"id", "type", "user_id"}` of what an event is about: a file, a collection, else the account.
// `account`: whose it is.
struct EventSubject {
  vault::AccountId account = {};
  std::optional<vault::EntryId> entry = {};
  std::optional<vault::FileKind> kind = {};  // of the entry
  std::optional<vault::CollectionId> collection = {};
};
boost::json::object event_data(const EventSubject& subject);

// `media_updates`, `collection_updates`, `upload_updates`. The last one has no events of the log
// and no resources (upload_watch.h).
enum class Channel { kMedia, kCollections, kUploads };
std::string_view name_of(Channel channel) noexcept;
std::optional<Channel> channel_from(std::string_view name) noexcept;
// Nothing for events that no channel has: of folders, of accounts.
std::optional<Channel> channel_of(const vault::Event& event) noexcept;
// The number of the file, or of the collection. REQUIRES: a channel has it.
std::int64_t resource_of(const vault::Event& event) noexcept;
// `media_12`, `col_3`. REQUIRES: the channel has resources.
std::string resource_id(Channel channel, std::int64_t resource);

// `event_12`; the text `event_12` or `12`.
std::string event_id(vault::EventId id);
std::optional<vault::EventId> parse_event_id(std::string_view text) noexcept;

}  // namespace coffer::apis::mediavault
