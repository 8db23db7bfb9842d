// The vault put together from its concrete parts: the only place that names a driver.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "apis/gateway/dialect.h"
#include "apis/gateway/metrics.h"
#include "base/executor.h"
#include "blobs/blob_store.h"
#include "config/settings.h"
#include "db/database.h"
#include "jobs/packages.h"
#include "vault/identity/passwords.h"
#include "vault/vault.h"

namespace coffer::cli {

using config::Endpoint;
using config::Settings;
using config::SettingsError;

// Something that a person can mend: told on one line, without a trace.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws UserError, with the path and what to do, unless the program may do what `mode` says (as
// for access(2)) with `path`.
void require_access(const std::filesystem::path& path, int mode);

// Another server has the data folder.
class FolderInUse : public UserError {
 public:
  using UserError::UserError;
};

// The one server of a data folder, while the object lives.
class DataFolderLock {
 public:
  // Makes the folder when there is none. Throws UserError; FolderInUse when another server has it.
  explicit DataFolderLock(const std::filesystem::path& folder);
  ~DataFolderLock();
  DataFolderLock(const DataFolderLock&) = delete;
  DataFolderLock& operator=(const DataFolderLock&) = delete;

 private:
  int fd_ = -1;
};

// What to do where the data folder holds stored files, but no database, or one without anything in
// it. A new one would know of none of them, and the server would remove them as unreferenced.
enum class LostDatabase { kStop, kBeginAnew };

// The database's file in the data folder.
inline constexpr const char* kDatabaseFile = "coffer.db";

// Whether a command needs the room on the disk that the database keeps for itself. kNone: the file
// that keeps it is neither made nor given up.
enum class DatabaseReserve { kKept, kNone };

// Of a vault that was served before; throws UserError where there is none, db::Error where it
// cannot be opened.
std::unique_ptr<db::Database> open_existing_database(
    const Settings& settings, DatabaseReserve reserve = DatabaseReserve::kKept);

// The same, or a new one, not migrated. Throws UserError where `if_lost` says so, without making
// anything. REQUIRES: the folder is there.
std::unique_ptr<db::Database> open_or_make_database(const Settings& settings, LostDatabase if_lost);

// Throws UserError where the database refers to stored files and the data folder holds none at all,
// as when their disk is not mounted. REQUIRES: the database is migrated.
void require_stored_files(const Settings& settings, db::Database& database);

// How much of the vault a command needs.
enum class Scope {
  kExisting,  // the database alone, beside a server that may be running; it must be there
  kAccounts,  // the same, made where there is none
  kWhole,     // the blob store too: for the one server of the folder
};

class Application {
 public:
  // Opens what is in the settings' data folder and brings its schema up to date. Throws
  // UserError.
  // `max_open_blobs`: files of the blob store that are kept open because they were read lately.
  Application(const Settings& settings, Scope scope, LostDatabase if_lost = LostDatabase::kStop,
              std::size_t max_open_blobs = 768);
  ~Application();

  vault::Vault& vault() { return *vault_; }
  db::Database& database() { return *database_; }
  const blobs::BlobStore& blobs() const { return *blobs_; }

 private:
  std::unique_ptr<db::Database> database_;
  std::unique_ptr<blobs::BlobStore> blobs_;
  std::unique_ptr<vault::Passwords> passwords_;
  std::unique_ptr<vault::Vault> vault_;
};

// A password that nobody guesses, for an account that is to get one.
std::string generate_password();

// Every dialect that is served; the first answers for paths that belong to none. `packages` may be
// null: then none are upgradable. REQUIRES: `metrics` and `packages` outlive them.
std::vector<std::unique_ptr<apis::Dialect>> make_dialects(apis::Metrics& metrics,
                                                          jobs::Packages* packages);

}  // namespace coffer::cli
