// One store at a time uses its folders, whatever names lead to them.
#pragma once

#include "blobs/local/disk.h"

namespace coffer::blobs {

// Holds the folders `blobs` and `segments`, those that are there, while it lives. The kernel gives
// them up when the process ends, however it ends. A disk that holds one cannot be unmounted.
class StoreLock {
 public:
  // Throws StoreInUseError when another store has one of them, Error when one cannot be opened.
  // `disk` outlives it.
  explicit StoreLock(Disk& disk);
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

  // Throws Error, with the folder, unless the names still lead to what is held. REQUIRES: both
  // were there. Blocks. Threads: any, also at once.
  void check() const;

 private:
  Disk& disk_;
  OpenFile blobs_;
  OpenFile segments_;  // none when it is the same folder
};

}  // namespace coffer::blobs
