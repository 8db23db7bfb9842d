// The rows of public objects (blobs/public_objects.h), inside the transactions that make files and
// take from them what makes them public. A row that goes puts its place into the ledger, so that
// the store removes the object within seconds of the commit.
#pragma once

#include "base/task.h"
#include "blobs/place.h"
#include "db/database.h"
#include "vault/model/types.h"

namespace coffer::vault {

// The file is also the public object at that place, which stands in the ledger and is held until
// the transaction has ended. REQUIRES: the file has no other.
Task<void> add_public_object(db::Transaction& transaction, EntryId file, const blobs::Place& place);

// The file goes, or gets other bytes, another type or another share token.
Task<void> drop_public_object(db::Transaction& transaction, EntryId file);

// The file was moved to where it is now: its object goes unless it lies directly in a box.
Task<void> drop_moved_object(db::Transaction& transaction, EntryId file);

// The folder was moved to where it is now: the objects of what lies directly in it go unless it is
// a box.
Task<void> drop_moved_objects(db::Transaction& transaction, const Entry& folder);

}  // namespace coffer::vault
