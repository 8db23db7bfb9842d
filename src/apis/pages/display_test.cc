#include "apis/pages/display.h"

#include <gtest/gtest.h>

#include <string_view>

namespace coffer::apis::pages {
namespace {

using vault::FileKind;

vault::Entry file(std::string_view media_type, FileKind kind) {
  vault::Entry entry;
  entry.type = {.media_type = std::string(media_type), .kind = kind};
  return entry;
}

TEST(Display, IsToldByTheType) {
  EXPECT_EQ(display_of(file("image/jpeg", FileKind::kImage)), Display::kPicture);
  EXPECT_EQ(display_of(file("image/svg+xml", FileKind::kImage)), Display::kPicture);
  EXPECT_EQ(display_of(file("image/heic", FileKind::kImage)), Display::kNone);
  EXPECT_EQ(display_of(file("video/mp4", FileKind::kVideo)), Display::kFilm);
  EXPECT_EQ(display_of(file("video/x-msvideo", FileKind::kVideo)), Display::kNone);
  EXPECT_EQ(display_of(file("audio/flac", FileKind::kAudio)), Display::kSound);
  EXPECT_EQ(display_of(file("audio/x-ms-wma", FileKind::kAudio)), Display::kNone);
  EXPECT_EQ(display_of(file("application/pdf", FileKind::kDocument)), Display::kPdf);
  EXPECT_EQ(display_of(file("application/zip", FileKind::kOther)), Display::kNone);
  for (const std::string_view text :
       {"text/plain", "text/markdown; charset=utf-8", "text/html; charset=utf-8",
        "application/json", "application/geo+json", "application/atom+xml"}) {
    EXPECT_EQ(display_of(file(text, FileKind::kDocument)), Display::kText) << text;
  }
}

TEST(Display, SomeFormatsPlayInSomeBrowsers) {
  EXPECT_TRUE(is_played_by_some(file("video/quicktime", FileKind::kVideo)));
  EXPECT_FALSE(is_played_by_some(file("video/mp4", FileKind::kVideo)));
}

TEST(Display, BrowsersOpenPlainTextAndNoOtherText) {
  EXPECT_TRUE(opens(file("text/plain; charset=utf-8", FileKind::kDocument)));
  EXPECT_FALSE(opens(file("text/html; charset=utf-8", FileKind::kDocument)));
  EXPECT_TRUE(opens(file("application/pdf", FileKind::kDocument)));
  EXPECT_FALSE(opens(file("video/mp4", FileKind::kVideo)));
}

}  // namespace
}  // namespace coffer::apis::pages
