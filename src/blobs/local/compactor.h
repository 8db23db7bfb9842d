// Work on sealed segments behind everybody's back: writes their indexes, and gives back the room
// of those that are mostly unused.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <thread>
#include <unordered_map>
#include <vector>

#include "blobs/local/disk.h"
#include "blobs/local/packed_index.h"
#include "blobs/local/segment_files.h"
#include "blobs/local/segment_writer.h"
#include "blobs/local/wake_signal.h"

namespace coffer::blobs {

class Compactor {
 public:
  // All outlive it. It looks for work now and whenever `wake` is raised.
  Compactor(Disk& disk, PackedIndex& index, SegmentFiles& files, SegmentWriter& segment_writer,
            WakeSignal& wake);
  // Leaves off where it is.
  ~Compactor();
  Compactor(const Compactor&) = delete;
  Compactor& operator=(const Compactor&) = delete;

 private:
  struct Moving {
    Record record;
    std::optional<RecordLocation> from;  // of a blob
    Bytes payload;
  };

  void work();
  bool look();
  void maybe_compact(const SegmentFiles::Sealed& segment);
  bool is_mostly_unused(const SegmentFiles::Sealed& segment) const;
  bool is_needed(const Record& record, RecordLocation place) const;
  void count_notes(const SegmentFiles::Sealed& segment, const OpenFile& file);
  void rewrite(const SegmentFiles::Sealed& segment);
  void move(std::vector<Moving>& group);

  Disk& disk_;
  PackedIndex& index_;
  SegmentFiles& files_;
  SegmentWriter& segment_writer_;
  WakeSignal& wake_;

  // The thread's own.
  std::set<std::uint32_t> damaged_;  // segments that stay as they are
  // Bytes of a segment's notes that were needed when it was last looked into. All are forgotten
  // when a segment goes: notes of it, wherever they stand, are needed no longer.
  std::unordered_map<std::uint32_t, std::uint64_t> kept_records_;
  std::thread thread_;
};

}  // namespace coffer::blobs
