#include "base/clock.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace coffer {
namespace {

class SystemClock final : public Clock {
 public:
  Time now() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr Time kYear1 = std::chrono::sys_days(std::chrono::year(1) / 1 / 1);
constexpr Time kYear10000 = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);

// A moment as a calendar tells it. Without gmtime, which takes a lock of the whole process.
struct Calendar {
  explicit Calendar(Time time)
      : day(std::chrono::floor<std::chrono::days>(time)),
        date(day),
        clock(std::chrono::floor<std::chrono::seconds>(time - day)) {}

  int year() const { return static_cast<int>(date.year()); }
  unsigned month() const { return static_cast<unsigned>(date.month()); }
  unsigned day_of_month() const { return static_cast<unsigned>(date.day()); }
  unsigned day_of_week() const { return std::chrono::weekday(day).c_encoding(); }

  std::chrono::sys_days day;
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::seconds> clock;
};

// Writes the last `kDigits` digits of `number` from `out` on.
template <int kDigits, class Number>
void put_digits(char* out, Number number) {
  auto left = static_cast<unsigned>(number);
  for (int i = kDigits; i-- > 0; left /= 10) out[i] = static_cast<char>('0' + left % 10);
}

// `HH:MM:SS`; what is between the numbers is there already.
void put_clock(char* out, const Calendar& calendar) {
  put_digits<2>(out, calendar.clock.hours().count());
  put_digits<2>(out + 3, calendar.clock.minutes().count());
  put_digits<2>(out + 6, calendar.clock.seconds().count());
}

// Takes decimal digits from the front of a text.
class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}

  // `count` digits as a number; nothing when there are fewer.
  std::optional<int> take(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  // Whether one of `characters` came next.
  bool skip(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

void append_iso8601(std::string& out, Time time) {
  const Calendar calendar(time);
  const std::size_t start = out.size();
  out += "0000-00-00T00:00:00Z";
  char* const text = out.data() + start;
  put_digits<4>(text, calendar.year());
  put_digits<2>(text + 5, calendar.month());
  put_digits<2>(text + 8, calendar.day_of_month());
  put_clock(text + 11, calendar);
}

std::string to_iso8601(Time time) {
  std::string out;
  append_iso8601(out, time);
  return out;
}

std::optional<Time> from_iso8601(std::string_view text) {
  using namespace std::chrono;
  Digits in(text);
  const auto y = in.take(4);
  if (!y || !in.skip("-")) return std::nullopt;
  const auto m = in.take(2);
  if (!m || !in.skip("-")) return std::nullopt;
  const auto d = in.take(2);
  if (!d || !in.skip("Tt ")) return std::nullopt;
  const auto hour = in.take(2);
  if (!hour || *hour > 23 || !in.skip(":")) return std::nullopt;
  const auto minute = in.take(2);
  if (!minute || *minute > 59) return std::nullopt;
  microseconds clock = hours(*hour) + minutes(*minute);
  if (in.skip(":")) {
    const auto second = in.take(2);
    if (!second || *second > 59) return std::nullopt;
    clock += seconds(*second);
    if (in.skip(".")) {
      int unit = 1'000'000;  // a tenth of it is what the next digit counts
      auto digit = in.take(1);
      if (!digit) return std::nullopt;
      for (; digit; digit = in.take(1)) {
        unit /= 10;
        clock += microseconds(*digit * unit);
      }
    }
  }
  if (in.rest().starts_with('+') || in.rest().starts_with('-')) {
    const int sign = in.rest().starts_with('+') ? 1 : -1;
    in.skip("+-");
    const auto zone_hour = in.take(2);
    in.skip(":");
    const auto zone_minute = in.take(2);
    if (!zone_hour || *zone_hour > 23 || !zone_minute || *zone_minute > 59) return std::nullopt;
    clock -= sign * (hours(*zone_hour) + minutes(*zone_minute));
  } else {
    in.skip("Zz");
  }
  const year_month_day day{year(*y), month(static_cast<unsigned>(*m)),
                           std::chrono::day(static_cast<unsigned>(*d))};
  if (!in.rest().empty() || !day.ok()) return std::nullopt;
  const Time time = sys_days(day) + clock;
  if (time < kYear1 || time >= kYear10000) return std::nullopt;
  return time;
}

std::string to_http_date(Time time) {
  const Calendar calendar(time);
  std::string out = "___, 00 ___ 0000 00:00:00 GMT";
  std::ranges::copy(kDays.at(calendar.day_of_week()), out.data());
  put_digits<2>(out.data() + 5, calendar.day_of_month());
  std::ranges::copy(kMonths.at(calendar.month() - 1), out.data() + 8);
  put_digits<4>(out.data() + 12, calendar.year());
  put_clock(out.data() + 17, calendar);
  return out;
}

std::optional<Time> from_http_date(std::string_view text) {
  // The program never calls setlocale(), so strptime reads English names.
  const std::string input(text);
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm t{};
    const char* end = strptime(input.c_str(), form, &t);
    if (end != input.c_str() + input.size()) continue;
    const std::chrono::year_month_day day{std::chrono::year(t.tm_year + 1900),
                                          std::chrono::month(static_cast<unsigned>(t.tm_mon + 1)),
                                          std::chrono::day(static_cast<unsigned>(t.tm_mday))};
    // strptime takes any day up to 31, and timegm makes the 31st of February a day in March.
    if (!day.ok()) return std::nullopt;
    return Time(std::chrono::seconds(timegm(&t)));
  }
  return std::nullopt;
}

}  // namespace coffer
