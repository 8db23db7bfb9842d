#include "media/protocol/reply.h"

#include <algorithm>
#include <utility>

#include "media/protocol/little_endian.h"
#include "media/protocol/picture.h"

namespace coffer::media {
namespace {

constexpr std::uint32_t kFrameMagic = 0x724d4643;  // "CFMr"
// Format, width, height, before the bytes of a picture.
constexpr std::size_t kPictureHeadBytes = 12;

enum class Tag : std::uint16_t {
  kKind = 1,
  kSize = 2,
  kDuration = 3,
  kCodec = 4,
  kColourSpace = 5,
  kTakenAt = 6,
  kOffset = 7,
  kLocation = 8,
  kCameraMake = 9,
  kCameraModel = 10,
  kTitle = 11,
  kArtist = 12,
  kAlbum = 13,
  kTrack = 14,
  kPages = 15,
};
constexpr std::uint16_t kLastTag = 15;

Bytes frame(FrameType type, ByteView body) {
  Bytes out;
  out.reserve(kFrameHeadBytes + body.size());
  append_le(out, kFrameMagic);
  append_le(out, kProtocolVersion);
  append_le(out, static_cast<std::uint8_t>(type));
  append_le(out, std::uint8_t{0});
  append_le(out, static_cast<std::uint32_t>(body.size()));
  out.insert(out.end(), body.begin(), body.end());
  return out;
}

class FieldWriter {
 public:
  void text(Tag tag, std::string_view value) {
    if (!value.empty()) field(tag, as_bytes(value));
  }
  template <class... Values>
  void numbers(Tag tag, Values... values) {
    Bytes body;
    (append_le(body, values), ...);
    field(tag, body);
  }
  const Bytes& bytes() const noexcept { return out_; }

