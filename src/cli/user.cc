#include <fmt/format.h>

#include <cstdio>
#include <iostream>

#include "base/clock.h"
#include "base/entropy.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/prompt.h"
#include "config/settings_values.h"

namespace coffer::cli {
namespace {

constexpr std::size_t kPage = 500;
constexpr std::size_t kStep = 1000;  // of clearing what was deleted, in one transaction

struct UserOptions {
  std::string name;
  std::string email;
  bool is_admin = false;
  bool from_stdin = false;
  bool is_generated = false;
  bool with_keys = false;
  bool is_confirmed = false;
  std::string quota;
};

// The sentence of a failure with those of its fields.
UserError error_of(const vault::Failure& failure) {
  std::string text = failure.message;
  for (const auto& fault : failure.fields) text += "\n  " + fault.field + ": " + fault.message;
  return UserError(text);
}

struct Password {
  std::string text;
  bool is_new;  // made here, to be shown
};

enum class AtTerminal { kAsk, kGenerate };

Password take_password(bool from_stdin, AtTerminal at_terminal) {
  if (!from_stdin) {
    if (at_terminal == AtTerminal::kAsk && can_ask()) {
      return {ask_new_password("New password"), false};
    }
    return {generate_password(), true};
  }
  std::string line;
  if (!std::getline(std::cin, line)) throw UserError("no password on standard input");
  if (line.ends_with('\r')) line.pop_back();
  return {line, false};
}

vault::Account find_account(InlineExecutor& here, vault::Vault& vault, const std::string& name) {
  auto account = here.run(vault.accounts().find_by_login(name));
  if (!account) throw UserError("there is no user " + name);
  return std::move(*account);
}

int create_user(const Settings& settings, const UserOptions& options) {
  server::OpenVault opened = open_vault(settings, Scope::kAccounts);
  InlineExecutor here;
  const Password password = take_password(options.from_stdin, AtTerminal::kGenerate);
  vault::NewAccount account{.username = options.name,
                            .email = std::nullopt,
                            .password = password.text,
                            .is_admin = options.is_admin};
  if (!options.email.empty()) account.email = options.email;
  const auto made = here.run(opened.vault().accounts().create(std::move(account)));
  if (!made) throw error_of(made.error());
  fmt::print("user {} created{}\n", made->username, made->is_admin ? ", an admin" : "");
  if (password.is_new) fmt::print("{}\n", password.text);
  return kSuccess;
}

int list_users(const Settings& settings) {
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  InlineExecutor here;
  vault::AccountId after{0};
  for (;;) {
    const auto page = here.run(opened.vault().accounts().list(after, kPage));
    for (const auto& account : page) {
      fmt::print("{}\t{}\t{}\t{}\t{}\n", account.id.value, account.username,
                 account.email.value_or("-"), account.is_admin ? "admin" : "user",
                 account.disabled_at ? "disabled" : "active");
    }
    if (page.size() < kPage) return kSuccess;
    after = page.back().id;
  }
}

int set_password(const Settings& settings, const UserOptions& options) {
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  InlineExecutor here;
  const auto account = find_account(here, opened.vault(), options.name);
  const Password password = take_password(
      options.from_stdin, options.is_generated ? AtTerminal::kGenerate : AtTerminal::kAsk);
  const auto done = here.run(opened.vault().accounts().set_password(account.id, password.text));
  if (!done) throw error_of(done.error());
  fmt::print("password of {} changed; its sessions have ended\n", account.username);
  fmt::print("its keys still work; `coffer user logout {} --keys` revokes them\n",
             account.username);
  if (password.is_new) fmt::print("{}\n", password.text);
  return kSuccess;
}

int set_disabled(const Settings& settings, const UserOptions& options, bool disabled) {
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  InlineExecutor here;
  const auto account = find_account(here, opened.vault(), options.name);
  const auto done = here.run(opened.vault().accounts().set_disabled(account.id, disabled));
  if (!done) throw error_of(done.error());
  fmt::print("user {} {}\n", account.username, disabled ? "disabled" : "enabled");
  return kSuccess;
}

int log_out(const Settings& settings, const UserOptions& options) {
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  vault::Vault& vault = opened.vault();
  InlineExecutor here;
  const auto account = find_account(here, vault, options.name);
  const std::uint64_t sessions = here.run(vault.sessions().end_all(account.id));
  fmt::print("sessions of {} ended: {}\n", account.username, sessions);
  if (!options.with_keys) return kSuccess;
  const std::uint64_t keys = here.run(vault.api_keys().revoke_all(account.id));
  fmt::print("keys of {} revoked: {}\n", account.username, keys);
  return kSuccess;
}

int delete_user(const Settings& settings, const UserOptions& options) {
  if (!options.is_confirmed && !can_ask()) {
    throw SettingsError("`coffer user delete` deletes everything of the user: say so with --yes");
  }
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  vault::Vault& vault = opened.vault();
  InlineExecutor here;
  const auto account = find_account(here, vault, options.name);
  if (!options.is_confirmed) {
    const bool is_wanted =
        ask_yes(fmt::format("Delete {} with everything in it, {} of files? This cannot be undone.",
                            account.username, config::size_text(account.used)));
    if (!is_wanted) throw UserError("nothing was deleted");
  }
  const auto removed = here.run(vault.account_removal().remove(account.id));
  if (!removed) throw error_of(removed.error());
  // A server would do the rest, but there need not be one.
  while (here.run(vault.groups().return_files(kStep)) || here.run(vault.clearing().clear(kStep))) {
  }
  fmt::print("user {} deleted; a running server frees its disk space after blobs.grace\n",
             account.username);
  return kSuccess;
}

// A size as settings have it, or `none`; 0, as in the settings, is no limit either.
std::optional<std::uint64_t> parse_quota(const std::string& text) {
  if (text == "none") return std::nullopt;
  const config::Shape shape{.kind = config::Kind::kSize, .min = 0, .max = INT64_MAX};
  const auto value = config::parse_value(shape, text);
  if (!value)
    throw UserError(fmt::format(
        "{} is no quota: it must be a size such as 10GiB, or 0 for no limit", json_quoted(text)));
  const auto bytes = std::get<std::uint64_t>(*value);
  return bytes > 0 ? std::optional(bytes) : std::nullopt;
}

int set_quota(const Settings& settings, const UserOptions& options) {
  const auto quota = parse_quota(options.quota);
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  InlineExecutor here;
  const auto account = find_account(here, opened.vault(), options.name);
  const auto done = here.run(opened.vault().accounts().set_quota(account.id, quota));
  if (!done) throw error_of(done.error());
  fmt::print("quota of {}: {}; it keeps {}\n", account.username,
             quota ? config::size_text(*quota) : "no limit", config::size_text(account.used));
  return kSuccess;
}

}  // namespace

std::string generate_password() { return random_secret(system_entropy()).substr(0, 20); }

void add_user(CLI::App& app, Run& run) {
  auto* group = app.add_subcommand("user", "Manage accounts; works while the server runs");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, auto action) {
    auto* command = group->add_subcommand(name, text);
    const auto flags = std::make_shared<SettingFlags>(*command, false);
    const auto options = std::make_shared<UserOptions>();
    command->callback([&run, flags, options, action] {
      run = [flags, options, action] { return action(flags->load(), *options); };
    });
    return std::pair(command, options);
  };
  const auto add_name = [](const auto& added) {
    added.first->add_option("name", added.second->name, "Username or e-mail address")->required();
  };
  const auto add_stdin = [](const auto& added, const char* otherwise) {
    added.first->add_flag("--password-stdin", added.second->from_stdin,
                          std::string("Read the password from standard input; else ") + otherwise);
  };

