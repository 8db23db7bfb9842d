// The stores of a data folder: the database and the blobs. With stores.cc the only place that
// names their drivers.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "blobs/blob_store.h"
#include "blobs/local/disk.h"
#include "blobs/s3/s3_store.h"
#include "config/settings.h"
#include "db/database.h"
#include "vault/upkeep/store_kind.h"

namespace coffer::server {

using config::Settings;

// The database's file in the data folder.
inline constexpr const char* kDatabaseFile = "coffer.db";

// What to do where the data folder holds stored files, but no database, or one without anything in
// it. A new one would know of none of them, and the server would remove them as unreferenced.
enum class LostDatabase { kStop, kBeginAnew };

// Whether a command needs the space on the disk that the database keeps for itself. kNone: the file
// that keeps it is neither made nor given up.
enum class DatabaseReserve { kKept, kNone };

// Of a vault that was served before; throws UserError where there is none, db::Error where it
// cannot be opened.
std::unique_ptr<db::Database> open_existing_database(
    const Settings& settings, DatabaseReserve reserve = DatabaseReserve::kKept);

// How much of the vault is needed.
enum class Scope {
  kExisting,  // the database alone, beside a server that may be running; it must be there
  kAccounts,  // the same, made where there is none
  kWhole,     // the blob store too: for the one server of the folder
};

struct StoreOptions {
  Scope scope = Scope::kWhole;
  LostDatabase if_lost = LostDatabase::kStop;
  // Files of the blob store that are kept open because they were read lately.
  std::size_t max_open_blobs = 768;
  // Uploads of everybody at the same time: each may have a file open.
  std::size_t max_uploads = std::numeric_limits<std::size_t>::max();
  // Outlives the stores.
  const Clock& clock = system_clock();
  // Where the blobs of blobs.store = local are; null: the machine's own disk, in the data folder.
  std::unique_ptr<blobs::Disk> disk{};
};

struct Stores {
  std::unique_ptr<db::Database> database;   // its schema is up to date
  std::unique_ptr<blobs::BlobStore> blobs;  // never null; of kWhole only it can be used
  // Of kWhole: what jobs::Migrator needs. Outlived by both. Threads: one at a time.
  std::function<void(std::optional<vault::StoreKind>)> direct_uploads{};
};

// The bucket's part of a store that was opened for kWhole; null where there is none.
const blobs::s3::StoreMonitor* find_bucket(const blobs::BlobStore& store);

// Opens what is in the settings' data folder, or makes it. The blob store is the one that
// blobs.store names; one in a bucket is tried out. The vault keeps to the first that it was opened
// with, until its bytes have been moved (vault/upkeep/blob_migration.h); while they are, both are
// opened. Throws UserError, SettingsError, or what the database's driver throws.
Stores open_stores(const Settings& settings, StoreOptions options = {});

}  // namespace coffer::server
