#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "base/executor.h"
#include "base/text.h"
#include "blobs/local/disk.h"
#include "cli/commands.h"
#include "cli/progress_line.h"
#include "vault/tree/search_index.h"
#include "vault/upkeep/reclaim.h"
#include "vault/upkeep/storage_use.h"
#include "vault/upkeep/store_kind.h"

namespace coffer::cli {
namespace {

constexpr char kStorageFooter[] =
    "Prints one line for each of:\n"
    "  live      all files, equal ones counted each time\n"
    "  trash     files in the trash, equal ones counted each time\n"
    "  in parts  parts of unfinished uploads, equal ones counted each time\n"
    "  pictures  thumbnails, and pictures in other sizes; in nobody's quota\n"
    "  shared    bytes saved because equal bytes are stored once\n"
    "  waiting   bytes without references; removed after blobs.grace\n"
    "  stored    live + trash + in parts + pictures - shared + waiting\n"
    "  free      free space of the data folder's disk\n"
    "The disk space of removed small files becomes free when their segment is rewritten, which\n"
    "happens when more than half of it is unused.";

constexpr char kReclaimFooter[] =
    "Removes deleted bytes without waiting for blobs.grace, and bytes of uploads that were not\n"
    "committed. If the server runs, it does the work, after a few seconds, so that readers that\n"
    "have just looked up a file can still open it. Running uploads keep their bytes. A download\n"
    "of a deleted file that was uploaded in parts may end early.";

constexpr char kReindexFooter[] =
    "For an index that `coffer fsck` finds wrong. Nothing is lost with it. The server indexes all\n"
    "files again in the background, some ten thousand a second; until then searches are slow and\n"
    "find everything.";

std::string json_of(const vault::StorageUse& use, std::uint64_t free) {
  return fmt::format(
      R"({{"live":{{"files":{},"bytes":{}}},"trash":{{"files":{},"bytes":{}}},)"
      R"("in_parts":{{"uploads":{},"bytes":{}}},)"
      R"("pictures":{{"files":{},"bytes":{}}},)"
      R"("shared":{{"bytes":{}}},"waiting":{{"blobs":{},"bytes":{},"since":{}}},)"
      R"("stored":{{"blobs":{},"bytes":{}}},"free":{{"bytes":{}}}}})",
      use.live_files, use.live, use.trashed_files, use.trashed, use.uploads, use.in_parts,
      use.picture_files, use.pictures, use.shared, use.waiting_blobs, use.waiting,
      use.waiting_since ? json_quoted(to_iso8601(*use.waiting_since)) : std::string("null"),
      use.blobs, use.stored, free);
}

void print_line(const char* what, std::uint64_t bytes, const std::string& more) {
  fmt::print("{:<9} {:>11}  {}\n", what, for_people(bytes), more);
}

int show_storage(const Settings& settings, bool as_json) {
  const auto database = server::open_existing_database(settings);
  database->migrate(vault::migrations());
  InlineExecutor here;
  const vault::StorageUse use = here.run(vault::storage_use(*database));
  const std::uint64_t free = blobs::posix_disk(settings.data)->space().free;
  const bool is_in_bucket = here.run(vault::stored_in(*database)) == vault::StoreKind::kS3;
  if (as_json) {
    fmt::print("{}\n", json_of(use, free));
    return kSuccess;
  }
  print_line("live", use.live, fmt::format("in {} files", use.live_files));
  print_line("trash", use.trashed, fmt::format("in {} files", use.trashed_files));
  print_line("in parts", use.in_parts, fmt::format("of {} unfinished uploads", use.uploads));
  print_line("pictures", use.pictures, fmt::format("in {} files", use.picture_files));
  print_line("shared", use.shared, "saved: equal bytes are stored once");
  print_line(
      "waiting", use.waiting,
      use.waiting_blobs == 0
          ? "for removal"
          : fmt::format("for removal, deleted since {}; `coffer storage reclaim` frees it now",
                        to_iso8601(*use.waiting_since)));
  print_line("stored", use.stored, fmt::format("in {} blobs", use.blobs));
  print_line("free", free, is_in_bucket ? "on the disk; the files are in a bucket" : "on the disk");
  return kSuccess;
}

// With the store to itself. REQUIRES: the folder's lock is held.
vault::Freed reclaim_here(const Settings& settings) {
  server::OpenVault opened = open_vault(settings, Scope::kWhole);
  InlineExecutor here;
  vault::Reclaim reclaim(opened.vault().references(), system_clock().now());
  while (here.run(reclaim.step())) {
  }
  return reclaim.freed();
}

// Nothing where a server has the folder.
std::optional<vault::Freed> try_reclaim_here(const Settings& settings) {
  std::optional<server::DataFolderLock> lock;
  try {
    lock.emplace(settings.data);
  } catch (const server::FolderInUse&) {
    return std::nullopt;
  }
  return reclaim_here(settings);
}

// Has the server do it, and waits until it has; where it has stopped meanwhile, does it here.
vault::Freed reclaim_beside(const Settings& settings, db::Database& database) {
  constexpr auto kLook = std::chrono::milliseconds(200);
  constexpr int kLooksBetweenLocks = 50;
  InlineExecutor here;
  const auto id = here.run(vault::request_reclaim(database, system_clock().now()));
  for (int looks = 1;; ++looks) {
    if (const auto freed = here.run(vault::finished_reclaim(database, id))) return *freed;
    if (looks % kLooksBetweenLocks == 0) {
      if (const auto freed = try_reclaim_here(settings)) {
        here.run(vault::finish_reclaim(database, id, *freed));
        return *freed;
      }
      fmt::print(stderr,
                 "the server of {} has not finished yet; it goes on without this command too, and"
                 " its log says what keeps it\n",
                 settings.data);
    }
    std::this_thread::sleep_for(kLook);
  }
}

int reclaim_storage(const Settings& settings, bool as_json) {
  const auto database = server::open_existing_database(settings);
  database->migrate(vault::migrations());
  std::optional<vault::Freed> freed = try_reclaim_here(settings);
  if (!freed) freed = reclaim_beside(settings, *database);
  if (as_json) {
    fmt::print("{{\"freed\":{{\"blobs\":{},\"bytes\":{}}}}}\n", freed->blobs, freed->bytes);
  } else {
    fmt::print("{} freed, {} blobs\n", for_people(freed->bytes), freed->blobs);
  }
  return kSuccess;
}

int reindex(const Settings& settings) {
  const auto database = server::open_existing_database(settings);
  database->migrate(vault::migrations());
  InlineExecutor here;
  here.run(vault::reset_index(*database));
  fmt::print("the server makes the index of searches anew while it runs\n");
  return kSuccess;
}

}  // namespace

void add_storage(CLI::App& app, Run& run) {
  auto* group = app.add_subcommand(
      "storage", "Show what takes disk space, and reclaim it; works while the server runs");
  group->footer(kStorageFooter);
  const auto add = [&run](CLI::App* command, auto action) {
    const auto flags = std::make_shared<SettingFlags>(*command, false);
    const auto as_json = std::make_shared<bool>(false);
    command->add_flag("--json", *as_json, "As a JSON object");
    return [&run, flags, as_json, action] {
      run = [flags, as_json, action] { return action(flags->load(), *as_json); };
    };
  };
  const auto show = add(group, show_storage);
  group->callback([group, show] {
    if (group->get_subcommands().empty()) show();
  });
  auto* reclaim = group->add_subcommand("reclaim", "Remove deleted bytes now");
  reclaim->footer(kReclaimFooter);
  reclaim->callback(add(reclaim, reclaim_storage));
  auto* index = group->add_subcommand("reindex", "Have the index of searches made anew");
  index->footer(kReindexFooter);
  const auto flags = std::make_shared<SettingFlags>(*index, false);
  index->callback([&run, flags] { run = [flags] { return reindex(flags->load()); }; });
}

}  // namespace coffer::cli
