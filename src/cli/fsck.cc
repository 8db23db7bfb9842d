#include <fmt/format.h>

#include <cstddef>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/executor.h"
#include "blobs/local/check.h"
#include "blobs/local/disk.h"
#include "blobs/local/store_lock.h"
#include "cli/commands.h"
#include "cli/fsck_bucket.h"
#include "cli/fsck_report.h"
#include "vault/upkeep/blob_migration.h"
#include "vault/upkeep/consistency.h"
#include "vault/upkeep/references.h"
#include "vault/upkeep/store_kind.h"
#include "vault/vault.h"

namespace coffer::cli {
namespace {

constexpr char kFsckFooter[] =
    "Stop the server first. The check changes nothing.\n"
    "Prints one line for each finding:\n"
    "  missing       a blob that the database refers to and the store does not have\n"
    "  corrupt       a damaged record, file or database, or a count in the database that does\n"
    "                not match the rows that it counts\n"
    "  unreferenced  a blob that nothing refers to; the server removes it later\n"
    "  note          what the next start repairs, or an earlier start skipped\n"
    "Of a vault in a bucket the objects are listed and their sizes compared; with --deep all are\n"
    "read. Objects that this database does not know are unreferenced too, and stay. A check that\n"
    "was stopped goes on with --from. While `coffer blobs migrate` moves the files, both the data\n"
    "folder and the bucket are checked.\n"
    "Exit codes: 0 nothing is missing or corrupt, 1 something is, or the check failed,\n"
    "2 invalid command line or setting.";

// What the database refers to, in order of names.
std::vector<vault::Referenced> all_referenced(db::Database& database) {
  constexpr std::size_t kPage = 1'000;
  InlineExecutor here;
  std::vector<vault::Referenced> all;
  for (bool more = true; more;) {
    std::optional<Sha256Digest> after;
    if (!all.empty()) after = all.back().digest;
    const auto page = here.run(vault::referenced(database, after, kPage));
    all.insert(all.end(), page.begin(), page.end());
    more = page.size() == kPage;
  }
  return all;
}

// Compares what is found with what is referred to, both in order of names.
class LocalReport final : public blobs::CheckVisitor {
 public:
  explicit LocalReport(FsckReport& report) : report_(report) {}

  // The store is compared with this from now on; without it, neither missing nor unreferenced blobs
  // can be told.
  void set_references(std::vector<vault::Referenced> references) {
    references_ = std::move(references);
    has_references_ = true;
  }

  void damaged(const std::string& part, const std::string& problem) override {
    report_.corrupt(part, problem);
  }
  void noticed(const std::string& part, const std::string& what) override {
    report_.note(part, what);
  }
  void found(const blobs::CheckedBlob& blob) override {
    report_.count_blob();
    for (; next_ < references_.size() && references_[next_].digest < blob.digest; ++next_) {
      miss(references_[next_]);
    }
    if (next_ < references_.size() && references_[next_].digest == blob.digest) {
      const vault::Referenced& referenced = references_[next_++];
      if (!blob.is_sound || referenced.size == blob.size) return;
      return damaged(blob.digest.hex(), fmt::format("it has {} bytes, the database says {}",
                                                    blob.size, referenced.size));
    }
    if (has_references_) report_.unreferenced(blob.digest.hex(), blob.size);
  }
  void advanced(std::uint64_t bytes, unsigned done, unsigned all) override {
    report_.set_read(bytes);
    report_.progress().show(
        fmt::format("{} of {} segments and folders, {} MiB", done, all, bytes >> 20));
  }

  // After all was found.
  void end() {
    if (!has_references_) {
      noticed(server::kDatabaseFile,
              "it cannot be read: what is missing or unreferenced is not known");
    }
    for (; next_ < references_.size(); ++next_) miss(references_[next_]);
  }

 private:
  void miss(const vault::Referenced& reference) {
    report_.missing(reference.digest.hex(), reference.size);
  }

