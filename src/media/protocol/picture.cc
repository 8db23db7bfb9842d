#include "media/protocol/picture.h"

#include <string_view>

#include "media/protocol/little_endian.h"

namespace coffer::media {
namespace {

std::uint32_t byte_at(ByteView bytes, std::size_t at) noexcept {
  return std::to_integer<std::uint32_t>(bytes[at]);
}
std::uint32_t get_be16(ByteView bytes, std::size_t at) noexcept {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}
std::uint32_t get_be32(ByteView bytes, std::size_t at) noexcept {
  return get_be16(bytes, at) << 16 | get_be16(bytes, at + 2);
}
std::uint32_t get_le24(ByteView bytes, std::size_t at) noexcept {
  return byte_at(bytes, at) | byte_at(bytes, at + 1) << 8 | byte_at(bytes, at + 2) << 16;
}
std::string_view four(ByteView bytes, std::size_t at) noexcept {
  return as_text(bytes.subspan(at, 4));
}

// RFC 6386 section 9.1: a key frame that is shown.
std::optional<PictureSize> lossy_size(ByteView data) noexcept {
  if (data.size() < 10 || (byte_at(data, 0) & 1) != 0) return std::nullopt;
  if (byte_at(data, 3) != 0x9d || byte_at(data, 4) != 0x01 || byte_at(data, 5) != 0x2a) {
    return std::nullopt;
  }
  return PictureSize{(byte_at(data, 6) | byte_at(data, 7) << 8) & 0x3fff,
                     (byte_at(data, 8) | byte_at(data, 9) << 8) & 0x3fff};
}

std::optional<PictureSize> lossless_size(ByteView data) noexcept {
  if (data.size() < 5 || byte_at(data, 0) != 0x2f) return std::nullopt;
  const auto bits = get_le<std::uint32_t>(data.data() + 1);
  if (bits >> 29 != 0) return std::nullopt;  // the version
  return PictureSize{(bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
}

std::optional<PictureSize> extended_size(ByteView data) noexcept {
  // Of the flags only that for an alpha channel: no profile, EXIF, XMP, animation.
  if (data.size() != 10 || (byte_at(data, 0) & ~0x10u) != 0 || get_le24(data, 1) != 0) {
    return std::nullopt;
  }
  return PictureSize{get_le24(data, 4) + 1, get_le24(data, 7) + 1};
}

// Google's "WebP Container Specification".
std::optional<PictureSize> check_webp(ByteView bytes) noexcept {
  if (bytes.size() < 20 || four(bytes, 0) != "RIFF" || four(bytes, 8) != "WEBP" ||
      get_le<std::uint32_t>(bytes.data() + 4) != bytes.size() - 8) {
    return std::nullopt;
  }
  std::optional<PictureSize> canvas;
  std::optional<PictureSize> image;
  bool alpha = false;
  std::size_t at = 12;
  while (at < bytes.size()) {
    if (bytes.size() - at < 8) return std::nullopt;
    const std::string_view name = four(bytes, at);
    const std::size_t length = get_le<std::uint32_t>(bytes.data() + at + 4);
    const std::size_t padded = length + (length & 1);
    at += 8;
    if (padded > bytes.size() - at) return std::nullopt;
    if (padded != length && byte_at(bytes, at + length) != 0) return std::nullopt;
    const ByteView data = bytes.subspan(at, length);
    at += padded;
    if (image) return std::nullopt;  // nothing follows the picture
    if (name == "VP8X" && !canvas && !alpha) {
      if (!(canvas = extended_size(data))) return std::nullopt;
    } else if (name == "ALPH" && canvas && !alpha) {
      alpha = true;
    } else if (name == "VP8 ") {
      if (!(image = lossy_size(data))) return std::nullopt;
    } else if (name == "VP8L" && !alpha) {
      if (!(image = lossless_size(data))) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (!image || image->width == 0 || image->height == 0 || (canvas && *canvas != *image)) {
    return std::nullopt;
  }
  return image;
}

// ITU-T T.81 annex B.
std::optional<PictureSize> check_jpeg(ByteView bytes) noexcept {
  if (bytes.size() < 4 || get_be16(bytes, 0) != 0xffd8) return std::nullopt;
  if (get_be16(bytes, bytes.size() - 2) != 0xffd9) return std::nullopt;
  std::optional<PictureSize> size;
  std::size_t at = 2;
  for (;;) {
    if (bytes.size() - at < 4 || byte_at(bytes, at) != 0xff) return std::nullopt;
    const std::uint32_t marker = byte_at(bytes, at + 1);
    const std::size_t length = get_be16(bytes, at + 2);
    if (length < 2 || length > bytes.size() - at - 2) return std::nullopt;
    const ByteView data = bytes.subspan(at + 4, length - 2);
    at += 2 + length;
    if (marker == 0xe0) {
      // JFIF without a thumbnail.
      if (data.size() != 14 || as_text(data.first(5)) != std::string_view("JFIF\0", 5)) {
        return std::nullopt;
      }
    } else if (marker == 0xee) {
      if (data.size() != 12 || as_text(data.first(5)) != "Adobe") return std::nullopt;
    } else if (marker >= 0xc0 && marker <= 0xc2) {
      if (size || data.size() < 6) return std::nullopt;
      size = PictureSize{get_be16(data, 3), get_be16(data, 1)};
    } else if (marker == 0xda) {
      // What follows is entropy-coded; further tables and scans of a progressive picture are
      // between it, so a marker is looked for as a decoder does.
      if (!size || size->width == 0 || size->height == 0) return std::nullopt;
      while (at + 1 < bytes.size()) {
        if (byte_at(bytes, at) != 0xff) {
          ++at;
          continue;
        }
        const std::uint32_t next = byte_at(bytes, at + 1);
        if (next == 0 || (next >= 0xd0 && next <= 0xd7)) {
          at += 2;
          continue;
        }
        break;
      }
      if (at + 1 >= bytes.size()) return std::nullopt;
      if (byte_at(bytes, at + 1) == 0xd9) {
        return at + 2 == bytes.size() ? size : std::nullopt;
      }
    } else if (marker != 0xdb && marker != 0xc4 && marker != 0xdd) {
      return std::nullopt;
    }
  }
}

// W3C's "PNG Specification": the chunks that pixels are made of, and their density.
std::optional<PictureSize> check_png(ByteView bytes) noexcept {
  constexpr std::size_t kSignatureBytes = 8;
  constexpr std::size_t kAroundChunk = 12;  // length, name, checksum
  if (bytes.size() < kSignatureBytes ||
      as_text(bytes.first(kSignatureBytes)) != "\x89PNG\r\n\x1a\n") {
    return std::nullopt;
  }
  std::optional<PictureSize> size;
  bool has_pixels = false;
  std::size_t at = kSignatureBytes;
  while (bytes.size() - at >= kAroundChunk) {
    const std::size_t length = get_be32(bytes, at);
    if (length > bytes.size() - at - kAroundChunk) return std::nullopt;
    const std::string_view name = four(bytes, at + 4);
    if (name == "IHDR") {
      if (size || at != kSignatureBytes || length != 13) return std::nullopt;
      size = PictureSize{get_be32(bytes, at + 8), get_be32(bytes, at + 12)};
    } else if (name == "IEND") {
      const bool is_whole = length == 0 && at + kAroundChunk == bytes.size();
      const bool is_picture = has_pixels && size->width > 0 && size->height > 0;
      return is_whole && is_picture ? size : std::nullopt;
    } else if (name == "IDAT" || name == "PLTE" || name == "tRNS" || name == "pHYs") {
      if (!size) return std::nullopt;
      has_pixels = has_pixels || name == "IDAT";
    } else {
      return std::nullopt;
    }
    at += length + kAroundChunk;
  }
  return std::nullopt;
}

// ISO/IEC 23008-12: looks for what an encoder writes, and for nothing more.
class AvifCheck {
 public:
  explicit AvifCheck(ByteView bytes) noexcept : bytes_(bytes) {}

  std::optional<PictureSize> run() noexcept {
    if (bytes_.size() < 12 || four(bytes_, 4) != "ftyp" || four(bytes_, 8) != "avif") {
      return std::nullopt;
    }
    if (!walk(bytes_, 0) || !size_ || size_->width == 0 || size_->height == 0) {
      return std::nullopt;
    }
    return size_;
  }

 private:
  bool walk(ByteView boxes, int depth) noexcept {
    while (!boxes.empty()) {
      if (boxes.size() < 8) return false;
      const std::size_t length = get_be32(boxes, 0);
      if (length < 8 || length > boxes.size()) return false;
      if (!take(four(boxes, 4), boxes.subspan(8, length - 8), depth)) return false;
      boxes = boxes.subspan(length);
    }
    return true;
  }

  bool take(std::string_view name, ByteView body, int depth) noexcept {
    if (depth == 0) {
      if (name == "meta") return body.size() >= 4 && walk(body.subspan(4), 1);
      return name == "ftyp" || name == "mdat";
    }
    if (name == "iprp" || name == "ipco") return depth < 4 && walk(body, depth + 1);
    if (name == "iinf") return body.size() >= 6 && walk(body.subspan(6), depth + 1);
    if (name == "infe") return take_item(body);
    if (name == "ispe") {
      if (body.size() != 12) return false;
      const PictureSize size{get_be32(body, 4), get_be32(body, 8)};
      if (size_ && *size_ != size) return false;
      size_ = size;
      return true;
    }
    for (const std::string_view plain :
         {"hdlr", "pitm", "iloc", "iref", "idat", "av1C", "pixi", "colr", "auxC", "pasp", "ipma"}) {
      if (name == plain) return name != "colr" || (body.size() >= 4 && four(body, 0) == "nclx");
    }
    return false;
  }

  static bool take_item(ByteView body) noexcept {
    if (body.size() < 12 || byte_at(body, 0) != 2) return false;
    return four(body, 8) == "av01";
  }

  ByteView bytes_;
  std::optional<PictureSize> size_;
};

}  // namespace

std::optional<PictureSize> check_picture(PictureFormat format, ByteView bytes) noexcept {
  switch (format) {
    case PictureFormat::kWebp: return check_webp(bytes);
    case PictureFormat::kJpeg: return check_jpeg(bytes);
    case PictureFormat::kAvif: return AvifCheck(bytes).run();
    case PictureFormat::kPng: return check_png(bytes);
  }
  return std::nullopt;
}

}  // namespace coffer::media
