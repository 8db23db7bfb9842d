#include "vault/model/media.h"

#include <array>
#include <charconv>
#include <concepts>
#include <limits>
#include <vector>

namespace coffer::vault {
namespace {

constexpr char kSeparator = '\x1f';

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }

class Writer {
 public:
  void text(std::string_view value) {
    begin();
    for (const char c : value) {
      if (!is_control(c)) text_ += c;
    }
  }
  void number(std::integral auto value) {
    begin();
    text_ += std::to_string(value);
  }
  template <class T>
  void optional(const std::optional<T>& value) {
    if (value) return number(*value);
    begin();
  }
  std::string take() { return std::move(text_); }

 private:
  void begin() {
    if (any_) text_ += kSeparator;
    any_ = true;
  }

  std::string text_;
  bool any_ = false;
};

// Gives one field after another; empty ones at the end. Later versions may have written more.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  std::string_view text() {
    const std::size_t end = rest_.find(kSeparator);
    const std::string_view field = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view() : rest_.substr(end + 1);
    return field;
  }
  std::string string() { return std::string(text()); }
  template <std::integral T>
  std::optional<T> number(T min = std::numeric_limits<T>::min(),
                          T max = std::numeric_limits<T>::max()) {
    const std::string_view field = text();
    if (field.empty()) return std::nullopt;
    T value = 0;
    const char* const end = field.data() + field.size();
    const auto [at, error] = std::from_chars(field.data(), end, value);
    is_well_formed_ =
        is_well_formed_ && error == std::errc() && at == end && value >= min && value <= max;
    return value;
  }
  bool is_well_formed() const noexcept { return is_well_formed_; }

 private:
  std::string_view rest_;
  bool is_well_formed_ = true;
};

std::optional<MediaFailure> failure_from(std::optional<int> number) {
  if (!number) return std::nullopt;
  return static_cast<MediaFailure>(*number);
}

std::shared_ptr<const Media> processing() {
  static const auto kMedia = std::make_shared<const Media>();
  return kMedia;
}

std::shared_ptr<const Media> malformed() {
  return std::make_shared<const Media>(
      Media{.state = MediaState::kFailed, .failure = MediaFailure::kProtocol});
}

}  // namespace

std::string_view name_of(MediaState state) noexcept {
  switch (state) {
    case MediaState::kProcessing: return "processing";
    case MediaState::kReady: return "ready";
    case MediaState::kFailed: break;
  }
  return "failed";
}

std::string_view name_of(MediaFailure failure) noexcept {
  switch (failure) {
    case MediaFailure::kUnsupported: return "unsupported";
    case MediaFailure::kDamaged: return "damaged";
    case MediaFailure::kTooLarge: return "too_large";
    case MediaFailure::kNoPicture: return "no_picture";
    case MediaFailure::kNoDecoder: return "no_decoder";
    case MediaFailure::kMemory: return "memory";
    case MediaFailure::kTime: return "time";
    case MediaFailure::kCrashed: return "crashed";
    case MediaFailure::kProtected: return "protected";
    case MediaFailure::kPdfOff: return "pdf_off";
    case MediaFailure::kSvgOff: return "svg_off";
    case MediaFailure::kProtocol: break;
  }
  return "protocol";
}

std::string_view describe(MediaFailure failure) noexcept {
  switch (failure) {
    case MediaFailure::kUnsupported:
      return "the file is of no format that is looked into, or damaged from its first bytes on";
    case MediaFailure::kDamaged: return "the file is empty, damaged or incomplete";
    case MediaFailure::kTooLarge:
      return "the file is larger, or has more pixels, than the server looks into";
    case MediaFailure::kNoPicture: return "the file has nothing to show as a picture";
    case MediaFailure::kNoDecoder: return "the server has no decoder for this format";
    case MediaFailure::kMemory: return "the file needs more memory than it may use";
    case MediaFailure::kTime: return "looking into the file takes too long";
    case MediaFailure::kCrashed: return "the decoder crashed on this file";
    case MediaFailure::kProtected: return "the file is protected by a password";
    case MediaFailure::kPdfOff:
      return "pictures of PDF files were switched off when this one was looked into";
    case MediaFailure::kSvgOff:
      return "pictures of SVG files were switched off when this one was looked into";
    case MediaFailure::kProtocol: break;
  }
  return "the decoder gave an answer that breaks the rules";
}

