// A consumer of the event log: reads it in order, from where it stopped before.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/task.h"
#include "vault/events/events.h"

namespace coffer::events {

// Each event reaches a reader at least once, in the order of commits: its position is written down
// behind what it has confirmed, so that a process that was killed reads again what it had not
// confirmed. Threads: one at a time; two readers of one name share a position, and both see the
// events.
class Reader {
 public:
  static constexpr std::size_t kNameMax = 64;
  // 1 to kNameMax characters of `a-z`, `0-9`, `-` and `_`.
  static bool is_name(std::string_view name) noexcept;

  // A new name begins with the oldest event that is kept. REQUIRES: `log` outlives it; is_name().
  Reader(vault::Events& log, std::string name) : log_(log), name_(std::move(name)) {}

  // Up to `limit` events behind the last one that was confirmed, now or by an earlier reader of
  // this name; none: there are no more yet. The same ones again until they are confirmed.
  Task<vault::Events::Page> read(std::size_t limit);

  // The events up to `last` are dealt with, for good.
  Task<void> confirm(vault::EventId last);

 private:
  vault::Events& log_;
  const std::string name_;
};

}  // namespace coffer::events
