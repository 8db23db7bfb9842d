// For tests: a disk, as SQLite sees it, that can fail and whose power can be cut.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

namespace coffer::db {

// A SQLite VFS over the system's. Threads: any. Outlives the databases on it.
class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  const std::string& name() const { return name_; }

  // The next `count` writes give SQLite's error `code` and write nothing; `error` is the system's.
  void fail_writes(int code, int count, int error = 0);
  void fail_syncs(int code, int count);
  // Syncs that succeeded.
  int syncs() const { return syncs_; }
  // Writes to the file, ever, and those that have not been synced.
  struct Writes {
    std::size_t all = 0;
    std::size_t unsynced = 0;
  };
  Writes writes_to(const std::filesystem::path& file);

  // Makes in `folder` what a power cut at this moment could leave of all files: what was
  // synced, and of what was written since any part.
  void cut_power_into(const std::filesystem::path& folder, std::mt19937& random);

 private:
  struct Change {
    std::size_t offset;
    std::string data;
    bool truncates = false;  // the file ends at `offset`
  };
  struct Contents {
    std::string synced;
    std::vector<Change> since;
    std::size_t writes = 0;
  };
  struct File;
  struct Calls;

  static void apply(const Change& change, std::string& bytes);
  bool take_failure(std::atomic<int>& left);

  std::string name_;
  sqlite3_vfs vfs_{};
  sqlite3_vfs* system_;
  std::atomic<int> write_failures_ = 0;
  std::atomic<int> write_code_ = 0;
  std::atomic<int> write_error_ = 0;
  std::atomic<int> sync_failures_ = 0;
  std::atomic<int> sync_code_ = 0;
  std::atomic<int> syncs_ = 0;

  std::mutex mutex_;
  std::map<std::string, Contents> files_;  // guarded by mutex_
};

// SQLite's handle, followed by that of the system's VFS.
struct FaultyDisk::File : sqlite3_file {
  FaultyDisk* disk;
  Contents* contents;  // null for files without a name, which do not outlive a crash

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

struct FaultyDisk::Calls {
  static File& file(sqlite3_file* handle) { return *static_cast<File*>(handle); }
  static const sqlite3_io_methods& real(sqlite3_file* handle) {
    return *file(handle).real()->pMethods;
  }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* handle, int flags, int* out) {
    auto& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
    File& opened = file(handle);
    opened.pMethods = nullptr;
    opened.disk = &disk;
    opened.contents = nullptr;
    const int code = disk.system_->xOpen(disk.system_, path, opened.real(), flags, out);
    if (code != SQLITE_OK) return code;
    opened.pMethods = &kMethods;
    if (path) {
      const std::lock_guard lock(disk.mutex_);
      opened.contents = &disk.files_[path];
    }
    return SQLITE_OK;
  }
  static int remove(sqlite3_vfs* vfs, const char* path, int sync_folder) {
    auto& disk = *static_cast<FaultyDisk*>(vfs->pAppData);
    {
      const std::lock_guard lock(disk.mutex_);
      disk.files_[path] = {};
    }
    return disk.system_->xDelete(disk.system_, path, sync_folder);
  }

