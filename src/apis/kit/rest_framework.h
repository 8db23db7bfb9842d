// Django REST framework's words: how it checks fields and tells what is wrong, for the dialects
// whose clients come from it.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apis/gateway/problem.h"
#include "apis/kit/entry_ref.h"
#include "base/clock.h"
#include "http/message.h"

namespace coffer::apis {

// Takes fields out of what read_fields() gave and collects what is wrong with them. Where a value
// is at fault the caller gets a stand-in and asks problem() before it uses any.
class RestFields {
 public:
  // REQUIRES: `fields` outlives it.
  explicit RestFields(const boost::json::object& fields) : fields_(fields) {}

  bool has(std::string_view name) const { return fields_.contains(name); }

  enum class Blank { kRefused, kAllowed };
  // A text of at most `max` characters. Blank is what has nothing but spaces; it is kept as it is.
  std::string text(std::string_view name, std::size_t max, Blank blank = Blank::kRefused);
  // Nothing when it is missing.
  std::optional<std::string> optional_text(std::string_view name, std::size_t max,
                                           Blank blank = Blank::kRefused);
  // Null as well as a blank text is an empty optional inside.
  std::optional<std::optional<std::string>> nullable_text(std::string_view name, std::size_t max);

  // In each spelling that the framework takes: `true`, `1`, `"on"`, `"f"` … Nothing when it is
  // missing, or an empty text.
  std::optional<bool> optional_boolean(std::string_view name);
  // Which of `choices` it is. Nothing when it is missing.
  std::optional<std::size_t> optional_choice(std::string_view name,
                                             std::span<const std::string_view> choices);
  // A JSON object, which in a form comes as text; as text. Nothing when it is missing, null, or an
  // empty text.
  std::optional<std::string> optional_object(std::string_view name);
  // A whole number, which may come as text; null and an empty text are an empty optional inside.
  // Nothing when it is missing.
  std::optional<std::optional<std::int64_t>> nullable_integer(std::string_view name,
                                                              std::int64_t min, std::int64_t max);
  // The number by which something is referred to, as the framework's related fields have it: the
  // caller says by no_such_object() where there is nothing of that number. Null and an empty text
  // are an empty optional inside; nothing when it is missing.
  std::optional<std::optional<std::int64_t>> nullable_key(std::string_view name);
  // The same, required, and not null.
  std::int64_t key(std::string_view name);
  // A list of such numbers, required; at most `max`.
  std::vector<std::int64_t> keys(std::string_view name, std::size_t max);

  // A whole number, which may come as text.
  std::int64_t integer(std::string_view name, std::int64_t min, std::int64_t max);
  Uuid uuid(std::string_view name);

  // A file's or folder's number, UUID or token.
  EntryRef reference(std::string_view name);
  // Null and an empty text are an empty optional inside; nothing when it is missing.
  std::optional<std::optional<EntryRef>> optional_reference(std::string_view name);

  // A moment, or null.
  std::optional<Time> nullable_time(std::string_view name);

  void fault(std::string_view name, std::string message);
  void require(std::string_view name);
  // The faults so far as one problem, or nothing.
  std::optional<Problem> problem() const;

 private:
  std::optional<std::string> checked(std::string_view name, const boost::json::value& value,
                                     std::size_t max, Blank blank);

  const boost::json::object& fields_;
  std::vector<vault::FieldFault> faults_;
};

// `Invalid pk "7" - object does not exist.`
std::string no_such_object(std::int64_t key);
std::string no_such_object(std::string_view key);

// What the framework calls a JSON value that is no object, of a JsonFault's `detail`.
std::string_view python_name(std::string_view json_name);

// Whether a text says true or false, in the spellings that the framework's fields take; nothing for
// any other.
std::optional<bool> rest_boolean(std::string_view text);

// `{"field": ["…"]}` for fields, `{"error": "…"}` for what is not there, `{"detail": "…"}` else,
// with the framework's own sentences.
http::Response render_rest_problem(const Problem& problem, const http::Request& request);

// The 401 of a token that came in the body.
http::Response bad_token_response(std::string_view detail);

// A sentence of the core's, as the framework would write it: `must be x` -> `Must be x.`
std::string rest_sentence(std::string_view message);

}  // namespace coffer::apis
