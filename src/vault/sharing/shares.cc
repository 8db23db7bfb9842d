#include "vault/sharing/shares.h"

#include <utility>

#include "base/text.h"
#include "vault/events/events.h"
#include "vault/model/sql.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/public_object_rows.h"
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

constexpr auto kFindByIdText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1", kIsShared, kIsLive);
constexpr db::Statement kFindById{kFindByIdText.data()};

// Goes on behind the conditions of a statement about `entry`: it lies below the folder $2.
constexpr char kIsBelow[] =
    " AND CAST($2 AS BIGINT) IN"
    " (WITH RECURSIVE above (id) AS (SELECT entry.parent_id UNION"
    " SELECT e.parent_id FROM above JOIN entry AS e ON e.id = above.id)"
    " SELECT id FROM above)";

constexpr auto kFindBelowText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1", kIsBelow);
constexpr db::Statement kFindBelow{kFindBelowText.data()};

constexpr auto kFindUuidBelowText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE uuid = $1", kIsBelow);
constexpr db::Statement kFindUuidBelow{kFindUuidBelowText.data()};

constexpr auto kFindMediaText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE uuid = $1 AND share_generation = 0",
        " AND is_folder = 0", kIsShared, kIsLive);
constexpr db::Statement kFindMedia{kFindMediaText.data()};

constexpr auto kFindRenewedMediaText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE share = $1 AND share_generation > 0",
        " AND is_folder = 0", kIsShared, kIsLive);
constexpr db::Statement kFindRenewedMedia{kFindRenewedMediaText.data()};

constexpr auto kFindOwnText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1 AND owner_id = $2", kIsLive);
constexpr db::Statement kFindOwn{kFindOwnText.data()};

constexpr db::Statement kRotate{
    "UPDATE entry SET share = $2, share_generation = $3, updated_at = $4 WHERE id = $1"};

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

Entry Shares::for_reader(const ShareRef& share, Entry entry) const {
  if (entry.id == share.entry) return entry;
  entry.uuid = entry.share = cipher_->derived_token(share.entry, share.token, entry.id);
  entry.share_expires_at.reset();
  return entry;
}

Task<std::optional<SharedEntry>> Shares::look_up(db::Transaction& transaction, Uuid token,
                                                 Time now) {
  const auto link = cipher_->read_derived_token(token);
  if (!link) {
    auto entry = co_await transaction.find(kFind, entry_from, token, now);
    if (!entry) co_return std::nullopt;
    const ShareRef share{entry->id, token};
    co_return SharedEntry{std::move(*entry), share};
  }
  const auto shared = co_await transaction.find(kFindById, entry_from, link->shared, now);
  if (!shared || LinkCipher::check_of(shared->share) != link->check) co_return std::nullopt;
  auto entry = co_await transaction.find(kFindBelow, entry_from, link->entry, shared->id);
  if (!entry) co_return std::nullopt;
  co_return SharedEntry{std::move(*entry), {shared->id, shared->share}};
}

Task<Result<SharedEntry>> Shares::find(Uuid token) {
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<std::optional<SharedEntry>> {
    auto found = co_await look_up(tx, token, now);
    co_return found;
  };
  auto found = co_await context_.database.read(body);
  if (!found) co_return nothing_shared();
  found->entry = for_reader(found->share, std::move(found->entry));
  co_return std::move(*found);
}

Task<Result<SharedEntry>> Shares::find_under(Uuid token, Uuid ref) {
  const Time now = context_.clock.now();
  const auto link = cipher_->read_derived_token(ref);
  auto body = [&](db::Transaction& tx) -> Task<std::optional<SharedEntry>> {
    auto shared = co_await look_up(tx, token, now);
    if (!shared || ref == token || (!link && shared->entry.uuid == ref)) co_return shared;
    if (!shared->entry.is_folder()) co_return std::nullopt;
    const EntryId folder = shared->entry.id;
    if (!link) {
      auto entry = co_await tx.find(kFindUuidBelow, entry_from, ref, folder);
      if (!entry) co_return std::nullopt;
      co_return SharedEntry{std::move(*entry), shared->share};
    }
    const bool is_of_share = link->shared == shared->share.entry &&
                             link->check == LinkCipher::check_of(shared->share.token);
    if (!is_of_share) co_return std::nullopt;
    auto entry = co_await tx.find(kFindBelow, entry_from, link->entry, folder);
    if (!entry) co_return std::nullopt;
    co_return SharedEntry{std::move(*entry), shared->share};
  };
  auto found = co_await context_.database.read(body);
  if (!found) co_return nothing_shared();
  found->entry = for_reader(found->share, std::move(found->entry));
  co_return std::move(*found);
}

Task<Result<Entry>> Shares::find_media(Uuid uuid) {
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    const db::Statement& statement = is_token(uuid) ? kFindRenewedMedia : kFindMedia;
    co_return co_await tx.find(statement, entry_from, uuid, now);
  };
  auto entry = co_await context_.database.read(body);
  if (!entry) co_return no_such_entry();
  co_return std::move(*entry);
}

Task<Result<Entry>> renew_links(db::Transaction& transaction, AccountId owner, EntryId id, Time now,
                                Entropy& entropy) {
  auto entry = co_await transaction.find(kFindOwn, entry_from, id, owner);
  if (!entry) co_return no_such_entry();
  entry->share = make_token(now, entropy);
  ++entry->share_generation;
  entry->updated_at = now;
  co_await transaction.execute(kRotate, id, entry->share, entry->share_generation, now);
  co_await drop_public_object(transaction, id);
  const Event event = event_about(*entry, EventType::kEntryUpdated, owner);
  co_await append_event(transaction, now, event);
  co_return std::move(*entry);
}

Task<Result<Entry>> Shares::rotate(Actor actor, EntryId id) {
  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    auto renewed =
        co_await renew_links(tx, actor.account(), id, context_.clock.now(), context_.entropy);
    co_return renewed;
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Entry>> Shares::set_expiry(Actor actor, EntryId id, std::optional<Time> expires_at) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    const Time now = context_.clock.now();
    auto entry = co_await tx.find(kSetExpiry, entry_from, id, owner, expires_at, now);
    if (!entry) co_return no_such_entry();
    // The store does not know when it is to end.
    if (expires_at) co_await drop_public_object(tx, id);
    const Event event = event_about(*entry, EventType::kEntryUpdated, owner);
    co_await append_event(tx, now, event);
    co_return std::move(*entry);
  };
  co_return co_await context_.database.write(actor, body);
}

}  // namespace coffer::vault
