#include "blobs/local/holds.h"

#include <cstring>
#include <utility>

namespace coffer::blobs {

std::size_t Holds::DigestHash::operator()(const Sha256Digest& digest) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.bytes.data(), sizeof(hash));
  return hash;
}

Holds::Hold::Hold(std::shared_ptr<Holds> holds, const Sha256Digest& digest)
    : holds_(std::move(holds)), digest_(digest) {
  const std::lock_guard lock(holds_->mutex_);
  ++holds_->held_[digest];
  for (Watch* watch : holds_->watches_) watch->seen_.insert(digest);
}

Holds::Hold::~Hold() {
  if (!holds_) return;
  const std::lock_guard lock(holds_->mutex_);
  const auto held = holds_->held_.find(digest_);
  if (--held->second == 0) holds_->held_.erase(held);
}

Holds::Watch::Watch(std::shared_ptr<Holds> holds) : holds_(std::move(holds)) {
  const std::lock_guard lock(holds_->mutex_);
  for (const auto& [digest, count] : holds_->held_) seen_.insert(digest);
  holds_->watches_.insert(this);
}

Holds::Watch::~Watch() {
  const std::lock_guard lock(holds_->mutex_);
  holds_->watches_.erase(this);
}

bool Holds::Watch::saw(const Sha256Digest& digest) const {
  const std::lock_guard lock(holds_->mutex_);
  return seen_.contains(digest);
}

}  // namespace coffer::blobs
