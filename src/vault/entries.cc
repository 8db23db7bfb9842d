#include "vault/entries.h"

#include <utility>

#include "base/text.h"
#include "vault/checks.h"
#include "vault/entry_rows.h"
#include "vault/events.h"
#include "vault/keys.h"
#include "vault/references.h"
#include "vault/sql.h"

namespace coffer::vault {
namespace {

constexpr auto kFindText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1 AND space_id = $2");
constexpr db::Statement kFind{kFindText.data()};

constexpr auto kFindByUuidText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE uuid = $1 AND space_id = $2");
constexpr db::Statement kFindByUuid{kFindByUuidText.data()};

constexpr auto kRemoveText =
    sql("DELETE FROM entry WHERE id = $1 AND space_id = $2 RETURNING ", kEntryColumns, ", blob_id");
constexpr db::Statement kRemove{kRemoveText.data()};

constexpr db::Statement kUpdate{
    "UPDATE entry SET key = $2, name = $3, title = $4, description = $5, tags = $6, search = $7,"
    " updated_at = $8 WHERE id = $1"};
constexpr db::Statement kSubtract{
    "UPDATE space_total SET files = files - 1, bytes = bytes - $3"
    " WHERE space_id = $1 AND kind = $2"};
constexpr db::Statement kGiveBack{
    "UPDATE account SET used = used - $2"
    " WHERE id = (SELECT owner_id FROM space WHERE id = $1)"};

struct Removed {
  Entry entry;
  BlobId blob;
};

Removed removed_from(const db::Row& row) {
  return {.entry = entry_from(row), .blob = row.id<BlobId>(kEntryWidth)};
}

std::unexpected<Failure> no_such_entry() {
  return fail(FailureCode::kNotFound, "there is no such file");
}

Event event_about(const Entry& entry, EventType type, AccountId caller) {
  return {.type = type,
          .account = caller,
          .space = entry.space,
          .entry = entry.id,
          .uuid = entry.uuid,
          .kind = entry.type.kind};
}

Task<std::string> key_for(db::Transaction& tx, const Entry& entry, const std::string& name) {
  std::string key = key_from_name(name);
  if (key == entry.key) co_return key;
  const bool has = co_await has_key(tx, entry.space, key);
  if (!has) co_return key;
  co_return co_await free_key(tx, entry.space, key);
}

}  // namespace

Task<Result<Entry>> Entries::find(SpaceId space, EntryId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(kFind, entry_from, id, space);
  };
  auto entry = co_await context_.database.read(body);
  if (!entry) co_return no_such_entry();
  co_return std::move(*entry);
}

Task<Result<Entry>> Entries::find(SpaceId space, Uuid uuid) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(kFindByUuid, entry_from, uuid, space);
  };
  auto entry = co_await context_.database.read(body);
  if (!entry) co_return no_such_entry();
  co_return std::move(*entry);
}

Task<Result<Entry>> Entries::update(AccountId caller, SpaceId space, EntryId id,
                                    EntryChanges changes) {
  Faults faults;
  if (changes.name) check_file_name(*changes.name, faults);
  if (changes.title && *changes.title) check_title(**changes.title, faults);
  if (changes.description && *changes.description) check_description(**changes.description, faults);
  if (changes.tags) changes.tags = check_tags(*changes.tags, faults);
  if (faults.any()) co_return faults.failure();
  const bool nothing = !changes.name && !changes.title && !changes.description && !changes.tags;
  if (nothing) co_return co_await find(space, id);

  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    const auto found = co_await tx.find(kFind, entry_from, id, space);
    if (!found) co_return no_such_entry();
    Entry entry = *found;
    if (changes.name && *changes.name != entry.name) {
      entry.key = co_await key_for(tx, entry, *changes.name);
      entry.name = *changes.name;
    }
    if (changes.title) entry.title = *changes.title;
    if (changes.description) entry.description = *changes.description;
    if (changes.tags) {
      co_await remove_tags(tx, entry);
      entry.tags = *changes.tags;
      co_await insert_tags(tx, entry);
    }
    entry.updated_at = context_.clock.now();
    const std::string tags = tags_column(entry);
    const std::string search = search_column(entry);
    co_await tx.execute(kUpdate, id, as_bytes(entry.key), as_bytes(entry.name), entry.title,
                        entry.description, tags, search, entry.updated_at);
    const Event event = event_about(entry, EventType::kEntryUpdated, caller);
    co_await append_event(tx, entry.updated_at, event);
    co_return entry;
  };
  co_return co_await context_.database.write(body);
}

Task<Result<void>> Entries::remove(AccountId caller, SpaceId space, EntryId id) {
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto removed = co_await tx.find(kRemove, removed_from, id, space);
    if (!removed) co_return no_such_entry();
    const Entry& entry = removed->entry;
    const Time now = context_.clock.now();
    co_await remove_tags(tx, entry);
    co_await tx.execute(kSubtract, space, entry.type.kind, entry.size);
    co_await tx.execute(kGiveBack, space, entry.size);
    co_await drop_reference(tx, removed->blob, now);
    const Event event = event_about(entry, EventType::kEntryDeleted, caller);
    co_await append_event(tx, now, event);
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(body);
}

Task<std::shared_ptr<const Content>> Entries::open(const Entry& entry) {
  auto content = co_await context_.blobs.open(entry.checksum);
  if (!content) throw blobs::Error("the store has lost the bytes of " + entry.checksum.hex());
  co_return content;
}

}  // namespace coffer::vault
