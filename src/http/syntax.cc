#include "http/syntax.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

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

// Whether one of eight bytes is a control, the tab too.
bool holds_control(std::string_view eight) noexcept {
  constexpr std::uint64_t kEach = 0x0101010101010101;
  constexpr std::uint64_t kTops = kEach * 0x80;
  std::uint64_t word = 0;
  std::memcpy(&word, eight.data(), sizeof word);
  // The lowest byte that wraps below zero gets its top bit, which it had not before; where none
  // does, nothing is borrowed from any other.
  const std::uint64_t below_blank = (word - kEach * 0x20) & ~word;
  const std::uint64_t other = word ^ kEach * 0x7f;
  const std::uint64_t is_delete = (other - kEach) & ~other;
  return ((below_blank | is_delete) & kTops) != 0;
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return kTokenBytes[static_cast<unsigned char>(c)];
  });
}

bool is_field_text(std::string_view text) noexcept {
  // Eight bytes at a time: most of what a client sends is asked this.
  while (text.size() >= sizeof(std::uint64_t)) {
    const std::string_view word = text.substr(0, sizeof(std::uint64_t));
    if (holds_control(word) && !std::ranges::all_of(word, is_field_byte)) return false;
    text.remove_prefix(word.size());
  }
  return std::ranges::all_of(text, is_field_byte);
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
