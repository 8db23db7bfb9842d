#include "vault/folders.h"

#include <utility>

#include "base/text.h"
#include "vault/checks.h"
#include "vault/entry_rows.h"
#include "vault/events.h"
#include "vault/keys.h"
#include "vault/quota.h"
#include "vault/sql.h"
#include "vault/subtree.h"

namespace coffer::vault {
namespace {

constexpr auto kFindText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1 AND owner_id = $2 AND is_folder = 1");
constexpr db::Statement kFind{kFindText.data()};

constexpr auto kFindByUuidText = sql(
    "SELECT ", kEntryColumns, " FROM entry WHERE uuid = $1 AND owner_id = $2 AND is_folder = 1");
constexpr db::Statement kFindByUuid{kFindByUuidText.data()};

constexpr auto kFindByShareText = sql(
    "SELECT ", kEntryColumns, " FROM entry WHERE share = $1 AND owner_id = $2 AND is_folder = 1");
constexpr db::Statement kFindByShare{kFindByShareText.data()};

constexpr auto kFindByKeysText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE space_id = $1 AND nested IN (0, 1) AND key IN ($2, $3)");
constexpr db::Statement kFindByKeys{kFindByKeysText.data()};

constexpr auto kReadText =
    sql("SELECT ", kEntryColumns, " FROM entry WHERE id = $1 AND is_folder = 1");
constexpr db::Statement kRead{kReadText.data()};

constexpr db::Statement kUpdate{
    "UPDATE entry SET name = $2, description = $3, search = $4, updated_at = $5, parent_id = $6"
    " WHERE id = $1"};

constexpr auto kChildrenText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE space_id = $1 AND parent_id = $2 AND is_folder = $3 AND nested = 1"
        " AND key > $4 ORDER BY key LIMIT $5");
constexpr db::Statement kChildren{kChildrenText.data()};

constexpr auto kRootFilesText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE space_id = $1 AND nested = 0 AND key > $2 ORDER BY key LIMIT $3");
constexpr db::Statement kRootFiles{kRootFilesText.data()};

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

// Gives the folder, and all below it, its key at `place`.
Task<Result<void>> move(db::Transaction& tx, Entry& folder, const Place& place) {
  if (place.prefix.starts_with(folder.key)) {
    co_return invalid("parent", "is the folder itself or lies in it");
  }
  const KeyRange range = range_of(folder);
  const auto settled = co_await settle_key(tx, folder, place);
  if (!settled) co_return std::unexpected(settled.error());
  if (folder.key == range.first) co_return Result<void>{};
  const std::size_t longest = co_await longest_key(tx, range);
  if (longest - range.first.size() + folder.key.size() > kKeyMax) co_return path_too_long();
  co_await move_range(tx, range, folder.key);
  co_return Result<void>{};
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
  const Draft draft = draft_of(std::move(entry), now, context_.entropy);

  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    const auto allowed = co_await charge_new(tx, owner, space, 0);
    if (!allowed) co_return std::unexpected(allowed.error());
    const auto place = co_await find_place(tx, space, folder.parent);
    if (!place) co_return no_such_folder();
    auto made = co_await add_entry(tx, draft, *place, {}, context_.clock.now());
    co_return made;
  };
  co_return co_await context_.database.write(actor, body);
}

Task<Result<Entry>> make_folders(db::Transaction& transaction, const Context& context,
                                 AccountId owner, SpaceId space,
                                 const std::vector<std::string>& names) {
  const Time now = context.clock.now();
  Place place{.space = space};
  std::optional<Entry> last;
  for (const std::string& name : names) {
    const std::string key = key_at(place, name, FileKind::kFolder);
    const std::string other = counterpart(key);
    last =
        co_await transaction.find(kFindByKeys, entry_from, space, as_bytes(key), as_bytes(other));
    if (last && !last->is_folder()) co_return taken("path", "leads through a file");
    if (!last) {
      const Draft draft = draft_of(new_folder(owner, name), now, context.entropy);
      auto made = co_await add_entry(transaction, draft, place, {}, now);
      if (!made) co_return std::unexpected(std::move(made.error()));
      last = std::move(*made);
    }
    place = {.space = space, .folder = last->id, .prefix = last->key};
  }
  co_return std::move(last.value());
}

Task<Result<Entry>> Folders::make_path(Actor actor, SpaceId space, std::vector<std::string> names) {
  const AccountId owner = actor.account();
  if (auto fault = check_path(names)) co_return std::unexpected(std::move(*fault));
  auto body = [&](db::Transaction& tx) -> Task<Result<Entry>> {
    const auto allowed = co_await charge_new(tx, owner, space, 0);
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
    const std::optional<EntryId> parent = changes.parent.value_or(folder.parent);
    const bool renamed = changes.name && *changes.name != folder.name;
    if (renamed || parent != folder.parent) {
      if (renamed) folder.name = *changes.name;
      const auto place = co_await find_place(tx, folder.space, parent);
      if (!place) co_return no_such_folder();
      const auto moved = co_await move(tx, folder, *place);
      if (!moved) co_return std::unexpected(moved.error());
    }
    if (changes.description) folder.description = *changes.description;
    folder.updated_at = context_.clock.now();
    const std::string search = search_column(folder);
    co_await tx.execute(kUpdate, id, as_bytes(folder.name), folder.description, search,
                        folder.updated_at, folder.parent.value_or(EntryId{}));
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
    co_await remove_range(tx, range_of(*folder), owner, context_.clock.now());
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(actor, body);
}

Task<std::vector<Entry>> Folders::children(ChildQuery query) {
  const std::string after = query.after.value_or("");
  auto body = [&](db::Transaction& tx) -> Task<std::vector<Entry>> {
    if (!query.folder && !query.folders) {
      co_return co_await tx.all(kRootFiles, entry_from, query.space, as_bytes(after), query.limit);
    }
    co_return co_await tx.all(kChildren, entry_from, query.space, query.folder.value_or(EntryId{}),
                              query.folders, as_bytes(after), query.limit);
  };
  co_return co_await context_.database.read(body);
}

Task<std::map<EntryId, Entry>> Folders::parents_of(const std::vector<Entry>& entries) {
  auto body = [&](db::Transaction& tx) -> Task<std::map<EntryId, Entry>> {
    std::map<EntryId, Entry> parents;
    for (const Entry& entry : entries) {
      if (!entry.parent || parents.contains(*entry.parent)) continue;
      auto parent = co_await tx.find(kRead, entry_from, *entry.parent);
      if (parent) parents.emplace(parent->id, std::move(*parent));
    }
    co_return parents;
  };
  co_return co_await context_.database.read(body);
}

}  // namespace coffer::vault
