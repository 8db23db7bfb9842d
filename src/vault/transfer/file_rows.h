// A file with what holds its bytes, for the parts of the core that change or delete it, inside
// their transactions.
#pragma once

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/quota.h"
#include "vault/model/types.h"
#include "vault/transfer/staged_blob.h"
#include "vault/tree/entry_rows.h"

namespace coffer::vault {

// What replace_bytes() costs.
Cost cost_of_replacing(const Entry& file, const StagedBlob& staged) noexcept;

// Gives the file other bytes; its type follows them, ids, share token and names stay, tokens for
// one download die. Event `entry.updated` by `caller`. Not what it costs.
Task<Entry> replace_bytes(db::Transaction& transaction, const Context& context, const Entry& file,
                          const StagedBlob& staged, AccountId caller);

// Removes the file: row, references, totals, quota, tags, share links, tokens; event
// `entry.deleted` by `caller`.
Task<void> remove_file(db::Transaction& transaction, const Entry& file, AccountId caller, Time now);

// The same but for totals and quota. REQUIRES: they do not count it, for it lies below what was
// removed.
Task<void> release_file(db::Transaction& transaction, const Entry& file, AccountId caller,
                        Time now);

// What release_file() does but for the bytes, which the file goes on referring to from elsewhere:
// row, tags, collections, share links, tokens; event `entry.deleted` by `caller`.
Task<void> detach_file(db::Transaction& transaction, const Entry& file, AccountId caller, Time now);

// The file refers to its bytes no longer. REQUIRES: its row is gone, or goes.
Task<void> drop_bytes(db::Transaction& transaction, const Entry& file, Time now);

}  // namespace coffer::vault
