// Types that a few bytes at a known place tell.
#pragma once

#include <optional>

#include "media/sniff/head.h"

namespace coffer::media {

std::optional<Match> find_signature(const Head& head) noexcept;

}  // namespace coffer::media
