// Folders with all that lies below them: what is gone, what they hold, how deep they lie. For the
// other parts of the core, inside their transactions.
//
// An entry names the folder that it lies in (parent_id) and nothing above that. So a folder is
// renamed, moved and removed by changing its own row, however much lies below; to know what an
// entry lies in, one goes up, at most kDepthMax steps. UNION without ALL ends such a walk where a
// damaged database has folders that lie in each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/task.h"
#include "db/database.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"
#include "vault/tree/keys.h"

namespace coffer::vault {

// Goes on behind the conditions of a statement about `entry`: the entry does not lie below a
// folder, or in a bucket, that was removed and is still being cleared away. Costs nothing worth
// speaking of while nothing is.
inline constexpr char kIsLive[] =
    " AND (NOT EXISTS (SELECT 1 FROM removed_tree) OR NOT EXISTS"
    " (WITH RECURSIVE above (id) AS (SELECT entry.parent_id UNION"
    " SELECT e.parent_id FROM above JOIN entry AS e ON e.id = above.id)"
    " SELECT 1 FROM above JOIN removed_tree AS r"
    " ON r.space_id = entry.space_id AND r.folder_id = above.id))";

// The same for statements about many entries of the account $1. Works out what is hidden first, at
// a cost that grows with the folders in it: never on a serving core.
inline constexpr char kIsNotHidden[] =
    " AND (entry.space_id, entry.parent_id) NOT IN"
    " (WITH RECURSIVE hidden (space_id, id) AS"
    " (SELECT space_id, folder_id FROM removed_tree WHERE owner_id = $1 UNION"
    " SELECT child.space_id, child.id FROM hidden JOIN entry AS child"
    " ON child.space_id = hidden.space_id AND child.parent_id = hidden.id AND child.is_folder = 1)"
    " SELECT space_id, id FROM hidden)";

// Whether something of the account is being cleared away, so that its lists need kIsNotHidden.
Task<bool> has_hidden(db::Transaction& transaction, AccountId owner);

struct ListRead {
  AccountId owner;
  bool serving = true;         // its cost is bounded while nothing is hidden: on a serving core
  std::int64_t on_behalf = 0;  // as in db::Database::scan(), for when it is not; 0: the vault
};

// Runs `body(transaction, hidden)`, a `Task<T>` that reads many entries of the owner: where
// `hidden`, with kIsNotHidden. Throws db::Busy as a scan on behalf of somebody does.
template <class T, class Database, class Body>
Task<T> read_list(Database& database, ListRead how, Body body) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<T>> {
    const bool hidden = co_await has_hidden(tx, how.owner);
    if (hidden && how.serving) co_return std::nullopt;
    auto found = co_await body(tx, hidden);
    co_return found;
  };
  if (how.serving) {
    auto found = co_await database.read(look);
    if (found) co_return std::move(*found);
    how.serving = false;
  }
  auto found = co_await database.scan(how.on_behalf, look);
  co_return std::move(*found);
}

// Removes the folder with all that lies below it: from now on they do not exist and count in no
// total and no quota. Event `entry.deleted` of the folder by `caller`; those of what lies below
// come as it is cleared away (Clearing::clear). Costs the same however much that is. Once this is
// committed, Context::removed is to be called.
Task<void> remove_folder(db::Transaction& transaction, const Entry& folder, AccountId caller,
                         Time now);

// The same for all that is in the space. The space itself stays.
Task<void> remove_contents(db::Transaction& transaction, SpaceId space, AccountId caller);

// What is left of a folder, its own row, once its contents are accounted for elsewhere: the folder
// becomes a removed one, at no cost to totals and quotas. REQUIRES: it lies below a removed one.
Task<void> release_folder(db::Transaction& transaction, const Entry& folder, AccountId caller,
                          Time now);

// Makes the new folder known to those above it. kInvalid when it would lie too deep. REQUIRES: it
// is not there yet.
Task<Result<void>> extend_tree(db::Transaction& transaction, const ParentRef& place);

// Before the row of `folder` gets another parent: totals of the folders above, old and new.
// kInvalid with a fault of `parent` when `place` is the folder or lies below it, and when something
// would lie too deep.
Task<Result<void>> move_tree(db::Transaction& transaction, const Entry& folder,
                             const ParentRef& place);

}  // namespace coffer::vault
