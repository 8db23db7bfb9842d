// Spaces that are gone: hidden at once, cleared away in the background.
#pragma once

#include <cstddef>

#include "base/task.h"
#include "db/database.h"
#include "vault/context.h"
#include "vault/listener.h"
#include "vault/types.h"

namespace coffer::vault {

// Threads: any executor's.
class Spaces {
 public:
  explicit Spaces(Context& context) : context_(context) {}

  // Clears away up to `limit` nested and as many other entries of a bucket that was removed, and
  // the bucket itself once it is empty: they are deleted, with an event `entry.deleted` each, and
  // given back to the quota. Whether there is more to do now. Groups: Groups::return_files().
  Task<bool> clear(std::size_t limit);

  // Told when there is something to clear.
  Listener& removals() { return *context_.space_removed; }

 private:
  Context& context_;
};

// For the other parts of the core, inside their transactions.

// Whether the space is there and was not removed.
Task<bool> is_live(db::Transaction& transaction, SpaceId space);

// From now on the space takes no more
// bytes, its name and number are free, and keys, invites and members are gone. Once that is
// committed, Context::space_removed is to be called.
Task<void> remove_space(db::Transaction& transaction, SpaceId space, Time now);

}  // namespace coffer::vault
