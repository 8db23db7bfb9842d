#include "media/worker/optimize.h"

#include <optional>
#include <utility>

#include "media/worker/colour.h"
#include "media/worker/encode.h"
#include "media/worker/ssim.h"
#include "media/worker/still.h"

namespace coffer::media {
namespace {

// A little more than what is promised: other programs measure other roundings.
constexpr double kMinSsim = 0.983;
// More would not make a photo smaller, less shows in flat colours before SSIM tells.
constexpr int kMaxQuality = 95;
constexpr int kMinQuality = 60;
// Three pictures are written and looked at to find the best of eight qualities.
constexpr int kQualityStep = 5;
// Less is not worth the loss.
constexpr double kMaxRatio = 0.9;

std::optional<PictureFormat> format_of(Source& file) {
  switch (still_format(file)) {
    case StillFormat::kJpeg: return PictureFormat::kJpeg;
    case StillFormat::kPng: return PictureFormat::kPng;
    case StillFormat::kWebp: return PictureFormat::kWebp;
    default: return std::nullopt;
  }
}

std::expected<Raster, Failure> decode_upright(Source& file, const Request& request) {
  const auto still = open_by_vips(file, still_format(file));
  if (!still) return std::unexpected(still.error());
  const StillHead& head = (*still)->head();
  if (!head.is_plain) return std::unexpected(Failure::kUnsupported);
  const std::uint64_t pixels = std::uint64_t{head.width} * head.height;
  if (pixels > request.max_pixels || head.width > request.width || head.height > request.height) {
    return std::unexpected(Failure::kTooLarge);
  }
  auto decoded = (*still)->decode(head.width, head.height);
  if (!decoded) return std::unexpected(decoded.error());
  return turn_upright(to_srgb(*decoded), head.orientation);
}

// At the quality; its likeness to the original too.
struct Attempt {
  Picture picture;
  double likeness = 0;
};
std::expected<Attempt, Failure> attempt(const Raster& original, PictureFormat format, int quality,
                                        const Request& request) {
  auto picture = encode_picture(original, format, quality);
  if (!picture) return std::unexpected(picture.error());
  MemorySource written(picture->bytes);
  const auto seen = decode_upright(written, request);
  if (!seen) return std::unexpected(seen.error());
  return Attempt{std::move(*picture), ssim(original, *seen)};
}

// The least quality that is alike enough.
std::expected<Picture, Failure> search(const Raster& original, PictureFormat format,
                                       std::uint64_t max_bytes, const Request& request) {
  std::optional<Picture> best;
  int low = 0;
  int high = (kMaxQuality - kMinQuality) / kQualityStep;
  while (low <= high) {
    const int middle = (low + high) / 2;
    const int quality = kMinQuality + middle * kQualityStep;
    auto made = attempt(original, format, quality, request);
    if (!made) return std::unexpected(made.error());
    const bool is_small = made->picture.bytes.size() <= max_bytes;
    if (made->likeness >= kMinSsim) {
      if (is_small) best = std::move(made->picture);
      high = middle - 1;
    } else {
      // A better one would be larger still.
      if (!is_small) break;
      low = middle + 1;
    }
  }
  if (!best) return std::unexpected(Failure::kNotSmaller);
  return std::move(*best);
}

}  // namespace

std::expected<Picture, Failure> optimize_picture(Source& file, const Request& request) {
  const auto format = format_of(file);
  if (!format) return std::unexpected(Failure::kUnsupported);
  const auto original = decode_upright(file, request);
  if (!original) return std::unexpected(original.error());
  const auto max_bytes = static_cast<std::uint64_t>(static_cast<double>(file.size()) * kMaxRatio);
  if (*format != PictureFormat::kPng) return search(*original, *format, max_bytes, request);
  auto picture = encode_picture(*original, *format, kMaxQuality);
  if (picture && picture->bytes.size() > max_bytes) return std::unexpected(Failure::kNotSmaller);
  return picture;
}

}  // namespace coffer::media
