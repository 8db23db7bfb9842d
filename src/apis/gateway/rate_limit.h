// Requests a minute, counted by who asks.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "http/message.h"

namespace coffer::apis {

// Fixed windows of a minute. Threads: any.
class RateLimiter {
 public:
  // REQUIRES: `clock` outlives it.
  explicit RateLimiter(const Clock& clock) : clock_(clock) {}

  struct Decision {
    bool admitted;
    std::uint32_t limit;
    std::uint32_t remaining;
    std::int64_t reset;        // Unix time, seconds
    std::int64_t retry_after;  // seconds until then, at least 1

    // X-RateLimit-Limit, -Remaining and -Reset; Retry-After too when refused.
    void describe(http::Headers& headers) const;
  };

  // Counts one request of `who` against `per_minute`. `who` names the class too.
  Decision admit(std::string_view who, std::uint32_t per_minute);

 private:
  struct Window {
    std::int64_t minute = 0;
    std::uint32_t count = 0;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Window, Hash, std::equal_to<>> windows;
    std::int64_t swept = 0;  // minute
  };

  const Clock& clock_;
  std::array<Shard, 16> shards_;
};

}  // namespace coffer::apis
