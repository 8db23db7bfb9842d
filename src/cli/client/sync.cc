// `coffer sync`.
#include "client/sync.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/client/commands.h"
#include "cli/client/open_session.h"
#include "cli/client/printable.h"
#include "cli/client/progress_bar.h"

namespace coffer::cli::client {
namespace {

using coffer::client::Session;
using coffer::client::SyncAction;
using coffer::client::SyncOptions;

constexpr char kFooter[] =
    "The files of the folder and of the folders in it (not hidden ones), and the media of the\n"
    "account or of a collection, are compared by their bytes, with each other and with what\n"
    "they were at the end of the last run, which is kept in .coffer-sync.json. What is new or\n"
    "changed goes to the other side; a file in a folder has its path as its name at the vault.\n"
    "What was removed here goes to the vault's trash (with --collection: out of the\n"
    "collection), what was removed or replaced there to .coffer-trash; a file that was moved or\n"
    "renamed here is renamed there. What was changed on both sides is kept twice, as\n"
    "`name (conflict)`. The first run removes nothing. Links, pipes and devices are left alone.\n"
    "Where a file fails, the others are gone on with, and the exit code is 1.";

constexpr std::chrono::milliseconds kShownEvery{100};
// A file whose hashing is worth a percentage.
constexpr std::uint64_t kLarge = std::uint64_t{64} << 20U;

struct Options {
  SyncOptions about;
  std::string folder;
  bool is_json = false;
};

class Printer {
 public:
  explicit Printer(const Options& options) : options_(options) {}

  coffer::client::Progress act(const SyncAction& action) {
    bar_.reset();
    const std::string_view kind = name_of(action.kind);
    if (options_.is_json) {
      boost::json::object line{{"action", kind}, {"name", action.name}};
      line["id"] = nullptr;
      if (!action.id.empty()) line["id"] = action.id;
      if (!action.from.empty()) line["from"] = action.from;
      print_json(line);
    } else if (action.from.empty()) {
      print_columns({kind, action.name});
    } else {
      print_columns({kind, action.name, action.from});
    }
    if (options_.about.is_dry_run) return {};
    return progress(action.name);
  }

  // Told before the first bytes too: a large file takes its time.
  coffer::client::Progress hash(const std::string& name) {
    const auto now = std::chrono::steady_clock::now();
    if (!bar_) bar_.emplace("comparing", options_.is_json);
    if (now - said_ >= kShownEvery) {
      said_ = now;
      bar_->say(printable(name));
    }
    return [this, name](std::uint64_t done, std::uint64_t total) {
      if (total < kLarge || std::chrono::steady_clock::now() - said_ < kShownEvery) return;
      said_ = std::chrono::steady_clock::now();
      bar_->say(fmt::format("{:.0f} % of {}",
                            100.0 * static_cast<double>(done) / static_cast<double>(total),
                            printable(name)));
    };
  }

  void tell(const std::string& name, const std::string& why) {
    bar_.reset();
    fmt::print(stderr, "coffer: {}: {}\n", printable(name), printable(why, Printable::kMessage));
  }

  void wait(std::string_view what) {
    bar_.emplace("comparing", options_.is_json);
    bar_->say(what);
  }

  void finish() { bar_.reset(); }

 private:
  coffer::client::Progress progress(const std::string& name) {
    bar_.emplace(name, options_.is_json);
    return [this](std::uint64_t done, std::uint64_t total) { bar_->show(done, total); };
  }

  const Options& options_;
  std::optional<ProgressBar> bar_;
  std::chrono::steady_clock::time_point said_ = {};
};

int synchronize(Options options) {
  options.about.folder = options.folder;
  Session session = open_session();
  Printer printer(options);
  const coffer::client::SyncListener listener{
      .act = [&](const SyncAction& action) { return printer.act(action); },
      .hash = [&](const std::string& name) { return printer.hash(name); },
      .skip = [&](const std::string& name,
                  const std::string& why) { printer.tell(name, why + "; it is left alone"); },
      .fail = [&](const std::string& name, const std::string& why) { printer.tell(name, why); },
  };
  printer.wait("the list of the vault");
  const auto result = coffer::client::sync(session, options.about, listener);
  printer.finish();
  if (result.left_out > 0) {
    fmt::print(stderr, "coffer: {} left for the next run: the vault is still hashing them\n",
               result.left_out == 1 ? "1 file is" : fmt::format("{} files are", result.left_out));
  }
  if (result.failures == 0) return 0;
  fmt::print(stderr, "coffer: {} not synchronized; the next run tries again\n",
             result.failures == 1 ? "1 file was" : fmt::format("{} files were", result.failures));
  return 1;
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
