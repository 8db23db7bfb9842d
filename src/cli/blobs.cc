#include <fmt/format.h>

#include <array>
#include <csignal>
#include <ctime>
#include <optional>
#include <string>

#include "base/executor.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/progress_line.h"
#include "server/s3_blobs.h"
#include "vault/upkeep/blob_migration.h"
#include "vault/upkeep/store_kind.h"

namespace coffer::cli {
namespace {

using vault::BlobMigration;
using vault::MigrationState;
using vault::StoreKind;

constexpr char kMigrateFooter[] =
    "The server moves the bytes of all files from the data folder into the bucket of [s3], or the\n"
    "other way, while it serves; it needs the settings of [s3] for both. New files go to the "
    "target\n"
    "at once. The command shows how far it is; SIGINT ends the command, not the move. A server "
    "that\n"
    "is stopped goes on at its next start, with blobs.store as it was or as it will be.\n"
    "Each blob is compared with its SHA-256 as it is copied. One that is damaged or missing stays\n"
    "where it is, is named by --status, and keeps the move from being complete.\n"
    "Exit codes: 0 all is moved, or the command has ended before; 1 something cannot be moved, or\n"
    "the command failed; 2 invalid command line or setting.";

// Blobs that cannot be moved and are named; there may be many more.
constexpr std::size_t kNamed = 20;
constexpr std::chrono::milliseconds kBetweenLooks{250};
constexpr int kBetweenLookssBetweenLocks = 40;

const char* name_of(StoreKind kind) { return kind == StoreKind::kS3 ? "s3" : "local"; }

const char* name_of(MigrationState state) {
  switch (state) {
    case MigrationState::kRunning: return "running";
    case MigrationState::kStopped: return "stopped";
    case MigrationState::kMoved: return "complete";
    case MigrationState::kIncomplete: break;
  }
  return "incomplete";
}

std::unique_ptr<db::Database> open_database(const Settings& settings) {
  auto database = server::open_existing_database(settings);
  database->migrate(vault::migrations());
  return database;
}

bool is_served(const Settings& settings) {
  try {
    const server::DataFolderLock lock(settings.data);
    return false;
  } catch (const server::FolderInUse&) {
    return true;
  }
}

std::string describe_left(const BlobMigration& migration) {
  if (!migration.left_blobs) return "being counted";
  return fmt::format("{}, {} blobs", for_people(migration.left_bytes.value_or(0)),
                     *migration.left_blobs);
}

// SIGINT and SIGTERM, for as long as it lives, of threads that are started later too.
class EndingSignals {
 public:
  EndingSignals() {
    sigemptyset(&set_);
    for (const int signal : {SIGINT, SIGTERM}) sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~EndingSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  EndingSignals(const EndingSignals&) = delete;
  EndingSignals& operator=(const EndingSignals&) = delete;

  // Whether one came within that time.
  bool wait(std::chrono::milliseconds time) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    const timespec limit{.tv_sec = seconds.count(),
                         .tv_nsec = std::chrono::nanoseconds(time - seconds).count()};
    return sigtimedwait(&set_, nullptr, &limit) > 0;
  }

