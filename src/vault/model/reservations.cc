#include "vault/model/reservations.h"

#include <utility>

namespace coffer::vault {

std::unique_ptr<Reservation> Reservations::open(AccountId account) {
  return std::make_unique<Reservation>(shared_from_this(), account);
}

std::uint64_t Reservations::reserved(AccountId account) const {
  const std::lock_guard lock(mutex_);
  const auto found = reserved_.find(account.value);
  return found == reserved_.end() ? 0 : found->second;
}

bool Reservations::change(AccountId account, std::uint64_t before, std::uint64_t now,
                          std::uint64_t left) {
  const std::lock_guard lock(mutex_);
  const auto found = reserved_.find(account.value);
  const std::uint64_t others = found == reserved_.end() ? 0 : found->second - before;
  const bool fits = others <= left && now <= left - others;
  if (now > before && !fits) return false;
  if (others + now == 0) {
    if (found != reserved_.end()) reserved_.erase(found);
  } else if (found != reserved_.end()) {
    found->second = others + now;
  } else {
    reserved_.emplace(account.value, now);
  }
  return true;
}

bool Reservation::reserve(std::uint64_t bytes, std::uint64_t left) {
  if (!all_->change(account_, bytes_, bytes, left)) return false;
  bytes_ = bytes;
  return true;
}

Reservation::~Reservation() {
  if (bytes_ > 0) all_->change(account_, bytes_, 0, 0);
}

}  // namespace coffer::vault
