#include "media/worker/optimize.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "media/worker/big_endian.h"
#include "media/worker/colour.h"
#include "media/worker/encode.h"
#include "media/worker/png_chunks.h"
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

// Whether a PNG file has an animation, or colours that its samples and a profile do not tell.
bool has_more_than_samples(Source& file) {
  constexpr std::uint32_t kGammaOfSrgb = 45'455;
  // White, red, green and blue (W3C PNG section 11.3.2.1).
  constexpr std::array<std::uint32_t, 8> kPrimariesOfSrgb = {31'270, 32'900, 64'000, 33'000,
                                                             30'000, 60'000, 15'000, 6'000};
  bool has_more = false;
  bool is_srgb = false;  // says so, or has a profile: then gAMA and cHRM do not count
  bool is_other = false;
  for_each_png_chunk(file, [&](std::string_view name, std::uint64_t at, std::uint32_t length) {
    if (name == "acTL" || name == "cICP") has_more = true;
    is_srgb = is_srgb || name == "sRGB" || name == "iCCP";
    if (name == "gAMA" || name == "cHRM") {
      const Bytes values = file.read_range(at, std::min<std::uint32_t>(length, 32));
      for (std::size_t i = 0; i + 4 <= values.size(); i += 4) {
        const std::uint32_t usual = name == "gAMA" ? kGammaOfSrgb : kPrimariesOfSrgb[i / 4];
        is_other = is_other || get_be32(values, i) != usual;
      }
    }
    return name != "IDAT";
  });
  return has_more || (is_other && !is_srgb);
}

// Whether something else follows a JPEG picture: the film of a photo that moves.
bool has_more_behind(Source& file) {
  constexpr std::size_t kLooked = 4096;
  const std::uint64_t from = file.size() - std::min<std::uint64_t>(file.size(), kLooked);
  const Bytes end = file.read_range(from, kLooked);
  // Some cameras fill up with zeros.
  const std::string_view text = as_text(end);
  const std::size_t last = text.find_last_not_of('\0');
  return last == text.npos || !text.substr(0, last + 1).ends_with("\xFF\xD9");
}

bool has_more(Source& file, PictureFormat format) {
  switch (format) {
    case PictureFormat::kJpeg: return has_more_behind(file);
    case PictureFormat::kPng: return has_more_than_samples(file);
    default: return false;
  }
}

std::expected<Raster, Failure> decode_upright(Source& file, const Request& request) {
  // Another program may see more in a damaged file than this one: it stays as it is.
  const auto still = open_by_vips(file, still_format(file), Damage::kRefused);
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
  // After what is damaged, which may lack its end.
  if (has_more(file, *format)) return std::unexpected(Failure::kUnsupported);
  const auto max_bytes = static_cast<std::uint64_t>(static_cast<double>(file.size()) * kMaxRatio);
  if (*format != PictureFormat::kPng) return search(*original, *format, max_bytes, request);
  auto picture = encode_picture(*original, *format, kMaxQuality);
  if (picture && picture->bytes.size() > max_bytes) return std::unexpected(Failure::kNotSmaller);
  return picture;
}

}  // namespace coffer::media
