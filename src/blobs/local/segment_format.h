// Segments and their indexes as bytes (docs/blob-store.md). All numbers are little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"

namespace coffer::blobs {

inline constexpr std::uint32_t kSegmentVersion = 1;
// Of a segment, of a record, of an index.
inline constexpr std::size_t kHeaderBytes = 64;
// Records start at multiples of it.
inline constexpr std::uint64_t kUnit = 8;
// More than any record's payload can be.
inline constexpr std::uint32_t kPackedBytes = 128 * 1024;

// Where a record stands.
struct RecordLocation {
  std::uint32_t segment = 0;
  std::uint32_t unit = 0;  // its offset in the segment, divided by kUnit

  std::uint64_t offset() const noexcept { return unit * kUnit; }
  std::uint64_t packed() const noexcept { return std::uint64_t{segment} << 32 | unit; }
  static RecordLocation from_packed(std::uint64_t packed) noexcept {
    return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed)};
  }
  friend bool operator==(const RecordLocation&, const RecordLocation&) = default;
};

enum class RecordKind : std::uint8_t {
  kBlob = 1,     // the bytes of a blob follow
  kTouch = 2,    // the blob was found written at a later time
  kRemoval = 3,  // the record at a place is void
};

struct Record {
  RecordKind kind = RecordKind::kBlob;
  std::uint32_t length = 0;  // of the payload
  Sha256Digest digest;
  std::int64_t value = 0;  // kRemoval: a packed place, else microseconds since 1970

  Time time() const noexcept { return from_micros(value); }
  RecordLocation place() const noexcept {
    return RecordLocation::from_packed(static_cast<std::uint64_t>(value));
  }
  friend bool operator==(const Record&, const Record&) = default;
};

// Header, payload, and the gap up to the next unit.
constexpr std::uint64_t record_bytes(std::uint32_t length) noexcept {
  return kHeaderBytes + (length + kUnit - 1) / kUnit * kUnit;
}

struct SegmentHeader {
  std::uint32_t version = kSegmentVersion;
  std::uint32_t number = 0;
  std::uint64_t nonce = 0;  // stands in each of its records; nobody who sends bytes can guess it
};

void encode(const SegmentHeader& header, ByteSpan into);
// Nothing when it is damaged or was never one. Of a newer version only `version` is good.
std::optional<SegmentHeader> decode_segment_header(ByteView bytes);

void encode(const Record& record, std::uint64_t nonce, ByteSpan into);
// Nothing unless a record of the segment with that mark starts here.
std::optional<Record> decode_record(ByteView bytes, std::uint64_t nonce);

// What a segment holds, without payloads.
struct SegmentIndex {
  struct Entry {
    Record record;
    std::uint32_t unit = 0;
  };
  std::uint64_t nonce = 0;    // the segment's
  std::uint64_t covered = 0;  // bytes of the segment that it tells of
  // In order of names, and of units where names are equal: so a start reads a million of them into
  // memory from one end to the other.
  std::vector<Entry> entries;
};

Bytes encode(const SegmentIndex& index);
// Nothing when it is damaged or of another version.
std::optional<SegmentIndex> decode_segment_index(ByteView bytes);

}  // namespace coffer::blobs
