#include "apis/kit/json_parser.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_stack.hpp>
#include <cstdint>
#include <utility>
#include <vector>

namespace coffer::apis {
namespace {

// Makes a value of what the parser finds, as boost::json::parse() does, but for an object that has
// a key twice: there the last one would count, and nobody would know of the others.
class Builder {
 public:
  using Error = boost::system::error_code;
  using View = boost::json::string_view;

  static constexpr std::size_t max_object_size = boost::json::object::max_size();
  static constexpr std::size_t max_array_size = boost::json::array::max_size();
  static constexpr std::size_t max_key_size = boost::json::string::max_size();
  static constexpr std::size_t max_string_size = boost::json::string::max_size();

  Builder() { values_.reset(); }

  boost::json::value take() { return values_.release(); }
  // The key that was there twice; empty also where there was none.
  std::string& duplicate() { return duplicate_; }
  bool has_duplicate() const { return has_duplicate_; }

  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) {
    keys_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t count, Error& error) {
    const bool is_sound = find_duplicate(keys_.back(), error);
    keys_.pop_back();
    if (is_sound) values_.push_object(count);
    return is_sound;
  }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(std::size_t count, Error&) {
    values_.push_array(count);
    return true;
  }
  bool on_key_part(View text, std::size_t, Error&) {
    key_.append(text.data(), text.size());
    values_.push_chars(text);
    return true;
  }
  bool on_key(View text, std::size_t, Error&) {
    key_.append(text.data(), text.size());
    keys_.back().push_back(std::exchange(key_, {}));
    values_.push_key(text);
    return true;
  }
  bool on_string_part(View text, std::size_t, Error&) {
    values_.push_chars(text);
    return true;
  }
  bool on_string(View text, std::size_t, Error&) {
    values_.push_string(text);
    return true;
  }
  bool on_number_part(View, Error&) { return true; }
  bool on_int64(std::int64_t number, View, Error&) {
    values_.push_int64(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, View, Error&) {
    values_.push_uint64(number);
    return true;
  }
  bool on_double(double number, View, Error&) {
    values_.push_double(number);
    return true;
  }
  bool on_bool(bool value, Error&) {
    values_.push_bool(value);
    return true;
  }
  bool on_null(Error&) {
    values_.push_null();
    return true;
  }
  bool on_comment_part(View, Error&) { return true; }
  bool on_comment(View, Error&) { return true; }

 private:
  bool find_duplicate(std::vector<std::string>& keys, Error& error) {
    std::ranges::sort(keys);
    const auto twice = std::ranges::adjacent_find(keys);
    if (twice == keys.end()) return true;
    has_duplicate_ = true;
    duplicate_ = std::move(*twice);
    error = boost::json::make_error_code(boost::json::error::syntax);
    return false;
  }

  boost::json::value_stack values_;
  std::string key_;                             // the parts so far of one that comes in parts
  std::vector<std::vector<std::string>> keys_;  // of the objects that are open, the outermost first
  bool has_duplicate_ = false;
  std::string duplicate_;
};

std::string name_of(boost::json::kind kind) {
  switch (kind) {
    case boost::json::kind::null: return "null";
    case boost::json::kind::bool_: return "bool";
    case boost::json::kind::array: return "array";
    case boost::json::kind::string: return "string";
    case boost::json::kind::object: return "object";
    case boost::json::kind::double_: return "number";
    case boost::json::kind::int64:
    case boost::json::kind::uint64: break;
  }
  return "integer";
}

// The place in the text at which the byte `at` is, for people.
std::string place_of(std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t start = before.rfind('\n') + 1;  // 0 where there is none
  return "line " + std::to_string(line) + ", column " + std::to_string(at - start + 1) + " (byte " +
         std::to_string(at) + ")";
}

}  // namespace

JsonObject parse_json_object(std::string_view text) {
  using Kind = JsonFault::Kind;
  if (text.empty()) return std::unexpected(JsonFault{Kind::kEmpty});
  boost::json::basic_parser<Builder> parser{boost::json::parse_options()};
  boost::system::error_code error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  Builder& builder = parser.handler();
  if (builder.has_duplicate()) {
    return std::unexpected(JsonFault{Kind::kDuplicateKey, std::move(builder.duplicate())});
  }
  if (!error && read < text.size()) error = boost::json::error::extra_data;
  if (error) {
    return std::unexpected(
        JsonFault{Kind::kSyntax, error.message() + " at " + place_of(text, read)});
  }
  boost::json::value value = builder.take();
  if (!value.is_object()) {
    return std::unexpected(JsonFault{Kind::kNotAnObject, name_of(value.kind())});
  }
  return std::move(value.get_object());
}

}  // namespace coffer::apis
