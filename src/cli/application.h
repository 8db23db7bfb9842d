// The vault put together from its concrete parts: the only place that names a driver.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "apis/common/dialect.h"
#include "apis/common/metrics.h"
#include "base/executor.h"
#include "blobs/blob_store.h"
#include "cli/settings.h"
#include "db/database.h"
#include "jobs/packages.h"
#include "vault/passwords.h"
#include "vault/vault.h"

namespace coffer::cli {

// Something that a person can mend: told on one line, without a trace.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The one server of a data folder, while the object lives.
class DataFolderLock {
 public:
  // Makes the folder when there is none. Throws UserError when another server has it.
  explicit DataFolderLock(const std::filesystem::path& folder);
  ~DataFolderLock();
  DataFolderLock(const DataFolderLock&) = delete;
  DataFolderLock& operator=(const DataFolderLock&) = delete;

 private:
  int fd_ = -1;
};

// Of a vault that was served before; throws UserError where there is none.
std::unique_ptr<db::Database> open_existing_database(const Settings& settings);

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
  Application(const Settings& settings, Scope scope, std::size_t max_open_blobs = 768);
  ~Application();

  vault::Vault& vault() { return *vault_; }
  db::Database& database() { return *database_; }

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
