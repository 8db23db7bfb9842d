#include "vault/tree/tree.h"

#include <algorithm>
#include <vector>

#include "vault/events/events.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/tree/search_index.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kHasHidden{"SELECT 1 FROM removed_tree WHERE owner_id = $1 LIMIT 1"};

constexpr db::Statement kHeld{
    "SELECT owner_id, kind, files, bytes, charged FROM tree_total"
    " WHERE space_id = $1 AND folder_id = $2 AND files > 0"};
constexpr db::Statement kForgetTotals{
    "DELETE FROM tree_total WHERE space_id = $1 AND folder_id = $2"};
// A row for each account that owns something in it: none for an empty folder, which is gone as it
// is.
constexpr db::Statement kAddRemoved{
    "INSERT INTO removed_tree (space_id, folder_id, owner_id, caller_id)"
    " SELECT DISTINCT space_id, folder_id, owner_id, CAST($3 AS BIGINT) FROM tree_total"
    " WHERE space_id = $1 AND folder_id = $2 AND files > 0"};
constexpr db::Statement kRemoveRow{"DELETE FROM entry WHERE id = $1"};

constexpr db::Statement kFoldersUp{
    "WITH RECURSIVE above (id) AS (SELECT CAST($1 AS BIGINT) UNION"
    " SELECT e.parent_id FROM above JOIN entry AS e ON e.id = above.id)"
    " SELECT id FROM above WHERE id <> 0"};
constexpr db::Statement kLevels{"SELECT levels FROM entry WHERE id = $1"};
// $2: the levels that $1 gets below it.
constexpr db::Statement kRaiseLevels{
    "WITH RECURSIVE above (id, levels) AS"
    " (SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT) UNION ALL"
    " SELECT e.parent_id, above.levels + 1 FROM above JOIN entry AS e ON e.id = above.id"
    " WHERE above.levels <= 100)"
    " UPDATE entry SET levels = above.levels FROM above"
    " WHERE entry.id = above.id AND entry.levels < above.levels"};

std::int64_t integer_from(const db::Row& row) { return row.integer(0); }

Tally tally_from(const db::Row& row) {
  return {.owner = row.id<AccountId>(0),
          .kind = static_cast<FileKind>(row.integer(1)),
          .files = row.integer(2),
          .cost = {.bytes = row.integer(3), .charged = row.integer(4)}};
}

// What the folder (or the space, for no folder) holds, itself not counted.
Task<std::vector<Tally>> held_by(db::Transaction& tx, SpaceId space, EntryId folder) {
  co_return co_await tx.all(kHeld, tally_from, space, folder);
}

// The same with the folder itself.
Task<std::vector<Tally>> weight_of(db::Transaction& tx, const Entry& folder) {
  std::vector<Tally> tallies = co_await held_by(tx, folder.space, folder.id);
  tallies.push_back(tally_of(folder));
  co_return tallies;
}

// The folders that something at `place` lies in.
Task<std::vector<EntryId>> folders_up(db::Transaction& tx, const ParentRef& place) {
  const auto id_from = [](const db::Row& row) { return row.id<EntryId>(0); };
  co_return co_await tx.all(kFoldersUp, id_from, place.folder.value_or(EntryId{}));
}

Task<void> add_removed(db::Transaction& tx, SpaceId space, EntryId folder, AccountId caller) {
  co_await tx.execute(kAddRemoved, space, folder, caller);
  co_await tx.execute(kForgetTotals, space, folder);
}

}  // namespace

Task<bool> has_hidden(db::Transaction& transaction, AccountId owner) {
  const auto any = co_await transaction.find(kHasHidden, integer_from, owner);
  co_return any.has_value();
}

Task<void> remove_folder(db::Transaction& transaction, const Entry& folder, AccountId caller,
                         Time now) {
  const ParentRef place{.space = folder.space, .folder = folder.parent};
  const std::vector<Tally> tallies = co_await weight_of(transaction, folder);
  for (const Tally& tally : tallies) {
    co_await give_back(transaction, tally.owner, tally.cost);
    co_await subtract_from_totals(transaction, place, tally);
  }
  co_await release_folder(transaction, folder, caller, now);
}

Task<void> remove_contents(db::Transaction& transaction, SpaceId space, AccountId caller) {
  const std::vector<Tally> tallies = co_await held_by(transaction, space, EntryId{});
  for (const Tally& tally : tallies) {
    co_await give_back(transaction, tally.owner, tally.cost);
  }
  co_await add_removed(transaction, space, EntryId{}, caller);
}

Task<void> release_folder(db::Transaction& transaction, const Entry& folder, AccountId caller,
                          Time now) {
  co_await add_removed(transaction, folder.space, folder.id, caller);
  co_await forget_words(transaction, folder.id);
  co_await transaction.execute(kRemoveRow, folder.id);
  const Event event = event_about(folder, EventType::kEntryDeleted, caller);
  co_await append_event(transaction, now, event);
}

Task<Result<void>> extend_tree(db::Transaction& transaction, const ParentRef& place) {
  if (!place.folder) co_return Result<void>{};
  const std::vector<EntryId> above = co_await folders_up(transaction, place);
  if (above.size() + 1 > kDepthMax) co_return path_too_deep();
  co_await transaction.execute(kRaiseLevels, *place.folder, 1);
  co_return Result<void>{};
}

Task<Result<void>> move_tree(db::Transaction& transaction, const Entry& folder,
                             const ParentRef& place) {
  const std::vector<EntryId> above = co_await folders_up(transaction, place);
  if (std::ranges::find(above, folder.id) != above.end()) {
    co_return invalid("parent", "is the folder itself or lies in it");
  }
  const auto levels = co_await transaction.find(kLevels, integer_from, folder.id);
  if (above.size() + 1 + static_cast<std::size_t>(levels.value()) > kDepthMax) {
    co_return path_too_deep();
  }
  if (place.folder) {
    co_await transaction.execute(kRaiseLevels, *place.folder, *levels + 1);
  }
  const ParentRef old{.space = folder.space, .folder = folder.parent};
  const std::vector<Tally> tallies = co_await weight_of(transaction, folder);
  for (const Tally& tally : tallies) {
    co_await subtract_from_totals(transaction, old, tally);
    co_await add_to_totals(transaction, place, tally);
  }
  co_return Result<void>{};
}

}  // namespace coffer::vault
