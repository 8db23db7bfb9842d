#include "vault/tree/folders.h"

#include <utility>

#include "base/text.h"
#include "vault/events/events.h"
#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/tree/asset_rows.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/keys.h"
#include "vault/tree/public_object_rows.h"
#include "vault/tree/search_index.h"
#include "vault/tree/search_terms.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr auto kFindText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1 AND owner_id = $2 AND is_folder = 1",
        kIsLive);
constexpr db::Statement kFind{kFindText.data()};

constexpr auto kFindByUuidText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE uuid = $1 AND owner_id = $2 AND is_folder = 1",
        kIsLive);
constexpr db::Statement kFindByUuid{kFindByUuidText.data()};

constexpr auto kFindByShareText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE share = $1 AND owner_id = $2 AND is_folder = 1", kIsLive);
constexpr db::Statement kFindByShare{kFindByShareText.data()};

constexpr auto kFindByKeysText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE space_id = $1 AND parent_id = $2 AND is_folder IN (0, 1)"
        " AND key IN ($3, $4)");
constexpr db::Statement kFindByKeys{kFindByKeysText.data()};

constexpr auto kReadText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1 AND is_folder = 1");
constexpr db::Statement kRead{kReadText.data()};
constexpr db::Statement kReadName{"SELECT name FROM entry WHERE id = $1 AND is_folder = 1"};

constexpr db::Statement kUpdate{
    "UPDATE entry SET key = $2, name = $3, description = $4, search = $5, updated_at = $6,"
    " parent_id = $7, charged = $8 WHERE id = $1"};

// The folder may be gone since it was found.
constexpr auto kChildrenText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE space_id = $1 AND parent_id = $2 AND is_folder = $3 AND key > $4",
        kIsLive, " ORDER BY key LIMIT $5");
constexpr db::Statement kChildren{kChildrenText.data()};

std::string name_from(const db::Row& row) { return std::string(as_text(row.bytes(0))); }

Entry new_folder(AccountId owner, std::string name) {
  Entry entry;
  entry.owner = owner;
  entry.type.kind = FileKind::kFolder;
  entry.name = std::move(name);
  return entry;
}

std::unexpected<Failure> no_folder() {
  return fail(FailureCode::kNotFound, "there is no such folder");
}

}  // namespace

Task<Result<Entry>> Folders::find(AccountId owner, EntryId id) {
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(kFind, entry_from, id, owner);
  };
  auto folder = co_await context_.database.read(body);
  if (!folder) co_return no_folder();
  co_return std::move(*folder);
}

Task<Result<Entry>> Folders::find(AccountId owner, Uuid uuid) {
  const db::Statement& statement = is_token(uuid) ? kFindByShare : kFindByUuid;
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(statement, entry_from, uuid, owner);
  };
  auto folder = co_await context_.database.read(body);
  if (!folder) co_return no_folder();
  co_return std::move(*folder);
}

