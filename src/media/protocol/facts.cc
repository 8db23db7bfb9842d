#include "media/protocol/facts.h"

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace coffer::media {
namespace {

constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
// The years 1800 to 9999.
constexpr std::int64_t kFirstMoment = -62'091 * kMicrosPerDay;
constexpr std::int64_t kLastMoment = 2'932'897 * kMicrosPerDay;
constexpr std::uint64_t kLongest = 3650ull * static_cast<std::uint64_t>(kMicrosPerDay);
constexpr std::uint32_t kMaxTrack = 99'999;
constexpr std::uint32_t kMaxPages = 10'000'000;

bool is_control(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool is_text(std::string_view text) noexcept {
  return text.size() <= kMaxFactText && is_utf8(text) && std::ranges::none_of(text, is_control);
}

bool is_codec(std::string_view codec) noexcept {
  return codec.size() <= 32 && std::ranges::all_of(codec, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                  c == '.';
         });
}

bool is_moment(const Moment& moment) noexcept {
  return moment.local_micros >= kFirstMoment && moment.local_micros < kLastMoment &&
         std::abs(moment.offset_minutes.value_or(0)) <= 18 * 60;
}

bool is_place(const Coordinates& place) noexcept {
  return place.latitude_e7 >= -900'000'000 && place.latitude_e7 <= 900'000'000 &&
         place.longitude_e7 >= -1'800'000'000 && place.longitude_e7 <= 1'800'000'000;
}

bool is_edge(const std::optional<std::uint32_t>& edge) noexcept {
  return !edge || (*edge > 0 && *edge <= kMaxEdge);
}

// What is before the first byte that is not UTF-8.
std::string_view utf8_prefix(std::string_view text) noexcept {
  while (!text.empty() && !is_utf8(text)) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string clean_fact(std::string_view text) {
  text = text.substr(0, std::min(text.find('\0'), 4 * kMaxFactText));
  std::string shown;
  for (const char c : utf8_prefix(text)) shown += is_control(c) ? ' ' : c;
  return std::string(trim(truncate_utf8(trim(shown), kMaxFactText)));
}

bool is_valid(const Facts& facts) noexcept {
  if (facts.kind > Kind::kOther) return false;
  if (facts.width.has_value() != facts.height.has_value()) return false;
  if (!is_edge(facts.width) || !is_edge(facts.height)) return false;
  if (facts.duration_micros.value_or(0) > kLongest) return false;
  if (facts.taken_at && !is_moment(*facts.taken_at)) return false;
  if (facts.location && !is_place(*facts.location)) return false;
  if (facts.track.value_or(0) > kMaxTrack || facts.pages.value_or(0) > kMaxPages) return false;
  if (!is_codec(facts.codec)) return false;
  return is_text(facts.colour_space) && is_text(facts.camera_make) && is_text(facts.camera_model) &&
         is_text(facts.title) && is_text(facts.artist) && is_text(facts.album);
}

}  // namespace coffer::media
