// Owners of FFmpeg's objects, and the only way by which this program opens anything with it.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <libavutil/frame.h>
#include <libswscale/swscale.h>
}

#include <expected>
#include <memory>

#include "media/protocol/reply.h"
#include "media/worker/source.h"

namespace coffer::media {

struct AvFree {
  void operator()(AVCodecContext* context) const noexcept { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const noexcept { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const noexcept { av_packet_free(&packet); }
  void operator()(AVFormatContext* context) const noexcept { avformat_close_input(&context); }
  void operator()(AVIOContext* io) const noexcept;
  void operator()(SwsContext* context) const noexcept { sws_freeContext(context); }
};
using AvCodecPtr = std::unique_ptr<AVCodecContext, AvFree>;
using AvFramePtr = std::unique_ptr<AVFrame, AvFree>;
using AvPacketPtr = std::unique_ptr<AVPacket, AvFree>;
using AvFormatPtr = std::unique_ptr<AVFormatContext, AvFree>;
using AvIoPtr = std::unique_ptr<AVIOContext, AvFree>;
using SwsPtr = std::unique_ptr<SwsContext, AvFree>;

// An opened container: its streams are known. It reads its source and opens nothing else,
// whatever the file refers to. It borrows the source.
class AvFile {
 public:
  // `formats`: the names of FFmpeg's demuxers that may read it, separated by commas.
  static std::expected<std::unique_ptr<AvFile>, Failure> open(Source& source, const char* formats);

  AVFormatContext* get() const noexcept { return format_.get(); }
  AVStream* stream(int index) const noexcept { return format_->streams[index]; }
  // Whether FFmpeg guesses the duration out of size and bit rate.
  bool duration_is_guess() const noexcept;
  // Whether it was told by the last time that was found near the end, behind which there may be
  // more.
  bool duration_is_short() const noexcept;

  // The next packet of that stream; false at the end, or where the file cannot be read.
  bool read(AVPacket* packet, int stream);
  // To the last key frame at or before `time`, in the stream's units. False: not possible.
  bool seek(int stream, std::int64_t time);

 private:
  AvFile() = default;

  struct Position {
    Source* source = nullptr;
    std::int64_t at = 0;
  };
  static int on_read(void* opaque, std::uint8_t* into, int length);
  static std::int64_t on_seek(void* opaque, std::int64_t offset, int whence);

  Position position_;
  AvIoPtr io_;  // outlives what reads through it
  AvFormatPtr format_;
};

// A decoder of one thread; an error where there is none in kDecoders, or it does not start. It
// refuses pictures of more than `max_pixels`.
std::expected<AvCodecPtr, Failure> open_decoder(const AVCodecParameters* parameters,
                                                std::int64_t max_pixels);

// The next frame of a decoder that is fed by `next_packet`: a function that fills a packet, false
// at the end. Nothing: no more frames. Broken packets are passed over, a few hundred at most, and
// so are those that make no frame, a few thousand.
template <class NextPacket>
AvFramePtr next_frame(AVCodecContext* decoder, AVPacket* packet, NextPacket&& next_packet) {
  constexpr int kMaxBroken = 500;
  constexpr int kMaxPackets = 5000;
  AvFramePtr frame(av_frame_alloc());
  if (!frame) return nullptr;
  int packets = 0;
  for (int broken = 0; broken < kMaxBroken && packets < kMaxPackets;) {
    const int received = avcodec_receive_frame(decoder, frame.get());
    if (received == 0) return frame;
    if (received == AVERROR_EOF) return nullptr;
    if (received != AVERROR(EAGAIN)) {
      ++broken;
      continue;
    }
    ++packets;
    const bool more = next_packet(packet);
    if (avcodec_send_packet(decoder, more ? packet : nullptr) < 0) ++broken;
    av_packet_unref(packet);
  }
  return nullptr;
}

}  // namespace coffer::media
