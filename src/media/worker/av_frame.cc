#include "media/worker/av_frame.h"

#include <algorithm>
#include <array>

extern "C" {
#include <libavutil/pixdesc.h>
}

#include "media/worker/colour.h"

namespace coffer::media {
namespace {

// The old names of formats with the full range of values.
AVPixelFormat without_range(AVPixelFormat format, bool& full_range) noexcept {
  full_range = true;
  switch (format) {
    case AV_PIX_FMT_YUVJ420P: return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P: return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P: return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P: return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P: return AV_PIX_FMT_YUV411P;
    default: full_range = false; return format;
  }
}

// Where the file does not tell: as players take it, by the number of lines.
int matrix_of(const AVFrame& frame) noexcept {
  constexpr int kHdLines = 720;
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709: return SWS_CS_ITU709;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M: return SWS_CS_ITU601;
    case AVCOL_SPC_SMPTE240M: return SWS_CS_SMPTE240M;
    case AVCOL_SPC_FCC: return SWS_CS_FCC;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL: return SWS_CS_BT2020;
    default: return frame.height >= kHdLines ? SWS_CS_ITU709 : SWS_CS_ITU601;
  }
}

}  // namespace

Cicp cicp_of(AVColorPrimaries primaries, AVColorTransferCharacteristic transfer) noexcept {
  return {static_cast<int>(primaries), static_cast<int>(transfer)};
}

std::expected<Pixels, Failure> pixels_of(const AVFrame& frame, std::uint32_t width,
                                         std::uint32_t height) {
  bool full_range = false;
  const AVPixelFormat from = without_range(static_cast<AVPixelFormat>(frame.format), full_range);
  const AVPixFmtDescriptor* const description = av_pix_fmt_desc_get(from);
  if (description == nullptr || (description->flags & AV_PIX_FMT_FLAG_HWACCEL) != 0) {
    return std::unexpected(Failure::kNoDecoder);
  }
  Pixels pixels;
  pixels.width = width;
  pixels.height = height;
  pixels.alpha = (description->flags & AV_PIX_FMT_FLAG_ALPHA) != 0 || from == AV_PIX_FMT_PAL8;
  const Cicp cicp = cicp_of(frame.color_primaries, frame.color_trc);
  if (needs_conversion(cicp)) pixels.cicp = cicp;
  pixels.bits = pixels.cicp ? 16 : 8;
  const AVPixelFormat to = pixels.bits == 16 ? (pixels.alpha ? AV_PIX_FMT_RGBA64 : AV_PIX_FMT_RGB48)
                                             : (pixels.alpha ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24);
  const bool smaller = static_cast<int>(width) < frame.width;
  const SwsPtr scaler(sws_getContext(
      frame.width, frame.height, from, static_cast<int>(width), static_cast<int>(height), to,
      (smaller ? SWS_AREA : SWS_BICUBIC) | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr,
      nullptr));
  if (!scaler) return std::unexpected(Failure::kNoDecoder);
  sws_setColorspaceDetails(scaler.get(), sws_getCoefficients(matrix_of(frame)),
                           full_range || frame.color_range == AVCOL_RANGE_JPEG,
                           sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
  // The scaler writes whole vectors: rows with room behind them.
  const std::size_t row = std::size_t{width} * pixels.samples() * pixels.bits / 8;
  const std::size_t stride = (row + 127) / 64 * 64;
  Bytes padded(stride * height + 64);
  const std::array<std::uint8_t*, 4> planes = {reinterpret_cast<std::uint8_t*>(padded.data())};
  const std::array<int, 4> strides = {static_cast<int>(stride)};
  if (sws_scale(scaler.get(), frame.data, frame.linesize, 0, frame.height, planes.data(),
                strides.data()) <= 0) {
    return std::unexpected(Failure::kDamaged);
  }
  pixels.data.resize(row * height);
  for (std::size_t y = 0; y < height; ++y) {
    std::copy_n(padded.begin() + static_cast<std::ptrdiff_t>(y * stride), row,
                pixels.data.begin() + static_cast<std::ptrdiff_t>(y * row));
  }
  return pixels;
}

}  // namespace coffer::media
