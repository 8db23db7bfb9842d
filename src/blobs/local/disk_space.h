// Whether a disk has room for more bytes, beside what is kept free for the database.
#pragma once

#include <atomic>
#include <cstdint>

#include "blobs/local/disk.h"

namespace coffer::blobs {

// Everything here may block. Threads: any, also at once.
class DiskSpace {
 public:
  // Keeps `reserve` bytes of the disk free, but never more than an eighth of it: a small disk is
  // used too. `disk` outlives it.
  DiskSpace(Disk& disk, std::uint64_t reserve) : disk_(disk), reserve_(reserve) {}

  // Throws NoSpaceError when the disk would be left with less than the reserve.
  void require(std::uint64_t bytes);

  // Throws NoSpaceError when only the last 16 files can be made, or an eighth of all if that is
  // fewer.
  void require_file();

  // What can still be stored beside the reserve. 0 also when the last write found no room although
  // the disk claims to have some, as where a quota is reached, until one succeeds; where
  // require_file() throws; and when the disk says that it takes no more files, and takes none.
  std::uint64_t available();

  // How a write ended: with NoSpaceError, or well. Does not block.
  void set_refused(bool refused) noexcept { refused_.store(refused, std::memory_order_relaxed); }

 private:
  std::uint64_t beside_reserve();
  bool can_write();

  Disk& disk_;
  const std::uint64_t reserve_;
  std::atomic<bool> refused_ = false;
};

}  // namespace coffer::blobs
