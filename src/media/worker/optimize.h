// The same picture in fewer bytes.
#pragma once

#include <expected>

#include "media/protocol/reply.h"
#include "media/worker/source.h"

namespace coffer::media {

// A JPEG, PNG or WebP file written anew in its own format: PNG without any loss, the others with as
// little quality as ssim() permits. Upright, without metadata and profile. kUnsupported for other
// formats, and for what would not be the same without these (other colours than sRGB, 16 bits,
// animations); kTooLarge beyond the request's bounds; kNotSmaller where a tenth is not won.
std::expected<Picture, Failure> optimize_picture(Source& file, const Request& request);

}  // namespace coffer::media
