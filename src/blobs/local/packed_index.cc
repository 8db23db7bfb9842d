#include "blobs/local/packed_index.h"

#include <algorithm>

namespace coffer::blobs {
namespace {

std::size_t byte_of(const Sha256Digest& digest, std::size_t number) {
  return std::to_integer<std::size_t>(digest.bytes[number]);
}

template <class Shard>
auto& list_in(Shard& shard, const Sha256Digest& digest) {
  return shard.lists[byte_of(digest, 1)];
}

template <class List>
auto place_in(List& list, const Sha256Digest& digest) {
  return std::ranges::lower_bound(list, digest, {}, &PackedBlob::digest);
}

template <class List>
auto find_in(List& list, const Sha256Digest& digest) {
  const auto at = place_in(list, digest);
  return at != list.end() && at->digest == digest ? at : list.end();
}

}  // namespace

std::optional<PackedBlob> PackedIndex::find(const Sha256Digest& digest) const {
  const Shard& shard = shard_of(digest);
  std::lock_guard lock(shard.mutex);
  const List& list = list_in(shard, digest);
  const auto at = find_in(list, digest);
  if (at == list.end()) return std::nullopt;
  return *at;
}

std::optional<PackedBlob> PackedIndex::touch(const Sha256Digest& digest, Time now) {
  Shard& shard = shard_of(digest);
  std::lock_guard lock(shard.mutex);
  List& list = list_in(shard, digest);
  const auto at = find_in(list, digest);
  if (at == list.end()) return std::nullopt;
  // Later than before even if the clock was not read to see it: whoever made the blob and thinks
  // better of it must find that it is not his alone any more.
  at->written = std::max(now, at->written + std::chrono::microseconds(1));
  return *at;
}

void PackedIndex::apply(const Record& record, RecordLocation place) {
  switch (record.kind) {
    case RecordKind::kBlob: return insert({record.digest, place, record.length, record.time()});
    case RecordKind::kTouch: return raise(record.digest, record.time());
    case RecordKind::kRemoval: return remove(record.digest, record.place());
  }
}

// Moves the time on, never back.
void PackedIndex::raise(const Sha256Digest& digest, Time time) {
  Shard& shard = shard_of(digest);
  std::lock_guard lock(shard.mutex);
  List& list = list_in(shard, digest);
  const auto at = find_in(list, digest);
  if (at != list.end()) at->written = std::max(at->written, time);
}

void PackedIndex::insert(const PackedBlob& blob) {
  Shard& shard = shard_of(blob.digest);
  std::lock_guard lock(shard.mutex);
  List& list = list_in(shard, blob.digest);
  const auto at = place_in(list, blob.digest);
  if (at == list.end() || at->digest != blob.digest) {
    list.insert(at, blob);
  } else {
    account(*at, false);
    const Time written = std::max(at->written, blob.written);
    *at = blob;
    at->written = written;
  }
  account(blob, true);
}

bool PackedIndex::move(const Sha256Digest& digest, RecordLocation from, RecordLocation to) {
  Shard& shard = shard_of(digest);
  std::lock_guard lock(shard.mutex);
  List& list = list_in(shard, digest);
  const auto at = find_in(list, digest);
  if (at == list.end() || at->place != from) return false;
  account(*at, false);
  at->place = to;
  account(*at, true);
  return true;
}

// If it stands there.
void PackedIndex::remove(const Sha256Digest& digest, RecordLocation place) {
  Shard& shard = shard_of(digest);
  std::lock_guard lock(shard.mutex);
  List& list = list_in(shard, digest);
  const auto at = find_in(list, digest);
  if (at == list.end() || at->place != place) return;
  account(*at, false);
  list.erase(at);
}

template <class IsSpared>
PackedIndex::Removal PackedIndex::remove_unless(const Sha256Digest& digest, IsSpared is_spared,
                                                RecordLocation& place) {
  Shard& shard = shard_of(digest);
  std::lock_guard lock(shard.mutex);
  List& list = list_in(shard, digest);
  const auto at = find_in(list, digest);
  if (at == list.end()) return Removal::kAbsent;
  if (is_spared(*at)) return Removal::kSpared;
  place = at->place;
  account(*at, false);
  list.erase(at);
  return Removal::kRemoved;
}

PackedIndex::Removal PackedIndex::remove_older(const Sha256Digest& digest, Time cutoff,
                                               RecordLocation& place) {
  const auto is_newer = [&](const PackedBlob& blob) { return blob.written > cutoff; };
  return remove_unless(digest, is_newer, place);
}

PackedIndex::Removal PackedIndex::remove_unseen(const Sha256Digest& digest,
                                                const Holds::Watch& watch, RecordLocation& place) {
  const auto is_seen = [&](const PackedBlob&) { return watch.saw(digest); };
  return remove_unless(digest, is_seen, place);
}

std::vector<PackedBlob> PackedIndex::after(const std::optional<Sha256Digest>& after,
                                           std::size_t limit) const {
  std::vector<PackedBlob> page;
  const std::size_t first = after ? byte_of(*after, 0) : 0;
  for (std::size_t number = first; number < kShards; ++number) {
    const Shard& shard = shards_[number];
    std::lock_guard lock(shard.mutex);
    const std::size_t first_list = after && number == first ? byte_of(*after, 1) : 0;
    for (std::size_t list = first_list; list < kLists; ++list) {
      for (const PackedBlob& blob : shard.lists[list]) {
        if (page.size() == limit) return page;
        if (!after || blob.digest > *after) page.push_back(blob);
      }
    }
  }
  return page;
}

std::uint64_t PackedIndex::live_bytes(std::uint32_t segment) const {
  std::lock_guard lock(live_mutex_);
  const auto found = live_.find(segment);
  return found == live_.end() ? 0 : found->second;
}

PackedIndex::Shard& PackedIndex::shard_of(const Sha256Digest& digest) {
  return shards_[byte_of(digest, 0)];
}

const PackedIndex::Shard& PackedIndex::shard_of(const Sha256Digest& digest) const {
  return shards_[byte_of(digest, 0)];
}

void PackedIndex::account(const PackedBlob& blob, bool is_live) {
  const std::uint64_t bytes = record_bytes(blob.length);
  std::lock_guard lock(live_mutex_);
  std::uint64_t& live = live_[blob.place.segment];
  live = is_live ? live + bytes : live - bytes;
  if (live == 0) live_.erase(blob.place.segment);
}

}  // namespace coffer::blobs
