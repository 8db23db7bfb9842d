#include "apis/pages/text_excerpt.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::apis::pages {
namespace {

using namespace std::string_literals;

std::string html_of(const std::string& text) {
  const auto excerpt = excerpt_of(text);
  return excerpt ? excerpt->html : "nothing";
}

TEST(TextExcerpt, IsTextAndNeverMarkup) {
  EXPECT_EQ(html_of("<script>alert('1' && \"2\")</script>"),
            "&lt;script&gt;alert(&#39;1&#39; &amp;&amp; &quot;2&quot;)&lt;/script&gt;");
  EXPECT_EQ(html_of("</pre><!-- ä 😀"), "&lt;/pre&gt;&lt;!-- ä 😀");
}

TEST(TextExcerpt, KeepsTabsAndTurnsLineEndsIntoNewlines) {
  EXPECT_EQ(html_of("a\tb\r\nc\rd\ne\r\r\nf\r"), "a\tb\nc\nd\ne\n\nf\n");
  EXPECT_EQ(html_of("\x1b[31m"), "\xef\xbf\xbd[31m");
  EXPECT_EQ(html_of("\xef\xbb\xbfmarked"), "marked");
}

TEST(TextExcerpt, IsNothingForWhatIsNoText) {
  for (const std::string& bytes :
       {"\xff\xfeh\0i\0"s, "caf\xe9"s, "a\0b"s, "\xc3"s, "\xed\xa0\x80"s,
        std::string(kExcerptMax + 1, '\x80'), std::string(kExcerptMax, 'a') + "\xff"s + "b"}) {
    const bool is_late = bytes.starts_with('a') && bytes.size() > kExcerptMax;
    EXPECT_EQ(excerpt_of(bytes).has_value(), is_late) << bytes.size();
  }
  EXPECT_EQ(html_of(""), "");
}

TEST(TextExcerpt, EndsBetweenCharacters) {
  for (const std::string character : {"é", "€", "😀"}) {
    for (std::size_t shift = 0; shift < character.size(); ++shift) {
      std::string text(shift, 'a');
      while (text.size() <= kExcerptMax + 1) text += character;
      text.resize(kExcerptMax + 1);  // as much as is read, which may end anywhere
      const auto excerpt = excerpt_of(text);
      ASSERT_TRUE(excerpt) << character << shift;
      EXPECT_TRUE(excerpt->is_cut);
      EXPECT_LE(excerpt->html.size(), kExcerptMax);
      EXPECT_GT(excerpt->html.size() + character.size(), kExcerptMax);
      EXPECT_EQ((excerpt->html.size() - shift) % character.size(), 0u);
    }
  }
}

TEST(TextExcerpt, EndsWithALineWhereOneIsNear) {
  const std::string near = std::string(kExcerptMax - 100, 'a') + '\n' + std::string(200, 'b');
  const auto excerpt = excerpt_of(near);
  ASSERT_TRUE(excerpt);
  EXPECT_TRUE(excerpt->is_cut);
  EXPECT_TRUE(excerpt->html.ends_with("a\n"));
  const std::string far = "a\n" + std::string(kExcerptMax, 'b');
  EXPECT_EQ(excerpt_of(far)->html.size(), kExcerptMax);
  const std::string whole(kExcerptMax, 'a');
  EXPECT_FALSE(excerpt_of(whole)->is_cut);
  EXPECT_EQ(html_of(whole), whole);
}

}  // namespace
}  // namespace coffer::apis::pages
