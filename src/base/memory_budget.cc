#include "base/memory_budget.h"

namespace coffer {
namespace {

constexpr std::size_t kAccountsOfAnAddress = 3;  // times what is free

}  // namespace

MemoryBudget::Lease::Lease(MemoryBudget& budget, std::string by_address, std::string by_account)
    : budget_(&budget), by_address_(std::move(by_address)), by_account_(std::move(by_account)) {}

MemoryBudget::Lease::Lease(Lease&& other) noexcept
    : budget_(other.budget_),
      by_address_(std::move(other.by_address_)),
      by_account_(std::move(other.by_account_)),
      bytes_(std::exchange(other.bytes_, 0)) {}

MemoryBudget::Lease& MemoryBudget::Lease::operator=(Lease&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(by_address_, other.by_address_);
  std::swap(by_account_, other.by_account_);
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
  const auto has_room = [&](const std::string& client, std::size_t times) {
    const auto found = held_.find(client);
    const std::size_t own = found == held_.end() ? 0 : found->second;
    return bytes <= left && own <= left * times && bytes <= left * times - own;
  };
  const bool by_account = !lease.by_account_.empty();
  if (!has_room(lease.by_address_, by_account ? kAccountsOfAnAddress : 1) ||
      (by_account && !has_room(lease.by_account_, 1))) {
    refusals_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  std::size_t& of_address = held_[lease.by_address_];
  if (by_account) held_[lease.by_account_] += bytes;  // the last that may throw
  of_address += bytes;
  used_.store(used() + bytes, std::memory_order_relaxed);
  return true;
}

void MemoryBudget::give_back(const Lease& lease, std::size_t bytes) noexcept {
  const std::lock_guard lock(mutex_);
  give_back_for(lease.by_address_, bytes);
  if (!lease.by_account_.empty()) give_back_for(lease.by_account_, bytes);
  used_.store(used() - bytes, std::memory_order_relaxed);
}

void MemoryBudget::give_back_for(const std::string& client, std::size_t bytes) noexcept {
  const auto found = held_.find(client);
  found->second -= bytes;
  if (found->second == 0) held_.erase(found);
}

}  // namespace coffer
