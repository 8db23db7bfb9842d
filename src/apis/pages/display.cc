#include "apis/pages/display.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/text.h"

namespace coffer::apis::pages {
namespace {

using vault::FileKind;

constexpr std::array<std::string_view, 8> kPictures{"image/jpeg",    "image/png",  "image/gif",
                                                    "image/webp",    "image/avif", "image/apng",
                                                    "image/svg+xml", "image/bmp"};
constexpr std::array<std::string_view, 9> kPlayed{"video/mp4",  "video/webm", "audio/mpeg",
                                                  "audio/mp4",  "audio/aac",  "audio/ogg",
                                                  "audio/webm", "audio/flac", "audio/wav"};
constexpr std::array<std::string_view, 9> kPlayedBySome{
    "video/quicktime", "video/x-matroska", "video/ogg",  "video/3gpp", "video/3gpp2",
    "video/mp2t",      "audio/x-matroska", "audio/aiff", "audio/x-caf"};
constexpr std::array<std::string_view, 9> kPlayedCodecs{"h264", "vp8",  "vp9",    "av1", "mp3",
                                                        "aac",  "opus", "vorbis", "flac"};
constexpr std::array<std::string_view, 5> kMoving{"image/gif", "image/webp", "image/apng",
                                                  "image/avif", "image/svg+xml"};
// Besides what is `text/…` or ends in `+json` or `+xml`.
constexpr std::array<std::string_view, 4> kTexts{"application/json", "application/jsonl",
                                                 "application/x-ndjson", "application/xml"};

// Without its parameters.
std::string_view type_of(const vault::Entry& file) noexcept {
  const std::string_view type = file.type.media_type;
  return trim(type.substr(0, type.find(';')));
}

bool is_one_of(std::string_view type, auto& types) noexcept {
  return std::ranges::find(types, type) != types.end();
}

bool is_text(std::string_view type) noexcept {
  return type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml") ||
         is_one_of(type, kTexts);
}

}  // namespace

Display display_of(const vault::Entry& file) noexcept {
  const std::string_view type = type_of(file);
  if (is_one_of(type, kPictures)) return Display::kPicture;
  if (type == "application/pdf") return Display::kPdf;
  const bool plays = is_one_of(type, kPlayed) || is_one_of(type, kPlayedBySome);
  if (plays && file.type.kind == FileKind::kVideo) return Display::kFilm;
  if (plays && file.type.kind == FileKind::kAudio) return Display::kSound;
  return is_text(type) ? Display::kText : Display::kNone;
}

bool is_played_by_some(const vault::Entry& file) noexcept {
  if (is_one_of(type_of(file), kPlayedBySome)) return true;
  if (!file.media || file.media->facts.codec.empty()) return false;
  const std::string_view codec = file.media->facts.codec;
  return !codec.starts_with("pcm_") && !is_one_of(codec, kPlayedCodecs);
}

bool may_move(const vault::Entry& file) noexcept { return is_one_of(type_of(file), kMoving); }

bool opens(const vault::Entry& file) noexcept {
  const Display display = display_of(file);
  return display == Display::kPicture || display == Display::kPdf || type_of(file) == "text/plain";
}

}  // namespace coffer::apis::pages
