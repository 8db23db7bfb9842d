#include <fmt/format.h>

#include <cstdio>
#include <iostream>

#include "base/clock.h"
#include "base/entropy.h"
#include "cli/commands.h"
#include "config/settings_values.h"

namespace coffer::cli {
namespace {

constexpr std::size_t kPage = 500;

struct UserOptions {
  std::string name;
  std::string email;
  bool is_admin = false;
  bool from_stdin = false;
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

Password take_password(bool from_stdin) {
  if (!from_stdin) return {generate_password(), true};
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
  const Password password = take_password(options.from_stdin);
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
  const Password password = take_password(options.from_stdin);
  const auto done = here.run(opened.vault().accounts().set_password(account.id, password.text));
  if (!done) throw error_of(done.error());
  fmt::print("password of {} changed; its sessions have ended\n", account.username);
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

// A size as settings have it, or `none`.
std::optional<std::uint64_t> parse_quota(const std::string& text) {
  if (text == "none") return std::nullopt;
  const config::Shape shape{.kind = config::Kind::kSize, .min = 0, .max = INT64_MAX};
  const auto value = config::parse_value(shape, text);
  if (!value) throw UserError("the quota must be a size such as 10GiB, or none");
  return std::get<std::uint64_t>(*value);
}

int set_quota(const Settings& settings, const UserOptions& options) {
  const auto quota = parse_quota(options.quota);
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  InlineExecutor here;
  const auto account = find_account(here, opened.vault(), options.name);
  const auto done = here.run(opened.vault().accounts().set_quota(account.id, quota));
  if (!done) throw error_of(done.error());
  fmt::print("quota of {}: {}; it keeps {}\n", account.username,
             quota ? config::size_text(*quota) : "none", config::size_text(account.used));
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
  const auto add_stdin = [](const auto& added) {
    added.first->add_flag("--password-stdin", added.second->from_stdin,
                          "Read the password from standard input; else generate and print one");
  };

  const auto create = add("create", "Create an account", create_user);
  add_name(create);
  add_stdin(create);
  create.first->add_option("--email", create.second->email, "E-mail address");
  create.first->add_flag("--admin", create.second->is_admin, "Make it an admin");
  add("list", "List all accounts: number, name, e-mail address, role, state",
      [](const Settings& settings, const UserOptions&) { return list_users(settings); });
  const auto password = add("set-password", "Change the password of an account", set_password);
  add_name(password);
  add_stdin(password);
  const auto quota = add("quota", "Set the quota of an account", set_quota);
  add_name(quota);
  quota.first->add_option("size", quota.second->quota, "Such as 500MiB or 10GiB, or none")
      ->required();
  add_name(add("disable", "Disable an account and its tokens and keys at once",
               [](const Settings& settings, const UserOptions& options) {
                 return set_disabled(settings, options, true);
               }));
  add_name(add("enable", "Enable a disabled account again",
               [](const Settings& settings, const UserOptions& options) {
                 return set_disabled(settings, options, false);
               }));
}

}  // namespace coffer::cli
