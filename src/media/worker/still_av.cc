// BMP, ICO, PSD, JPEG 2000, QOI and the PNM family, by FFmpeg's decoders.
#include <algorithm>
#include <utility>

#include "media/worker/av.h"
#include "media/worker/av_frame.h"
#include "media/worker/colour.h"
#include "media/worker/still.h"

namespace coffer::media {
namespace {

// A file of these formats is one packet.
constexpr std::size_t kMaxStillBytes = 256u << 20;
constexpr std::int64_t kMaxPixels = 100'000'000;

AVCodecID codec_of(StillFormat format) noexcept {
  switch (format) {
    case StillFormat::kBmp: return AV_CODEC_ID_BMP;
    case StillFormat::kPsd: return AV_CODEC_ID_PSD;
    case StillFormat::kJpeg2000: return AV_CODEC_ID_JPEG2000;
    case StillFormat::kQoi: return AV_CODEC_ID_QOI;
    case StillFormat::kJpeg: return AV_CODEC_ID_MJPEG;
    case StillFormat::kPng: return AV_CODEC_ID_PNG;
    case StillFormat::kTiff: return AV_CODEC_ID_TIFF;
    default: return AV_CODEC_ID_NONE;
  }
}

class AvStill final : public Still {
 public:
  std::optional<Failure> open(Source& source, StillFormat format) {
    AvPacketPtr packet(av_packet_alloc());
    AVCodecParameters* parameters = avcodec_parameters_alloc();
    if (!packet || parameters == nullptr) return Failure::kMemory;
    parameters->codec_type = AVMEDIA_TYPE_VIDEO;
    std::optional<Failure> failure;
    if (format == StillFormat::kIco) {
      failure = largest_icon(source, packet.get(), parameters);
    } else {
      parameters->codec_id = format == StillFormat::kPnm ? pnm_codec(source) : codec_of(format);
      failure = whole_file(source, packet.get());
    }
    if (!failure) failure = decode_packet(parameters, packet.get());
    avcodec_parameters_free(&parameters);
    return failure;
  }

  const StillHead& head() const noexcept override { return head_; }

  std::expected<Pixels, Failure> decode(std::uint32_t width, std::uint32_t height) override {
    return pixels_of(*frame_, width, height);
  }

 private:
  static AVCodecID pnm_codec(Source& source) {
    const Bytes head = source.read_range(0, 2);
    switch (as_text(head)[1]) {
      case '1':
      case '4': return AV_CODEC_ID_PBM;
      case '2':
      case '5': return AV_CODEC_ID_PGM;
      case '7': return AV_CODEC_ID_PAM;
      default: return AV_CODEC_ID_PPM;
    }
  }

  static std::optional<Failure> whole_file(Source& source, AVPacket* packet) {
    if (source.size() > kMaxStillBytes) return Failure::kTooLarge;
    if (av_new_packet(packet, static_cast<int>(source.size())) < 0) return Failure::kMemory;
    const std::size_t count = source.read_at(
        0, {reinterpret_cast<std::byte*>(packet->data), static_cast<std::size_t>(packet->size)});
    return count == static_cast<std::size_t>(packet->size) ? std::nullopt
                                                           : std::optional(Failure::kDamaged);
  }

  static std::optional<Failure> largest_icon(Source& source, AVPacket* packet,
                                             AVCodecParameters* parameters) {
    const auto file = AvFile::open(source, "ico");
    if (!file) return file.error();
    int best = -1;
    int most = -1;
    for (unsigned i = 0; i < (*file)->get()->nb_streams; ++i) {
      const AVCodecParameters* const icon = (*file)->stream(static_cast<int>(i))->codecpar;
      // 0 stands for 256, which does not fit into a byte.
      const int size = icon->width == 0 ? 256 : icon->width;
      if (size > most) {
        most = size;
        best = static_cast<int>(i);
      }
    }
    if (best < 0 || !(*file)->read(packet, best)) return Failure::kDamaged;
    avcodec_parameters_copy(parameters, (*file)->stream(best)->codecpar);
    return std::nullopt;
  }

  std::optional<Failure> decode_packet(const AVCodecParameters* parameters, AVPacket* packet) {
    const auto decoder = open_decoder(parameters, kMaxPixels);
    if (!decoder) return decoder.error();
    bool sent = false;
    frame_ =
        next_frame(decoder->get(), packet, [&](AVPacket*) { return !std::exchange(sent, true); });
    if (!frame_ || frame_->width <= 0 || frame_->height <= 0) return Failure::kDamaged;
    head_.width = static_cast<std::uint32_t>(frame_->width);
    head_.height = static_cast<std::uint32_t>(frame_->height);
    head_.codec = avcodec_get_name(parameters->codec_id);
    head_.colour_space = colour_space_name({}, std::nullopt, Pixels::Model::kRgb);
    return std::nullopt;
  }

  AvFramePtr frame_;
  StillHead head_;
};

}  // namespace

OpenedStill open_by_av(Source& source, StillFormat format) {
  auto still = std::make_unique<AvStill>();
  if (const auto failure = still->open(source, format)) return std::unexpected(*failure);
  return still;
}

std::expected<Pixels, Failure> decode_damaged(Source& source, StillFormat format,
                                              std::uint32_t width, std::uint32_t height) {
  if (codec_of(format) == AV_CODEC_ID_NONE) return std::unexpected(Failure::kDamaged);
  const auto still = open_by_av(source, format);
  if (!still) return std::unexpected(still.error());
  return (*still)->decode(width, height);
}

}  // namespace coffer::media
