// Password hashing: Argon2id (RFC 9106) on threads of its own, so that a log-in costs no other
// request anything, and a flood of log-ins a bounded amount of memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "base/task.h"
#include "vault/model/failure.h"

namespace coffer::vault {

// Threads: any executor's.
class Passwords {
 public:
  struct Cost {
    std::size_t memory_bytes = 64U << 20U;  // of one hash
    unsigned passes = 2;
    std::size_t parallel = 2;   // hashes at a time
    std::size_t waiting = 128;  // waiting beyond these: kBusy
  };

  explicit Passwords(Cost cost);
  ~Passwords();

  // The string to store: algorithm, cost, salt and hash. kBusy when too many wait, or there is no
  // memory for the hash.
  Task<Result<std::string>> hash(std::string password);

  // Whether `password` made `stored`. An empty `stored` stands for an account that does not
  // exist: costs the same, gives false. kBusy as hash(), never false for want of memory. Throws
  // when `stored` is no string that hash() made.
  Task<Result<bool>> verify(std::string password, std::string stored);

 private:
  class Admission;
  Cost cost_;
  std::string decoy_;  // a hash of the same cost that no password fits
  std::atomic<std::size_t> waiting_{0};
  ThreadPool pool_;
};

}  // namespace coffer::vault
