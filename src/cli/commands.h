// The program's commands, one file a group. Each adds itself to the command line; what it
// does is run by main() after all was parsed, and gives the exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"
#include "server/data_folder.h"
#include "server/open_vault.h"
#include "server/stores.h"

namespace coffer::cli {

using config::Endpoint;
using config::Settings;
using config::SettingsError;
using server::Scope;
using server::UserError;

enum ExitCode { kSuccess = 0, kFailure = 1, kUsage = 2 };

// What stands below the help of a command.
#define COFFER_EXIT_CODES "Exit codes: 0 success, 1 failure, 2 invalid command line or setting."
inline constexpr char kExitCodes[] = COFFER_EXIT_CODES;
inline constexpr char kSettingsFooter[] =
    "Settings come from a TOML file (--config or COFFER_CONFIG), the environment and flags; later\n"
    "sources override earlier ones. The setting `http.head_bytes` is COFFER_HTTP_HEAD_BYTES in\n"
    "the environment and --http.head-bytes as a flag. `coffer config print` lists all "
    "settings.\n" COFFER_EXIT_CODES;
#undef COFFER_EXIT_CODES

// The settings' flags of one command.
class SettingFlags {
 public:
  // `--data` and `--config` always; `all`: a flag for every setting. Gives the command
  // kSettingsFooter, unless it has a footer of its own.
  SettingFlags(CLI::App& command, bool all);

  // Throws SettingsError.
  Settings load() const;

 private:
  struct Flag {
    std::string setting;
    std::vector<std::string> values;
  };
  std::string config_;
  std::vector<std::unique_ptr<Flag>> flags_;  // stable: the parser writes into them
};

// The vault of the settings' data folder. Throws UserError.
inline server::OpenVault open_vault(const Settings& settings, Scope scope) {
  return {settings, server::open_stores(settings, {.scope = scope})};
}

// A password that nobody guesses, for an account that is to get one.
std::string generate_password();

// What main() runs for the command that was given.
using Run = std::function<int()>;

void add_serve(CLI::App& app, Run& run);
void add_user(CLI::App& app, Run& run);
void add_key(CLI::App& app, Run& run);
void add_fsck(CLI::App& app, Run& run);
void add_storage(CLI::App& app, Run& run);
void add_media(CLI::App& app, Run& run);
void add_blobs(CLI::App& app, Run& run);
void add_events(CLI::App& app, Run& run);
void add_routes(CLI::App& app, Run& run);
void add_openapi(CLI::App& app, Run& run);
void add_config(CLI::App& app, Run& run);

}  // namespace coffer::cli
