// The index beside a segment: damaged it is none, and what it is comes back as it was.
#include <string>

#include "blobs/local/segment_format.h"
#include "fuzz.h"

using namespace coffer;
using namespace coffer::blobs;

COFFER_FUZZ(input) {
  const bool is_written = input.byte() % 2 == 0;
  if (!is_written) {
    const std::string_view bytes = input.rest();
    const auto index = decode_segment_index(as_bytes(bytes));
    if (index) COFFER_CHECK(encode(*index).size() == bytes.size());
    return;
  }
  SegmentIndex index{.nonce = input.byte(), .covered = input.byte() * kUnit, .entries = {}};
  for (unsigned count = input.byte() % 16U; count > 0; --count) {
    SegmentIndex::Entry entry;
    entry.record.kind = static_cast<RecordKind>(1 + input.byte() % 3U);
    entry.record.length = input.byte() % 2U == 0 ? 0U : input.byte();
    entry.record.value = input.byte();
    entry.record.digest = Sha256::of(as_bytes(input.line()));
    entry.unit = input.byte();
    index.entries.push_back(entry);
  }
  Bytes bytes = encode(index);
  const auto same = decode_segment_index(bytes);
  if (same) COFFER_CHECK(encode(*same) == bytes);
  const std::size_t at = (input.byte() * 256U + input.byte()) % bytes.size();
  const auto flip = static_cast<std::byte>(input.byte());
  bytes[at] ^= flip;
  if (flip != std::byte{0}) COFFER_CHECK(!decode_segment_index(bytes));
  bytes.resize(at);
  decode_segment_index(bytes);
}
