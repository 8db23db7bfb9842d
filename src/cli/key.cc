#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "config/settings_values.h"
#include "vault/model/ids.h"

namespace coffer::cli {
namespace {

constexpr std::string_view kIdPrefix = "key_";

struct KeyOptions {
  std::string user;
  std::string kind = "api";
  std::string scope;
  std::string expires;
  std::string label;
  std::string id;
};

vault::AccountId account_of(InlineExecutor& here, vault::Vault& vault, const std::string& user) {
  const auto account = here.run(vault.accounts().find_by_login(user));
  if (!account) throw UserError("there is no user " + user);
  return account->id;
}

// When a key ends that is made now: a time, or a duration as settings have it. Empty: never.
std::optional<Time> parse_end(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (const auto time = from_iso8601(text)) return time;
  constexpr std::uint64_t kHundredYears = std::uint64_t{100} * 365 * 24 * 60 * 60 * 1000;
  const config::Shape shape{.kind = config::Kind::kDuration, .min = 1000, .max = kHundredYears};
  const auto duration = config::parse_value(shape, text);
  if (!duration) {
    throw UserError(fmt::format(
        "--expires: {} is no end of a key: it must be a duration such as 90d, or a time such as "
        "2030-01-31T12:00:00Z",
        json_quoted(text)));
  }
  return system_clock().now() + std::chrono::milliseconds(std::get<std::uint64_t>(*duration));
}

std::string_view scopes_text(vault::KeyScopes scopes) {
  if (scopes.read && scopes.write) return "read,write";
  return scopes.read ? "read" : "write";
}

std::string time_or_none(const std::optional<Time>& time) {
  return time ? to_iso8601(*time) : std::string("-");
}

int create_key(const Settings& settings, const KeyOptions& options) {
  const auto end = parse_end(options.expires);
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  InlineExecutor here;
  const auto account = account_of(here, opened.vault(), options.user);
  const auto kind = options.kind == "master" ? vault::KeyKind::kMaster : vault::KeyKind::kApi;
  const vault::KeyTerms terms{
      .scopes = {.read = options.scope != "write", .write = options.scope != "read"},
      .expires_at = end};
  const auto made = here.run(
      opened.vault().api_keys().create(vault::Actor::system(account), kind, options.label, terms));
  if (!made) throw UserError(made.error().message);
  fmt::print("{} key {}{} of {}; it is shown this once\n{}\n", vault::name_of(kind), kIdPrefix,
             made->key.id.value, options.user, made->secret);
  return kSuccess;
}

int list_keys(const Settings& settings, const KeyOptions& options) {
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  InlineExecutor here;
  const auto account = account_of(here, opened.vault(), options.user);
  vault::Page<vault::ApiKey> page;
  do {
    const auto after = page.items.empty() ? vault::ApiKeyId{} : page.items.back().id;
    page = here.run(opened.vault().api_keys().list(account, after));
    for (const auto& key : page.items) {
      fmt::print("{}{}\t{}\t{}…\t{}\t{}\t{}\t{}\t{}\n", kIdPrefix, key.id.value,
                 vault::name_of(key.kind), key.hint, scopes_text(key.scopes),
                 to_iso8601(key.created_at), time_or_none(key.expires_at),
                 time_or_none(key.used_at), key.name.empty() ? "-" : key.name);
    }
  } while (page.more);
  return kSuccess;
}

// `key_12` or `12`.
vault::ApiKeyId parse_id(std::string_view text) {
  if (text.starts_with(kIdPrefix)) text.remove_prefix(kIdPrefix.size());
  const auto id = vault::parse_id<vault::ApiKeyId>(text);
  if (!id) throw UserError(fmt::format("{} is not a key's id", text));
  return *id;
}

int revoke_key(const Settings& settings, const KeyOptions& options) {
  server::OpenVault opened = open_vault(settings, Scope::kExisting);
  InlineExecutor here;
  const auto account = account_of(here, opened.vault(), options.user);
  const auto done = here.run(
      opened.vault().api_keys().revoke(vault::Actor::system(account), parse_id(options.id)));
  if (!done) throw UserError(done.error().message);
  fmt::print("{} revoked\n", options.id);
  return kSuccess;
}

}  // namespace

void add_key(CLI::App& app, Run& run) {
  auto* group = app.add_subcommand("key", "Manage keys for programs; works while the server runs");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* text, auto action) {
    auto* command = group->add_subcommand(name, text);
    const auto flags = std::make_shared<SettingFlags>(*command, false);
    const auto options = std::make_shared<KeyOptions>();
    command->add_option("--user", options->user, "Username or e-mail address")->required();
    command->callback([&run, flags, options, action] {
      run = [flags, options, action] { return action(flags->load(), *options); };
    });
    return std::pair(command, options);
  };
  const auto create = add("create", "Create a key; the last line printed is the key", create_key);
  create.first
      ->add_option("--kind", create.second->kind,
                   "api: for Media Vault and StreamVault; master: for Quantum Storage")
      ->check(CLI::IsMember({"api", "master"}))
      ->capture_default_str();
  create.first
      ->add_option("--scope", create.second->scope,
                   "read: it changes nothing; write: it reads nothing; without it, both")
      ->check(CLI::IsMember({"read", "write"}));
  create.first->add_option(
      "--expires", create.second->expires,
      "When it ends: 90d from now, or 2030-01-31T12:00:00Z; without it, never");
  create.first->add_option("--label", create.second->label, "Name of the key in lists");
  add("list",
      "List the keys of an account: id, kind, first characters, scopes, made, end, last use, label",
      list_keys);
  const auto revoke = add("revoke", "Revoke a key at once", revoke_key);
  revoke.first->add_option("id", revoke.second->id, "The key's id, as list shows it")->required();
}

}  // namespace coffer::cli
