// Pictures as bytes, with nothing in them but the pixels.
#pragma once

#include <expected>

#include "media/protocol/reply.h"
#include "media/worker/pixels.h"

namespace coffer::media {

// Loads what they need, before files are out of reach; behind start_vips().
void load_encoders();

// `quality` 1 to 100, not of PNG, which is without loss. JPEG has no transparency: what is behind
// becomes white.
std::expected<Picture, Failure> encode_picture(const Raster& raster, PictureFormat format,
                                               int quality);

}  // namespace coffer::media
