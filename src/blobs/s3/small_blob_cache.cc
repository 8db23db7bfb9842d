#include "blobs/s3/small_blob_cache.h"

#include <iterator>
#include <utility>

#include "base/hash.h"
#include "base/log.h"

namespace coffer::blobs::s3 {

SmallBlobCache::Lookup SmallBlobCache::find(const BlobRef& blob) {
  const std::lock_guard lock(mutex_);
  const auto found = by_place_.find(blob.place);
  if (found == by_place_.end() || found->second->bytes->size() != blob.size) {
    ++counts_.misses;
    return {.bytes = nullptr, .removals = removals_of(blob.place)};
  }
  ++counts_.hits;
  entries_.splice(entries_.begin(), entries_, found->second);
  return {.bytes = found->second->bytes, .removals = 0};
}

void SmallBlobCache::put(const BlobRef& blob, ByteView bytes, const Lookup& miss) {
  if (bytes.size() != blob.size || Sha256::of(bytes) != blob.digest) {
    log::warning("an object has other bytes than its blob",
                 {{"digest", blob.digest.hex()}, {"place", to_hex(blob.place.bytes())}});
    return;
  }
  // Allocated before the lock is taken, and freed behind it.
  Entries fresh;
  fresh.push_back(
      {.place = blob.place, .bytes = std::make_shared<const Bytes>(bytes.begin(), bytes.end())});
  Entries dropped;
  const std::lock_guard lock(mutex_);
  if (removals_of(blob.place) != miss.removals) return;
  const auto [known, is_new] = by_place_.try_emplace(blob.place, fresh.begin());
  if (!is_new) return;
  counts_.bytes += cost_of(fresh.front());
  entries_.splice(entries_.begin(), fresh);
  while (counts_.bytes > max_bytes_) drop_locked(std::prev(entries_.end()), dropped);
}

void SmallBlobCache::remove(const Place& place) noexcept {
  Entries dropped;
  const std::lock_guard lock(mutex_);
  ++removals_of(place);
  const auto found = by_place_.find(place);
  if (found != by_place_.end()) drop_locked(found->second, dropped);
}

SmallBlobCache::Counts SmallBlobCache::counts() const noexcept {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::uint32_t& SmallBlobCache::removals_of(const Place& place) noexcept {
  return removals_[std::to_integer<std::size_t>(place.bytes().front())];
}

void SmallBlobCache::drop_locked(Entries::iterator entry, Entries& dropped) noexcept {
  counts_.bytes -= cost_of(*entry);
  by_place_.erase(entry->place);
  dropped.splice(dropped.begin(), entries_, entry);
}

}  // namespace coffer::blobs::s3