 private:
  sigset_t set_{};
  sigset_t before_{};
};

void print_unmoved(db::Database& database) {
  InlineExecutor here;
  const std::uint64_t count = here.run(vault::count_unmoved_blobs(database));
  if (count == 0) return;
  const auto named = here.run(vault::unmoved_blobs(database, kNamed));
  for (const vault::UnmovedBlob& blob : named) {
    fmt::print("unmoved   {}: {}\n", blob.digest.hex(), blob.problem);
  }
  if (count > named.size()) fmt::print("unmoved   and {} more\n", count - named.size());
}

// What an operator has to do once all is moved.
void print_next(const Settings& settings, StoreKind target) {
  if (target == StoreKind::kS3) {
    fmt::print("All files are in {}. Set blobs.store to s3 before the next start.\n",
               server::describe_bucket(settings));
    return;
  }
  fmt::print(
      "All files are in {}. Set blobs.store to local before the next start. Objects in the\n"
      "bucket are kept for blobs.grace, or until `coffer storage reclaim`: keep the settings of\n"
      "[s3] until `coffer blobs migrate --status` says that nothing is being moved.\n",
      settings.data);
}

// Shows how far the server is, to the end. `migration`: as it is now.
int follow(const Settings& settings, db::Database& database, const EndingSignals& signals,
           const BlobMigration& asked) {
  InlineExecutor here;
  ProgressLine line;
  std::string problem;
  for (int looks = 1;; ++looks) {
    const auto migration = here.run(vault::blob_migration(database));
    if (!migration || migration->run != asked.run) {
      line.clear();
      fmt::print("The move was stopped, or another one was asked for.\n");
      return kFailure;
    }
    if (migration->state == MigrationState::kMoved) {
      line.clear();
      fmt::print("{} moved, {} blobs\n", for_people(migration->moved_bytes),
                 migration->moved_blobs);
      print_next(settings, migration->target);
      return kSuccess;
    }
    if (migration->state == MigrationState::kIncomplete) {
      line.clear();
      print_unmoved(database);
      fmt::print(
          "All others are moved. The server tries these again every 10 minutes: restore or delete\n"
          "their files.\n");
      return kFailure;
    }
    if (migration->problem && *migration->problem != problem) {
      problem = *migration->problem;
      line.clear();
      fmt::print(stderr, "held back, and tried again: {}\n", problem);
    }
    line.show(fmt::format("{} moved, {} blobs; left: {}", for_people(migration->moved_bytes),
                          migration->moved_blobs, describe_left(*migration)));
    if (signals.wait(kBetweenLooks)) {
      line.clear();
      fmt::print(
          "The server goes on. `coffer blobs migrate --status` shows how far it is, --stop stops "
          "it.\n");
      return kSuccess;
    }
    if (looks % kBetweenLookssBetweenLocks == 0 && !is_served(settings)) {
      line.clear();
      fmt::print("The server of {} has stopped: the move goes on at its next start.\n",
                 settings.data);
      return kSuccess;
    }
  }
}

int migrate(const Settings& settings, StoreKind target, std::uint64_t rate) {
  const EndingSignals signals;
  config::require_s3(settings, "`coffer blobs migrate`");
  const auto database = open_database(settings);
  InlineExecutor here;
  const auto before = here.run(vault::blob_migration(*database));
  const bool is_over = !before || before->state == MigrationState::kMoved;
  if (is_over && here.run(vault::stored_in(*database)).value_or(StoreKind::kLocal) == target) {
    fmt::print("The files are in a store of the kind {} already.\n", name_of(target));
    return kSuccess;
  }
  here.run(vault::request_blob_migration(*database, target, rate));
  const auto asked = here.run(vault::blob_migration(*database));
  if (!is_served(settings)) {
    fmt::print("No server runs on {}: the move begins when `coffer serve` starts.\n",
               settings.data);
    return kSuccess;
  }
  return follow(settings, *database, signals, asked.value());
}

int stop(const Settings& settings) {
  const auto database = open_database(settings);
  InlineExecutor here;
  if (!here.run(vault::stop_blob_migration(*database))) {
    fmt::print("Nothing is being moved.\n");
    return kSuccess;
  }
  fmt::print(
      "Stopped. The files are in both stores: the server needs the settings of [s3], and `coffer\n"
      "blobs migrate --to` goes on, or back.\n");
  return kSuccess;
}

std::string json_of(const BlobMigration& migration, db::Database& database) {
  InlineExecutor here;
  std::string named;
  for (const vault::UnmovedBlob& blob : here.run(vault::unmoved_blobs(database, kNamed))) {
    named += fmt::format(R"({}{{"digest":"{}","problem":{}}})", named.empty() ? "" : ",",
                         blob.digest.hex(), json_quoted(blob.problem));
  }
  const std::string left = migration.left_blobs
                               ? fmt::format(R"({{"blobs":{},"bytes":{}}})", *migration.left_blobs,
                                             migration.left_bytes.value_or(0))
                               : "null";
  return fmt::format(R"({{"to":"{}","state":"{}","moved":{{"blobs":{},"bytes":{}}},"left":{},)"
                     R"("problem":{},"unmoved":{{"blobs":{},"first":[{}]}},"objects_left":{}}})",
                     name_of(migration.target), name_of(migration.state), migration.moved_blobs,
                     migration.moved_bytes, left,
                     migration.problem ? json_quoted(*migration.problem) : std::string("null"),
                     here.run(vault::count_unmoved_blobs(database)), named,
                     here.run(vault::has_unneeded_places(database)));
}

int show_status(const Settings& settings, bool as_json) {
  const auto database = open_database(settings);
  InlineExecutor here;
  const auto kind = here.run(vault::stored_in(*database)).value_or(StoreKind::kLocal);
  const auto migration = here.run(vault::blob_migration(*database));
  if (as_json) {
    fmt::print("{{\"store\":\"{}\",\"migration\":{}}}\n", name_of(kind),
               migration ? json_of(*migration, *database) : "null");
    return kSuccess;
  }
  if (!migration) {
    fmt::print("Nothing is being moved. The files are in a store of the kind {}.\n", name_of(kind));
    return kSuccess;
  }
  fmt::print("to {}     {}\n", migration->target == StoreKind::kS3 ? "s3   " : "local",
             name_of(migration->state));
  fmt::print("moved     {}, {} blobs\n", for_people(migration->moved_bytes),
             migration->moved_blobs);
  fmt::print("left      {}\n", describe_left(*migration));
  if (migration->problem) fmt::print("problem   {}\n", *migration->problem);
  print_unmoved(*database);
  if (migration->state != MigrationState::kMoved) return kSuccess;
  print_next(settings, migration->target);
  if (migration->target == StoreKind::kLocal && !here.run(vault::has_unneeded_places(*database))) {
    fmt::print("Nothing is left in the bucket: the next start ends the move.\n");
  }
  return kSuccess;
}

}  // namespace

void add_blobs(CLI::App& app, Run& run) {
  auto* group = app.add_subcommand("blobs", "Move the bytes of all files to another store");
  group->require_subcommand(1);
  auto* command = group->add_subcommand(
      "migrate", "Move the bytes of all files into a bucket, or back; works while the server runs");
  command->footer(kMigrateFooter);
  struct Options {
    std::string to;
    std::uint64_t rate = 0;
    bool shows_status = false;
    bool stops = false;
    bool as_json = false;
  };
  const auto options = std::make_shared<Options>();
  const auto flags = std::make_shared<SettingFlags>(*command, false);
  auto* what = command->add_option_group("what");
  what->add_option("--to", options->to, "Where to: s3 or local")
      ->check(CLI::IsMember({"s3", "local"}));
  auto* status = what->add_flag("--status", options->shows_status, "Show how far it is");
  what->add_flag("--stop", options->stops, "Stop it; what is moved stays where it is");
  what->require_option(1);
  command
      ->add_option("--rate", options->rate,
                   "Bytes to copy in a second at most, such as 20MB; asked for again, it changes")
      ->transform(CLI::AsSizeValue(false));
  command->add_flag("--json", options->as_json, "With --status: as a JSON object")->needs(status);
  command->callback([&run, flags, options] {
    run = [flags, options] {
      const Settings settings = flags->load();
      if (options->shows_status) return show_status(settings, options->as_json);
      if (options->stops) return stop(settings);
      const StoreKind target = options->to == "s3" ? StoreKind::kS3 : StoreKind::kLocal;
      return migrate(settings, target, options->rate);
    };
  });
}

}  // namespace coffer::cli
