// The change of an entry with all that follows from it, for the other parts of the core, inside
// their transactions.
#pragma once

#include "base/task.h"
#include "db/database.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Makes of `old`, as its row holds it, what `entry` says: name, texts, tags, type, and the place
// and key that settle_key() gave it, also in another space. Quota, totals, tags and the words that
// searches use follow; event `entry.updated` by the owner; `entry` gets its charge and the time.
// kQuotaExceeded; kNotFound without the space. REQUIRES: a folder stays where it lies.
Task<Result<void>> store_changes(db::Transaction& transaction, const Entry& old, Entry& entry,
                                 Time now);

}  // namespace coffer::vault
