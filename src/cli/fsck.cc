#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "blobs/local/check.h"
#include "blobs/local/disk.h"
#include "blobs/local/store_lock.h"
#include "cli/commands.h"
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
    "Of a vault in a bucket the database is checked alone.\n"
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

// One line on standard error that is written over, where a person looks on.
class Progress {
 public:
  void show(const std::string& text) {
    const auto now = std::chrono::steady_clock::now();
    if (!is_seen_ || now - last_ < kPace) return;
    last_ = now;
    is_shown_ = true;
    fmt::print(stderr, "\r\033[K{}", text);
  }
  void clear() {
    if (is_shown_) fmt::print(stderr, "\r\033[K");
    is_shown_ = false;
  }

 private:
  static constexpr std::chrono::milliseconds kPace{100};

  const bool is_seen_ = ::isatty(STDERR_FILENO) == 1;
  bool is_shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

// Compares what is found with what is referred to, both in order of names.
class Report final : public blobs::CheckVisitor {
 public:
  // The store is compared with this from now on; without it, neither missing nor unreferenced blobs
  // can be told.
  void set_references(std::vector<vault::Referenced> references) {
    references_ = std::move(references);
    has_references_ = true;
  }

  void damaged(const std::string& part, const std::string& problem) override {
    ++corrupt_;
    tell(fmt::format("corrupt       {}: {}", part, problem));
  }
  void noticed(const std::string& part, const std::string& what) override {
    tell(fmt::format("note          {}: {}", part, what));
  }
  void found(const blobs::CheckedBlob& blob) override {
    ++blobs_;
    for (; next_ < references_.size() && references_[next_].digest < blob.digest; ++next_) {
      miss(references_[next_]);
    }
    if (next_ < references_.size() && references_[next_].digest == blob.digest) {
      const vault::Referenced& referenced = references_[next_++];
      if (!blob.is_sound || referenced.size == blob.size) return;
      return damaged(blob.digest.hex(), fmt::format("it has {} bytes, the database says {}",
                                                    blob.size, referenced.size));
    }
    if (!has_references_) return;
    ++unreferenced_;
    tell(fmt::format("unreferenced  {}: {} bytes", blob.digest.hex(), blob.size));
  }
  void advanced(std::uint64_t bytes, unsigned done, unsigned all) override {
    bytes_ = bytes;
    progress_.show(fmt::format("{} of {} segments and folders, {} MiB", done, all, bytes >> 20));
  }

  // The store is not looked at.
  void leave_out_store(const std::string& where) {
    has_store_ = false;
    noticed(where, "its objects are not compared with the database");
  }

  // After all was found. Whether all is well.
  bool end() {
    if (has_store_ && !has_references_) {
      noticed(server::kDatabaseFile,
              "it cannot be read: what is missing or unreferenced is not known");
    }
    for (; next_ < references_.size(); ++next_) miss(references_[next_]);
    tell(fmt::format("{} blobs, {} bytes read: {} missing, {} corrupt, {} unreferenced", blobs_,
                     bytes_, missing_, corrupt_, unreferenced_));
    return missing_ == 0 && corrupt_ == 0;
  }

 private:
  void miss(const vault::Referenced& reference) {
    ++missing_;
    tell(fmt::format("missing       {}: {} bytes", reference.digest.hex(), reference.size));
  }
  void tell(const std::string& line) {
    progress_.clear();
    fmt::print("{}\n", line);
  }

  std::vector<vault::Referenced> references_;
  bool has_references_ = false;
  bool has_store_ = true;
  std::size_t next_ = 0;
  Progress progress_;
  std::uint64_t blobs_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t missing_ = 0;
  std::uint64_t corrupt_ = 0;
  std::uint64_t unreferenced_ = 0;
};

// Whether the files are in a bucket, as far as the database can be read.
bool is_in_bucket(db::Database& database) {
  if (database.applied(vault::migrations()) < vault::migrations().size()) return false;
  InlineExecutor here;
  return here.run(vault::stored_in(database)) == vault::StoreKind::kS3;
}

// The database by itself: how its rows are stored, and what they say of each other.
void check_database(db::Database& database, Report& report) {
  InlineExecutor here;
  for (const std::string& fault : database.check(vault::migrations())) {
    report.damaged(server::kDatabaseFile, fault);
  }
  if (database.applied(vault::migrations()) < vault::migrations().size()) {
    return report.noticed(server::kDatabaseFile,
                          "the next start brings it up to date; until then its counts are not "
                          "compared");
  }
  for (const auto& [what, count] : here.run(vault::find_inconsistencies(database))) {
    report.damaged(server::kDatabaseFile, fmt::format("{} {}", count, what));
  }
}

int fsck(const Settings& settings) {
  Report report;
  // A damaged database must not keep from sight what the store has to tell.
  const auto attempt = [&](auto look) {
    try {
      look();
    } catch (const db::Error& error) {
      report.damaged(server::kDatabaseFile, error.what());
    }
  };
  std::unique_ptr<db::Database> database;
  attempt(
      [&] { database = server::open_existing_database(settings, server::DatabaseReserve::kNone); });
  const server::DataFolderLock lock(settings.data);
  bool is_remote = false;
  if (database) {
    attempt([&] { check_database(*database, report); });
    attempt([&] { is_remote = is_in_bucket(*database); });
  }
  if (is_remote) {
    report.leave_out_store("bucket");
    return report.end() ? kSuccess : kFailure;
  }
  const auto disk = blobs::posix_disk(settings.data);
  const blobs::StoreLock store_lock(*disk);
  if (database) {
    attempt([&] { report.set_references(all_referenced(*database)); });
  }
  blobs::check_local_store(*disk, report);
  return report.end() ? kSuccess : kFailure;
}

}  // namespace

void add_fsck(CLI::App& app, Run& run) {
  auto* command =
      app.add_subcommand("fsck", "Check every stored byte and the database for damage and loss");
  const auto flags = std::make_shared<SettingFlags>(*command, false);
  command->footer(kFsckFooter);
  command->callback([&run, flags] { run = [flags] { return fsck(flags->load()); }; });
}

}  // namespace coffer::cli