std::string encode_media(const Media& media) {
  if (media.state == MediaState::kProcessing) return {};
  const MediaFacts& facts = media.facts;
  Writer out;
  out.number(static_cast<int>(media.state));
  out.optional(media.failure ? std::optional(static_cast<int>(*media.failure)) : std::nullopt);
  out.optional(facts.width);
  out.optional(facts.height);
  out.optional(facts.duration_micros);
  out.text(facts.codec);
  out.text(facts.colour_space);
  out.optional(facts.taken_at ? std::optional(to_micros(*facts.taken_at)) : std::nullopt);
  out.optional(facts.taken_offset_minutes);
  out.optional(facts.location ? std::optional(facts.location->latitude_e7) : std::nullopt);
  out.optional(facts.location ? std::optional(facts.location->longitude_e7) : std::nullopt);
  out.text(facts.camera_make);
  out.text(facts.camera_model);
  out.text(facts.title);
  out.text(facts.artist);
  out.text(facts.album);
  out.optional(facts.track);
  out.optional(facts.pages);
  const auto& thumbnail = media.thumbnail;
  out.text(thumbnail ? thumbnail->digest.hex() : std::string());
  out.optional(thumbnail ? std::optional(thumbnail->size) : std::nullopt);
  out.optional(thumbnail ? std::optional(thumbnail->width) : std::nullopt);
  out.optional(thumbnail ? std::optional(thumbnail->height) : std::nullopt);
  return out.take();
}

std::shared_ptr<const Media> decode_media(std::string_view text) {
  if (text.empty()) return processing();
  const auto made = std::make_shared<Media>();
  Media& media = *made;
  MediaFacts& facts = media.facts;
  Reader in(text);
  const auto state =
      in.number<int>(static_cast<int>(MediaState::kReady), static_cast<int>(MediaState::kFailed));
  if (!state || !in.is_well_formed()) return malformed();
  media.state = static_cast<MediaState>(*state);
  media.failure = failure_from(in.number<int>(1, kMediaFailures - 1));
  facts.width = in.number<std::uint32_t>();
  facts.height = in.number<std::uint32_t>();
  facts.duration_micros = in.number<std::uint64_t>();
  facts.codec = in.string();
  facts.colour_space = in.string();
  if (const auto taken = in.number<std::int64_t>()) facts.taken_at = from_micros(*taken);
  facts.taken_offset_minutes = in.number<std::int16_t>();
  const auto latitude = in.number<std::int32_t>();
  const auto longitude = in.number<std::int32_t>();
  if (latitude && longitude) facts.location = MediaLocation{*latitude, *longitude};
  facts.camera_make = in.string();
  facts.camera_model = in.string();
  facts.title = in.string();
  facts.artist = in.string();
  facts.album = in.string();
  facts.track = in.number<std::uint32_t>();
  facts.pages = in.number<std::uint32_t>();
  const std::string_view digest = in.text();
  const auto size = in.number<std::uint64_t>();
  const auto width = in.number<std::uint32_t>();
  const auto height = in.number<std::uint32_t>();
  if (!digest.empty()) {
    const auto parsed = Sha256Digest::from_hex(digest);
    if (!parsed || !size || !width || !height) return malformed();
    media.thumbnail = Thumbnail{*parsed, *size, *width, *height};
  }
  if (!in.is_well_formed()) return malformed();
  return made;
}

}  // namespace coffer::vault