  const auto create = add("create", "Create an account", create_user);
  add_name(create);
  add_stdin(create, "generate and print one");
  create.first->add_option("--email", create.second->email, "E-mail address");
  create.first->add_flag("--admin", create.second->is_admin, "Make it an admin");
  add("list", "List all accounts: number, name, e-mail address, role, state",
      [](const Settings& settings, const UserOptions&) { return list_users(settings); });
  const auto password = add("set-password", "Change the password of an account", set_password);
  add_name(password);
  add_stdin(password, "ask at the terminal, or where there is none generate and print one");
  password.first->add_flag("--generate", password.second->is_generated,
                           "Generate and print one at the terminal too");
  const auto logout = add("logout", "End all sessions of an account at once", log_out);
  add_name(logout);
  logout.first->add_flag("--keys", logout.second->with_keys, "Revoke all its keys too");
  const auto quota = add("quota", "Set the quota of an account", set_quota);
  add_name(quota);
  quota.first->add_option("size", quota.second->quota, "Such as 500MiB or 10GiB; 0: no limit")
      ->required();
  add_name(add("disable", "Disable an account and its tokens and keys at once",
               [](const Settings& settings, const UserOptions& options) {
                 return set_disabled(settings, options, true);
               }));
  add_name(add("enable", "Enable a disabled account again",
               [](const Settings& settings, const UserOptions& options) {
                 return set_disabled(settings, options, false);
               }));
  const auto removal = add("delete", "Delete an account with everything in it", delete_user);
  add_name(removal);
  removal.first->add_flag("--yes", removal.second->is_confirmed, "Do not ask");
}

}  // namespace coffer::cli
