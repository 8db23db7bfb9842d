#include "vault/events/owner_events.h"

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
constexpr db::Statement kLast{
    "SELECT coalesce(max(id), 0) FROM (SELECT max(id) AS id FROM event UNION ALL"
    " SELECT max(through) FROM event_pruned) AS known"};

}  // namespace

Task<Events::Page> OwnerEvents::read(AccountId owner, Subject subject, EventId after,
                                     std::size_t limit) {
  const bool is_file = subject.kind == Subject::Kind::kFile;
  auto body = [&](db::Transaction& tx) -> Task<Events::Page> {
    const auto pruned = co_await tx.find(kPrunedBehind, event_id_from, after);
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

Task<EventId> OwnerEvents::last() {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<EventId>> {
    co_return co_await tx.find(kLast, event_id_from);
  };
  const auto found = co_await context_.database.read(body);
  co_return found.value_or(EventId{});
}

}  // namespace coffer::vault
