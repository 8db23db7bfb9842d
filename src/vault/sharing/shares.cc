#include "vault/sharing/shares.h"

#include <utility>

#include "base/text.h"
#include "vault/events/events.h"
#include "vault/model/sql.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

// Shared still, at $2, by somebody who may.
constexpr char kIsShared[] =
    " AND (share_expires_at IS NULL OR share_expires_at > $2)"
    " AND EXISTS (SELECT 1 FROM account a WHERE a.id = entry.owner_id AND a.disabled_at IS NULL)";

constexpr auto kFindText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE share = $1", kIsShared, kIsLive);
constexpr db::Statement kFind{kFindText.data()};

constexpr auto kFindUnderText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE uuid = $1 AND CAST($2 AS BIGINT) IN"
        " (WITH RECURSIVE above (id) AS (SELECT entry.parent_id UNION"
        " SELECT e.parent_id FROM above JOIN entry AS e ON e.id = above.id)"
        " SELECT id FROM above)");
constexpr db::Statement kFindUnder{kFindUnderText.data()};

constexpr auto kFindFileText = sql(
    "SELECT ", kEntryColumns, " FROM entry WHERE uuid = $1 AND is_folder = 0", kIsShared, kIsLive);
constexpr db::Statement kFindFile{kFindFileText.data()};

constexpr auto kRotateText =
    sql("UPDATE entry SET share = $3, updated_at = $4 WHERE id = $1 AND owner_id = $2", kIsLive,
        " RETURNING ", kEntryColumns);
constexpr db::Statement kRotate{kRotateText.data()};

constexpr auto kSetExpiryText =
    sql("UPDATE entry SET share_expires_at = $3, updated_at = $4 WHERE id = $1 AND owner_id = $2",
        kIsLive, " RETURNING ", kEntryColumns);
constexpr db::Statement kSetExpiry{kSetExpiryText.data()};

std::unexpected<Failure> nothing_shared() {
  return fail(FailureCode::kNotFound, "nothing is shared under this token");
}

std::unexpected<Failure> no_such_entry() {
  return fail(FailureCode::kNotFound, "there is no such file or folder");
}

}  // namespace

Task<Result<Entry>> Shares::find(Uuid token) {
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(kFind, entry_from, token, now);
  };
  auto entry = co_await context_.database.read(body);
  if (!entry) co_return nothing_shared();
  co_return std::move(*entry);
}

Task<Result<Entry>> Shares::find_under(Uuid token, Uuid wanted) {
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    auto shared = co_await tx.find(kFind, entry_from, token, now);
    if (!shared || shared->uuid == wanted) co_return shared;
    if (!shared->is_folder()) co_return std::nullopt;
    co_return co_await tx.find(kFindUnder, entry_from, wanted, shared->id);
  };
  auto entry = co_await context_.database.read(body);
  if (!entry) co_return nothing_shared();
  co_return std::move(*entry);
}

Task<Result<Entry>> Shares::find_file(Uuid uuid) {
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(kFindFile, entry_from, uuid, now);
  };
  auto entry = co_await context_.database.read(body);
  if (!entry) co_return no_such_entry();
  co_return std::move(*entry);
}

Task<Result<Entry>> Shares::rotate(Actor actor, EntryId id) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    const Time now = context_.clock.now();
    const Uuid token = make_token(now, context_.entropy);
    auto entry = co_await tx.find(kRotate, entry_from, id, owner, token, now);
    if (!entry) co_return no_such_entry();
    const Event event = event_about(*entry, EventType::kEntryUpdated, owner);
    co_await append_event(tx, now, event);
    co_return std::move(*entry);
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Entry>> Shares::set_expiry(Actor actor, EntryId id, std::optional<Time> expires_at) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    const Time now = context_.clock.now();
    auto entry = co_await tx.find(kSetExpiry, entry_from, id, owner, expires_at, now);
    if (!entry) co_return no_such_entry();
    const Event event = event_about(*entry, EventType::kEntryUpdated, owner);
    co_await append_event(tx, now, event);
    co_return std::move(*entry);
  };
  co_return co_await context_.database.write(actor, body);
}

}  // namespace coffer::vault
