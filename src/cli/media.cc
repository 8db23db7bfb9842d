#include <fmt/format.h>

#include <string>

#include "base/clock.h"
#include "base/executor.h"
#include "cli/commands.h"
#include "vault/media/queue.h"

namespace coffer::cli {
namespace {

constexpr char kFooter[] =
    "Equal files count once. A file that failed is served like any other, without facts and\n"
    "thumbnail. The server looks into files that were stored before it could, or while\n"
    "media.enabled was off, in the background.";

constexpr char kRetryFooter[] =
    "For files that failed, as after an update of the libraries that read them. The server looks\n"
    "into them again in the background.";

// Digests in one transaction: others write meanwhile.
constexpr std::size_t kRetryStep = 1000;

std::string json_of(const vault::MediaCounts& counts) {
  std::string failures;
  for (std::size_t number = 1; number < counts.failures.size(); ++number) {
    if (counts.failures[number] == 0) continue;
    failures +=
        fmt::format(R"({}"{}":{})", failures.empty() ? "" : ",",
                    name_of(static_cast<vault::MediaFailure>(number)), counts.failures[number]);
  }
  return fmt::format(
      R"({{"ready":{},"processing":{},"not_queued":{},"failed":{},"failures":{{{}}},)"
      R"("thumbnails":{{"files":{},"bytes":{}}},"pictures":{{"files":{},"bytes":{}}}}})",
      counts.ready, counts.waiting, counts.unqueued, counts.failed, failures, counts.thumbnails,
      counts.thumbnail_bytes, counts.pictures, counts.picture_bytes);
}

int show_media(const Settings& settings, bool as_json) {
  const auto database = server::open_existing_database(settings);
  database->migrate(vault::migrations());
  InlineExecutor here;
  const vault::MediaCounts counts = here.run(vault::media_counts(*database));
  if (as_json) {
    fmt::print("{}\n", json_of(counts));
    return kSuccess;
  }
  fmt::print("ready       {:>9}  were looked into\n", counts.ready);
  fmt::print("processing  {:>9}  wait, or are being looked into\n", counts.waiting);
  if (counts.unqueued > 0) {
    fmt::print("not queued  {:>9}  were stored before, and are queued in the background\n",
               counts.unqueued);
  }
  fmt::print("failed      {:>9}\n", counts.failed);
  for (std::size_t number = 1; number < counts.failures.size(); ++number) {
    if (counts.failures[number] == 0) continue;
    fmt::print("            {:>9}  {}\n", counts.failures[number],
               describe(static_cast<vault::MediaFailure>(number)));
  }
  fmt::print("thumbnails  {:>9}  {} bytes\n", counts.thumbnails, counts.thumbnail_bytes);
  fmt::print("pictures    {:>9}  {} bytes, in other sizes\n", counts.pictures,
             counts.picture_bytes);
  return kSuccess;
}

int retry(const Settings& settings) {
  const auto database = server::open_existing_database(settings);
  database->migrate(vault::migrations());
  InlineExecutor here;
  std::size_t all = 0;
  for (std::size_t some = kRetryStep; some == kRetryStep; all += some) {
    some = here.run(vault::retry_failed_media(*database, system_clock().now(), kRetryStep));
  }
  fmt::print("{} files are looked into again\n", all);
  return kSuccess;
}

}  // namespace

void add_media(CLI::App& app, Run& run) {
  auto* group = app.add_subcommand(
      "media", "Show which files were looked into, and retry; works while the server runs");
  group->require_subcommand(1);
  auto* status = group->add_subcommand("status", "Show how many files were looked into");
  status->footer(kFooter);
  const auto flags = std::make_shared<SettingFlags>(*status, false);
  const auto as_json = std::make_shared<bool>(false);
  status->add_flag("--json", *as_json, "As a JSON object");
  status->callback([&run, flags, as_json] {
    run = [flags, as_json] { return show_media(flags->load(), *as_json); };
  });
  auto* again = group->add_subcommand("retry", "Look again into files that failed");
  again->footer(kRetryFooter);
  const auto retry_flags = std::make_shared<SettingFlags>(*again, false);
  again->callback(
      [&run, retry_flags] { run = [retry_flags] { return retry(retry_flags->load()); }; });
}

}  // namespace coffer::cli
