// Opening the database of a data folder, and where that must not make a new one.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/executor.h"
#include "blobs/local/check.h"
#include "blobs/local/disk.h"
#include "cli/application.h"
#include "db/sqlite/sqlite_database.h"
#include "vault/upkeep/references.h"

namespace coffer::cli {
namespace {

namespace fs = std::filesystem;

enum class Found { kNone, kEmpty, kDatabase };

// Without opening it, which would make it.
Found look_for(const fs::path& database) {
  std::error_code error;
  const auto bytes = fs::file_size(database, error);
  if (error == std::errc::no_such_file_or_directory) return Found::kNone;
  if (error) {
    throw UserError(fmt::format("cannot look at {}: {}", database.string(), error.message()));
  }
  return bytes == 0 ? Found::kEmpty : Found::kDatabase;
}

bool holds_blobs(const fs::path& folder) {
  if (!fs::exists(folder)) return false;  // posix_disk() would make it
  return blobs::holds_blobs(*blobs::posix_disk(folder));
}

UserError lost(const fs::path& folder, Found found) {
  return UserError(fmt::format(
      "{0} holds stored files, but its database {1} is {2}: who they belong to is lost with it."
      " Put {1} back from a backup. To give the files up and begin an empty vault there, run"
      " `coffer serve --new --data {0}` once",
      folder.string(), kDatabaseFile, found == Found::kNone ? "missing" : "empty"));
}

// For log-ins and deletes on a full disk: half of it for what is in the log when the disk becomes
// full, the rest for what tens of thousands of them write.
constexpr std::uint64_t kDatabaseReserve = std::uint64_t{64} << 20U;

std::unique_ptr<db::Database> open(const fs::path& folder, DatabaseReserve reserve) {
  db::SqliteOptions options;
  options.path = folder / kDatabaseFile;
  // SQLite puts its log beside the database, and says of neither which one it cannot write.
  if (fs::exists(folder)) require_access(folder, R_OK | W_OK | X_OK);
  if (fs::exists(options.path)) require_access(options.path, R_OK | W_OK);
  if (reserve == DatabaseReserve::kKept) options.reserve_bytes = kDatabaseReserve;
  return db::open_sqlite(std::move(options));
}

}  // namespace

void require_access(const fs::path& path, int mode) {
  if (::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0) return;
  throw UserError(fmt::format(
      "cannot read and write {}: {}. Give it to the user that runs the server (chown {} {}), or"
      " choose another folder with --data",
      path.string(), std::strerror(errno), ::geteuid(), path.string()));
}

std::unique_ptr<db::Database> open_existing_database(const Settings& settings,
                                                     DatabaseReserve reserve) {
  const fs::path folder(settings.data);
  Found found = look_for(folder / kDatabaseFile);
  if (found == Found::kDatabase) {
    auto database = open(folder, reserve);
    if (database->applied(vault::migrations()) > 0) return database;
    found = Found::kEmpty;
  }
  if (holds_blobs(folder)) throw lost(folder, found);
  throw UserError(fmt::format("{0} is no data folder yet: start `coffer serve --data {0}` first",
                              settings.data));
}

std::unique_ptr<db::Database> open_or_make_database(const Settings& settings,
                                                    LostDatabase if_lost) {
  const fs::path folder(settings.data);
  const auto check = [&](Found found) {
    if (found != Found::kDatabase && if_lost == LostDatabase::kStop && holds_blobs(folder)) {
      throw lost(folder, found);
    }
  };
  check(look_for(folder / kDatabaseFile));
  auto database = open(folder, DatabaseReserve::kKept);
  check(database->applied(vault::migrations()) == 0 ? Found::kEmpty : Found::kDatabase);
  return database;
}

void require_stored_files(const Settings& settings, db::Database& database) {
  const fs::path folder(settings.data);
  if (holds_blobs(folder)) return;
  InlineExecutor here;
  if (here.run(vault::referenced(database, std::nullopt, 1)).empty()) return;
  throw UserError(fmt::format(
      "the database in {} refers to stored files, but the folders blobs/ and segments/ there hold"
      " none: is a disk not mounted? Put them back; `coffer fsck` lists what is missing",
      folder.string()));
}

}  // namespace coffer::cli
