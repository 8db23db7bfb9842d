#include "blobs/local/holds.h"

#include <cstring>

namespace coffer::blobs {

std::size_t Holds::DigestHash::operator()(const Sha256Digest& digest) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.bytes.data(), sizeof(hash));
  return hash;
}

Holds::Hold::Hold(Holds& holds, const Sha256Digest& digest) : holds_(&holds), digest_(digest) {
  const std::lock_guard lock(holds.mutex_);
  ++holds.held_[digest];
  for (Watch* watch : holds.watches_) watch->seen_.insert(digest);
}

Holds::Hold::~Hold() {
  if (holds_ == nullptr) return;
  const std::lock_guard lock(holds_->mutex_);
  const auto held = holds_->held_.find(digest_);
  if (--held->second == 0) holds_->held_.erase(held);
}

Holds::Watch::Watch(Holds& holds) : holds_(holds) {
  const std::lock_guard lock(holds.mutex_);
  for (const auto& [digest, count] : holds.held_) seen_.insert(digest);
  holds.watches_.insert(this);
}

Holds::Watch::~Watch() {
  const std::lock_guard lock(holds_.mutex_);
  holds_.watches_.erase(this);
}

bool Holds::Watch::saw(const Sha256Digest& digest) const {
  const std::lock_guard lock(holds_.mutex_);
  return seen_.contains(digest);
}

}  // namespace coffer::blobs
