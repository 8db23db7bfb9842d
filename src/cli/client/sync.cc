// `coffer sync`.
#include "client/sync.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "cli/client/commands.h"
#include "cli/client/progress_bar.h"
#include "client/session.h"

namespace coffer::cli::client {
namespace {

using coffer::client::CredentialFile;
using coffer::client::Session;
using coffer::client::SyncAction;
using coffer::client::SyncOptions;

constexpr char kFooter[] =
    "The files of the folder (not of folders in it, nor hidden ones) and the media of the\n"
    "account, or of a collection, are compared by their bytes, with each other and with what\n"
    "they were at the end of the last run, which is kept in .coffer-sync.json. What is new or\n"
    "changed goes to the other side. What was removed here goes to the vault's trash (with\n"
    "--collection: out of the collection), what was removed or replaced there to .coffer-trash.\n"
    "What was changed on both sides is kept twice, as `name (conflict)`. The first run removes\n"
    "nothing.";

struct Options {
  SyncOptions about;
  std::string folder;
  bool is_json = false;
};

int synchronize(Options options) {
  options.about.folder = options.folder;
  Session session{CredentialFile(CredentialFile::usual_path())};
  std::optional<ProgressBar> bar;
  const auto act = [&](const SyncAction& action) -> coffer::client::Progress {
    bar.reset();
    if (options.is_json) {
      boost::json::object line{{"action", name_of(action.kind)}, {"name", action.name}};
      line["id"] = nullptr;
      if (!action.id.empty()) line["id"] = action.id;
      fmt::print("{}\n", boost::json::serialize(line));
    } else {
      fmt::print("{}\t{}\n", name_of(action.kind), printable(action.name));
    }
    std::fflush(stdout);
    if (options.about.is_dry_run) return {};
    bar.emplace(action.name, options.is_json);
    return [&bar](std::uint64_t done, std::uint64_t total) { bar->show(done, total); };
  };
  const std::uint64_t left_out = coffer::client::sync(session, options.about, act);
  bar.reset();
  if (left_out > 0) {
    fmt::print(stderr, "coffer: {} files are left for later: the vault is still hashing them\n",
               left_out);
  }
  return 0;
}

}  // namespace

void add_sync_command(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("sync", "Make a folder and a vault equal, both ways");
  auto options = std::make_shared<Options>();
  command->footer(kFooter);
  command->add_option("folder", options->folder, "The folder")->required();
  command->add_option("--collection", options->about.collection, "With that collection (col_…)");
  command->add_flag("--dry-run", options->about.is_dry_run, "Show what would be done, do nothing");
  command->add_flag("--json", options->is_json, "One JSON object a line");
  command->callback([&run, options] { run = [options] { return synchronize(*options); }; });
}

}  // namespace coffer::cli::client
