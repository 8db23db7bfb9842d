#include "media/worker/film_frame.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "media/worker/av_frame.h"
#include "media/worker/colour.h"
#include "media/worker/spent.h"

namespace coffer::media {
namespace {

// Where to look, as parts of the duration.
constexpr std::array<double, 6> kParts = {1.0 / 3, 0.5, 0.2, 0.7, 0.05, 0.0};
// From a key frame to the frame that is wanted, no more pixels than this are decoded.
constexpr std::int64_t kMaxDecodedPixels = 700'000'000;
constexpr double kMaxSearchSeconds = 9;
constexpr double kGoodDetail = 6;

bool is_damaged(const AVFrame& frame) noexcept {
  return (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || frame.decode_error_flags != 0;
}

}  // namespace

double visible_detail(const Raster& raster) noexcept {
  double sum = 0;
  double squares = 0;
  std::size_t green = 0;
  const std::size_t count = raster.rgba.size() / 4;
  if (count == 0) return 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double red_value = raster.rgba[i * 4];
    const double green_value = raster.rgba[i * 4 + 1];
    const double blue_value = raster.rgba[i * 4 + 2];
    const double luma = 0.299 * red_value + 0.587 * green_value + 0.114 * blue_value;
    sum += luma;
    squares += luma * luma;
    // What planes of zeros look like.
    if (red_value < 40 && blue_value < 40 && green_value > 60) ++green;
  }
  const double n = static_cast<double>(count);
  const double mean = sum / n;
  const double deviation = std::sqrt(std::max(squares / n - mean * mean, 0.0));
  if (static_cast<double>(green) > 0.5 * n) return 0;
  // Noise in the dark is nothing to see.
  if (mean < 12 && deviation < 12) return deviation / 100;
  return deviation;
}

std::optional<Failure> FrameFinder::open() {
  auto decoder = open_decoder(file_.stream(stream_)->codecpar, max_pixels_);
  if (!decoder) return decoder.error();
  decoder_ = std::move(*decoder);
  packet_.reset(av_packet_alloc());
  return packet_ ? std::nullopt : std::optional(Failure::kMemory);
}

bool FrameFinder::consider(const AVFrame& frame) {
  const auto pixels = pixels_of(frame, width_, height_);
  if (!pixels) {
    failure_ = pixels.error();
    return false;
  }
  Candidate candidate{to_srgb(*pixels), 0};
  candidate.score = visible_detail(candidate.raster);
  if (is_damaged(frame)) candidate.score /= 10;
  if (!best_ || candidate.score > best_->score) best_ = std::move(candidate);
  return best_->score >= kGoodDetail;
}

std::expected<Raster, Failure> FrameFinder::best() {
  if (!best_) return std::unexpected(failure_);
  return std::move(best_->raster);
}

std::expected<Raster, Failure> FrameFinder::find(std::uint64_t micros) {
  if (const auto failure = open()) return std::unexpected(*failure);
  for (const double part : kParts) {
    if (best_ && spent_seconds() > kMaxSearchSeconds) break;
    const auto frame = frame_at(part, micros);
    if (!frame) {
      failure_ = frame.error();
      if (part == kParts.front()) break;
      continue;
    }
    if (consider(**frame)) break;
  }
  return best();
}

std::expected<Raster, Failure> FrameFinder::find_in_order(std::uint64_t micros) {
  if (const auto failure = open()) return std::unexpected(*failure);
  const AVStream* const stream = file_.stream(stream_);
  const std::int64_t start = stream->start_time == AV_NOPTS_VALUE ? 0 : stream->start_time;
  const std::int64_t wanted = start + av_rescale_q(static_cast<std::int64_t>(micros / 3),
                                                   {1, AV_TIME_BASE}, stream->time_base);
  // Frames beside each other look alike; those before the wanted one are for the case that there
  // is none.
  constexpr int kStep = 12;
  std::int64_t pixels = 0;
  for (int i = 0; spent_seconds() < kMaxSearchSeconds; ++i) {
    const AvFramePtr frame = next_frame(decoder_.get(), packet_.get(),
                                        [this](AVPacket* packet) { return next_packet(packet); });
    if (!frame) break;
    pixels += std::int64_t{frame->width} * frame->height;
    const std::int64_t at = frame->best_effort_timestamp;
    const bool arrived = at == AV_NOPTS_VALUE || at >= wanted || pixels > kMaxDecodedPixels;
    if (arrived && !std::exchange(arrived_, true)) {
      // What was seen on the way does not count beside what is here.
      auto before = std::exchange(best_, std::nullopt);
      if (consider(*frame)) break;
      if (!best_ || (before && before->score > best_->score)) best_ = std::move(before);
    } else if (i % kStep == 0 && consider(*frame) && arrived) {
      break;
    }
  }
  return best();
}

std::expected<AvFramePtr, Failure> FrameFinder::frame_at(double part, std::uint64_t micros) {
  const AVStream* const stream = file_.stream(stream_);
  const std::int64_t start = stream->start_time == AV_NOPTS_VALUE ? 0 : stream->start_time;
  std::int64_t length = stream->duration;
  if (length == AV_NOPTS_VALUE || length <= 0) {
    length = av_rescale_q(static_cast<std::int64_t>(micros), {1, AV_TIME_BASE}, stream->time_base);
  }
  const std::int64_t wanted = start + static_cast<std::int64_t>(static_cast<double>(length) * part);
  // Where there is no way there, what comes next has to do.
  if (!file_.seek(stream_, wanted)) file_.seek(stream_, start);
  avcodec_flush_buffers(decoder_.get());
  // On the way there, frames that no other one is made of are not decoded: half of most films.
  const auto packet_on_the_way = [this, wanted](AVPacket* packet) {
    const bool more = next_packet(packet);
    const bool is_before = more && packet->pts != AV_NOPTS_VALUE && packet->pts < wanted;
    decoder_->skip_frame = is_before ? AVDISCARD_NONREF : AVDISCARD_DEFAULT;
    return more;
  };
  std::int64_t pixels = 0;
  AvFramePtr last;
  for (;;) {
    AvFramePtr frame = next_frame(decoder_.get(), packet_.get(), packet_on_the_way);
    if (!frame) break;
    pixels += std::int64_t{frame->width} * frame->height;
    const std::int64_t at = frame->best_effort_timestamp;
    const bool arrived = at == AV_NOPTS_VALUE || at >= wanted;
    // A damaged frame is left for the next one, a few times.
    const bool usable = !is_damaged(*frame);
    if (usable || !last) last = std::move(frame);
    if ((arrived && usable) || pixels > kMaxDecodedPixels || spent_seconds() > kMaxSearchSeconds)
      break;
  }
  if (!last) return std::unexpected(Failure::kNoPicture);
  return last;
}

}  // namespace coffer::media
