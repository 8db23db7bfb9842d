// How blobs leave the local store.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/hash.h"
#include "blobs/blob_store.h"
#include "blobs/local/store_context.h"

namespace coffer::blobs {

// Removes a blob unless it was written, or found written, after `cutoff`: a writer that has just
// found its bytes stored already relies on them. True when it is gone (also when it was never
// there). Blocks. Throws Error.
bool remove_older(StoreContext& context, const Sha256Digest& digest, Time cutoff);

// See BlobStore::begin_removal(). `context` outlives it.
std::unique_ptr<Removal> begin_removal(StoreContext& context);

}  // namespace coffer::blobs
