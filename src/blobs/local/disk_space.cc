#include "blobs/local/disk_space.h"

#include <fmt/format.h>

#include <algorithm>

#include "blobs/blob_store.h"
#include "blobs/local/layout.h"

namespace coffer::blobs {
namespace {

constexpr std::uint64_t kReserveShare = 8;
// A write of so many bytes shows whether there is room again.
constexpr std::size_t kProbeBytes = std::size_t{64} * 1024;
// So many files are left to the database, to segments, and to the folders of blobs.
constexpr std::uint64_t kFilesReserve = 16;

// Where none is left the count may be of a file system that always says so: creating one will tell.
bool is_reserve(const Disk::Files& files) {
  return files.free > 0 && files.free < std::min(kFilesReserve, files.total / kReserveShare);
}

}  // namespace

std::uint64_t DiskSpace::beside_reserve() {
  const Disk::Space space = disk_.space();
  const std::uint64_t reserve = std::min(reserve_, space.total / kReserveShare);
  return space.free - std::min(space.free, reserve);
}

void DiskSpace::require(std::uint64_t bytes) {
  const std::uint64_t left = beside_reserve();
  if (bytes <= left) return;
  throw NoSpaceError(fmt::format(
      "the disk has room for {} bytes beside storage.reserve, not for {}", left, bytes));
}

void DiskSpace::require_file() {
  const auto files = disk_.files(kBlobs);
  if (!files || !is_reserve(*files)) return;
  throw NoSpaceError(
      fmt::format("the disk takes {} more files, which are kept for the database", files->free));
}

std::uint64_t DiskSpace::available() {
  const auto files = disk_.files(kBlobs);
  if (files && is_reserve(*files)) return 0;
  if (last_.load(std::memory_order_relaxed) == WriteEnd::kNoSpace || (files && files->free == 0)) {
    if (!can_write()) return 0;
    note_write(WriteEnd::kWell);
  }
  return beside_reserve();
}

void DiskSpace::require_writable() {
  if (last_.load(std::memory_order_relaxed) != WriteEnd::kFailed) return;
  note_write(can_write() ? WriteEnd::kWell : WriteEnd::kNoSpace);
}

bool DiskSpace::can_write() {
  const Bytes zeros(kProbeBytes);
  try {
    disk_.remove(kSpaceProbe);
    const OpenFile file = disk_.create(kSpaceProbe);
    disk_.write(file, zeros, 0);
    disk_.sync(file);
    disk_.remove(kSpaceProbe);
    return true;
  } catch (const NoSpaceError&) {
    disk_.remove(kSpaceProbe);
    return false;
  }
}

}  // namespace coffer::blobs
