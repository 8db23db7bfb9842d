// What the parts of one local store share.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/executor.h"
#include "blobs/local/disk.h"
#include "blobs/local/disk_space.h"
#include "blobs/local/holds.h"
#include "blobs/local/layout.h"
#include "blobs/local/open_blobs.h"
#include "blobs/local/probe.h"
#include "blobs/local/segments.h"
#include "blobs/local/store_lock.h"
#include "blobs/upload_memory.h"

namespace coffer::blobs {

// One of the folders that blobs are spread over.
struct Folder {
  // While it is held, no blob in the folder gets its name, is found again or is removed.
  std::mutex naming;
  // Whether the folder is there, durably. Guarded by `naming`.
  bool ready = false;
};

// Threads: any. Outlives everything that refers to it.
struct StoreContext {
  const std::unique_ptr<Disk> disk;
  const StoreLock lock;
  DiskSpace space;
  DiskAbilities abilities;
  const Clock& clock;
  const std::shared_ptr<UploadMemory> memory;
  std::atomic<std::uint64_t> next_temporary = 1;
  std::array<Folder, kFolders> folders;
  OpenBlobs open_blobs;
  const std::shared_ptr<Holds> holds = std::make_shared<Holds>();
  std::unique_ptr<Segments> segments;
  // Whatever blocks runs here: what is read for somebody on `readers`, so that it does not stand
  // behind what is written. Last, so that they have stopped before the rest goes.
  ThreadPool io;
  ThreadPool readers;
};

}  // namespace coffer::blobs
