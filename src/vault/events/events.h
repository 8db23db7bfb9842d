// The outbox: what happened, written in the transaction in which it happened.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/types.h"

namespace coffer::vault {

enum class EventType : std::uint8_t {
  kAccountRegistered = 0,
  kEntryCreated = 1,
  kEntryUpdated = 2,
  kEntryDeleted = 3,
  kCollectionCreated = 4,
  kCollectionUpdated = 5,
  kCollectionDeleted = 6,
  // Out of the trash, into which kEntryDeleted tells of the way: as an entry again, or for good.
  kEntryRestored = 7,
  kEntryPurged = 8,
};

struct Event {
  EventId id = {};  // in the order of commits
  EventType type = EventType::kAccountRegistered;
  Time at = {};
  AccountId account = {};  // who did it
  // For the kinds about an entry (also folders: FileKind::kFolder), as it was then.
  std::optional<AccountId> owner = {};
  std::optional<SpaceId> space = {};
  std::optional<EntryId> entry = {};
  std::optional<Uuid> uuid = {};
  std::optional<FileKind> kind = {};
  // For those about a collection, besides its owner.
  std::optional<CollectionId> collection = {};
};

// For the other parts of the core: joins `event` to the transaction. Id and time are given here.
Task<void> append_event(db::Transaction& transaction, Time now, Event event);
// The same: moves the reader called `reader` from `from` to `to`, so that what was made of the
// events is kept if and only if it is. Nothing, and false, where it does not stand at `from`.
Task<bool> move_reader(db::Transaction& transaction, const std::string& reader, EventId from,
                       EventId to);
Event event_about(const Entry& entry, EventType type, AccountId caller);

// As users see it: `entry.created`.
std::string_view name_of(EventType type) noexcept;

// Threads: any executor's.
class Events {
 public:
  explicit Events(Context& context) : context_(context) {}

  // A part of the log.
  struct Page {
    std::vector<Event> events;  // oldest first
    bool has_gap = false;       // pruned events came before these
  };
  // Up to `limit` events after `after`; in one state of the log.
  Task<Page> read(EventId after, std::size_t limit);
  // Removes the oldest events, up to `limit` of them, up to the last one older than `before`; how
  // many.
  Task<std::uint64_t> prune(Time before, std::size_t limit);

  // The last event that the reader called `reader` has dealt with; 0 for a new one.
  Task<EventId> position(const std::string& reader);
  // Never moves a reader back. Durable when it ends.
  Task<void> set_position(const std::string& reader, EventId last);

 private:
  Context& context_;
};

}  // namespace coffer::vault
