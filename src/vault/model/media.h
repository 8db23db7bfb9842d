// What a file's own bytes say about it, as far as they were looked into.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/hash.h"

namespace coffer::vault {

enum class MediaState : std::uint8_t {
  kProcessing = 0,  // it waits for its turn, or is being looked into
  kReady = 1,       // what there is to find was found
  kFailed = 2,      // nothing could be found; Media::failure says why
};
// `processing`, `ready`, `failed`.
std::string_view name_of(MediaState state) noexcept;

// Why nothing was found, or no picture was made.
enum class MediaFailure : std::uint8_t {
  kUnsupported = 1,  // of a kind that is not looked into
  kDamaged = 2,
  kTooLarge = 3,   // more pixels, or more bytes, than are looked at
  kNoPicture = 4,  // nothing to see in it
  kNoDecoder = 5,
  kMemory = 6,
  kTime = 7,
  kCrashed = 8,
  kProtocol = 9,    // what came back was not what it has to be
  kProtected = 10,  // a password is needed to see it
  // Nothing is wrong with it: pictures of its format were not made then. Of kReady alone.
  kPdfOff = 11,
  kSvgOff = 12,
};
inline constexpr int kMediaFailures = 13;  // one more than the largest
// A word for metrics: `damaged`, `too_large`.
std::string_view name_of(MediaFailure failure) noexcept;
// What a person is told: `the file is damaged or incomplete`.
std::string_view describe(MediaFailure failure) noexcept;

// Degrees × 10⁷: north and east are positive.
struct MediaLocation {
  std::int32_t latitude_e7 = 0;   // -90 to 90 degrees
  std::int32_t longitude_e7 = 0;  // -180 to 180 degrees

  double latitude() const noexcept { return latitude_e7 / 1e7; }
  double longitude() const noexcept { return longitude_e7 / 1e7; }
  friend bool operator==(const MediaLocation&, const MediaLocation&) = default;
};

// Nothing, or an empty string: the file does not say. Strings are UTF-8 without control characters,
// at most 512 bytes.
struct MediaFacts {
  // Pixels of the upright picture, with square pixels. Both or neither.
  std::optional<std::uint32_t> width = {};
  std::optional<std::uint32_t> height = {};
  std::optional<std::uint64_t> duration_micros = {};
  std::string codec = {};         // `jpeg`, `h264`, `flac`
  std::string colour_space = {};  // `sRGB`, `Display P3`
  // In UTC where the file says the offset; else the local time as if it were UTC.
  std::optional<Time> taken_at = {};
  std::optional<std::int16_t> taken_offset_minutes = {};  // of the place, east of UTC positive
  std::optional<MediaLocation> location = {};             // for the file's owner alone
  std::string camera_make = {};
  std::string camera_model = {};
  std::string title = {};
  std::string artist = {};
  std::string album = {};
  std::optional<std::uint32_t> track = {};
  std::optional<std::uint32_t> pages = {};

  // Seconds.
  std::optional<double> duration() const noexcept {
    if (!duration_micros) return std::nullopt;
    return static_cast<double>(*duration_micros) / 1e6;
  }
  friend bool operator==(const MediaFacts&, const MediaFacts&) = default;
};

// The small picture of a file: WebP, upright, sRGB, at most 320 pixels on an edge, no metadata.
struct Thumbnail {
  Sha256Digest digest;
  std::uint64_t size = 0;  // bytes
  std::uint32_t width = 0;
  std::uint32_t height = 0;

  friend bool operator==(const Thumbnail&, const Thumbnail&) = default;
};

// Belongs to bytes: the same for every file that has them.
struct Media {
  MediaState state = MediaState::kProcessing;
  // kFailed: why. kReady: why there is no thumbnail, where one could be expected.
  std::optional<MediaFailure> failure = {};
  MediaFacts facts = {};
  std::optional<Thumbnail> thumbnail = {};

  friend bool operator==(const Media&, const Media&) = default;
};

// As a column holds it: readable text, fields in the order of their declaration above, joined by
// U+001F. Empty while it is being processed. Control characters in strings are left out.
std::string encode_media(const Media& media);
// An empty text is what is being processed; what is malformed is kFailed as kProtocol.
std::shared_ptr<const Media> decode_media(std::string_view text);

}  // namespace coffer::vault
