#include "blobs/local/segment_scan.h"

#include <algorithm>

namespace coffer::blobs {
namespace {

// The part of a file that is in memory.
class Window {
 public:
  Window(Disk& disk, const OpenFile& file, std::uint64_t to) : disk_(disk), file_(file), to_(to) {}

  // `count` bytes at `at`, fewer at the end. Good until the next call.
  ByteView view(std::uint64_t at, std::size_t count) {
    count = static_cast<std::size_t>(std::min<std::uint64_t>(count, to_ - at));
    if (at < start_ || at + count > start_ + bytes_.size()) {
      start_ = at;
      bytes_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kWindowBytes, to_ - at)));
      disk_.read(file_, bytes_, at);
    }
    return ByteView(bytes_).subspan(static_cast<std::size_t>(at - start_), count);
  }

 private:
  static constexpr std::size_t kWindowBytes = 1024 * 1024;

  Disk& disk_;
  const OpenFile& file_;
  std::uint64_t to_;
  std::uint64_t start_ = 0;
  Bytes bytes_;
};

}  // namespace

ScanResult scan_segment(Disk& disk, const OpenFile& file, const SegmentRange& range,
                        ScanCheck check, const ScanVisit& visit) {
  Window window(disk, file, range.to);
  ScanResult result{.end = range.from, .skipped = 0};
  for (std::uint64_t at = range.from; at + kHeaderBytes <= range.to;) {
    const std::optional<Record> record = decode_record(window.view(at, kHeaderBytes), range.nonce);
    const std::uint64_t whole = record ? record_bytes(record->length) : 0;
    if (!record || at + whole > range.to) {
      // The next good record may start anywhere.
      at += kUnit;
      continue;
    }
    const ByteView payload =
        window.view(at, static_cast<std::size_t>(whole)).subspan(kHeaderBytes, record->length);
    const bool is_good = check == ScanCheck::kHeaders || record->kind != RecordKind::kBlob ||
                         Sha256::of(payload) == record->digest;
    if (is_good) {
      visit(*record, static_cast<std::uint32_t>(at / kUnit), payload);
      result.skipped += at - result.end;
      result.end = at + whole;
    }
    at += whole;
  }
  return result;
}

}  // namespace coffer::blobs
