#include "vault/media/picture_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace coffer::vault {
namespace {

constexpr std::array<std::uint32_t, 11> kEdges{64,  128,  256,  320,  480, 640,
                                               960, 1280, 1920, 2560, 4096};
constexpr std::array<std::uint8_t, 3> kQualities{50, 80, 95};

template <class Steps, class Number>
Number next_step(const Steps& steps, Number number) {
  if (number == 0) return number;
  const auto at = std::ranges::lower_bound(steps, number);
  return at == steps.end() ? steps.back() : *at;
}

}  // namespace

std::string_view name_of(PictureFit fit) noexcept {
  switch (fit) {
    case PictureFit::kInside: return "inside";
    case PictureFit::kContain: return "contain";
    case PictureFit::kCover: break;
  }
  return "cover";
}

std::string_view name_of(PictureFormat format) noexcept {
  switch (format) {
    case PictureFormat::kWebp: return "webp";
    case PictureFormat::kJpeg: return "jpeg";
    case PictureFormat::kAvif: break;
  }
  return "avif";
}

std::optional<PictureFit> picture_fit_from(std::string_view name) noexcept {
  for (const PictureFit fit : {PictureFit::kInside, PictureFit::kContain, PictureFit::kCover}) {
    if (name == name_of(fit)) return fit;
  }
  return std::nullopt;
}

std::optional<PictureFormat> picture_format_from(std::string_view name) noexcept {
  for (const PictureFormat format :
       {PictureFormat::kWebp, PictureFormat::kJpeg, PictureFormat::kAvif}) {
    if (name == name_of(format)) return format;
  }
  return std::nullopt;
}

std::string_view media_type_of(PictureFormat format) noexcept {
  switch (format) {
    case PictureFormat::kWebp: return "image/webp";
    case PictureFormat::kJpeg: return "image/jpeg";
    case PictureFormat::kAvif: break;
  }
  return "image/avif";
}

bool PictureSpec::is_valid() const noexcept {
  if (width > kMaxEdge || height > kMaxEdge || quality < 1 || quality > 100) return false;
  return fit == PictureFit::kCover ? width > 0 && height > 0 : width > 0 || height > 0;
}

PictureSpec PictureSpec::on_ladder() const noexcept {
  PictureSpec spec = *this;
  spec.width = next_step(kEdges, width);
  spec.height = next_step(kEdges, height);
  spec.quality = next_step(kQualities, quality);
  return spec;
}

std::string PictureSpec::name() const {
  return fmt::format("w{}h{}.{}.q{}.{}", width, height, name_of(fit), quality, name_of(format));
}

}  // namespace coffer::vault
