#include "apis/fileuploader/redirect.h"

#include <array>

#include "base/text.h"
#include "http/small_content.h"

namespace coffer::apis::fileuploader {
namespace {

constexpr std::size_t kLinkMax = 2048;  // bytes
constexpr std::size_t kLineEndsMax = 16;
constexpr std::string_view kExtension = ".txt";

// What may not stand in a URL as it is, besides what is not ASCII.
constexpr std::string_view kEscaped = "\"<>\\^`{|}";

bool is_printable(char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; }

}  // namespace

std::optional<std::string> link_of(std::string_view text) {
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

Task<std::optional<std::string>> find_redirect(vault::Vault& vault, const vault::Entry& file) {
  const std::string_view name = file.name;
  if (file.size > kLinkMax + kLineEndsMax || name.size() < kExtension.size() ||
      !equal_ignoring_case(name.substr(name.size() - kExtension.size()), kExtension)) {
    co_return std::nullopt;
  }
  const auto content = co_await vault.files().open(file);
  const std::string text = co_await http::read_small(*content);
  co_return link_of(text);
}

}  // namespace coffer::apis::fileuploader
