// The boxes of MP4, HEIF, CR3 and JPEG XL (ISO 14496-12): a length, a type, a body.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "media/worker/source.h"

namespace coffer::media {

struct BoxBody {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// The first box in `within` of that type whose body begins with `identifier`. What is returned is
// the body behind it. Nothing where there is none, or the boxes before it are broken.
std::optional<BoxBody> find_box(Source& source, const BoxBody& within, std::string_view type,
                                std::string_view identifier = {});

}  // namespace coffer::media
