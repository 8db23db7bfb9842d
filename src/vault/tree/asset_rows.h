// The rows of boxes and assets (vault/boxes), for the other parts of the core, inside their
// transactions: a file takes what the API Boxes keeps of it along when it goes for good, and what
// comes to a new place comes behind what is there.
#pragma once

#include "base/task.h"
#include "db/database.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Forgets what is kept of the file as an asset, where anything is, and gives back what that is
// charged. A file in the trash keeps it.
Task<void> drop_asset(db::Transaction& transaction, const Entry& file);

// The folder was made, or moved, where it is now. Directly in a project it is a box, the last one.
Task<void> place_box(db::Transaction& transaction, const Entry& folder);

// The file was moved to where it is now. In a box it is the last asset, where anything is kept of
// it as one.
Task<void> place_asset(db::Transaction& transaction, const Entry& file);

}  // namespace coffer::vault
