#include "base/memory_budget.h"

namespace coffer {
namespace {

constexpr std::size_t kClientsOfAnAddress = 3;  // times what is free

}  // namespace

MemoryBudget::Lease::Lease(MemoryBudget& budget, std::string address, std::string account)
    : budget_(&budget),
      address_(std::move(address)),
      client_(account.empty() ? "nobody at " + address_ : std::move(account)) {}

MemoryBudget::Lease::Lease(Lease&& other) noexcept
    : budget_(other.budget_),
      address_(std::move(other.address_)),
      client_(std::move(other.client_)),
      bytes_(std::exchange(other.bytes_, 0)) {}

MemoryBudget::Lease& MemoryBudget::Lease::operator=(Lease&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(address_, other.address_);
  std::swap(client_, other.client_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

bool MemoryBudget::Lease::grow(std::size_t bytes) {
  if (bytes == 0) return true;
  if (!budget_ || !budget_->take(*this, bytes)) return false;
  bytes_ += bytes;
  return true;
}

void MemoryBudget::Lease::shrink(std::size_t bytes) noexcept {
  if (bytes == 0) return;
  budget_->give_back(*this, bytes);
  bytes_ -= bytes;
}

bool MemoryBudget::take(const Lease& lease, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const std::size_t left = max_ - used();
  const auto has_room = [&](const std::string& holder, std::size_t times) {
    const auto found = held_.find(holder);
    const std::size_t own = found == held_.end() ? 0 : found->second;
    return bytes <= left && own <= left * times && bytes <= left * times - own;
  };
  if (!has_room(lease.address_, kClientsOfAnAddress) || !has_room(lease.client_, 1)) {
    refusals_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  std::size_t& of_address = held_[lease.address_];
  held_[lease.client_] += bytes;  // the last that may throw
  of_address += bytes;
  used_.store(used() + bytes, std::memory_order_relaxed);
  return true;
}

void MemoryBudget::give_back(const Lease& lease, std::size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  give_back_for(lease.address_, bytes);
  give_back_for(lease.client_, bytes);
  used_.store(used() - bytes, std::memory_order_relaxed);
}

void MemoryBudget::give_back_for(const std::string& holder, std::size_t bytes) noexcept {
  const auto found = held_.find(holder);
  found->second -= bytes;
  if (found->second == 0) held_.erase(found);
}

}  // namespace coffer
