#include "vault/keys.h"

#include <fmt/format.h>

#include "base/text.h"
#include "vault/checks.h"
#include "vault/entries.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kExtensionMax = 32;  // bytes, with the dot

constexpr db::Statement kFindKey{"SELECT id FROM entry WHERE space_id = $1 AND key = $2"};

// With its dot; empty when there is none worth keeping.
std::string_view extension_of(std::string_view key) {
  const std::size_t dot = key.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || key.size() - dot > kExtensionMax) return {};
  return key.substr(dot);
}

// `key` with `suffix` before its extension, cut to kKeyMax bytes before the suffix.
std::string with_suffix(std::string_view key, std::string_view suffix) {
  const std::string_view extension = extension_of(key);
  const std::string_view stem = key.substr(0, key.size() - extension.size());
  std::string out(truncate_utf8(stem, kKeyMax - suffix.size() - extension.size()));
  out += suffix;
  out += extension;
  return out;
}

}  // namespace

std::string key_from_name(std::string_view name) {
  std::string key;
  key.reserve(name.size());
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t control = control_length(name.substr(at));
    if (control > 0) {
      key += '_';
      at += control;
      continue;
    }
    key += name[at] == '/' || name[at] == '\\' ? '_' : name[at];
    ++at;
  }
  if (key.empty() || key == ".") return "_";
  if (key == "..") return "__";
  return with_suffix(key, {});
}

std::string numbered_key(std::string_view key, std::uint64_t number) {
  if (number == 1) return std::string(key);
  return with_suffix(key, fmt::format(" ({})", number));
}

Task<bool> has_key(db::Transaction& transaction, SpaceId space, const std::string& key) {
  const auto id = co_await transaction.find(
      kFindKey, [](const db::Row& row) { return row.integer(0); }, space, as_bytes(key));
  co_return id.has_value();
}

// Doubles the number until it is free, then halves the distance to the last one taken. Where
// numbers in between were freed, any of them is as good.
Task<std::string> free_key(db::Transaction& transaction, SpaceId space, std::string key) {
  std::uint64_t used = 1;
  std::uint64_t free = 2;
  for (;;) {
    const std::string candidate = numbered_key(key, free);
    const bool has = co_await has_key(transaction, space, candidate);
    if (!has) break;
    used = free;
    free *= 2;
  }
  while (free - used > 1) {
    const std::uint64_t middle = used + (free - used) / 2;
    const std::string candidate = numbered_key(key, middle);
    const bool has = co_await has_key(transaction, space, candidate);
    (has ? used : free) = middle;
  }
  co_return numbered_key(key, free);
}

}  // namespace coffer::vault
