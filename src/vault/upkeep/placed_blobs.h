// What the database says of the places of a blob store that keeps places: for checks of the store.
#pragma once

#include <cstdint>
#include <vector>

#include "base/hash.h"
#include "base/task.h"
#include "blobs/place.h"
#include "vault/model/guarded_database.h"

namespace coffer::vault {

// A row of `blob` with a place, or the public object of a file.
struct PlacedBlob {
  blobs::Place place;
  Sha256Digest digest;
  std::uint64_t size = 0;
  bool is_referenced = false;  // by anything
};

struct PlacedCounts {
  std::uint64_t placed = 0;   // blobs with a place
  std::uint64_t without = 0;  // blobs without one that something refers to
};

// Places begin with any byte equally often; `first` and `end` (behind the last one) are those
// bytes, 0 to 256. All of them at once, in order of their places. For whoever has the database and
// no vault; REQUIRES: it is migrated.
Task<std::vector<PlacedBlob>> placed_blobs(GuardedDatabase database, unsigned first, unsigned end);
// The same of public objects, with what the files have.
Task<std::vector<PlacedBlob>> public_objects(GuardedDatabase database, unsigned first,
                                             unsigned end);
// The same of the ledger (blobs/place_ledger.h), and of places that blobs were moved away from.
Task<std::vector<blobs::Place>> unclaimed_places(GuardedDatabase database, unsigned first,
                                                 unsigned end);
// Goes through all blobs.
Task<PlacedCounts> count_placed(GuardedDatabase database);

}  // namespace coffer::vault
