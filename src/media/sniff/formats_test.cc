// One sample of each format that people keep, in as few bytes as tell it.
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "media/sniff/extensions.h"
#include "media/sniff/type.h"

namespace coffer::media {
namespace {

using namespace std::string_view_literals;

struct Sample {
  std::string_view filename;
  std::string head;
  std::string_view media_type;
  std::string_view kind;
};

void PrintTo(const Sample& sample, std::ostream* out) { *out << sample.filename; }

std::string padded(std::string_view start) { return std::string(start) + std::string(400, '\0'); }

std::string at(std::size_t offset, std::string_view text, std::string_view start = {}) {
  std::string head(start);
  head.resize(offset, '\0');
  return padded(head + std::string(text));
}

std::string times(std::size_t count, const std::string& frame) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += frame;
  return out;
}

// What a page of Ogg has before its packet of `length` bytes.
std::string ogg_page(std::string_view packet) {
  std::string page("OggS\0\2", 6);
  page.resize(26, '\0');
  page += '\1';
  page += static_cast<char>(packet.size());
  return padded(page + std::string(packet));
}

std::string ftyp(std::string_view brand) {
  return padded(
             "\0\0\0\x14"
             "ftyp"sv.substr(0, 8))
             .substr(0, 8) +
         std::string(brand) + std::string(8, '\0');
}

std::string jpeg_2000(std::string_view brand) {
  return std::string(
             "\0\0\0\x0cjP  \r\n\x87\n\0\0\0\x14"
             "ftyp"sv) +
         std::string(brand) + std::string(8, '\0');
}

class ToldByBytes : public testing::TestWithParam<Sample> {};

TEST_P(ToldByBytes, UnderItsOwnNameAnotherAndNone) {
  const Sample& sample = GetParam();
  for (const std::string_view name : {sample.filename, "x.unknown"sv, "upload"sv, "a.txt"sv}) {
    const Type type = type_of(name, as_bytes(sample.head));
    EXPECT_EQ(type.media_type, sample.media_type) << name;
    EXPECT_EQ(name_of(type.kind), sample.kind) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Pictures, ToldByBytes,
    testing::Values(Sample{"a.raf", padded("FUJIFILMCCD-RAW 0201"), "image/x-fuji-raf", "image"},
                    Sample{"a.orf", padded("IIRO\x08\0\0\0"sv), "image/x-olympus-orf", "image"},
                    Sample{"a.orf", padded("IIRS\x08\0\0\0"sv), "image/x-olympus-orf", "image"},
                    Sample{"a.rw2", padded("IIU\0\x18\0\0\0"sv), "image/x-panasonic-rw2", "image"},
                    Sample{"a.crw", padded("II\x1a\0\0\0HEAPCCDR"sv), "image/x-canon-crw", "image"},
                    Sample{"a.cr2", padded("II*\0\x10\0\0\0CR\2"sv), "image/x-canon-cr2", "image"},
                    Sample{"a.cr3", ftyp("crx "), "image/x-canon-cr3", "image"},
                    Sample{"a.mrw", padded("\0MRM"sv), "image/x-minolta-mrw", "image"},
                    Sample{"a.x3f", padded("FOVb"), "image/x-sigma-x3f", "image"},
                    Sample{"a.tif", padded("II+\0\x08\0\0\0"sv), "image/tiff", "image"},
                    Sample{"a.jp2", jpeg_2000("jp2 "), "image/jp2", "image"},
                    Sample{"a.jpx", jpeg_2000("jpx "), "image/jpx", "image"},
                    Sample{"a.jpm", jpeg_2000("jpm "), "image/jpm", "image"},
                    Sample{"a.mj2", jpeg_2000("mjp2"), "video/mj2", "video"},
                    Sample{"a.j2c", padded("\xff\x4f\xff\x51"), "image/j2c", "image"},
                    Sample{"a.jxl", padded("\xff\x0a\xfa\x1f\x01"), "image/jxl", "image"},
                    Sample{"a.jxl", padded("\0\0\0\x0cJXL \r\n\x87\n"sv), "image/jxl", "image"},
                    Sample{"a.jxr", padded("II\xbc\1"), "image/vnd.ms-photo", "image"},
                    Sample{"a.jls", padded("\xff\xd8\xff\xf7"), "image/jls", "image"},
                    Sample{"a.psb", padded("8BPS\0\2"sv), "image/vnd.adobe.photoshop", "image"},
                    Sample{"a.xcf", padded("gimp xcf v011"), "image/x-xcf", "image"},
                    Sample{"a.exr", padded("v/1\1"), "image/x-exr", "image"}));

INSTANTIATE_TEST_SUITE_P(
    Sound, ToldByBytes,
    testing::Values(
        // 128 kbit/s at 44.1 kHz: 417 bytes a frame.
        Sample{"a.mp3", times(2, "\xff\xfb\x90\x64" + std::string(413, '\0')), "audio/mpeg",
               "audio"},
        // 320 kbit/s: the next frame is out of sight, but the encoder says what it made.
        Sample{"a.mp3", at(36, "Xing", "\xff\xfb\xe0\x64"), "audio/mpeg", "audio"},
        Sample{"a.mp3", at(21, "Info", "\xff\xfb\xe0\xc4"), "audio/mpeg", "audio"},
        // Layer 2, 64 kbit/s at 48 kHz: 192 bytes.
        Sample{"a.mp2", times(3, "\xff\xfd\x44\x04" + std::string(188, '\0')), "audio/mpeg",
               "audio"},
        // MPEG-2 layer 3, 64 kbit/s at 22.05 kHz: 208 bytes.
        Sample{"a.mp3", times(3, "\xff\xf3\x80\x64" + std::string(204, '\0')), "audio/mpeg",
               "audio"},
        Sample{"a.aac", times(40, "\xff\xf1\x50\x80\x02\x1f\xfc" + std::string(9, '\0')),
               "audio/aac", "audio"},
        Sample{"a.aac", times(40, "\xff\xf9\x50\x80\x02\x1f\xfc" + std::string(9, '\0')),
               "audio/aac", "audio"},
        Sample{"a.ac3", padded("\x0b\x77\x12\x34\x14\x40"), "audio/ac3", "audio"},
        Sample{"a.eac3", padded("\x0b\x77\x02\xff\x3f\x84"), "audio/eac3", "audio"},
        Sample{"a.ape", padded("MAC \x96\x0f"), "audio/x-ape", "audio"},
        Sample{"a.wv", padded("wvpk"), "audio/x-wavpack", "audio"},
        Sample{"a.caf", padded("caff\0\1\0\0desc"sv), "audio/x-caf", "audio"},
        Sample{"a.dsf", padded("DSD \x1c\0\0\0"sv), "audio/x-dsf", "audio"},
        Sample{"a.dff", padded("FRM8\0\0\0\0\0\0\1\0DSD "sv), "audio/x-dff", "audio"},
        Sample{"a.dts", padded("\x7f\xfe\x80\1"), "audio/vnd.dts", "audio"},
        Sample{"a.au", padded(".snd\0\0\0\x18"sv), "audio/basic", "audio"},
        Sample{"a.mpc", padded("MPCKSH"), "audio/x-musepack", "audio"},
        Sample{"a.ra", padded(".ra\xfd\0\4"sv), "audio/vnd.rn-realaudio", "audio"},
        Sample{"a.aax", ftyp("aax "), "audio/vnd.audible.aax", "audio"},
        Sample{"a.f4a", ftyp("F4A "), "audio/mp4", "audio"},
        Sample{"a.spx", ogg_page("Speex   1.2"), "audio/ogg", "audio"}));

INSTANTIATE_TEST_SUITE_P(
    Films, ToldByBytes,
    testing::Values(
        Sample{"a.rm", padded(".RMF\0\0\0\x12"sv), "application/vnd.rn-realmedia", "video"},
        Sample{"a.rmvb", padded(".RMF\0\0\0\x12"sv), "application/vnd.rn-realmedia", "video"},
        Sample{"a.mxf", padded("\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02"sv),
               "application/mxf", "video"},
        Sample{"a.dv", padded("\x1f\x07\0\x3f"sv), "video/x-dv", "video"},
        Sample{"a.dv", padded("\x1f\x07\0\xbf"sv), "video/x-dv", "video"},
        Sample{"a.ogm", ogg_page("\1video\0\0\0DIVX"sv), "video/ogg", "video"},
        Sample{"a.y4m", padded("YUV4MPEG2 W176 H144"), "video/x-yuv4mpeg", "video"},
        Sample{"a.m4s",
               padded("\0\0\0\x18"
                      "stypmsdh"sv),
               "video/iso.segment", "video"},
        Sample{"a.f4v", ftyp("F4V "), "video/mp4", "video"},
        Sample{"a.ivf", padded("DKIF\0\0\x20\0VP80"sv), "video/x-ivf", "video"},
        Sample{"a.nut", padded("nut/multimedia container\0"sv), "video/x-nut", "video"}));

INSTANTIATE_TEST_SUITE_P(
    Documents, ToldByBytes,
    testing::Values(
        Sample{"a.mobi", at(60, "BOOKMOBI"), "application/x-mobipocket-ebook", "document"},
        Sample{"a.djvu",
               padded("AT&TFORM\0\0\0\x80"
                      "DJVU"sv),
               "image/vnd.djvu", "document"},
        Sample{"a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nHi\n", "text/vtt; charset=utf-8",
               "document"},
        Sample{"a.vtt", "WEBVTT", "text/vtt; charset=utf-8", "document"},
        Sample{"a.vtt", "\xef\xbb\xbfWEBVTT - title", "text/vtt; charset=utf-8", "document"},
        Sample{"a.exe", at(0x3c, "\x80\0\0\0"sv, "MZ\x90"),
               "application/vnd.microsoft.portable-executable", "other"},
        Sample{"a.tar", at(257, "ustar\0"sv, "name"), "application/x-tar", "other"}));

// Several types begin alike: the bytes tell the family, the name which of it.
TEST(Families, TheNameRefines) {
  const std::string tiff = padded("II*\0\x08\0\0\0"sv);
  for (const char* raw :
       {"3fr", "arw", "bay", "cr2", "dcr", "dng", "erf", "fff", "gpr", "iiq", "k25",
        "kdc", "mef", "mos", "nef", "nrw", "orf", "pef", "sr2", "srf", "srw"}) {
    const Type type = type_of(std::string("DSC_0001.") + raw, as_bytes(tiff));
    EXPECT_EQ(type.kind, Kind::kImage) << raw;
    EXPECT_TRUE(type.media_type.starts_with("image/x-")) << raw << type.media_type;
  }
  const std::pair<const char*, std::string_view> office[] = {
      {"docm", "application/vnd.ms-word.document.macroEnabled.12"},
      {"xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12"},
      {"pptm", "application/vnd.ms-powerpoint.presentation.macroEnabled.12"},
      {"dotx", "application/vnd.openxmlformats-officedocument.wordprocessingml.template"},
      {"pages", "application/vnd.apple.pages"},
      {"numbers", "application/vnd.apple.numbers"},
      {"key", "application/vnd.apple.keynote"}};
  for (const auto& [name, media_type] : office) {
    const Type type = type_of(std::string("a.") + name, as_bytes("PK\3\4\x14\0"sv));
    EXPECT_EQ(type.media_type, media_type);
    EXPECT_EQ(type.kind, Kind::kDocument);
  }
  EXPECT_EQ(type_of("a.rwl", as_bytes("IIU\0\x08"sv)).media_type, "image/x-leica-rwl");
  EXPECT_EQ(type_of("a.ra", as_bytes(".RMF\0\0\0\x12"sv)).kind, Kind::kAudio);
  EXPECT_EQ(type_of("a.ape", as_bytes("ID3\4\0\0\0\0\0\x23TSSE"sv)).media_type, "audio/x-ape");
  EXPECT_EQ(type_of("a.aax", as_bytes(ftyp("isom"))).media_type, "audio/vnd.audible.aax");
  EXPECT_EQ(type_of("a.cbr", as_bytes("Rar!\x1a\7\0"sv)).kind, Kind::kDocument);
}

TEST(Families, ANameThatOtherFilesHaveSaysNothingByItself) {
  for (const char* name : {"server.key", "old.pages", "of.numbers"}) {
    EXPECT_EQ(type_of(name, as_bytes("-----BEGIN PRIVATE KEY-----")).kind, Kind::kOther) << name;
  }
}

TEST(Names, TextsAreDocuments) {
  for (const char* name :
       {"a.ass", "a.ssa", "a.srt", "a.vtt", "a.lrc", "a.diff", "a.patch", "a.markdown", "a.md",
        "a.tex", "a.bib", "a.jsonl", "a.ndjson", "a.cfg", "a.nfo", "a.rst", "a.adoc"}) {
    EXPECT_EQ(type_of(name, as_bytes("plain text\n")).kind, Kind::kDocument) << name;
  }
  EXPECT_EQ(type_of("a.patch", as_bytes("--- a\n")).media_type, "text/x-diff; charset=utf-8");
  EXPECT_EQ(type_of("a.nfo", as_bytes("\xdb\xdb\xb1")).media_type, "text/plain");
}

// Bytes that are like a signature by chance, and texts that begin like one.
TEST(Chance, IsNoSignature) {
  const std::string others[] = {
      padded("\xff\xfb\x90\x64"),              // one header, and no other behind it
      padded("\xff\xf1\x50\x80\x02\x1f\xfc"),  // likewise
      padded("\xff\xfb\xf0\x64"),              // no bit rate
      padded("\xff\xfb\x9c\x64"),              // no sampling rate
      padded("\x0b\x77\x12\x34\x14\xff"),      // no such bit stream
      "MAC address\n",
      "MAC \x01\x02",
      "TTA1 is a format",
      "MZ is a name",
      "SCRM",
      "WEBVTTX",
      "The RED1 car",
      ".RMF is RealMedia",
      "FORM of a text",
      "CR\2",
      "\xff",
      "\x0b\x77",
      ".snd",
      "caffeine",
      "DSD is direct",
      std::string(44, ' ') + "SCRM",
      at(257, "ustaring"),
  };
  for (const std::string& head : others) {
    const Type type = type_of("x", as_bytes(head));
    EXPECT_EQ(type.media_type, "application/octet-stream")
        << testing::PrintToString(head.substr(0, 12));
  }
}

// Every prefix of every frame, and every byte of a header changed, reads nothing outside.
TEST(Chance, DamagedFramesAreHarmless) {
  for (const std::string_view good :
       {"\xff\xfb\x90\x64"sv, "\xff\xf1\x50\x80\x02\x1f\xfc"sv, "\x0b\x77\x12\x34\x14\x40"sv}) {
    for (std::size_t length = 0; length <= good.size(); ++length) {
      const Bytes prefix(as_bytes(good).begin(),
                         as_bytes(good).begin() + static_cast<std::ptrdiff_t>(length));
      EXPECT_FALSE(type_of("a", prefix).media_type.empty());
    }
    for (std::size_t place = 0; place < good.size(); ++place) {
      for (unsigned value = 0; value < 256; ++value) {
        Bytes changed(as_bytes(good).begin(), as_bytes(good).end());
        changed[place] = static_cast<std::byte>(value);
        EXPECT_FALSE(type_of("a", changed).media_type.empty());
      }
    }
  }
}

}  // namespace
}  // namespace coffer::media
