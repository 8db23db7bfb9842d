// Whether the bytes of a picture are what they should be, and nothing more.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "media/protocol/request.h"

namespace coffer::media {

struct PictureSize {
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  friend bool operator==(const PictureSize&, const PictureSize&) = default;
};

// The size that the picture's own header tells. Nothing unless `bytes` are one picture of that
// format from the first to the last byte, still, without metadata: a WebP with no other chunks than
// VP8X, ALPH, VP8 and VP8L; a JPEG without segments of applications other than JFIF's and Adobe's,
// and without comments; an AVIF without items for EXIF or XMP.
// It reads the structure alone: whether the pixels can be decoded is not known.
std::optional<PictureSize> check_picture(PictureFormat format, ByteView bytes) noexcept;

}  // namespace coffer::media
