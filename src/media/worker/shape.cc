#include "media/worker/shape.h"

#include <algorithm>
#include <cmath>

namespace coffer::media {

Shape shape_for(const Request& request, std::uint32_t width, std::uint32_t height) noexcept {
  const double across = request.width / static_cast<double>(width);
  const double down = request.height / static_cast<double>(height);
  double factor = request.fit == Fit::kCover ? std::max(across, down) : std::min(across, down);
  if (request.fit == Fit::kInside) factor = std::min(factor, 1.0);
  const auto edge = [&](std::uint32_t from, std::uint32_t limit) {
    const auto scaled = std::max<std::int64_t>(std::llround(from * factor), 1);
    const auto most = request.fit == Fit::kCover ? std::int64_t{kMaxPictureEdge} * 4 : limit;
    return static_cast<std::uint32_t>(std::min<std::int64_t>(scaled, most));
  };
  Shape shape;
  shape.width = edge(width, request.width);
  shape.height = edge(height, request.height);
  shape.crop_width = std::min(shape.width, request.width);
  shape.crop_height = std::min(shape.height, request.height);
  return shape;
}

}  // namespace coffer::media
