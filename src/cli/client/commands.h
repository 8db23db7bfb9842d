// The commands that talk to a vault somewhere, as an account of it.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>

namespace coffer::cli::client {

// How a person at the terminal is asked.
struct Terminal {
  std::function<bool()> can_ask;
  std::function<std::string(std::string_view prompt)> ask;
  std::function<std::string(std::string_view prompt)> ask_hidden;
};

// What main() runs for the command that was given.
using Run = std::function<int()>;

void add_account_commands(CLI::App& app, Run& run, Terminal terminal);  // login, logout
void add_file_commands(CLI::App& app, Run& run);                        // ls, up, down, rm
void add_share_command(CLI::App& app, Run& run);
void add_sync_command(CLI::App& app, Run& run);
void add_watch_command(CLI::App& app, Run& run);

}  // namespace coffer::cli::client
