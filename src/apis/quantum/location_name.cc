#include "apis/quantum/location_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "base/utf8.h"
#include "vault/model/checks.h"
#include "vault/tree/keys.h"

namespace coffer::apis::quantum {
namespace {

constexpr int kRoundsMax = 5;
constexpr std::string_view kSeparators = "/\\";
constexpr std::string_view kSpaces = " \t\r\n";

// Names that some system takes for a device, whatever extension they have.
constexpr auto kDevices =
    std::to_array<std::string_view>({"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"});
constexpr auto kPorts = std::to_array<std::string_view>({"com", "lpt"});

// The number that `digits` hexadecimal digits at `at` give.
std::optional<unsigned> hex_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (text.size() < at + digits) return std::nullopt;
  unsigned value = 0;
  for (const char c : text.substr(at, digits)) {
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return value;
}

// `%41` and `%u0041` decoded, all else as it is: what a lenient decoder makes of it.
std::string decode_again(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '%') {
      if (const auto byte = hex_at(text, at + 1, 2)) {
        out += static_cast<char>(*byte);
        at += 3;
        continue;
      }
      const bool is_wide = at + 1 < text.size() && (text[at + 1] == 'u' || text[at + 1] == 'U');
      if (const auto code = is_wide ? hex_at(text, at + 2, 4) : std::nullopt) {
        append_utf8(out, *code);
        at += 6;
        continue;
      }
    }
    out += text[at++];
  }
  return out;
}

constexpr bool is_continuation(unsigned byte) noexcept { return (byte & 0xc0U) == 0x80; }

struct Character {
  char value;
  std::size_t length;  // bytes that it took
};

// The ASCII character that the text begins with in too long a form of UTF-8, which lenient decoders
// take for it. Of a form of two bytes the second may be wrong, as some of them do not look at it.
std::optional<Character> overlong_character(std::string_view text) {
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = at(0);
  const std::size_t length = first >= 0xfc   ? 6
                             : first >= 0xf8 ? 5
                             : first >= 0xf0 ? 4
                             : first >= 0xe0 ? 3
                             : first >= 0xc0 ? 2
                                             : 1;
  if (length == 1 || text.size() < length) return std::nullopt;
  std::uint64_t code = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(at(i)) && (length > 2 || at(i) >= 0x40)) return std::nullopt;
    code = code << 6U | (at(i) & 0x3fU);
  }
  if (code >= 0x80) return std::nullopt;
  return Character{static_cast<char>(code), length};
}

// `text` as UTF-8, in the way of decoders that take everything: overlong forms as what they stand
// for, and for every other byte that does not belong there `substitute`.
std::string as_lenient_utf8(std::string_view text, std::string_view substitute) {
  constexpr std::size_t kCharacterMax = 4;  // bytes
  std::string out;
  while (!text.empty()) {
    std::size_t length = 1;
    while (length <= std::min(kCharacterMax, text.size()) && !is_utf8(text.substr(0, length))) {
      ++length;
    }
    if (length <= std::min(kCharacterMax, text.size())) {
      out += text.substr(0, length);
    } else if (const auto overlong = overlong_character(text)) {
      out += overlong->value;
      length = overlong->length;
    } else {
      out += substitute;
      length = 1;
    }
    text.remove_prefix(length);
  }
  return out;
}

std::string with_plain_slashes(std::string text) {
  for (const std::string_view slash : {"\u2044", "\u2215", "\u29f8", "\u29f5"}) {
    for (std::size_t at = 0; (at = text.find(slash, at)) != std::string::npos;) {
      text.replace(at, slash.size(), 1, '/');
    }
  }
  return text;
}

std::string_view trim_all(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

// `.`, `..`, `...`, with spaces around or path parameters behind.
bool is_dots(std::string_view part) {
  const std::string_view name = trim_all(part.substr(0, part.find(';')));
  return !name.empty() && name.find_first_not_of(". ") == std::string_view::npos;
}

// Whether text that is not decoded further leads out of where it stands.
bool escapes(std::string_view text) {
  if (text.empty() || !is_utf8(text) || vault::has_control(text) ||
      text.find_first_of(kSeparators) != std::string_view::npos) {
    return true;
  }
  // Characters that only look like dots and slashes become those in this form, but for some.
  const std::string folded = with_plain_slashes(fold_case(text));
  for (std::string_view rest = folded;;) {
    const std::size_t end = rest.find_first_of(kSeparators);
    if (is_dots(rest.substr(0, end))) return true;
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 1);
  }
}

bool is_reserved(std::string_view text) {
  const std::string folded = fold_case(text);
  if (folded.size() > 1 && folded[1] == ':' && folded[0] >= 'a' && folded[0] <= 'z') return true;
  const std::string_view stem = trim_all(std::string_view(folded).substr(0, folded.find('.')));
  if (stem.empty()) return trim_all(text).empty();
  if (std::ranges::find(kDevices, stem) != kDevices.end()) return true;
  const bool is_numbered = stem.size() == 4 && stem.back() >= '0' && stem.back() <= '9';
  return is_numbered && std::ranges::find(kPorts, stem.substr(0, 3)) != kPorts.end();
}

}  // namespace

LocationStatus judge(std::string_view name) {
  if (escapes(name)) return LocationStatus::kEscape;
  std::string text(name);
  bool reserved = false;
  for (int round = 0;; ++round) {
    // A percent sign may be one: what it makes of the bytes behind it need not be UTF-8, but must
    // be no escape, whether a decoder replaces what does not fit or drops it.
    const std::string replaced = as_lenient_utf8(text, "\ufffd");
    if (round > kRoundsMax || escapes(replaced) || escapes(as_lenient_utf8(text, ""))) {
      return LocationStatus::kEscape;
    }
    reserved = reserved || is_reserved(replaced);
    std::string further = decode_again(text);
    if (further == text) break;
    text = std::move(further);
  }
  return reserved || !vault::is_segment(name) ? LocationStatus::kUnfit : LocationStatus::kGood;
}

LocationStatus judge(const std::vector<std::string>& names) {
  LocationStatus worst = LocationStatus::kGood;
  for (const std::string& name : names) worst = std::max(worst, judge(name));
  return worst;
}

}  // namespace coffer::apis::quantum
