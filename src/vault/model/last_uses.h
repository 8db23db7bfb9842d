// When sessions and keys were last used, until it is written down: a request that is recognised by
// one neither writes nor waits for it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace coffer::vault {

// What was written down less than this ago is near enough, and nothing is noted.
inline constexpr std::chrono::minutes kUsePrecision{1};

// Forgets what was not taken with the program. Threads: any.
template <class IdType>
class LastUses {
 public:
  // More are not noted until some were taken.
  static constexpr std::size_t kMax = std::size_t{64} << 10U;

  // `written`: what is written down.
  void note(IdType id, Time now, std::optional<Time> written) {
    if (written && now - *written < kUsePrecision) return;
    Shard& shard = shard_of(id);
    const std::lock_guard lock(shard.mutex);
    const auto known = shard.uses.find(id.value);
    if (known != shard.uses.end()) {
      known->second = std::max(known->second, now);
    } else if (shard.uses.size() < kMax / kShards) {
      shard.uses.emplace(id.value, now);
    }
  }

  // Nothing where nothing is noted.
  std::optional<Time> find(IdType id) {
    Shard& shard = shard_of(id);
    const std::lock_guard lock(shard.mutex);
    const auto known = shard.uses.find(id.value);
    return known == shard.uses.end() ? std::nullopt : std::optional(known->second);
  }

  // Up to `limit` of them, which are forgotten here.
  std::vector<std::pair<IdType, Time>> take(std::size_t limit) {
    std::vector<std::pair<IdType, Time>> taken;
    for (Shard& shard : shards_) {
      const std::lock_guard lock(shard.mutex);
      while (taken.size() < limit && !shard.uses.empty()) {
        const auto first = shard.uses.begin();
        taken.emplace_back(IdType{first->first}, first->second);
        shard.uses.erase(first);
      }
    }
    return taken;
  }

 private:
  static constexpr std::size_t kShards = 16;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::int64_t, Time> uses;
  };
  Shard& shard_of(IdType id) { return shards_[static_cast<std::uint64_t>(id.value) % kShards]; }

  std::array<Shard, kShards> shards_;
};

}  // namespace coffer::vault
