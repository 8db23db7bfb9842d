#include "net/connection_limit.h"

#include <algorithm>

namespace coffer::net {
namespace {

// An address that has fewer may always have one more while there is one.
constexpr std::size_t kMinShare = 8;

}  // namespace

ConnectionLimit::Admission ConnectionLimit::check(const Peer& peer) const {
  const std::lock_guard lock(mutex_);
  const std::size_t left = max_ - std::min(max_, count());
  if (!peer.is_proxy) {
    const auto found = by_address_.find(peer.address);
    const std::size_t own = found == by_address_.end() ? 0 : found->second;
    if (own >= std::max(left, std::min(kMinShare, max_))) return Admission::kUnfair;
  }
  return left == 0 ? Admission::kFull : Admission::kFits;
}

ConnectionLimit::Slot::Slot(ConnectionLimit& limit, const Peer& peer)
    : limit_(&limit), peer_(peer) {
  const std::lock_guard lock(limit.mutex_);
  if (!peer.is_proxy) ++limit.by_address_[peer.address];
  limit.count_.fetch_add(1, std::memory_order_relaxed);
}

ConnectionLimit::Slot::~Slot() {
  if (!limit_) return;
  const std::lock_guard lock(limit_->mutex_);
  limit_->count_.fetch_sub(1, std::memory_order_relaxed);
  if (peer_.is_proxy) return;
  const auto found = limit_->by_address_.find(peer_.address);
  if (--found->second == 0) limit_->by_address_.erase(found);
}

}  // namespace coffer::net
