#include "vault/upkeep/trash.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/text.h"
#include "vault/events/events.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/model/step_time.h"
#include "vault/transfer/file_rows.h"
#include "vault/tree/asset_rows.h"
#include "vault/tree/entries.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/keys.h"
#include "vault/tree/media_rows.h"
#include "vault/tree/search_index.h"

namespace coffer::vault {
namespace {

constexpr std::uint64_t kDeep = 1000;  // rows to pass over: above, off the serving core

constexpr auto kPutText = sql("INSERT INTO trash (", kKeptEntryColumns, ", deleted_at) SELECT ",
                              kKeptEntryColumns, ", CAST($2 AS BIGINT) FROM entry WHERE id = $1");
constexpr db::Statement kPut{kPutText.data()};
constexpr db::Statement kForget{"DELETE FROM trash WHERE id = $1"};
constexpr db::Statement kPlace{
    "UPDATE trash SET share = $2, share_generation = $3, space_id = $4, parent_id = $5, key = $6,"
    " updated_at = $7 WHERE id = $1"};
constexpr auto kRestoreText =
    sql("INSERT INTO entry (", kKeptEntryColumns,
        ", is_folder, levels, search, taken_at, dated_at) SELECT ", kKeptEntryColumns,
        ", 0, 0, $2, $3, CASE WHEN kind <= 2 THEN coalesce(CAST($3 AS BIGINT), created_at) END"
        " FROM trash WHERE id = $1");
constexpr db::Statement kRestore{kRestoreText.data()};

// Follows a condition about the account $1: it was not emptied away.
constexpr char kIsThere[] =
    " AND deleted_at > coalesce((SELECT emptied_through FROM trash_total AS t"
    " WHERE t.owner_id = $1), 0)";
constexpr auto kFindText = sql("SELECT ", kEntryColumns,
                               ", deleted_at FROM trash WHERE owner_id = $1 AND id = $2", kIsThere);
constexpr db::Statement kFind{kFindText.data()};
constexpr auto kFindByUuidText =
    sql("SELECT ", kEntryColumns, ", deleted_at FROM trash WHERE owner_id = $1 AND uuid = $2",
        kIsThere);
constexpr db::Statement kFindByUuid{kFindByUuidText.data()};
constexpr auto kListText =
    sql("SELECT ", kEntryColumns, ", deleted_at FROM trash WHERE owner_id = $1", kIsThere,
        " AND (deleted_at, id) < ($2, $3) ORDER BY deleted_at DESC, id DESC LIMIT $4 OFFSET $5");
constexpr db::Statement kList{kListText.data()};

constexpr db::Statement kTotal{
    "SELECT files, bytes, charged, emptied_through FROM trash_total WHERE owner_id = $1"};
constexpr db::Statement kAdd{
    "INSERT INTO trash_total (owner_id, files, bytes, charged) VALUES ($1, 1, $2, $3)"
    " ON CONFLICT (owner_id) DO UPDATE SET files = trash_total.files + 1,"
    " bytes = trash_total.bytes + $2, charged = trash_total.charged + $3"};
constexpr db::Statement kSubtract{
    "UPDATE trash_total SET files = files - 1, bytes = bytes - $2, charged = charged - $3"
    " WHERE owner_id = $1"};
constexpr db::Statement kEmpty{
    "UPDATE trash_total SET files = 0, bytes = 0, charged = 0, clearing = 1,"
    " emptied_through = (SELECT max(deleted_at) FROM trash WHERE trash.owner_id = $1)"
    " WHERE owner_id = $1"};
constexpr db::Statement kForgetTotal{"DELETE FROM trash_total WHERE owner_id = $1"};

constexpr db::Statement kClearing{
    "SELECT owner_id FROM trash_total WHERE clearing = 1 ORDER BY owner_id LIMIT 1"};
constexpr auto kEmptiedText =
    sql("SELECT ", kEntryColumns, " FROM trash WHERE owner_id = $1 AND deleted_at <=",
        " (SELECT emptied_through FROM trash_total AS t WHERE t.owner_id = $1) LIMIT $2");
constexpr db::Statement kEmptied{kEmptiedText.data()};
constexpr db::Statement kCleared{"UPDATE trash_total SET clearing = 0 WHERE owner_id = $1"};
constexpr auto kExpiredText = sql(
    "SELECT ", kEntryColumns, " FROM trash WHERE deleted_at <= $1 ORDER BY deleted_at LIMIT $2");
constexpr db::Statement kExpired{kExpiredText.data()};

constexpr db::Statement kHome{"SELECT home_id FROM account WHERE id = $1"};

TrashedFile trashed_from(const db::Row& row) {
  return {.file = entry_from(row), .deleted_at = row.time(kEntryWidth)};
}

std::size_t text_bytes_of(const TrashedFile& trashed) { return trashed.file.text_bytes(); }

AccountId account_id_from(const db::Row& row) { return row.id<AccountId>(0); }

struct Totals {
  TrashTotal total;
  Time emptied_through;
};

Totals totals_from(const db::Row& row) {
  return {.total = {.files = static_cast<std::uint64_t>(row.integer(0)),
                    .bytes = static_cast<std::uint64_t>(row.integer(1)),
                    .charged = static_cast<std::uint64_t>(row.integer(2))},
          .emptied_through = row.time(3)};
}

std::unexpected<Failure> not_in_trash() {
  return fail(FailureCode::kNotFound, "there is no such file in the trash");
}

// The row and its bytes, with the event. Not what it counts.
Task<void> clear_row(db::Transaction& tx, const Entry& file, AccountId caller, Time now) {
  co_await tx.execute(kForget, file.id);
  co_await drop_asset(tx, file);
  co_await drop_bytes(tx, file, now);
  const Event event = event_about(file, EventType::kEntryPurged, caller);
  co_await append_event(tx, now, event);
}

Task<void> remove_row(db::Transaction& tx, const Entry& file, AccountId caller, Time now) {
  co_await give_back(tx, file.owner, cost_of(file));
  co_await tx.execute(kSubtract, file.owner, file.size, file.charged);
  co_await clear_row(tx, file, caller, now);
}

// Where the file lay, if its owner may still put something there; else the owner's home.
Task<ParentRef> place_for(db::Transaction& tx, const Entry& file) {
  const auto allowed = co_await charge_new(tx, file.owner, file.space, {});
  if (allowed) {
    const auto place = co_await find_place(tx, file.space, file.parent);
    if (place) co_return *place;
  }
  const auto home = co_await tx.find(
      kHome, [](const db::Row& row) { return row.id<SpaceId>(0); }, file.owner);
  co_return ParentRef{.space = home.value()};
}

// As an entry again, where `file` says.
Task<void> put_back(db::Transaction& tx, const Entry& file, Time now) {
  co_await tx.execute(kPlace, file.id, file.share, file.share_generation, file.space,
                      file.parent.value_or(EntryId{}), as_bytes(file.key), file.updated_at);
  const std::string search = search_column(file);
  std::optional<Time> taken_at;
  if (file.checksum) {
    const auto known = co_await want_media(tx, *file.checksum, file.type, file.owner, now);
    taken_at = known.taken_at;
  }
  co_await tx.execute(kRestore, file.id, search, taken_at);
  co_await note_returned(tx, file.id);
  co_await tx.execute(kForget, file.id);
  co_await tx.execute(kSubtract, file.owner, file.size, file.charged);
  co_await insert_tags(tx, file);
  co_await add_to_totals(tx, file);
  const Event event = event_about(file, EventType::kEntryRestored, file.owner);
  co_await append_event(tx, now, event);
}

}  // namespace

Time Trash::restorable_until(Time deleted_at) const {
  return deleted_at + context_.policy.trash_retention;
}

Task<Result<std::optional<Time>>> Trash::put(Actor actor, EntryId id, Precondition precondition) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<std::optional<Time>>> {
    const auto file = co_await find_file(tx, owner, id);
    if (!file) co_return no_such_file();
    auto allowed = co_await check_state(tx, *file, precondition);
    if (!allowed) co_return std::unexpected(std::move(allowed.error()));
    const Time now = context_.clock.now();
    if (context_.policy.trash_retention.count() == 0) {
      co_await remove_file(tx, *file, owner, now);
      co_return std::optional<Time>();
    }
    // Behind what was emptied away, wherever the clock was then.
    const auto totals = co_await tx.find(kTotal, totals_from, owner);
    Time deleted_at = now;
    if (totals) {
      deleted_at = std::max(now, totals->emptied_through + std::chrono::microseconds(1));
    }
    co_await tx.execute(kPut, id, deleted_at);
    co_await tx.execute(kAdd, owner, file->size, file->charged);
    co_await subtract_from_totals(tx, *file);
    co_await detach_file(tx, *file, owner, now);
    co_return std::optional<Time>(restorable_until(deleted_at));
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<TrashedFile>> Trash::find(AccountId owner, EntryId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<TrashedFile>> {
    co_return co_await tx.find(kFind, trashed_from, owner, id);
  };
  auto found = co_await context_.database.read(body);
  if (!found) co_return not_in_trash();
  co_return std::move(*found);
}

Task<Result<TrashedFile>> Trash::find(AccountId owner, Uuid uuid) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<TrashedFile>> {
    co_return co_await tx.find(kFindByUuid, trashed_from, owner, uuid);
  };
  auto found = co_await context_.database.read(body);
  if (!found) co_return not_in_trash();
  co_return std::move(*found);
}

Task<Page<TrashedFile>> Trash::list(AccountId owner, Cursor before, std::uint64_t skip,
                                    PageLimit limit) {
  auto body = [&](db::Transaction& tx) -> Task<Page<TrashedFile>> {
    co_return co_await read_page(tx, kList, limit, trashed_from, text_bytes_of, owner,
                                 before.deleted_at, before.id, limit.to_fetch(), skip);
  };
  if (skip > kDeep) co_return co_await context_.database.scan(owner.value, body);
  co_return co_await context_.database.read(body);
}

Task<TrashTotal> Trash::total(AccountId owner) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Totals>> {
    co_return co_await tx.find(kTotal, totals_from, owner);
  };
  const auto totals = co_await context_.database.read(body);
  co_return totals ? totals->total : TrashTotal{};
}

