#include "apis/gateway/logged_path.h"

#include <algorithm>

namespace coffer::apis {
namespace {

constexpr std::size_t kDigitsMax = 19;
constexpr std::size_t kKindMax = 8;  // characters of `media` and its like
constexpr std::string_view kHidden = "…";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// `12`, `media_12`: the numbers of things, which open nothing by themselves.
bool is_number(std::string_view text) {
  const std::size_t mark = text.find('_');
  if (mark != std::string_view::npos) {
    const std::string_view kind = text.substr(0, mark);
    if (kind.empty() || kind.size() > kKindMax || !std::ranges::all_of(kind, is_lower))
      return false;
    text.remove_prefix(mark + 1);
  }
  return !text.empty() && text.size() <= kDigitsMax && std::ranges::all_of(text, is_digit);
}

// Calls `visit(segment)` for each segment of a pattern; none is empty.
template <class Visit>
void each_segment(std::string_view pattern, Visit visit) {
  while (!pattern.empty()) {
    const std::size_t end = std::min(pattern.find('/'), pattern.size());
    if (end > 0) visit(pattern.substr(0, end));
    pattern.remove_prefix(std::min(end + 1, pattern.size()));
  }
}

}  // namespace

void LoggedPaths::add(std::string_view pattern) {
  each_segment(pattern, [this](std::string_view segment) {
    if (!segment.starts_with('{')) words_.emplace(segment);
  });
}

std::string LoggedPaths::known(std::string_view pattern, const std::vector<std::string>& segments) {
  std::string shown;
  std::size_t at = 0;
  each_segment(pattern, [&](std::string_view segment) {
    const bool is_one = segment.starts_with('{') && !segment.ends_with("...}");
    shown += '/';
    shown += is_one && at < segments.size() && is_number(segments[at]) ? segments[at] : segment;
    ++at;
  });
  return shown.empty() ? "/" : shown;
}

std::string LoggedPaths::unknown(const std::vector<std::string>& segments) const {
  std::string shown;
  bool was_hidden = false;
  for (const std::string& segment : segments) {
    if (segment.empty()) continue;
    const bool is_word = words_.contains(segment);
    if (is_word || !was_hidden) {
      shown += '/';
      shown += is_word ? std::string_view(segment) : kHidden;
    }
    was_hidden = !is_word;
  }
  return shown.empty() ? "/" : shown;
}

}  // namespace coffer::apis
