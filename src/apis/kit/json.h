// JSON bodies in and out.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "apis/gateway/dialect.h"
#include "apis/gateway/problem.h"
#include "apis/kit/json_parser.h"
#include "base/clock.h"

namespace coffer::apis {

// The body as a JSON object, whatever type it says to be of. kBadStream, kTimeout,
// kPayloadTooLarge above the route's limit, kBusy.
Task<std::expected<JsonObject, Problem>> read_json_object(http::Request& request);

// The body as one JSON object. The same, and kUnsupportedMediaType when it says to be something
// else than JSON; kInvalid when it is no JSON object, with a fault of the key that is there twice.
// An empty body without a type is an empty object.
Task<std::expected<boost::json::object, Problem>> read_json(http::Request& request);

http::Response json_response(unsigned status, const boost::json::value& value);

// 200 with a secret in it, which nothing on the way may keep.
http::Response secret_response(const boost::json::value& value);

// `text`, or null.
boost::json::value json_or_null(const std::optional<std::string>& text,
                                boost::json::storage_ptr memory = {});
// The moment in ISO 8601, or null.
boost::json::value json_or_null(const std::optional<Time>& time);
template <class Number>
requires std::is_arithmetic_v<Number> boost::json::value json_or_null(
    const std::optional<Number>& number) {
  if (!number) return nullptr;
  return *number;
}

// Takes members out of an object and collects what is wrong with them, so that a client hears
// of every fault at once.
class Fields {
 public:
  explicit Fields(const boost::json::object& object) : object_(object) {}

  bool has(std::string_view name) const { return object_.contains(name); }
  // Empty, and a fault, when it is missing or no text.
  std::string text(std::string_view name);
  // Nothing when it is missing; a fault when it is no text (null included).
  std::optional<std::string> optional_text(std::string_view name);
  // Nothing when it is missing; an empty optional inside for null.
  std::optional<std::optional<std::string>> nullable_text(std::string_view name);
  // Nothing when it is missing; an empty optional inside for null; a fault when it is no time.
  std::optional<std::optional<Time>> nullable_time(std::string_view name);
  // Nothing when it is missing; a fault when it is neither true nor false (null included).
  std::optional<bool> optional_boolean(std::string_view name);
  // Nothing when it is missing; an empty optional inside for null; a fault when it is no whole
  // number from `min` to `max`.
  std::optional<std::optional<std::uint64_t>> nullable_integer(std::string_view name,
                                                               std::int64_t min, std::int64_t max);
  // Nothing when it is missing; a fault when it is no array of texts.
  std::optional<std::vector<std::string>> texts(std::string_view name);

  void fault(std::string_view name, std::string message);
  // Those that the vault finds. A field that has a fault keeps that one.
  void add(std::vector<vault::FieldFault> faults);
  // The faults so far as one problem, or nothing.
  std::optional<Problem> problem() const;

 private:
  const boost::json::object& object_;
  std::vector<vault::FieldFault> faults_;
};

}  // namespace coffer::apis
