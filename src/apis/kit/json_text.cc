#include "apis/kit/json_text.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <string_view>

namespace coffer::apis {
namespace {

constexpr double kLeastPlain = 1e-6;
constexpr double kMostPlain = 1e17;

bool has_fractions(const boost::json::value& value) {
  if (value.is_double()) return true;
  if (const auto* array = value.if_array())
    return std::any_of(array->begin(), array->end(), has_fractions);
  const auto* object = value.if_object();
  if (object == nullptr) return false;
  return std::any_of(object->begin(), object->end(),
                     [](const auto& member) { return has_fractions(member.value()); });
}

// `text` from an opening quote on, up to and with the closing one.
std::string_view string_at(std::string_view text) {
  std::size_t end = 1;
  while (text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  return text.substr(0, end + 1);
}

}  // namespace

// The shortest text that reads as the same number.
void append_number(std::string& out, double number) {
  const double size = std::fabs(number);
  const bool is_plain = size == 0 || (size >= kLeastPlain && size < kMostPlain);
  std::array<char, 64> text;
  const auto format = is_plain ? std::chars_format::fixed : std::chars_format::scientific;
  const auto end = std::to_chars(text.begin(), text.end(), number, format).ptr;
  const std::string_view written(text.begin(), end);
  out += written;
  // It stays a number with a fraction for clients that tell those apart from whole ones.
  if (is_plain && written.find('.') == std::string_view::npos) out += ".0";
}

std::string json_text(const boost::json::value& value) {
  std::string text = boost::json::serialize(value);
  if (!has_fractions(value)) return text;
  std::string plain;
  plain.reserve(text.size());
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view token = rest.substr(0, 1);
    if (token == "\"") {
      token = string_at(rest);
    } else if (token == "-" || (token >= "0" && token <= "9")) {
      token = rest.substr(0, rest.find_first_not_of("0123456789+-.eE"));
    }
    rest.remove_prefix(token.size());
    double number = 0;
    // Whole numbers have no exponent.
    const bool is_fraction = token.front() != '"' && token.find('E') != token.npos &&
                             std::from_chars(token.begin(), token.end(), number).ec == std::errc();
    if (is_fraction) {
      append_number(plain, number);
    } else {
      plain += token;
    }
  }
  return plain;
}

}  // namespace coffer::apis
