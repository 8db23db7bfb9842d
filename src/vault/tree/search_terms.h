// What people look for, and what they look for it in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vault/model/types.h"

namespace coffer::vault {

// The text in which an entry is looked for: search_form() of its name, its title, its description
// and each of its tags, each followed by U+001F, which none of them has; that of the last is left
// out.
std::string search_column(const Entry& entry);

// The words of a search. Each has to be part of the searched text, within one of its fields.
// Threads: any, once it is made.
class SearchTerms {
 public:
  static constexpr std::size_t kTextMax = 16U << 10U;  // bytes
  static constexpr std::size_t kTermsMax = 32;

  // No terms: every entry matches.
  SearchTerms() = default;

  // The words between the blanks of `text`, folded. Nothing where no entry can match: the text is
  // no UTF-8, is longer than kTextMax, has more than kTermsMax different words, or has nothing but
  // characters that are never searched for.
  static std::optional<SearchTerms> parse(std::string_view text);

  const std::vector<std::string>& terms() const noexcept { return terms_; }

  // Where every term is found in `column`, a search_column(): 0 when each of them begins a word of
  // the name, the title or a tag, else 1. Nothing where one is missing. A word begins with a letter
  // or digit behind something that is none; what is not ASCII counts as a letter.
  std::optional<int> rank_of(std::string_view column) const;

 private:
  std::vector<std::string> terms_;
};

inline constexpr int kRanks = 2;

// Whether words are made of the character that this byte begins or belongs to.
constexpr bool is_word_byte(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || byte >= 0x80;
}

// The fields of a searched text that hold the description, and all others.
struct SearchFields {
  std::string_view before;  // name and title
  std::string_view description;
  std::string_view after;  // tags
};
SearchFields split_search_column(std::string_view column) noexcept;

}  // namespace coffer::vault
