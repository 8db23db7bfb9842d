// How a picture is asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coffer::vault {

enum class PictureFit : std::uint8_t {
  kInside,   // both edges at most as asked, never enlarged
  kContain,  // one edge as asked and the other at most, enlarged where needed
  kCover,    // fills the rectangle asked for; what stands out is cut off
};
enum class PictureFormat : std::uint8_t { kWebp, kJpeg, kAvif };
// `inside`, `contain`, `cover`; `webp`, `jpeg`, `avif`.
std::string_view name_of(PictureFit fit) noexcept;
std::string_view name_of(PictureFormat format) noexcept;
std::optional<PictureFit> picture_fit_from(std::string_view name) noexcept;
std::optional<PictureFormat> picture_format_from(std::string_view name) noexcept;
// `image/webp`
std::string_view media_type_of(PictureFormat format) noexcept;

struct PictureSpec {
  static constexpr std::uint32_t kMaxEdge = 4096;

  // Pixels, 1 to kMaxEdge. One of them may be 0, not with kCover: as the other and the shape of the
  // picture make it.
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  PictureFit fit = PictureFit::kInside;
  PictureFormat format = PictureFormat::kWebp;
  std::uint8_t quality = 80;  // 1 to 100

  bool is_valid() const noexcept;
  // The next larger one of a few sizes and qualities, so that whoever has no credentials cannot
  // have endless ones made of a picture: edges of 64, 128, 256, 320, 480, 640, 960, 1280, 1920,
  // 2560, 4096 pixels, qualities of 50, 80 and 95. REQUIRES: is_valid().
  PictureSpec on_ladder() const noexcept;
  // The same for equal ones, another for others: `w640h480.cover.q80.webp`.
  std::string name() const;

  friend bool operator==(const PictureSpec&, const PictureSpec&) = default;
};

}  // namespace coffer::vault
