#include "base/clock.h"

#include <array>
#include <cstdint>
#include <ctime>
#include <string>

namespace coffer {
namespace {

class SystemClock final : public Clock {
 public:
  Time now() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

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

// Appends the last `digits` digits of `number`.
void append_digits(std::string& out, std::int64_t number, int digits) {
  const std::size_t end = out.size() + static_cast<std::size_t>(digits);
  out.resize(end);
  for (int i = 1; i <= digits; ++i, number /= 10) {
    out[end - static_cast<std::size_t>(i)] = static_cast<char>('0' + number % 10);
  }
}

void append_clock(std::string& out, const Calendar& calendar) {
  append_digits(out, calendar.clock.hours().count(), 2);
  out += ':';
  append_digits(out, calendar.clock.minutes().count(), 2);
  out += ':';
  append_digits(out, calendar.clock.seconds().count(), 2);
}

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string to_iso8601(Time time) {
  const Calendar calendar(time);
  std::string out;
  out.reserve(sizeof "2023-05-30T10:00:00Z");
  append_digits(out, calendar.year(), 4);
  out += '-';
  append_digits(out, calendar.month(), 2);
  out += '-';
  append_digits(out, calendar.day_of_month(), 2);
  out += 'T';
  append_clock(out, calendar);
  out += 'Z';
  return out;
}

std::string to_http_date(Time time) {
  const Calendar calendar(time);
  std::string out;
  out.reserve(sizeof "Tue, 30 May 2023 10:00:00 GMT");
  out += kDays.at(calendar.day_of_week());
  out += ", ";
  append_digits(out, calendar.day_of_month(), 2);
  out += ' ';
  out += kMonths.at(calendar.month() - 1);
  out += ' ';
  append_digits(out, calendar.year(), 4);
  out += ' ';
  append_clock(out, calendar);
  out += " GMT";
  return out;
}

std::optional<Time> from_http_date(std::string_view text) {
  // The program never calls setlocale(), so strptime reads English names.
  const std::string input(text);
  for (const char* form :
       {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
    std::tm t{};
    const char* end = strptime(input.c_str(), form, &t);
    if (!end || *end != '\0') continue;
    return Time(std::chrono::seconds(timegm(&t)));
  }
  return std::nullopt;
}

}  // namespace coffer
