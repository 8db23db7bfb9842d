#include "blobs/local/segment_format.h"

#include <algorithm>
#include <string_view>

namespace coffer::blobs {
namespace {

constexpr std::string_view kSegmentMagic = "CofferSg";
constexpr std::string_view kIndexMagic = "CofferIx";
constexpr std::size_t kCheckBytes = 8;
constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kIndexEntryBytes = 48;
constexpr std::size_t kIndexCheckedBytes = 32;  // of its header; the rest is the checksum
constexpr unsigned kKindShift = 24;

template <class Integer>
void put(ByteSpan into, std::size_t at, Integer value) {
  for (std::size_t i = 0; i < sizeof value; ++i) {
    into[at + i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
}

template <class Integer>
Integer get(ByteView from, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    value |= std::to_integer<std::uint64_t>(from[at + i]) << (8 * i);
  }
  return static_cast<Integer>(value);
}

void put_digest(ByteSpan into, std::size_t at, const Sha256Digest& digest) {
  std::ranges::copy(digest.bytes, into.begin() + static_cast<std::ptrdiff_t>(at));
}

Sha256Digest get_digest(ByteView from, std::size_t at) {
  return Sha256Digest::from_bytes(from.subspan(at, kDigestBytes)).value();
}

// The checksum of a header: the start of the SHA-256 of what stands before it.
void seal(ByteSpan header) {
  const Sha256Digest digest = Sha256::of(header.first(kHeaderBytes - kCheckBytes));
  std::copy_n(digest.bytes.begin(), kCheckBytes, header.end() - kCheckBytes);
}

bool is_sealed(ByteView header) {
  const Sha256Digest digest = Sha256::of(header.first(kHeaderBytes - kCheckBytes));
  return std::equal(header.end() - kCheckBytes, header.end(), digest.bytes.begin());
}

bool is_kind(std::uint32_t kind) { return kind >= 1 && kind <= 3; }

bool is_sound(const Record& record) {
  return record.length <= (record.kind == RecordKind::kBlob ? kPackedBytes : 0);
}

}  // namespace

void encode(const SegmentHeader& header, ByteSpan into) {
  into = into.first(kHeaderBytes);
  std::ranges::fill(into, std::byte{0});
  std::ranges::copy(as_bytes(kSegmentMagic), into.begin());
  put(into, 8, header.version);
  put(into, 12, header.number);
  put(into, 16, header.nonce);
  seal(into);
}

std::optional<SegmentHeader> decode_segment_header(ByteView bytes) {
  if (bytes.size() < kHeaderBytes || as_text(bytes.first(8)) != kSegmentMagic) return std::nullopt;
  const SegmentHeader header{.version = get<std::uint32_t>(bytes, 8),
                             .number = get<std::uint32_t>(bytes, 12),
                             .nonce = get<std::uint64_t>(bytes, 16)};
  if (!is_sealed(bytes.first(kHeaderBytes))) return std::nullopt;
  return header;
}

void encode(const Record& record, std::uint64_t nonce, ByteSpan into) {
  into = into.first(kHeaderBytes);
  put(into, 0, nonce);
  put(into, 8, static_cast<std::uint32_t>(record.kind));
  put(into, 12, record.length);
  put(into, 16, record.value);
  put_digest(into, 24, record.digest);
  seal(into);
}

std::optional<Record> decode_record(ByteView bytes, std::uint64_t nonce) {
  if (bytes.size() < kHeaderBytes || get<std::uint64_t>(bytes, 0) != nonce) return std::nullopt;
  const auto kind = get<std::uint32_t>(bytes, 8);
  if (!is_kind(kind) || !is_sealed(bytes.first(kHeaderBytes))) return std::nullopt;
  const Record record{.kind = static_cast<RecordKind>(kind),
                      .length = get<std::uint32_t>(bytes, 12),
                      .digest = get_digest(bytes, 24),
                      .value = get<std::int64_t>(bytes, 16)};
  if (!is_sound(record)) return std::nullopt;
  return record;
}

Bytes encode(const SegmentIndex& index) {
  Bytes bytes(kHeaderBytes + index.entries.size() * kIndexEntryBytes);
  std::ranges::copy(as_bytes(kIndexMagic), bytes.begin());
  put(ByteSpan(bytes), 8, kSegmentVersion);
  put(ByteSpan(bytes), 12, static_cast<std::uint32_t>(index.entries.size()));
  put(ByteSpan(bytes), 16, index.covered);
  put(ByteSpan(bytes), 24, index.nonce);
  ByteSpan rest = ByteSpan(bytes).subspan(kHeaderBytes);
  for (const SegmentIndex::Entry& entry : index.entries) {
    put_digest(rest, 0, entry.record.digest);
    put(rest, 32, entry.record.value);
    put(rest, 40, entry.unit);
    put(rest, 44,
        static_cast<std::uint32_t>(entry.record.kind) << kKindShift | entry.record.length);
    rest = rest.subspan(kIndexEntryBytes);
  }
  Sha256 hash;
  hash.update(ByteView(bytes).first(kIndexCheckedBytes));
  hash.update(ByteView(bytes).subspan(kHeaderBytes));
  put_digest(bytes, kIndexCheckedBytes, hash.finish());
  return bytes;
}

std::optional<SegmentIndex> decode_segment_index(ByteView bytes) {
  if (bytes.size() < kHeaderBytes || as_text(bytes.first(8)) != kIndexMagic) return std::nullopt;
  const auto count = get<std::uint32_t>(bytes, 12);
  if (get<std::uint32_t>(bytes, 8) != kSegmentVersion ||
      bytes.size() != kHeaderBytes + std::size_t{count} * kIndexEntryBytes) {
    return std::nullopt;
  }
  Sha256 hash;
  hash.update(bytes.first(kIndexCheckedBytes));
  hash.update(bytes.subspan(kHeaderBytes));
  if (hash.finish() != get_digest(bytes, kIndexCheckedBytes)) return std::nullopt;

  SegmentIndex index{.nonce = get<std::uint64_t>(bytes, 24),
                     .covered = get<std::uint64_t>(bytes, 16),
                     .entries = {}};
  index.entries.reserve(count);
  for (bytes = bytes.subspan(kHeaderBytes); !bytes.empty();
       bytes = bytes.subspan(kIndexEntryBytes)) {
    const auto kind_and_length = get<std::uint32_t>(bytes, 44);
    const std::uint32_t kind = kind_and_length >> kKindShift;
    if (!is_kind(kind)) return std::nullopt;
    index.entries.push_back(
        {.record = {.kind = static_cast<RecordKind>(kind),
                    .length = kind_and_length & ((std::uint32_t{1} << kKindShift) - 1),
                    .digest = get_digest(bytes, 0),
                    .value = get<std::int64_t>(bytes, 32)},
         .unit = get<std::uint32_t>(bytes, 40)});
  }
  return index;
}

}  // namespace coffer::blobs
