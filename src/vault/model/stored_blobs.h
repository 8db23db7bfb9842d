// The bytes of blobs that files and parts refer to.
#pragma once

#include <memory>

#include "base/hash.h"
#include "base/stream.h"
#include "base/task.h"
#include "vault/model/context.h"

namespace coffer::vault {

// The bytes that have this digest, or null where they are lost or nothing has ever referred to
// them. Of a store that keeps places, the place is looked up in the blob's row first, and again
// where the bytes have moved meanwhile.
// REQUIRES: `context` outlives the task.
Task<std::shared_ptr<const Content>> open_blob(Context& context, Sha256Digest digest);

}  // namespace coffer::vault
