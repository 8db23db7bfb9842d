#include "media/sniff/type.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "media/sniff/audio_frames.h"
#include "media/sniff/extensions.h"
#include "media/sniff/head.h"
#include "media/sniff/signatures.h"

namespace coffer::media {
namespace {

using namespace std::string_view_literals;
using enum Kind;

constexpr std::array<std::pair<Kind, std::string_view>, 5> kNames{{
    {kImage, "image"},
    {kVideo, "video"},
    {kAudio, "audio"},
    {kDocument, "document"},
    {kOther, "other"},
}};

constexpr Type kUnknown{"application/octet-stream", kOther};
constexpr std::string_view kCharset = "; charset=utf-8";

constexpr Type kHeic{"image/heic", kImage};
constexpr Type kHeif{"image/heif", kImage};
constexpr Type kAvif{"image/avif", kImage};
constexpr Type kMp4{"video/mp4", kVideo};
constexpr Type kMp4Audio{"audio/mp4", kAudio};
constexpr Type kQuickTime{"video/quicktime", kVideo};
constexpr Type kOggAudio{"audio/ogg", kAudio};
constexpr Type kOggVideo{"video/ogg", kVideo};

// `BM` alone begins many a text: the rest of the header must fit.
std::optional<Match> bitmap(const Head& head) {
  constexpr std::array kHeaderSizes{12u, 40u, 52u, 56u, 64u, 108u, 124u};
  if (!head.has(0, "BM") || !head.has(6, "\0\0\0\0"sv) || !head.has(15, "\0\0\0"sv)) return {};
  if (std::ranges::find(kHeaderSizes, head.at(14)) == kHeaderSizes.end()) return {};
  return Match{{"image/bmp", kImage}};
}

std::optional<Match> bzip2(const Head& head) {
  if (!head.has(0, "BZh") || head.at(3) < '1' || head.at(3) > '9') return {};
  if (!head.has(4, "\x31\x41\x59\x26\x53\x59") && !head.has(4, "\x17\x72\x45\x38\x50\x90"))
    return {};
  return Match{{"application/x-bzip2", kOther}};
}

// Chunked containers with the type of their content at offset 8.
std::optional<Match> riff(const Head& head) {
  if (head.has(0, "RIFF") || head.has(0, "RF64")) {
    if (head.has(8, "WEBP")) return Match{{"image/webp", kImage}};
    if (head.has(8, "AVI ")) return Match{{"video/x-msvideo", kVideo}};
    if (head.has(8, "WAVE")) return Match{{"audio/wav", kAudio}};
    if (head.has(8, "QLCM")) return Match{{"audio/qcelp", kAudio}};
    if (head.has(8, "RMID")) return Match{{"audio/midi", kAudio}};
    if (head.has(8, "CDXA")) return Match{{"video/mpeg", kVideo}};
  }
  if (head.has(0, "BW64") && head.has(8, "WAVE")) return Match{{"audio/wav", kAudio}};
  if (head.has(0, "FORM")) {
    if (head.has(8, "AIFF") || head.has(8, "AIFC")) return Match{{"audio/aiff", kAudio}};
    if (head.has(8, "8SVX")) return Match{{"audio/x-8svx", kAudio}};
    if (head.has(8, "ILBM") || head.has(8, "PBM ")) return Match{{"image/x-ilbm", kImage}};
  }
  if (head.has(0, "FRM8") && head.has(12, "DSD ")) return Match{{"audio/x-dff", kAudio}};
  return {};
}

// The type that a brand stands for; nothing for a brand that says nothing of its own.
std::optional<Type> type_of_brand(std::string_view brand) {
  if (brand == "avif" || brand == "avis") return kAvif;
  if (brand.starts_with("hei") || brand.starts_with("hev")) return kHeic;
  if (brand == "qt  ") return kQuickTime;
  for (const std::string_view audio : {"M4A ", "M4B ", "M4P ", "F4A ", "F4B "}) {
    if (brand == audio) return kMp4Audio;
  }
  if (brand == "aax " || brand == "aaxc") return Type{"audio/vnd.audible.aax", kAudio};
  if (brand == "jp2 ") return Type{"image/jp2", kImage};
  if (brand == "jpx " || brand == "jpxb") return Type{"image/jpx", kImage};
  if (brand == "jpm ") return Type{"image/jpm", kImage};
  if (brand == "jph ") return Type{"image/jph", kImage};
  if (brand == "mj2s" || brand == "mjp2") return Type{"video/mj2", kVideo};
  if (brand.starts_with("3g2")) return Type{"video/3gpp2", kVideo};
  if (brand.starts_with("3g")) return Type{"video/3gpp", kVideo};
  if (brand == "crx ") return Type{"image/x-canon-cr3", kImage};
  return {};
}

std::optional<Match> iso_media(const Head& head) {
  constexpr std::size_t kBrand = 4;
  // A signature box, then the `ftyp` of JPEG 2000.
  if (head.has(0, "\0\0\0\x0cjP  \r\n\x87\n"sv)) {
    const bool has_type = head.has(16, "ftyp") && head.size() >= 24;
    const auto type = has_type ? type_of_brand(head.from(20).substr(0, kBrand)) : std::nullopt;
    return Match{type.value_or(Type{"image/jp2", kImage})};
  }
  // A piece of a stream, to be played behind its beginning.
  if (head.at(0) == 0 && (head.has(4, "styp") || head.has(4, "moof") || head.has(4, "sidx"))) {
    return Match{{"video/iso.segment", kVideo}, Family::kIso};
  }
  if (!head.has(4, "ftyp")) {
    // QuickTime files from before there was an `ftyp`.
    const bool old_movie =
        head.at(0) == 0 && (head.has(4, "moov") || head.has(4, "wide") || head.has(4, "mdat") ||
                            head.has(4, "pnot") || head.has(4, "free") || head.has(4, "skip"));
    if (old_movie) return Match{kQuickTime};
    return {};
  }
  if (head.size() < 12) return {};
  const std::string_view major = head.from(8).substr(0, kBrand);
  if (const auto type = type_of_brand(major)) return Match{*type};
  const std::size_t end = std::min<std::size_t>(head.number(0), head.size());
  // A still image's file often names only its structure first, and its coding further on.
  if (major == "mif1" || major == "msf1" || major == "miaf") {
    for (std::size_t at = 16; at + kBrand <= end; at += kBrand) {
      const auto type = type_of_brand(head.from(at).substr(0, kBrand));
      if (type == kAvif || type == kHeic) return Match{*type};
    }
    return Match{kHeif};
  }
  return Match{kMp4, Family::kIso};
}

// A number of one to eight bytes whose leading zeros tell its length (RFC 8794 section 4).
struct Vint {
  std::uint64_t value;  // without the length's mark
  std::size_t length;
};
std::optional<Vint> read_vint(const Head& head, std::size_t at) {
  const unsigned first = head.at(at);
  if (first == 0 || at >= head.size()) return {};
  std::size_t length = 1;
  unsigned mark = 0x80;
  while (!(first & mark)) {
    mark >>= 1;
    ++length;
  }
  if (length > head.size() - at) return {};
  std::uint64_t value = first & (mark - 1);
  for (std::size_t i = 1; i < length; ++i) value = value << 8 | head.at(at + i);
  return Vint{value, length};
}

std::optional<Match> matroska(const Head& head) {
  if (!head.has(0, "\x1a\x45\xdf\xa3")) return {};
  const auto header = read_vint(head, 4);
  if (!header) return {};
  std::size_t at = 4 + header->length;
  const std::size_t left = head.size() - at;
  const std::size_t end =
      at + static_cast<std::size_t>(std::min<std::uint64_t>(header->value, left));
  while (at < end) {
    const bool is_doc_type = head.has(at, "\x42\x82");
    const auto id = read_vint(head, at);
    if (!id) return {};
    at += id->length;
    const auto size = read_vint(head, at);
    if (!size) return {};
    at += size->length;
    if (size->value > end - at) return {};
    const std::string_view data = head.from(at).substr(0, static_cast<std::size_t>(size->value));
    if (is_doc_type) {
      // It may be padded with zeros.
      if (data.starts_with("webm")) return Match{{"video/webm", kVideo}, Family::kWebm};
      if (data.starts_with("matroska")) {
        return Match{{"video/x-matroska", kVideo}, Family::kMatroska};
      }
      return {};
    }
    at += static_cast<std::size_t>(size->value);
  }
  return {};
}

std::optional<Match> ogg(const Head& head) {
  constexpr std::size_t kSegments = 26;
  if (!head.has(0, "OggS\0"sv)) return {};
  const std::size_t packet = kSegments + 1 + head.at(kSegments);
  for (const std::string_view video : {"\x80theora"sv,
                                       "\x80"
                                       "daala"sv,
                                       "fishead\0"sv, "BBCD\0"sv, "OVP80\1"sv, "\1video\0\0\0"sv}) {
    if (head.has(packet, video)) return Match{kOggVideo};
  }
  for (const std::string_view audio :
       {"\1vorbis"sv, "OpusHead"sv,
        "\x7f"
        "FLAC"sv,
        "Speex   "sv, "\1audio\0\0\0"sv, "CELT    "sv, "PCM     "sv}) {
    if (head.has(packet, audio)) return Match{kOggAudio};
  }
  return Match{{"application/ogg", kOther}, Family::kOgg};
}

std::optional<Match> id3(const Head& head) {
  constexpr unsigned kHighBit = 0x80;
  const bool is_tag = head.size() >= 10 && head.has(0, "ID3") && head.at(3) < 5 &&
                      head.at(4) != 0xff &&
                      ((head.at(6) | head.at(7) | head.at(8) | head.at(9)) & kHighBit) == 0;
  if (!is_tag) return {};
  return Match{{"audio/mpeg", kAudio}, Family::kId3};
}

// `MAC ` begins many a text: the version behind it must be one.
std::optional<Match> monkeys_audio(const Head& head) {
  const unsigned version = head.at(5) << 8U | head.at(4);
  if (!head.has(0, "MAC ") || version < 3000 || version > 4999) return {};
  return Match{{"audio/x-ape", kAudio}};
}

// Text that a first line tells.
std::optional<Match> first_line(const Head& head) {
  const std::size_t start = head.has(0, "\xef\xbb\xbf") ? 3 : 0;
  const auto is_line = [&](std::string_view line) {
    const std::size_t end = start + line.size();
    return head.has(start, line) &&
           (end == head.size() || std::string_view(" \t\r\n").find(head.from(end)[0]) != line.npos);
  };
  if (is_line("WEBVTT")) return Match{{"text/vtt; charset=utf-8", kDocument}};
  return {};
}

// Programs of DOS and Windows: `MZ` alone begins many a text.
std::optional<Match> windows_program(const Head& head) {
  constexpr std::size_t kHeaderAt = 0x3c;
  if (!head.has(0, "MZ") || head.size() < kHeaderAt + 4) return {};
  const std::size_t header = head.at(kHeaderAt) | head.at(kHeaderAt + 1) << 8U;
  if (header == 0 || head.at(kHeaderAt + 2) != 0 || head.at(kHeaderAt + 3) != 0) return {};
  return Match{{"application/vnd.microsoft.portable-executable", kOther}};
}

// Packets of 188 bytes that begin with 0x47, or of 192 with four bytes of time before.
std::optional<Match> transport_stream(const Head& head) {
  constexpr unsigned kPacketSync = 0x47;
  for (const auto& [start, packet] : {std::pair<std::size_t, std::size_t>{0, 188}, {4, 192}}) {
    const std::size_t third = start + 2 * packet;
    if (third < head.size() && head.at(start) == kPacketSync &&
        head.at(start + packet) == kPacketSync && head.at(third) == kPacketSync) {
      return Match{{"video/mp2t", kVideo}};
    }
  }
  return {};
}

std::optional<Match> zip(const Head& head) {
  constexpr std::size_t kFirstName = 30;
  if (!head.has(0, "PK\3\4")) return {};
  // Formats that name themselves in a first, uncompressed member.
  constexpr std::string_view kMember = "mimetype";
  if (head.has(kFirstName, kMember)) {
    for (const std::string_view type : {
             "application/epub+zip"sv,
             "application/vnd.oasis.opendocument.text-template"sv,
             "application/vnd.oasis.opendocument.text"sv,
             "application/vnd.oasis.opendocument.spreadsheet-template"sv,
             "application/vnd.oasis.opendocument.spreadsheet"sv,
             "application/vnd.oasis.opendocument.presentation-template"sv,
             "application/vnd.oasis.opendocument.presentation"sv,
             "application/vnd.oasis.opendocument.graphics-template"sv,
             "application/vnd.oasis.opendocument.graphics"sv,
         }) {
      if (head.has(kFirstName + kMember.size(), type)) return Match{{type, kDocument}};
    }
  }
  return Match{{"application/zip", kOther}, Family::kZip};
}

std::optional<Match> recognise(const Head& head) {
  if (auto found = find_signature(head)) return found;
  for (const auto look : {iso_media, bitmap, bzip2, riff, matroska, ogg, id3, monkeys_audio,
                          transport_stream, zip, first_line, windows_program}) {
    if (auto found = look(head)) return found;
  }
  return find_audio_frames(head);
}

// Whether the extension's type can hide behind what was found.
bool refines(const Extension& extension, Family found) {
  if (extension.family == found) return found != Family::kOwn;
  if (found == Family::kZip) return extension.family == Family::kZipAlone;
  return found == Family::kId3 &&
         (extension.family == Family::kAdts || extension.family == Family::kMpegAudio);
}

bool is_utf8_text(ByteView head) {
  std::string_view text = as_text(head);
  if (text.find('\0') != std::string_view::npos) return false;
  if (head.size() < kHeadBytes) return is_utf8(text);
  // The last code point may have been cut.
  for (std::size_t cut = 0; cut < 4; ++cut) {
    if (is_utf8(text)) return true;
    text.remove_suffix(1);
  }
  return false;
}

}  // namespace

std::string_view name_of(Kind kind) noexcept {
  return kNames.at(static_cast<std::size_t>(kind)).second;
}

std::optional<Kind> kind_of(std::string_view name) noexcept {
  for (const auto& [kind, text] : kNames) {
    if (text == name) return kind;
  }
  return std::nullopt;
}

Type type_of(std::string_view filename, ByteView bytes) {
  const ByteView seen = bytes.first(std::min(bytes.size(), kHeadBytes));
  const Head head(seen);
  const Extension* extension = extension_of(filename);
  if (const auto found = recognise(head)) {
    return extension && refines(*extension, found->family) ? extension->type : found->type;
  }
  if (!extension || extension->family == Family::kZipAlone) return kUnknown;
  Type type = extension->type;
  if (type.media_type.ends_with(kCharset) && !is_utf8_text(seen)) {
    type.media_type.remove_suffix(kCharset.size());
  }
  return type;
}

}  // namespace coffer::media
