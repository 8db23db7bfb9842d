#include "media/worker/dates.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "base/text.h"

namespace coffer::media {
namespace {

// Reads text from its start.
class Scanner {
 public:
  explicit Scanner(std::string_view text) noexcept : text_(text) {}

  bool ended() const noexcept { return text_.empty(); }
  char peek() const noexcept { return text_.empty() ? '\0' : text_.front(); }
  bool accept(std::string_view any) noexcept {
    if (text_.empty() || any.find(text_.front()) == any.npos) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` digits, which are at most nine.
  std::optional<int> number(std::size_t digits) noexcept {
    if (text_.size() < digits) return std::nullopt;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!is_digit(text_[i])) return std::nullopt;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return value;
  }
  // One or two digits.
  std::optional<int> short_number() noexcept {
    return text_.size() > 1 && is_digit(text_[1]) ? number(2) : number(1);
  }
  // Millionths of what stands behind a decimal point.
  int fraction() noexcept {
    int value = 0;
    int weight = 100'000;
    while (is_digit(peek())) {
      value += weight * (peek() - '0');
      weight /= 10;
      text_.remove_prefix(1);
    }
    return value;
  }
  std::string_view rest() const noexcept { return text_; }

 private:
  static bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
  std::string_view text_;
};

std::optional<std::int64_t> day_micros(int year, int month, int day) noexcept {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(year), std::chrono::month(unsigned(month)),
                            std::chrono::day(unsigned(day))};
  if (!date.ok() || year < 1800) return std::nullopt;
  return duration_cast<microseconds>(sys_days(date).time_since_epoch()).count();
}

}  // namespace

std::optional<std::int16_t> parse_offset(std::string_view text) noexcept {
  text = trim(text.substr(0, text.find('\0')));
  if (text == "Z" || text == "z") return std::int16_t{0};
  Scanner in(text);
  const char sign = in.peek();
  if (!in.accept("+-")) return std::nullopt;
  const auto hours = in.number(2);
  in.accept(":");
  const auto minutes = in.ended() ? std::optional(0) : in.number(2);
  if (!hours || !minutes || *hours > 18 || *minutes > 59) return std::nullopt;
  const int total = *hours * 60 + *minutes;
  return static_cast<std::int16_t>(sign == '-' ? -total : total);
}

std::optional<Moment> parse_moment(std::string_view text) noexcept {
  text = trim(text.substr(0, text.find('\0')));
  Scanner in(text);
  const auto year = in.number(4);
  if (!year) return std::nullopt;
  int month = 1;
  int day = 1;
  if (in.accept(":-/.")) {
    const auto value = in.short_number();
    if (!value) return std::nullopt;
    month = *value;
    if (in.accept(":-/.")) {
      const auto day_value = in.short_number();
      if (!day_value) return std::nullopt;
      day = *day_value;
    }
  } else if (text.size() >= 8 && in.peek() >= '0' && in.peek() <= '9') {
    const auto month_value = in.number(2);
    const auto day_value = in.number(2);
    if (!month_value || !day_value) return std::nullopt;
    month = *month_value;
    day = *day_value;
  } else if (!in.ended()) {
    return std::nullopt;
  }
  const auto date = day_micros(*year, month, day);
  if (!date) return std::nullopt;
  Moment moment{*date, std::nullopt};
  if (!in.accept("T ") && !in.ended()) return std::nullopt;
  while (in.accept(" ")) {
  }
  if (in.ended()) return moment;

  const auto hour = in.short_number();
  if (!hour || *hour > 23 || !(in.accept(":") || (in.peek() >= '0' && in.peek() <= '9'))) {
    return std::nullopt;
  }
  const auto minute = in.short_number();
  if (!minute || *minute > 59) return std::nullopt;
  int second = 0;
  int micros = 0;
  if (in.accept(":") || (in.peek() >= '0' && in.peek() <= '9')) {
    const auto value = in.short_number();
    if (!value || *value > 60) return std::nullopt;
    second = std::min(*value, 59);  // a leap second ends the minute
    if (in.accept(".,")) micros = in.fraction();
  }
  moment.local_micros += ((*hour * 60LL + *minute) * 60 + second) * 1'000'000LL + micros;
  const std::string_view zone = trim(in.rest());
  if (!zone.empty()) {
    moment.offset_minutes = parse_offset(zone);
    if (!moment.offset_minutes) return std::nullopt;
  }
  return moment;
}

std::optional<Coordinates> coordinates(double latitude, double longitude) noexcept {
  if (!(std::abs(latitude) <= 90) || !(std::abs(longitude) <= 180)) return std::nullopt;
  if (latitude == 0 && longitude == 0) return std::nullopt;
  return Coordinates{static_cast<std::int32_t>(std::lround(latitude * 1e7)),
                     static_cast<std::int32_t>(std::lround(longitude * 1e7))};
}

namespace {

// One part of ISO 6709, with `degree_digits` digits for whole degrees.
std::optional<double> iso6709_part(std::string_view& text, std::size_t degree_digits) noexcept {
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const double sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const std::size_t end = std::min(text.find_first_of("+-/"), text.size());
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end);
  const std::size_t whole = std::min(part.find('.'), part.size());
  // Degrees, minutes and seconds are all there is before the point.
  if (part.empty() || part.size() > 20 || whole > degree_digits + 4) return std::nullopt;
  Scanner in(part);
  const auto value = in.number(whole);
  if (!value) return std::nullopt;
  const double fraction = in.accept(".") ? in.fraction() / 1e6 : 0;
  if (!in.ended()) return std::nullopt;
  const double number = *value + fraction;
  if (whole <= degree_digits) return sign * number;
  if (whole == degree_digits + 2) {
    const double degrees = std::floor(number / 100);
    return sign * (degrees + (number - degrees * 100) / 60);
  }
  if (whole == degree_digits + 4) {
    const double degrees = std::floor(number / 10'000);
    const double minutes = std::floor((number - degrees * 10'000) / 100);
    return sign * (degrees + minutes / 60 + (number - degrees * 10'000 - minutes * 100) / 3600);
  }
  return std::nullopt;
}

}  // namespace

std::optional<Coordinates> parse_iso6709(std::string_view text) noexcept {
  text = trim(text.substr(0, text.find('\0')));
  const auto latitude = iso6709_part(text, 2);
  if (!latitude) return std::nullopt;
  const auto longitude = iso6709_part(text, 3);
  if (!longitude) return std::nullopt;
  return coordinates(*latitude, *longitude);
}

}  // namespace coffer::media
