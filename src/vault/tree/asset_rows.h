// The rows of assets (vault/boxes), for the other parts of the core, inside their transactions: a
// file takes what the API Boxes keeps of it along when it goes for good.
#pragma once

#include "base/task.h"
#include "db/database.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Forgets what is kept of the file as an asset, where anything is, and gives back what that is
// charged. A file in the trash keeps it.
Task<void> drop_asset(db::Transaction& transaction, const Entry& file);

}  // namespace coffer::vault
