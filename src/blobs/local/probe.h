// What a file system can do, tried out at the start: network shares, FUSE and overlays differ.
#pragma once

#include "base/clock.h"
#include "blobs/local/disk.h"

namespace coffer::blobs {

struct DiskAbilities {
  // Files keep the modification times that they are given, to the microsecond.
  bool exact_times = false;
};

// Creates, syncs, renames, reads and removes a file in each folder of the store. Throws Error with
// the folder and what it cannot do where a store cannot do without. REQUIRES: the folders are
// there.
DiskAbilities probe(Disk& disk, const Clock& clock);

}  // namespace coffer::blobs
