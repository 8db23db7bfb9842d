#include "media/worker/film.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>

#include "media/worker/av_frame.h"
#include "media/worker/av_lists.h"
#include "media/worker/colour.h"
#include "media/worker/dates.h"
#include "media/worker/fact_text.h"
#include "media/worker/film_frame.h"
#include "media/worker/shape.h"
#include "media/worker/spent.h"
#include "media/worker/still.h"

namespace coffer::media {
namespace {

// A count of packets that takes longer than this is given up for a guess.
constexpr double kMaxScanSeconds = 6;
// In larger files what is missing at the end is short beside the rest.
constexpr std::uint64_t kMaxCountedBytes = 32u << 20;

unsigned orientation_of(const AVStream* stream) noexcept {
  std::size_t size = 0;
  const std::uint8_t* const data =
      av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  if (data == nullptr || size < 9 * sizeof(std::int32_t)) return 1;
  std::array<std::int32_t, 9> matrix = {};
  std::copy_n(data, sizeof(matrix), reinterpret_cast<std::uint8_t*>(matrix.data()));
  // Where one step to the right, and one down, leads to.
  const std::int64_t right_x = matrix[0];
  const std::int64_t right_y = matrix[1];
  const std::int64_t down_x = matrix[3];
  const std::int64_t down_y = matrix[4];
  if (std::abs(right_x) + std::abs(down_y) >= std::abs(right_y) + std::abs(down_x)) {
    if (right_x >= 0) return down_y >= 0 ? 1 : 4;
    return down_y >= 0 ? 2 : 3;
  }
  if (right_y >= 0) return down_x >= 0 ? 5 : 6;
  return down_x >= 0 ? 8 : 7;
}

AVRational sample_shape(const AVStream* stream) noexcept {
  for (const AVRational shape :
       {stream->sample_aspect_ratio, stream->codecpar->sample_aspect_ratio}) {
    if (shape.num > 0 && shape.den > 0 && shape.num / shape.den < 20 &&
        shape.den / shape.num < 20) {
      return shape;
    }
  }
  return {1, 1};
}

std::string_view tag(const AVDictionary* tags, const char* name) noexcept {
  const AVDictionaryEntry* const entry = av_dict_get(tags, name, nullptr, 0);
  return entry == nullptr ? std::string_view{} : std::string_view(entry->value);
}

// The first of those names that the file, or one of the two streams, has.
class Tags {
 public:
  Tags(const AVDictionary* file, const AVDictionary* video, const AVDictionary* audio) noexcept
      : all_{file, video, audio} {}

  std::string_view first_of(std::initializer_list<const char*> names) const noexcept {
    for (const char* const name : names) {
      for (const AVDictionary* const tags : all_) {
        if (const std::string_view value = tag(tags, name); !value.empty()) return value;
      }
    }
    return {};
  }
  std::string fact(std::initializer_list<const char*> names) const {
    return fact_text(first_of(names));
  }

