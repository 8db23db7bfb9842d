// What accounts own, in bytes and in files. For the other parts of the core, inside their
// transactions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/task.h"
#include "db/database.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

// What is written down is charged like the bytes of files, or a small quota would hold a database
// of any size: this much for each file, folder, group, bucket, project, collection, webhook and
// unfinished upload,
inline constexpr std::uint64_t kEntryCharge = 1024;
// this much for each part of a file, or of an unfinished upload, and for each key of a program and
// each invite; besides, the texts of the former;
inline constexpr std::uint64_t kPartCharge = 256;
inline constexpr std::uint64_t kSecretCharge = 256;
// this much for each file in a collection.
inline constexpr std::uint64_t kListedCharge = 256;

// What the texts of an entry are charged: the bytes of name, title, description and tags.
std::uint64_t text_charge(const Entry& entry) noexcept;
// What a file of one part or a folder is charged: its bytes, kEntryCharge, its texts.
std::uint64_t charge_of(const Entry& entry) noexcept;

// What something takes of an account, or gives back where it is less than 0.
struct Cost {
  std::int64_t bytes = 0;    // of files and parts: Account::used
  std::int64_t charged = 0;  // of the quota, those bytes among them: Account::charged

  Cost& operator+=(const Cost& other) noexcept {
    bytes += other.bytes;
    charged += other.charged;
    return *this;
  }
  friend Cost operator-(const Cost& one, const Cost& other) noexcept {
    return {.bytes = one.bytes - other.bytes, .charged = one.charged - other.charged};
  }
};
Cost cost_of(const Entry& entry) noexcept;
// Of a group, a bucket or a project.
Cost cost_of_space(std::string_view name) noexcept;
// Of so many keys and invites.
Cost cost_of_secrets(std::uint64_t count) noexcept;

struct Allowance {
  std::optional<std::uint64_t> left;  // bytes; nothing: no limit
  bool is_guests = false;             // whether people without an account share it
};

// Nothing without that account.
Task<std::optional<Allowance>> find_allowance(db::Transaction& transaction, AccountId owner);

// Counts what `owner` keeps more in `space`. The only place where the quota is decided:
// kQuotaExceeded when more would be too much. kNotFound without that space,
// and for a bucket that was removed.
Task<Result<void>> charge(db::Transaction& transaction, AccountId owner, SpaceId space, Cost cost);
// The same for what is to come to `space`: kNotFound also for a space that was removed, kForbidden
// for a group that `owner` is not in.
Task<Result<void>> charge_new(db::Transaction& transaction, AccountId owner, SpaceId space,
                              Cost cost);
// The same for what lies in no space. kNotFound without that account.
Task<Result<void>> charge_account(db::Transaction& transaction, AccountId owner, Cost cost);
Task<void> give_back(db::Transaction& transaction, AccountId owner, Cost cost);

// Entries of one owner and one kind.
struct Tally {
  AccountId owner;
  FileKind kind = FileKind::kOther;
  std::int64_t files = 0;
  Cost cost;
};
Tally tally_of(const Entry& entry);

// Keep the totals of the space of `place`, and of the folders from `place` up, in step with what
// came or went there. REQUIRES: `place` is none that was removed.
Task<void> add_to_totals(db::Transaction& transaction, const ParentRef& place, const Tally& tally);
Task<void> subtract_from_totals(db::Transaction& transaction, const ParentRef& place,
                                const Tally& tally);
// The same for one entry, where it stands.
Task<void> add_to_totals(db::Transaction& transaction, const Entry& entry);
Task<void> subtract_from_totals(db::Transaction& transaction, const Entry& entry);

std::unexpected<Failure> quota_exceeded();

}  // namespace coffer::vault
