#include "media/worker/ssim.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace coffer::media {
namespace {

constexpr std::size_t kBlock = 4;  // windows are two by two of them, and overlap by one

struct Plane {
  std::size_t width = 0;
  std::size_t height = 0;
  std::vector<std::uint8_t> samples;
};

struct Planes {
  Plane luma;
  Plane blue;
  Plane red;
};

std::uint8_t as_sample(int value) noexcept {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

// ITU-R BT.601, the full range, as JPEG has it; in 16 bits behind the point.
struct Colour {
  int luma;
  int blue;
  int red;
};
Colour colour_of(const std::uint8_t* rgba) noexcept {
  const int behind = 255 * (255 - rgba[3]);
  const int r = (rgba[0] * rgba[3] + behind + 127) / 255;
  const int g = (rgba[1] * rgba[3] + behind + 127) / 255;
  const int b = (rgba[2] * rgba[3] + behind + 127) / 255;
  return {.luma = 19595 * r + 38470 * g + 7471 * b,
          .blue = -11059 * r - 21709 * g + 32768 * b,
          .red = 32768 * r - 27439 * g - 5329 * b};
}

Planes planes_of(const Raster& raster) {
  Planes planes;
  planes.luma = {raster.width, raster.height, {}};
  planes.luma.samples.resize(planes.luma.width * planes.luma.height);
  planes.blue = {raster.width / 2, raster.height / 2, {}};
  planes.blue.samples.resize(planes.blue.width * planes.blue.height);
  planes.red = planes.blue;
  std::vector<int> blue(planes.blue.width);
  std::vector<int> red(planes.blue.width);
  for (std::uint32_t y = 0; y < raster.height; ++y) {
    if (y % 2 == 0) {
      std::ranges::fill(blue, 0);
      std::ranges::fill(red, 0);
    }
    for (std::uint32_t x = 0; x < raster.width; ++x) {
      const Colour colour = colour_of(raster.at(x, y));
      planes.luma.samples[std::size_t{y} * raster.width + x] =
          as_sample((colour.luma + 32768) >> 16);
      if (x / 2 >= blue.size()) continue;
      blue[x / 2] += colour.blue;
      red[x / 2] += colour.red;
    }
    if (y % 2 == 0 || y / 2 >= planes.blue.height) continue;
    // Of four pixels each.
    for (std::size_t x = 0; x < blue.size(); ++x) {
      const std::size_t at = y / 2 * blue.size() + x;
      planes.blue.samples[at] = as_sample(128 + ((blue[x] / 4 + 32768) >> 16));
      planes.red.samples[at] = as_sample(128 + ((red[x] / 4 + 32768) >> 16));
    }
  }
  return planes;
}

struct Sums {
  int one = 0;
  int other = 0;
  int squares = 0;
  int products = 0;

  Sums& operator+=(const Sums& more) noexcept {
    one += more.one;
    other += more.other;
    squares += more.squares;
    products += more.products;
    return *this;
  }
};

Sums sums_of(const Plane& one, const Plane& other, std::size_t x, std::size_t y) noexcept {
  Sums sums;
  for (std::size_t row = y; row < y + kBlock; ++row) {
    const std::uint8_t* a = one.samples.data() + row * one.width + x;
    const std::uint8_t* b = other.samples.data() + row * one.width + x;
    for (std::size_t i = 0; i < kBlock; ++i) {
      sums.one += a[i];
      sums.other += b[i];
      sums.squares += a[i] * a[i] + b[i] * b[i];
      sums.products += a[i] * b[i];
    }
  }
  return sums;
}

double window_ssim(const Sums& sums) noexcept {
  constexpr double kPixels = 64;
  constexpr double kFirst = 0.01 * 0.01 * 255 * 255 * kPixels;
  constexpr double kSecond = 0.03 * 0.03 * 255 * 255 * kPixels * (kPixels - 1);
  const double one = sums.one;
  const double other = sums.other;
  const double variances = sums.squares * kPixels - one * one - other * other;
  const double covariance = sums.products * kPixels - one * other;
  return (2 * one * other + kFirst) * (2 * covariance + kSecond) /
         ((one * one + other * other + kFirst) * (variances + kSecond));
}

double plane_ssim(const Plane& one, const Plane& other) {
  const std::size_t across = one.width / kBlock;
  const std::size_t down = one.height / kBlock;
  if (across < 2 || down < 2) return one.samples == other.samples ? 1 : 0;
  std::vector<Sums> above(across);
  std::vector<Sums> here(across);
  double sum = 0;
  for (std::size_t y = 0; y < down; ++y) {
    for (std::size_t x = 0; x < across; ++x) {
      here[x] = sums_of(one, other, x * kBlock, y * kBlock);
    }
    for (std::size_t x = 1; y > 0 && x < across; ++x) {
      Sums window = above[x - 1];
      window += above[x];
      window += here[x - 1];
      window += here[x];
      sum += window_ssim(window);
    }
    above.swap(here);
  }
  return sum / static_cast<double>((across - 1) * (down - 1));
}

}  // namespace

double ssim(const Raster& one, const Raster& other) {
  const Planes a = planes_of(one);
  const Planes b = planes_of(other);
  const double luma = plane_ssim(a.luma, b.luma);
  const double blue = plane_ssim(a.blue, b.blue);
  const double red = plane_ssim(a.red, b.red);
  return std::min(luma, (4 * luma + blue + red) / 6);
}

}  // namespace coffer::media
