#include "vault/events/owner_events.h"

#include <optional>
#include <utility>

#include "vault/events/event_rows.h"
#include "vault/model/sql.h"

namespace coffer::vault {
namespace {

constexpr auto kReadText = sql("SELECT ", kEventColumns,
                               " FROM event WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT $3");
constexpr db::Statement kRead{kReadText.data()};
constexpr db::Statement kLast{
    "SELECT coalesce(max(id), 0) FROM (SELECT max(id) AS id FROM event UNION ALL"
    " SELECT max(through) FROM event_pruned) AS known"};

}  // namespace

Task<Events::Page> OwnerEvents::read(AccountId owner, EventId after, std::size_t limit) {
  auto body = [&](db::Transaction& tx) -> Task<Events::Page> {
    const auto pruned = co_await tx.find(kPrunedBehind, event_id_from, after);
    auto events = co_await tx.all(kRead, event_from, owner, after, limit);
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
