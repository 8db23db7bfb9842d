// Pictures that stand still.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "media/protocol/reply.h"
#include "media/worker/exif.h"
#include "media/worker/pixels.h"
#include "media/worker/source.h"

namespace coffer::media {

struct StillHead {
  std::uint32_t width = 0;  // as stored
  std::uint32_t height = 0;
  unsigned orientation = 1;  // how it is to be turned; 1 where the decoder does that
  bool shrinks = false;      // whether the decoder can make it smaller while it decodes
  // Whether its pixels are all that there is: one picture, 8 bits a sample, sRGB or grey.
  bool is_plain = false;
  std::string codec;
  std::string colour_space;
  Exif exif;
};

// An opened picture: its head is read, its pixels are not. It borrows its source.
class Still {
 public:
  virtual ~Still() = default;
  virtual const StillHead& head() const noexcept = 0;
  // The pixels, scaled to that size, which is of the picture as stored. REQUIRES: called once.
  virtual std::expected<Pixels, Failure> decode(std::uint32_t width, std::uint32_t height) = 0;
};

using OpenedStill = std::expected<std::unique_ptr<Still>, Failure>;

// How a still picture begins.
enum class StillFormat {
  kNone,
  kJpeg,
  kPng,
  kWebp,
  kGif,
  kTiff,
  kHeif,
  kJxl,
  kBmp,
  kIco,
  kPsd,
  kJpeg2000,
  kQoi,
  kPnm,
  kRaf,
  kCr3,
};
StillFormat still_format(Source& source);

// Opens what begins as a picture. Null: it does not.
OpenedStill open_still(Source& source);

// What is done about a file that is damaged: what of it can be decoded is shown, or it is refused.
enum class Damage { kShown, kRefused };

// By the library that reads it; the others are called by open_still() alone.
OpenedStill open_by_vips(Source& source, StillFormat format, Damage damage = Damage::kShown);
OpenedStill open_by_heif(Source& source);
OpenedStill open_by_av(Source& source, StillFormat format);

// What FFmpeg makes of a JPEG, PNG or TIFF file that libvips gives up: it shows what there is.
std::expected<Pixels, Failure> decode_damaged(Source& source, StillFormat format,
                                              std::uint32_t width, std::uint32_t height);

// Loads what they need, before files are out of reach. Throws std::runtime_error.
void start_vips();

// The picture that a request asks for: upright, in sRGB. Refused where it has more pixels than the
// request permits.
std::expected<Raster, Failure> still_picture(Still& still, const Request& request);

// Scales pixels. Nothing where memory is short.
std::expected<Pixels, Failure> scale(Pixels pixels, std::uint32_t width, std::uint32_t height);

}  // namespace coffer::media
