#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "media/worker/film.h"
#include "media/worker/spent.h"

namespace coffer::media {
namespace {

// Longer sound than this is looked at in places only.
constexpr std::uint64_t kMaxWholeMicros = 600'000'000;
constexpr double kMaxWaveSeconds = 9;
constexpr int kFramesAPlace = 4;
constexpr std::size_t kBars = 80;

constexpr std::array<std::uint8_t, 4> kBackground = {0xf3, 0xf4, 0xf6, 0xff};
constexpr std::array<std::uint8_t, 4> kForeground = {0x37, 0x6a, 0xb3, 0xff};

template <class T>
double value_at(const std::uint8_t* data, std::size_t index) noexcept {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return static_cast<double>(value);
}

// -1 to 1.
double sample_at(const std::uint8_t* data, AVSampleFormat format, std::size_t index) noexcept {
  switch (format) {
    case AV_SAMPLE_FMT_U8: return value_at<std::uint8_t>(data, index) / 128 - 1;
    case AV_SAMPLE_FMT_S16: return value_at<std::int16_t>(data, index) / 32768;
    case AV_SAMPLE_FMT_S32: return value_at<std::int32_t>(data, index) / 2147483648.0;
    case AV_SAMPLE_FMT_FLT: return value_at<float>(data, index);
    case AV_SAMPLE_FMT_DBL: return value_at<double>(data, index);
    case AV_SAMPLE_FMT_S64: return value_at<std::int64_t>(data, index) / 9223372036854775808.0;
    default: return 0;
  }
}

// The loudness of the first channel: the root of the mean of the squares.
double loudness_of(const AVFrame& frame) noexcept {
  const auto format = static_cast<AVSampleFormat>(frame.format);
  const bool planar = av_sample_fmt_is_planar(format) != 0;
  const auto packed = av_get_packed_sample_fmt(format);
  const auto channels = static_cast<std::size_t>(std::max(frame.ch_layout.nb_channels, 1));
  const std::size_t step = planar ? 1 : channels;
  if (frame.extended_data == nullptr || frame.extended_data[0] == nullptr) return 0;
  if (frame.nb_samples <= 0) return 0;
  double squares = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(frame.nb_samples); ++i) {
    const double value = sample_at(frame.extended_data[0], packed, i * step);
    squares += value * value;
  }
  const double loudness = std::sqrt(squares / frame.nb_samples);
  return std::isfinite(loudness) ? std::min(loudness, 1.0) : 1.0;
}

class Loudness {
 public:
  Loudness(AvFile& file, int stream) noexcept : file_(file), stream_(stream) {}

  std::expected<std::vector<double>, Failure> read(std::optional<std::uint64_t> micros) {
    auto decoder = open_decoder(file_.stream(stream_)->codecpar, 1);
    if (!decoder) return std::unexpected(decoder.error());
    decoder_ = std::move(*decoder);
    packet_.reset(av_packet_alloc());
    if (!packet_) return std::unexpected(Failure::kMemory);
    if (micros && *micros > kMaxWholeMicros) return in_places(*micros);
    return whole();
  }

 private:
  AvFramePtr next() {
    return next_frame(decoder_.get(), packet_.get(),
                      [this](AVPacket* packet) { return file_.read(packet, stream_); });
  }

  // From where the file is, which is its beginning: nothing was read of it. All frames first, for
  // their number is known in the end only.
  std::expected<std::vector<double>, Failure> whole() {
    std::vector<double> values;
    while (const AvFramePtr frame = next()) {
      values.push_back(loudness_of(*frame));
      if (spent_seconds() > kMaxWaveSeconds) break;
    }
    if (values.empty()) return std::unexpected(Failure::kNoPicture);
    std::vector<double> bars(kBars);
    for (std::size_t bar = 0; bar < kBars; ++bar) {
      const std::size_t from = bar * values.size() / kBars;
      const std::size_t to = std::max(from + 1, (bar + 1) * values.size() / kBars);
      for (std::size_t i = from; i < std::min(to, values.size()); ++i) {
        bars[bar] = std::max(bars[bar], values[i]);
      }
    }
    return bars;
  }

  std::expected<std::vector<double>, Failure> in_places(std::uint64_t micros) {
    std::vector<double> bars(kBars);
    bool any = false;
    const AVRational base = file_.stream(stream_)->time_base;
    for (std::size_t bar = 0; bar < kBars && spent_seconds() < kMaxWaveSeconds; ++bar) {
      const auto at = static_cast<std::int64_t>((micros * (2 * bar + 1)) / (2 * kBars));
      if (!file_.seek(stream_, av_rescale_q(at, {1, AV_TIME_BASE}, base))) continue;
      avcodec_flush_buffers(decoder_.get());
      for (int i = 0; i < kFramesAPlace; ++i) {
        const AvFramePtr frame = next();
        if (!frame) break;
        any = true;
        bars[bar] = std::max(bars[bar], loudness_of(*frame));
      }
    }
    if (!any) return std::unexpected(Failure::kNoPicture);
    return bars;
  }

  AvFile& file_;
  const int stream_;
  AvCodecPtr decoder_;
  AvPacketPtr packet_;
};

}  // namespace

std::expected<Raster, Failure> draw_waveform(AvFile& file, int stream,
                                             std::optional<std::uint64_t> duration_micros,
                                             const Request& request) {
  auto bars = Loudness(file, stream).read(duration_micros);
  if (!bars) return std::unexpected(bars.error());
  // Quiet recordings fill the picture as well as loud ones; silence stays a line.
  const double loudest = *std::ranges::max_element(*bars);
  const double factor = loudest > 0.001 ? 1 / loudest : 0;

  Raster raster;
  raster.width = request.width;
  raster.height = request.fit == Fit::kInside
                      ? std::max(std::min(request.height, request.width / 2), 1u)
                      : request.height;
  raster.rgba.resize(std::size_t{raster.width} * raster.height * 4);
  for (std::uint32_t x = 0; x < raster.width; ++x) {
    const std::size_t place = std::size_t{x} * kBars * 4 / raster.width;
    const bool gap = place % 4 == 3;
    const double bar = (*bars)[std::min(place / 4, kBars - 1)] * factor;
    const double half = std::max(bar * 0.45 * raster.height, 0.5);
    for (std::uint32_t y = 0; y < raster.height; ++y) {
      const double from_middle = std::abs(y + 0.5 - raster.height / 2.0);
      const auto& colour = !gap && from_middle <= half ? kForeground : kBackground;
      std::ranges::copy(colour, raster.rgba.begin() + static_cast<std::ptrdiff_t>(
                                                          (std::size_t{y} * raster.width + x) * 4));
    }
  }
  return raster;
}

}  // namespace coffer::media
