#include "media/drawing/canvas.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace coffer::media {
namespace {

Request request_of(Fit fit, std::uint32_t width, std::uint32_t height) {
  Request request;
  request.fit = fit;
  request.width = width;
  request.height = height;
  return request;
}

TEST(PlaceDrawing, FillsWhatIsAskedFor) {
  for (const Fit fit : {Fit::kInside, Fit::kContain}) {
    const auto small = place_drawing(request_of(fit, 320, 320), 24, 12);
    EXPECT_EQ(small, (Placement{.width = 320, .height = 160, .factor = 320.0 / 24}));
    const auto large = place_drawing(request_of(fit, 320, 320), 1e6, 2e6);
    EXPECT_EQ(large, (Placement{.width = 160, .height = 320, .factor = 320 / 2e6}));
  }
}

TEST(PlaceDrawing, KeepsTheMiddleOfWhatCovers) {
  const auto placed = place_drawing(request_of(Fit::kCover, 100, 100), 50, 200);
  EXPECT_EQ(placed, (Placement{.width = 100, .height = 100, .factor = 2, .left = 0, .top = -150}));
}

TEST(PlaceDrawing, IsNeverLargerThanAskedNorNothing) {
  for (const Fit fit : {Fit::kInside, Fit::kContain, Fit::kCover}) {
    for (const auto& [width, height] :
         {std::pair{1e12, 1e-6}, std::pair{1e-6, 1e12}, std::pair{1e12, 1e12}}) {
      const auto placed = place_drawing(request_of(fit, 4096, 17), width, height);
      ASSERT_TRUE(placed);
      EXPECT_GE(placed->width, 1);
      EXPECT_LE(placed->width, 4096);
      EXPECT_GE(placed->height, 1);
      EXPECT_LE(placed->height, 17);
    }
  }
}

TEST(PlaceDrawing, RefusesWhatIsNoSize) {
  using Limits = std::numeric_limits<double>;
  for (const double edge : {0.0, -1.0, 1e13, Limits::infinity(), Limits::quiet_NaN()}) {
    const Request request = request_of(Fit::kInside, 320, 320);
    EXPECT_EQ(place_drawing(request, edge, 1).error(), Failure::kDamaged);
    EXPECT_EQ(place_drawing(request, 1, edge).error(), Failure::kDamaged);
  }
}

TEST(Canvas, GivesColoursBesideTheirAlpha) {
  const Placement placement{.width = 2, .height = 1, .factor = 10};
  Canvas canvas(placement, Canvas::Paper::kTransparent);
  cairo_set_source_rgba(canvas.context(), 1, 0.5, 0, 0.5);
  cairo_rectangle(canvas.context(), 0, 0, 0.1, 0.1);
  cairo_fill(canvas.context());
  const auto raster = canvas.take();
  ASSERT_TRUE(raster);
  EXPECT_FALSE(raster->opaque);
  ASSERT_EQ(raster->rgba.size(), 8);
  EXPECT_EQ(raster->rgba[0], 255);
  EXPECT_NEAR(raster->rgba[1], 128, 2);
  EXPECT_EQ(raster->rgba[2], 0);
  EXPECT_EQ(raster->rgba[3], 128);
  EXPECT_EQ(raster->rgba[7], 0);
}

TEST(Canvas, OfPaperIsOpaque) {
  Canvas canvas({.width = 1, .height = 1}, Canvas::Paper::kWhite);
  const auto raster = canvas.take();
  ASSERT_TRUE(raster);
  EXPECT_TRUE(raster->opaque);
  EXPECT_EQ(raster->rgba, (std::vector<std::uint8_t>{255, 255, 255, 255}));
}

}  // namespace
}  // namespace coffer::media
