// A blob store in a folder of this machine: small blobs in segments, each large one
// in a file of its own (docs/blob-store.md).
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "blobs/blob_store.h"
#include "blobs/local/disk.h"
#include "blobs/upload_memory.h"

namespace coffer::blobs {

struct LocalOptions {
  // The store's own folder; made when there is none.
  std::filesystem::path root;
  // Gives blobs their time of writing. Outlives the store.
  const Clock& clock;
  // Of all writers; other stores may share it.
  std::shared_ptr<UploadMemory> memory = std::make_shared<UploadMemory>(UploadMemory::Options{});
  // Bytes of the disk that are left free, for the database; at most an eighth of the disk.
  std::uint64_t reserve_bytes = std::uint64_t{64} * 1024 * 1024;
  // A durable write mostly waits, so more threads than cores. As many read what is not in memory.
  std::size_t io_threads = 16;
  // Files that are kept open because they were read lately.
  std::size_t max_open_files = 768;
  // A segment of small blobs that is as long gets no more of them.
  std::uint64_t segment_bytes = std::uint64_t{128} * 1024 * 1024;
  // How long small blobs that nobody waits for may wait for others to be written with, where many
  // come at once.
  std::chrono::microseconds gather_time = std::chrono::milliseconds(2);
  // Give back the room of removed small blobs, in the background.
  bool reclaim = true;
};

// REQUIRES: writers, and tasks of the store, end before it does. Contents may outlive it, but are
// asked for no more pieces. Throws StoreInUseError when another store uses the folder or one in it,
// in any process of the machine; Error when the folder is not usable.
std::unique_ptr<BlobStore> open_local_store(const LocalOptions& options);

// The same on another disk; `options.root` is not used.
std::unique_ptr<BlobStore> open_local_store(std::unique_ptr<Disk> disk,
                                            const LocalOptions& options);

}  // namespace coffer::blobs
