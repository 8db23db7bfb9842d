#include "base/text.h"
#include "vault/identity/account_rows.h"
#include "vault/identity/accounts.h"
#include "vault/model/sql.h"

namespace coffer::vault {
namespace {

constexpr auto kFindText =
    sql("SELECT ", kAccountColumns, " FROM account a WHERE a.kind <> 0 AND a.kind = $1");
constexpr db::Statement kFind{kFindText.data()};

// No password's hash, and no login leads here.
constexpr db::Statement kInsert{
    "INSERT INTO account (uuid, username, password, is_admin, home_id, quota, created_at,"
    " updated_at, kind) VALUES ($1, $2, '', 0, 0, $3, $4, $4, $5)"};
constexpr db::Statement kInsertSpace{
    "INSERT INTO space (owner_id, kind, created_at) VALUES ($1, $2, $3)"};
constexpr db::Statement kSetHome{"UPDATE account SET home_id = $2 WHERE id = $1"};
constexpr db::Statement kSetQuota{"UPDATE account SET quota = $2, updated_at = $3 WHERE id = $1"};

template <class IdType>
IdType id_from(const db::Row& row) {
  return row.id<IdType>(0);
}

}  // namespace

Task<Account> Accounts::guest() { return find_guest(AccountKind::kGuest); }

Task<Account> Accounts::unlisted_guest() { return find_guest(AccountKind::kUnlistedGuest); }

Task<Account> Accounts::find_guest(AccountKind kind) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<Account>> {
    co_return co_await tx.find(kFind, account_from, kind);
  };
  auto found = co_await context_.database.read(look);
  const std::optional<std::uint64_t> quota = context_.policy.guest_quota;
  if (found && found->quota == quota) co_return std::move(*found);

  const Time now = context_.clock.now();
  const Uuid uuid = Uuid::make(now, context_.entropy);
  auto body = [&](db::Transaction& tx) -> Task<Account> {
    const auto known = co_await tx.find(kFind, account_from, kind);
    if (known) {
      co_await tx.execute(kSetQuota, known->id, quota, now);
    } else {
      const auto id = co_await tx.insert<AccountId>(kInsert, uuid, kGuestName, quota, now, kind);
      const auto home =
          co_await tx.insert<SpaceId>(kInsertSpace, id.value(), SpaceKind::kGuest, now);
      co_await tx.execute(kSetHome, id.value(), home.value());
    }
    const auto account = co_await tx.find(kFind, account_from, kind);
    co_return account.value();
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

}  // namespace coffer::vault
