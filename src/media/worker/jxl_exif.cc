#include "media/worker/jxl_exif.h"

#include <brotli/decode.h>

#include <algorithm>
#include <string_view>

#include "media/worker/big_endian.h"
#include "media/worker/boxes.h"

namespace coffer::media {
namespace {

constexpr std::size_t kMaxJxlExif = 1u << 20;

Bytes decompressed(const Bytes& data) {
  Bytes out(kMaxJxlExif);
  std::size_t size = out.size();
  // What is longer is not looked at.
  if (BrotliDecoderDecompress(data.size(), reinterpret_cast<const std::uint8_t*>(data.data()),
                              &size, reinterpret_cast<std::uint8_t*>(out.data())) !=
      BROTLI_DECODER_RESULT_SUCCESS) {
    return {};
  }
  out.resize(size);
  return out;
}

Bytes read(Source& source, const BoxBody& body) {
  return body.length > kMaxJxlExif
             ? Bytes{}
             : source.read_range(body.offset, static_cast<std::size_t>(body.length));
}

}  // namespace

Bytes read_jxl_exif(Source& source) {
  const BoxBody whole = {0, source.size()};
  Bytes bytes;
  if (const auto plain = find_box(source, whole, "Exif")) {
    bytes = read(source, *plain);
  } else if (const auto packed = find_box(source, whole, "brob", "Exif")) {
    bytes = decompressed(read(source, *packed));
  }
  // Before the structure: how far behind these four bytes it is.
  constexpr std::size_t kHead = 4;
  if (bytes.size() < kHead) return {};
  const std::size_t skip = std::min<std::size_t>(get_be32(bytes, 0), bytes.size() - kHead) + kHead;
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(skip));
  return bytes;
}

}  // namespace coffer::media
