// What a file says of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/sniff/type.h"

namespace coffer::media {

// A moment as a file tells it. Many cameras do not know their offset from UTC.
struct Moment {
  std::int64_t local_micros = 0;  // since 1970-01-01T00:00:00 of the place where it was taken
  std::optional<std::int16_t> offset_minutes;  // of that place, east of UTC positive

  friend bool operator==(const Moment&, const Moment&) = default;
};

struct Coordinates {
  std::int32_t latitude_e7 = 0;   // degrees × 10⁷, north positive, -90 to 90 degrees
  std::int32_t longitude_e7 = 0;  // east positive, -180 to 180 degrees

  friend bool operator==(const Coordinates&, const Coordinates&) = default;
};

// Nothing (or an empty string): the file does not tell.
struct Facts {
  Kind kind = Kind::kOther;
  // Of the upright picture, with square pixels. Both or neither.
  std::optional<std::uint32_t> width;
  std::optional<std::uint32_t> height;
  std::optional<std::uint64_t> duration_micros;
  std::string codec;         // `jpeg`, `h264`, `flac`: lower-case ASCII
  std::string colour_space;  // `sRGB`, `Display P3`, `CMYK`, `BT.2020 PQ`
  std::optional<Moment> taken_at;
  std::optional<Coordinates> location;
  std::string camera_make;
  std::string camera_model;
  std::string title;
  std::string artist;
  std::string album;
  std::optional<std::uint32_t> track;
  std::optional<std::uint32_t> pages;

  friend bool operator==(const Facts&, const Facts&) = default;
};

// The most that a string of Facts has, in bytes, and a picture on an edge.
inline constexpr std::size_t kMaxFactText = 512;
inline constexpr std::uint32_t kMaxEdge = 1u << 24;

// `text` without control characters and what is not UTF-8, trimmed, at most kMaxFactText bytes:
// what a string of Facts may be.
std::string clean_fact(std::string_view text);

// Whether all of `facts` is in the ranges above.
bool is_valid(const Facts& facts) noexcept;

}  // namespace coffer::media
