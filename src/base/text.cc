#include "base/text.h"

#include <fmt/format.h>

#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <new>

namespace coffer {
namespace {
const std::uint8_t* units(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}
bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}
constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; }
bool stands_for_itself(char c) noexcept {
  return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (auto next = text.begin();; ++next) {
    const auto end = std::find_if_not(next, text.end(), stands_for_itself);
    out.append(next, end);
    if (end == text.end()) break;
    append_escaped(out, *end);
    next = end;
  }
  out += '"';
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  return text.empty() || u8_check(units(text), text.size()) == nullptr;
}

std::size_t count_code_points(std::string_view text) noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

std::string_view truncate_utf8(std::string_view text, std::size_t max) noexcept {
  if (text.size() <= max) return text;
  while (max > 0 && is_continuation(text[max])) --max;
  return text.substr(0, max);
}

std::string fold_case(std::string_view text) {
  // What Unicode makes of ASCII too, and most names are.
  if (is_ascii(text)) return to_lower_ascii(text);
  std::size_t length = 0;
  const std::unique_ptr<std::uint8_t, decltype(&std::free)> folded(
      u8_casefold(units(text), text.size(), nullptr, UNINORM_NFKC, nullptr, &length), &std::free);
  if (!folded) throw std::bad_alloc();
  return {reinterpret_cast<const char*>(folded.get()), length};
}

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

char to_lower_ascii(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string to_lower_ascii(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return to_lower_ascii(c); });
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return x == y || to_lower_ascii(x) == to_lower_ascii(y);
         });
}

std::optional<std::uint64_t> parse_unsigned(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end || text.empty()) return std::nullopt;
  return value;
}

std::string json_quoted(std::string_view text) {
  std::string out;
  if (is_utf8(text)) {
    append_quoted(out, text);
    return out;
  }
  std::string repaired;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    while (length <= 4 && i + length <= text.size() && !is_utf8(text.substr(i, length))) ++length;
    if (length <= 4 && i + length <= text.size()) {
      repaired += text.substr(i, length);
      i += length;
    } else {
      repaired += "\xef\xbf\xbd";
      ++i;
    }
  }
  append_quoted(out, repaired);
  return out;
}

}  // namespace coffer
