// Where entries stand: how display names become keys, and keys become unique in their folder.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/task.h"
#include "db/database.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

inline constexpr std::size_t kSegmentMax = 255;  // bytes of a key, without the slash
inline constexpr std::size_t kDepthMax = 100;    // folders, one inside the other
inline constexpr std::size_t kPathMax = 4096;    // bytes of a path that a caller spells

// Nothing when `space` has no such folder. Asks nothing for the space itself.
Task<std::optional<ParentRef>> find_place(db::Transaction& transaction, SpaceId space,
                                          std::optional<EntryId> folder);

// A display name as a key: control characters and slashes become `_`, never empty, `.` or `..`, at
// most kSegmentMax bytes, cut so that the extension stays.
std::string segment_from_name(std::string_view name);

// Whether `name` is what a key has of it: UTF-8 that segment_from_name() leaves as it is.
bool is_segment(std::string_view name);
// kInvalid with a fault of `name` unless every name is a segment and the path is neither too long
// nor too deep; nothing when all is well.
std::optional<Failure> check_path(std::span<const std::string> names);

// The key of what is called `name`, if nothing else at its place is called so.
std::string key_from_name(std::string_view name, FileKind kind);

// The key that `key` has where the other kind, file or folder, has the name: `a` and `a/`.
std::string counterpart(std::string_view key);

// Whether a file or a folder at `place` has the name that `key` gives.
Task<bool> is_taken(db::Transaction& transaction, const ParentRef& place, const std::string& key);

// A key like `key` that is not taken: `song (2).mp3`, `Music (2)/`. REQUIRES: `key` is.
// Asks about as often as the number of keys like it has binary digits, twice.
Task<std::string> free_key(db::Transaction& transaction, const ParentRef& place, std::string key);

std::unexpected<Failure> no_such_folder();
std::unexpected<Failure> path_too_deep();

}  // namespace coffer::vault
