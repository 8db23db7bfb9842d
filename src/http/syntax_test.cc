#include "http/syntax.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::http {
namespace {

TEST(Syntax, FieldTextHasNoControlWhereverItStands) {
  EXPECT_TRUE(is_field_text(""));
  for (std::size_t length = 1; length <= 25; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (unsigned byte = 0; byte < 256; ++byte) {
        for (const char rest : {'a', '\xff', '\t', '\x20', '\x80'}) {
          std::string text(length, rest);
          text[at] = static_cast<char>(byte);
          const bool is_control = (byte < 0x20 && byte != '\t') || byte == 0x7f;
          ASSERT_EQ(is_field_text(text), !is_control) << byte << " at " << at << " of " << length;
        }
      }
    }
  }
}

TEST(Syntax, ATokenIsVisibleAsciiWithoutDelimiters) {
  EXPECT_FALSE(is_token(""));
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  for (const char c : std::string("()<>@,;:\\\"/[]?={} \t\r\n\x7f\x80\xff") + '\0') {
    EXPECT_FALSE(is_token(std::string("a") + c)) << static_cast<int>(c);
  }
}

TEST(Syntax, ListsTokens) {
  EXPECT_TRUE(lists_token("close", "close"));
  EXPECT_TRUE(lists_token("keep-alive , Close", "close"));
  EXPECT_FALSE(lists_token("closed, enclose", "close"));
  EXPECT_FALSE(lists_token("", "close"));
}

}  // namespace
}  // namespace coffer::http
