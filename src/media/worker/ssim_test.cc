#include "media/worker/ssim.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>

namespace coffer::media {
namespace {

Raster noise(std::uint32_t width, std::uint32_t height) {
  std::mt19937 random(7);
  Raster raster{.width = width, .height = height, .opaque = true, .rgba = {}};
  for (std::size_t i = 0; i < std::size_t{width} * height; ++i) {
    for (int sample = 0; sample < 3; ++sample) {
      raster.rgba.push_back(static_cast<std::uint8_t>(random() % 256));
    }
    raster.rgba.push_back(255);
  }
  return raster;
}

// Every colour `by` brighter, as far as there is.
Raster brighter(Raster raster, int by) {
  for (std::size_t i = 0; i < raster.rgba.size(); ++i) {
    if (i % 4 != 3) raster.rgba[i] = static_cast<std::uint8_t>(std::min(raster.rgba[i] + by, 255));
  }
  return raster;
}

TEST(Ssim, IsOneOfTheSamePictureAndLessOfOthers) {
  for (const std::uint32_t edge : {7U, 8U, 17U, 64U, 101U}) {
    const Raster picture = noise(edge, edge + 3);
    EXPECT_DOUBLE_EQ(ssim(picture, picture), 1) << edge;
    EXPECT_LT(ssim(picture, turn_upright(picture, 3)), 0.5) << edge;
  }
  const Raster picture = noise(64, 64);
  const double little = ssim(picture, brighter(picture, 3));
  const double much = ssim(picture, brighter(picture, 60));
  EXPECT_LT(little, 1);
  EXPECT_GT(little, 0.98);
  EXPECT_LT(much, little);
}

TEST(Ssim, SeesColoursAlone) {
  const Raster colours = noise(64, 64);
  Raster grey = colours;
  for (std::size_t i = 0; i < grey.rgba.size(); i += 4) {
    const int luma =
        (19595 * grey.rgba[i] + 38470 * grey.rgba[i + 1] + 7471 * grey.rgba[i + 2] + 32768) >> 16;
    std::fill_n(grey.rgba.begin() + static_cast<std::ptrdiff_t>(i), 3,
                static_cast<std::uint8_t>(luma));
  }
  EXPECT_LT(ssim(colours, grey), 0.9);
}

TEST(Ssim, SeesTransparencyOnWhite) {
  Raster white{.width = 16, .height = 16, .opaque = true, .rgba = {}};
  white.rgba.assign(std::size_t{16} * 16 * 4, 255);
  Raster transparent = white;
  transparent.opaque = false;
  std::ranges::fill(transparent.rgba, 0);
  EXPECT_DOUBLE_EQ(ssim(white, transparent), 1);
}

}  // namespace
}  // namespace coffer::media
