// What was removed with all that is in it, hidden at once, and is cleared away in the background.
#pragma once

#include <cstddef>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/listener.h"

namespace coffer::vault {

// Threads: any executor's.
class Clearing {
 public:
  explicit Clearing(Context& context) : context_(context) {}

  // One short step: deletes up to `limit` entries of folders and buckets that were removed, with an
  // event `entry.deleted` each, forgets removed spaces that are empty, and goes on with accounts
  // that are being removed. Totals and quotas stay: they count nothing of it since the removal.
  // Whether there may be more to do now. The files of removed groups: Groups::return_files().
  Task<bool> clear(std::size_t limit);

  // Told when there is something to clear.
  Listener& removals() { return *context_.removed; }

 private:
  Context& context_;
};

}  // namespace coffer::vault
