#include "apis/fileuploader/redirect.h"

#include <array>
#include <cstdint>

#include "base/read_prefix.h"
#include "base/text.h"
#include "base/utf8.h"

namespace coffer::apis::fileuploader {
namespace {

constexpr std::size_t kLinkMax = 2048;  // bytes
constexpr std::size_t kLineEndsMax = 16;
constexpr std::uint64_t kFileMax =
    2 * (1 + kLinkMax + kLineEndsMax);  // bytes, as UTF-16 with a mark
constexpr std::string_view kExtension = ".txt";

// What may not stand in a URL as it is, besides what is not ASCII.
constexpr std::string_view kEscaped = "\"<>\\^`{|}";

bool is_printable(char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; }

// Text in UTF-16, without its mark, as UTF-8; nothing when it is none.
std::optional<std::string> utf8_from_utf16(std::string_view text, bool big_endian) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  char32_t high = 0;  // the first half of a pair
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto first = static_cast<unsigned char>(text[i + (big_endian ? 0 : 1)]);
    const auto second = static_cast<unsigned char>(text[i + (big_endian ? 1 : 0)]);
    const char32_t unit = static_cast<char32_t>(first) << 8U | second;
    const bool is_low = unit >= 0xdc00 && unit < 0xe000;
    if (is_low != (high != 0)) return std::nullopt;
    if (unit >= 0xd800 && unit < 0xdc00) {
      high = unit;
      continue;
    }
    append_utf8(out, is_low ? 0x10000 + ((high - 0xd800) << 10U) + (unit - 0xdc00) : unit);
    high = 0;
  }
  if (high != 0) return std::nullopt;
  return out;
}

std::optional<std::string> link_of_utf8(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() > kLinkMax || !is_utf8(text)) return std::nullopt;
  constexpr std::array<std::string_view, 2> kSchemes{"http://", "https://"};
  std::string_view rest;
  for (const std::string_view scheme : kSchemes) {
    if (equal_ignoring_case(text.substr(0, scheme.size()), scheme)) {
      rest = text.substr(scheme.size());
    }
  }
  if (rest.empty() || std::string_view("/?#\\:@").find(rest.front()) != std::string_view::npos) {
    return std::nullopt;
  }
  std::string link;
  for (const char c : text) {
    if (!is_printable(c)) return std::nullopt;
    if (static_cast<signed char>(c) < 0 || kEscaped.find(c) != std::string_view::npos) {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      link += '%';
      link += kDigits[byte >> 4U];
      link += kDigits[byte & 0xfU];
    } else {
      link += c;
    }
  }
  return link;
}

}  // namespace

std::optional<std::string> link_of(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) return link_of_utf8(text.substr(3));
  const bool big_endian = text.starts_with("\xfe\xff");
  if (!big_endian && !text.starts_with("\xff\xfe")) return link_of_utf8(text);
  const auto decoded = utf8_from_utf16(text.substr(2), big_endian);
  return decoded ? link_of_utf8(*decoded) : std::nullopt;
}

Task<std::optional<std::string>> find_redirect(vault::Vault& vault, const vault::Entry& file) {
  const std::string_view name = file.name;
  if (file.size > kFileMax || name.size() < kExtension.size() ||
      !equal_ignoring_case(name.substr(name.size() - kExtension.size()), kExtension)) {
    co_return std::nullopt;
  }
  const auto content = co_await vault.files().open(file);
  const Bytes text = co_await read_prefix(*content, kFileMax);
  co_return link_of(as_text(text));
}

}  // namespace coffer::apis::fileuploader
