#include "db/sqlite/sqlite_database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>
#include <system_error>
#include <utility>

#include "base/executor.h"
#include "base/fair_pool.h"
#include "db/commit_notifier.h"
#include "db/sqlite/check.h"
#include "db/sqlite/connection.h"
#include "db/sqlite/migrations.h"
#include "db/sqlite/readers.h"
#include "db/sqlite/writer.h"

namespace coffer::db {
namespace {

class File {
 public:
  File(const std::filesystem::path& path, int flags, mode_t mode = 0)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool is_open() const { return descriptor_ >= 0; }
  // Of a folder. Network shares and FUSE may know no such call; then all of their files are synced.
  bool sync() const {
    if (::fsync(descriptor_) == 0) return true;
    return (errno == EINVAL || errno == ENOTSUP || errno == ENOSYS) && ::syncfs(descriptor_) == 0;
  }

 private:
  int descriptor_;
};

[[noreturn]] void fail(const char* what, const std::filesystem::path& path) {
  throw Error(
      fmt::format("cannot {} {}: {}", what, path.string(), std::generic_category().message(errno)));
}

// SQLite gives the files it adds the mode of this one.
void make_if_missing(const std::filesystem::path& path) {
  const File made(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  if (!made.is_open()) {
    if (errno == EEXIST) return;
    fail("make the database", path);
  }
  const File folder(path.parent_path(), O_RDONLY | O_DIRECTORY);
  if (!folder.is_open() || !folder.sync()) fail("sync the folder of the database", path);
}

// An absolute path is never taken for a URI or one of SQLite's special names.
SqliteOptions prepared(SqliteOptions options) {
  options.path = std::filesystem::absolute(options.path);
  make_if_missing(options.path);
  return options;
}

class SqliteDatabase final : public Database, public CommitNotifier {
 public:
  explicit SqliteDatabase(SqliteOptions options)
      : options_(prepared(std::move(options))),
        writer_(options_),
        readers_(options_, writer_.commits()),
        scanners_("db-scan", options_.scans) {}

  void migrate(std::span<const Migration> migrations) override {
    sqlite::Connection connection(options_, sqlite::Connection::Access::kWrite);
    sqlite::migrate(connection, migrations, *options_.clock);
  }

  std::size_t applied(std::span<const Migration> migrations) override {
    sqlite::Connection connection(options_, sqlite::Connection::Access::kRead);
    return sqlite::applied(connection, migrations);
  }

  std::vector<std::string> check(std::span<const Migration> migrations) override {
    sqlite::Connection connection(options_, sqlite::Connection::Access::kRead);
    return sqlite::check(connection, options_.path, migrations);
  }

  void set_commit_listener(std::function<void()> function) override {
    writer_.set_commit_listener(std::move(function));
  }

  Stats stats() const override {
    Stats stats = writer_.stats();
    stats.statements += readers_.statements();
    const auto scans = scanners_.load();
    stats.scans_waiting = scans.waiting;
    stats.scans_refused = scans.refused + scans_cut_.load(std::memory_order_relaxed);
    return stats;
  }

 protected:
  Task<void> perform(Mode mode, Work& work, std::int64_t on_behalf) override {
    switch (mode) {
      case Mode::kRead: readers_.run(work); return {};
      case Mode::kScan: return scan(work, on_behalf);
      case Mode::kWrite: return write(work);
    }
    std::unreachable();
  }

 private:
  Task<void> write(Work& work) { co_await writer_.perform(work); }

  Task<void> scan(Work& work, std::int64_t on_behalf) {
    const bool ran = co_await scanners_.run(on_behalf, [&] {
      std::optional<std::chrono::steady_clock::time_point> end;
      if (on_behalf != FairPool::kOwn) end = std::chrono::steady_clock::now() + options_.scan_time;
      try {
        readers_.run(work, end);
      } catch (const Busy&) {
        scans_cut_.fetch_add(1, std::memory_order_relaxed);
        throw;
      }
    });
    if (!ran) throw Busy("too many searches are waiting; try again in a moment");
  }

  // The last connection that is closed must be the writer's: it empties the log.
  const SqliteOptions options_;
  sqlite::Writer writer_;
  sqlite::Readers readers_;
  std::atomic<std::uint64_t> scans_cut_ = 0;
  FairPool scanners_;
};

}  // namespace

std::unique_ptr<Database> open_sqlite(SqliteOptions options) {
  return std::make_unique<SqliteDatabase>(std::move(options));
}

}  // namespace coffer::db
