// What was removed with all that is in it: hidden at once, cleared away in the background.
#pragma once

#include <cstddef>
#include <string_view>

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

  // One short step: deletes up to `limit` entries of folders and buckets that were removed, with an
  // event `entry.deleted` each, and forgets removed spaces that are empty. Totals and quotas stay:
  // they count nothing of it since the removal. Whether there may be more to do now. The files of
  // removed groups: Groups::return_files().
  Task<bool> clear(std::size_t limit);

  // Told when there is something to clear.
  Listener& removals() { return *context_.removed; }

 private:
  Context& context_;
};

// For the other parts of the core, inside their transactions.

// Whether the space is there and was not removed.
Task<bool> is_live(db::Transaction& transaction, SpaceId space);

// From now on the space takes no more bytes, its name and number are free, and keys, invites and
// members are gone; its owner is charged for none of that any more. What it holds stays as it is;
// see remove_contents(). Once that is committed, Context::removed is to be called.
Task<void> remove_space(db::Transaction& transaction, SpaceId space, AccountId owner,
                        std::string_view name, Time now);

}  // namespace coffer::vault
