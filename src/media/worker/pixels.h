// Pixels between a decoder and an encoder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace coffer::media {

// Colour as ITU-T H.273 numbers it.
struct Cicp {
  int primaries = 2;
  int transfer = 2;
};

// What a decoder made, in whatever colours the file has. Rows follow each other without gaps,
// samples are in the machine's byte order, alpha is not premultiplied.
struct Pixels {
  enum class Model { kGrey, kRgb, kCmyk };

  std::uint32_t width = 0;
  std::uint32_t height = 0;
  Model model = Model::kRgb;
  bool alpha = false;
  unsigned bits = 8;  // 8 or 16 a sample
  Bytes data;
  Bytes profile;             // ICC; empty: none
  std::optional<Cicp> cicp;  // where there is no profile

  unsigned colour_samples() const noexcept {
    return model == Model::kGrey ? 1 : model == Model::kRgb ? 3 : 4;
  }
  unsigned samples() const noexcept { return colour_samples() + (alpha ? 1 : 0); }
};

// sRGB, 8 bits, four samples a pixel.
struct Raster {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool opaque = true;
  std::vector<std::uint8_t> rgba;

  const std::uint8_t* at(std::uint32_t x, std::uint32_t y) const noexcept {
    return rgba.data() + (std::size_t{y} * width + x) * 4;
  }
};

// As EXIF's orientation (1 to 8) says that it is to be shown.
Raster turn_upright(Raster raster, unsigned orientation);
// Whether that exchanges width and height.
constexpr bool swaps_edges(unsigned orientation) noexcept { return orientation >= 5; }

// The rectangle of that size in the middle. REQUIRES: not larger than `raster`.
Raster crop_to_middle(Raster raster, std::uint32_t width, std::uint32_t height);

}  // namespace coffer::media
