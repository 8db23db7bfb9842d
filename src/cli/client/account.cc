// `coffer login`, `coffer logout`.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "cli/client/commands.h"
#include "client/credentials.h"
#include "client/error.h"
#include "client/session.h"

namespace coffer::cli::client {
namespace {

using coffer::client::CredentialFile;
using coffer::client::Credentials;
using coffer::client::Error;
using coffer::client::Session;

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

std::string read_line(const char* what) {
  std::string line;
  if (!std::getline(std::cin, line)) throw Error(fmt::format("no {} on standard input", what));
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

bool is_plain(const std::string& root) {
  return root.starts_with("http://") && !root.starts_with("http://127.") &&
         !root.starts_with("http://localhost") && !root.starts_with("http://[::1]");
}

Credentials ask_vault(const LoginOptions& options, const Terminal& terminal) {
  const std::string root = coffer::client::api_root(options.address);
  if (is_plain(root)) {
    fmt::print(stderr, "coffer: {} is plain HTTP: others can read what is sent\n", root);
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
  return coffer::client::log_in(root, username, password);
}

int log_in(const LoginOptions& options, const Terminal& terminal) {
  const CredentialFile file(CredentialFile::usual_path());
  const Credentials credentials = ask_vault(options, terminal);
  file.save(credentials);
  fmt::print("logged in to {} as {}\n", credentials.root, credentials.username);
  return 0;
}

int log_out() {
  const CredentialFile file(CredentialFile::usual_path());
  const auto credentials = file.load();
  if (!credentials) {
    fmt::print("nobody is logged in\n");
    return 0;
  }
  Session(file).log_out();
  fmt::print("logged out of {}\n", credentials->root);
  return 0;
}

}  // namespace

void add_account_commands(CLI::App& app, Run& run, Terminal terminal) {
  auto* login = app.add_subcommand("login", "Log in to a vault, for ls, up, down, rm and share");
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
