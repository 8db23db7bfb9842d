#include "config/settings_values.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>

#include "base/text.h"

namespace coffer::config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

// In each table the unit that writing prefers comes before its equals, and larger ones first.
constexpr std::uint64_t kKibi = 1024;
constexpr std::uint64_t kKilo = 1000;
constexpr auto kSizeUnits = std::to_array<Unit>({{"TiB", kKibi* kKibi* kKibi* kKibi},
                                                 {"GiB", kKibi* kKibi* kKibi},
                                                 {"MiB", kKibi* kKibi},
                                                 {"KiB", kKibi},
                                                 {"TB", kKilo* kKilo* kKilo* kKilo},
                                                 {"GB", kKilo* kKilo* kKilo},
                                                 {"MB", kKilo* kKilo},
                                                 {"kB", kKilo},
                                                 {"KB", kKilo},
                                                 {"B", 1},
                                                 {"", 1}});
constexpr std::size_t kBinaryUnits = 4;
constexpr auto kDurationUnits = std::to_array<Unit>(
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}});

constexpr auto kSizeExamples =
    std::to_array<std::string_view>({"10GiB", "64MiB", "32KiB", "4096", "0"});
constexpr auto kDurationExamples =
    std::to_array<std::string_view>({"500ms", "30s", "5m", "12h", "7d"});

// A whole number followed by one of `units`, spaces between them allowed.
std::optional<std::uint64_t> parse_amount(std::span<const Unit> units, std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = parse_unsigned(text.substr(0, digits));
  if (!count) return std::nullopt;
  const auto unit = std::ranges::find(units, trim(text.substr(digits)), &Unit::name);
  if (unit == units.end()) return std::nullopt;
  if (*count > std::numeric_limits<std::uint64_t>::max() / unit->factor) return std::nullopt;
  return *count * unit->factor;
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t kLongestName = 253;
  return !text.empty() && text.size() <= kLongestName && std::ranges::all_of(text, [](char c) {
    const char lower = to_lower_ascii(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_';
  });
}

bool is_address(int family, std::string_view text) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(family, std::string(text).c_str(), address.data()) == 1;
}

bool is_network(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const bool is_v4 = is_address(AF_INET, address);
  if (!is_v4 && !is_address(AF_INET6, address)) return false;
  if (slash == std::string_view::npos) return true;
  const auto prefix = parse_unsigned(text.substr(slash + 1));
  return prefix && *prefix <= (is_v4 ? 32U : 128U);
}

// The authority and what follows it of an http or https URL.
std::optional<std::string_view> after_scheme(std::string_view text) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (text.starts_with(scheme)) return text.substr(scheme.size());
  }
  return std::nullopt;
}

bool is_authority(std::string_view text) {
  if (is_host_name(text)) return true;
  if (text.starts_with('[') && text.ends_with(']')) {
    return is_address(AF_INET6, text.substr(1, text.size() - 2));
  }
  return parse_endpoint(text).has_value();
}

bool is_url(std::string_view text) {
  if (text.empty()) return true;
  const auto rest = after_scheme(text);
  return rest && is_authority(rest->substr(0, rest->find('/'))) &&
         std::ranges::all_of(*rest, [](char c) { return c > ' ' && c < '\x7f'; }) &&
         rest->find_first_of("?#\"\\<>") == std::string_view::npos;
}

bool is_origin(std::string_view text) {
  const auto rest = after_scheme(text);
  return text == "*" || (rest && is_authority(*rest));
}

std::optional<Value> within(const Shape& shape, std::optional<std::uint64_t> number) {
  if (!number || *number < shape.min || *number > shape.max) return std::nullopt;
  return Value(*number);
}

// ", such as 64MiB, 32KiB or 0": those of `examples` that fit the shape.
std::string such_as(const Shape& shape, std::span<const std::string_view> examples) {
  std::vector<std::string_view> fitting;
  std::ranges::copy_if(examples, std::back_inserter(fitting),
                       [&](std::string_view text) { return parse_value(shape, text).has_value(); });
  if (fitting.empty()) return {};
  const std::string_view last = fitting.back();
  fitting.pop_back();
  if (fitting.empty()) return fmt::format(", such as {}", last);
  return fmt::format(", such as {} or {}", fmt::join(fitting, ", "), last);
}

