// Files that consist of parts, each a blob of its own. For the other parts of the core.
#pragma once

#include <cstdint>
#include <memory>

#include "base/stream.h"
#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Inside a transaction: the parts refer to no blob any more. Whoever reads the file may go on for
// half the grace time of blobs.
Task<void> retire_manifest(db::Transaction& transaction, ManifestId manifest, Time now);

// Inside a transaction: the same for parts that nobody reads; their rows go at once.
Task<void> drop_parts(db::Transaction& transaction, ManifestId manifest, Time now);

// The parts one after another, `size` bytes in all. Opens blobs as they are reached; no piece
// crosses the end of a part. Throws blobs::Error when a part is lost. REQUIRES: `context` outlives
// it.
std::shared_ptr<const Content> open_manifest(Context& context, ManifestId manifest,
                                             std::uint64_t size);

}  // namespace coffer::vault
