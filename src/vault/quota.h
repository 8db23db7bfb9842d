// What accounts own, in bytes and in files. For the other parts of the core, inside their
// transactions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/task.h"
#include "db/database.h"
#include "vault/failure.h"
#include "vault/types.h"

namespace coffer::vault {

struct Allowance {
  std::optional<std::uint64_t> left;  // bytes; nothing: no limit
  bool is_guests = false;             // whether people without an account share it
};

// Nothing without that account.
Task<std::optional<Allowance>> find_allowance(db::Transaction& transaction, AccountId owner);

// Counts `bytes` more (less than 0: fewer) of what `owner` keeps in `space`. The only place where
// the quota is decided: kQuotaExceeded when more would be too many. kNotFound without that space,
// and for a bucket that was removed.
Task<Result<void>> charge(db::Transaction& transaction, AccountId owner, SpaceId space,
                          std::int64_t bytes);
// The same for bytes that are to come to `space`: kNotFound also for a space that was removed,
// kForbidden for a group that `owner` is not in.
Task<Result<void>> charge_new(db::Transaction& transaction, AccountId owner, SpaceId space,
                              std::int64_t bytes);
Task<void> give_back(db::Transaction& transaction, AccountId owner, std::uint64_t bytes);

// Keep the totals in step with the entry that came or went.
Task<void> add_to_total(db::Transaction& transaction, const Entry& entry);
Task<void> subtract_from_total(db::Transaction& transaction, const Entry& entry);

std::unexpected<Failure> quota_exceeded();

}  // namespace coffer::vault
