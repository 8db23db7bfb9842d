// What a store writes down before it puts anything anywhere.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/task.h"
#include "blobs/place.h"

namespace coffer::blobs {

// Every place where a store may have put bytes and that no blob's row names, so that what a crash
// leaves is found without a listing of what is stored: a place stands here before anything is put
// there, and until the transaction whose blob takes it, or until nothing is there any more. A
// transaction that deletes a blob's row writes its place here again.
// Calls throw what the database throws. Threads: any executor's.
class PlaceLedger {
 public:
  virtual ~PlaceLedger() = default;

  // Writes them down; durably when it returns. REQUIRES: none of them was ever used.
  virtual Task<void> add(std::vector<Place> places) = 0;
  // Nothing is there any more.
  virtual Task<void> remove(std::vector<Place> places) = 0;
  // Up to `limit` that follow `after` (empty: from the first), in their order. Fewer than `limit`:
  // the end.
  virtual Task<std::vector<Place>> list(Place after, std::size_t limit) = 0;
  // Those of `places` that stand here now: it sees every commit before it.
  virtual Task<std::vector<Place>> still_there(std::vector<Place> places) = 0;
};

}  // namespace coffer::blobs
