#include "vault/events/events.h"

#include <array>
#include <utility>

#include "vault/events/event_rows.h"
#include "vault/model/sql.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kAppend{
    "INSERT INTO event (type, at, account_id, space_id, entry_id, uuid, kind, owner_id, "
    "collection_id)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"};
constexpr auto kReadText =
    sql("SELECT ", kEventColumns, " FROM event WHERE id > $1 ORDER BY id LIMIT $2");
constexpr db::Statement kRead{kReadText.data()};
// Looks at the oldest only, so that it costs nothing when they are young.
constexpr db::Statement kLastOld{
    "SELECT max(id) FROM (SELECT id, at FROM event ORDER BY id LIMIT $2) AS oldest WHERE at < $1"};
constexpr db::Statement kPrune{"DELETE FROM event WHERE id <= $1"};
constexpr db::Statement kNotePruned{
    "INSERT INTO event_pruned (owner_id, through) VALUES (0, $1)"
    " ON CONFLICT (owner_id) DO UPDATE SET through = $1"};
// Of accounts: what was pruned for all says as much.
constexpr db::Statement kForgetPruned{
    "DELETE FROM event_pruned WHERE owner_id <> 0 AND through <= $1"};
// A row where events after $1 were pruned, whoever's.
constexpr db::Statement kPrunedBehind{
    "SELECT through FROM event_pruned WHERE through > $1 LIMIT 1"};
constexpr db::Statement kPosition{"SELECT position FROM event_reader WHERE name = $1"};
constexpr db::Statement kMove{
    "INSERT INTO event_reader (name, position) VALUES ($1, $2)"
    " ON CONFLICT (name) DO UPDATE SET position = $2 WHERE event_reader.position < $2"};
constexpr db::Statement kMoveFrom{
    "INSERT INTO event_reader (name, position) VALUES ($1, $3)"
    " ON CONFLICT (name) DO UPDATE SET position = $3 WHERE event_reader.position = $2"};

constexpr std::array<std::string_view, 9> kTypeNames{
    "account.registered", "entry.created",      "entry.updated",
    "entry.deleted",      "collection.created", "collection.updated",
    "collection.deleted", "entry.restored",     "entry.purged"};

// Nothing where no row was looked at.
std::optional<EventId> last_from(const db::Row& row) {
  if (row.is_null(0)) return std::nullopt;
  return row.id<EventId>(0);
}

}  // namespace

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
  if (!row.is_null(9)) event.collection = row.id<CollectionId>(9);
  return event;
}

EventId event_id_from(const db::Row& row) { return row.id<EventId>(0); }

Task<void> append_event(db::Transaction& transaction, Time now, Event event) {
  co_await transaction.execute(kAppend, event.type, now, event.account, event.space, event.entry,
                               event.uuid, event.kind, event.owner, event.collection);
}

Task<bool> move_reader(db::Transaction& transaction, const std::string& reader, EventId from,
                       EventId to) {
  const auto moved = co_await transaction.execute(kMoveFrom, reader, from, to);
  co_return moved > 0;
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

std::string_view name_of(EventType type) noexcept {
  return kTypeNames[static_cast<std::size_t>(type)];
}

Task<Events::Page> Events::read(EventId after, std::size_t limit) {
  auto body = [&](db::Transaction& tx) -> Task<Page> {
    const auto pruned = co_await tx.find(kPrunedBehind, event_id_from, after);
    auto events = co_await tx.all(kRead, event_from, after, limit);
    co_return Page{.events = std::move(events), .has_gap = pruned.has_value()};
  };
  co_return co_await context_.database.read(body);
}

Task<std::uint64_t> Events::prune(Time before, std::size_t limit) {
  auto body = [&](db::Transaction& tx) -> Task<std::uint64_t> {
    const auto last = co_await tx.find(kLastOld, last_from, before, limit);
    if (!last || !*last) co_return 0;
    co_await tx.execute(kNotePruned, **last);
    co_await tx.execute(kForgetPruned, **last);
    co_return co_await tx.execute(kPrune, **last);
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<EventId> Events::position(const std::string& reader) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<EventId>> {
    co_return co_await tx.find(kPosition, event_id_from, reader);
  };
  const auto found = co_await context_.database.read(body);
  co_return found.value_or(EventId{});
}

Task<void> Events::set_position(const std::string& reader, EventId last) {
  auto body = [&](db::Transaction& tx) -> Task<void> { co_await tx.execute(kMove, reader, last); };
  co_await context_.database.write(Actor::System{}, body);
}

}  // namespace coffer::vault
