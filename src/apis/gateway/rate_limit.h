// Requests a minute, counted by who asks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "http/message.h"

namespace coffer::apis {

// A window of a minute that slides: no minute, wherever it begins, has more requests of one caller
// than its limit. Small limits are exact; above kExactMax, times are kept to the second, so that a
// request counts for up to a second longer. A request costs the same however many came before.
// Threads: any.
class RateLimiter {
 public:
  static constexpr std::uint32_t kExactMax = 60;
  // Callers that are remembered. Beyond them, one that asked long ago is forgotten: its next minute
  // begins anew. All of them take 15 MB, or 150 MB if each is at a limit of 60 or more.
  static constexpr std::size_t kCallersMax = std::size_t{64} << 10U;

  // REQUIRES: `clock` outlives it.
  explicit RateLimiter(const Clock& clock) : clock_(clock) {}

  struct Decision {
    bool admitted;
    std::uint32_t limit;
    std::uint32_t remaining;
    std::int64_t reset;        // Unix time, seconds: when the oldest request counts no longer
    std::int64_t retry_after;  // seconds until then, 1 to 61

    // X-RateLimit-Limit, -Remaining and -Reset; Retry-After too when refused.
    void describe(http::Headers& headers) const;
  };

  // Counts one request of `who` against `per_minute`; one that is refused does not count. `who`
  // names the class too. REQUIRES: `per_minute` is at least 1, and the same for the same `who`.
  Decision admit(std::string_view who, std::uint32_t per_minute);

  // What admit() would say of the requests so far, without counting one. The same REQUIRES.
  Decision look(std::string_view who, std::uint32_t per_minute);

  // Callers remembered now.
  std::size_t callers() const;

 private:
  // Requests that count as if they had all come at the time of the last of them.
  struct Burst {
    Time last;
    std::uint32_t count = 0;
  };
  struct Caller {
    std::string who;
    // In order of time, those in the window from `begin` on: at most kExactMax + 2.
    std::vector<Burst> bursts;
    std::size_t begin = 0;
    Time newest;              // when the last burst began
    std::uint32_t count = 0;  // of the bursts in the window

    Time last() const { return bursts.empty() ? Time::min() : bursts.back().last; }
    void forget_until(Time end);
    void add(Time now, bool is_exact);
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Caller> callers;  // the one that asked last in front
    std::unordered_map<std::string_view, std::list<Caller>::iterator> by_name;

    Caller& touch(std::string_view who);
    void forget_idle(Time end, std::size_t max);
  };

  Shard& shard_of(std::string_view who) {
    return shards_[std::hash<std::string_view>{}(who) % shards_.size()];
  }

  const Clock& clock_;
  std::array<Shard, 16> shards_;
};

}  // namespace coffer::apis
