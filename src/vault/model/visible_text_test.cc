#include "vault/model/visible_text.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::vault {
namespace {

TEST(VisibleText, FindsWhatNobodySees) {
  for (const std::string bad : {
           "ann\xe2\x80\x8b",  // zero width space
           "a\xe2\x80\x8cnn",  // zero width non-joiner between Latin letters
           "a\xe2\x80\x8dnn",  // zero width joiner
           "\xe2\x80\xaenna",  // right-to-left override
           "\xe2\x81\xa6"
           "ann",                           // left-to-right isolate
           "ann\xe2\x80\x8f",               // right-to-left mark
           "ann\xd8\x9c",                   // Arabic letter mark
           "an\xc2\xadn",                   // soft hyphen
           "ann\xef\xbb\xbf",               // byte order mark
           "ann\xe2\x81\xa0",               // word joiner
           "\xe3\x85\xa4",                  // Hangul filler
           "\xe2\xa0\x80",                  // blank Braille pattern
           "ann\xe2\x80\xa8",               // line separator
           "ann\xef\xb8\x8f",               // emoji style on a letter
           "ann\xf3\xa0\x81\xa1",           // tag
           "\xe2\x80\x8d\xf0\x9f\x91\xa9",  // joiner before an emoji alone
           "\xf0\x9f\x91\xa9\xe2\x80\x8d"   // and behind one
           "x",
       }) {
    EXPECT_TRUE(has_invisible(bad)) << bad;
  }
}

TEST(VisibleText, LeavesWritingAlone) {
  for (const std::string good : {
           "", "ann",
           "J\xc3\xbcrgen Stra\xc3\x9f"
           "e",
           "\xe5\x90\x8d\xe5\x89\x8d",
           "u\xcc\x88",                                                     // combining mark
           "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x9a\x80",                  // an astronaut
           "\xf0\x9f\x91\xa9\xf0\x9f\x8f\xbd\xe2\x80\x8d\xf0\x9f\x9a\x80",  // of another skin
           "\xe2\x9d\xa4\xef\xb8\x8f",                                      // a red heart
           "\xe2\x9d\xa4\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x94\xa5",          // on fire
           "\xd9\x85\xdb\x8c\xe2\x80\x8c\xd8\xae\xd9\x88\xd8\xa7\xd9\x87\xd9\x85",  // Persian
           "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7",  // Devanagari, behind a virama
       }) {
    EXPECT_FALSE(has_invisible(good)) << good;
  }
}

}  // namespace
}  // namespace coffer::vault
