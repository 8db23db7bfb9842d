#include "vault/tree/search_terms.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "vault/model/checks.h"

namespace coffer::vault {
namespace {

constexpr char kSeparator = '\x1f';

// Whether `term` begins a word in `text`.
bool begins_word(std::string_view text, std::string_view term) noexcept {
  if (!is_word_byte(term.front())) return false;
  for (std::size_t at = text.find(term); at != std::string_view::npos;
       at = text.find(term, at + 1)) {
    if (at == 0 || !is_word_byte(text[at - 1])) return true;
  }
  return false;
}

}  // namespace

std::string search_column(const Entry& entry) {
  std::string column = search_form(entry.name);
  const auto append = [&](std::string_view text) {
    column += kSeparator;
    if (!text.empty()) column += search_form(text);
  };
  append(entry.title.value_or(""));
  append(entry.description.value_or(""));
  for (const std::string& tag : entry.tags) append(tag);
  return column;
}

SearchFields split_search_column(std::string_view column) noexcept {
  const auto end_of = [&](std::size_t from) {
    return std::min(column.find(kSeparator, from), column.size());
  };
  const std::size_t name = end_of(0);
  const std::size_t title = end_of(std::min(name + 1, column.size()));
  const std::size_t start = std::min(title + 1, column.size());
  const std::size_t description = end_of(start);
  return {.before = column.substr(0, title),
          .description = column.substr(start, description - start),
          .after = column.substr(std::min(description + 1, column.size()))};
}

std::optional<SearchTerms> SearchTerms::parse(std::string_view text) {
  if (text.size() > kTextMax || !is_utf8(text)) return std::nullopt;
  const std::string form = search_form(text);
  if (form.size() > kTextMax) return std::nullopt;
  SearchTerms parsed;
  for (std::size_t at = 0; at < form.size();) {
    const std::size_t end = std::min(form.find(' ', at), form.size());
    std::string term = form.substr(at, end - at);
    at = end + 1;
    if (term.empty() || std::ranges::find(parsed.terms_, term) != parsed.terms_.end()) continue;
    if (parsed.terms_.size() == kTermsMax) return std::nullopt;
    parsed.terms_.push_back(std::move(term));
  }
  // Something was asked for that no entry has, as a control character.
  if (parsed.terms_.empty() && !trim(text).empty()) return std::nullopt;
  return parsed;
}

std::optional<int> SearchTerms::rank_of(std::string_view column) const {
  for (const std::string& term : terms_) {
    if (column.find(term) == std::string_view::npos) return std::nullopt;
  }
  const SearchFields fields = split_search_column(column);
  const bool best = std::ranges::all_of(terms_, [&](const std::string& term) {
    return begins_word(fields.before, term) || begins_word(fields.after, term);
  });
  return best ? 0 : 1;
}

}  // namespace coffer::vault
