// The rows that count the references to blobs: one row a digest, changed in the transactions that
// make and drop references. vault/upkeep/references.cc says why no blob goes that somebody needs.
#pragma once

#include "base/clock.h"
#include "base/hash.h"
#include "base/task.h"
#include "db/transaction.h"

namespace coffer::vault {

class StagedBlob;

// The commit waits until the bytes are durable.
Task<void> add_reference(db::Transaction& transaction, const StagedBlob& staged);
Task<void> drop_reference(db::Transaction& transaction, const Sha256Digest& digest, Time now);

}  // namespace coffer::vault
