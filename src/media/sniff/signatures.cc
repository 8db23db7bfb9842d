#include "media/sniff/signatures.h"

namespace coffer::media {
namespace {

using namespace std::string_view_literals;
using enum Kind;

struct Signature {
  std::string_view bytes;
  Match found;
  std::size_t offset = 0;
  // What must be there too.
  std::string_view more = {};
  std::size_t more_at = 0;
};

// The first that fits decides, so longer ones stand before what they begin with.
constexpr Signature kSignatures[] = {
    // Pictures.
    {"\xff\xd8\xff\xf7"sv, {{"image/jls", kImage}}},
    {"\xff\xd8\xff"sv, {{"image/jpeg", kImage}}},
    {"\x89PNG\r\n\x1a\n"sv, {{"image/png", kImage}}},
    {"GIF87a"sv, {{"image/gif", kImage}}},
    {"GIF89a"sv, {{"image/gif", kImage}}},
    {"II*\0"sv, {{"image/x-canon-cr2", kImage}}, 0, "CR\2"sv, 8},
    {"II*\0"sv, {{"image/tiff", kImage}, Family::kTiff}},
    {"MM\0*"sv, {{"image/tiff", kImage}, Family::kTiff}},
    {"II+\0\x08\0\0\0"sv, {{"image/tiff", kImage}, Family::kTiff}},
    {"MM\0+\0\x08\0\0"sv, {{"image/tiff", kImage}, Family::kTiff}},
    {"II\xbc\1"sv, {{"image/vnd.ms-photo", kImage}}},
    {"FUJIFILMCCD-RAW"sv, {{"image/x-fuji-raf", kImage}}},
    {"IIRO\x08\0\0\0"sv, {{"image/x-olympus-orf", kImage}}},
    {"IIRS\x08\0\0\0"sv, {{"image/x-olympus-orf", kImage}}},
    {"MMOR\0\0\0\x08"sv, {{"image/x-olympus-orf", kImage}}},
    {"IIU\0"sv, {{"image/x-panasonic-rw2", kImage}, Family::kPanasonic}},
    {"II\x1a\0\0\0HEAPCCDR"sv, {{"image/x-canon-crw", kImage}}},
    {"\0MRM"sv, {{"image/x-minolta-mrw", kImage}}},
    {"FOVb"sv, {{"image/x-sigma-x3f", kImage}}},
    {"ARRI\x12\x34\x56\x78"sv, {{"image/x-arri-ari", kImage}}},
    {"8BPS\0\1"sv, {{"image/vnd.adobe.photoshop", kImage}}},
    {"8BPS\0\2"sv, {{"image/vnd.adobe.photoshop", kImage}}},
    {"gimp xcf "sv, {{"image/x-xcf", kImage}}},
    {"\0\0\0\x0cJXL \r\n\x87\n"sv, {{"image/jxl", kImage}}},
    {"\xff\x0a"sv, {{"image/jxl", kImage}}},
    {"\xff\x4f\xff\x51"sv, {{"image/j2c", kImage}}},
    {"v/1\1"sv, {{"image/x-exr", kImage}}},
    {"#?RADIANCE\n"sv, {{"image/vnd.radiance", kImage}}},
    {"DDS |\0\0\0"sv, {{"image/vnd.ms-dds", kImage}}},
    {"BPG\xfb"sv, {{"image/bpg", kImage}}},
    {"\xd7\xcd\xc6\x9a\0\0"sv, {{"image/wmf", kImage}}},
    // Sound.
    {"fLaC"sv, {{"audio/flac", kAudio}}},
    {"#!AMR-WB\n"sv, {{"audio/amr-wb", kAudio}}},
    {"#!AMR"sv, {{"audio/amr", kAudio}}},
    {"MThd\0\0\0\6"sv, {{"audio/midi", kAudio}}},
    {"ADIF"sv, {{"audio/aac", kAudio}}},
    {"wvpk"sv, {{"audio/x-wavpack", kAudio}}},
    {"caff\0\1\0\0"sv, {{"audio/x-caf", kAudio}}},
    {"DSD \x1c\0\0\0"sv, {{"audio/x-dsf", kAudio}}},
    {"\x7f\xfe\x80\1"sv, {{"audio/vnd.dts", kAudio}}},
    {".snd\0\0\0"sv, {{"audio/basic", kAudio}}},
    {".ra\xfd\0"sv, {{"audio/vnd.rn-realaudio", kAudio}}},
    {"MPCK"sv, {{"audio/x-musepack", kAudio}}},
    {"MP+\x07"sv, {{"audio/x-musepack", kAudio}}},
    {"MP+\x17"sv, {{"audio/x-musepack", kAudio}}},
    {"TTA1\1\0"sv, {{"audio/x-tta", kAudio}}},
    {"tBaK"sv, {{"audio/x-tak", kAudio}}},
    {"ajkg\2"sv, {{"audio/x-shorten", kAudio}}},
    {"Creative Voice File\x1a"sv, {{"audio/x-voc", kAudio}}},
    {"riff\x2e\x91\xcf\x11"sv, {{"audio/x-w64", kAudio}}},
    {"Extended Module: "sv, {{"audio/x-xm", kAudio}}},
    {"SCRM"sv, {{"audio/x-s3m", kAudio}}, 44, "\x1a\x10"sv, 28},
    {"\x57\x90\x75\x36"sv, {{"audio/audible", kAudio}}, 4},
    // Moving pictures.
    {"FLV\1"sv, {{"video/x-flv", kVideo}}},
    {"\0\0\1\xba"sv, {{"video/mpeg", kVideo}}},
    {"\0\0\1\xb3"sv, {{"video/mpeg", kVideo}}},
    {"\0\0\1\xb0"sv, {{"video/mp4v-es", kVideo}}},
    {".RMF\0\0\0"sv, {{"application/vnd.rn-realmedia", kVideo}, Family::kReal}},
    {"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01"sv, {{"application/mxf", kVideo}}},
    {"\x1f\x07\0\x3f"sv, {{"video/x-dv", kVideo}}},
    {"\x1f\x07\0\xbf"sv, {{"video/x-dv", kVideo}}},
    {"YUV4MPEG2 "sv, {{"video/x-yuv4mpeg", kVideo}}},
    {"DKIF\0\0\x20\0"sv, {{"video/x-ivf", kVideo}}},
    {"nut/multimedia container\0"sv, {{"video/x-nut", kVideo}}},
    {"RED1"sv, {{"video/x-red-r3d", kVideo}}, 4, "\0"sv, 0},
    {"RED2"sv, {{"video/x-red-r3d", kVideo}}, 4, "\0"sv, 0},
    {"\xb7\xd8\0\x20\x37\x49\xda\x11\xa6\x4e\0\x07\xe9\x5e\xad\x8d"sv,
     {{"video/x-ms-wtv", kVideo}}},
    {"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"sv,
     {{"video/x-ms-asf", kVideo}, Family::kAsf}},
    // Documents.
    {"%PDF-"sv, {{"application/pdf", kDocument}}},
    {"\xef\xbb\xbf%PDF-"sv, {{"application/pdf", kDocument}}},
    {"%!PS-Adobe-"sv, {{"application/postscript", kDocument}}},
    {"\xc5\xd0\xd3\xc6"sv, {{"application/postscript", kDocument}}},
    {"{\\rtf1"sv, {{"application/rtf", kDocument}}},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, {{"application/x-ole-storage", kOther}, Family::kOle}},
    {"BOOKMOBI"sv, {{"application/x-mobipocket-ebook", kDocument}}, 60},
    {"TEXtREAd"sv, {{"application/x-mobipocket-ebook", kDocument}}, 60},
    {"AT&TFORM"sv, {{"image/vnd.djvu", kDocument}}},
    {"ITSF\3\0\0\0"sv, {{"application/vnd.ms-htmlhelp", kDocument}}},
    {"\xffWPC"sv, {{"application/vnd.wordperfect", kDocument}}},
    // Everything else.
    {"PK\5\6"sv, {{"application/zip", kOther}, Family::kZip}},
    {"\x1f\x8b\x08"sv, {{"application/gzip", kOther}, Family::kGzip}},
    {"7z\xbc\xaf\x27\x1c"sv, {{"application/x-7z-compressed", kOther}}},
    {"\xfd"
     "7zXZ\0"sv,
     {{"application/x-xz", kOther}}},
    {"\x28\xb5\x2f\xfd"sv, {{"application/zstd", kOther}}},
    {"\x04\x22\x4d\x18"sv, {{"application/x-lz4", kOther}}},
    {"\x1f\x9d"sv, {{"application/x-compress", kOther}}},
    {"Rar!\x1a\7"sv, {{"application/vnd.rar", kOther}, Family::kRar}},
    {"MSCF\0\0\0\0"sv, {{"application/vnd.ms-cab-compressed", kOther}}},
    {"!<arch>\n"sv, {{"application/x-archive", kOther}, Family::kArchive}},
    {"\xed\xab\xee\xdb"sv, {{"application/x-rpm", kOther}}},
    {"ustar\0"sv, {{"application/x-tar", kOther}}, 257},
    {"ustar  \0"sv, {{"application/x-tar", kOther}}, 257},
    {"\x7f"
     "ELF"sv,
     {{"application/x-executable", kOther}}},
    {"SQLite format 3\0"sv, {{"application/vnd.sqlite3", kOther}}},
    {"glTF\2\0\0\0"sv, {{"model/gltf-binary", kOther}}},
    {"\0asm\1\0\0\0"sv, {{"application/wasm", kOther}}},
    {"wOFF"sv, {{"font/woff", kOther}}},
    {"wOF2"sv, {{"font/woff2", kOther}}},
    {"OTTO\0"sv, {{"font/otf", kOther}}},
    {"ttcf\0"sv, {{"font/collection", kOther}}},
    {"\0\1\0\0\0"sv, {{"font/ttf", kOther}}},
};

}  // namespace

std::optional<Match> find_signature(const Head& head) noexcept {
  for (const Signature& signature : kSignatures) {
    const bool fits =
        head.has(signature.offset, signature.bytes) && head.has(signature.more_at, signature.more);
    if (fits) return signature.found;
  }
  return std::nullopt;
}

}  // namespace coffer::media
