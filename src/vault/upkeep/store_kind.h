// Which blob store has the vault's bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/task.h"
#include "blobs/place.h"
#include "vault/model/guarded_database.h"

namespace coffer::vault {

// The numbers stand in the database.
enum class StoreKind : std::uint8_t { kLocal = 0, kS3 = 1 };

// Nothing: no blob store was opened for this database yet. For whoever has the database and no
// vault.
Task<std::optional<StoreKind>> stored_in(GuardedDatabase database);
Task<void> set_stored_in(GuardedDatabase database, StoreKind kind);

// Up to `limit` blobs with a place that something refers to and that have bytes: by them one sees
// whether a store that keeps places is the vault's.
Task<std::vector<blobs::BlobRef>> some_placed(GuardedDatabase database, std::size_t limit);

}  // namespace coffer::vault
