#include "media/protocol/picture.h"

#include <gtest/gtest.h>

#include "media/protocol/little_endian.h"

namespace coffer::media {
namespace {

Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}
void append(Bytes& out, const Bytes& more) { out.insert(out.end(), more.begin(), more.end()); }

Bytes chunk(std::string_view name, const Bytes& data) {
  Bytes out = bytes_of(name);
  append_le(out, static_cast<std::uint32_t>(data.size()));
  append(out, data);
  if (data.size() % 2 == 1) out.push_back(std::byte{0});
  return out;
}

Bytes webp(std::initializer_list<Bytes> chunks) {
  Bytes body = bytes_of("WEBP");
  for (const Bytes& part : chunks) append(body, part);
  Bytes out = bytes_of("RIFF");
  append_le(out, static_cast<std::uint32_t>(body.size()));
  append(out, body);
  return out;
}

const Bytes kLossy =
    chunk("VP8 ", bytes_of(std::string_view("\0\0\0\x9d\x01\x2a\x40\x01\xf0\0", 10)));
// 320 × 240: 319 and 239 in 14 bits each.
const Bytes kLossless = chunk("VP8L", bytes_of(std::string_view("\x2f\x3f\xc1\x3b\x00", 5)));
const Bytes kAlpha = chunk("ALPH", Bytes(3));

Bytes extended(char flags, char width = '\x3f') {
  Bytes data = bytes_of(std::string_view("\0\0\0\0\x3f\x01\0\xef\0\0", 10));
  data[0] = static_cast<std::byte>(flags);
  data[4] = static_cast<std::byte>(width);
  return chunk("VP8X", data);
}

std::optional<PictureSize> check(const Bytes& bytes) {
  return check_picture(PictureFormat::kWebp, bytes);
}

TEST(WebpCheck, TakesWhatIsPixelsAlone) {
  const PictureSize size{320, 240};
  EXPECT_EQ(check(webp({kLossy})), size);
  EXPECT_EQ(check(webp({kLossless})), size);
  EXPECT_EQ(check(webp({extended(0x10), kAlpha, kLossy})), size);
  EXPECT_EQ(check(webp({extended(0), kLossy})), size);
}

TEST(WebpCheck, RefusesAnythingElse) {
  EXPECT_FALSE(check({}));
  EXPECT_FALSE(check(bytes_of("RIFF\x04\0\0\0WEBP")));
  for (const std::string_view name : {"EXIF", "XMP ", "ICCP", "ANIM", "ANMF", "JUNK"}) {
    EXPECT_FALSE(check(webp({chunk(name, Bytes(4)), kLossy}))) << name;
    EXPECT_FALSE(check(webp({kLossy, chunk(name, Bytes(4))}))) << name;
    EXPECT_FALSE(check(webp({extended(0), chunk(name, Bytes(4)), kLossy}))) << name;
  }
  for (const char flag : {'\x20', '\x08', '\x04', '\x02', '\x01'}) {
    EXPECT_FALSE(check(webp({extended(flag), kLossy}))) << int{flag};
  }
  EXPECT_FALSE(check(webp({extended(0, '\x3e'), kLossy})));
  EXPECT_FALSE(check(webp({kLossy, kLossy})));
  EXPECT_FALSE(check(webp({kAlpha, kLossy})));
  EXPECT_FALSE(check(webp({extended(0x10), kAlpha, kLossless})));
  Bytes behind = webp({kLossy});
  behind.push_back(std::byte{0});
  EXPECT_FALSE(check(behind));
  Bytes cut = webp({kLossy});
  cut.pop_back();
  EXPECT_FALSE(check(cut));
}

TEST(JpegCheck, KnowsSegmentsOfApplications) {
  const std::string start("\xff\xd8", 2);
  const std::string jfif("\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0", 18);
  const std::string frame("\xff\xc0\0\x0b\x08\0\xf0\1\x40\1\1\x11\0", 13);
  const std::string scan(
      "\xff\xda\0\x08\1\1\0\0\x3f\0"
      "ab\xff\0"
      "c",
      15);
  const std::string end("\xff\xd9", 2);
  const auto check_jpeg = [](const std::string& text) {
    return check_picture(PictureFormat::kJpeg, bytes_of(text));
  };
  EXPECT_EQ(check_jpeg(start + jfif + frame + scan + end), (PictureSize{320, 240}));
  EXPECT_FALSE(check_jpeg(start + jfif + scan + end));
  EXPECT_FALSE(check_jpeg(start + jfif + frame + scan));
  EXPECT_FALSE(check_jpeg(start + jfif + frame + scan + end + "behind" + end));
  const std::string exif(
      "\xff\xe1\0\x08"
      "Exif\0\0",
      10);
  const std::string comment(
      "\xff\xfe\0\x04"
      "ab",
      6);
  EXPECT_FALSE(check_jpeg(start + exif + frame + scan + end));
  EXPECT_FALSE(check_jpeg(start + comment + frame + scan + end));
}

TEST(PngCheck, TakesWhatIsPixelsAlone) {
  const auto chunk_of = [](std::string_view name, const std::string& data) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) {
      out += static_cast<char>(data.size() >> static_cast<unsigned>(shift) & 0xff);
    }
    return out.append(name).append(data).append("crc4");
  };
  const std::string start = "\x89PNG\r\n\x1a\n";
  const std::string head = chunk_of("IHDR", std::string("\0\0\1\x40\0\0\0\xf0\x08\2\0\0\0", 13));
  const std::string data = chunk_of("IDAT", "pixels");
  const std::string end = chunk_of("IEND", "");
  const auto check_png = [](const std::string& text) {
    return check_picture(PictureFormat::kPng, bytes_of(text));
  };
  const PictureSize size{320, 240};
  EXPECT_EQ(check_png(start + head + data + end), size);
  EXPECT_EQ(
      check_png(start + head + chunk_of("PLTE", "abc") + chunk_of("tRNS", "a") + data + data + end),
      size);
  for (const std::string_view name : {"eXIf", "tEXt", "iTXt", "zTXt", "iCCP", "acTL", "fdAT"}) {
    EXPECT_FALSE(check_png(start + head + chunk_of(name, "1234") + data + end)) << name;
    EXPECT_FALSE(check_png(start + head + data + chunk_of(name, "1234") + end)) << name;
  }
  EXPECT_FALSE(check_png(start + head + end)) << "no pixels";
  EXPECT_FALSE(check_png(start + data + end)) << "no head";
  EXPECT_FALSE(check_png(start + head + head + data + end));
  EXPECT_FALSE(check_png(start + head + data));
  EXPECT_FALSE(check_png(start + head + data + end + "behind it, more bytes"));
  EXPECT_FALSE(check_png((start + head + data + end).substr(0, 40)));
  EXPECT_FALSE(check_png(head + data + end));
}

}  // namespace
}  // namespace coffer::media
