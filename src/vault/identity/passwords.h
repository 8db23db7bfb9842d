// Password hashing: Argon2id (RFC 9106) on threads of its own, so that a log-in costs no other
// request anything, and a flood of log-ins a bounded amount of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/fair_pool.h"
#include "base/task.h"
#include "vault/model/failure.h"

namespace coffer::vault {

// Whom a hash is for: hashes for different accounts are made in turn, so that one account's cost
// the others no more than their turn. Those for names that lead to no account take turns by
// address.
struct PasswordOwner {
  // All for whom no account is named.
  static constexpr std::int64_t kNobody = INT64_MIN;

  std::int64_t account = kNobody;  // the account's number; negative for a name without one
  std::string_view address = {};   // of the client, as rate limits count it; empty: not known
};

// Threads: any executor's.
class Passwords {
 public:
  struct Cost {
    std::size_t memory_bytes = 64U << 20U;  // of one hash
    unsigned passes = 2;
    std::size_t parallel = 2;          // hashes at a time
    std::size_t waiting = 128;         // waiting beyond these: kBusy
    std::size_t waiting_each = 32;     // of them for one account
    std::size_t waiting_address = 64;  // of them for one address
  };

  explicit Passwords(Cost cost);
  ~Passwords();

  // The string to store: algorithm, cost, salt and hash, of the password's normal form
  // (opaque_string.h). kBusy when too many wait, in all or of the same account or address; when it
  // has waited for too long; and when there is no memory for the hash. REQUIRES, of both: the
  // address lives until the task ended.
  Task<Result<std::string>> hash(std::string password, PasswordOwner owner = {});

  struct Verdict {
    bool right = false;
    bool outdated =
        false;  // it is right, and hash() would store more costly today, or another form
    explicit operator bool() const noexcept { return right; }
  };
  // Whether `password` made `stored`: its normal form, or else, where that is another, the very
  // bytes, of which earlier versions made it. An empty `stored` stands for an account that does not
  // exist: costs the same, gives false. kBusy as hash(), never false for want of memory. Throws
  // when `stored` is no string that hash() made.
  Task<Result<Verdict>> verify(std::string password, std::string stored, PasswordOwner owner = {});

  struct Load {
    std::size_t waiting = 0;    // with those being hashed
    std::uint64_t refused = 0;  // since the start
  };
  Load load() const;

 private:
  class Admission;
  Cost cost_;
  std::string decoy_;  // a hash of the same cost that no password fits
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::size_t waiting_ = 0;
  std::map<std::string, std::size_t, std::less<>> by_address_;
  std::uint64_t refused_ = 0;
  FairPool pool_;
};

}  // namespace coffer::vault
