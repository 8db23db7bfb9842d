#include "vault/upkeep/clearing.h"

#include <algorithm>
#include <optional>

#include "vault/model/sql.h"
#include "vault/model/step_time.h"
#include "vault/transfer/file_rows.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/tree.h"
#include "vault/upkeep/account_removal.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kNextTree{
    "SELECT space_id, folder_id, caller_id FROM removed_tree LIMIT 1"};
constexpr auto kFilesText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE space_id = $1 AND parent_id = $2 AND is_folder = 0 LIMIT $3");
constexpr db::Statement kFiles{kFilesText.data()};
constexpr auto kFoldersText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE space_id = $1 AND parent_id = $2 AND is_folder = 1 LIMIT $3");
constexpr db::Statement kFolders{kFoldersText.data()};
constexpr db::Statement kForgetTree{
    "DELETE FROM removed_tree WHERE space_id = $1 AND folder_id = $2"};

// A removed space without files that are still to go home.
constexpr db::Statement kNextSpace{
    "SELECT id, owner_id FROM space WHERE removed_at IS NOT NULL AND NOT EXISTS"
    " (SELECT 1 FROM tree_total AS t WHERE t.space_id = space.id AND t.folder_id = 0"
    " AND t.files > 0 AND t.kind <> 5) ORDER BY removed_at, id LIMIT 1"};
constexpr db::Statement kHasTree{"SELECT 1 FROM removed_tree WHERE space_id = $1 LIMIT 1"};
constexpr db::Statement kForgetTotals{"DELETE FROM tree_total WHERE space_id = $1"};
constexpr db::Statement kForget{"DELETE FROM space WHERE id = $1"};

constexpr db::Statement kAnyAccount{"SELECT 1 FROM account WHERE removal = 1 LIMIT 1"};

// Rows that are read at once; a step may end behind any of them.
constexpr std::size_t kBatch = 64;

// A removed folder, or with folder 0 all that was in a removed space.
struct Tree {
  SpaceId space;
  EntryId folder;
  AccountId caller;
};

Tree tree_from(const db::Row& row) {
  return {
      .space = row.id<SpaceId>(0), .folder = row.id<EntryId>(1), .caller = row.id<AccountId>(2)};
}

struct RemovedSpace {
  SpaceId id;
  AccountId owner;
};

RemovedSpace space_from(const db::Row& row) {
  return {.id = row.id<SpaceId>(0), .owner = row.id<AccountId>(1)};
}

// Deletes what lies directly in it, and makes the folders among that removed ones themselves. So
// what is still there always lies below a removed folder, wherever a step ends.
Task<void> clear_tree(db::Transaction& tx, const Tree& tree, std::size_t limit, Time now) {
  const StepTime time;
  while (limit > 0 && !time.is_over()) {
    const std::size_t batch = std::min(limit, kBatch);
    const auto files = co_await tx.all(kFiles, entry_from, tree.space, tree.folder, batch);
    for (const Entry& file : files) {
      co_await release_file(tx, file, tree.caller, now);
      if (time.is_over()) co_return;
    }
    limit -= files.size();
    if (files.size() == batch) continue;
    const std::size_t rest = batch - files.size();
    const auto folders = co_await tx.all(kFolders, entry_from, tree.space, tree.folder, rest);
    for (const Entry& folder : folders) {
      co_await release_folder(tx, folder, tree.caller, now);
      if (time.is_over()) co_return;
    }
    limit -= folders.size();
    if (folders.size() == rest) continue;
    co_await tx.execute(kForgetTree, tree.space, tree.folder);
    co_return;
  }
}

// In a group that was removed, folders may be left.
Task<void> forget_space(db::Transaction& tx, const RemovedSpace& space) {
  co_await remove_contents(tx, space.id, space.owner);
  const auto any = co_await tx.find(
      kHasTree, [](const db::Row& row) { return row.integer(0); }, space.id);
  if (any) co_return;
  co_await tx.execute(kForgetTotals, space.id);
  co_await tx.execute(kForget, space.id);
}

}  // namespace

Task<bool> Clearing::clear(std::size_t limit) {
  struct Next {
    std::optional<Tree> tree;
    std::optional<RemovedSpace> space;
    bool account = false;
  };
  const auto find_next = [](db::Transaction& tx) -> Task<Next> {
    Next next;
    next.tree = co_await tx.find(kNextTree, tree_from);
    if (!next.tree) next.space = co_await tx.find(kNextSpace, space_from);
    if (!next.tree && !next.space) {
      const auto account =
          co_await tx.find(kAnyAccount, [](const db::Row& row) { return row.integer(0); });
      next.account = account.has_value();
    }
    co_return next;
  };
  // Nothing is written where there is nothing to do.
  const Next any = co_await context_.database.read(find_next);
  if (!any.tree && !any.space && !any.account) co_return false;
  auto body = [&](db::Transaction& tx) -> Task<void> {
    const Next next = co_await find_next(tx);
    if (next.tree) co_await clear_tree(tx, *next.tree, limit, context_.clock.now());
    if (next.space) co_await forget_space(tx, *next.space);
    if (next.account) co_await clear_account(tx, limit, context_.clock.now());
  };
  co_await context_.database.write(Actor::System{}, body);
  co_return true;
}

}  // namespace coffer::vault
