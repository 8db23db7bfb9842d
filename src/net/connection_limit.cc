#include "net/connection_limit.h"

#include <algorithm>

namespace coffer::net {
namespace {

// An address that has fewer may always have one more while there is one.
constexpr std::size_t kMinShare = 8;

}  // namespace

ConnectionLimit::Admission ConnectionLimit::check(const AddressKey& address) const {
  const std::lock_guard lock(mutex_);
  const std::size_t all = count();
  const auto found = by_address_.find(address);
  const std::size_t own = found == by_address_.end() ? 0 : found->second;
  const std::size_t left = max_ - std::min(max_, all);
  if (own >= std::max(left, std::min(kMinShare, max_))) return Admission::kUnfair;
  return left == 0 ? Admission::kFull : Admission::kFits;
}

ConnectionLimit::Slot::Slot(ConnectionLimit& limit, const AddressKey& address)
    : limit_(&limit), address_(address) {
  const std::lock_guard lock(limit.mutex_);
  ++limit.by_address_[address];
  limit.count_.fetch_add(1, std::memory_order_relaxed);
}

ConnectionLimit::Slot::~Slot() {
  if (!limit_) return;
  const std::lock_guard lock(limit_->mutex_);
  const auto found = limit_->by_address_.find(address_);
  if (--found->second == 0) limit_->by_address_.erase(found);
  limit_->count_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace coffer::net
