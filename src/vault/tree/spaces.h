// Spaces as the other parts of the core see them, inside their transactions.
#pragma once

#include <string_view>

#include "base/task.h"
#include "db/database.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Whether the space is there and was not removed.
Task<bool> is_live(db::Transaction& transaction, SpaceId space);

// From now on the space takes no more bytes, its name and number are free, and keys, invites and
// members are gone; its owner is charged for none of that any more. What it holds stays as it is;
// see remove_contents(). Once that is committed, Context::removed is to be called.
Task<void> remove_space(db::Transaction& transaction, SpaceId space, AccountId owner,
                        std::string_view name, Time now);

}  // namespace coffer::vault
