#include "base/log_record.h"

#include <fmt/format.h>

#include <concepts>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <type_traits>
#include <variant>

#include "base/text.h"

namespace coffer::log {
namespace {

// What stands before a value.
enum class Kind : char { kText, kInteger, kReal, kTruth };

template <class T>
requires std::is_arithmetic_v<T> || std::is_enum_v<T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void put(std::string& out, std::string_view text) {
  put(out, text.size());
  out += text;
}

template <class T>
void put_value(std::string& out, const T& value) {
  if constexpr (std::same_as<T, std::string_view>) put(out, Kind::kText);
  if constexpr (std::same_as<T, std::int64_t>) put(out, Kind::kInteger);
  if constexpr (std::same_as<T, double>) put(out, Kind::kReal);
  if constexpr (std::same_as<T, bool>) put(out, Kind::kTruth);
  put(out, value);
}

// Takes a record apart, in the order in which it was put together.
class Reader {
 public:
  explicit Reader(std::string_view record) noexcept : rest_(record) {}

  bool at_end() const noexcept { return rest_.empty(); }

  template <class T>
  T take() noexcept {
    T value;
    std::memcpy(&value, rest_.data(), sizeof value);
    rest_.remove_prefix(sizeof value);
    return value;
  }
  std::string_view take_text() noexcept {
    const auto size = take<std::size_t>();
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }

 private:
  std::string_view rest_;
};

std::string_view name_of(Level level) {
  switch (level) {
    case Level::kDebug: return "debug";
    case Level::kInfo: return "info";
    case Level::kWarning: return "warning";
    case Level::kError: break;
  }
  return "error";
}

void append_value(std::string& out, Reader& reader) {
  switch (reader.take<Kind>()) {
    case Kind::kText: out += json_quoted(reader.take_text()); break;
    case Kind::kInteger: out += std::to_string(reader.take<std::int64_t>()); break;
    case Kind::kReal:
      fmt::format_to(std::back_inserter(out), "{:.6g}", reader.take<double>());
      break;
    case Kind::kTruth: out += reader.take<bool>() ? "true" : "false"; break;
  }
}

}  // namespace

void append_record(std::string& out, Time time, Level level, std::string_view event,
                   std::span<const Field> fields) {
  put(out, to_micros(time));
  put(out, level);
  put(out, event);
  for (const Field& field : fields) {
    put(out, field.name);
    std::visit([&](const auto& value) { put_value(out, value); }, field.value);
  }
}

void append_line(std::string& out, std::string_view record) {
  Reader reader(record);
  const Time time = from_micros(reader.take<std::int64_t>());
  const auto level = reader.take<Level>();
  const std::string_view event = reader.take_text();
  fmt::format_to(std::back_inserter(out), R"({{"time":"{}","level":"{}","event":{})",
                 to_iso8601(time), name_of(level), json_quoted(event));
  while (!reader.at_end()) {
    out.append(",").append(json_quoted(reader.take_text())).append(":");
    append_value(out, reader);
  }
  out += "}\n";
}

}  // namespace coffer::log
