#include "vault/identity/opaque_string.h"

#include <gtest/gtest.h>

namespace coffer::vault {
namespace {

TEST(OpaqueString, IsWhatTheRfcHas) {
  // RFC 8265 section 4.3, examples 12 to 15.
  EXPECT_EQ(opaque_string("correct horse battery staple"), "correct horse battery staple");
  EXPECT_EQ(opaque_string("Correct Horse Battery Staple"), "Correct Horse Battery Staple");
  EXPECT_EQ(opaque_string("\xcf\x80\xc3\x9f\xc3\xa5"), "\xcf\x80\xc3\x9f\xc3\xa5");
  EXPECT_EQ(opaque_string("Jack of \xe2\x99\xa6s"), "Jack of \xe2\x99\xa6s");
  EXPECT_EQ(opaque_string("foo\xe1\x9a\x80"
                          "bar"),
            "foo bar");
}

TEST(OpaqueString, ComposesAndKeepsWidthCaseAndControls) {
  EXPECT_EQ(opaque_string("Zoe\xcc\x88"), "Zo\xc3\xab");
  EXPECT_EQ(opaque_string("\xef\xbc\xa1"), "\xef\xbc\xa1") << "a full-width A";
  EXPECT_EQ(opaque_string("\xef\xac\x81n"), "\xef\xac\x81n") << "a ligature";
  EXPECT_EQ(opaque_string("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(opaque_string(std::string("a\0b", 3)), std::string("a\0b", 3));
  EXPECT_EQ(opaque_string("\xff\xfe"), "\xff\xfe") << "no text";
  EXPECT_EQ(opaque_string(""), "");
}

}  // namespace
}  // namespace coffer::vault
