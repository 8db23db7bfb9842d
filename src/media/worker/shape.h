// How large a picture becomes.
#pragma once

#include <cstdint>

#include "media/protocol/request.h"

namespace coffer::media {

// The shape of a picture that is wanted, out of the shape of the picture that there is, both
// upright.
struct Shape {
  std::uint32_t width = 0;  // to scale to
  std::uint32_t height = 0;
  std::uint32_t crop_width = 0;  // of the middle that is kept
  std::uint32_t crop_height = 0;
};
Shape shape_for(const Request& request, std::uint32_t width, std::uint32_t height) noexcept;

}  // namespace coffer::media
