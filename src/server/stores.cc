#include "server/stores.h"

#include <fmt/format.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <utility>

#include "base/executor.h"
#include "base/log.h"
#include "blobs/caching_store.h"
#include "blobs/local/check.h"
#include "blobs/local/local_store.h"
#include "blobs/local/store_lock.h"
#include "blobs/public_objects.h"
#include "blobs/routed_store.h"
#include "blobs/unavailable_error.h"
#include "db/sqlite/sqlite_database.h"
#include "server/data_folder.h"
#include "server/s3_blobs.h"
#include "vault/upkeep/blob_migration.h"
#include "vault/upkeep/references.h"
#include "vault/upkeep/store_kind.h"
#include "vault/vault.h"

namespace coffer::server {
namespace {

namespace fs = std::filesystem;

// Stands where commands about accounts need no bytes: opening the real store belongs to the
// one server of the folder.
class NoBlobs final : public blobs::BlobStore {
 public:
  Task<std::unique_ptr<blobs::BlobWriter>> create(std::optional<std::uint64_t>,
                                                  std::string) override {
    throw std::logic_error(kWhy);
    co_return nullptr;
  }
  Task<std::shared_ptr<const Content>> open(blobs::BlobRef) override {
    throw std::logic_error(kWhy);
    co_return nullptr;
  }
  std::unique_ptr<blobs::Removal> begin_removal() override { throw std::logic_error(kWhy); }
  Task<std::vector<Listed>> list(std::optional<Sha256Digest>, std::size_t) override {
    throw std::logic_error(kWhy);
    co_return std::vector<Listed>();
  }
  Task<std::uint64_t> free_bytes() override {
    throw std::logic_error(kWhy);
    co_return 0;
  }

