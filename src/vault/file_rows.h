// A file with what holds its bytes, for the parts of the core that change or delete it, inside
// their transactions.
#pragma once

#include <optional>

#include "base/task.h"
#include "vault/context.h"
#include "vault/entry_rows.h"
#include "vault/failure.h"
#include "vault/references.h"
#include "vault/types.h"
#include "vault/uploads.h"

namespace coffer::vault {

struct Stored {
  Entry entry;
  std::optional<BlobId> blob;
};

// Of a statement that selects kEntryColumns and then blob_id.
Stored stored_from(const db::Row& row);

// Gives the file other bytes; its type follows them, ids, share token and names stay, tokens for
// one download die. Event `entry.updated` by `caller`. Not what it costs.
Task<Entry> replace_bytes(db::Transaction& transaction, const Context& context, const Stored& file,
                          const Received& received, AccountId caller);

// What goes with a file whose row was deleted: references, total, quota, tags; event
// `entry.deleted` by `caller`.
Task<void> settle_removal(db::Transaction& transaction, const Stored& file, AccountId caller,
                          Time now);

}  // namespace coffer::vault
