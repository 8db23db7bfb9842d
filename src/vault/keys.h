// How names for people become keys, and keys become unique.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/task.h"
#include "db/database.h"
#include "vault/types.h"

namespace coffer::vault {

inline constexpr std::size_t kKeyMax = 255;  // bytes

// `song.mp3` and 2 give `song (2).mp3`, at most kKeyMax bytes; 1 gives the key itself.
std::string numbered_key(std::string_view key, std::uint64_t number);

// A key like `key` that `space` does not have. REQUIRES: it has `key`.
// Asks about as often as the number of keys like it has binary digits, twice.
Task<std::string> free_key(db::Transaction& transaction, SpaceId space, std::string key);

// Whether `space` has `key`.
Task<bool> has_key(db::Transaction& transaction, SpaceId space, const std::string& key);

}  // namespace coffer::vault
