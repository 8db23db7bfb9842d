#include "vault/tree/search_terms.h"

#include <gtest/gtest.h>

#include "vault/model/checks.h"

namespace coffer::vault {
namespace {

std::optional<int> rank(std::string_view text, const Entry& entry) {
  return SearchTerms::parse(text).value().rank_of(search_column(entry));
}

TEST(SearchTerms, AreTheDifferentWords) {
  const auto terms = SearchTerms::parse(" Anna  und\tANNA a\u0308 ");
  EXPECT_EQ(terms->terms(), (std::vector<std::string>{"anna", "und", "a"}));
  EXPECT_TRUE(SearchTerms::parse("")->terms().empty());
  EXPECT_TRUE(SearchTerms::parse(" \t ")->terms().empty());
  EXPECT_FALSE(SearchTerms::parse(std::string_view("\0", 1))) << "matches nothing, not everything";
  EXPECT_FALSE(SearchTerms::parse("\x1f"));
  EXPECT_FALSE(SearchTerms::parse("\xff"));
  EXPECT_FALSE(SearchTerms::parse(std::string(SearchTerms::kTextMax + 1, 'a')));
}

TEST(SearchTerms, AreFoundInEveryFieldAndNeverAcrossTwo) {
  Entry entry;
  entry.name = "IMG_2023.jpg";
  entry.title = "By the Sea";
  entry.description = "low tide";
  entry.tags = {"Summer", "two words"};
  for (const char* text : {"img", "2023.J", "sea", "tide", "mmer", "words two", "e"}) {
    EXPECT_TRUE(rank(text, entry)) << text;
  }
  for (const char* text : {"jpgby", "sealow", "tidesummer", "sea winter", "img2023"}) {
    EXPECT_FALSE(rank(text, entry)) << text;
  }
  entry.title.reset();
  EXPECT_FALSE(rank("sea", entry));
  EXPECT_TRUE(rank("tide", entry));
}

TEST(SearchTerms, RankTheBeginningsOfWordsFirst) {
  Entry entry;
  entry.name = "my-sunset 2.jpg";
  entry.title = "Overseas";
  entry.description = "seagulls";
  entry.tags = {"Beach house"};
  for (const char* text : {"sun", "2", "jpg", "over", "house", "my beach", "sunset 2"}) {
    EXPECT_EQ(rank(text, entry), 0) << text;
  }
  for (const char* text : {"unset", "seas", "seagulls", "my seas", "-sun", ".jpg"}) {
    EXPECT_EQ(rank(text, entry), 1) << text;
  }
}

TEST(SearchForm, FoldsCaseAndAccentsInAnyScript) {
  const std::pair<const char*, const char*> equal[] = {
      {"Äpfel", "apfel"},
      {"STRASSE", "straße"},
      {"Ｆｕｌｌ", "full"},
      {"café", "CAFE\u0301"},
      {"Łódź", "lodz"},
      {"Ёлка", "елка"},
      {"ΆΛΦΑ", "αλφα"},
      {"Åse Øst", "ase ost"},
      {"한글", "한글"},
      {"شَمس", "شمس"},
      {"naïve œuvre", "naive oeuvre"},
  };
  for (const auto& [a, b] : equal) EXPECT_EQ(search_form(a), search_form(b)) << a;
  EXPECT_NE(search_form("東京"), search_form("京東"));
  EXPECT_NE(search_form("が"), search_form("か")) << "another letter, not an accent";
  EXPECT_EQ(search_form("한글"), "한글");
  EXPECT_EQ(search_form("a\x1f"
                        "b"),
            "a b");
}

TEST(SearchFields, AreFoundInAnyColumn) {
  for (const auto& [column, description] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"name", ""},
                                                        {"name\x1ftitle\x1f", ""},
                                                        {"name\x1f\x1ftext", "text"},
                                                        {"name\x1f\x1ftext\x1ftag", "text"}}) {
    EXPECT_EQ(split_search_column(column).description, description) << column;
  }
}

}  // namespace
}  // namespace coffer::vault