 private:
  std::array<const AVDictionary*, 3> all_;
};

// Before this there was no QuickTime; clocks that were never set begin earlier.
bool is_plausible_clock(const Moment& moment) noexcept {
  constexpr std::int64_t kYear1971 = 31'536'000'000'000;
  return moment.local_micros >= kYear1971;
}

std::optional<Moment> taken_at(const Tags& tags, bool is_sound) {
  if (const auto apple = parse_moment(tags.first_of({"com.apple.quicktime.creationdate"}))) {
    return apple;
  }
  const auto date = parse_moment(tags.first_of({"date", "TDRC", "TDRL", "TDOR", "year"}));
  if (date && (is_sound || date->offset_minutes)) return date;
  const auto created = parse_moment(tags.first_of({"creation_time", "DATE_RECORDED"}));
  if (created && is_plausible_clock(*created)) return created;
  return date;
}

}  // namespace

std::expected<std::unique_ptr<Film>, Failure> Film::open(Source& source) {
  auto file = AvFile::open(source, kFilmFormats);
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<Film> film(new Film(source, std::move(*file)));
  if (film->video_ < 0 && film->audio_ < 0) return std::unexpected(Failure::kNoPicture);
  return film;
}

bool Film::is_cover(int stream) const noexcept {
  constexpr int kPictures = AV_DISPOSITION_ATTACHED_PIC | AV_DISPOSITION_TIMED_THUMBNAILS;
  return (file_->stream(stream)->disposition & kPictures) != 0;
}

Film::Film(Source& source, std::unique_ptr<AvFile> file) : source_(source), file_(std::move(file)) {
  std::pair<bool, std::int64_t> best = {false, -1};
  for (int i = 0; i < static_cast<int>(file_->get()->nb_streams); ++i) {
    const AVStream* const stream = file_->stream(i);
    const AVCodecParameters* const codec = stream->codecpar;
    const bool is_default = (stream->disposition & AV_DISPOSITION_DEFAULT) != 0;
    if (codec->codec_type == AVMEDIA_TYPE_AUDIO &&
        (audio_ < 0 ||
         (is_default && !(file_->stream(audio_)->disposition & AV_DISPOSITION_DEFAULT)))) {
      audio_ = i;
    }
    if (codec->codec_type != AVMEDIA_TYPE_VIDEO) continue;
    if (is_cover(i)) {
      if (cover_ < 0) cover_ = i;
      continue;
    }
    const std::pair<bool, std::int64_t> rank = {is_default,
                                                std::int64_t{codec->width} * codec->height};
    if (rank > best) {
      best = rank;
      video_ = i;
    }
  }
  if (video_ < 0) return;
  const AVStream* const stream = file_->stream(video_);
  orientation_ = orientation_of(stream);
  const AVRational shape = sample_shape(stream);
  const auto scaled = [](int edge, int by, int of) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>((std::int64_t{edge} * by + of / 2) / of, 0, kMaxEdge));
  };
  width_ = static_cast<std::uint32_t>(std::max(stream->codecpar->width, 0));
  height_ = static_cast<std::uint32_t>(std::max(stream->codecpar->height, 0));
  // The longer way, so that no line is lost.
  if (shape.num > shape.den) width_ = scaled(stream->codecpar->width, shape.num, shape.den);
  if (shape.num < shape.den) height_ = scaled(stream->codecpar->height, shape.den, shape.num);
}

Facts Film::facts() {
  Facts facts;
  const bool is_sound = video_ < 0;
  facts.kind = is_sound ? Kind::kAudio : Kind::kVideo;
  const AVStream* const main = file_->stream(is_sound ? audio_ : video_);
  if (main->codecpar->codec_id != AV_CODEC_ID_NONE) {
    facts.codec = avcodec_get_name(main->codecpar->codec_id);
  }
  if (width_ > 0 && height_ > 0) {
    facts.width = swaps_edges(orientation_) ? height_ : width_;
    facts.height = swaps_edges(orientation_) ? width_ : height_;
  }
  if (!is_sound) {
    const Cicp cicp = cicp_of(main->codecpar->color_primaries, main->codecpar->color_trc);
    if (cicp.primaries != 2) {
      facts.colour_space = colour_space_name({}, cicp, Pixels::Model::kRgb);
    }
  }
  facts.duration_micros = duration_micros();
  const Tags tags(file_->get()->metadata, video_ < 0 ? nullptr : file_->stream(video_)->metadata,
                  audio_ < 0 ? nullptr : file_->stream(audio_)->metadata);
  facts.taken_at = taken_at(tags, is_sound);
  facts.location = parse_iso6709(
      tags.first_of({"com.apple.quicktime.location.ISO6709", "location", "location-eng"}));
  facts.camera_make = tags.fact({"com.apple.quicktime.make", "make", "com.android.manufacturer"});
  facts.camera_model = tags.fact({"com.apple.quicktime.model", "model", "com.android.model"});
  facts.title = tags.fact({"title"});
  facts.artist = tags.fact({"artist", "album_artist", "author", "performer"});
  facts.album = tags.fact({"album"});
  facts.track = leading_number(tags.first_of({"track", "tracknumber"}), 5);
  return facts;
}

