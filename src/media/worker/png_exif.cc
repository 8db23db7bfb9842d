#include "media/worker/png_exif.h"

#include <zlib.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "media/worker/png_chunks.h"

namespace coffer::media {
namespace {

constexpr std::uint32_t kMaxPngExif = 1u << 20;

// Two digits a byte.
constexpr std::size_t kMaxPngText = 2 * kMaxPngExif + 4096;

Bytes inflated(ByteView data) {
  Bytes out(kMaxPngText);
  auto size = static_cast<uLongf>(out.size());
  // What is longer is not looked at.
  if (uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                 reinterpret_cast<const Bytef*>(data.data()),
                 static_cast<uLong>(data.size())) != Z_OK) {
    return {};
  }
  out.resize(size);
  return out;
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// A line feed, a name, a line feed, the number of bytes, a line feed, and the bytes as digits.
Bytes decode_profile(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const std::size_t end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  Bytes out;
  int high = -1;
  for (const char c : text) {
    const int value = hex_value(c);
    if (value < 0) continue;
    if (high < 0) {
      high = value;
    } else {
      out.push_back(static_cast<std::byte>(high << 4 | value));
      high = -1;
    }
  }
  return out;
}

// The profile in the body of a tEXt or zTXt chunk.
Bytes text_profile(const Bytes& body, bool compressed) {
  const std::string_view text = as_text(body);
  const std::size_t end = std::min(text.find('\0'), text.size());
  const std::string_view keyword = text.substr(0, end);
  if (keyword != "Raw profile type exif" && keyword != "Raw profile type APP1") return {};
  // Behind the keyword: a zero, and the method of compression, of which there is one.
  const std::size_t skip = end + (compressed ? 2 : 1);
  if (skip >= text.size()) return {};
  if (!compressed) return decode_profile(text.substr(skip));
  const Bytes plain = inflated(ByteView(body).subspan(skip));
  return decode_profile(as_text(plain));
}

}  // namespace

Bytes read_png_exif(Source& source) {
  Bytes found;
  for_each_png_chunk(source, [&](std::string_view name, std::uint64_t at, std::uint32_t length) {
    if (name == "eXIf" && length <= kMaxPngExif) {
      found = source.read_range(at, length);
      return false;
    }
    if ((name == "tEXt" || name == "zTXt") && found.empty() && length <= kMaxPngText) {
      found = text_profile(source.read_range(at, length), name == "zTXt");
    }
    return true;
  });
  return found;
}

}  // namespace coffer::media
