// Rows of collections, for the parts of the core that read them.
#pragma once

#include "db/value.h"
#include "vault/tree/collections.h"

namespace coffer::vault {

inline constexpr char kCollectionColumns[] =
    "id, owner_id, name, description, files, created_at, updated_at";
// Of a SELECT of kCollectionColumns.
Collection collection_from(const db::Row& row);

}  // namespace coffer::vault
