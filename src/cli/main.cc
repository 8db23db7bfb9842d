// coffer: one vault for files and media, many APIs.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "base/exhausted.h"
#include "base/log.h"
#include "cli/client/commands.h"
#include "cli/client/printable.h"
#include "cli/commands.h"
#include "cli/prompt.h"
#include "cli/suggest.h"
#include "cli/version.h"
#include "db/database.h"

namespace {

using namespace coffer::cli;

// Fills the standard descriptors that are closed: else a file of the vault would get such a
// number, and what is printed or logged would be written into it. False where that cannot be done.
// They still fail as closed ones do: a password that nobody saw is no success.
bool fill_standard_descriptors() noexcept {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1) continue;
    // It gets the lowest number that is free.
    if (::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) return false;
  }
  return true;
}

// Writes to standard error, if anybody still reads it, behind what was logged before.
template <class... Parts>
void complain(fmt::format_string<Parts...> form, Parts&&... parts) noexcept {
  try {
    const std::string text = fmt::format(form, std::forward<Parts>(parts)...);
    coffer::log::flush();
    std::fputs(text.c_str(), stderr);
  } catch (...) {
    std::fputs("coffer: failed, without the memory to say why\n", stderr);
  }
}

int run_command(const Run& run) {
  try {
    const int code = run();
    // A password or key that was shown once must have been shown.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
      throw UserError("cannot write to standard output");
    }
    return code;
  } catch (const SettingsError& error) {
    complain("coffer: {}\n", error.what());
    return kUsage;
  } catch (const coffer::db::Error& error) {
    complain("coffer: {}\n", error.what());
    // What a machine lacks for a while damages nothing.
    if (!dynamic_cast<const coffer::Exhausted*>(&error) &&
        !dynamic_cast<const coffer::db::OtherSchemaError*>(&error)) {
      complain("`coffer fsck` reports, with the server stopped, what of {} is damaged\n",
               coffer::server::kDatabaseFile);
    }
    return kFailure;
  } catch (const std::exception& error) {
    // What a vault somewhere answered may be part of it.
    complain("coffer: {}\n", client::printable(error.what(), client::Printable::kMessage));
    return kFailure;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (!fill_standard_descriptors()) return kFailure;
  // What the limit of a file's size (`ulimit -f`) does not let through fails with EFBIG, as on a
  // full disk, in place of ending the program.
  std::signal(SIGXFSZ, SIG_IGN);
  CLI::App app("Coffer, a self-hosted vault for files and media", "coffer");
  app.footer(kExitCodes);  // of commands that have none of their own
  app.require_subcommand(1);
  Run run;
  add_serve(app, run);
  add_user(app, run);
  add_key(app, run);
  add_fsck(app, run);
  add_storage(app, run);
  add_media(app, run);
  add_blobs(app, run);
  add_events(app, run);
  add_routes(app, run);
  add_openapi(app, run);
  add_config(app, run);
  client::add_account_commands(app, run, {can_ask, ask_line, ask_password});
  client::add_file_commands(app, run);
  client::add_share_command(app, run);
  client::add_sync_command(app, run);
  client::add_watch_command(app, run);
  app.add_subcommand("version", "Show the version")->callback([&run] {
    run = [] {
      fmt::print("coffer {} ({})\n", kVersion, kRevision);
      return static_cast<int>(kSuccess);
    };
  });
  app.footer(kSettingsFooter);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_wrong = error.get_exit_code() != static_cast<int>(CLI::ExitCodes::Success);
    if (!is_wrong) return app.exit(error) == 0 ? kSuccess : kFailure;
    complain("coffer: {}\n",
             client::printable(explain_mistake(app, error), client::Printable::kMessage));
    return kUsage;
  }
  const int code = run_command(run);
  coffer::log::flush();
  return code;
}