Task<Result<Entry>> Trash::restore(Actor actor, EntryId id) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    auto found = co_await tx.find(kFind, trashed_from, owner, id);
    if (!found) co_return not_in_trash();
    const Time now = context_.clock.now();
    Entry& file = found->file;
    const ParentRef place = co_await place_for(tx, file);
    file.space = place.space;
    file.parent = place.folder;
    file.key = key_from_name(file.name, file.type.kind);
    const bool taken = co_await is_taken(tx, place, file.key);
    if (taken) file.key = co_await free_key(tx, place, std::move(file.key));
    file.share = make_token(now, context_.entropy);
    ++file.share_generation;
    file.updated_at = now;
    co_await put_back(tx, file, now);
    co_return std::move(file);
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<void>> Trash::remove(Actor actor, EntryId id) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto found = co_await tx.find(kFind, trashed_from, owner, id);
    if (!found) co_return not_in_trash();
    co_await remove_row(tx, found->file, owner, context_.clock.now());
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<TrashTotal>> Trash::empty(Actor actor) {
  auto body = [&](db::Transaction& tx) -> Task<Result<TrashTotal>> {
    co_return co_await empty_trash(tx, actor.account());
  };
  const auto emptied = co_await context_.database.write(actor, body);
  if (emptied) context_.removed->call();
  co_return emptied;
}

