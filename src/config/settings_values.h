// The kinds of value a setting can have, and their text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coffer::config {

enum class Kind : std::uint8_t {
  kText,      // of `min` bytes or more
  kUrl,       // text: `http(s)://host[:port][/path]`, or empty
  kInteger,   // a whole number from `min` to `max`
  kSize,      // bytes from `min` to `max`
  kDuration,  // milliseconds from `min` to `max`
  kBoolean,
  kChoice,     // one of `choices`; its value is the index among them
  kEndpoints,  // a list of `host:port`
  kNetworks,   // a list of IP addresses and CIDR ranges
  kOrigins,    // a list of web origins
};

struct Shape {
  Kind kind = Kind::kText;
  std::uint64_t min = 0;
  std::uint64_t max = 0;
  std::span<const std::string_view> choices = {};
};

constexpr bool is_list(Kind kind) {
  return kind == Kind::kEndpoints || kind == Kind::kNetworks || kind == Kind::kOrigins;
}

// A checked value: the number of kInteger, kSize (bytes), kDuration (milliseconds) and kChoice
// (index), the flag of kBoolean, the text or texts of the others.
using Value = std::variant<std::string, std::uint64_t, bool, std::vector<std::string>>;

// What a person is told is expected: `a size from 4KiB to 1MiB, such as 64KiB`. Every example fits
// the shape.
std::string expectation(const Shape& shape);

// The value that `text` says; nothing when it does not fit the shape. Lists are separated by
// commas, and empty text is the empty list.
std::optional<Value> parse_value(const Shape& shape, std::string_view text);

// A list's value from its items; nothing when one does not fit. REQUIRES: is_list(shape.kind).
std::optional<Value> check_items(const Shape& shape, std::vector<std::string> items);

// The value as parse_value() reads it, lists item by item: sizes and durations in their largest
// whole unit.
std::string size_text(std::uint64_t bytes);
std::string duration_text(std::uint64_t milliseconds);

// `host:port` or `[address]:port`; nothing when it is neither.
struct HostPort {
  std::string_view host;
  std::uint16_t port;
};
std::optional<HostPort> parse_endpoint(std::string_view text);

// How many single characters must change, come or go to turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace coffer::config
