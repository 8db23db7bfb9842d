#include "media/worker/fact_text.h"

#include <algorithm>

#include "base/text.h"
#include "media/protocol/facts.h"

namespace coffer::media {
namespace {

// Whether `text` is UTF-8 but for the beginning of a character at its end. A single byte there may
// as well be a letter of Latin-1: then something before it has to be UTF-8 beyond ASCII.
bool is_cut_utf8(std::string_view text) noexcept {
  for (std::size_t cut = 1; cut <= 3 && cut <= text.size(); ++cut) {
    const std::string_view before = text.substr(0, text.size() - cut);
    if (!is_utf8(before)) continue;
    const bool is_ascii =
        std::ranges::all_of(before, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    const bool continues = std::ranges::all_of(text.substr(before.size() + 1), [](char c) {
      return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    });
    return continues && (cut > 1 || !is_ascii);
  }
  return false;
}

std::string from_latin1(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

}  // namespace

std::string fact_text(std::string_view text) {
  text = text.substr(0, std::min(text.find('\0'), 4 * kMaxFactText));
  if (is_utf8(text) || is_cut_utf8(text)) return clean_fact(text);
  return clean_fact(from_latin1(text));
}

std::optional<std::uint32_t> leading_number(std::string_view text,
                                            std::size_t digits_max) noexcept {
  std::uint32_t value = 0;
  std::size_t digits = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || digits == digits_max) break;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
    ++digits;
  }
  return digits > 0 ? std::optional(value) : std::nullopt;
}

}  // namespace coffer::media
