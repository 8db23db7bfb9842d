#include "media/worker/still.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "media/worker/big_endian.h"
#include "media/worker/canon_raw.h"
#include "media/worker/colour.h"
#include "media/worker/shape.h"

namespace coffer::media {
namespace {

// A picture that has a preview inside and is otherwise not decoded: a camera's raw file.
class RawStill final : public Still {
 public:
  RawStill(std::unique_ptr<Source> range, std::unique_ptr<Still> preview, StillHead head)
      : range_(std::move(range)), preview_(std::move(preview)), head_(std::move(head)) {}

  const StillHead& head() const noexcept override { return head_; }
  std::expected<Pixels, Failure> decode(std::uint32_t width, std::uint32_t height) override {
    if (!preview_) return std::unexpected(Failure::kNoDecoder);
    return preview_->decode(width, height);
  }

 private:
  std::unique_ptr<Source> range_;
  std::unique_ptr<Still> preview_;
  StillHead head_;
};

// The largest preview that can be opened. Without `exif`, that of the preview counts.
OpenedStill open_raw(Source& source, const RawFile& raw, const std::optional<Exif>& exif) {
  StillHead head;
  head.exif = exif.value_or(Exif{});
  head.width = raw.width;
  head.height = raw.height;
  head.codec = "raw";
  head.colour_space = "raw";
  auto previews = raw.previews;
  std::ranges::sort(previews, std::ranges::greater{}, &EmbeddedJpeg::length);
  for (const EmbeddedJpeg& jpeg : previews) {
    auto range = std::make_unique<RangeSource>(source, jpeg.offset, jpeg.length);
    if (still_format(*range) != StillFormat::kJpeg) continue;
    auto preview = open_by_vips(*range, StillFormat::kJpeg);
    if (!preview) continue;
    if (!exif) head.exif = (*preview)->head().exif;
    head.orientation = head.exif.orientation;
    head.shrinks = (*preview)->head().shrinks;
    head.width = std::max(head.width, (*preview)->head().width);
    head.height = std::max(head.height, (*preview)->head().height);
    return std::make_unique<RawStill>(std::move(range), std::move(*preview), std::move(head));
  }
  if (head.width == 0 || head.height == 0) return std::unexpected(Failure::kDamaged);
  head.orientation = head.exif.orientation;
  return std::make_unique<RawStill>(nullptr, nullptr, std::move(head));
}

// Fujifilm's: a header that says where the preview is, which has all that EXIF knows.
OpenedStill open_raf(Source& source) {
  constexpr std::size_t kPreviewAt = 84;
  const Bytes bytes = source.read_range(0, kPreviewAt + 8);
  if (bytes.size() < kPreviewAt + 8) return std::unexpected(Failure::kDamaged);
  RawFile raw;
  raw.previews.push_back({get_be32(bytes, kPreviewAt), get_be32(bytes, kPreviewAt + 4)});
  return open_raw(source, raw, std::nullopt);
}

OpenedStill open_cr3(Source& source) {
  const auto canon = read_canon_raw(source);
  if (!canon) return std::unexpected(Failure::kDamaged);
  return open_raw(source, canon->raw, canon->exif);
}

// What a PSD file says of itself, where its pixels cannot be decoded.
OpenedStill open_psd(Source& source) {
  auto decoded = open_by_av(source, StillFormat::kPsd);
  if (decoded) return decoded;
  const Bytes bytes = source.read_range(0, 26);
  if (bytes.size() < 26) return std::unexpected(Failure::kDamaged);
  StillHead head;
  head.height = get_be32(bytes, 14);
  head.width = get_be32(bytes, 18);
  head.codec = "psd";
  if (head.width == 0 || head.height == 0) return std::unexpected(Failure::kDamaged);
  return std::make_unique<RawStill>(nullptr, nullptr, std::move(head));
}

bool is_heif_brand(std::string_view brand) noexcept {
  for (const std::string_view known : {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1",
                                       "msf1", "mif2", "miaf", "avif", "avis"}) {
    if (brand == known) return true;
  }
  return false;
}

StillFormat iso_format(std::string_view head) noexcept {
  const std::string_view major = head.substr(8, 4);
  if (major == "crx ") return StillFormat::kCr3;
  if (major == "jp2 ") return StillFormat::kJpeg2000;
  return is_heif_brand(major) ? StillFormat::kHeif : StillFormat::kNone;
}

bool is_bmp(std::string_view head) noexcept {
  // The size of the second header tells the versions apart, and text that begins with "BM".
  if (!head.starts_with("BM") || head.size() < 18) return false;
  const auto size = static_cast<unsigned char>(head[14]);
  return head.substr(15, 3) == std::string_view("\0\0\0", 3) &&
         (size == 12 || size == 40 || size == 52 || size == 56 || size == 64 || size == 108 ||
          size == 124);
}

// Kinds of a format that libvips has no reader for, such as JPEG without loss, FFmpeg may have.
OpenedStill open_by_either(Source& source, StillFormat format) {
  auto still = open_by_vips(source, format);
  if (still || still.error() != Failure::kDamaged) return still;
  auto other = open_by_av(source, format);
  return other ? std::move(other) : std::move(still);
}

}  // namespace

StillFormat still_format(Source& source) {
  using namespace std::string_view_literals;
  const Bytes bytes = source.read_range(0, 64);
  const std::string_view head = as_text(bytes);
  if (head.size() < 4) return StillFormat::kNone;
  if (head.starts_with("\xff\xd8\xff")) return StillFormat::kJpeg;
  if (head.starts_with("\x89PNG\r\n\x1a\n")) return StillFormat::kPng;
  if (head.starts_with("RIFF") && head.substr(8).starts_with("WEBP")) return StillFormat::kWebp;
  if (head.starts_with("GIF87a") || head.starts_with("GIF89a")) return StillFormat::kGif;
  if (head.starts_with("FUJIFILMCCD-RAW")) return StillFormat::kRaf;
  for (const std::string_view mark :
       {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv, "IIRO"sv, "IIRS"sv, "IIU\0"sv}) {
    if (head.starts_with(mark)) return StillFormat::kTiff;
  }
  if (head.starts_with("\xff\x0a") || head.starts_with("\0\0\0\x0cJXL \r\n\x87\n"sv)) {
    return StillFormat::kJxl;
  }
  if (head.starts_with("\0\0\0\x0cjP  \r\n\x87\n"sv) || head.starts_with("\xff\x4f\xff\x51")) {
    return StillFormat::kJpeg2000;
  }
  if (head.size() >= 12 && head.substr(4, 4) == "ftyp") return iso_format(head);
  if (is_bmp(head)) return StillFormat::kBmp;
  if (head.starts_with("\0\0\1\0"sv) || head.starts_with("\0\0\2\0"sv)) return StillFormat::kIco;
  if (head.starts_with("8BPS")) return StillFormat::kPsd;
  if (head.starts_with("qoif")) return StillFormat::kQoi;
  if (head[0] == 'P' && head[1] >= '1' && head[1] <= '7' &&
      (head[2] == '\n' || head[2] == ' ' || head[2] == '\r')) {
    return StillFormat::kPnm;
  }
  return StillFormat::kNone;
}

OpenedStill open_still(Source& source) {
  const StillFormat format = still_format(source);
  switch (format) {
    case StillFormat::kNone: return nullptr;
    case StillFormat::kJpeg:
    case StillFormat::kPng: return open_by_either(source, format);
    case StillFormat::kWebp:
    case StillFormat::kGif:
    case StillFormat::kJxl: return open_by_vips(source, format);
    case StillFormat::kTiff:
      if (const auto raw = read_raw_file(source)) {
        return open_raw(source, *raw, read_exif(source).value_or(Exif{}));
      }
      return open_by_either(source, format);
    case StillFormat::kHeif: return open_by_heif(source);
    case StillFormat::kPsd: return open_psd(source);
    case StillFormat::kRaf: return open_raf(source);
    case StillFormat::kCr3: return open_cr3(source);
    default: return open_by_av(source, format);
  }
}

std::expected<Raster, Failure> still_picture(Still& still, const Request& request) {
  const StillHead& head = still.head();
  const std::uint64_t pixels = std::uint64_t{head.width} * head.height;
  if (pixels > (head.shrinks ? request.max_shrunk_pixels : request.max_pixels)) {
    return std::unexpected(Failure::kTooLarge);
  }
  const bool swapped = swaps_edges(head.orientation);
  const Shape shape =
      shape_for(request, swapped ? head.height : head.width, swapped ? head.width : head.height);
  const auto decoded =
      still.decode(swapped ? shape.height : shape.width, swapped ? shape.width : shape.height);
  if (!decoded) return std::unexpected(decoded.error());
  Raster raster = turn_upright(to_srgb(*decoded), head.orientation);
  const std::uint32_t width = std::min(shape.crop_width, raster.width);
  const std::uint32_t height = std::min(shape.crop_height, raster.height);
  return crop_to_middle(std::move(raster), width, height);
}

}  // namespace coffer::media
