#include "cli/client/printable.h"

#include <fmt/format.h>

#include <cstdint>

namespace coffer::cli::client {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t length = 0;  // bytes; 0: the first byte is not the beginning of a character
};

Character character_at(std::string_view text, std::size_t at) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(at);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || at + length > text.size()) return {};
  char32_t code = first & (0x7fU >> length);
  for (std::size_t i = at + 1; i < at + length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    code = code << 6U | (byte(i) & 0x3fU);
  }
  const bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  if (is_overlong || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {code, length};
}

bool is_in(char32_t code, char32_t first, char32_t last) { return code >= first && code <= last; }

// The marks, embeddings, overrides and isolates of the bidirectional algorithm.
bool turns_direction(char32_t code) {
  return code == 0x61c || is_in(code, 0x200e, 0x200f) || is_in(code, 0x202a, 0x202e) ||
         is_in(code, 0x2066, 0x2069);
}

bool ends_line(char32_t code) { return is_in(code, 0x2028, 0x2029); }

// As terminals have it: East Asian characters and emoji.
std::size_t width_of(char32_t code) {
  const bool is_combining =
      is_in(code, 0x300, 0x36f) || code == 0x200d || is_in(code, 0xfe00, 0xfe0f);
  if (is_combining) return 0;
  const bool is_wide =
      is_in(code, 0x1100, 0x115f) || is_in(code, 0x2e80, 0xa4cf) || is_in(code, 0xac00, 0xd7a3) ||
      is_in(code, 0xf900, 0xfaff) || is_in(code, 0xfe30, 0xfe6f) || is_in(code, 0xff00, 0xff60) ||
      is_in(code, 0xffe0, 0xffe6) || is_in(code, 0x1f300, 0x1faff) || is_in(code, 0x20000, 0x3fffd);
  return is_wide ? 2 : 1;
}

}  // namespace

std::string printable(std::string_view text, Printable kind) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, length] = character_at(text, at);
    if (length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at++]));
      continue;
    }
    const bool is_control = code < ' ' || is_in(code, 0x7f, 0x9f);
    if (code == '\n' && kind == Printable::kMessage) {
      out += '\n';
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\r') {
      out += "\\r";
    } else if (code == '\t') {
      out += "\\t";
    } else if (is_control) {
      out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(code));
    } else if (turns_direction(code) || ends_line(code)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code));
    } else {
      out += text.substr(at, length);
    }
    at += length;
  }
  return out;
}

std::string first_columns(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto [code, length] = character_at(text, at);
    used += length == 0 ? 1 : width_of(code);
    if (used > columns) break;
    at += length == 0 ? 1 : length;
  }
  return std::string(text.substr(0, at));
}

}  // namespace coffer::cli::client
