#include "media/worker/boxes.h"

#include "media/worker/big_endian.h"

namespace coffer::media {

std::optional<BoxBody> find_box(Source& source, const BoxBody& within, std::string_view type,
                                std::string_view identifier) {
  constexpr int kMaxBoxes = 1000;
  // The longest head, and the longest identifier, which is that of a `uuid` box.
  constexpr std::size_t kHead = 16;
  constexpr std::size_t kIdentifier = 16;
  const std::uint64_t end = within.offset + within.length;
  std::uint64_t at = within.offset;
  for (int i = 0; i < kMaxBoxes && at < end && end - at >= 8; ++i) {
    const Bytes head = source.read_range(at, kHead + kIdentifier);
    if (head.size() < 8) return std::nullopt;
    std::uint64_t length = get_be32(head, 0);
    std::uint64_t skip = 8;
    if (length == 0) {
      length = end - at;  // the last one
    } else if (length == 1) {
      if (head.size() < kHead) return std::nullopt;
      length = std::uint64_t{get_be32(head, 8)} << 32 | get_be32(head, 12);
      skip = kHead;
    }
    if (length < skip || length > end - at) return std::nullopt;
    const std::string_view text = as_text(head);
    if (text.substr(4, 4) == type && text.substr(skip).starts_with(identifier)) {
      skip += identifier.size();
      if (skip <= length) return BoxBody{at + skip, length - skip};
    }
    at += length;
  }
  return std::nullopt;
}

}  // namespace coffer::media