  FsckReport& report_;
  std::vector<vault::Referenced> references_;
  bool has_references_ = false;
  std::size_t next_ = 0;
};

// Where the files are: in both while they move from one into the other.
struct Stores {
  bool has_local = true;
  bool has_bucket = false;
};

// As far as the database can be read.
Stores find_stores(db::Database& database) {
  if (database.applied(vault::migrations()) < vault::migrations().size()) return {};
  InlineExecutor here;
  if (here.run(vault::blob_migration(database))) return {.has_local = true, .has_bucket = true};
  const bool is_remote = here.run(vault::stored_in(database)) == vault::StoreKind::kS3;
  return {.has_local = !is_remote, .has_bucket = is_remote};
}

void check_folder(const Settings& settings, FsckReport& report, auto set_references) {
  const auto disk = blobs::posix_disk(settings.data);
  const blobs::StoreLock store_lock(*disk);
  LocalReport of_store(report);
  set_references(of_store);
  blobs::check_local_store(*disk, of_store);
  of_store.end();
}

// The database by itself: how its rows are stored, and what they say of each other.
void check_database(db::Database& database, FsckReport& report) {
  InlineExecutor here;
  for (const std::string& fault : database.check(vault::migrations())) {
    report.corrupt(server::kDatabaseFile, fault);
  }
  if (database.applied(vault::migrations()) < vault::migrations().size()) {
    return report.note(server::kDatabaseFile,
                       "the next start brings it up to date; until then its counts are not "
                       "compared");
  }
  for (const auto& [what, count] : here.run(vault::find_inconsistencies(database))) {
    report.corrupt(server::kDatabaseFile, fmt::format("{} {}", count, what));
  }
}

int fsck(const Settings& settings, BucketCheckOptions of_bucket) {
  FsckReport report;
  // A damaged database must not keep from sight what the store has to tell.
  const auto attempt = [&](auto look) {
    try {
      look();
    } catch (const db::Error& error) {
      report.corrupt(server::kDatabaseFile, error.what());
    }
  };
  std::unique_ptr<db::Database> database;
  attempt(
      [&] { database = server::open_existing_database(settings, server::DatabaseReserve::kNone); });
  const server::DataFolderLock lock(settings.data);
  Stores stores;
  if (database) {
    attempt([&] { check_database(*database, report); });
    attempt([&] { stores = find_stores(*database); });
  }
  of_bucket.is_mixed = stores.has_local;
  if (stores.has_bucket) require_bucket(settings, of_bucket);
  if (stores.has_local) {
    check_folder(settings, report, [&](LocalReport& of_store) {
      if (database) attempt([&] { of_store.set_references(all_referenced(*database)); });
    });
  }
  if (stores.has_bucket) {
    attempt([&] { check_bucket(settings, *database, of_bucket, report); });
  }
  return report.end() ? kSuccess : kFailure;
}

// `3f`, from 00 to ff.
std::string complain_about_part(const std::string& text) {
  const auto byte = from_hex(text);
  return byte && byte->size() == 1 ? "" : "expected two hexadecimal digits, such as 3f";
}

}  // namespace

void add_fsck(CLI::App& app, Run& run) {
  auto* command =
      app.add_subcommand("fsck", "Check every stored byte and the database for damage and loss");
  const auto flags = std::make_shared<SettingFlags>(*command, false);
  command->footer(kFsckFooter);
  struct Options {
    BucketCheckOptions of_bucket;
    std::string from = "00";
  };
  const auto options = std::make_shared<Options>();
  command->add_flag("--deep", options->of_bucket.reads_bytes,
                    "Of a bucket: read every object, rather than compare sizes");
  command
      ->add_option("--rate", options->of_bucket.rate,
                   "Of a bucket: bytes to read in a second at most, such as 20MB")
      ->transform(CLI::AsSizeValue(false));
  command->add_option("--from", options->from, "Of a bucket: go on with this part, from 00 to ff")
      ->check(complain_about_part);
  command->callback([&run, flags, options] {
    run = [flags, options] {
      options->of_bucket.first_part = std::to_integer<unsigned>(from_hex(options->from)->front());
      return fsck(flags->load(), options->of_bucket);
    };
  });
}

}  // namespace coffer::cli
