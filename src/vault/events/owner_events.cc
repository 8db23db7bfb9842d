#include "vault/events/owner_events.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "vault/events/event_rows.h"
#include "vault/model/sql.h"

namespace coffer::vault {
namespace {

// Each has an index of its own, whose condition it repeats.
constexpr auto kFilesText =
    sql("SELECT ", kEventColumns,
        " FROM event WHERE owner_id = $1 AND id > $2 AND kind < 5 ORDER BY id LIMIT $3");
constexpr auto kFileText =
    sql("SELECT ", kEventColumns,
        " FROM event WHERE owner_id = $1 AND entry_id = $4 AND id > $2 AND kind < 5"
        " ORDER BY id LIMIT $3");
constexpr auto kCollectionsText =
    sql("SELECT ", kEventColumns,
        " FROM event WHERE owner_id = $1 AND id > $2 AND collection_id IS NOT NULL"
        " ORDER BY id LIMIT $3");
constexpr auto kCollectionText =
    sql("SELECT ", kEventColumns,
        " FROM event WHERE owner_id = $1 AND collection_id = $4 AND id > $2 ORDER BY id LIMIT $3");
constexpr db::Statement kFiles{kFilesText.data()};
constexpr db::Statement kFile{kFileText.data()};
constexpr db::Statement kCollections{kCollectionsText.data()};
constexpr db::Statement kCollection{kCollectionText.data()};
// A row where events of $2 after $1 were pruned.
constexpr db::Statement kPrunedBehind{
    "SELECT through FROM event_pruned WHERE owner_id IN (0, $2) AND through > $1 LIMIT 1"};

// What one account may have so much of. Each has an index of its own, whose condition it repeats.
struct Bounded {
  db::Statement next;    // the first account behind $1 that has any
  db::Statement excess;  // its newest that is too much, where it has more than $2
  db::Statement oldest;  // up to $3 of those up to $2
};
constexpr std::array<Bounded, 3> kBounded{
    Bounded{{"SELECT min(owner_id) FROM event WHERE owner_id > $1 AND kind < 5"},
            {"SELECT id FROM event WHERE owner_id = $1 AND kind < 5"
             " ORDER BY id DESC LIMIT 1 OFFSET $2"},
            {"SELECT id FROM event WHERE owner_id = $1 AND id <= $2 AND kind < 5"
             " ORDER BY id LIMIT $3"}},
    Bounded{{"SELECT min(owner_id) FROM event WHERE owner_id > $1 AND kind = 5"},
            {"SELECT id FROM event WHERE owner_id = $1 AND kind = 5"
             " ORDER BY id DESC LIMIT 1 OFFSET $2"},
            {"SELECT id FROM event WHERE owner_id = $1 AND id <= $2 AND kind = 5"
             " ORDER BY id LIMIT $3"}},
    Bounded{{"SELECT min(owner_id) FROM event WHERE owner_id > $1 AND collection_id IS NOT NULL"},
            {"SELECT id FROM event WHERE owner_id = $1 AND collection_id IS NOT NULL"
             " ORDER BY id DESC LIMIT 1 OFFSET $2"},
            {"SELECT id FROM event WHERE owner_id = $1 AND id <= $2 AND collection_id IS NOT NULL"
             " ORDER BY id LIMIT $3"}}};
constexpr db::Statement kDrop{"DELETE FROM event WHERE id = $1"};
constexpr db::Statement kNotePruned{
    "INSERT INTO event_pruned (owner_id, through) VALUES ($1, $2)"
    " ON CONFLICT (owner_id) DO UPDATE SET through = $2 WHERE event_pruned.through < $2"};
constexpr db::Statement kLast{
    "SELECT coalesce(max(id), 0) FROM (SELECT max(id) AS id FROM event UNION ALL"
    " SELECT max(through) FROM event_pruned) AS known"};

// Nothing where there is none.
std::optional<AccountId> owner_from(const db::Row& row) {
  if (row.is_null(0)) return std::nullopt;
  return row.id<AccountId>(0);
}

}  // namespace

Task<Events::Page> OwnerEvents::read(AccountId owner, Subject subject, EventId after,
                                     std::size_t limit) {
  const bool is_file = subject.kind == Subject::Kind::kFile;
  auto body = [&](db::Transaction& tx) -> Task<Events::Page> {
    const auto pruned = co_await tx.find(kPrunedBehind, event_id_from, after, owner);
    std::vector<Event> events;
    if (subject.id) {
      events = co_await tx.all(is_file ? kFile : kCollection, event_from, owner, after, limit,
                               *subject.id);
    } else {
      events = co_await tx.all(is_file ? kFiles : kCollections, event_from, owner, after, limit);
    }
    co_return Events::Page{.events = std::move(events), .has_gap = pruned.has_value()};
  };
  co_return co_await context_.database.read(body);
}

Task<std::optional<OwnerEvents::Pruned>> OwnerEvents::prune(Pruned last, std::uint64_t keep,
                                                            std::size_t limit) {
  struct Excess {
    AccountId owner;
    std::optional<EventId> through;
  };
  const Bounded& bounded = kBounded.at(last.subject);
  auto look = [&](db::Transaction& tx) -> Task<std::optional<Excess>> {
    const auto owner = co_await tx.find(bounded.next, owner_from, last.owner);
    if (!owner || !*owner) co_return std::nullopt;
    auto through = co_await tx.find(bounded.excess, event_id_from, **owner, keep);
    co_return Excess{.owner = **owner, .through = through};
  };
  const auto excess = co_await context_.database.read(look);
  if (!excess) {
    const Pruned next{.subject = last.subject + 1};
    if (next.subject == kBounded.size()) co_return std::nullopt;
    co_return next;
  }
  if (!excess->through) co_return Pruned{.subject = last.subject, .owner = excess->owner};
  auto drop = [&](db::Transaction& tx) -> Task<bool> {
    const auto oldest =
        co_await tx.all(bounded.oldest, event_id_from, excess->owner, *excess->through, limit);
    for (const EventId id : oldest) co_await tx.execute(kDrop, id);
    if (!oldest.empty()) co_await tx.execute(kNotePruned, excess->owner, oldest.back());
    co_return oldest.size() == limit;
  };
  const bool has_more = co_await context_.database.write(Actor::System{}, drop);
  // The same one again, while it has more.
  const AccountId owner = has_more ? last.owner : excess->owner;
  co_return Pruned{.subject = last.subject, .owner = owner};
}

Task<EventId> OwnerEvents::last() {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<EventId>> {
    co_return co_await tx.find(kLast, event_id_from);
  };
  const auto found = co_await context_.database.read(body);
  co_return found.value_or(EventId{});
}

}  // namespace coffer::vault
