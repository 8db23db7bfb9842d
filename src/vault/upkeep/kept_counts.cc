#include "vault/upkeep/kept_counts.h"

#include "vault/tree/search_index.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kUnindexed{
    "SELECT (SELECT count(*) FROM (SELECT 1 FROM entry WHERE id > $1 LIMIT $2) AS recent)"
    " + (SELECT count(*) FROM (SELECT 1 FROM stale_words LIMIT $2) AS changed)"};
constexpr db::Statement kTrashed{
    "SELECT coalesce(sum(files), 0), coalesce(sum(bytes), 0) FROM trash_total"};
// Numbers have no gaps but where an account had too many.
// Each of the two is found at once alone, and by reading all beside the other.
constexpr db::Statement kEvents{
    "SELECT coalesce((SELECT max(id) FROM event) - (SELECT min(id) FROM event) + 1, 0)"};

std::uint64_t unsigned_at(const db::Row& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

}  // namespace

Task<void> KeptCounts::refresh() {
  auto count = [](db::Transaction& tx) -> Task<Values> {
    Values values;
    const EntryId through = co_await indexed_through(tx);
    const auto unindexed = [&](const db::Row& row) { values.unindexed = unsigned_at(row, 0); };
    const auto trashed = [&](const db::Row& row) {
      values.trashed_files = unsigned_at(row, 0);
      values.trashed_bytes = unsigned_at(row, 1);
    };
    const auto events = [&](const db::Row& row) { values.events = unsigned_at(row, 0); };
    co_await tx.for_each(kUnindexed, unindexed, through, kUnindexedMax);
    co_await tx.for_each(kTrashed, trashed);
    co_await tx.for_each(kEvents, events);
    co_return values;
  };
  const Values values = co_await context_.database.read(count);
  const std::lock_guard lock(mutex_);
  last_ = values;
}

KeptCounts::Values KeptCounts::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

}  // namespace coffer::vault
