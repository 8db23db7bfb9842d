// The ledger of a blob store that keeps places, in the vault's database.
#pragma once

#include <memory>

#include "blobs/place_ledger.h"
#include "vault/model/guarded_database.h"

namespace coffer::vault {

// The table `unclaimed_place`. vault/transfer/blob_rows.cc takes places out of it, and
// references.cc puts them back. REQUIRES: the database outlives it, and is migrated before the
// first call.
std::unique_ptr<blobs::PlaceLedger> open_place_ledger(GuardedDatabase database);

}  // namespace coffer::vault
