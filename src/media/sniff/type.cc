#include "media/sniff/type.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "media/sniff/extensions.h"

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

// What the first bytes say. With a family, an extension of the same family refines it.
struct Match {
  Type type;
  Family family = Family::kOwn;
};

// The bytes as text; everything below asks it for what may lie past its end.
class Head {
 public:
  explicit Head(ByteView bytes) noexcept : text_(as_text(bytes)) {}

  bool has(std::size_t offset, std::string_view what) const noexcept {
    return offset <= text_.size() && text_.substr(offset).starts_with(what);
  }
  // Zero past the end.
  unsigned at(std::size_t offset) const noexcept {
    return offset < text_.size() ? static_cast<unsigned char>(text_[offset]) : 0;
  }
  std::size_t size() const noexcept { return text_.size(); }
  std::string_view from(std::size_t offset) const noexcept {
    return text_.substr(std::min(offset, text_.size()));
  }

 private:
  std::string_view text_;
};

struct Signature {
  std::string_view bytes;
  Match found;
};

constexpr Signature kSignatures[] = {
    {"\xff\xd8\xff"sv, {{"image/jpeg", kImage}}},
    {"\x89PNG\r\n\x1a\n"sv, {{"image/png", kImage}}},
    {"GIF87a"sv, {{"image/gif", kImage}}},
    {"GIF89a"sv, {{"image/gif", kImage}}},
    {"II*\0"sv, {{"image/tiff", kImage}, Family::kTiff}},
    {"MM\0*"sv, {{"image/tiff", kImage}, Family::kTiff}},
    {"8BPS\0\1"sv, {{"image/vnd.adobe.photoshop", kImage}}},
    {"\0\0\0\x0cJXL \r\n\x87\n"sv, {{"image/jxl", kImage}}},
    {"fLaC"sv, {{"audio/flac", kAudio}}},
    {"#!AMR"sv, {{"audio/amr", kAudio}}},
    {"MThd\0\0\0\6"sv, {{"audio/midi", kAudio}}},
    {"ADIF"sv, {{"audio/aac", kAudio}}},
    {"FLV\1"sv, {{"video/x-flv", kVideo}}},
    {"\0\0\1\xba"sv, {{"video/mpeg", kVideo}}},
    {"\0\0\1\xb3"sv, {{"video/mpeg", kVideo}}},
    {"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"sv,
     {{"video/x-ms-asf", kVideo}, Family::kAsf}},
    {"%PDF-"sv, {{"application/pdf", kDocument}}},
    {"\xef\xbb\xbf%PDF-"sv, {{"application/pdf", kDocument}}},
    {"%!PS-Adobe-"sv, {{"application/postscript", kDocument}}},
    {"{\\rtf1"sv, {{"application/rtf", kDocument}}},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, {{"application/x-ole-storage", kOther}, Family::kOle}},
    {"PK\5\6"sv, {{"application/zip", kOther}, Family::kZip}},
    {"\x1f\x8b\x08"sv, {{"application/gzip", kOther}, Family::kGzip}},
    {"7z\xbc\xaf\x27\x1c"sv, {{"application/x-7z-compressed", kOther}}},
    {"\xfd"
     "7zXZ\0"sv,
     {{"application/x-xz", kOther}}},
    {"\x28\xb5\x2f\xfd"sv, {{"application/zstd", kOther}}},
    {"Rar!\x1a\7"sv, {{"application/vnd.rar", kOther}}},
    {"glTF\2\0\0\0"sv, {{"model/gltf-binary", kOther}}},
    {"\0asm\1\0\0\0"sv, {{"application/wasm", kOther}}},
    {"wOFF"sv, {{"font/woff", kOther}}},
    {"wOF2"sv, {{"font/woff2", kOther}}},
    {"OTTO\0"sv, {{"font/otf", kOther}}},
    {"\0\1\0\0\0"sv, {{"font/ttf", kOther}}},
};

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
  }
  if (head.has(0, "FORM") && (head.has(8, "AIFF") || head.has(8, "AIFC"))) {
    return Match{{"audio/aiff", kAudio}};
  }
  return {};
}

// The type that a brand stands for; nothing for a brand that says nothing of its own.
std::optional<Type> type_of_brand(std::string_view brand) {
  if (brand == "avif" || brand == "avis") return kAvif;
  if (brand.starts_with("hei") || brand.starts_with("hev")) return kHeic;
  if (brand == "qt  ") return kQuickTime;
  if (brand == "M4A " || brand == "M4B " || brand == "M4P ") return kMp4Audio;
  if (brand.starts_with("3g2")) return Type{"video/3gpp2", kVideo};
  if (brand.starts_with("3g")) return Type{"video/3gpp", kVideo};
  if (brand == "crx ") return Type{"image/x-canon-cr3", kImage};
  return {};
}

std::optional<Match> iso_media(const Head& head) {
  constexpr std::size_t kBrand = 4;
  if (!head.has(4, "ftyp")) {
    // QuickTime files from before there was an `ftyp`.
    const bool old_movie = head.at(0) == 0 && (head.has(4, "moov") || head.has(4, "wide") ||
                                               head.has(4, "mdat") || head.has(4, "pnot"));
    if (old_movie) return Match{kQuickTime};
    return {};
  }
  if (head.size() < 12) return {};
  const std::string_view major = head.from(8).substr(0, kBrand);
  if (const auto type = type_of_brand(major)) return Match{*type};
  const std::size_t box = head.at(0) << 24 | head.at(1) << 16 | head.at(2) << 8 | head.at(3);
  const std::size_t end = std::min(box, head.size());
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
  for (const std::string_view video : {"\x80theora"sv, "fishead\0"sv, "BBCD\0"sv}) {
    if (head.has(packet, video)) return Match{kOggVideo};
  }
  for (const std::string_view audio : {"\1vorbis"sv, "OpusHead"sv,
                                       "\x7f"
                                       "FLAC"sv,
                                       "Speex   "sv}) {
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

// Packets of 188 bytes that begin with 0x47, or of 192 with four bytes of time before.
std::optional<Match> transport_stream(const Head& head) {
  constexpr unsigned kSync = 0x47;
  for (const auto& [start, packet] : {std::pair<std::size_t, std::size_t>{0, 188}, {4, 192}}) {
    const std::size_t third = start + 2 * packet;
    if (third < head.size() && head.at(start) == kSync && head.at(start + packet) == kSync &&
        head.at(third) == kSync) {
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
             "application/vnd.oasis.opendocument.text"sv,
             "application/vnd.oasis.opendocument.spreadsheet"sv,
             "application/vnd.oasis.opendocument.presentation"sv,
         }) {
      if (head.has(kFirstName + kMember.size(), type)) return Match{{type, kDocument}};
    }
  }
  return Match{{"application/zip", kOther}, Family::kZip};
}

std::optional<Match> recognise(const Head& head) {
  for (const Signature& signature : kSignatures) {
    if (head.has(0, signature.bytes)) return signature.found;
  }
  for (const auto look :
       {bitmap, bzip2, riff, iso_media, matroska, ogg, id3, transport_stream, zip}) {
    if (auto found = look(head)) return found;
  }
  return {};
}

// Whether the extension's type can hide behind what was found.
bool refines(const Extension& extension, Family found) {
  if (extension.family == found) return found != Family::kOwn;
  return found == Family::kId3 && extension.family == Family::kAdts;
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
  if (!extension) return kUnknown;
  Type type = extension->type;
  if (type.media_type.ends_with(kCharset) && !is_utf8_text(seen)) {
    type.media_type.remove_suffix(kCharset.size());
  }
  return type;
}

}  // namespace coffer::media
