// The packed blobs of a store, in memory: by name to where their records stand. Also tells how
// much of each segment is in use.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "blobs/local/holds.h"
#include "blobs/local/segment_format.h"

namespace coffer::blobs {

struct PackedBlob {
  Sha256Digest digest;
  RecordLocation place;
  std::uint32_t length = 0;
  Time written;  // last time its bytes were written or found written
};

// Nothing here waits for a disk. Threads: any.
class PackedIndex {
 public:
  std::optional<PackedBlob> find(const Sha256Digest& digest) const;

  // Finds the blob and moves its time on, to `now` but always by something. From then on
  // remove_older() with an earlier cutoff spares it.
  std::optional<PackedBlob> touch(const Sha256Digest& digest, Time now);

  // Adds a blob. If there is one of its name, it takes that one's place and keeps the later time.
  void insert(const PackedBlob& blob);

  // The same bytes stand at `to` now. False when the blob is no longer at `from`.
  bool move(const Sha256Digest& digest, RecordLocation from, RecordLocation to);

  // What the record at `place` says. For a start: the records of one blob come in the order in
  // which they were written.
  void apply(const Record& record, RecordLocation place);

  enum class Removal { kAbsent, kSpared, kRemoved };
  // Removes the blob unless its time lies after `cutoff`; where it stood goes to `place`.
  Removal remove_older(const Sha256Digest& digest, Time cutoff, RecordLocation& place);
  // The same unless `watch` saw it, whatever its time.
  Removal remove_unseen(const Sha256Digest& digest, const Holds::Watch& watch,
                        RecordLocation& place);

  // Up to `limit` blobs whose names follow `after` (nothing: from the first), in order.
  std::vector<PackedBlob> after(const std::optional<Sha256Digest>& after, std::size_t limit) const;

  // Bytes of the segment's records that hold blobs.
  std::uint64_t live_bytes(std::uint32_t segment) const;

 private:
  // Names are evenly spread, so the first two bytes lead to a short list, ordered by name.
  using List = std::vector<PackedBlob>;
  static constexpr std::size_t kShards = 256;
  static constexpr std::size_t kLists = 256;
  struct Shard {
    mutable std::mutex mutex;
    std::array<List, kLists> lists;
  };

  Shard& shard_of(const Sha256Digest& digest);
  const Shard& shard_of(const Sha256Digest& digest) const;
  void raise(const Sha256Digest& digest, Time time);
  void remove(const Sha256Digest& digest, RecordLocation place);
  // Removes the blob unless `is_spared(blob)`, asked while nobody can find or touch it.
  template <class IsSpared>
  Removal remove_unless(const Sha256Digest& digest, IsSpared is_spared, RecordLocation& place);
  void account(const PackedBlob& blob, bool is_live);

  std::array<Shard, kShards> shards_;
  mutable std::mutex live_mutex_;  // taken inside a shard's
  std::unordered_map<std::uint32_t, std::uint64_t> live_;
};

}  // namespace coffer::blobs