 private:
  static constexpr char kWhy[] = "this command has no blob store";
};

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
constexpr std::uint64_t kReserveBytes = std::uint64_t{64} << 20U;

std::unique_ptr<db::Database> open(const fs::path& folder, DatabaseReserve reserve,
                                   const Clock& clock) {
  db::SqliteOptions options;
  options.path = folder / kDatabaseFile;
  options.clock = &clock;
  // SQLite puts its log beside the database, and says of neither which one it cannot write.
  if (fs::exists(folder)) require_access(folder, R_OK | W_OK | X_OK);
  for (const char* end : {"", "-wal", "-shm"}) {
    const fs::path file = options.path.string() + end;
    if (fs::exists(file)) require_access(file, R_OK | W_OK);
  }
  if (reserve == DatabaseReserve::kKept) options.reserve_bytes = kReserveBytes;
  return db::open_sqlite(std::move(options));
}

// The database that is there, or a new one; not migrated. REQUIRES: the folder is there.
std::unique_ptr<db::Database> open_or_make_database(const fs::path& folder, LostDatabase if_lost,
                                                    const Clock& clock) {
  const auto check = [&](Found found) {
    if (found != Found::kDatabase && if_lost == LostDatabase::kStop && holds_blobs(folder)) {
      throw lost(folder, found);
    }
  };
  check(look_for(folder / kDatabaseFile));
  auto database = open(folder, DatabaseReserve::kKept, clock);
  check(database->applied(vault::migrations()) == 0 ? Found::kEmpty : Found::kDatabase);
  return database;
}

// Throws where the database refers to stored files and the data folder holds none at all, as when
// their disk is not mounted. REQUIRES: the database is migrated.
void require_stored_files(const fs::path& folder, db::Database& database) {
  if (holds_blobs(folder)) return;
  InlineExecutor here;
  if (here.run(vault::referenced(database, std::nullopt, 1)).empty()) return;
  throw UserError(fmt::format(
      "the database in {} refers to stored files, but the folders blobs/ and segments/ there hold"
      " none: is a disk not mounted? Put them back; `coffer fsck` lists what is missing",
      folder.string()));
}

// Before a database is made beside the files of another server: it would know none of them, and
// the next start would take it for theirs. The store locks its folders when it is opened.
void require_unused_store(const fs::path& folder) {
  try {
    const auto disk = blobs::posix_disk(folder);
    const blobs::StoreLock lock(*disk);
  } catch (const blobs::StoreInUseError& error) {
    throw UserError(error.what());
  } catch (const blobs::Error&) {
    // Opening the store reports it.
  }
}

vault::StoreKind kind_of(const Settings& settings) {
  const bool is_s3 = settings.blobs.store == config::BlobStoreKind::kS3;
  return is_s3 ? vault::StoreKind::kS3 : vault::StoreKind::kLocal;
}

const char* name_of(vault::StoreKind kind) {
  return kind == vault::StoreKind::kS3 ? "s3" : "local";
}

// Throws where the vault's bytes are in another kind of store.
// REQUIRES: the database is migrated.
void require_kind(const Settings& settings, db::Database& database) {
  InlineExecutor here;
  const auto known = here.run(vault::stored_in(database));
  const vault::StoreKind wanted = kind_of(settings);
  if (!known || *known == wanted) return;
  throw UserError(fmt::format(
      "the files of the vault in {0} are in a store of the kind {1}, and blobs.store is {2}: set it"
      " to {1}",
      settings.data, name_of(*known), name_of(wanted)));
}

std::string migration_of(const Settings& settings) {
  return fmt::format("the vault in {}, part of whose files are in a bucket,", settings.data);
}

bool has_bucket(const Settings& settings) {
  try {
    config::require_s3(settings, migration_of(settings));
    return true;
  } catch (const config::SettingsError&) {
    return false;
  }
}

// Which stores the vault is served from.
struct Placement {
  bool is_local = false;
  bool is_s3 = false;
  vault::StoreKind uploads_to = vault::StoreKind::kLocal;
  bool is_clearing = false;  // the bucket is but to be cleared of what was there
};

// Public objects that go in one transaction.
constexpr std::size_t kObjectsAtOnce = 200;

// Of a move whose server found nothing left: ends it, or has it go on where uploads that were under
// way then have brought more. Nothing: it has ended.
std::optional<vault::BlobMigration> end_if_done(db::Database& database,
                                                vault::BlobMigration migration) {
  InlineExecutor here;
  // An upload that was under way then may have brought one.
  while (migration.target == vault::StoreKind::kLocal &&
         here.run(vault::drop_public_objects(database, kObjectsAtOnce))) {
  }
  if (here.run(vault::blobs_outside(database, migration.target)).blobs > 0) {
    here.run(vault::set_migration_state(database, migration, vault::MigrationState::kRunning));
    migration.state = vault::MigrationState::kRunning;
    return migration;
  }
  // The bucket has to be cleared first.
  if (migration.target == vault::StoreKind::kLocal &&
      here.run(vault::has_unneeded_places(database))) {
    return migration;
  }
  here.run(vault::end_blob_migration(database, migration.target));
  return std::nullopt;
}

// Throws where the vault's bytes are not where the settings say. REQUIRES: the database is
// migrated.
Placement find_placement(const Settings& settings, db::Database& database) {
  using vault::MigrationState;
  const vault::StoreKind wanted = kind_of(settings);
  InlineExecutor here;
  auto migration = here.run(vault::blob_migration(database));
  if (migration && migration->state == MigrationState::kMoved) {
    migration = end_if_done(database, *migration);
  }
  const bool is_settled = !migration || migration->state == MigrationState::kMoved;
  if (is_settled) require_kind(settings, database);
  if (migration && is_settled && !has_bucket(settings)) {
    log::warning("objects are left in the bucket",
                 {{"reason", "there are no settings of [s3] to remove them with"}});
    migration.reset();
  }
  if (!migration) {
    return {.is_local = wanted == vault::StoreKind::kLocal,
            .is_s3 = wanted == vault::StoreKind::kS3,
            .uploads_to = wanted};
  }
  config::require_s3(settings, migration_of(settings));
  const bool is_stopped = migration->state == MigrationState::kStopped;
  return {.is_local = true,
          .is_s3 = true,
          .uploads_to = is_stopped ? wanted : migration->target,
          .is_clearing = is_settled};
}

// Files of the database that are looked for in a bucket, before it is taken for another vault's.
constexpr std::size_t kTriedFiles = 8;

// The bucket can be used but for public objects.
class PublicRefused : public blobs::Error {
 public:
  using Error::Error;
};

// Makes a public object of the blob and removes it.
Task<void> try_out_public(blobs::BlobStore& store, blobs::BlobRef blob) {
  blobs::PublicForm form{
      .extension = ".txt", .media_type = "text/plain", .cache_control = "no-store"};
  blobs::Place place;
  try {
    const auto holder = co_await store.public_objects()->copy(blob, std::move(form));
    place = holder->place();
  } catch (const blobs::UnavailableError&) {
    throw;
  } catch (const blobs::Error& error) {
    throw PublicRefused(error.what());
  }
  const blobs::BlobRef copied(blob.digest, blob.size, place);
  co_await store.begin_removal()->remove(copied);
}

// Stores bytes, reads them and removes them.
Task<void> try_out(blobs::BlobStore& store) {
  constexpr std::string_view kBytes = "Coffer tries out whether it can store, read and remove.";
  const auto writer = co_await store.create(kBytes.size(), "");
  if (!writer) throw blobs::Error("it takes no upload");
  co_await writer->write(as_bytes(kBytes));
  std::shared_ptr<blobs::DurableBlob> stored = co_await writer->seal();
  const blobs::BlobInfo info = co_await stored->reached();
  const blobs::BlobRef blob(info.digest, info.size, stored->place());
  const auto content = co_await blobs::open_uncached(store, blob);
  const Content::Piece piece = co_await content->piece(0, info.size);
  const auto* const bytes = std::get_if<Bytes>(&piece);
  if (!bytes || as_text(*bytes) != kBytes) throw blobs::Error("it gives other bytes back");
  if (store.public_objects()) co_await try_out_public(store, blob);
  stored.reset();
  co_await store.begin_removal()->remove(blob);
}

// Throws where the database refers to stored files, and none of the first of them can be read, as
// in another bucket than theirs. A single one that is lost does not keep the others from being
// served.
Task<void> require_files(blobs::BlobStore& store, db::Database& database) {
  const auto some = co_await vault::some_placed(database, kTriedFiles);
  std::exception_ptr error;
  for (const blobs::BlobRef& blob : some) {
    try {
      const auto content = co_await blobs::open_uncached(store, blob);
      if (!content) throw blobs::Error("it has none of them");
      co_await content->piece(0, 1);
      co_return;
    } catch (const blobs::Error&) {
      error = std::current_exception();
    }
  }
  if (error) std::rethrow_exception(error);
}

// `stores`: something will be stored there.
std::unique_ptr<blobs::BlobStore> open_bucket(const Settings& settings, db::Database& database,
                                              const Clock& clock,
                                              std::shared_ptr<blobs::UploadMemory> memory,
                                              bool stores = true) {
  const auto refuse = [&](const char* what, const blobs::Error& error) {
    return UserError(fmt::format("{} {}: {}", describe_bucket(settings), what, error.what()));
  };
  InlineExecutor here;
  std::unique_ptr<blobs::BlobStore> store;
  try {
    store = open_s3_blobs(settings, database, clock, std::move(memory));
    here.run(store->check_present());
    if (stores) here.run(try_out(*store));
  } catch (const PublicRefused& error) {
    throw UserError(fmt::format(
        "{} takes no public object: {}; set s3.acl to private if it is to have none, or to none if"
        " its policy lets everybody read uploads/*",
        describe_bucket(settings), error.what()));
  } catch (const blobs::Error& error) {
    throw refuse("cannot be used", error);
  }
  try {
    here.run(require_files(*store, database));
  } catch (const blobs::Error& error) {
    throw refuse("does not give the files that the database refers to; is it the vault's?", error);
  }
  return store;
}

std::unique_ptr<blobs::BlobStore> open_folder(const Settings& settings, db::Database& database,
                                              StoreOptions options,
                                              std::shared_ptr<blobs::UploadMemory> memory) {
  try {
    require_stored_files(settings.data, database);
    auto disk = options.disk ? std::move(options.disk) : blobs::posix_disk(settings.data);
    return blobs::open_local_store(std::move(disk), {.root = settings.data,
                                                     .clock = options.clock,
                                                     .memory = std::move(memory),
                                                     .reserve_bytes = settings.storage.reserve,
                                                     .max_open_files = options.max_open_blobs});
  } catch (const blobs::StoreInUseError& error) {
    throw UserError(error.what());
  } catch (const blobs::Error& error) {
    throw UserError(
        fmt::format("the data folder {} cannot be used: {}", settings.data, error.what()));
  }
}

// Of all uploads, whichever store they go to.
std::shared_ptr<blobs::UploadMemory> upload_memory_of(const Settings& settings,
                                                      std::size_t max_uploads) {
  const blobs::UploadMemory::Options options{.bytes = settings.uploads.memory_budget,
                                             .max_wait = settings.uploads.memory_timeout,
                                             .max_uploads = settings.uploads.max_concurrent,
                                             .max_all_uploads = max_uploads};
  return std::make_shared<blobs::UploadMemory>(options);
}

blobs::RoutedStore::Side side_of(vault::StoreKind kind) {
  using Side = blobs::RoutedStore::Side;
  return kind == vault::StoreKind::kS3 ? Side::kByPlace : Side::kByDigest;
}

// Stores::direct_uploads.
struct UploadDirector {
  Settings settings;
  db::Database& database;
  const Clock& clock;
  std::size_t max_open_blobs;
  std::shared_ptr<blobs::UploadMemory> memory;
  blobs::RoutedStore* store = nullptr;

