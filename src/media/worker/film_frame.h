// The frame of a film that stands for it.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "media/protocol/reply.h"
#include "media/worker/av.h"
#include "media/worker/pixels.h"

namespace coffer::media {

// Looks a third into the film first, elsewhere where that is black, green, of one colour, or
// damaged; the best of those where none is good.
class FrameFinder {
 public:
  // The frame is to become `width` times `height`. REQUIRES: `file` outlives it.
  FrameFinder(AvFile& file, int stream, std::int64_t max_pixels, std::uint32_t width,
              std::uint32_t height) noexcept
      : file_(file), stream_(stream), max_pixels_(max_pixels), width_(width), height_(height) {}

  // `micros` is the duration of the film. kNoPicture where the file does not let it go there.
  std::expected<Raster, Failure> find(std::uint64_t micros);
  // The same without going anywhere: decodes from the beginning to a third of `micros`, as far as
  // that takes no longer than it may. REQUIRES: nothing was read of `file` yet.
  std::expected<Raster, Failure> find_in_order(std::uint64_t micros);

 private:
  struct Candidate {
    Raster raster;
    double score;
  };
  std::optional<Failure> open();
  // Remembers the frame where it is better than what there was. Whether it is good enough.
  bool consider(const AVFrame& frame);
  std::expected<Raster, Failure> best();
  // The frame that is shown at that part of the film's duration, or near it.
  std::expected<AvFramePtr, Failure> frame_at(double part, std::uint64_t micros);
  bool next_packet(AVPacket* packet) { return file_.read(packet, stream_); }

  AvFile& file_;
  const int stream_;
  const std::int64_t max_pixels_;
  const std::uint32_t width_;
  const std::uint32_t height_;
  AvCodecPtr decoder_;
  AvPacketPtr packet_;
  std::optional<Candidate> best_;
  Failure failure_ = Failure::kNoPicture;
  bool arrived_ = false;  // at the time that was wanted
};

// How much there is to see in a frame: 0 and less for black, green, or one colour.
double visible_detail(const Raster& raster) noexcept;

}  // namespace coffer::media
