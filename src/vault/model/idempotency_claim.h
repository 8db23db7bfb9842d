// A request with an idempotency key on its way through a command: the first change that it makes
// and the key are committed together, so that whoever repeats the request changes nothing again.
#pragma once

#include <chrono>
#include <functional>
#include <utility>

#include "base/clock.h"
#include "base/hash.h"
#include "base/task.h"
#include "db/transaction.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

// How long a key is remembered.
inline constexpr std::chrono::hours kIdempotencyLifetime{24};

// Threads: one at a time. Lives as long as the request.
class IdempotencyClaim {
 public:
  // `key`: SHA-256 of the client's. `fingerprint` gives what tells the request from others, from
  // the moment on that all of it has come. REQUIRES: `clock` outlives it.
  IdempotencyClaim(Sha256Digest key, std::function<Sha256Digest()> fingerprint, const Clock& clock)
      : key_(key), fingerprint_(std::move(fingerprint)), clock_(clock) {}
  IdempotencyClaim(const IdempotencyClaim&) = delete;

  // For GuardedDatabase: around a change by the account, in its transaction. Further changes of the
  // request go without. kRequestInProgress: another request with the key has come first, perhaps
  // through another server. kQuotaExceeded: the key is charged.
  Task<Result<void>> begin(db::Transaction& transaction, AccountId account);
  Task<Result<void>> end(db::Transaction& transaction, AccountId account);
  void set_committed() noexcept { is_committed_ = true; }

  const Sha256Digest& key() const noexcept { return key_; }
  Sha256Digest fingerprint() const { return fingerprint_(); }
  // Whether a change, and with it the key, is known to be committed.
  bool is_committed() const noexcept { return is_committed_; }

 private:
  Sha256Digest key_;
  std::function<Sha256Digest()> fingerprint_;
  const Clock& clock_;
  EventId before_ = {};  // the last event before the change
  bool is_committed_ = false;
};

}  // namespace coffer::vault
