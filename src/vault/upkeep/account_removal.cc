#include "vault/upkeep/account_removal.h"

#include <optional>
#include <string>

#include "vault/model/idempotency_rows.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/model/step_time.h"
#include "vault/transfer/file_rows.h"
#include "vault/tree/collections.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/share_link_rows.h"
#include "vault/tree/spaces.h"
#include "vault/tree/tree.h"
#include "vault/upkeep/trash.h"

namespace coffer::vault {
namespace {

constexpr db::Statement kHome{
    "SELECT home_id FROM account WHERE id = $1 AND kind = 0 AND removal = 0"};
constexpr db::Statement kIfProved{
    "SELECT home_id, username, email, updated_at FROM account WHERE id = $1 AND kind = 0 AND "
    "removal = 0 AND password = $2"};
// What is left tells nothing of the person.
constexpr db::Statement kClose{
    "UPDATE account SET removal = 1, username = '', email = NULL, password = '', is_admin = 0,"
    " disabled_at = $2, quota = NULL, updated_at = $2 WHERE id = $1"};
constexpr db::Statement kDropLogins{"DELETE FROM login WHERE account_id = $1"};
constexpr db::Statement kDropSessions{"DELETE FROM session WHERE account_id = $1"};
// Those of buckets go with the buckets.
constexpr db::Statement kDropKeys{"DELETE FROM api_key WHERE account_id = $1 AND kind <> 2"};
// URLs are ASCII.
constexpr db::Statement kWebhookUrls{
    "SELECT count(*), coalesce(sum(length(url)), 0) FROM webhook WHERE account_id = $1"};
constexpr db::Statement kDropWebhooks{"DELETE FROM webhook WHERE account_id = $1"};
constexpr db::Statement kLeaveGroups{
    "DELETE FROM member WHERE account_id = $1"
    " AND space_id NOT IN (SELECT id FROM space WHERE owner_id = $1)"};
constexpr db::Statement kExpireUploads{
    "UPDATE multipart SET expires_at = $2"
    " WHERE owner_id = $1 AND expires_at > $2"};
constexpr db::Statement kRemoveHome{
    "UPDATE space SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL"};

constexpr db::Statement kNext{"SELECT id FROM account WHERE removal = 1 ORDER BY id LIMIT 1"};
constexpr db::Statement kSpaces{
    "SELECT id, kind, coalesce(name, '') FROM space WHERE owner_id = $1 AND removed_at IS NULL"
    " LIMIT $2"};
constexpr auto kEntriesText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE owner_id = $1 LIMIT $2");
constexpr db::Statement kEntries{kEntriesText.data()};
constexpr db::Statement kFinish{"UPDATE account SET removal = 2 WHERE id = $1"};

struct OwnSpace {
  SpaceId id;
  SpaceKind kind;
  std::string name;
};

OwnSpace space_from(const db::Row& row) {
  return {.id = row.id<SpaceId>(0),
          .kind = static_cast<SpaceKind>(row.integer(1)),
          .name = std::string(row.text(2))};
}

Cost cost_of_webhooks(const db::Row& row) {
  return {.charged = row.integer(0) * static_cast<std::int64_t>(kEntryCharge) + row.integer(1)};
}

SpaceId home_from(const db::Row& row) { return row.id<SpaceId>(0); }

// What state_tag() and the removal need of it.
Account account_from(AccountId id, const db::Row& row) {
  Account account;
  account.id = id;
  account.home = row.id<SpaceId>(0);
  account.username = row.text(1);
  account.email = row.optional_text(2);
  account.updated_at = row.time(3);
  return account;
}

// What is to be done at once.
Task<void> close_account(db::Transaction& tx, AccountId account, SpaceId home, Time now) {
  co_await tx.execute(kClose, account, now);
  co_await tx.execute(kDropLogins, account);
  co_await tx.execute(kDropSessions, account);
  const auto keys = co_await tx.execute(kDropKeys, account);
  co_await give_back(tx, account, cost_of_secrets(keys));
  const auto webhooks = co_await tx.find(kWebhookUrls, cost_of_webhooks, account);
  co_await tx.execute(kDropWebhooks, account);
  co_await give_back(tx, account, webhooks.value());
  co_await drop_idempotency_keys(tx, account);
  co_await tx.execute(kLeaveGroups, account);
  co_await tx.execute(kExpireUploads, account, now);
  co_await tx.execute(kRemoveHome, home, now);
  co_await empty_trash(tx, account);
  co_await remove_contents(tx, home, account);
}

}  // namespace

Task<Result<void>> AccountRemoval::remove(AccountId account) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto home = co_await tx.find(kHome, home_from, account);
    if (!home) co_return fail(FailureCode::kNotFound, "there is no such account");
    co_await close_account(tx, account, *home, context_.clock.now());
    co_return Result<void>{};
  };
  const auto removed = co_await context_.database.write(Actor::System{}, body);
  if (removed) context_.removed->call();
  co_return removed;
}

Task<Result<void>> AccountRemoval::remove_own(Actor actor, std::string password_hash,
                                              Precondition precondition) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto map = [&](const db::Row& row) { return account_from(actor.account(), row); };
    const auto account = co_await tx.find(kIfProved, map, actor.account(), password_hash);
    if (!account) {
      co_return fail(FailureCode::kBusy,
                     "the password is being changed, please try again in a moment");
    }
    const auto allowed = check_precondition(precondition, state_tag(*account));
    if (!allowed) co_return allowed;
    co_await close_account(tx, actor.account(), account->home, context_.clock.now());
    co_return Result<void>{};
  };
  const auto removed = co_await context_.database.write(actor, body);
  if (removed) context_.removed->call();
  co_return removed;
}

Task<bool> clear_account(db::Transaction& transaction, std::size_t limit, Time now) {
  const StepTime time;
  const auto account =
      co_await transaction.find(kNext, [](const db::Row& row) { return row.id<AccountId>(0); });
  if (!account) co_return false;
  // Before its files and collections: each of them would have to take its own along.
  while (co_await drop_some_share_links(transaction, *account, limit)) {
    if (time.is_over()) co_return true;
  }
  // The same.
  while (co_await remove_some_collection(transaction, *account, now)) {
    if (time.is_over()) co_return true;
  }
  const bool had_trash = co_await clear_trash(transaction, *account, limit, now);
  if (had_trash) co_return true;
  const auto spaces = co_await transaction.all(kSpaces, space_from, *account, limit);
  for (const OwnSpace& space : spaces) {
    co_await remove_space(transaction, space.id, *account, space.name, now);
    // The files of a group are other people's too: Groups::return_files().
    if (space.kind != SpaceKind::kGroup) co_await remove_contents(transaction, space.id, *account);
    if (time.is_over()) co_return true;
  }
  if (!spaces.empty()) co_return true;
  // Those that it uploaded to groups: what was in spaces of its own is gone by now.
  const auto entries = co_await transaction.all(kEntries, entry_from, *account, limit);
  for (const Entry& entry : entries) {
    if (entry.is_folder()) {
      // Others of the list may lie in it.
      co_await remove_folder(transaction, entry, *account, now);
      co_return true;
    }
    co_await remove_file(transaction, entry, *account, now);
    if (time.is_over()) co_return true;
  }
  if (entries.empty()) {
    co_await forget_trash(transaction, *account);
    co_await transaction.execute(kFinish, *account);
  }
  co_return true;
}

}  // namespace coffer::vault
