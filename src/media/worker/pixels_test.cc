#include "media/worker/pixels.h"

#include <gtest/gtest.h>

#include <string>

#include "media/worker/film_frame.h"
#include "media/worker/shape.h"

namespace coffer::media {
namespace {

// Each letter is a pixel, each word a row.
Raster raster_of(std::initializer_list<std::string> rows) {
  Raster raster;
  raster.width = static_cast<std::uint32_t>(rows.begin()->size());
  raster.height = static_cast<std::uint32_t>(rows.size());
  for (const std::string& row : rows) {
    for (const char c : row) {
      raster.rgba.insert(raster.rgba.end(), {static_cast<std::uint8_t>(c), 0, 0, 255});
    }
  }
  return raster;
}

std::string text_of(const Raster& raster) {
  std::string text;
  for (std::uint32_t y = 0; y < raster.height; ++y) {
    if (y > 0) text += ' ';
    for (std::uint32_t x = 0; x < raster.width; ++x) text += static_cast<char>(*raster.at(x, y));
  }
  return text;
}

TEST(TurnUpright, FollowsTheEightOrientations) {
  // What EXIF calls row 0 and column 0, by orientation (CIPA DC-008, table 6).
  const char* const expected[] = {"abc def",  "cba fed",  "fed cba",  "def abc",
                                  "ad be cf", "da eb fc", "fc eb da", "cf be ad"};
  for (unsigned orientation = 1; orientation <= 8; ++orientation) {
    EXPECT_EQ(text_of(turn_upright(raster_of({"abc", "def"}), orientation)),
              expected[orientation - 1])
        << orientation;
  }
}

TEST(CropToMiddle, KeepsTheMiddle) {
  EXPECT_EQ(text_of(crop_to_middle(raster_of({"abcd", "efgh", "ijkl"}), 2, 1)), "fg");
}

TEST(ShapeFor, FitsAsAsked) {
  Request request;
  const auto shape = [&](std::uint32_t width, std::uint32_t height) {
    const Shape found = shape_for(request, width, height);
    return std::vector{found.width, found.height, found.crop_width, found.crop_height};
  };
  using Edges = std::vector<std::uint32_t>;
  EXPECT_EQ(shape(4000, 3000), (Edges{320, 240, 320, 240}));
  EXPECT_EQ(shape(3000, 4000), (Edges{240, 320, 240, 320}));
  EXPECT_EQ(shape(100, 50), (Edges{100, 50, 100, 50}));
  EXPECT_EQ(shape(100'000, 1), (Edges{320, 1, 320, 1}));
  request.fit = Fit::kContain;
  EXPECT_EQ(shape(100, 50), (Edges{320, 160, 320, 160}));
  request.fit = Fit::kCover;
  EXPECT_EQ(shape(640, 480), (Edges{427, 320, 320, 320}));
}

TEST(VisibleDetail, TellsAPictureFromNothing) {
  const auto flat = [](std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
    Raster raster;
    raster.width = 16;
    raster.height = 16;
    for (int i = 0; i < 256; ++i) raster.rgba.insert(raster.rgba.end(), {red, green, blue, 255});
    return raster;
  };
  EXPECT_LT(visible_detail(flat(0, 0, 0)), 1);
  EXPECT_LT(visible_detail(flat(0, 135, 0)), 1);
  EXPECT_LT(visible_detail(flat(255, 255, 255)), 1);
  Raster half = flat(200, 180, 160);
  std::fill_n(half.rgba.begin(), half.rgba.size() / 2, std::uint8_t{30});
  EXPECT_GT(visible_detail(half), 20);
}

}  // namespace
}  // namespace coffer::media
