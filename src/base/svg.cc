#include "base/svg.h"

#include <optional>

#include "base/text.h"

namespace coffer {
namespace {

// What follows the first `end`; nothing where there is none.
std::optional<std::string_view> behind(std::string_view text, std::string_view end) {
  const std::size_t at = text.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  return text.substr(at + end.size());
}

// What follows the doctype that `text` begins with. Its end is outside of quotes, comments and the
// declarations in it.
std::optional<std::string_view> behind_doctype(std::string_view text) {
  std::size_t depth = 0;
  while (!text.empty()) {
    const char c = text.front();
    std::optional<std::string_view> rest = text.substr(1);
    if (text.starts_with("<!--")) {
      rest = behind(text.substr(4), "-->");
    } else if (c == '"' || c == '\'') {
      rest = behind(*rest, text.substr(0, 1));
    } else if (c == '<') {
      ++depth;
    } else if (c == '>' && --depth == 0) {
      return rest;
    }
    if (!rest) return std::nullopt;
    text = *rest;
  }
  return std::nullopt;
}

}  // namespace

bool is_svg(std::string_view head, bool goes_on) {
  if (head.find('\0') != std::string_view::npos) return false;
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  std::string_view text = trim(head);
  for (;;) {
    std::optional<std::string_view> rest;
    if (text.starts_with("<?")) {
      rest = behind(text, "?>");
    } else if (text.starts_with("<!--")) {
      rest = behind(text.substr(4), "-->");
    } else if (text.starts_with("<!DOCTYPE")) {
      rest = behind_doctype(text);
    } else {
      break;
    }
    if (!rest) return goes_on;
    text = trim(*rest);
  }
  if (text.empty()) return goes_on;
  if (!text.starts_with('<')) return false;
  const std::size_t end = text.find_first_of(" \t\r\n/>");
  if (end == std::string_view::npos) return goes_on;
  std::string_view name = text.substr(1, end - 1);
  name.remove_prefix(name.find(':') + 1);  // of its namespace; none: npos + 1 is 0
  return name == "svg";
}

}  // namespace coffer
