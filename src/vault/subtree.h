// A folder with all that is in it, changed by a few statements however much that is. For the other
// parts of the core, inside their transactions.
#pragma once

#include <cstddef>
#include <string>

#include "base/task.h"
#include "db/database.h"
#include "vault/types.h"

namespace coffer::vault {

// Entries of a space with keys from `first` to before `end`: those whose keys have a slash, or
// those whose keys have none.
struct KeyRange {
  SpaceId space;
  std::string first;
  std::string end;
  bool nested = true;
};

// The folder itself and all below. REQUIRES: a folder.
KeyRange range_of(const Entry& folder);

// Removes them with all that belongs to them: references, totals, quota, tags, tokens; an event
// `entry.deleted` each, by `caller`.
Task<void> remove_range(db::Transaction& transaction, const KeyRange& range, AccountId caller,
                        Time now);

// The length of the longest key, in bytes; 0 when there is none.
Task<std::size_t> longest_key(db::Transaction& transaction, const KeyRange& range);

// Replaces range.first, with which all the keys begin, by `prefix`. REQUIRES: no key of the space
// begins with `prefix`; the new keys are not too long.
Task<void> move_range(db::Transaction& transaction, const KeyRange& range,
                      const std::string& prefix);

}  // namespace coffer::vault
