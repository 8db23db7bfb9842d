// The SHA-256 of files that came in parts, which is worked out after they are there.
#pragma once

#include <optional>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Threads: any executor's.
class ChecksumBackfill {
 public:
  explicit ChecksumBackfill(Context& context) : context_(context) {}

  // The first file with an id above `after` whose checksum is not known.
  Task<std::optional<Entry>> next(EntryId after);

  // Notes the checksum of what `entry` was when it was read. Whether it is that still.
  Task<bool> settle(const Entry& entry, const Sha256Digest& digest);

 private:
  Context& context_;
};

}  // namespace coffer::vault
