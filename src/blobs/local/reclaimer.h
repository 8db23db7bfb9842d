// Work on sealed segments behind everybody's back: writes their indexes, and gives back the room
// of those that are mostly unused.
#pragma once

#include <set>
#include <thread>
#include <vector>

#include "blobs/local/appender.h"
#include "blobs/local/bell.h"
#include "blobs/local/disk.h"
#include "blobs/local/packed_index.h"
#include "blobs/local/segment_files.h"

namespace coffer::blobs {

class Reclaimer {
 public:
  // All outlive it. It looks for work now and whenever `bell` rings.
  Reclaimer(Disk& disk, PackedIndex& index, SegmentFiles& files, Appender& appender, Bell& bell);
  // Leaves off where it is.
  ~Reclaimer();
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;

 private:
  struct Moving {
    Record record;
    Place from;
    Bytes payload;
  };

  void work();
  void look();
  bool is_mostly_unused(const SegmentFiles::Sealed& segment) const;
  void rewrite(const SegmentFiles::Sealed& segment);
  void keep_removal(const Record& removal, std::uint32_t segment);
  void move(std::vector<Moving>& group);

  Disk& disk_;
  PackedIndex& index_;
  SegmentFiles& files_;
  Appender& appender_;
  Bell& bell_;
  std::set<std::uint32_t> damaged_;  // segments that stay as they are; the thread's own
  std::thread thread_;
};

}  // namespace coffer::blobs