Task<Result<Entry>> Folders::create(Actor actor, SpaceId space, NewFolder folder) {
  const AccountId owner = actor.account();
  Faults faults;
  check_file_name(folder.name, faults);
  if (folder.description) check_description(*folder.description, faults);
  if (faults.any()) co_return faults.failure();
  const Time now = context_.clock.now();
  Entry entry = new_folder(owner, std::move(folder.name));
  entry.description = std::move(folder.description);
  const NewEntryRow row = new_entry_row(std::move(entry), now, context_.entropy);

  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    const auto charged = co_await charge_new(tx, owner, space, cost_of(row.entry));
    if (!charged) co_return std::unexpected(charged.error());
    const auto place = co_await find_place(tx, space, folder.parent);
    if (!place) co_return no_such_folder();
    auto made = co_await add_entry(tx, row, *place, context_.clock.now());
    if (made) co_await place_box(tx, *made);
    co_return made;
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Entry>> make_folders(db::Transaction& transaction, const Context& context,
                                 AccountId owner, SpaceId space,
                                 const std::vector<std::string>& names) {
  const Time now = context.clock.now();
  ParentRef place{.space = space};
  std::optional<Entry> last;
  for (const std::string& name : names) {
    const std::string key = key_from_name(name, FileKind::kFolder);
    const std::string other = counterpart(key);
    last =
        co_await transaction.find(kFindByKeys, entry_from, space, place.folder.value_or(EntryId{}),
                                  as_bytes(key), as_bytes(other));
    if (last && !last->is_folder()) co_return taken("path", "leads through a file");
    if (!last) {
      const NewEntryRow row = new_entry_row(new_folder(owner, name), now, context.entropy);
      const auto charged = co_await charge(transaction, owner, space, cost_of(row.entry));
      if (!charged) co_return std::unexpected(charged.error());
      auto made = co_await add_entry(transaction, row, place, now);
      if (!made) co_return std::unexpected(std::move(made.error()));
      last = std::move(*made);
    }
    place.folder = last->id;
  }
  co_return std::move(last.value());
}

Task<Result<Entry>> Folders::make_path(Actor actor, SpaceId space, std::vector<std::string> names) {
  const AccountId owner = actor.account();
  if (auto fault = check_path(names)) co_return std::unexpected(std::move(*fault));
  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    const auto allowed = co_await charge_new(tx, owner, space, {});
    if (!allowed) co_return std::unexpected(allowed.error());
    auto folder = co_await make_folders(tx, context_, owner, space, names);
    co_return folder;
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Entry>> Folders::update(Actor actor, EntryId id, FolderChanges changes) {
  const AccountId owner = actor.account();
  Faults faults;
  if (changes.name) check_file_name(*changes.name, faults);
  if (changes.description && *changes.description) check_description(**changes.description, faults);
  if (faults.any()) co_return faults.failure();
  if (!changes.name && !changes.parent && !changes.description) co_return co_await find(owner, id);

  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    auto found = co_await tx.find(kFind, entry_from, id, owner);
    if (!found) co_return no_folder();
    Entry& folder = *found;
    const Entry old = folder;
    const std::optional<EntryId> parent = changes.parent.value_or(folder.parent);
    const bool renamed = changes.name && *changes.name != folder.name;
    if (renamed || parent != folder.parent) {
      if (renamed) folder.name = *changes.name;
      const auto place = co_await find_place(tx, folder.space, parent);
      if (!place) co_return no_such_folder();
      if (parent != folder.parent) {
        const auto moved = co_await move_tree(tx, folder, *place);
        if (!moved) co_return std::unexpected(moved.error());
      }
      co_await settle_key(tx, folder, *place);
    }
    if (changes.description) folder.description = *changes.description;
    folder.charged = charge_of(folder);
    if (folder.charged != old.charged) {
      const auto charged = co_await charge(tx, owner, folder.space, cost_of(folder) - cost_of(old));
      if (!charged) co_return std::unexpected(charged.error());
      co_await subtract_from_totals(tx, {.space = folder.space, .folder = folder.parent},
                                    tally_of(old));
      co_await add_to_totals(tx, folder);
    }
    folder.updated_at = context_.clock.now();
    const std::string search = search_column(folder);
    if (search != search_column(old)) co_await forget_words(tx, id);
    co_await tx.execute(kUpdate, id, as_bytes(folder.key), as_bytes(folder.name),
                        folder.description, search, folder.updated_at,
                        folder.parent.value_or(EntryId{}), folder.charged);
    if (folder.parent != old.parent) {
      co_await place_box(tx, folder);
      co_await drop_moved_objects(tx, folder);
    }
    const Event event = event_about(folder, EventType::kEntryUpdated, owner);
    co_await append_event(tx, folder.updated_at, event);
    co_return std::move(folder);
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<void>> Folders::remove(Actor actor, EntryId id) {
  const AccountId owner = actor.account();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto folder = co_await tx.find(kFind, entry_from, id, owner);
    if (!folder) co_return no_folder();
    co_await vault::remove_folder(tx, *folder, owner, context_.clock.now());
    co_return Result<void>{};
  };
  const auto removed = co_await context_.database.write(actor, body);
  if (removed) context_.removed->call();
  co_return removed;
}

Task<Page<Entry>> Folders::children(ChildQuery query) {
  const std::string after = query.after.value_or("");
  auto body = [&](db::Transaction& tx) -> Task<Page<Entry>> {
    co_return co_await read_page(tx, kChildren, query.limit, entry_from, &Entry::text_bytes,
                                 query.space, query.folder.value_or(EntryId{}), query.folders,
                                 as_bytes(after), query.limit.to_fetch());
  };
  co_return co_await context_.database.read(body);
}

Task<std::optional<Entry>> Folders::parent_of(Entry entry) {
  if (!entry.parent) co_return std::nullopt;
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    co_return co_await tx.find(kRead, entry_from, *entry.parent);
  };
  co_return co_await context_.database.read(body);
}

Task<std::map<EntryId, std::string>> Folders::parent_names(const std::vector<Entry>& entries) {
  auto body = [&](db::Transaction& tx) -> Task<std::map<EntryId, std::string>> {
    std::map<EntryId, std::string> names;
    for (const Entry& entry : entries) {
      if (!entry.parent || names.contains(*entry.parent)) continue;
      auto name = co_await tx.find(kReadName, name_from, *entry.parent);
      if (name) names.emplace(*entry.parent, std::move(*name));
    }
    co_return names;
  };
  co_return co_await context_.database.read(body);
}

}  // namespace coffer::vault
