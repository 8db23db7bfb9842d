// The file name extensions that the vault knows.
#pragma once

#include <cstdint>
#include <string_view>

#include "media/sniff/type.h"

namespace coffer::media {

// How a type begins, as far as more than one type begins that way.
enum class Family : std::uint8_t {
  kUnsigned,  // no bytes to tell it by
  kOwn,       // its own signature
  kTiff,
  kIso,       // ISO base media: boxes, the first of them `ftyp`
  kMatroska,  // told from WebM by the document type inside
  kWebm,
  kOgg,
  kAsf,
  kId3,        // an ID3 tag, then some kind of audio
  kMpegAudio,  // bare frames, told by a sync word that other files have by accident
  kAdts,       // likewise
  kIcon,       // four bytes that other files have by accident
  kZip,
  kZipAlone,  // the same, but without its bytes the name says nothing
  kOle,
  kRar,
  kReal,
  kPanasonic,  // raw pictures of several makers
  kArchive,
  kGzip,
};

struct Extension {
  std::string_view name;  // lower case
  Type type;
  Family family;
};

// The row of the extension of `filename`, in either case; null when it has none or is unknown.
const Extension* extension_of(std::string_view filename) noexcept;

}  // namespace coffer::media
