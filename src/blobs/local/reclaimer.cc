#include "blobs/local/reclaimer.h"

#include <pthread.h>

#include <chrono>
#include <latch>
#include <mutex>
#include <utility>

#include "base/log.h"
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

Reclaimer::Reclaimer(Disk& disk, PackedIndex& index, SegmentFiles& files, Appender& appender,
                     Bell& bell)
    : disk_(disk), index_(index), files_(files), appender_(appender), bell_(bell) {
  bell_.ring();
  thread_ = std::thread([this] { work(); });
}

Reclaimer::~Reclaimer() {
  bell_.close();
  thread_.join();
}

void Reclaimer::work() {
  pthread_setname_np(pthread_self(), "reclaimer");
  // With pauses: many removals make one look.
  for (std::chrono::milliseconds pause = kPause; bell_.wait(); bell_.pause(pause)) {
    pause = kPause;
    try {
      look();
    } catch (const Stopped&) {
      return;
    } catch (const std::exception& error) {
      log::error("segments_not_reclaimed", {{"reason", error.what()}});
      pause = kPauseAfterFailure;
      bell_.ring();
    }
  }
}

void Reclaimer::look() {
  for (const SegmentFiles::Sealed& segment : files_.sealed()) {
    if (bell_.is_closed()) return;
    if (is_mostly_unused(segment) && !damaged_.contains(segment.number)) {
      rewrite(segment);
    } else if (!segment.is_indexed) {
      files_.write_index(segment.number);
    }
  }
}

bool Reclaimer::is_mostly_unused(const SegmentFiles::Sealed& segment) const {
  return index_.live_bytes(segment.number) * 100 < (segment.end - kHeaderBytes) * kLivePercent ||
         segment.end == kHeaderBytes;
}

void Reclaimer::rewrite(const SegmentFiles::Sealed& segment) {
  const OpenFile file = disk_.open(segment_name(segment.number));
  std::vector<Moving> group;
  std::size_t group_bytes = 0;
  const auto visit = [&](const Record& record, std::uint32_t unit, ByteView payload) {
    if (record.kind == RecordKind::kRemoval) keep_removal(record, segment.number);
    if (record.kind != RecordKind::kBlob) return;
    const Place place{segment.number, unit};
    const std::optional<PackedBlob> blob = index_.find(record.digest);
    if (!blob || blob->place != place) return;
    group.push_back({record, place, Bytes(payload.begin(), payload.end())});
    group_bytes += payload.size();
    if (group_bytes < kGroupBytes) return;
    move(group);
    group_bytes = 0;
  };
  scan_segment(disk_, file,
               {.mark = files_.mark_of(segment.number), .from = kHeaderBytes, .to = segment.end},
               ScanCheck::kPayloads, visit);
  move(group);
  if (index_.live_bytes(segment.number) > 0) {
    // Blobs that cannot be read are not moved; they stay for whoever looks into it.
    damaged_.insert(segment.number);
    log::error("segment_damaged", {{"segment", segment_name(segment.number)}});
    return;
  }
  files_.drop(segment.number);
}

// What it voids would come back at the next start.
void Reclaimer::keep_removal(const Record& removal, std::uint32_t segment) {
  const Place voided = removal.place();
  if (voided.segment == segment || !files_.contains(voided.segment)) return;
  appender_.submit({.record = removal});
}

void Reclaimer::move(std::vector<Moving>& group) {
  if (bell_.is_closed()) throw Stopped{};
  std::latch left(static_cast<std::ptrdiff_t>(group.size()));
  std::mutex mutex;
  std::exception_ptr failure;
  for (Moving& moving : group) {
    appender_.submit({.record = moving.record,
                      .payload = moving.payload,
                      .from = moving.from,
                      .done = [&](std::exception_ptr error, const BlobInfo&) {
                        if (error) {
                          std::lock_guard lock(mutex);
                          failure = error;
                        }
                        left.count_down();
                      }});
  }
  left.wait();
  group.clear();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace coffer::blobs
