#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

#include "base/executor.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/signals.h"
#include "server/data_folder.h"
#include "server/descriptors.h"
#include "server/server.h"

namespace coffer::cli {
namespace {

using server::LostDatabase;
using server::Server;

constexpr char kAdminName[] = "admin";
// What the end may take beyond http.drain_timeout.
constexpr std::chrono::milliseconds kStopTime{1500};

// Tells whoever watches the start. A server does not fail because nobody does, nor waits long for
// a pipe that is full: what is lost leaves no error on standard output, and is not tried again.
// False if it is lost.
bool say(const std::string& line) noexcept {
  constexpr int kPatience = 1'000;  // milliseconds
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  // What a pipe is called ready for goes in without waiting: these lines are shorter.
  if (::poll(&output, 1, kPatience) == 0) return false;
  const bool is_said = std::fputs(line.c_str(), stdout) >= 0 && std::fputc('\n', stdout) != EOF &&
                       std::fflush(stdout) == 0;
  std::clearerr(stdout);
  return is_said;
}

// On the first start the admin is made, and its password told, this once. A password that cannot
// be told is given up: the log says how to set another.
void ensure_admin(vault::Vault& vault, const std::string& data) {
  InlineExecutor here;
  if (here.run(vault.accounts().any_admin())) return;
  const std::string password = generate_password();
  const auto made = here.run(vault.accounts().create(
      {.username = kAdminName, .email = std::nullopt, .password = password, .is_admin = true}));
  if (!made) {
    log::warning(
        "no admin account",
        {{"reason", made.error().message},
         {"do", fmt::format("make one with `coffer user create --admin NAME --data {}`", data)}});
    return;
  }
  const std::string command =
      fmt::format("coffer user set-password {} --data {}", kAdminName, data);
  const bool is_told =
      say(fmt::format("The admin's name is {}, the password {}\n"
                      "It is shown this once. Change it with `{}`.",
                      kAdminName, password, command));
  if (is_told) return;
  log::warning("the admin's password was not shown",
               {{"reason", "cannot write to standard output"},
                {"do", fmt::format("set another with `{}`", command)}});
}

int serve(const Settings& settings, LostDatabase if_lost) {
  log::set_level(settings.log.level);
  Signals signals(settings.http.drain_timeout + kStopTime);
  const server::DataFolderLock lock(settings.data);
  const server::DescriptorPlan descriptors = server::plan_descriptors(settings);
  Server server(settings, {.stores = server::open_stores(
                               settings, {.if_lost = if_lost,
                                          .max_open_blobs = descriptors.max_open_blobs,
                                          .max_uploads = descriptors.max_uploads}),
                           .max_connections = descriptors.max_connections});
  // Before the first request is answered, so that nobody else can take the name.
  ensure_admin(server.vault(), settings.data);
  signals.begin_serving();
  server.start();
  for (const Server::Address& address : server.addresses()) {
    say("Coffer is ready: " + address.url());
  }
  for (const Server::Address& address : server.metrics_addresses()) {
    say("Metrics: " + address.url() + "/metrics");
  }
  while (signals.wait() == Signals::Request::kReload) server.reload_tls();
  say("Coffer is stopping");
  if (server.drain() == Server::Drained::kStuck) {
    log::flush();
    std::_Exit(kSuccess);
  }
  return kSuccess;
}

}  // namespace

void add_serve(CLI::App& app, Run& run) {
  auto* command = app.add_subcommand("serve", "Serve a vault until SIGTERM");
  const auto flags = std::make_shared<SettingFlags>(*command, true);
  const auto begins_anew = std::make_shared<bool>(false);
  command->add_flag("--new", *begins_anew,
                    "If files are stored but coffer.db is missing or empty, discard the files and "
                    "begin an empty vault; their bytes are removed after blobs.grace. No effect if "
                    "there is a database");
  command->footer(
      "Each setting can also be given in the --config file or in the environment.\n"
      "SIGTERM lets running requests finish and stops the server; SIGHUP reads the certificates "
      "again.");
  command->callback([&run, flags, begins_anew] {
    run = [flags, begins_anew] {
      return serve(flags->load(), *begins_anew ? LostDatabase::kBeginAnew : LostDatabase::kStop);
    };
  });
}

}  // namespace coffer::cli
