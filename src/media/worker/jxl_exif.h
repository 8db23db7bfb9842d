// EXIF in JPEG XL files, which libvips 8.14 does not read.
#pragma once

#include "base/bytes.h"
#include "media/worker/source.h"

namespace coffer::media {

// The EXIF structure of a JPEG XL file, also a compressed one. Empty where there is none, or it is
// over a MiB.
Bytes read_jxl_exif(Source& source);

}  // namespace coffer::media
