#include "http/syntax.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace coffer::http {
namespace {

constexpr std::string_view kDelimiters = "()<>@,;:\\\"/[]?={}";

constexpr std::array<bool, 256> kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (std::size_t byte = 0x21; byte < 0x7f; ++byte) {
    table[byte] = kDelimiters.find(static_cast<char>(byte)) == kDelimiters.npos;
  }
  return table;
}();

bool is_field_byte(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7f) || c == '\t';
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return kTokenBytes[static_cast<unsigned char>(c)];
  });
}

bool is_field_text(std::string_view text) noexcept {
  // To its end whatever it finds, and in bytes, so that the compiler looks at many at once.
  unsigned char bad = 0;
  for (const char c : text) bad = static_cast<unsigned char>(bad | (is_field_byte(c) ? 0 : 1));
  return bad == 0;
}

bool lists_token(std::string_view list, std::string_view token) noexcept {
  for (;;) {
    const std::size_t comma = list.find(',');
    if (equal_ignoring_case(trim(list.substr(0, comma)), token)) return true;
    if (comma == list.npos) return false;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace coffer::http
