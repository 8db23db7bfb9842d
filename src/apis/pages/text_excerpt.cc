#include "apis/pages/text_excerpt.h"

#include <algorithm>

#include "apis/kit/page.h"
#include "base/read_prefix.h"
#include "base/text.h"

namespace coffer::apis::pages {
namespace {

constexpr std::size_t kCharacterMax = 4;  // bytes, in UTF-8
// A text that is cut ends with a line, unless its last line is longer than this.
constexpr std::size_t kLineMax = 1024;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Tabs as they are, every line end as one newline.
std::string html_of(std::string_view text) {
  std::string html;
  html.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\t\r"), text.size());
    html += escape_html(text.substr(0, end));
    text.remove_prefix(end);
    if (text.empty()) break;
    html += text.front() == '\t' ? '\t' : '\n';
    text.remove_prefix(text.starts_with("\r\n") ? 2 : 1);
  }
  return html;
}

}  // namespace

std::optional<TextExcerpt> excerpt_of(std::string_view text) {
  const bool is_cut = text.size() > kExcerptMax;
  text = truncate_utf8(text, kExcerptMax);
  // Nothing but ends of characters is no text.
  if (is_cut && text.size() + kCharacterMax <= kExcerptMax) return std::nullopt;
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos) return std::nullopt;
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (is_cut) {
    const std::size_t line = text.rfind('\n');
    const bool is_near = line != std::string_view::npos && text.size() - line <= kLineMax;
    if (is_near) text = text.substr(0, line + 1);
  }
  return TextExcerpt{html_of(text), is_cut};
}

Task<std::optional<TextExcerpt>> read_excerpt(vault::Vault& vault, const vault::Entry& file) {
  const auto content = co_await vault.files().open(file);
  const Bytes text = co_await read_prefix(*content, kExcerptMax + 1);
  co_return excerpt_of(as_text(text));
}

}  // namespace coffer::apis::pages