  void operator()(std::optional<vault::StoreKind> target) {
    if (!target) return store->direct_uploads(side_of(kind_of(settings)));
    config::require_s3(settings, migration_of(settings));
    for (const auto kind : {vault::StoreKind::kLocal, vault::StoreKind::kS3}) {
      if (!store->find(side_of(kind))) store->add(side_of(kind), open_store(kind));
    }
    store->direct_uploads(side_of(*target));
  }

 private:
  std::unique_ptr<blobs::BlobStore> open_store(vault::StoreKind kind) {
    if (kind == vault::StoreKind::kS3) return open_bucket(settings, database, clock, memory);
    StoreOptions options{.max_open_blobs = max_open_blobs, .clock = clock};
    return open_folder(settings, database, std::move(options), memory);
  }
};

}  // namespace

std::unique_ptr<db::Database> open_existing_database(const Settings& settings,
                                                     DatabaseReserve reserve) {
  const fs::path folder(settings.data);
  Found found = look_for(folder / kDatabaseFile);
  if (found == Found::kDatabase) {
    auto database = open(folder, reserve, system_clock());
    if (database->applied(vault::migrations()) > 0) return database;
    found = Found::kEmpty;
  }
  if (holds_blobs(folder)) throw lost(folder, found);
  throw UserError(fmt::format("{0} is no data folder yet: start `coffer serve --data {0}` first",
                              settings.data));
}

Stores open_stores(const Settings& settings, StoreOptions options) {
  const fs::path folder(settings.data);
  const bool is_whole = options.scope == Scope::kWhole;
  const vault::StoreKind kind = kind_of(settings);
  Stores stores;
  if (options.scope == Scope::kExisting) {
    stores.database = open_existing_database(settings);
  } else {
    make_data_folder(folder);
    if (is_whole && kind == vault::StoreKind::kLocal) require_unused_store(folder);
    stores.database = open_or_make_database(folder, options.if_lost, options.clock);
  }
  stores.database->migrate(vault::migrations());
  if (!is_whole) {
    stores.blobs = std::make_unique<NoBlobs>();
    return stores;
  }
  const Placement placement = find_placement(settings, *stores.database);
  const auto memory = upload_memory_of(settings, options.max_uploads);
  UploadDirector director{.settings = settings,
                          .database = *stores.database,
                          .clock = options.clock,
                          .max_open_blobs = options.max_open_blobs,
                          .memory = memory};
  std::unique_ptr<blobs::BlobStore> bucket;
  std::unique_ptr<blobs::BlobStore> local;
  if (placement.is_s3) {
    bucket = open_bucket(settings, *stores.database, options.clock, memory, !placement.is_clearing);
  }
  if (placement.is_local) {
    local = open_folder(settings, *stores.database, std::move(options), memory);
  }
  auto store = std::make_unique<blobs::RoutedStore>(std::move(local), std::move(bucket),
                                                    side_of(placement.uploads_to));
  director.store = store.get();
  stores.blobs = std::move(store);
  stores.direct_uploads = std::move(director);
  InlineExecutor here;
  if (!here.run(vault::stored_in(*stores.database))) {
    here.run(vault::set_stored_in(*stores.database, kind));
  }
  return stores;
}

const blobs::s3::StoreMonitor* find_bucket(const blobs::BlobStore& store) {
  const auto* const routed = dynamic_cast<const blobs::RoutedStore*>(&store);
  if (!routed) return nullptr;
  return dynamic_cast<const blobs::s3::StoreMonitor*>(
      routed->find(blobs::RoutedStore::Side::kByPlace));
}

}  // namespace coffer::server
