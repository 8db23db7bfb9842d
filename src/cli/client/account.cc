// `coffer login`, `coffer logout`.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "cli/client/commands.h"
#include "cli/client/open_session.h"
#include "cli/client/printable.h"
#include "cli/client/read_line.h"
#include "client/credentials.h"
#include "client/error.h"
#include "client/session.h"

namespace coffer::cli::client {
namespace {

using coffer::client::CredentialFile;
using coffer::client::Credentials;
using coffer::client::Error;

constexpr char kLoginFooter[] =
    "Asks for the password at a terminal. Tokens, never the password, are kept in\n"
    "$XDG_CONFIG_HOME/coffer/credentials.json (~/.config/coffer), which nobody else can read;\n"
    "they are renewed by themselves. With --key-stdin an API key is kept in their place.";

struct LoginOptions {
  std::string address;
  std::string username;
  bool password_from_stdin = false;
  bool key_from_stdin = false;
};

// Whether only this machine is asked: by its name, or by an address of its loopback.
bool is_loopback(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost") || host == "[::1]") return true;
  ::in_addr address{};
  return ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 &&
         ntohl(address.s_addr) >> 24U == 127;
}

// Whether others can read what goes to that vault.
bool is_exposed(const std::string& root) {
  constexpr std::string_view kPlain = "http://";
  if (!root.starts_with(kPlain)) return false;
  const std::string_view host = std::string_view(root).substr(kPlain.size());
  const std::size_t port = host.starts_with('[') ? host.find(']') + 1 : host.find_first_of(":/");
  return !is_loopback(to_lower_ascii(host.substr(0, port)));
}

Credentials ask_vault(const LoginOptions& options, const Terminal& terminal) {
  const std::string root = coffer::client::api_root(options.address);
  if (is_exposed(root)) {
    fmt::print(stderr, "coffer: {} is plain HTTP: others can read the password and the files\n",
               printable(root));
  }
  if (options.key_from_stdin) return coffer::client::log_in_by_key(root, read_line("key"));
  std::string username = options.username;
  if (!options.password_from_stdin && !terminal.can_ask()) {
    throw Error("no terminal to ask for the password at; use --password-stdin or --key-stdin");
  }
  if (username.empty()) {
    if (options.password_from_stdin) throw Error("--password-stdin needs --user");
    username = terminal.ask("Username or e-mail address");
  }
  const std::string password =
      options.password_from_stdin ? read_line("password") : terminal.ask_hidden("Password");
  return coffer::client::log_in(root, username, password, tell_pause);
}

// Whether the session has ended; says why it has not.
bool try_ending(const Credentials& credentials) {
  try {
    coffer::client::end_session(credentials);
    return true;
  } catch (const Error& error) {
    fmt::print(stderr,
               "coffer: the session before could not be ended at {}, where it ends by itself: {}\n",
               printable(credentials.root), printable(error.what(), Printable::kMessage));
    return false;
  }
}

int log_in(const LoginOptions& options, const Terminal& terminal) {
  const CredentialFile file(CredentialFile::usual_path());
  const Credentials credentials = ask_vault(options, terminal);
  if (const auto before = file.replace(credentials)) (void)try_ending(*before);
  print_columns({fmt::format("logged in to {} as {}", credentials.root, credentials.username)});
  return 0;
}

int log_out() {
  const CredentialFile file(CredentialFile::usual_path());
  std::optional<Credentials> credentials;
  try {
    credentials = file.load();
  } catch (const Error& error) {
    file.remove();
    fmt::print(stderr,
               "coffer: {}; the file is removed. The session could not be ended at the vault, "
               "where it ends by itself; if others may have read the file, change the password "
               "there\n",
               printable(error.what(), Printable::kMessage));
    return 0;
  }
  if (!credentials) {
    fmt::print("nobody is logged in\n");
    return 0;
  }
  // What the vault says to it is no failure.
  (void)try_ending(*credentials);
  file.remove();
  print_columns({fmt::format("logged out of {}", credentials->root)});
  return 0;
}

}  // namespace

void add_account_commands(CLI::App& app, Run& run, Terminal terminal) {
  auto* login =
      app.add_subcommand("login", "Log in to a vault, for ls, up, down, rm, share, watch and sync");
  auto options = std::make_shared<LoginOptions>();
  login->footer(kLoginFooter);
  login->add_option("url", options->address, "Address of the vault")->required();
  login->add_option("--user", options->username, "Username or e-mail address");
  auto* password = login->add_flag("--password-stdin", options->password_from_stdin,
                                   "Read the password from standard input");
  login->add_flag("--key-stdin", options->key_from_stdin, "Read an API key from standard input")
      ->excludes(password);
  login->callback([&run, options, terminal = std::move(terminal)] {
    run = [options, terminal] { return log_in(*options, terminal); };
  });
  app.add_subcommand("logout", "End the session of `coffer login`")->callback([&run] {
    run = log_out;
  });
}

}  // namespace coffer::cli::client
