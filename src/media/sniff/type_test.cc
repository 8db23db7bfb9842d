#include "media/sniff/type.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer::media {
namespace {

using namespace std::string_view_literals;

std::string_view media_type(std::string_view filename, std::string_view head) {
  return type_of(filename, as_bytes(head)).media_type;
}

struct Case {
  std::string_view filename;
  std::string_view head;
  std::string_view media_type;
  std::string_view kind;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.filename << " as " << c.media_type; }

class Recognised : public testing::TestWithParam<Case> {};

TEST_P(Recognised, ByItsFirstBytesWhateverItsName) {
  const Type type = type_of(GetParam().filename, as_bytes(GetParam().head));
  EXPECT_EQ(type.media_type, GetParam().media_type);
  EXPECT_EQ(name_of(type.kind), GetParam().kind);
}

INSTANTIATE_TEST_SUITE_P(
    Images, Recognised,
    testing::Values(Case{"a.jpg",
                         "\xff\xd8\xff\xe1\x2b\xfa"
                         "Exif\0"sv,
                         "image/jpeg", "image"},
                    Case{"a.txt", "\xff\xd8\xff\xe0"sv, "image/jpeg", "image"},
                    Case{"a", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv, "image/png", "image"},
                    Case{"a.mp4", "GIF89a\1\0\1\0"sv, "image/gif", "image"},
                    Case{"a", "RIFF\x24\0\0\0WEBPVP8 "sv, "image/webp", "image"},
                    Case{"a", "BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"sv, "image/bmp", "image"},
                    Case{"a.tiff", "MM\0*\0\1"sv, "image/tiff", "image"},
                    Case{"a.NEF", "MM\0*\0\0\0\x08"sv, "image/x-nikon-nef", "image"},
                    Case{"a.zip", "II*\0\x08\0\0\0"sv, "image/tiff", "image"},
                    Case{"a",
                         "\0\0\0\x18"
                         "ftypheic\0\0\0\0mif1heic"sv,
                         "image/heic", "image"},
                    Case{"a",
                         "\0\0\0\x1c"
                         "ftypmif1\0\0\0\0mif1miafheic"sv,
                         "image/heic", "image"},
                    Case{"a",
                         "\0\0\0\x1c"
                         "ftypmif1\0\0\0\0mif1avifmiaf"sv,
                         "image/avif", "image"},
                    Case{"a",
                         "\0\0\0\x14"
                         "ftypmif1\0\0\0\0mif1avif"sv,
                         "image/heif", "image"},
                    Case{"a",
                         "\0\0\0\x20"
                         "ftypavif\0\0\0\0"sv,
                         "image/avif", "image"},
                    Case{"a.ICO", "\0\0\1\0\1\0\x10\x10\0\0\1\0\x20\0\x68\4\0\0\x16\0\0\0"sv,
                         "image/x-icon", "image"}));

INSTANTIATE_TEST_SUITE_P(
    Moving, Recognised,
    testing::Values(
        Case{"a.mp4",
             "\0\0\0\x20"
             "ftypisom\0\0\2\0isomiso2avc1mp41"sv,
             "video/mp4", "video"},
        Case{"a.m4a",
             "\0\0\0\x20"
             "ftypisom\0\0\2\0isomiso2"sv,
             "audio/mp4", "audio"},
        Case{"a.mp4",
             "\0\0\0\x20"
             "ftypM4A \0\0\2\0isomiso2"sv,
             "audio/mp4", "audio"},
        Case{"a.mp4",
             "\0\0\0\x14"
             "ftypqt  \0\0\2\0qt  "sv,
             "video/quicktime", "video"},
        Case{"old.mov", "\0\0\x4e\x20moov\0\0\0\x6cmvhd"sv, "video/quicktime", "video"},
        Case{"a",
             "\0\0\0\x14"
             "ftyp3gp5\0\0\0\0"sv,
             "video/3gpp", "video"},
        Case{
            "a.txt",
            "\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x86\x81\1\x42\xf7\x81\1\x42\xf2\x81\4\x42\xf3\x81\x08\x42\x82\x84webm\x42\x87"sv,
            "video/webm", "video"},
        Case{"a.webm", "\x1a\x45\xdf\xa3\xa3\x42\x86\x81\1\x42\x82\x88matroska\x42\x87\x81\4"sv,
             "video/x-matroska", "video"},
        Case{"a.mka", "\x1a\x45\xdf\xa3\xa3\x42\x86\x81\1\x42\x82\x88matroska\x42\x87\x81\4"sv,
             "audio/x-matroska", "audio"},
        Case{"a", "RIFF\x24\0\0\0AVI LIST"sv, "video/x-msvideo", "video"},
        Case{"a", "FLV\1\5\0\0\0\x09"sv, "video/x-flv", "video"},
        Case{"a", "\0\0\1\xba\x44"sv, "video/mpeg", "video"},
        Case{"a.ogg", "OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x2a\x80theora"sv,
             "video/ogg", "video"},
        Case{"a.wma", "\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c"sv,
             "audio/x-ms-wma", "audio"}));

INSTANTIATE_TEST_SUITE_P(
    Sound, Recognised,
    testing::Values(Case{"a.mp3", "ID3\4\0\0\0\0\0\x23TSSE"sv, "audio/mpeg", "audio"},
                    Case{"a.aac", "ID3\4\0\0\0\0\0\x23TSSE"sv, "audio/aac", "audio"},
                    Case{"a.mp3", "\xff\xfb\x90\x64\0\0"sv, "audio/mpeg", "audio"},
                    Case{"a.aac", "\xff\xf1\x50\x80\x02\x1f\xfc"sv, "audio/aac", "audio"},
                    Case{"a", "fLaC\0\0\0\x22"sv, "audio/flac", "audio"},
                    Case{"a", "RIFF\x24\0\0\0WAVEfmt "sv, "audio/wav", "audio"},
                    Case{"a.ogv",
                         "OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x13OpusHead"sv,
                         "audio/ogg", "audio"},
                    Case{"a", "FORM\0\0\1\0AIFFCOMM"sv, "audio/aiff", "audio"}));

INSTANTIATE_TEST_SUITE_P(
    Documents, Recognised,
    testing::Values(
        Case{"photo.jpg", "%PDF-1.7\n"sv, "application/pdf", "document"},
        Case{"a.docx", "PK\3\4\x14\0"sv,
             "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document"},
        Case{"a.jpg", "PK\3\4\x14\0"sv, "application/zip", "other"},
        Case{"a.apk", "PK\3\4\x14\0"sv, "application/vnd.android.package-archive", "other"},
        Case{
            "a.zip",
            "PK\3\4\n\0\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0\x14\0\0\0\x08\0\0\0mimetypeapplication/epub+zip"sv,
            "application/epub+zip", "document"},
        Case{"a.doc", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "application/msword", "document"},
        Case{"a.tar.gz", "\x1f\x8b\x08\0"sv, "application/gzip", "other"},
        Case{"a", "7z\xbc\xaf\x27\x1c\0\4"sv, "application/x-7z-compressed", "other"},
        Case{"a",
             "\xfd"
             "7zXZ\0\0"sv,
             "application/x-xz", "other"},
        Case{"a", "\x28\xb5\x2f\xfd\4"sv, "application/zstd", "other"},
        Case{"a", "Rar!\x1a\7\1\0"sv, "application/vnd.rar", "other"}));

// Nothing to recognise: the name decides.
INSTANTIATE_TEST_SUITE_P(
    Names, Recognised,
    testing::Values(Case{"notes.txt", "hello", "text/plain; charset=utf-8", "document"},
                    Case{"empty.TXT", "", "text/plain; charset=utf-8", "document"},
                    Case{"r\xc3\xa9sum\xc3\xa9.md", "# r\xc3\xa9sum\xc3\xa9",
                         "text/markdown; charset=utf-8", "document"},
                    Case{"latin.csv", "caf\xe9;1", "text/csv", "document"},
                    Case{"utf16.txt", "\xff\xfeh\0i\0"sv, "text/plain", "document"},
                    Case{"page.html", "<!doctype html>", "text/html; charset=utf-8", "document"},
                    Case{"a.svg", "<svg xmlns=", "image/svg+xml", "image"},
                    Case{"main.ts", "export {}", "text/plain; charset=utf-8", "document"},
                    Case{"data.json", "{}", "application/json", "document"},
                    Case{"evil.txt/photo", "hello", "application/octet-stream", "other"},
                    Case{"C:\\x.txt\\photo", "hello", "application/octet-stream", "other"},
                    Case{".txt", "hello", "application/octet-stream", "other"},
                    Case{"noname", "hello", "application/octet-stream", "other"},
                    Case{"a.", "hello", "application/octet-stream", "other"},
                    Case{"a.txt\0.odd"sv, "hello", "application/octet-stream", "other"},
                    Case{"a.averyveryverylongextension", "hello", "application/octet-stream",
                         "other"},
                    Case{"", "", "application/octet-stream", "other"}));

// Bytes that only look like something, and names that say more than the bytes.
INSTANTIATE_TEST_SUITE_P(
    Unrecognised, Recognised,
    testing::Values(
        Case{"a.jpg", "this is text", "image/jpeg", "image"},
        Case{"a.jpg", "", "image/jpeg", "image"},
        Case{"a.jpg", "\xff\xd8"sv, "image/jpeg", "image"},
        Case{"a.mp4",
             "\0\0\0\x20"
             "ftyp"sv,
             "video/mp4", "video"},
        Case{"a.bin", "\xff\xfb\x90\x64\0\0"sv, "application/octet-stream", "other"},
        Case{"a.mp3", "\xff\xff\xff\xff\xff\xff"sv, "audio/mpeg", "audio"},
        Case{"a.xhtml", "<html/>", "application/xhtml+xml", "document"},
        Case{"a.txt", "BMW drives", "text/plain; charset=utf-8", "document"},
        Case{"a.txt", "ID3 tags are described here", "text/plain; charset=utf-8", "document"},
        Case{"a.txt", "Goats", "text/plain; charset=utf-8", "document"},
        Case{"a.docx", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "application/x-ole-storage", "other"},
        // EBML whose sizes reach past its end, or never end.
        Case{"a.webm", "\x1a\x45\xdf\xa3\x8f\x42\x82\x88web"sv, "video/webm", "video"},
        Case{"a.webm", "\x1a\x45\xdf\xa3"sv, "video/webm", "video"},
        Case{"a.webm",
             "\x1a\x45\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff\x42\x82\x01\xff\xff\xff\xff\xff\xff"
             "\xff"
             "webm"sv,
             "video/webm", "video"},
        Case{"a.mkv", "\x1a\x45\xdf\xa3\0\0\0\0\0\0\0\0\0\0\0\0\0"sv, "video/x-matroska", "video"},
        Case{"a.ogg", "OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff"sv, "audio/ogg",
             "audio"}));

TEST(TypeOf, TransportStreamNeedsThreePackets) {
  std::string head(kHeadBytes, '\xff');
  head[0] = head[188] = 'G';
  EXPECT_EQ(media_type("a.bin", head), "application/octet-stream");
  head[376] = 'G';
  EXPECT_EQ(media_type("a.ts", head), "video/mp2t");
}

TEST(TypeOf, CodePointCutAtTheEndOfTheHeadIsStillText) {
  std::string head(kHeadBytes - 2, 'x');
  head += "\xe2\x82";
  EXPECT_EQ(media_type("a.txt", head), "text/plain; charset=utf-8");
  EXPECT_EQ(media_type("a.txt", head + "\xac and more, which is not looked at: \xff"),
            "text/plain; charset=utf-8");
  head.pop_back();
  EXPECT_EQ(media_type("a.txt", head), "text/plain") << "here the file ends within a code point";
  head.assign(kHeadBytes - 4, 'x');
  head += "\xff\xff\xff\xff";
  EXPECT_EQ(media_type("a.txt", head), "text/plain");
}

// Every prefix of every good head, and every good head with one byte changed, gets some type
// and reads nothing outside (the sanitizers watch).
TEST(TypeOf, DamagedHeadsAreHarmless) {
  const std::string_view heads[] = {
      "\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x1f\x42\x86\x81\1\x42\x82\x84webm"sv,
      "\0\0\0\x1c"
      "ftypmif1\0\0\0\0mif1miafheic"sv,
      "OggS\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x2a\x80theora"sv,
      "PK\3\4\n\0\0\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0\x14\0\0\0\x08\0\0\0mimetypeapplication/epub+zip"sv,
      "BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"sv,
  };
  for (const std::string_view good : heads) {
    for (std::size_t length = 0; length <= good.size(); ++length) {
      // A copy of exact size, so that the first byte beyond is out of bounds.
      const Bytes prefix(as_bytes(good).begin(),
                         as_bytes(good).begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_FALSE(type_of("a.mkv", prefix).media_type.empty());
    }
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (unsigned value = 0; value < 256; ++value) {
        Bytes changed(as_bytes(good).begin(), as_bytes(good).end());
        changed[at] = static_cast<std::byte>(value);
        EXPECT_FALSE(type_of("a.heic", changed).media_type.empty());
      }
    }
  }
}

TEST(Kinds, NamesAndBack) {
  for (const std::string_view name : {"image", "video", "audio", "document", "other"}) {
    const auto kind = kind_of(name);
    ASSERT_TRUE(kind);
    EXPECT_EQ(name_of(*kind), name);
  }
  EXPECT_FALSE(kind_of("Image"));
  EXPECT_FALSE(kind_of(""));
}

}  // namespace
}  // namespace coffer::media
