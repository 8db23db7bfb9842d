// Entries that change their space or their owner. For the other parts of the core, inside their
// transactions.
#pragma once

#include "base/task.h"
#include "db/database.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Puts the file into the space `home` itself, under a free key. Event `entry.updated` by `caller`.
// REQUIRES: a file; its owner has that home.
Task<void> move_to_home(db::Transaction& transaction, Entry file, SpaceId home, AccountId caller,
                        Time now);

// Makes the file one of `owner`, in the space `home`: totals, tags, quota of the one who had it.
// Events `entry.deleted` and `entry.created`. REQUIRES: a file; `owner` was charged with it.
Task<void> change_owner(db::Transaction& transaction, Entry file, AccountId owner, SpaceId home,
                        Time now);

}  // namespace coffer::vault
