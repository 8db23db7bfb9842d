#include "media/worker/why_unread.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "media/sniff/type.h"

namespace coffer::media {
namespace {

// Pictures and sounds that the server tells by their first bytes and that nothing here reads.
constexpr std::array<std::string_view, 26> kNotLookedInto = {
    "image/jls",           "image/vnd.ms-photo", "image/x-olympus-orf", "image/x-canon-crw",
    "image/x-minolta-mrw", "image/x-sigma-x3f",  "image/x-arri-ari",    "image/x-xcf",
    "image/x-exr",         "image/vnd.radiance", "image/vnd.ms-dds",    "image/bpg",
    "image/wmf",           "image/x-ilbm",       "audio/midi",          "audio/vnd.rn-realaudio",
    "audio/x-shorten",     "audio/x-xm",         "audio/x-s3m",         "audio/audible",
    "audio/x-8svx",        "audio/x-dff",        "audio/qcelp",         "video/x-yuv4mpeg",
    "video/x-nut",         "video/x-red-r3d",
};

}  // namespace

Failure why_unread(Source& source) {
  const Bytes head = source.read_range(0, kHeadBytes);
  const Type type = type_of({}, head);
  const bool is_medium = type.kind == Kind::kImage || type.kind == Kind::kVideo ||
                         type.kind == Kind::kAudio || type.media_type == "application/pdf";
  if (!is_medium) return Failure::kUnsupported;
  const bool is_looked_into =
      std::ranges::find(kNotLookedInto, type.media_type) == kNotLookedInto.end();
  return is_looked_into ? Failure::kDamaged : Failure::kUnsupported;
}

}  // namespace coffer::media
