#include "media/worker/av.h"

#include <algorithm>

extern "C" {
#include <libavutil/avstring.h>
}

#include "media/worker/av_lists.h"

namespace coffer::media {
namespace {

constexpr int kIoBytes = 64 * 1024;
// The most that is read to find out what streams there are.
constexpr const char* kProbeBytes = "8000000";
constexpr const char* kMaxStreams = "100";
// Of sound, in one frame: ten seconds and more.
constexpr std::int64_t kMaxSamples = 1 << 22;

// Whatever a file asks to be opened beside itself.
int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
  return AVERROR(EPERM);
}

}  // namespace

void AvFree::operator()(AVIOContext* io) const noexcept {
  av_freep(&io->buffer);
  avio_context_free(&io);
}

int AvFile::on_read(void* opaque, std::uint8_t* into, int length) {
  auto& position = *static_cast<Position*>(opaque);
  if (length <= 0) return AVERROR(EINVAL);
  const std::size_t count = position.source->read_at(
      static_cast<std::uint64_t>(position.at),
      {reinterpret_cast<std::byte*>(into), static_cast<std::size_t>(length)});
  position.at += static_cast<std::int64_t>(count);
  return count == 0 ? AVERROR_EOF : static_cast<int>(count);
}

std::int64_t AvFile::on_seek(void* opaque, std::int64_t offset, int whence) {
  auto& position = *static_cast<Position*>(opaque);
  const auto size = static_cast<std::int64_t>(position.source->size());
  whence &= ~AVSEEK_FORCE;
  if (whence == AVSEEK_SIZE) return size;
  const std::int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? position.at : size;
  if (offset < -base || offset > size - base) return AVERROR(EINVAL);
  position.at = base + offset;
  return position.at;
}

std::expected<std::unique_ptr<AvFile>, Failure> AvFile::open(Source& source, const char* formats) {
  std::unique_ptr<AvFile> file(new AvFile);
  file->position_.source = &source;
  auto* const buffer = static_cast<std::uint8_t*>(av_malloc(kIoBytes));
  if (buffer == nullptr) return std::unexpected(Failure::kMemory);
  file->io_.reset(avio_alloc_context(buffer, kIoBytes, 0, &file->position_, &AvFile::on_read,
                                     nullptr, &AvFile::on_seek));
  AVFormatContext* context = avformat_alloc_context();
  if (!file->io_ || context == nullptr) {
    avformat_free_context(context);
    return std::unexpected(Failure::kMemory);
  }
  context->pb = file->io_.get();
  context->flags |= AVFMT_FLAG_CUSTOM_IO;
  context->io_open = &refuse_to_open;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "format_whitelist", formats, 0);
  // For what it decodes itself, to learn what streams there are.
  av_dict_set(&options, "codec_whitelist", kDecoders, 0);
  // A name that no protocol has: none is permitted.
  av_dict_set(&options, "protocol_whitelist", "none", 0);
  av_dict_set(&options, "probesize", kProbeBytes, 0);
  av_dict_set(&options, "max_streams", kMaxStreams, 0);
  const AVInputFormat* format = nullptr;
  if (av_probe_input_buffer2(context->pb, &format, nullptr, nullptr, 0, 0) < 0 ||
      av_match_list(format->name, formats, ',') <= 0) {
    avformat_free_context(context);
    av_dict_free(&options);
    return std::unexpected(Failure::kUnsupported);
  }
  const int opened = avformat_open_input(&context, nullptr, format, &options);
  av_dict_free(&options);
  if (opened < 0) {
    return std::unexpected(opened == AVERROR(ENOMEM) ? Failure::kMemory : Failure::kDamaged);
  }
  file->format_.reset(context);
  // A stream that stays unknown is no reason to refuse the others.
  avformat_find_stream_info(context, nullptr);
  if (context->nb_streams == 0) return std::unexpected(Failure::kDamaged);
  return file;
}

bool AvFile::duration_is_guess() const noexcept {
  return format_->duration <= 0 ||
         format_->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE;
}

bool AvFile::duration_is_short() const noexcept {
  return format_->duration_estimation_method == AVFMT_DURATION_FROM_PTS;
}

bool AvFile::read(AVPacket* packet, int stream) {
  // Streams are interleaved by the second: no film has as many of the others in between.
  constexpr int kMaxOthers = 100'000;
  for (int others = 0; others < kMaxOthers; ++others) {
    if (av_read_frame(format_.get(), packet) < 0) return false;
    if (packet->stream_index == stream) return true;
    av_packet_unref(packet);
  }
  return false;
}

bool AvFile::seek(int stream, std::int64_t time) {
  return avformat_seek_file(format_.get(), stream, INT64_MIN, time, time, 0) >= 0;
}

std::expected<AvCodecPtr, Failure> open_decoder(const AVCodecParameters* parameters,
                                                std::int64_t max_pixels) {
  const AVCodec* const codec = avcodec_find_decoder(parameters->codec_id);
  if (codec == nullptr || av_match_list(codec->name, kDecoders, ',') <= 0) {
    return std::unexpected(Failure::kNoDecoder);
  }
  AvCodecPtr decoder(avcodec_alloc_context3(codec));
  if (!decoder) return std::unexpected(Failure::kMemory);
  if (avcodec_parameters_to_context(decoder.get(), parameters) < 0) {
    return std::unexpected(Failure::kDamaged);
  }
  decoder->thread_count = 1;
  decoder->max_pixels = max_pixels;
  decoder->max_samples = kMaxSamples;
  const int opened = avcodec_open2(decoder.get(), codec, nullptr);
  if (opened < 0) {
    return std::unexpected(opened == AVERROR(ENOMEM) ? Failure::kMemory : Failure::kNoDecoder);
  }
  return decoder;
}

}  // namespace coffer::media
