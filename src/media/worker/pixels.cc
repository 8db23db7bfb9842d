#include "media/worker/pixels.h"

#include <algorithm>
#include <utility>

namespace coffer::media {

Raster turn_upright(Raster raster, unsigned orientation) {
  if (orientation < 2 || orientation > 8) return raster;
  Raster out;
  out.opaque = raster.opaque;
  out.width = swaps_edges(orientation) ? raster.height : raster.width;
  out.height = swaps_edges(orientation) ? raster.width : raster.height;
  out.rgba.resize(raster.rgba.size());
  const std::uint32_t right = raster.width - 1;
  const std::uint32_t bottom = raster.height - 1;
  std::uint8_t* to = out.rgba.data();
  for (std::uint32_t y = 0; y < out.height; ++y) {
    for (std::uint32_t x = 0; x < out.width; ++x) {
      std::pair<std::uint32_t, std::uint32_t> from;
      switch (orientation) {
        case 2: from = {right - x, y}; break;
        case 3: from = {right - x, bottom - y}; break;
        case 4: from = {x, bottom - y}; break;
        case 5: from = {y, x}; break;
        case 6: from = {y, bottom - x}; break;
        case 7: from = {right - y, bottom - x}; break;
        default: from = {right - y, x}; break;
      }
      to = std::copy_n(raster.at(from.first, from.second), 4, to);
    }
  }
  return out;
}

Raster crop_to_middle(Raster raster, std::uint32_t width, std::uint32_t height) {
  if (raster.width == width && raster.height == height) return raster;
  Raster out;
  out.opaque = raster.opaque;
  out.width = width;
  out.height = height;
  out.rgba.resize(std::size_t{width} * height * 4);
  const std::uint32_t left = (raster.width - width) / 2;
  const std::uint32_t top = (raster.height - height) / 2;
  std::uint8_t* to = out.rgba.data();
  for (std::uint32_t y = 0; y < height; ++y) {
    to = std::copy_n(raster.at(left, top + y), std::size_t{width} * 4, to);
  }
  return out;
}

}  // namespace coffer::media
