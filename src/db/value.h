// What a statement is given and what it answers.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/ids.h"

namespace coffer::db {

// One argument, borrowed: text and bytes must live until the statement has been run, which
// a temporary in the awaiting expression does.
class Value {
 public:
  using Variant = std::variant<std::monostate, std::int64_t, double, std::string_view, ByteView>;

  Value() = default;  // NULL
  Value(std::nullopt_t) {}
  Value(bool value) : value_(std::int64_t{value}) {}
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) Value(Integer value)
      : value_(static_cast<std::int64_t>(value)) {}
  template <class Enum>
  requires std::is_enum_v<Enum> Value(Enum value) : value_(static_cast<std::int64_t>(value)) {}
  Value(double value) : value_(value) {}
  Value(const char* value) : value_(std::string_view(value)) {}
  Value(std::string_view value) : value_(value) {}
  Value(const std::string& value) : value_(std::string_view(value)) {}
  Value(ByteView value) : value_(value) {}
  Value(const Bytes& value) : value_(ByteView(value)) {}
  Value(const Uuid& value) : value_(ByteView(value.bytes)) {}
  Value(Time value) : value_(to_micros(value)) {}
  template <class Tag>
  Value(Id<Tag> value) : value_(value.value) {}
  template <class T>
  Value(const std::optional<T>& value) {
    if (value) *this = Value(*value);
  }

  const Variant& get() const noexcept { return value_; }

 private:
  Variant value_;
};

// The row a statement stands on. Columns count from 0, in the order of the SELECT.
// Views die when the callback that got the row returns.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool is_null(int column) const = 0;
  // 0, "" or no bytes for NULL.
  virtual std::int64_t integer(int column) const = 0;
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;
  virtual ByteView bytes(int column) const = 0;

  template <class IdType>
  IdType id(int column) const {
    return IdType{integer(column)};
  }
  bool boolean(int column) const { return integer(column) != 0; }
  Time time(int column) const { return from_micros(integer(column)); }
  std::optional<Time> optional_time(int column) const {
    const auto micros = optional_integer(column);
    return micros ? std::optional(from_micros(*micros)) : std::nullopt;
  }
  std::optional<std::int64_t> optional_integer(int column) const {
    const std::int64_t value = integer(column);
    if (value == 0 && is_null(column)) return std::nullopt;
    return value;
  }
  std::optional<std::string> optional_text(int column) const {
    if (is_null(column)) return std::nullopt;
    return std::string(text(column));
  }
};

}  // namespace coffer::db
