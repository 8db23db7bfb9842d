// Numbers as most formats have them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"

namespace coffer::media {

// REQUIRES: four bytes at `at`.
inline std::uint32_t get_be32(ByteView bytes, std::size_t at) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | std::to_integer<std::uint32_t>(bytes[at + i]);
  }
  return value;
}

}  // namespace coffer::media
