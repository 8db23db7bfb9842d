#include "media/sniff/drawing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace coffer::media {
namespace {

DrawingFormat format_of(const std::string& text) {
  return drawing_format(as_bytes(text).first(std::min(text.size(), kDrawingHeadBytes)));
}

// `text` behind so many times `filler`.
std::string behind(std::size_t count, char filler, std::string_view text) {
  std::string all;
  all.assign(count, filler);
  all += text;
  return all;
}

TEST(DrawingFormat, IsToldByTheFirstBytes) {
  EXPECT_EQ(format_of("%PDF-1.4\n"), DrawingFormat::kPdf);
  EXPECT_EQ(format_of("\xef\xbb\xbf%PDF-1.4\n"), DrawingFormat::kPdf);
  EXPECT_EQ(format_of(behind(1000, '\n', "%PDF-1.4\n")), DrawingFormat::kPdf);
  EXPECT_EQ(format_of("<svg/>"), DrawingFormat::kSvg);
  EXPECT_EQ(format_of("<?xml version='1.0'?><!-- %PDF- --><s:svg xmlns:s='x'>"),
            DrawingFormat::kSvg);
  // It may begin behind what is looked at.
  EXPECT_EQ(format_of("<!--" + behind(9000, ' ', "--><svg/>")), DrawingFormat::kSvg);
}

TEST(DrawingFormat, IsNoneOfOthers) {
  for (const char* const text : {"", "%", "%PDF", "<html><svg/></html>", "svg", "GIF89a %PDF-1.4",
                                 "\xff\xd8\xff\xe0 %PDF-1.4", "<!-- <svg/>"}) {
    EXPECT_EQ(format_of(text), DrawingFormat::kNone) << text;
  }
  EXPECT_EQ(format_of(behind(1024, '\n', "%PDF-1.4\n")), DrawingFormat::kNone);
  EXPECT_EQ(format_of("\x1f\x8b\x08<svg/>"), DrawingFormat::kNone);
}

}  // namespace
}  // namespace coffer::media
