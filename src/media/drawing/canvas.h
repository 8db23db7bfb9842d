// Where pages and drawings, which have no pixels of their own, are drawn.
#pragma once

#include <cairo.h>

#include <cstdint>
#include <expected>
#include <memory>

#include "media/protocol/reply.h"
#include "media/protocol/request.h"
#include "media/worker/pixels.h"

namespace coffer::media {

// A drawing on a picture: its point (x, y) is at (left + x * factor, top + y * factor).
struct Placement {
  std::uint32_t width = 0;  // of the picture, at most as asked
  std::uint32_t height = 0;
  double factor = 1;
  double left = 0;  // pixels; negative where the edge is cut off
  double top = 0;

  friend bool operator==(const Placement&, const Placement&) = default;
};

// How a drawing of this size becomes the picture that a request asks for. It is as large as the
// request allows, whatever size it says it has: nothing is lost by enlarging it. Where the request
// is Fit::kCover, the middle is kept. kDamaged where the size is no size.
std::expected<Placement, Failure> place_drawing(const Request& request, double width,
                                                double height);

// Threads: one.
class Canvas {
 public:
  enum class Paper { kWhite, kTransparent };

  Canvas(const Placement& placement, Paper paper);

  // To draw on, in the units of the drawing. It lives as long as the canvas.
  cairo_t* context() const noexcept { return context_.get(); }
  // What was drawn. kMemory where Cairo could not. REQUIRES: called once, last.
  std::expected<Raster, Failure> take();

 private:
  struct Destroy {
    void operator()(cairo_surface_t* surface) const noexcept { cairo_surface_destroy(surface); }
    void operator()(cairo_t* context) const noexcept { cairo_destroy(context); }
  };
  std::unique_ptr<cairo_surface_t, Destroy> surface_;
  std::unique_ptr<cairo_t, Destroy> context_;
  const std::uint32_t width_;
  const std::uint32_t height_;
};

}  // namespace coffer::media
