// JSON written straight into text, for objects of which many are sent: no tree of values is built
// and copied first. Its text is that of json_text().
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace coffer::apis {

// A JSON value that is written already.
struct WrittenJson {
  std::string text;
};

// Each appends a value to `out`. A text in quotes, with what needs it escaped.
void append_json(std::string& out, std::string_view text);
inline void append_json(std::string& out, const std::string& text) {
  append_json(out, std::string_view(text));
}
inline void append_json(std::string& out, const char* text) {
  append_json(out, std::string_view(text));
}
void append_json(std::string& out, double number);
// ISO 8601.
void append_json(std::string& out, Time time);
inline void append_json(std::string& out, std::nullptr_t) { out += "null"; }
inline void append_json(std::string& out, std::same_as<bool> auto value) {
  out += value ? "true" : "false";
}
inline void append_json(std::string& out,
                        std::integral auto number) requires(!std::same_as<decltype(number), bool>) {
  out += std::to_string(number);
}
inline void append_json(std::string& out, const WrittenJson& value) { out += value.text; }
// Null for nothing.
template <class Value>
void append_json(std::string& out, const std::optional<Value>& value) {
  if (value) {
    append_json(out, *value);
  } else {
    out += "null";
  }
}
template <class Value>
void append_json(std::string& out, std::span<const Value> values) {
  out += '[';
  for (const Value& value : values) {
    if (&value != values.data()) out += ',';
    append_json(out, value);
  }
  out += ']';
}

// An object, member by member.
class ObjectWriter {
 public:
  // `name` stands as it is: it holds nothing that needs to be escaped.
  template <class Value>
  ObjectWriter& member(std::string_view name, const Value& value) {
    using namespace std::string_view_literals;
    text_.append(text_.size() > 1 ? ",\""sv : "\""sv).append(name).append("\":"sv);
    append_json(text_, value);
    return *this;
  }
  // The whole of it. Nothing is left.
  WrittenJson finish() {
    text_ += '}';
    return {std::move(text_)};
  }

  // For so many bytes in all.
  void reserve(std::size_t bytes) { text_.reserve(bytes); }

 private:
  std::string text_ = "{";
};

}  // namespace coffer::apis
