#include "vault/quota.h"

#include <algorithm>

namespace coffer::vault {
namespace {

constexpr db::Statement kQuota{"SELECT quota, used, kind = 1 FROM account WHERE id = $1"};
// The space is asked for in the same breath: it may have gone while the bytes came. A removed
// group's files are their owners' still.
constexpr db::Statement kCharge{
    "UPDATE account SET used = used + $2"
    " WHERE id = $1 AND (quota IS NULL OR $2 <= 0 OR used + $2 <= quota)"
    " AND EXISTS (SELECT 1 FROM space WHERE space.id = $3"
    " AND (space.removed_at IS NULL OR space.kind = 2))"};
constexpr db::Statement kSpace{
    "SELECT id FROM space WHERE id = $1 AND (removed_at IS NULL OR kind = 2)"};
constexpr db::Statement kChargeNew{
    "UPDATE account SET used = used + $2"
    " WHERE id = $1 AND (quota IS NULL OR $2 <= 0 OR used + $2 <= quota)"
    " AND EXISTS (SELECT 1 FROM space WHERE space.id = $3 AND space.removed_at IS NULL"
    " AND (space.kind <> 2 OR EXISTS (SELECT 1 FROM member"
    " WHERE member.space_id = space.id AND member.account_id = $1)))"};
constexpr db::Statement kLiveSpace{
    "SELECT kind, (SELECT account_id FROM member WHERE space_id = space.id AND account_id = $2)"
    " FROM space WHERE id = $1 AND removed_at IS NULL"};
constexpr db::Statement kGiveBack{"UPDATE account SET used = used - $2 WHERE id = $1"};

constexpr db::Statement kAdd{
    "INSERT INTO owner_total (owner_id, kind, files, bytes) VALUES ($1, $2, 1, $3)"
    " ON CONFLICT (owner_id, kind) DO UPDATE"
    " SET files = owner_total.files + 1, bytes = owner_total.bytes + excluded.bytes"};
constexpr db::Statement kSubtract{
    "UPDATE owner_total SET files = files - 1, bytes = bytes - $3"
    " WHERE owner_id = $1 AND kind = $2"};

Allowance allowance_from(const db::Row& row) {
  Allowance allowance{.left = {}, .is_guests = row.integer(2) != 0};
  if (const auto quota = row.optional_integer(0)) {
    allowance.left = static_cast<std::uint64_t>(std::max<std::int64_t>(*quota - row.integer(1), 0));
  }
  return allowance;
}

}  // namespace

Task<std::optional<Allowance>> find_allowance(db::Transaction& transaction, AccountId owner) {
  co_return co_await transaction.find(kQuota, allowance_from, owner);
}

Task<Result<void>> charge(db::Transaction& transaction, AccountId owner, SpaceId space,
                          std::int64_t bytes) {
  const auto charged = co_await transaction.execute(kCharge, owner, bytes, space);
  if (charged > 0) co_return Result<void>{};
  const auto found = co_await transaction.find(
      kSpace, [](const db::Row& row) { return row.integer(0); }, space);
  if (!found) co_return fail(FailureCode::kNotFound, "there is no such space");
  co_return quota_exceeded();
}

Task<Result<void>> charge_new(db::Transaction& transaction, AccountId owner, SpaceId space,
                              std::int64_t bytes) {
  const auto charged = co_await transaction.execute(kChargeNew, owner, bytes, space);
  if (charged > 0) co_return Result<void>{};
  const auto closed = co_await transaction.find(
      kLiveSpace,
      [](const db::Row& row) {
        return static_cast<SpaceKind>(row.integer(0)) == SpaceKind::kGroup && row.is_null(1);
      },
      space, owner);
  if (!closed) co_return fail(FailureCode::kNotFound, "there is no such space");
  if (*closed) co_return fail(FailureCode::kForbidden, "you are not in the group");
  co_return quota_exceeded();
}

Task<void> give_back(db::Transaction& transaction, AccountId owner, std::uint64_t bytes) {
  co_await transaction.execute(kGiveBack, owner, bytes);
}

Task<void> add_to_total(db::Transaction& transaction, const Entry& entry) {
  co_await transaction.execute(kAdd, entry.owner, entry.type.kind, entry.size);
}

Task<void> subtract_from_total(db::Transaction& transaction, const Entry& entry) {
  co_await transaction.execute(kSubtract, entry.owner, entry.type.kind, entry.size);
}

std::unexpected<Failure> quota_exceeded() {
  return fail(FailureCode::kQuotaExceeded, "there is not enough room left for this file");
}

}  // namespace coffer::vault
