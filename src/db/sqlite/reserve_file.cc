#include "db/sqlite/reserve_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/log.h"

namespace coffer::db::sqlite {
namespace {

constexpr auto kRetry = std::chrono::seconds(30);
// The file is made again when the disk has so many times its size free.
constexpr std::uint64_t kPlenty = 4;
// Of a small disk the file takes no more than this part.
constexpr std::uint64_t kShareOfDisk = 32;
// What is left of the file is freed as a whole when it is no more than this.
constexpr std::uint64_t kLastPiece = 64 << 10;

struct DiskRoom {
  std::uint64_t free = 0;
  std::uint64_t total = 0;
};

DiskRoom room_at(const std::filesystem::path& folder) noexcept {
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) return {};
  return {static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize,
          static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize};
}

std::uint64_t size_for(const std::filesystem::path& path, std::uint64_t bytes) noexcept {
  return std::min(bytes, room_at(path.parent_path()).total / kShareOfDisk);
}

}  // namespace

ReserveFile::ReserveFile(std::filesystem::path path, std::uint64_t bytes)
    : path_(std::move(path)), bytes_(bytes == 0 ? 0 : size_for(path_, bytes)) {
  is_released_ = left() < bytes_;
  restore();
}

std::uint64_t ReserveFile::left() const noexcept {
  struct stat status {};
  return ::stat(path_.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

bool ReserveFile::is_needed() const noexcept {
  return is_released_ && room_at(path_.parent_path()).free < bytes_;
}

bool ReserveFile::release() noexcept {
  const std::uint64_t before = left();
  if (bytes_ == 0 || before == 0) return false;
  const std::uint64_t after = before > kLastPiece ? before / 2 : 0;
  next_try_ = std::chrono::steady_clock::now() + kRetry;
  is_released_ = true;
  if (::truncate(path_.c_str(), static_cast<off_t>(after)) != 0) return false;
  log::warning("the disk is full: the database uses its reserve",
               {{"bytes_left", after}, {"do", "delete files, or free space on the disk"}});
  return true;
}

void ReserveFile::restore() noexcept {
  if (!is_released_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_try_) return;
  next_try_ = now + kRetry;
  if (room_at(path_.parent_path()).free < kPlenty * bytes_) return;
  allocate();
}

void ReserveFile::allocate() noexcept {
  const int file = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return;
  // Where the file system cannot reserve room, the C library writes the file.
  const int error = ::posix_fallocate(file, 0, static_cast<off_t>(bytes_));
  if (error == 0) {
    is_released_ = false;
  } else {
    log::warning("no room is kept for the database",
                 {{"reason", std::generic_category().message(error)}});
    if (::ftruncate(file, 0) != 0) log::warning("the database's reserve is left in part");
  }
  ::close(file);
}

}  // namespace coffer::db::sqlite
