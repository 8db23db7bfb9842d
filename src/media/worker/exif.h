// EXIF (CIPA DC-008), as far as it is of use: read with bounds, whatever it refers to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/protocol/facts.h"
#include "media/worker/source.h"

namespace coffer::media {

struct Exif {
  std::uint16_t orientation = 1;  // 1 to 8
  std::optional<Moment> taken_at;
  std::optional<Coordinates> location;
  std::string make;
  std::string model;
  std::string artist;
  std::string title;
  std::optional<std::uint16_t> colour_space;  // 1 sRGB, 2 Adobe RGB, 65535 other
};

// `tiff` begins with the TIFF header ("II*" or "MM*"): the body of an EXIF segment, or a whole TIFF
// file. Nothing where there is no such header; what is broken inside is left out.
std::optional<Exif> read_exif(Source& tiff);

// The same where directories are TIFF structures of their own: the main one, that of the camera and
// that of the place, any of which may be empty.
Exif read_exif_parts(Source& main, Source& camera, Source& place);

// A JPEG picture inside of a TIFF-based file, as cameras put into raw files.
struct EmbeddedJpeg {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
// What a TIFF-based raw file (DNG, NEF, CR2, ARW …) has inside.
struct RawFile {
  std::uint32_t width = 0;  // of the largest picture in it, as stored
  std::uint32_t height = 0;
  std::vector<EmbeddedJpeg> previews;  // in the order of the file
};
// Nothing unless the file holds data of a sensor.
std::optional<RawFile> read_raw_file(Source& tiff);
// Width and height alone, also of other files.
RawFile read_picture_size(Source& tiff);

}  // namespace coffer::media
