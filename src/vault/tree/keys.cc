#include "vault/tree/keys.h"

#include <fmt/format.h>

#include "base/text.h"
#include "vault/model/checks.h"
#include "vault/model/sql.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr std::size_t kExtensionMax = 32;  // bytes, with the dot

constexpr auto kFolderText =
    sql("SELECT id FROM entry WHERE id = $1 AND space_id = $2 AND is_folder = 1", kIsLive);
constexpr db::Statement kFolder{kFolderText.data()};
constexpr db::Statement kFindKeys{
    "SELECT id FROM entry WHERE space_id = $1 AND parent_id = $2 AND is_folder IN (0, 1)"
    " AND key IN ($3, $4)"};

// With its dot; empty when there is none worth keeping.
std::string_view extension_of(std::string_view segment) {
  const std::size_t dot = segment.rfind('.');
  const bool none = dot == std::string_view::npos || dot == 0;
  if (none || segment.size() - dot > kExtensionMax) return {};
  return segment.substr(dot);
}

// `segment` with `suffix` before its extension, cut to kSegmentMax bytes before the suffix.
std::string with_suffix(std::string_view segment, std::string_view suffix,
                        std::string_view extension) {
  const std::string_view stem = segment.substr(0, segment.size() - extension.size());
  std::string out(truncate_utf8(stem, kSegmentMax - suffix.size() - extension.size()));
  out += suffix;
  out += extension;
  return out;
}

// `key` with a number in it.
std::string numbered(std::string_view key, std::uint64_t number) {
  const bool is_folder = key.ends_with('/');
  if (is_folder) key.remove_suffix(1);
  const std::string_view extension = is_folder ? std::string_view() : extension_of(key);
  std::string out = with_suffix(key, fmt::format(" ({})", number), extension);
  if (is_folder) out += '/';
  return out;
}

std::int64_t integer_from(const db::Row& row) { return row.integer(0); }

}  // namespace

std::string segment_from_name(std::string_view name) {
  std::string segment;
  segment.reserve(name.size());
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t control = control_length(name.substr(at));
    if (control > 0) {
      segment += '_';
      at += control;
      continue;
    }
    segment += name[at] == '/' || name[at] == '\\' ? '_' : name[at];
    ++at;
  }
  if (segment.empty() || segment == ".") return "_";
  if (segment == "..") return "__";
  return with_suffix(segment, {}, extension_of(segment));
}

bool is_segment(std::string_view name) { return is_utf8(name) && segment_from_name(name) == name; }

std::optional<Failure> check_path(std::span<const std::string> names) {
  std::size_t length = 0;
  for (const std::string& name : names) {
    if (!is_segment(name)) return invalid("name", "cannot be part of a path").error();
    length += name.size() + 1;
  }
  if (length > kPathMax) {
    return invalid("name", fmt::format("makes a path of more than {} bytes", kPathMax)).error();
  }
  if (names.size() > kDepthMax) return path_too_deep().error();
  return std::nullopt;
}

std::string key_from_name(std::string_view name, FileKind kind) {
  std::string key = segment_from_name(name);
  if (kind == FileKind::kFolder) key += '/';
  return key;
}

std::string counterpart(std::string_view key) {
  if (key.ends_with('/')) return std::string(key.substr(0, key.size() - 1));
  std::string folder(key);
  folder += '/';
  return folder;
}

Task<std::optional<ParentRef>> find_place(db::Transaction& transaction, SpaceId space,
                                          std::optional<EntryId> folder) {
  if (!folder) co_return ParentRef{.space = space};
  const auto found = co_await transaction.find(kFolder, integer_from, *folder, space);
  if (!found) co_return std::nullopt;
  co_return ParentRef{.space = space, .folder = folder};
}

Task<bool> is_taken(db::Transaction& transaction, const ParentRef& place, const std::string& key) {
  const std::string other = counterpart(key);
  const auto id =
      co_await transaction.find(kFindKeys, integer_from, place.space,
                                place.folder.value_or(EntryId{}), as_bytes(key), as_bytes(other));
  co_return id.has_value();
}

// Doubles the number until it is free, then halves the distance to the last one taken. Where
// numbers in between were freed, any of them is as good.
Task<std::string> free_key(db::Transaction& transaction, const ParentRef& place, std::string key) {
  std::uint64_t used = 1;
  std::uint64_t free = 2;
  for (;;) {
    const std::string candidate = numbered(key, free);
    const bool taken = co_await is_taken(transaction, place, candidate);
    if (!taken) break;
    used = free;
    free *= 2;
  }
  while (free - used > 1) {
    const std::uint64_t middle = used + (free - used) / 2;
    const std::string candidate = numbered(key, middle);
    const bool taken = co_await is_taken(transaction, place, candidate);
    (taken ? used : free) = middle;
  }
  co_return numbered(key, free);
}

std::unexpected<Failure> no_such_folder() {
  return std::unexpected(Failure{.code = FailureCode::kNotFound,
                                 .message = "there is no such folder",
                                 .fields = {{"parent", "is no folder here"}}});
}

std::unexpected<Failure> path_too_deep() {
  return invalid("name", fmt::format("would lie in more than {} folders", kDepthMax));
}

}  // namespace coffer::vault
