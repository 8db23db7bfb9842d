#include "vault/model/quota.h"

#include <algorithm>

#include "vault/model/sql.h"

namespace coffer::vault {
namespace {

// What the guests' other account is charged, for both have one quota. Follows a term of a sum.
constexpr char kAndOtherGuest[] =
    " + CASE WHEN account.kind = 0 THEN 0 ELSE coalesce((SELECT CAST(sum(other.charged) AS BIGINT)"
    " FROM account AS other WHERE other.kind <> 0 AND other.id <> account.id), 0) END";
constexpr auto kQuotaText =
    sql("SELECT quota, charged", kAndOtherGuest, ", kind <> 0 FROM account WHERE id = $1");
constexpr db::Statement kQuota{kQuotaText.data()};
// The space $4 is asked for in the same breath: it may have gone while the bytes came. A removed
// group's files are their owners' still.
constexpr char kChargeIf[] =
    "UPDATE account SET used = used + $2, charged = charged + $3"
    " WHERE id = $1 AND (quota IS NULL OR CAST($3 AS BIGINT) <= 0 OR charged + $3";
constexpr char kFits[] = " <= quota)";
constexpr char kInSpace[] = " AND EXISTS (SELECT 1 FROM space WHERE space.id = $4";
constexpr auto kChargeAccountText = sql(kChargeIf, kAndOtherGuest, kFits);
constexpr db::Statement kChargeAccount{kChargeAccountText.data()};
constexpr auto kChargeText = sql(kChargeIf, kAndOtherGuest, kFits, kInSpace,
                                 " AND (space.removed_at IS NULL OR space.kind = 2))");
constexpr db::Statement kCharge{kChargeText.data()};
constexpr db::Statement kSpace{
    "SELECT id FROM space WHERE id = $1 AND (removed_at IS NULL OR kind = 2)"};
constexpr auto kChargeNewText =
    sql(kChargeIf, kAndOtherGuest, kFits, kInSpace,
        " AND space.removed_at IS NULL AND (space.kind <> 2 OR EXISTS (SELECT 1 FROM member"
        " WHERE member.space_id = space.id AND member.account_id = $1)))");
constexpr db::Statement kChargeNew{kChargeNewText.data()};
constexpr db::Statement kLiveSpace{
    "SELECT kind, (SELECT account_id FROM member WHERE space_id = space.id AND account_id = $2)"
    " FROM space WHERE id = $1 AND removed_at IS NULL"};
constexpr db::Statement kGiveBack{
    "UPDATE account SET used = used - $2, charged = charged - $3 WHERE id = $1"};

// The folder $2, and those above it up to the space itself, whose number among them is 0.
constexpr char kFromFolderUp[] =
    "WITH RECURSIVE above (id) AS (SELECT CAST($2 AS BIGINT) UNION"
    " SELECT e.parent_id FROM above JOIN entry AS e ON e.id = above.id)";
constexpr char kInsertTotal[] =
    "INSERT INTO tree_total (space_id, folder_id, owner_id, kind, files, bytes, charged) ";
constexpr char kOrAdd[] =
    " ON CONFLICT (space_id, folder_id, owner_id, kind) DO UPDATE"
    " SET files = tree_total.files + excluded.files, bytes = tree_total.bytes + excluded.bytes,"
    " charged = tree_total.charged + excluded.charged";
constexpr char kSubtractTotal[] =
    "UPDATE tree_total SET files = files - $5, bytes = bytes - $6, charged = charged - $7"
    " WHERE space_id = $1 AND owner_id = $3 AND kind = $4 AND folder_id ";

// Most files lie in no folder: one row, which is found without going up.
constexpr auto kAddToSpaceText = sql(kInsertTotal, "VALUES ($1, $2, $3, $4, $5, $6, $7)", kOrAdd);
constexpr db::Statement kAddToSpace{kAddToSpaceText.data()};
constexpr auto kAddFromFolderUpText =
    sql(kInsertTotal, kFromFolderUp,
        " SELECT $1, above.id, $3, $4, $5, $6, $7 FROM above WHERE true", kOrAdd);
constexpr db::Statement kAddFromFolderUp{kAddFromFolderUpText.data()};
constexpr auto kSubtractFromSpaceText = sql(kSubtractTotal, "= $2");
constexpr db::Statement kSubtractFromSpace{kSubtractFromSpaceText.data()};
constexpr auto kSubtractFromFolderUpText =
    sql(kFromFolderUp, " ", kSubtractTotal, "IN (SELECT id FROM above)");
constexpr db::Statement kSubtractFromFolderUp{kSubtractFromFolderUpText.data()};

Allowance allowance_from(const db::Row& row) {
  Allowance allowance{.left = {}, .is_guests = row.integer(2) != 0};
  if (const auto quota = row.optional_integer(0)) {
    allowance.left = static_cast<std::uint64_t>(std::max<std::int64_t>(*quota - row.integer(1), 0));
  }
  return allowance;
}

}  // namespace

std::uint64_t text_charge(const Entry& entry) noexcept {
  std::uint64_t bytes = entry.name.size();
  if (entry.title) bytes += entry.title->size();
  if (entry.description) bytes += entry.description->size();
  for (const std::string& tag : entry.tags) bytes += tag.size();
  return bytes;
}

std::uint64_t charge_of(const Entry& entry) noexcept {
  return entry.size + kEntryCharge + text_charge(entry);
}

Cost cost_of(const Entry& entry) noexcept {
  return {.bytes = static_cast<std::int64_t>(entry.size),
          .charged = static_cast<std::int64_t>(entry.charged)};
}

Cost cost_of_space(std::string_view name) noexcept {
  return {.charged = static_cast<std::int64_t>(kEntryCharge + name.size())};
}

Cost cost_of_secrets(std::uint64_t count) noexcept {
  return {.charged = static_cast<std::int64_t>(count * kSecretCharge)};
}

Task<std::optional<Allowance>> find_allowance(db::Transaction& transaction, AccountId owner) {
  co_return co_await transaction.find(kQuota, allowance_from, owner);
}

Task<Result<void>> charge(db::Transaction& transaction, AccountId owner, SpaceId space, Cost cost) {
  if (cost.charged > 0) transaction.require_space();
  const auto charged =
      co_await transaction.execute(kCharge, owner, cost.bytes, cost.charged, space);
  if (charged > 0) co_return Result<void>{};
  const auto found = co_await transaction.find(
      kSpace, [](const db::Row& row) { return row.integer(0); }, space);
  if (!found) co_return fail(FailureCode::kNotFound, "there is no such space");
  co_return quota_exceeded();
}

Task<Result<void>> charge_new(db::Transaction& transaction, AccountId owner, SpaceId space,
                              Cost cost) {
  if (cost.charged > 0) transaction.require_space();
  const auto charged =
      co_await transaction.execute(kChargeNew, owner, cost.bytes, cost.charged, space);
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

Task<Result<void>> charge_account(db::Transaction& transaction, AccountId owner, Cost cost) {
  if (cost.charged > 0) transaction.require_space();
  const auto charged =
      co_await transaction.execute(kChargeAccount, owner, cost.bytes, cost.charged);
  if (charged > 0) co_return Result<void>{};
  const auto known = co_await find_allowance(transaction, owner);
  if (!known) co_return fail(FailureCode::kNotFound, "there is no such account");
  co_return quota_exceeded();
}

Task<void> give_back(db::Transaction& transaction, AccountId owner, Cost cost) {
  co_await transaction.execute(kGiveBack, owner, cost.bytes, cost.charged);
}

Tally tally_of(const Entry& entry) {
  return {.owner = entry.owner, .kind = entry.type.kind, .files = 1, .cost = cost_of(entry)};
}

Task<void> add_to_totals(db::Transaction& transaction, const ParentRef& place, const Tally& tally) {
  co_await transaction.execute(place.folder ? kAddFromFolderUp : kAddToSpace, place.space,
                               place.folder.value_or(EntryId{}), tally.owner, tally.kind,
                               tally.files, tally.cost.bytes, tally.cost.charged);
}

Task<void> subtract_from_totals(db::Transaction& transaction, const ParentRef& place,
                                const Tally& tally) {
  co_await transaction.execute(place.folder ? kSubtractFromFolderUp : kSubtractFromSpace,
                               place.space, place.folder.value_or(EntryId{}), tally.owner,
                               tally.kind, tally.files, tally.cost.bytes, tally.cost.charged);
}

Task<void> add_to_totals(db::Transaction& transaction, const Entry& entry) {
  co_await add_to_totals(transaction, {.space = entry.space, .folder = entry.parent},
                         tally_of(entry));
}

Task<void> subtract_from_totals(db::Transaction& transaction, const Entry& entry) {
  co_await subtract_from_totals(transaction, {.space = entry.space, .folder = entry.parent},
                                tally_of(entry));
}

std::unexpected<Failure> quota_exceeded() {
  return fail(
      FailureCode::kQuotaExceeded,
      "there is not enough room left in the quota, in which what lies in the trash counts too");
}

}  // namespace coffer::vault
