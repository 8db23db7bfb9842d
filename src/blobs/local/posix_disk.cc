#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>

#include "base/log.h"
#include "blobs/blob_store.h"
#include "blobs/local/disk.h"

namespace coffer::blobs {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;

// Of files that are there. A named pipe in the place of one is opened without waiting for its other
// end, and is then found to be too short.
constexpr int kPlain = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

// The system's headers may be older than its kernel.
constexpr int kUncachedWrite = 0x80;  // RWF_DONTCACHE

// `doing` completes "cannot …".
[[noreturn]] void fail(std::string_view doing, int error) {
  std::string text = "cannot ";
  text.append(doing).append(": ").append(std::generic_category().message(error));
  // The last: the limit of a file's size, be it the process's (`ulimit -f`) or the file system's.
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) throw NoSpaceError(text);
  if (error == EMFILE || error == ENFILE) throw NoDescriptorsError(text);
  throw Error(text);
}

// Calls again while a signal interrupts.
template <class Call>
auto uninterrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

Time to_time(const timespec& spec) {
  return Time(std::chrono::floor<std::chrono::microseconds>(
      std::chrono::seconds(spec.tv_sec) + std::chrono::nanoseconds(spec.tv_nsec)));
}

timespec to_timespec(Time time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch());
  const std::chrono::nanoseconds rest = time.time_since_epoch() - seconds;
  return {.tv_sec = static_cast<time_t>(seconds.count()),
          .tv_nsec = static_cast<long>(rest.count())};
}

ssize_t write_at(int fd, ByteView data, std::uint64_t offset, int flags) {
  const iovec part{const_cast<std::byte*>(data.data()), data.size()};
  return uninterrupted([&] { return ::pwritev2(fd, &part, 1, static_cast<off_t>(offset), flags); });
}

// Whether the folder's file system takes kUncachedWrite. The first kernels that know it have
// faults in it.
bool can_write_uncached(int folder) {
  utsname kernel{};
  int major = 0;
  int minor = 0;
  if (::uname(&kernel) != 0 || std::sscanf(kernel.release, "%d.%d", &major, &minor) != 2 ||
      std::pair(major, minor) < std::pair(6, 16)) {
    return false;
  }
  const OpenFile nameless(::openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kFileMode));
  const std::byte byte{};
  return nameless && write_at(nameless.fd(), {&byte, 1}, 0, kUncachedWrite) == 1;
}

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { closedir(folder); }
};

class PosixDisk final : public Disk {
 public:
  explicit PosixDisk(const std::filesystem::path& root) : path_(root) {
    std::error_code error;
    const bool made = std::filesystem::create_directories(root, error);
    if (error) fail("make the store's folder", error.value());
    root_ = OpenFile(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root_) fail("open the store's folder", errno);
    if (made) sync_folder("..");
    can_write_uncached_ = can_write_uncached(root_.fd());
  }