Task<bool> Trash::purge(std::size_t limit) {
  const Time now = context_.clock.now();
  const Time cutoff = now - context_.policy.trash_retention;
  // Nothing is written where there is nothing to do.
  auto look = [&](db::Transaction& tx) -> Task<bool> {
    const auto clearing = co_await tx.find(kClearing, account_id_from);
    if (clearing) co_return true;
    const auto expired = co_await tx.all(kExpired, entry_from, cutoff, std::size_t{1});
    co_return !expired.empty();
  };
  const bool any = co_await context_.database.read(look);
  if (!any) co_return false;
  auto body = [&](db::Transaction& tx) -> Task<bool> {
    // First what no quota counts any more: the rest of what has expired is counted.
    const auto clearing = co_await tx.find(kClearing, account_id_from);
    if (clearing) {
      co_await clear_trash(tx, *clearing, limit, now);
      co_return true;
    }
    const StepTime time;
    const auto expired = co_await tx.all(kExpired, entry_from, cutoff, limit);
    for (const Entry& file : expired) {
      co_await remove_row(tx, file, file.owner, now);
      if (time.is_over()) co_return true;
    }
    co_return expired.size() == limit;
  };
  co_return co_await context_.database.write(Actor::System{}, body);
}

Task<TrashTotal> empty_trash(db::Transaction& transaction, AccountId owner) {
  const auto totals = co_await transaction.find(kTotal, totals_from, owner);
  if (!totals || totals->total.files == 0) co_return TrashTotal{};
  const Cost cost{.bytes = static_cast<std::int64_t>(totals->total.bytes),
                  .charged = static_cast<std::int64_t>(totals->total.charged)};
  co_await give_back(transaction, owner, cost);
  co_await transaction.execute(kEmpty, owner);
  co_return totals->total;
}

Task<bool> clear_trash(db::Transaction& transaction, AccountId owner, std::size_t limit, Time now) {
  const StepTime time;
  const auto files = co_await transaction.all(kEmptied, entry_from, owner, limit);
  for (const Entry& file : files) {
    co_await clear_row(transaction, file, owner, now);
    if (time.is_over()) co_return true;
  }
  if (files.size() < limit) co_await transaction.execute(kCleared, owner);
  co_return !files.empty();
}

Task<void> forget_trash(db::Transaction& transaction, AccountId owner) {
  co_await transaction.execute(kForgetTotal, owner);
}

}  // namespace coffer::vault
