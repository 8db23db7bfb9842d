// An SVG drawing.
#pragma once

#include <expected>
#include <memory>
#include <optional>

#include "media/protocol/reply.h"
#include "media/worker/pixels.h"
#include "media/worker/source.h"

namespace coffer::media {

// Loads what librsvg needs, before files are out of reach; behind load_fonts(). Throws
// std::runtime_error where it does not work.
void load_rsvg();

// What an SVG file shows, without whatever it refers to outside of itself: those are never opened,
// and left out.
class SvgDrawing {
 public:
  static std::expected<std::unique_ptr<SvgDrawing>, Failure> open(Source& file);
  virtual ~SvgDrawing() = default;

  virtual Facts facts() const = 0;
  // Drawn at the size that is asked for, on nothing.
  virtual std::expected<Raster, Failure> draw(const Request& request) = 0;
};

}  // namespace coffer::media
