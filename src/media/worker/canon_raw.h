// Canon's raw files of since 2018 (CR3), which are boxes as those of MP4.
#pragma once

#include <optional>

#include "media/worker/exif.h"
#include "media/worker/source.h"

namespace coffer::media {

struct CanonRaw {
  RawFile raw;  // with the preview, where there is one
  Exif exif;
};
// Nothing unless the boxes of a camera are there.
std::optional<CanonRaw> read_canon_raw(Source& source);

}  // namespace coffer::media
