#include "blobs/local/open_blobs.h"

#include <cstring>

namespace coffer::blobs {

std::size_t OpenBlobs::Hash::operator()(const Sha256Digest& digest) const noexcept {
  std::size_t value = 0;
  std::memcpy(&value, digest.bytes.data(), sizeof value);
  return value;
}

OpenBlobs::Shard& OpenBlobs::shard_of(const Sha256Digest& digest) {
  return shards_[std::to_integer<std::size_t>(digest.bytes.back()) % shards_.size()];
}

OpenBlobs::OpenedBlob OpenBlobs::find(const Sha256Digest& digest) {
  Shard& shard = shard_of(digest);
  const std::lock_guard lock(shard.mutex);
  const auto place = shard.places.find(digest);
  if (place == shard.places.end()) return {.content = nullptr, .moment = shard.moment};
  shard.recent.splice(shard.recent.begin(), shard.recent, place->second);
  return {.content = place->second->second, .moment = shard.moment};
}

void OpenBlobs::keep(const Sha256Digest& digest, std::shared_ptr<const Content> content,
                     Moment moment) {
  Shard& shard = shard_of(digest);
  Recent dropped;  // closed after the lock is free
  const std::lock_guard lock(shard.mutex);
  if (shard.moment != moment || shard.places.contains(digest)) return;
  shard.recent.emplace_front(digest, std::move(content));
  shard.places.emplace(digest, shard.recent.begin());
  if (shard.recent.size() <= max_in_shard_) return;
  shard.places.erase(shard.recent.back().first);
  dropped.splice(dropped.begin(), shard.recent, std::prev(shard.recent.end()));
}

void OpenBlobs::forget(const Sha256Digest& digest) {
  Shard& shard = shard_of(digest);
  Recent dropped;
  const std::lock_guard lock(shard.mutex);
  ++shard.moment;
  const auto place = shard.places.find(digest);
  if (place == shard.places.end()) return;
  dropped.splice(dropped.begin(), shard.recent, place->second);
  shard.places.erase(place);
}

}  // namespace coffer::blobs
