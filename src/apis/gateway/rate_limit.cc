#include "apis/gateway/rate_limit.h"

#include <algorithm>
#include <chrono>

namespace coffer::apis {

RateLimiter::Decision RateLimiter::admit(std::string_view who, std::uint32_t per_minute) {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch();
  const std::int64_t minute = now.count() / 60;
  Shard& shard = shards_[Hash{}(who) % shards_.size()];
  std::uint32_t count = 0;
  {
    const std::lock_guard lock(shard.mutex);
    if (shard.swept != minute) {
      std::erase_if(shard.windows, [&](const auto& item) { return item.second.minute != minute; });
      shard.swept = minute;
    }
    auto found = shard.windows.find(who);
    if (found == shard.windows.end()) found = shard.windows.emplace(who, Window{minute, 0}).first;
    count = ++found->second.count;
    // Stays put once it is over, so that a flood cannot wrap it around.
    found->second.count = std::min(count, per_minute + 1);
  }
  const std::int64_t reset = (minute + 1) * 60;
  return {count <= per_minute, per_minute, per_minute - std::min(count, per_minute), reset,
          std::max<std::int64_t>(1, reset - now.count())};
}

void RateLimiter::Decision::describe(http::Headers& headers) const {
  headers.set("X-RateLimit-Limit", std::to_string(limit));
  headers.set("X-RateLimit-Remaining", std::to_string(remaining));
  headers.set("X-RateLimit-Reset", std::to_string(reset));
  if (!admitted) headers.set("Retry-After", std::to_string(retry_after));
}

}  // namespace coffer::apis
