// The rows of idempotency keys, inside the transactions that make, answer and forget them.
#pragma once

#include <cstddef>

#include "base/clock.h"
#include "base/hash.h"
#include "base/task.h"
#include "db/transaction.h"
#include "vault/model/quota.h"
#include "vault/model/types.h"

namespace coffer::vault {

// What a key is charged with a reply of so many bytes.
inline constexpr std::uint64_t kIdempotencyCharge = 256;
Cost cost_of_idempotency_key(std::size_t reply_bytes) noexcept;

// Whether the account's key is free; one that has expired is forgotten.
Task<bool> free_idempotency_key(db::Transaction& transaction, AccountId account,
                                const Sha256Digest& key, Time now);

// Forgets all keys of the account.
Task<void> drop_idempotency_keys(db::Transaction& transaction, AccountId account);

}  // namespace coffer::vault
