// EXIF in PNG files, which libvips 8.14 does not read.
#pragma once

#include "base/bytes.h"
#include "media/worker/source.h"

namespace coffer::media {

// The EXIF structure of a PNG file: that of its eXIf chunk, else that of a text that ImageMagick
// and its like wrote before there was such a chunk. Empty where there is none, or it is over a MiB.
Bytes read_png_exif(Source& source);

}  // namespace coffer::media
