// Bytes of quotas that uploads under way are going to need, in this process' memory: what ends with
// the process is given back with it. The database's own check at the commit stays the truth; this
// one tells what will not fit before its bytes have come.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "vault/model/types.h"

namespace coffer::vault {

class Reservation;

// How much each account has reserved. Only those with a quota take part. Threads: any.
class Reservations : public std::enable_shared_from_this<Reservations> {
 public:
  // Of nothing yet.
  std::unique_ptr<Reservation> open(AccountId account);

  // By all uploads of the account together.
  std::uint64_t reserved(AccountId account) const;

 private:
  friend class Reservation;
  // `now` instead of `before`; more only as far as all of the account's stay within `left`.
  bool change(AccountId account, std::uint64_t before, std::uint64_t now, std::uint64_t left);

  mutable std::mutex mutex_;
  std::unordered_map<std::int64_t, std::uint64_t> reserved_;  // none of them 0
};

// What one upload has reserved, given back with it: to be dropped right before the transaction that
// charges the bytes, so that transactions that charge what is reserved from then on come after it.
// Threads: one at a time.
class Reservation {
 public:
  Reservation(std::shared_ptr<Reservations> all, AccountId account)
      : all_(std::move(all)), account_(account) {}
  ~Reservation();
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;

  // Makes it `bytes`, if that is less than before or if all of the account's stay within `left`,
  // what the database says is left of the quota. Else all is as before. To never refuse what fits,
  // `left` must be read before the call, never after: an upload that ends moves its bytes from here
  // to there.
  bool reserve(std::uint64_t bytes, std::uint64_t left);

 private:
  std::shared_ptr<Reservations> all_;
  AccountId account_;
  std::uint64_t bytes_ = 0;
};

}  // namespace coffer::vault
