#include "apis/gateway/rate_limit.h"

#include <algorithm>
#include <chrono>

namespace coffer::apis {
namespace {

constexpr std::chrono::seconds kWindow{60};
constexpr std::chrono::seconds kBurst{1};
// Idle callers that one request clears away: more than it can add.
constexpr int kForgottenAtOnce = 2;

}  // namespace

void RateLimiter::Caller::forget_until(Time end) {
  for (; begin < bursts.size() && bursts[begin].last <= end; ++begin) {
    count -= bursts[begin].count;
  }
  // So each burst is moved once at most for every one that was forgotten.
  if (begin * 2 >= bursts.size()) {
    bursts.erase(bursts.begin(), bursts.begin() + static_cast<std::ptrdiff_t>(begin));
    begin = 0;
  }
}

void RateLimiter::Caller::add(Time now, bool is_exact) {
  ++count;
  if (!is_exact && begin < bursts.size() && now - newest < kBurst) {
    bursts.back().last = now;
    ++bursts.back().count;
  } else {
    bursts.push_back({.last = now, .count = 1});
    newest = now;
  }
}

RateLimiter::Caller& RateLimiter::Shard::touch(std::string_view who) {
  const auto known = by_name.find(who);
  if (known != by_name.end()) {
    callers.splice(callers.begin(), callers, known->second);
  } else {
    callers.emplace_front().who = who;
    by_name.emplace(callers.front().who, callers.begin());
  }
  return callers.front();
}

void RateLimiter::Shard::forget_idle(Time end, std::size_t max) {
  for (int i = 0; i < kForgottenAtOnce && callers.size() > 1; ++i) {
    const Caller& idlest = callers.back();
    if (idlest.last() > end && callers.size() <= max) break;
    by_name.erase(idlest.who);
    callers.pop_back();
  }
}

RateLimiter::Decision RateLimiter::admit(std::string_view who, std::uint32_t per_minute) {
  Shard& shard = shard_of(who);
  const std::lock_guard lock(shard.mutex);
  Time now = clock_.now();
  Caller& caller = shard.touch(who);
  // The machine's clock may be set back: a little is waited for, more must lock nobody out.
  if (caller.last() > now + kWindow) caller.forget_until(Time::max());
  now = std::max(now, caller.last());
  caller.forget_until(now - kWindow);
  const bool admitted = caller.count < per_minute;
  if (admitted) caller.add(now, per_minute <= kExactMax);
  const Time free_at = caller.bursts[caller.begin].last + kWindow;
  const std::uint32_t remaining = per_minute - std::min(caller.count, per_minute);
  shard.forget_idle(now - kWindow, kCallersMax / shards_.size());
  using std::chrono::ceil;
  using std::chrono::seconds;
  return {.admitted = admitted,
          .limit = per_minute,
          .remaining = remaining,
          .reset = ceil<seconds>(free_at).time_since_epoch().count(),
          .retry_after = std::max<std::int64_t>(1, ceil<seconds>(free_at - now).count())};
}

RateLimiter::Decision RateLimiter::look(std::string_view who, std::uint32_t per_minute) {
  Shard& shard = shard_of(who);
  const std::lock_guard lock(shard.mutex);
  const Time now = clock_.now();
  Time free_at = now;
  std::uint32_t count = 0;
  const auto known = shard.by_name.find(who);
  if (known != shard.by_name.end()) {
    Caller& caller = *known->second;
    caller.forget_until(now - kWindow);
    count = std::min(caller.count, per_minute);
    if (count > 0) free_at = caller.bursts[caller.begin].last + kWindow;
  }
  return {.admitted = true,
          .limit = per_minute,
          .remaining = per_minute - count,
          .reset = std::chrono::ceil<std::chrono::seconds>(free_at).time_since_epoch().count(),
          .retry_after = 1};
}

std::size_t RateLimiter::callers() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.callers.size();
  }
  return count;
}

void RateLimiter::Decision::describe(http::Headers& headers) const {
  headers.set("X-RateLimit-Limit", std::to_string(limit));
  headers.set("X-RateLimit-Remaining", std::to_string(remaining));
  headers.set("X-RateLimit-Reset", std::to_string(reset));
  if (!admitted) headers.set("Retry-After", std::to_string(retry_after));
}

}  // namespace coffer::apis
