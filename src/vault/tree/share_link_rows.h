// The rows of share links (vault/sharing/share_links.h), for the other parts of the core, inside
// their transactions: what is shared takes its links along when it goes.
#pragma once

#include <cstddef>

#include "base/task.h"
#include "db/database.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Ends all share links of the file, or of the collection, and gives back what they are charged.
// REQUIRES: `owner` owns it.
Task<void> drop_share_links(db::Transaction& transaction, AccountId owner, EntryId file);
Task<void> drop_share_links(db::Transaction& transaction, AccountId owner, CollectionId collection);

// Ends up to `limit` of the account's; whether there were any.
Task<bool> drop_some_share_links(db::Transaction& transaction, AccountId owner, std::size_t limit);

}  // namespace coffer::vault
