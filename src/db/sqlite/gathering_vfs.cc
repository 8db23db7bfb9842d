#include "db/sqlite/gathering_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "db/database.h"

namespace coffer::db::sqlite {
namespace {

// SQLite's own VFS takes no more than 128 KiB less one byte at a time.
constexpr std::size_t kGatheredBytes = 64 * 1024;

// A log and what has not been written to it yet.
class Log {
 public:
  // `file`, open, becomes this one's to close; `memory` holds it.
  Log(std::unique_ptr<std::byte[]> memory, sqlite3_file* file)
      : memory_(std::move(memory)), file_(file) {
    gathered_.reserve(kGatheredBytes);
  }

  sqlite3_file* file() const { return file_; }
  const sqlite3_io_methods& calls() const { return *file_->pMethods; }

  int write(const void* data, std::size_t size, sqlite3_int64 offset) {
    const auto end = start_ + static_cast<sqlite3_int64>(gathered_.size());
    if (offset != end || gathered_.size() + size > kGatheredBytes) {
      const int code = flush();
      if (code != SQLITE_OK) return code;
      start_ = offset;
    }
    if (size > kGatheredBytes) return calls().xWrite(file_, data, static_cast<int>(size), offset);
    const auto* bytes = static_cast<const std::byte*>(data);
    gathered_.insert(gathered_.end(), bytes, bytes + size);
    return SQLITE_OK;
  }

  // After a failure nothing is left to be written: SQLite takes the commit back.
  int flush() {
    if (gathered_.empty()) return SQLITE_OK;
    const int code =
        calls().xWrite(file_, gathered_.data(), static_cast<int>(gathered_.size()), start_);
    start_ += static_cast<sqlite3_int64>(gathered_.size());
    gathered_.clear();
    return code;
  }

 private:
  std::unique_ptr<std::byte[]> memory_;
  sqlite3_file* file_;
  std::vector<std::byte> gathered_;
  sqlite3_int64 start_ = 0;  // where the gathered bytes belong
};

// SQLite's handle of a log.
struct Handle : sqlite3_file {
  Log* log;
};

Log& log_of(sqlite3_file* handle) { return *static_cast<Handle*>(handle)->log; }

int close(sqlite3_file* handle) {
  const std::unique_ptr<Log> log(&log_of(handle));
  const int flushed = log->flush();
  const int closed = log->calls().xClose(log->file());
  return flushed == SQLITE_OK ? closed : flushed;
}
int read(sqlite3_file* handle, void* into, int size, sqlite3_int64 offset) {
  Log& log = log_of(handle);
  const int code = log.flush();
  return code == SQLITE_OK ? log.calls().xRead(log.file(), into, size, offset) : code;
}
int write(sqlite3_file* handle, const void* data, int size, sqlite3_int64 offset) {
  return log_of(handle).write(data, static_cast<std::size_t>(size), offset);
}
int truncate(sqlite3_file* handle, sqlite3_int64 size) {
  Log& log = log_of(handle);
  const int code = log.flush();
  return code == SQLITE_OK ? log.calls().xTruncate(log.file(), size) : code;
}
int sync(sqlite3_file* handle, int flags) {
  Log& log = log_of(handle);
  const int code = log.flush();
  return code == SQLITE_OK ? log.calls().xSync(log.file(), flags) : code;
}
int file_size(sqlite3_file* handle, sqlite3_int64* size) {
  Log& log = log_of(handle);
  const int code = log.flush();
  return code == SQLITE_OK ? log.calls().xFileSize(log.file(), size) : code;
}
// Locks and shared memory are the database file's; SQLite never asks a log for them.
int lock(sqlite3_file* handle, int level) {
  return log_of(handle).calls().xLock(log_of(handle).file(), level);
}
int unlock(sqlite3_file* handle, int level) {
  return log_of(handle).calls().xUnlock(log_of(handle).file(), level);
}
int check_lock(sqlite3_file* handle, int* out) {
  return log_of(handle).calls().xCheckReservedLock(log_of(handle).file(), out);
}
int control(sqlite3_file* handle, int what, void* argument) {
  return log_of(handle).calls().xFileControl(log_of(handle).file(), what, argument);
}
int sector_size(sqlite3_file* handle) {
  return log_of(handle).calls().xSectorSize(log_of(handle).file());
}
int characteristics(sqlite3_file* handle) {
  return log_of(handle).calls().xDeviceCharacteristics(log_of(handle).file());
}

const sqlite3_io_methods kLogCalls = [] {
  sqlite3_io_methods calls{};
  calls.iVersion = 1;
  calls.xClose = close;
  calls.xRead = read;
  calls.xWrite = write;
  calls.xTruncate = truncate;
  calls.xSync = sync;
  calls.xFileSize = file_size;
  calls.xLock = lock;
  calls.xUnlock = unlock;
  calls.xCheckReservedLock = check_lock;
  calls.xFileControl = control;
  calls.xSectorSize = sector_size;
  calls.xDeviceCharacteristics = characteristics;
  return calls;
}();

// Whatever is not about opening a file it does by the calls, and with the data, of its base.
struct Vfs : sqlite3_vfs {
  Vfs(const sqlite3_vfs& below, std::string base_name)
      : sqlite3_vfs(below), name("gathering " + base_name), base(std::move(base_name)) {
    szOsFile = std::max(below.szOsFile, static_cast<int>(sizeof(Handle)));
    pNext = nullptr;
    zName = name.c_str();
    xOpen = open;
  }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
                  int* out_flags) noexcept;

  const std::string name;
  const std::string base;
};

// Asked for each time, since tests make and drop theirs.
sqlite3_vfs* find(const std::string& name) {
  return sqlite3_vfs_find(name.empty() ? nullptr : name.c_str());
}

int Vfs::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags,
              int* out_flags) noexcept {
  file->pMethods = nullptr;
  sqlite3_vfs* base = find(static_cast<const Vfs*>(vfs)->base);
  if (!base) return SQLITE_CANTOPEN;
  if ((flags & SQLITE_OPEN_WAL) == 0) return base->xOpen(base, path, file, flags, out_flags);
  try {
    auto memory = std::make_unique<std::byte[]>(static_cast<std::size_t>(base->szOsFile));
    auto* real = reinterpret_cast<sqlite3_file*>(memory.get());
    auto log = std::make_unique<Log>(std::move(memory), real);
    const int code = base->xOpen(base, path, real, flags, out_flags);
    if (code != SQLITE_OK) {
      // SQLite's rule: what set its methods has to be closed even so.
      if (real->pMethods) real->pMethods->xClose(real);
      return code;
    }
    static_cast<Handle*>(file)->log = log.release();
    file->pMethods = &kLogCalls;
    return SQLITE_OK;
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
}

}  // namespace

std::string gathering_vfs(const std::string& base) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<Vfs>> all;
  const std::lock_guard lock(mutex);
  std::unique_ptr<Vfs>& vfs = all[base];
  if (!vfs) {
    const sqlite3_vfs* below = find(base);
    if (!below) throw Error("SQLite has no VFS named `" + base + "`");
    vfs = std::make_unique<Vfs>(*below, base);
    const int code = sqlite3_vfs_register(vfs.get(), 0);
    if (code != SQLITE_OK) throw Error(sqlite3_errstr(code));
  }
  return vfs->name;
}

}  // namespace coffer::db::sqlite
