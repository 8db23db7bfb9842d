// The file system as the local store uses it, handed in so that a test can make it fail or
// forget what was not synced.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace coffer::blobs {

// Owner of a file descriptor, or of none.
class OpenFile {
 public:
  OpenFile() noexcept = default;
  explicit OpenFile(int fd) noexcept : fd_(fd) {}
  OpenFile(OpenFile&& other) noexcept
      : fd_(std::exchange(other.fd_, kNone)), is_uncached_(other.is_uncached_) {}
  OpenFile& operator=(OpenFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(is_uncached_, other.is_uncached_);
    return *this;
  }
  ~OpenFile();

  explicit operator bool() const noexcept { return fd_ != kNone; }
  int fd() const noexcept { return fd_; }

  // Whether the disk asks the kernel, with each write, to keep nothing of it in memory.
  bool is_uncached() const noexcept { return is_uncached_; }
  void set_uncached(bool on) noexcept { is_uncached_ = on; }

 private:
  static constexpr int kNone = -1;
  int fd_ = kNone;
  bool is_uncached_ = false;
};

// Names are relative to the store's root and never come from a client.
// Every call may block, unless it says otherwise. Errors: NoSpaceError, NoDescriptorsError, Error,
// StoreInUseError (blob_store.h) with what was being done and why it failed. Threads: any, also at
// once.
class Disk {
 public:
  struct FileInfo {
    std::uint64_t size = 0;
    Time modified;
    bool is_file = true;  // and not a folder, a link or anything else
  };
  struct Space {
    std::uint64_t free = 0;   // bytes that an ordinary process can still store
    std::uint64_t total = 0;  // of the whole file system
  };
  struct Files {
    std::uint64_t free = 0;   // more that can be made
    std::uint64_t total = 0;  // with those that are there
  };

  virtual ~Disk() = default;

  // A new, empty file for reading and writing. REQUIRES: none of that name exists.
  virtual OpenFile create(const std::string& name) = 0;
  // For reading; empty when there is none of that name.
  virtual OpenFile open(const std::string& name) = 0;
  // The same without blocking: also empty when the kernel would have to ask the disk.
  virtual OpenFile open_if_cached(const std::string& name) = 0;
  // For reading and writing; empty when there is none of that name.
  virtual OpenFile open_to_change(const std::string& name) = 0;
  virtual std::uint64_t size(const OpenFile& file) = 0;

  // Whether writes go to the disk without staying in the page cache; they must then be aligned to
  // 4096 in memory, offset and length. Returns what holds from now on: not every file system can.
  virtual bool bypass_cache(OpenFile& file, bool on) = 0;
  // Writes all of `data`, or throws with any part of it written.
  virtual void write(const OpenFile& file, ByteView data, std::uint64_t offset) = 0;
  // Fills `into` with what stands at `offset`. REQUIRES: the file reaches that far.
  virtual void read(const OpenFile& file, ByteSpan into, std::uint64_t offset) = 0;
  // The same without blocking; false when the kernel would have to ask the disk, and for errors.
  virtual bool read_if_cached(const OpenFile& file, ByteSpan into, std::uint64_t offset) = 0;
  // Cuts off what follows the first `size` bytes. REQUIRES: `size` is at most the file's size.
  virtual void truncate(const OpenFile& file, std::uint64_t size) = 0;
  // The file's bytes and its size survive a power loss from now on; its name may not.
  virtual void sync(const OpenFile& file) = 0;

  virtual std::optional<FileInfo> info(const std::string& name) = 0;
  virtual void set_modified(const std::string& name, Time time) = 0;
  // Replaces `to` if there is one.
  virtual void rename(const std::string& from, const std::string& to) = 0;
  // False when there was none.
  virtual bool remove(const std::string& name) = 0;

  // False when it was there.
  virtual bool make_folder(const std::string& name) = 0;
  // The names in the folder survive a power loss from now on, as far as its file system can
  // promise it: some cannot sync a folder, and are synced whole. The root is `.`.
  virtual void sync_folder(const std::string& name) = 0;
  // What the folder holds, in no order; nothing when there is no such folder.
  virtual std::vector<std::string> names(const std::string& folder) = 0;

  // The folder itself, also behind a link, which nobody else can lock before the file is closed;
  // empty when there is none of that name. Where the file system has no such locks, it is not
  // locked. Throws StoreInUseError when somebody has locked it.
  virtual OpenFile lock_folder(const std::string& name) = 0;
  // Whether the name leads to that open folder now.
  virtual bool leads_to(const std::string& name, const OpenFile& folder) = 0;
  // Of the file system of the folder; nothing where it does not count its files.
  virtual std::optional<Files> files(const std::string& folder) = 0;

  virtual Space space() = 0;
};

// The machine's own. Makes `root` when there is none.
std::unique_ptr<Disk> posix_disk(const std::filesystem::path& root);

}  // namespace coffer::blobs
