// The program's log: one JSON object a line on standard error, written by a thread of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace coffer::log {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  Field(std::string_view n, std::string_view v) : name(n), value(v) {}
  Field(std::string_view n, const char* v) : name(n), value(std::string_view(v)) {}
  Field(std::string_view n, bool v) : name(n), value(v) {}
  Field(std::string_view n, double v) : name(n), value(v) {}
  template <class Integer>
  requires std::is_integral_v<Integer> Field(std::string_view n, Integer v)
      : name(n), value(static_cast<std::int64_t>(v)) {}
};

// Lines below `level` are dropped. Called once, before the first thread is started.
void set_level(Level level);

// Writes `{"time":…,"level":…,"event":…,<fields>}`. Never blocks: when the writer cannot keep
// up, or nobody reads standard error, the oldest waiting lines are dropped and counted; a later
// line says how many. Some milliseconds may pass until a line is written; a program that is killed
// meanwhile loses it. Never pass a secret. Threads: any.
void write(Level level, std::string_view event, std::initializer_list<Field> fields) noexcept;

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::kInfo, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::kWarning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) noexcept {
  write(Level::kError, event, fields);
}

// Waits until all lines so far are written, at most a second. For the end of the program.
void flush() noexcept;

// Lines that were dropped since the program began. Threads: any.
std::uint64_t dropped_lines() noexcept;

// Lets one line through a second, of those that something could repeat very often. Threads: any.
class Throttle {
 public:
  // How many were held back since the last that was let through; nothing: hold this one back too.
  std::optional<std::uint64_t> admit() noexcept;

 private:
  std::atomic<std::int64_t> next_ = 0;  // of the steady clock, in milliseconds
  std::atomic<std::uint64_t> held_back_ = 0;
};

}  // namespace coffer::log
