// coffer: one vault for files and media, many APIs.
#include <fmt/format.h>

#include <cstdio>

#include "base/exhausted.h"
#include "base/log.h"
#include "cli/application.h"
#include "cli/commands.h"
#include "cli/version.h"
#include "db/database.h"

namespace {

using namespace coffer::cli;

constexpr char kFooter[] =
    "Settings come from a TOML file (--config or COFFER_CONFIG), the environment and flags; later\n"
    "sources override earlier ones. The setting `http.head_bytes` is COFFER_HTTP_HEAD_BYTES in\n"
    "the environment and --http.head-bytes as a flag. `coffer config print` lists all settings.\n"
    "Exit codes: 0 success, 1 failure, 2 invalid command line or setting.";

int run_command(const Run& run) {
  try {
    const int code = run();
    // A password or key that was shown once must have been shown.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      throw UserError("cannot write to standard output");
    }
    return code;
  } catch (const SettingsError& error) {
    fmt::print(stderr, "coffer: {}\n", error.what());
    return kUsage;
  } catch (const coffer::db::Error& error) {
    fmt::print(stderr, "coffer: {}\n", error.what());
    // What a machine lacks for a while damages nothing.
    if (!dynamic_cast<const coffer::Exhausted*>(&error)) {
      fmt::print(stderr, "`coffer fsck` tells, with the server stopped, what of {} is damaged\n",
                 kDatabaseFile);
    }
    return kFailure;
  } catch (const std::exception& error) {
    fmt::print(stderr, "coffer: {}\n", error.what());
    return kFailure;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Coffer, a self-hosted vault for files and media", "coffer");
  app.footer(kFooter);
  app.require_subcommand(1);
  Run run;
  add_serve(app, run);
  add_user(app, run);
  add_key(app, run);
  add_fsck(app, run);
  add_storage(app, run);
  add_routes(app, run);
  add_config(app, run);
  app.add_subcommand("version", "Show the version")->callback([&run] {
    run = [] {
      fmt::print("coffer {} ({})\n", kVersion, kRevision);
      return static_cast<int>(kSuccess);
    };
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kSuccess : kUsage;
  }
  const int code = run_command(run);
  coffer::log::flush();
  return code;
}
