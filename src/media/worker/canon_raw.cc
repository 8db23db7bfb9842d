#include "media/worker/canon_raw.h"

#include <string_view>

#include "media/worker/big_endian.h"
#include "media/worker/boxes.h"

namespace coffer::media {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kMetadata =
    "\x85\xc0\xb6\x87\x82\x0f\x11\xe0\x81\x11\xf4\xce\x46\x2b\x6a\x48"sv;
constexpr std::string_view kPreview =
    "\xea\xf4\x2b\x5e\x1c\x98\x4b\x88\xb9\xfb\xb7\xdc\x40\x6e\x4d\x16"sv;

}  // namespace

std::optional<CanonRaw> read_canon_raw(Source& source) {
  const BoxBody whole = {0, source.size()};
  const auto movie = find_box(source, whole, "moov");
  if (!movie) return std::nullopt;
  const auto metadata = find_box(source, *movie, "uuid", kMetadata);
  if (!metadata) return std::nullopt;
  CanonRaw found;
  const auto part = [&](std::string_view type) {
    const BoxBody range = find_box(source, *metadata, type).value_or(BoxBody{});
    return RangeSource(source, range.offset, range.length);
  };
  RangeSource main = part("CMT1");
  RangeSource camera = part("CMT2");
  RangeSource place = part("CMT4");
  found.exif = read_exif_parts(main, camera, place);
  found.raw = read_picture_size(main);

  constexpr std::uint64_t kBeforeBox = 8;
  // Behind the length and the type of the box: version, size of the picture, length of the JPEG.
  constexpr std::uint64_t kHead = 16;
  const auto outer = find_box(source, whole, "uuid", kPreview);
  if (!outer || outer->length < kBeforeBox) return found;
  const BoxBody inside = {outer->offset + kBeforeBox, outer->length - kBeforeBox};
  const auto preview = find_box(source, inside, "PRVW");
  if (!preview || preview->length < kHead) return found;
  const Bytes head = source.read_range(preview->offset, kHead);
  if (head.size() < kHead) return found;
  found.raw.previews.push_back({preview->offset + kHead, get_be32(head, kHead - 4)});
  return found;
}

}  // namespace coffer::media
