#include "media/drawing/canvas.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace coffer::media {
namespace {

// Sizes beyond these are no sizes, and arithmetic with them none.
constexpr double kLeast = 1e-6;
constexpr double kLargest = 1e12;

bool is_size(double edge) noexcept { return edge >= kLeast && edge <= kLargest; }

// Cairo's samples are multiplied by their alpha.
std::uint8_t divided(std::uint32_t sample, std::uint32_t alpha) noexcept {
  return static_cast<std::uint8_t>(std::min((sample * 255 + alpha / 2) / alpha, 255u));
}

}  // namespace

std::expected<Placement, Failure> place_drawing(const Request& request, double width,
                                                double height) {
  // False for what is no number, too.
  if (!is_size(width) || !is_size(height)) return std::unexpected(Failure::kDamaged);
  const double across = request.width / width;
  const double down = request.height / height;
  Placement placement;
  placement.factor = request.fit == Fit::kCover ? std::max(across, down) : std::min(across, down);
  const auto edge = [&](double length, std::uint32_t limit) {
    const double scaled = std::round(length * placement.factor);
    return static_cast<std::uint32_t>(std::clamp(scaled, 1.0, static_cast<double>(limit)));
  };
  placement.width = edge(width, request.width);
  placement.height = edge(height, request.height);
  if (request.fit == Fit::kCover) {
    placement.left = (placement.width - width * placement.factor) / 2;
    placement.top = (placement.height - height * placement.factor) / 2;
  }
  return placement;
}

Canvas::Canvas(const Placement& placement, Paper paper)
    : surface_(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, static_cast<int>(placement.width),
                                          static_cast<int>(placement.height))),
      context_(cairo_create(surface_.get())),
      width_(placement.width),
      height_(placement.height) {
  if (paper == Paper::kWhite) {
    cairo_set_source_rgb(context_.get(), 1, 1, 1);
    cairo_paint(context_.get());
  }
  cairo_translate(context_.get(), placement.left, placement.top);
  cairo_scale(context_.get(), placement.factor, placement.factor);
}

std::expected<Raster, Failure> Canvas::take() {
  context_.reset();
  cairo_surface_flush(surface_.get());
  const unsigned char* const data = cairo_image_surface_get_data(surface_.get());
  if (cairo_surface_status(surface_.get()) != CAIRO_STATUS_SUCCESS || data == nullptr) {
    return std::unexpected(Failure::kMemory);
  }
  Raster raster{.width = width_, .height = height_, .opaque = true, .rgba = {}};
  raster.rgba.resize(std::size_t{width_} * height_ * 4);
  const auto stride = static_cast<std::size_t>(cairo_image_surface_get_stride(surface_.get()));
  std::uint8_t* to = raster.rgba.data();
  for (std::uint32_t y = 0; y < height_; ++y) {
    const unsigned char* const row = data + stride * y;
    for (std::uint32_t x = 0; x < width_; ++x, to += 4) {
      std::uint32_t pixel = 0;
      std::copy_n(row + std::size_t{x} * 4, 4, reinterpret_cast<unsigned char*>(&pixel));
      const std::uint32_t alpha = pixel >> 24;
      if (alpha < 255) raster.opaque = false;
      if (alpha == 0) continue;
      to[0] = divided(pixel >> 16 & 255, alpha);
      to[1] = divided(pixel >> 8 & 255, alpha);
      to[2] = divided(pixel & 255, alpha);
      to[3] = static_cast<std::uint8_t>(alpha);
    }
  }
  return raster;
}

}  // namespace coffer::media
