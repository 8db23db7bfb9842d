// Reads a segment from record to record.
#pragma once

#include <cstdint>
#include <functional>

#include "blobs/local/disk.h"
#include "blobs/local/segment_format.h"

namespace coffer::blobs {

struct SegmentRange {
  std::uint64_t nonce = 0;
  std::uint64_t from = 0;
  std::uint64_t to = 0;  // at most the file's size
};

enum class ScanCheck {
  kHeaders,   // believes that payloads are what headers say
  kPayloads,  // passes over blobs whose bytes are not those of their name
};

struct ScanResult {
  std::uint64_t end = 0;      // of the last good record, `from` when there is none
  std::uint64_t skipped = 0;  // bytes before it that are no good record
};

// `payload` is good during the call.
using ScanVisit = std::function<void(const Record&, std::uint32_t unit, ByteView payload)>;

// Calls `visit` for each good record in order; what is damaged is passed over. Throws Error.
ScanResult scan_segment(Disk& disk, const OpenFile& file, const SegmentRange& range,
                        ScanCheck check, const ScanVisit& visit);

}  // namespace coffer::blobs
