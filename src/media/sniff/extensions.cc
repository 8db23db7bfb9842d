#include "media/sniff/extensions.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace coffer::media {
namespace {

using enum Kind;
using enum Family;

constexpr std::size_t kLongest = 8;

// Ordered by name.
constexpr Extension kExtensions[] = {
    {"3g2", {"video/3gpp2", kVideo}, kIso},
    {"3gp", {"video/3gpp", kVideo}, kIso},
    {"7z", {"application/x-7z-compressed", kOther}, kOwn},
    {"aac", {"audio/aac", kAudio}, kAdts},
    {"aif", {"audio/aiff", kAudio}, kOwn},
    {"aiff", {"audio/aiff", kAudio}, kOwn},
    {"amr", {"audio/amr", kAudio}, kOwn},
    {"apk", {"application/vnd.android.package-archive", kOther}, kZip},
    {"arw", {"image/x-sony-arw", kImage}, kTiff},
    {"avi", {"video/x-msvideo", kVideo}, kOwn},
    {"avif", {"image/avif", kImage}, kIso},
    {"bmp", {"image/bmp", kImage}, kOwn},
    {"bz2", {"application/x-bzip2", kOther}, kOwn},
    {"c", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"cbz", {"application/vnd.comicbook+zip", kDocument}, kZip},
    {"conf", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"cpp", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"cr2", {"image/x-canon-cr2", kImage}, kTiff},
    {"css", {"text/css; charset=utf-8", kDocument}, kUnsigned},
    {"csv", {"text/csv; charset=utf-8", kDocument}, kUnsigned},
    {"dng", {"image/x-adobe-dng", kImage}, kTiff},
    {"doc", {"application/msword", kDocument}, kOle},
    {"docx",
     {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", kDocument},
     kZip},
    {"eml", {"message/rfc822", kDocument}, kUnsigned},
    {"eps", {"application/postscript", kDocument}, kOwn},
    {"epub", {"application/epub+zip", kDocument}, kZip},
    {"flac", {"audio/flac", kAudio}, kId3},
    {"flv", {"video/x-flv", kVideo}, kOwn},
    {"gif", {"image/gif", kImage}, kOwn},
    {"glb", {"model/gltf-binary", kOther}, kOwn},
    {"go", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"gz", {"application/gzip", kOther}, kGzip},
    {"h", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"heic", {"image/heic", kImage}, kIso},
    {"heif", {"image/heif", kImage}, kIso},
    {"htm", {"text/html; charset=utf-8", kDocument}, kUnsigned},
    {"html", {"text/html; charset=utf-8", kDocument}, kUnsigned},
    {"ico", {"image/x-icon", kImage}, kIcon},
    {"ics", {"text/calendar; charset=utf-8", kDocument}, kUnsigned},
    {"ini", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"iso", {"application/x-iso9660-image", kOther}, kUnsigned},
    {"jar", {"application/java-archive", kOther}, kZip},
    {"java", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"jpe", {"image/jpeg", kImage}, kOwn},
    {"jpeg", {"image/jpeg", kImage}, kOwn},
    {"jpg", {"image/jpeg", kImage}, kOwn},
    {"js", {"text/javascript; charset=utf-8", kDocument}, kUnsigned},
    {"json", {"application/json", kDocument}, kUnsigned},
    {"jxl", {"image/jxl", kImage}, kOwn},
    {"log", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"m2ts", {"video/mp2t", kVideo}, kOwn},
    {"m3u8", {"application/vnd.apple.mpegurl", kOther}, kUnsigned},
    {"m4a", {"audio/mp4", kAudio}, kIso},
    {"m4b", {"audio/mp4", kAudio}, kIso},
    {"m4v", {"video/mp4", kVideo}, kIso},
    {"md", {"text/markdown; charset=utf-8", kDocument}, kUnsigned},
    {"mid", {"audio/midi", kAudio}, kOwn},
    {"mjs", {"text/javascript; charset=utf-8", kDocument}, kUnsigned},
    {"mka", {"audio/x-matroska", kAudio}, kMatroska},
    {"mkv", {"video/x-matroska", kVideo}, kOwn},
    {"mov", {"video/quicktime", kVideo}, kIso},
    {"mp3", {"audio/mpeg", kAudio}, kMpegAudio},
    {"mp4", {"video/mp4", kVideo}, kIso},
    {"mpeg", {"video/mpeg", kVideo}, kOwn},
    {"mpg", {"video/mpeg", kVideo}, kOwn},
    {"mts", {"video/mp2t", kVideo}, kOwn},
    {"nef", {"image/x-nikon-nef", kImage}, kTiff},
    {"odp", {"application/vnd.oasis.opendocument.presentation", kDocument}, kZip},
    {"ods", {"application/vnd.oasis.opendocument.spreadsheet", kDocument}, kZip},
    {"odt", {"application/vnd.oasis.opendocument.text", kDocument}, kZip},
    {"oga", {"audio/ogg", kAudio}, kOgg},
    {"ogg", {"audio/ogg", kAudio}, kOgg},
    {"ogv", {"video/ogg", kVideo}, kOgg},
    {"opus", {"audio/ogg", kAudio}, kOgg},
    {"otf", {"font/otf", kOther}, kOwn},
    {"pdf", {"application/pdf", kDocument}, kOwn},
    {"php", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"png", {"image/png", kImage}, kOwn},
    {"ppt", {"application/vnd.ms-powerpoint", kDocument}, kOle},
    {"pptx",
     {"application/vnd.openxmlformats-officedocument.presentationml.presentation", kDocument},
     kZip},
    {"ps", {"application/postscript", kDocument}, kOwn},
    {"psd", {"image/vnd.adobe.photoshop", kImage}, kOwn},
    {"py", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"rar", {"application/vnd.rar", kOther}, kOwn},
    {"rs", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"rtf", {"application/rtf", kDocument}, kOwn},
    {"sh", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"sql", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"srt", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"svg", {"image/svg+xml", kImage}, kUnsigned},
    {"tar", {"application/x-tar", kOther}, kUnsigned},
    {"tgz", {"application/gzip", kOther}, kGzip},
    {"tif", {"image/tiff", kImage}, kTiff},
    {"tiff", {"image/tiff", kImage}, kTiff},
    {"toml", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    // Without a transport stream's sync bytes it is a program's source.
    {"ts", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"tsv", {"text/tab-separated-values; charset=utf-8", kDocument}, kUnsigned},
    {"ttf", {"font/ttf", kOther}, kOwn},
    {"txt", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"vcf", {"text/vcard; charset=utf-8", kDocument}, kUnsigned},
    {"vtt", {"text/vtt; charset=utf-8", kDocument}, kUnsigned},
    {"wasm", {"application/wasm", kOther}, kOwn},
    {"wav", {"audio/wav", kAudio}, kOwn},
    {"weba", {"audio/webm", kAudio}, kWebm},
    {"webm", {"video/webm", kVideo}, kOwn},
    {"webp", {"image/webp", kImage}, kOwn},
    {"wma", {"audio/x-ms-wma", kAudio}, kAsf},
    {"wmv", {"video/x-ms-wmv", kVideo}, kAsf},
    {"woff", {"font/woff", kOther}, kOwn},
    {"woff2", {"font/woff2", kOther}, kOwn},
    {"xht", {"application/xhtml+xml", kDocument}, kUnsigned},
    {"xhtml", {"application/xhtml+xml", kDocument}, kUnsigned},
    {"xls", {"application/vnd.ms-excel", kDocument}, kOle},
    {"xlsx",
     {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", kDocument},
     kZip},
    {"xml", {"application/xml", kDocument}, kUnsigned},
    {"xz", {"application/x-xz", kOther}, kOwn},
    {"yaml", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"yml", {"text/plain; charset=utf-8", kDocument}, kUnsigned},
    {"zip", {"application/zip", kOther}, kZip},
    {"zst", {"application/zstd", kOther}, kOwn},
};
static_assert(std::ranges::is_sorted(kExtensions, {}, &Extension::name));
static_assert(std::ranges::all_of(
    kExtensions, [](std::string_view name) { return name.size() <= kLongest; }, &Extension::name));

}  // namespace

const Extension* extension_of(std::string_view filename) noexcept {
  filename = filename.substr(filename.find_last_of("/\\") + 1);
  const std::size_t dot = filename.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return nullptr;
  const std::string_view written = filename.substr(dot + 1);
  if (written.size() > kLongest) return nullptr;
  std::array<char, kLongest> letters{};
  std::ranges::transform(written, letters.begin(), [](char c) { return to_lower_ascii(c); });
  const std::string_view name(letters.data(), written.size());
  const Extension* row = std::ranges::lower_bound(kExtensions, name, {}, &Extension::name);
  return row != std::end(kExtensions) && row->name == name ? row : nullptr;
}

}  // namespace coffer::media
