#include "blobs/local/compactor.h"

#include <chrono>
#include <latch>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "base/thread.h"
#include "blobs/local/layout.h"
#include "blobs/local/segment_scan.h"

namespace coffer::blobs {
namespace {

// A segment is rewritten when less of it than this is in use.
constexpr std::uint64_t kLivePercent = 50;
// Copied before the copies are synced, in memory meanwhile.
constexpr std::size_t kGroupBytes = 1024 * 1024;
constexpr std::chrono::milliseconds kPause{20};
constexpr std::chrono::seconds kPauseAfterFailure{30};

// A rewrite left off because the store closes.
struct Stopped {};

}  // namespace

Compactor::Compactor(Disk& disk, PackedIndex& index, SegmentFiles& files,
                     SegmentWriter& segment_writer, WakeSignal& wake)
    : disk_(disk), index_(index), files_(files), segment_writer_(segment_writer), wake_(wake) {
  wake_.ring();
  thread_ = start_thread("compactor", [this] { work(); });
}

Compactor::~Compactor() {
  wake_.close();
  thread_.join();
}

void Compactor::work() {
  // With pauses: many removals make one look.
  for (std::chrono::milliseconds pause = kPause; wake_.wait(); wake_.pause(pause)) {
    pause = kPause;
    try {
      if (look()) continue;
    } catch (const Stopped&) {
      return;
    }
    pause = kPauseAfterFailure;
    wake_.ring();
  }
}

// Whether all went well.
bool Compactor::look() {
  bool is_well = true;
  for (const SegmentFiles::Sealed& segment : files_.sealed()) {
    if (wake_.is_closed()) break;
    try {
      maybe_compact(segment);
    } catch (const std::exception& error) {
      // The others may be better off, or give back the room that this one lacks.
      log::error("segment_not_reclaimed",
                 {{"segment", segment_name(segment.number)}, {"reason", error.what()}});
      is_well = false;
    }
  }
  return is_well;
}

void Compactor::maybe_compact(const SegmentFiles::Sealed& segment) {
  if (is_mostly_unused(segment) && !damaged_.contains(segment.number)) {
    rewrite(segment);
  } else if (!segment.is_indexed) {
    files_.write_index(segment.number);
  }
}

bool Compactor::is_mostly_unused(const SegmentFiles::Sealed& segment) const {
  const auto notes = kept_records_.find(segment.number);
  const std::uint64_t used =
      index_.live_bytes(segment.number) + (notes == kept_records_.end() ? 0 : notes->second);
  return used * 100 < (segment.end - kHeaderBytes) * kLivePercent || segment.end == kHeaderBytes;
}

// Whether the next start would find less, or more, without the record.
bool Compactor::is_needed(const Record& record, RecordLocation place) const {
  if (record.kind == RecordKind::kRemoval) {
    const RecordLocation voided = record.place();
    return voided.segment != place.segment && files_.contains(voided.segment);
  }
  const std::optional<PackedBlob> blob = index_.find(record.digest);
  if (!blob) return false;
  if (record.kind == RecordKind::kBlob) return blob->place == place;
  return blob->place.segment != place.segment && blob->written <= record.time();
}

void Compactor::count_notes(const SegmentFiles::Sealed& segment, const OpenFile& file) {
  std::uint64_t bytes = 0;
  const auto visit = [&](const Record& record, std::uint32_t unit, ByteView) {
    if (record.kind == RecordKind::kBlob) return;
    if (is_needed(record, {segment.number, unit})) bytes += kHeaderBytes;
  };
  scan_segment(disk_, file,
               {.nonce = files_.nonce_of(segment.number), .from = kHeaderBytes, .to = segment.end},
               ScanCheck::kHeaders, visit);
  kept_records_[segment.number] = bytes;
}

void Compactor::rewrite(const SegmentFiles::Sealed& segment) {
  const OpenFile file = disk_.open(segment_name(segment.number));
  // Else notes, which have to be kept, could be moved from segment to segment for ever.
  count_notes(segment, file);
  if (!is_mostly_unused(segment)) return;
  std::vector<Moving> group;
  std::uint64_t group_bytes = 0;
  const auto visit = [&](const Record& record, std::uint32_t unit, ByteView payload) {
    const RecordLocation place{segment.number, unit};
    if (!is_needed(record, place)) return;
    const bool is_blob = record.kind == RecordKind::kBlob;
    group.push_back({.record = record,
                     .from = is_blob ? std::optional(place) : std::nullopt,
                     .payload = Bytes(payload.begin(), payload.end())});
    group_bytes += record_bytes(record.length);
    if (group_bytes < kGroupBytes) return;
    move(group);
    group_bytes = 0;
  };
  scan_segment(disk_, file,
               {.nonce = files_.nonce_of(segment.number), .from = kHeaderBytes, .to = segment.end},
               ScanCheck::kPayloads, visit);
  move(group);
  if (index_.live_bytes(segment.number) > 0) {
    // Blobs that cannot be read are not moved; they stay for whoever looks into it.
    damaged_.insert(segment.number);
    log::error("segment_damaged", {{"segment", segment_name(segment.number)}});
    return;
  }
  files_.drop(segment.number);
  kept_records_.clear();
}

// Returns when all are durable where they are now.
void Compactor::move(std::vector<Moving>& group) {
  if (wake_.is_closed()) throw Stopped{};
  std::latch left(static_cast<std::ptrdiff_t>(group.size()));
  std::mutex mutex;
  std::exception_ptr failure;
  SegmentWriter::Ticket last = 0;
  for (Moving& moving : group) {
    last = segment_writer_.submit({.record = moving.record,
                                   .payload = moving.payload,
                                   .from = moving.from,
                                   .done = [&](std::exception_ptr error, const BlobInfo&) {
                                     if (error) {
                                       std::lock_guard lock(mutex);
                                       failure = error;
                                     }
                                     left.count_down();
                                     return true;
                                   }});
  }
  if (!group.empty()) segment_writer_.flush_soon(last);
  left.wait();
  group.clear();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace coffer::blobs