  static int close(sqlite3_file* f) { return real(f).xClose(file(f).real()); }
  static int read(sqlite3_file* f, void* to, int size, sqlite3_int64 offset) {
    return real(f).xRead(file(f).real(), to, size, offset);
  }
  static int write(sqlite3_file* f, const void* data, int size, sqlite3_int64 offset) {
    FaultyDisk& disk = *file(f).disk;
    if (disk.take_failure(disk.write_failures_)) {
      return disk.write_code_;
    }
    const std::lock_guard lock(disk.mutex_);
    const int code = real(f).xWrite(file(f).real(), data, size, offset);
    if (code == SQLITE_OK && file(f).contents) {
      ++file(f).contents->writes;
      file(f).contents->since.push_back(
          {static_cast<std::size_t>(offset),
           std::string(static_cast<const char*>(data), static_cast<std::size_t>(size))});
    }
    return code;
  }
  static int truncate(sqlite3_file* f, sqlite3_int64 size) {
    FaultyDisk& disk = *file(f).disk;
    const std::lock_guard lock(disk.mutex_);
    const int code = real(f).xTruncate(file(f).real(), size);
    if (code == SQLITE_OK && file(f).contents) {
      file(f).contents->since.push_back({static_cast<std::size_t>(size), {}, true});
    }
    return code;
  }
  // The system's sync is left out: what it would make durable is kept here.
  static int sync(sqlite3_file* f, int) {
    FaultyDisk& disk = *file(f).disk;
    if (disk.take_failure(disk.sync_failures_)) return disk.sync_code_;
    ++disk.syncs_;
    const std::lock_guard lock(disk.mutex_);
    if (Contents* contents = file(f).contents) {
      for (const Change& change : contents->since) apply(change, contents->synced);
      contents->since.clear();
    }
    return SQLITE_OK;
  }
  static int size(sqlite3_file* f, sqlite3_int64* out) {
    return real(f).xFileSize(file(f).real(), out);
  }
  static int lock(sqlite3_file* f, int level) { return real(f).xLock(file(f).real(), level); }
  static int unlock(sqlite3_file* f, int level) { return real(f).xUnlock(file(f).real(), level); }
  static int check_lock(sqlite3_file* f, int* out) {
    return real(f).xCheckReservedLock(file(f).real(), out);
  }
  static int control(sqlite3_file* f, int operation, void* argument) {
    if (operation == SQLITE_FCNTL_LAST_ERRNO && file(f).disk->write_error_ != 0) {
      *static_cast<int*>(argument) = file(f).disk->write_error_;
      return SQLITE_OK;
    }
    return real(f).xFileControl(file(f).real(), operation, argument);
  }
  static int sector(sqlite3_file* f) { return real(f).xSectorSize(file(f).real()); }
  static int traits(sqlite3_file* f) { return real(f).xDeviceCharacteristics(file(f).real()); }
  static int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    return real(f).xShmMap(file(f).real(), page, size, extend, out);
  }
  static int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
    return real(f).xShmLock(file(f).real(), offset, n, flags);
  }
  static void shm_barrier(sqlite3_file* f) { real(f).xShmBarrier(file(f).real()); }
  static int shm_unmap(sqlite3_file* f, int remove_it) {
    return real(f).xShmUnmap(file(f).real(), remove_it);
  }

  // Version 2: without the calls that would map the file past write().
  static constexpr sqlite3_io_methods kMethods{2,           close,     read,    write,   truncate,
                                               sync,        size,      lock,    unlock,  check_lock,
                                               control,     sector,    traits,  shm_map, shm_lock,
                                               shm_barrier, shm_unmap, nullptr, nullptr};
};

inline FaultyDisk::FaultyDisk() : system_(sqlite3_vfs_find(nullptr)) {
  name_ = "faulty-" + std::to_string(reinterpret_cast<std::uintptr_t>(this));
  vfs_ = *system_;
  vfs_.pNext = nullptr;
  vfs_.zName = name_.c_str();
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(File)) + system_->szOsFile;
  vfs_.xOpen = Calls::open;
  vfs_.xDelete = Calls::remove;
  sqlite3_vfs_register(&vfs_, 0);
}

inline FaultyDisk::~FaultyDisk() { sqlite3_vfs_unregister(&vfs_); }

inline void FaultyDisk::fail_writes(int code, int count, int error) {
  write_code_ = code;
  write_error_ = error;
  write_failures_ = count;
}

inline void FaultyDisk::fail_syncs(int code, int count) {
  sync_code_ = code;
  sync_failures_ = count;
}

inline FaultyDisk::Writes FaultyDisk::writes_to(const std::filesystem::path& file) {
  const std::lock_guard lock(mutex_);
  const Contents& contents = files_[file.string()];
  return {.all = contents.writes, .unsynced = contents.since.size()};
}

inline bool FaultyDisk::take_failure(std::atomic<int>& left) {
  int seen = left;
  while (seen > 0 && !left.compare_exchange_weak(seen, seen - 1)) {
  }
  return seen > 0;
}

inline void FaultyDisk::apply(const Change& change, std::string& bytes) {
  if (change.truncates) {
    bytes.resize(change.offset);
    return;
  }
  if (bytes.size() < change.offset + change.data.size()) {
    bytes.resize(change.offset + change.data.size());
  }
  bytes.replace(change.offset, change.data.size(), change.data);
}

inline void FaultyDisk::cut_power_into(const std::filesystem::path& folder, std::mt19937& random) {
  const std::lock_guard lock(mutex_);
  for (const auto& [path, contents] : files_) {
    std::string left = contents.synced;
    const auto luck = random() % 3;  // nothing, some or all of it had reached the disk
    for (const Change& change : contents.since) {
      if (luck == 2 || (luck == 1 && random() % 2 == 0)) apply(change, left);
    }
    if (left.empty() && contents.since.empty()) continue;
    std::ofstream(folder / std::filesystem::path(path).filename(), std::ios::binary) << left;
  }
}

}  // namespace coffer::db
