// Sound without a container: frames one after another, each with a header of its own. A header
// alone is little to go by, so what follows it has to fit.
#pragma once

#include <optional>

#include "media/sniff/head.h"

namespace coffer::media {

// MPEG audio, AAC (ADTS), AC-3 and E-AC-3.
std::optional<Match> find_audio_frames(const Head& head) noexcept;

}  // namespace coffer::media
