#include "vault/events/events.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kAppend{
    "INSERT INTO event (type, at, account_id, space_id, entry_id, uuid, kind, owner_id)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"};
constexpr db::Statement kRead{
    "SELECT id, type, at, account_id, space_id, entry_id, uuid, kind, owner_id FROM event"
    " WHERE id > $1 ORDER BY id LIMIT $2"};
// Looks at the oldest only, so that it costs nothing when they are young.
constexpr db::Statement kPrune{
    "DELETE FROM event WHERE at < $1 AND id IN (SELECT id FROM event ORDER BY id LIMIT $2)"};

Event event_from(const db::Row& row) {
  Event event{};
  event.id = row.id<EventId>(0);
  event.type = static_cast<EventType>(row.integer(1));
  event.at = row.time(2);
  event.account = row.id<AccountId>(3);
  if (!row.is_null(4)) event.space = row.id<SpaceId>(4);
  if (!row.is_null(5)) event.entry = row.id<EntryId>(5);
  if (!row.is_null(6)) event.uuid = Uuid::from_bytes(row.bytes(6));
  if (!row.is_null(7)) event.kind = static_cast<FileKind>(row.integer(7));
  if (!row.is_null(8)) event.owner = row.id<AccountId>(8);
  return event;
}

}  // namespace

Task<void> append_event(db::Transaction& transaction, Time now, Event event) {
  co_await transaction.execute(kAppend, event.type, now, event.account, event.space, event.entry,
                               event.uuid, event.kind, event.owner);
}

Event event_about(const Entry& entry, EventType type, AccountId caller) {
  return {.type = type,
          .account = caller,
          .owner = entry.owner,
          .space = entry.space,
          .entry = entry.id,
          .uuid = entry.uuid,
          .kind = entry.type.kind};
}

Task<std::vector<Event>> Events::read(EventId after, std::size_t limit) {
  auto body = [&](db::Transaction& tx) -> Task<std::vector<Event>> {
    co_return co_await tx.all(kRead, event_from, after, limit);
  };
  co_return co_await context_.database.read(body);
}

Task<std::uint64_t> Events::prune(Time before, std::size_t limit) {
  auto body = [&](db::Transaction& tx) -> Task<std::uint64_t> {
    co_return co_await tx.execute(kPrune, before, limit);
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

}  // namespace coffer::vault
