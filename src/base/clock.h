// Time, handed in so that tests can move it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coffer {

// A moment in UTC; the unit in which moments are stored is the microsecond.
using Time = std::chrono::sys_time<std::chrono::microseconds>;

// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

// The machine's clock.
const Clock& system_clock();

// A clock that stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : micros_(start.time_since_epoch().count()) {}
  Time now() const override { return Time(std::chrono::microseconds(micros_)); }
  void advance(std::chrono::microseconds by) { micros_ += by.count(); }

 private:
  std::atomic<std::int64_t> micros_;
};

// ISO 8601 with `Z`, to the second: `2023-05-30T10:00:00Z`. REQUIRES: a year from 1 to 9999.
std::string to_iso8601(Time time);
void append_iso8601(std::string& out, Time time);

// ISO 8601 as programs write it: `2023-05-30T10:00[:00[.000000]]`, a space may stand for the `T`,
// then `Z`, `+02:00` or nothing, which is UTC too. Nothing for any other text, a date that there
// is not, or a moment outside of the years 1 to 9999 in UTC, which are what to_iso8601() can write.
std::optional<Time> from_iso8601(std::string_view text);

// IMF-fixdate (RFC 9110 section 5.6.7): `Tue, 30 May 2023 10:00:00 GMT`.
std::string to_http_date(Time time);
// Any of the three forms of RFC 9110 section 5.6.7, else nothing.
std::optional<Time> from_http_date(std::string_view text);

// Microseconds since 1970, the form a moment has in the database, and back.
constexpr std::int64_t to_micros(Time time) noexcept { return time.time_since_epoch().count(); }
constexpr Time from_micros(std::int64_t micros) noexcept {
  return Time(std::chrono::microseconds(micros));
}

}  // namespace coffer
