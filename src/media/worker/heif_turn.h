// Turns of HEIF items that libheif 1.15 leaves out of the size that it tells.
#pragma once

#include <cstdint>
#include <optional>

#include "media/worker/source.h"

namespace coffer::media {

struct ItemSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  friend bool operator==(const ItemSize&, const ItemSize&) = default;
};

// The size that is said for the item, before any turn, where its list of properties (ISO 23008-12,
// `ipma`) turns it by 90 or 270 degrees before that, as cameras of Sony write it. libheif 1.15 then
// tells that size, and gives the pixels after the turn. Nothing of all other items.
std::optional<ItemSize> size_behind_turn(Source& file, std::uint32_t item);

}  // namespace coffer::media
