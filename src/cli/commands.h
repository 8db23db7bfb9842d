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

// The settings' flags of one command.
class SettingFlags {
 public:
  // `--data` and `--config` always; `all`: a flag for every setting.
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
