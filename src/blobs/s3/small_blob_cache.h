// Small blobs that were read lately, in memory: a read of one asks the service nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>

#include "base/bytes.h"
#include "blobs/place.h"

namespace coffer::blobs::s3 {

// What is stored at a place never changes, and a place is never used again (blobs/places.h): so
// what was read there once is good for as long as a row names the place. The least recently used
// blob is evicted first. Threads: any; nobody waits for a read of another's.
class SmallBlobCache {
 public:
  static constexpr std::size_t kMaxBlobBytes = std::size_t{64} * 1024;
  // What a blob is counted for beside its bytes: the nodes that lead to it, and what the allocator
  // adds to them.
  static constexpr std::size_t kEntryBytes = 256;

  struct Counts {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
    std::size_t bytes = 0;  // that are held, with kEntryBytes for each blob
  };

  // What a look for a blob found, and what a later put() has to know.
  struct Lookup {
    std::shared_ptr<const Bytes> bytes;  // null: a miss
    std::uint32_t removals = 0;
  };

  // Holds up to `max_bytes`, all included; with 0 it holds nothing.
  explicit SmallBlobCache(std::size_t max_bytes) noexcept : max_bytes_(max_bytes) {}
  SmallBlobCache(const SmallBlobCache&) = delete;
  SmallBlobCache& operator=(const SmallBlobCache&) = delete;

  // Whether a blob of `size` bytes may be held. Empty ones are never read.
  bool takes(std::uint64_t size) const noexcept {
    return size > 0 && size <= kMaxBlobBytes && size + kEntryBytes <= max_bytes_;
  }

  // REQUIRES: takes(blob.size).
  Lookup find(const BlobRef& blob);

  // Keeps the bytes that were read after a find() of that blob was a miss; not where they are not
  // the blob's, or where its place may have been removed meanwhile. REQUIRES: takes(blob.size).
  void put(const BlobRef& blob, ByteView bytes, const Lookup& miss);

  // Call it when the object at `place` is gone: from then on nothing is found there. A read that
  // was under way puts nothing back.
  void remove(const Place& place) noexcept;

  Counts counts() const noexcept;

 private:
  struct Entry {
    Place place;
    std::shared_ptr<const Bytes> bytes;
  };
  using Entries = std::list<Entry>;

  static std::size_t cost_of(const Entry& entry) noexcept {
    return kEntryBytes + entry.bytes->size();
  }
  std::uint32_t& removals_of(const Place& place) noexcept;
  void drop_locked(Entries::iterator entry, Entries& dropped) noexcept;

  const std::size_t max_bytes_;
  mutable std::mutex mutex_;  // guards all below
  Entries entries_;           // the one that was used last first
  std::map<Place, Entries::iterator> by_place_;
  // How many places were removed that begin with a byte.
  std::array<std::uint32_t, 256> removals_{};
  Counts counts_;
};

}  // namespace coffer::blobs::s3