std::optional<std::uint64_t> Film::duration_micros() {
  if (duration_) return *duration_;
  const std::int64_t told = file_->get()->duration;
  std::optional<std::uint64_t> found;
  if (file_->duration_is_guess()) {
    found = measured_duration(true);
    reopen();
  } else if (file_->duration_is_short() && source_.size() <= kMaxCountedBytes) {
    found = measured_duration(false);
    if (found && told > 0) found = std::max(*found, static_cast<std::uint64_t>(told));
    reopen();
  }
  // A film of one picture has none worth telling, which is what 0 says.
  if (!found && told > 0) found = static_cast<std::uint64_t>(told);
  constexpr std::uint64_t kLongest = 3650ull * 86'400'000'000ull;
  if (found && *found > kLongest) found.reset();
  duration_ = found;
  return found;
}

bool Film::reopen() {
  auto again = AvFile::open(source_, kFilmFormats);
  if (!again || (*again)->get()->nb_streams < file_->get()->nb_streams) return false;
  file_ = std::move(*again);
  return true;
}

std::optional<std::uint64_t> Film::measured_duration(bool sums) {
  const int index = video_ >= 0 ? video_ : audio_;
  const AVStream* const stream = file_->stream(index);
  const AvPacketPtr packet(av_packet_alloc());
  if (!packet) return std::nullopt;
  std::int64_t sum = 0;
  std::int64_t first = AV_NOPTS_VALUE;
  std::int64_t last = 0;
  const double deadline = spent_seconds() + kMaxScanSeconds;
  int count = 0;
  while (file_->read(packet.get(), index)) {
    const std::int64_t at = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
    const std::int64_t lasts = std::max<std::int64_t>(packet->duration, 0);
    sum += lasts;
    if (at != AV_NOPTS_VALUE) {
      if (first == AV_NOPTS_VALUE || at < first) first = at;
      last = std::max(last, at + lasts);
    }
    av_packet_unref(packet.get());
    if (++count % 256 == 0 && spent_seconds() > deadline) return std::nullopt;
  }
  // Streams without an index of times, as those of MP3, are told by the sum alone.
  const std::int64_t length = first == AV_NOPTS_VALUE ? sum
                              : sums                  ? std::max(sum, last - first)
                                                      : last - first;
  if (length <= 0) return std::nullopt;
  const std::int64_t micros = av_rescale_q(length, stream->time_base, {1, AV_TIME_BASE});
  return micros > 0 ? std::optional(static_cast<std::uint64_t>(micros)) : std::nullopt;
}

std::expected<Raster, Failure> Film::picture(const Request& request) {
  std::expected<Raster, Failure> made = std::unexpected(Failure::kNoPicture);
  if (video_ >= 0) made = frame_picture(request);
  if (!made && cover_ >= 0) {
    if (auto cover = cover_picture(request)) return cover;
  }
  if (!made && video_ < 0) {
    return draw_waveform(*file_, audio_, duration_micros(), request);
  }
  return made;
}

std::expected<Raster, Failure> Film::frame_picture(const Request& request) {
  if (width_ == 0 || height_ == 0) return std::unexpected(Failure::kNoDecoder);
  const bool swapped = swaps_edges(orientation_);
  const Shape shape = shape_for(request, swapped ? height_ : width_, swapped ? width_ : height_);
  const std::uint64_t duration = duration_micros().value_or(0);
  const auto finder = [&] {
    return FrameFinder(*file_, video_, static_cast<std::int64_t>(request.max_pixels),
                       swapped ? shape.height : shape.width, swapped ? shape.width : shape.height);
  };
  auto frame = finder().find(duration);
  if (!frame && frame.error() == Failure::kNoPicture && reopen()) {
    frame = finder().find_in_order(duration);
  }
  if (!frame) return frame;
  return crop_to_middle(turn_upright(std::move(*frame), orientation_), shape.crop_width,
                        shape.crop_height);
}

std::expected<Raster, Failure> Film::cover_picture(const Request& request) {
  const AVPacket& picture = file_->stream(cover_)->attached_pic;
  if (picture.data == nullptr || picture.size <= 0) return std::unexpected(Failure::kNoPicture);
  const auto* const data = reinterpret_cast<const std::byte*>(picture.data);
  MemorySource source(Bytes(data, data + picture.size));
  const auto still = open_still(source);
  if (!still) return std::unexpected(still.error());
  if (*still == nullptr) return std::unexpected(Failure::kUnsupported);
  return still_picture(**still, request);
}

}  // namespace coffer::media
