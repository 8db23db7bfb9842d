#include "vault/model/password_attempts.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <utility>

namespace coffer::vault {
namespace {

constexpr std::int64_t kSliceSeconds = 10;
// How long the address of a log-in is known as the account's.
constexpr std::int64_t kKnownSlices = std::int64_t{30} * 24 * 3600 / kSliceSeconds;

std::int64_t seconds_of(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

std::string name_of(PasswordCheck::Kind kind) {
  return kind == PasswordCheck::Kind::kLink ? "link " : "account ";
}

// The lengths keep two pairs apart, whatever is in them.
std::string pair_of(const PasswordCheck& check) {
  return name_of(check.kind) + std::to_string(check.account.size()) + ' ' + check.account + ' ' +
         check.address;
}

std::unexpected<Failure> too_many(std::uint32_t max, std::int64_t reset, Time now) {
  const std::int64_t wait = std::max<std::int64_t>(1, reset - seconds_of(now));
  Failure failure{
      .code = FailureCode::kRateLimited,
      .message = "Too many wrong passwords; try again in " + std::to_string(wait) + " seconds"};
  failure.limit = RateLimit{.per_minute = max,
                            .reset = Time(std::chrono::seconds(reset)),
                            .retry_after = std::chrono::seconds(wait)};
  return std::unexpected(std::move(failure));
}

}  // namespace

void PasswordAttempts::Window::move_to(std::int64_t slice) {
  constexpr auto kWidth = static_cast<std::int64_t>(kSlices);
  // Also where the clock was set back: else nobody would be let through until it catches up.
  if (slice - last >= kWidth || last - slice >= kWidth) {
    counts.fill(0);
    last = slice;
  }
  for (; last < slice; ++last) counts[(last + 1) % kSlices] = 0;
}

std::uint64_t PasswordAttempts::Window::total() const {
  std::uint64_t sum = 0;
  for (const std::uint32_t count : counts) sum += count;
  return sum;
}

PasswordAttempts::Shard& PasswordAttempts::shard_of(std::string_view key) {
  return shards_[std::hash<std::string_view>{}(key) % shards_.size()];
}

Result<void> PasswordAttempts::count(const std::string& key, std::int64_t slice, Time now,
                                     std::uint32_t max) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  auto found = shard.windows.find(key);
  if (found == shard.windows.end()) {
    if (shard.windows.size() >= kShardMax && shard.swept != slice) {
      std::erase_if(shard.windows, [&](const auto& item) {
        return slice - item.second.last >= static_cast<std::int64_t>(kSlices);
      });
      shard.swept = slice;
    }
    if (shard.windows.size() >= kShardMax) {
      return fail(FailureCode::kBusy, "too many log-ins at once, please try again in a moment");
    }
    found = shard.windows.emplace(key, Window{}).first;
    found->second.last = slice;
  }
  Window& window = found->second;
  window.move_to(slice);
  if (window.total() >= max) {
    // Until so many slices have left the window that one more fits.
    std::uint64_t left = window.total();
    std::int64_t oldest = window.last - static_cast<std::int64_t>(kSlices) + 1;
    for (; oldest < window.last; ++oldest) {
      left -= oldest >= 0 ? window.counts[oldest % kSlices] : 0;
      if (left < max) break;
    }
    return too_many(max, (oldest + static_cast<std::int64_t>(kSlices)) * kSliceSeconds, now);
  }
  ++window.counts[slice % kSlices];
  return {};
}

void PasswordAttempts::uncount(const std::string& key, std::int64_t slice) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.windows.find(key);
  if (found == shard.windows.end()) return;
  Window& window = found->second;
  if (std::abs(window.last - slice) >= static_cast<std::int64_t>(kSlices)) return;
  std::uint32_t& count = window.counts[slice % kSlices];
  if (count > 0) --count;
  if (window.total() == 0) shard.windows.erase(found);
}

bool PasswordAttempts::is_known(const std::string& pair, std::int64_t slice) {
  Shard& shard = shard_of(pair);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.known.find(pair);
  return found != shard.known.end() && slice < found->second;
}

Result<PasswordAttempts::Attempt> PasswordAttempts::begin(Time now,
                                                          std::optional<std::uint32_t> per_minute,
                                                          const PasswordCheck& check) {
  if (!per_minute) return Attempt{};
  Attempt attempt;
  attempt.slice = seconds_of(now) / kSliceSeconds;
  attempt.by_account = name_of(check.kind) + check.account;
  if (!check.address.empty()) {
    const std::string pair = pair_of(check);
    if (is_known(pair, attempt.slice)) attempt.by_account = "known " + pair;
    attempt.by_address = "address of " + name_of(check.kind) + check.address;
  }
  const auto of_account = count(attempt.by_account, attempt.slice, now, *per_minute);
  if (!of_account) return std::unexpected(of_account.error());
  if (attempt.by_address.empty()) return attempt;
  const auto of_address = count(attempt.by_address, attempt.slice, now, *per_minute);
  if (!of_address) {
    uncount(attempt.by_account, attempt.slice);
    return std::unexpected(of_address.error());
  }
  return attempt;
}

void PasswordAttempts::withdraw(const Attempt& attempt) {
  if (!attempt.by_account.empty()) uncount(attempt.by_account, attempt.slice);
  if (!attempt.by_address.empty()) uncount(attempt.by_address, attempt.slice);
}

void PasswordAttempts::succeeded(Time now, const PasswordCheck& check, const Attempt& attempt) {
  withdraw(attempt);
  if (attempt.by_address.empty()) return;
  const std::int64_t slice = seconds_of(now) / kSliceSeconds;
  const std::string pair = pair_of(check);
  Shard& shard = shard_of(pair);
  const std::lock_guard lock(shard.mutex);
  if (shard.known.size() >= kShardMax && !shard.known.contains(pair)) {
    std::erase_if(shard.known, [&](const auto& item) { return item.second <= slice; });
    if (shard.known.size() >= kShardMax) shard.known.clear();
  }
  shard.known[pair] = slice + kKnownSlices;
}

}  // namespace coffer::vault