  OpenFile create(const std::string& name) override {
    OpenFile file(uninterrupted([&] {
      return ::openat(root_.fd(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                      kFileMode);
    }));
    if (!file) fail("create a file", errno);
    return file;
  }

  OpenFile open(const std::string& name) override {
    OpenFile file(
        uninterrupted([&] { return ::openat(root_.fd(), name.c_str(), O_RDONLY | kPlain); }));
    if (!file && errno != ENOENT) fail("open a blob", errno);
    return file;
  }

  OpenFile open_if_cached(const std::string& name) override {
    open_how how{};
    how.flags = O_RDONLY | kPlain;
    how.resolve = RESOLVE_CACHED;
    // Whatever it fails for, open() will say it better.
    return OpenFile(
        static_cast<int>(::syscall(SYS_openat2, root_.fd(), name.c_str(), &how, sizeof how)));
  }

  OpenFile open_to_change(const std::string& name) override {
    OpenFile file(
        uninterrupted([&] { return ::openat(root_.fd(), name.c_str(), O_RDWR | kPlain); }));
    if (!file && errno != ENOENT) fail("open a file to change it", errno);
    return file;
  }

  std::uint64_t size(const OpenFile& file) override {
    struct stat status {};
    if (::fstat(file.fd(), &status) != 0) fail("measure a blob", errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

  // An uncached write returns while the disk still works, so the next comes meanwhile; a direct
  // one waits, which costs a single stream a third.
  bool bypass_cache(OpenFile& file, bool on) override {
    if (can_write_uncached_) {
      file.set_uncached(on);
      return on;
    }
    return write_directly(file, on);
  }

  void write(const OpenFile& file, ByteView data, std::uint64_t offset) override {
    while (!data.empty()) {
      const ssize_t written =
          write_at(file.fd(), data, offset, file.is_uncached() ? kUncachedWrite : 0);
      if (written > 0) {
        data = data.subspan(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
        continue;
      }
      const int error = written == 0 ? EIO : errno;
      // The file system wants a coarser alignment than we have, or a short write spoilt it.
      if (error == EINVAL && (::fcntl(file.fd(), F_GETFL) & O_DIRECT)) {
        write_directly(file, false);
        continue;
      }
      fail("write a blob", error);
    }
  }

  void read(const OpenFile& file, ByteSpan into, std::uint64_t offset) override {
    while (!into.empty()) {
      const ssize_t got = uninterrupted(
          [&] { return ::pread(file.fd(), into.data(), into.size(), static_cast<off_t>(offset)); });
      if (got <= 0) fail("read a file", got == 0 ? EIO : errno);
      into = into.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
  }

  // What it fails for, read() says better.
  bool read_if_cached(const OpenFile& file, ByteSpan into, std::uint64_t offset) override {
    const iovec part{into.data(), into.size()};
    const ssize_t got = ::preadv2(file.fd(), &part, 1, static_cast<off_t>(offset), RWF_NOWAIT);
    return got == static_cast<ssize_t>(into.size());
  }

  void truncate(const OpenFile& file, std::uint64_t size) override {
    if (uninterrupted([&] { return ::ftruncate(file.fd(), static_cast<off_t>(size)); }) != 0) {
      fail("cut a file", errno);
    }
  }

  void sync(const OpenFile& file) override {
    if (uninterrupted([&] { return ::fdatasync(file.fd()); }) != 0) fail("sync a blob", errno);
    // The data folder may have been removed under a server that runs.
    struct stat status {};
    if (::fstat(file.fd(), &status) == 0 && status.st_nlink == 0) fail("sync a blob", ENOENT);
  }

  std::optional<FileInfo> info(const std::string& name) override {
    struct stat status {};
    if (::fstatat(root_.fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) return std::nullopt;
      fail("look a file up", errno);
    }
    return FileInfo{static_cast<std::uint64_t>(status.st_size), to_time(status.st_mtim),
                    S_ISREG(status.st_mode)};
  }

  void set_modified(const std::string& name, Time time) override {
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, to_timespec(time)};
    if (::utimensat(root_.fd(), name.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
      fail("set a blob's time", errno);
    }
  }

  void rename(const std::string& from, const std::string& to) override {
    if (::renameat(root_.fd(), from.c_str(), root_.fd(), to.c_str()) != 0) {
      fail("name a file", errno);
    }
  }

  bool remove(const std::string& name) override {
    if (::unlinkat(root_.fd(), name.c_str(), 0) == 0) return true;
    if (errno == ENOENT) return false;
    fail("remove a file", errno);
  }

  bool make_folder(const std::string& name) override {
    if (::mkdirat(root_.fd(), name.c_str(), kFolderMode) == 0) return true;
    if (errno == EEXIST) return false;
    fail("make the folder " + (path_ / name).string(), errno);
  }

  void sync_folder(const std::string& name) override {
    const OpenFile folder(open_folder_fd(name));
    if (!folder) fail_to_open(name, errno);
    if (uninterrupted([&] { return ::fsync(folder.fd()); }) == 0) return;
    // Network shares and FUSE may have no such call.
    if (errno != EINVAL && errno != ENOTSUP && errno != ENOSYS) fail("sync a folder", errno);
    if (!told_of_folders_.exchange(true)) {
      log::warning("folders cannot be synced",
                   {{"reason", std::generic_category().message(errno)},
                    {"instead", "the whole file system is synced for each new name"}});
    }
    if (::syncfs(folder.fd()) != 0) fail("sync a file system", errno);
  }

  std::vector<std::string> names(const std::string& folder) override {
    // fdopendir takes the descriptor over, and only when it succeeds.
    const int fd = open_folder_fd(folder);
    if (fd < 0 && errno == ENOENT) return {};
    if (fd < 0) fail_to_open(folder, errno);
    const std::unique_ptr<DIR, CloseFolder> stream(::fdopendir(fd));
    if (!stream) {
      const int error = errno;
      ::close(fd);
      fail("read a folder", error);
    }
    std::vector<std::string> found;
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream.get());
      if (!entry) {
        if (errno != 0) fail("read a folder", errno);
        return found;
      }
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") found.emplace_back(name);
    }
  }

  OpenFile lock_folder(const std::string& name) override {
    OpenFile folder(open_folder_fd(name));
    if (!folder && errno == ENOENT) return folder;
    if (!folder) fail_to_open(name, errno);
    if (uninterrupted([&] { return ::flock(folder.fd(), LOCK_EX | LOCK_NB); }) == 0) return folder;
    switch (const int error = errno) {
      case EWOULDBLOCK:
        throw StoreInUseError("another server uses the folder " + (path_ / name).string() +
                              "; stop it first, or give each server folders of its own");
      // Network shares and FUSE may have no such call, or none for what is open for reading.
      case EINVAL:
      case ENOTSUP:
      case ENOSYS:
      case ENOLCK:
      case EBADF: return folder;
      default: fail("lock a folder", error);
    }
  }

  bool leads_to(const std::string& name, const OpenFile& folder) override {
    struct stat found {};
    struct stat held {};
    if (::fstatat(root_.fd(), name.c_str(), &found, 0) != 0) {
      if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP) return false;
      fail("look a folder up", errno);
    }
    if (::fstat(folder.fd(), &held) != 0) fail("look a folder up", errno);
    return found.st_dev == held.st_dev && found.st_ino == held.st_ino;
  }

  // Nothing without an answer: creating a file will tell. A file system that makes inodes as they
  // are needed has a total of 0.
  std::optional<Files> files(const std::string& name) override {
    const OpenFile folder(open_folder_fd(name));
    struct statvfs status {};
    if (!folder || uninterrupted([&] { return ::fstatvfs(folder.fd(), &status); }) != 0) {
      return std::nullopt;
    }
    if (status.f_files == 0) return std::nullopt;
    return Files{.free = status.f_favail, .total = status.f_files};
  }

  Space space() override {
    struct statvfs status {};
    if (uninterrupted([&] { return ::fstatvfs(root_.fd(), &status); }) != 0) {
      fail("ask for free space", errno);
    }
    return {.free = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize,
            .total = static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize};
  }

 private:
  static bool write_directly(const OpenFile& file, bool on) {
    const int flags = ::fcntl(file.fd(), F_GETFL);
    if (flags < 0) fail("read a file's flags", errno);
    if (::fcntl(file.fd(), F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT) == 0) return on;
    if (on && errno == EINVAL) return false;
    fail("set a file's flags", errno);
  }

  [[noreturn]] void fail_to_open(const std::string& folder, int error) const {
    fail("open the folder " + (path_ / folder).string(), error);
  }

  int open_folder_fd(const std::string& name) {
    return uninterrupted(
        [&] { return ::openat(root_.fd(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  }

  const std::filesystem::path path_;  // for messages
  OpenFile root_;
  bool can_write_uncached_ = false;
  std::atomic<bool> told_of_folders_ = false;
};

}  // namespace

OpenFile::~OpenFile() {
  // What close() could report was reported by sync() before.
  if (fd_ != kNone) ::close(fd_);
}

std::unique_ptr<Disk> posix_disk(const std::filesystem::path& root) {
  return std::make_unique<PosixDisk>(root);
}

}  // namespace coffer::blobs