std::string amount_text(std::span<const Unit> units, std::uint64_t amount) {
  for (const Unit& unit : units) {
    if (amount != 0 && amount % unit.factor == 0) {
      return fmt::format("{}{}", amount / unit.factor, unit.name);
    }
  }
  return {};
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
  const std::string text = amount_text(std::span(kSizeUnits).first(kBinaryUnits), bytes);
  return text.empty() ? fmt::format("{}", bytes) : text;
}

std::string duration_text(std::uint64_t milliseconds) {
  const std::string text = amount_text(kDurationUnits, milliseconds);
  return text.empty() ? "0s" : text;
}

std::string expectation(const Shape& shape) {
  constexpr auto kUnbounded = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  switch (shape.kind) {
    case Kind::kText: return shape.min == 0 ? "text" : "text that is not empty";
    case Kind::kUrl: return "a URL such as https://vault.example.org, without a query";
    case Kind::kInteger: return fmt::format("a whole number from {} to {}", shape.min, shape.max);
    case Kind::kSize: {
      const std::string examples = such_as(shape, kSizeExamples);
      if (shape.max != kUnbounded) {
        return fmt::format("a size from {} to {}{}", size_text(shape.min), size_text(shape.max),
                           examples);
      }
      if (shape.min == 0) return fmt::format("a size in bytes{}", examples);
      return fmt::format("a size of at least {}{}", size_text(shape.min), examples);
    }
    case Kind::kDuration:
      return fmt::format("a duration from {} to {}{}", duration_text(shape.min),
                         duration_text(shape.max), such_as(shape, kDurationExamples));
    case Kind::kBoolean: return "true or false";
    case Kind::kChoice: return fmt::format("one of {}", fmt::join(shape.choices, ", "));
    case Kind::kEndpoints: return "a list of host:port, such as 127.0.0.1:8080 or [::1]:8080";
    case Kind::kNetworks: return "a list of IP addresses or ranges, such as 10.0.0.0/8 or ::1";
    case Kind::kOrigins: break;
  }
  return "a list of origins, such as https://app.example.org, or * for all";
}

std::optional<HostPort> parse_endpoint(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_unsigned(text.substr(colon + 1));
  if (!port || *port > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!is_address(AF_INET6, host)) return std::nullopt;
  } else if (!is_host_name(host)) {
    return std::nullopt;
  }
  return HostPort{host, static_cast<std::uint16_t>(*port)};
}

std::optional<Value> check_items(const Shape& shape, std::vector<std::string> items) {
  const bool fit = std::ranges::all_of(items, [&](const std::string& item) {
    switch (shape.kind) {
      case Kind::kEndpoints: return parse_endpoint(item).has_value();
      case Kind::kNetworks: return is_network(item);
      default: return is_origin(item);
    }
  });
  if (!fit) return std::nullopt;
  return Value(std::move(items));
}

std::optional<Value> parse_value(const Shape& shape, std::string_view text) {
  switch (shape.kind) {
    case Kind::kText:
      if (text.size() < shape.min || !is_utf8(text) || text.find('\0') != std::string_view::npos)
        return std::nullopt;
      return Value(std::string(text));
    case Kind::kUrl:
      if (!is_url(text)) return std::nullopt;
      while (text.ends_with('/')) text.remove_suffix(1);
      return Value(std::string(text));
    case Kind::kInteger: return within(shape, parse_unsigned(text));
    case Kind::kSize: return within(shape, parse_amount(kSizeUnits, text));
    // No time at all needs no unit.
    case Kind::kDuration:
      return within(shape, text == "0" ? 0 : parse_amount(kDurationUnits, text));
    case Kind::kBoolean:
      if (text != "true" && text != "false") return std::nullopt;
      return Value(text == "true");
    case Kind::kChoice: {
      const auto choice = std::ranges::find(shape.choices, text);
      if (choice == shape.choices.end()) return std::nullopt;
      return Value(static_cast<std::uint64_t>(choice - shape.choices.begin()));
    }
    case Kind::kEndpoints:
    case Kind::kNetworks:
    case Kind::kOrigins: break;
  }
  std::vector<std::string> items;
  if (!trim(text).empty()) {
    std::size_t start = 0;
    std::size_t comma = 0;
    do {
      comma = text.find(',', start);
      items.emplace_back(trim(text.substr(start, comma - start)));
      start = comma + 1;
    } while (comma != std::string_view::npos);
  }
  return check_items(shape, std::move(items));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  // One row of the usual table at a time: row[j] is the distance of a's first i to b's first j.
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace coffer::config