 private:
  void field(Tag tag, ByteView value) {
    append_le(out_, static_cast<std::uint16_t>(tag));
    append_le(out_, static_cast<std::uint16_t>(value.size()));
    out_.insert(out_.end(), value.begin(), value.end());
  }
  Bytes out_;
};

// The number at `at`, if the field is as long as it should be.
template <class T>
std::optional<T> number(ByteView value) noexcept {
  if (value.size() != sizeof(T)) return std::nullopt;
  return get_le<T>(value.data());
}

template <class T, class U>
bool assign(U& field, std::optional<T> value) {
  if (value) field = *value;
  return value.has_value();
}

template <class T, class U>
bool assign_pair(ByteView value, U& first, U& second) {
  if (value.size() != 2 * sizeof(T)) return false;
  first = get_le<T>(value.data());
  second = get_le<T>(value.data() + sizeof(T));
  return true;
}

// Strings are checked by is_valid().
bool assign_text(ByteView value, std::string& field) {
  field = as_text(value);
  return !field.empty();
}

bool assign_field(Facts& facts, Tag tag, ByteView value) {
  switch (tag) {
    case Tag::kKind: {
      const auto kind = number<std::uint8_t>(value);
      if (kind) facts.kind = static_cast<Kind>(*kind);
      return kind.has_value();
    }
    case Tag::kSize: return assign_pair<std::uint32_t>(value, facts.width, facts.height);
    case Tag::kDuration: return assign(facts.duration_micros, number<std::uint64_t>(value));
    case Tag::kCodec: return assign_text(value, facts.codec);
    case Tag::kColourSpace: return assign_text(value, facts.colour_space);
    case Tag::kTakenAt: {
      const auto micros = number<std::int64_t>(value);
      if (micros) facts.taken_at = Moment{*micros, std::nullopt};
      return micros.has_value();
    }
    case Tag::kOffset: {
      const auto minutes = number<std::int16_t>(value);
      if (!minutes || !facts.taken_at) return false;
      facts.taken_at->offset_minutes = minutes;
      return true;
    }
    case Tag::kLocation: {
      Coordinates place;
      if (!assign_pair<std::int32_t>(value, place.latitude_e7, place.longitude_e7)) return false;
      facts.location = place;
      return true;
    }
    case Tag::kCameraMake: return assign_text(value, facts.camera_make);
    case Tag::kCameraModel: return assign_text(value, facts.camera_model);
    case Tag::kTitle: return assign_text(value, facts.title);
    case Tag::kArtist: return assign_text(value, facts.artist);
    case Tag::kAlbum: return assign_text(value, facts.album);
    case Tag::kTrack: return assign(facts.track, number<std::uint32_t>(value));
    case Tag::kPages: return assign(facts.pages, number<std::uint32_t>(value));
  }
  return false;
}

}  // namespace

std::string_view describe(Failure failure) noexcept {
  switch (failure) {
    case Failure::kUnsupported:
      return "the file is of no format that is looked into, or damaged from its first bytes on";
    case Failure::kDamaged: return "the file is empty, damaged or incomplete";
    case Failure::kTooLarge: return "the picture has more pixels than the server decodes";
    case Failure::kNoPicture: return "the file has nothing to show as a picture";
    case Failure::kNoDecoder: return "the server has no decoder for this format";
    case Failure::kMemory: return "the file needs more memory than a media job may use";
    case Failure::kTime: return "the file takes longer than a media job may run";
    case Failure::kCrashed: return "the decoder crashed on this file";
    case Failure::kProtocol: return "the decoder gave an answer that breaks the rules";
    case Failure::kNotSmaller:
      return "the picture cannot be made smaller without a loss that can be seen";
    case Failure::kProtected: return "the file is protected by a password";
  }
  return "unknown";
}

bool may_be_transient(Failure failure) noexcept {
  return failure == Failure::kMemory || failure == Failure::kTime || failure == Failure::kCrashed ||
         failure == Failure::kProtocol;
}

Bytes facts_frame(const Facts& facts) {
  FieldWriter out;
  out.numbers(Tag::kKind, static_cast<std::uint8_t>(facts.kind));
  if (facts.width && facts.height) out.numbers(Tag::kSize, *facts.width, *facts.height);
  if (facts.duration_micros) out.numbers(Tag::kDuration, *facts.duration_micros);
  out.text(Tag::kCodec, facts.codec);
  out.text(Tag::kColourSpace, facts.colour_space);
  if (facts.taken_at) {
    out.numbers(Tag::kTakenAt, facts.taken_at->local_micros);
    if (facts.taken_at->offset_minutes) {
      out.numbers(Tag::kOffset, *facts.taken_at->offset_minutes);
    }
  }
  if (facts.location) {
    out.numbers(Tag::kLocation, facts.location->latitude_e7, facts.location->longitude_e7);
  }
  out.text(Tag::kCameraMake, facts.camera_make);
  out.text(Tag::kCameraModel, facts.camera_model);
  out.text(Tag::kTitle, facts.title);
  out.text(Tag::kArtist, facts.artist);
  out.text(Tag::kAlbum, facts.album);
  if (facts.track) out.numbers(Tag::kTrack, *facts.track);
  if (facts.pages) out.numbers(Tag::kPages, *facts.pages);
  return frame(FrameType::kFacts, out.bytes());
}

Bytes picture_frame(const Picture& picture) {
  Bytes body;
  body.reserve(kPictureHeadBytes + picture.bytes.size());
  append_le(body, static_cast<std::uint32_t>(picture.format));
  append_le(body, picture.width);
  append_le(body, picture.height);
  body.insert(body.end(), picture.bytes.begin(), picture.bytes.end());
  return frame(FrameType::kPicture, body);
}

Bytes failure_frame(Failure failure) {
  const std::byte code{static_cast<std::uint8_t>(failure)};
  return frame(FrameType::kFailure, ByteView(&code, 1));
}

Bytes end_frame() { return frame(FrameType::kEnd, {}); }

std::optional<Facts> decode_facts(ByteView bytes) {
  Facts facts;
  std::uint16_t last = 0;
  while (!bytes.empty()) {
    if (bytes.size() < 4) return std::nullopt;
    const auto tag = get_le<std::uint16_t>(bytes.data());
    const auto length = get_le<std::uint16_t>(bytes.data() + 2);
    bytes = bytes.subspan(4);
    // In order, so none is there twice.
    if (tag <= last || tag > kLastTag || length > bytes.size()) return std::nullopt;
    last = tag;
    if (!assign_field(facts, static_cast<Tag>(tag), bytes.first(length))) return std::nullopt;
    bytes = bytes.subspan(length);
  }
  if (!is_valid(facts)) return std::nullopt;
  return facts;
}

std::size_t ReplyReader::max_body(FrameType type) const noexcept {
  switch (type) {
    case FrameType::kFacts: return kMaxFactsBytes;
    case FrameType::kPicture: return kPictureHeadBytes + request_.max_picture_bytes;
    case FrameType::kFailure: return 1;
    case FrameType::kEnd: return 0;
  }
  return 0;
}

bool ReplyReader::push(ByteView bytes) {
  if (broken_) return false;
  while (!bytes.empty()) {
    // No more than one frame is kept, whatever comes.
    std::size_t wanted = kFrameHeadBytes;
    if (pending_.size() >= kFrameHeadBytes) {
      wanted += get_le<std::uint32_t>(pending_.data() + 8);
    }
    const std::size_t count = std::min(wanted - pending_.size(), bytes.size());
    pending_.insert(pending_.end(), bytes.begin(),
                    bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    if (pending_.size() < kFrameHeadBytes) return true;

    const auto type = static_cast<FrameType>(get_le<std::uint8_t>(pending_.data() + 6));
    const auto length = get_le<std::uint32_t>(pending_.data() + 8);
    broken_ = ended_ || get_le<std::uint32_t>(pending_.data()) != kFrameMagic ||
              get_le<std::uint16_t>(pending_.data() + 4) != kProtocolVersion ||
              type < FrameType::kFacts || type > FrameType::kEnd ||
              get_le<std::uint8_t>(pending_.data() + 7) != 0 || length > max_body(type);
    if (broken_) return false;
    if (pending_.size() < kFrameHeadBytes + length) continue;
    if (!take_frame(type, ByteView(pending_).subspan(kFrameHeadBytes))) {
      broken_ = true;
      return false;
    }
    pending_.clear();
  }
  return true;
}

bool ReplyReader::take_frame(FrameType type, ByteView body) {
  const bool has_result = reply_.picture || reply_.failure;
  switch (type) {
    case FrameType::kFacts:
      if (reply_.facts || has_result || request_.job != Job::kProbe) return false;
      reply_.facts = decode_facts(body);
      return reply_.facts.has_value();
    case FrameType::kPicture: return !has_result && take_picture(body);
    case FrameType::kFailure: {
      const auto code = number<std::uint8_t>(body);
      if (has_result || !code || *code < 1 || *code > static_cast<std::uint8_t>(kLastFailure)) {
        return false;
      }
      reply_.failure = static_cast<Failure>(*code);
      return true;
    }
    case FrameType::kEnd: ended_ = true; return has_result;
  }
  return false;
}

bool ReplyReader::take_picture(ByteView body) {
  if (body.size() < kPictureHeadBytes) return false;
  const PictureSize claimed{get_le<std::uint32_t>(body.data() + 4),
                            get_le<std::uint32_t>(body.data() + 8)};
  const auto number = get_le<std::uint32_t>(body.data());
  if (number < 1 || number > static_cast<std::uint32_t>(kLastPictureFormat)) return false;
  const auto format = static_cast<PictureFormat>(number);
  const ByteView bytes = body.subspan(kPictureHeadBytes);
  if (request_.job == Job::kOptimize) {
    // In the format of the file, whichever that is.
    if (bytes.size() >= request_.length) return false;
  } else if (format != request_.format) {
    return false;
  }
  if (claimed.width > request_.width || claimed.height > request_.height) return false;
  if (check_picture(format, bytes) != claimed) return false;
  reply_.picture =
      Picture{format, claimed.width, claimed.height, Bytes(bytes.begin(), bytes.end())};
  return true;
}

}  // namespace coffer::media
