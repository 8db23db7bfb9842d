#include "apis/gateway/accept.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "base/text.h"

namespace coffer::apis {
namespace {

constexpr unsigned kWhole = 1000;
constexpr std::size_t kDecimals = 3;

// `0`, `0.8`, `1.000` in thousandths; nothing for what is no qvalue.
std::optional<unsigned> parse_quality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  unsigned value = text[0] == '1' ? kWhole : 0;
  text.remove_prefix(1);
  if (text.empty()) return value;
  if (text[0] != '.' || text.size() > 1 + kDecimals) return std::nullopt;
  unsigned weight = kWhole / 10;
  for (const char digit : text.substr(1)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value += static_cast<unsigned>(digit - '0') * weight;
    weight /= 10;
  }
  if (value > kWhole) return std::nullopt;
  return value;
}

// How closely a range names a type: 3 the type, 2 its top level, 1 everything; 0: not at all.
int closeness(std::string_view range, std::string_view media_type) {
  if (equal_ignoring_case(range, media_type)) return 3;
  if (range == "*/*") return 1;
  if (!range.ends_with("/*")) return 0;
  const std::size_t slash = media_type.find('/');
  const bool is_above =
      equal_ignoring_case(range.substr(0, range.size() - 2), media_type.substr(0, slash));
  return is_above ? 2 : 0;
}

// Takes the text up to `mark`, or all of it, off the front of `rest`.
std::string_view take(std::string_view& rest, char mark) {
  const std::size_t end = std::min(rest.find(mark), rest.size());
  const std::string_view taken = trim(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return taken;
}

// The weight of the closest of the elements of `field`. `closeness_of`: of an element's range, 0
// where it is another one.
template <class ClosenessOf>
unsigned closest_quality(const std::string& field, ClosenessOf closeness_of) {
  int closest = 0;
  unsigned quality = 0;
  for (std::string_view elements = field; !elements.empty();) {
    std::string_view element = take(elements, ',');
    const int close = closeness_of(take(element, ';'));
    std::optional<unsigned> value = kWhole;
    while (!element.empty()) {
      const std::string_view parameter = take(element, ';');
      const bool is_weight =
          parameter.size() >= 2 && equal_ignoring_case(parameter.substr(0, 2), "q=");
      if (is_weight) value = parse_quality(parameter.substr(2));
    }
    if (close == 0 || !value || close < closest) continue;
    quality = close > closest ? *value : std::max(quality, *value);
    closest = close;
  }
  return quality;
}

}  // namespace

unsigned accept_quality(const http::Request& request, std::string_view media_type) {
  const auto field = request.headers.joined("Accept");
  if (!field || trim(*field).empty()) return kWhole;
  return closest_quality(*field,
                         [&](std::string_view range) { return closeness(range, media_type); });
}

unsigned accept_coding_quality(const http::Request& request, std::string_view coding) {
  const auto field = request.headers.joined("Accept-Encoding");
  if (!field) return kWhole;
  return closest_quality(*field, [&](std::string_view range) {
    if (equal_ignoring_case(range, coding)) return 2;
    return range == "*" ? 1 : 0;
  });
}

bool prefers_page(const http::Request& request) {
  return accept_quality(request, "text/html") > accept_quality(request, "application/json");
}

}  // namespace coffer::apis
