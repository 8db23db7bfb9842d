// The chunks of a PNG file (W3C PNG section 5.3).
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "media/worker/big_endian.h"
#include "media/worker/source.h"

namespace coffer::media {

// Calls `visit(name, offset, length)` with each chunk, of whose body offset and length are, until
// it says false, the file ends, or there were 10,000.
template <class Visit>
void for_each_png_chunk(Source& file, Visit visit) {
  constexpr int kMaxChunks = 10'000;
  constexpr std::uint64_t kSignature = 8;
  std::uint64_t at = kSignature;
  for (int chunk = 0; chunk < kMaxChunks; ++chunk) {
    const Bytes head = file.read_range(at, 8);
    if (head.size() < 8) return;
    const std::uint32_t length = get_be32(head, 0);
    if (!visit(as_text(head).substr(4), at + 8, length)) return;
    at += 12 + std::uint64_t{length};
  }
}

}  // namespace coffer::media
