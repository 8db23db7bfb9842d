// The segments' files: found and read at the start, opened for readers, indexed, dropped.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "blobs/local/disk.h"
#include "blobs/local/packed_index.h"
#include "blobs/local/segment_format.h"
#include "blobs/local/segment_scan.h"

namespace coffer::blobs {

// The segment that records are added to.
struct ActiveSegment {
  OpenFile file;
  std::uint32_t number = 0;
  std::uint64_t nonce = 0;
  std::uint64_t end = 0;        // where the next record goes
  std::uint64_t allocated = 0;  // up to here there are bytes to write over, if this is after `end`
};

// Everything that touches the disk blocks and may throw Error. Threads: any, load() first.
class SegmentFiles {
 public:
  struct Sealed {
    std::uint32_t number;
    std::uint64_t end;
    bool is_indexed;
  };

  // `disk` outlives it. Up to `max_open` segments are kept open for reading, at least one.
  SegmentFiles(Disk& disk, std::size_t max_open)
      : disk_(disk), slots_(std::max<std::size_t>(1, max_open)) {}

  // Tells `index` what the segments hold. What a crash left behind the last good record of a
  // segment is cut off; what is left is durable.
  void load(PackedIndex& index);

  // The last segment if it is shorter than `limit` and undamaged, to be added to.
  std::optional<ActiveSegment> reopen_last(std::uint64_t limit);
  // A new segment, durable with its name.
  ActiveSegment create();
  // Nothing will be added to it.
  void seal(const ActiveSegment& segment);

  // For reading. Null when the file would have to be asked for from the disk, or is gone.
  std::shared_ptr<const OpenFile> find_open(std::uint32_t number);
  // The same, blocking; null when the segment was dropped.
  std::shared_ptr<const OpenFile> open(std::uint32_t number);

  std::vector<Sealed> sealed() const;
  bool contains(std::uint32_t number) const;
  // Of one that is there.
  std::uint64_t nonce_of(std::uint32_t number) const;

  // Makes the index beside a sealed segment tell of all of it.
  void write_index(std::uint32_t number);
  // Removes the segment. Open readers keep it.
  void drop(std::uint32_t number);

 private:
  struct State {
    std::uint64_t nonce = 0;
    std::uint64_t end = 0;
    std::uint64_t covered = 0;  // by the index on the disk
    bool is_sealed = true;
    bool is_damaged = false;  // not all before `end` is good
  };
  struct Slot {
    std::mutex mutex;
    std::uint32_t number = 0;
    std::shared_ptr<const OpenFile> file;
  };

  Slot& slot_of(std::uint32_t number) noexcept { return slots_[number % slots_.size()]; }
  void load(std::uint32_t number, PackedIndex& index);
  std::optional<SegmentIndex> read_index(std::uint32_t number);
  void cut(std::uint32_t number, std::uint64_t end);
  std::shared_ptr<const OpenFile> keep(std::uint32_t number, OpenFile file);
  void forget_open(std::uint32_t number);

  Disk& disk_;
  std::vector<Slot> slots_;
  mutable std::mutex mutex_;  // guards all below
  std::map<std::uint32_t, State> segments_;
  std::uint32_t next_ = 1;
};

}  // namespace coffer::blobs
