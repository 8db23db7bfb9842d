// Whether a disk has room for more bytes, beside what is kept free for the database.
#pragma once

#include <atomic>
#include <cstdint>

#include "blobs/blob_store.h"
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

  // Throws Error when the last write failed for another reason than want of room, and another one
  // still does: the file system may have become read-only.
  void require_writable();

  enum class WriteEnd : unsigned char { kWell, kNoSpace, kFailed };
  // How a write ended. Does not block.
  void note_write(WriteEnd end) noexcept { last_.store(end, std::memory_order_relaxed); }
  // The same, of one that threw `error`.
  void note_failure(const Error& error) noexcept {
    note_write(dynamic_cast<const NoSpaceError*>(&error) ? WriteEnd::kNoSpace : WriteEnd::kFailed);
  }

 private:
  std::uint64_t beside_reserve();
  bool can_write();

  Disk& disk_;
  const std::uint64_t reserve_;
  std::atomic<WriteEnd> last_ = WriteEnd::kWell;
};

}  // namespace coffer::blobs
