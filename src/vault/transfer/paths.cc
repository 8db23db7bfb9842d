#include "vault/transfer/paths.h"

#include <set>
#include <span>
#include <utility>

#include "base/text.h"
#include "vault/model/checks.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/transfer/blob_rows.h"
#include "vault/transfer/file_rows.h"
#include "vault/tree/folders.h"
#include "vault/tree/spaces.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr auto kFindText =
    sql("SELECT ", kEntryColumns,
        " FROM entry WHERE space_id = $1 AND parent_id = $2 AND is_folder IN (0, 1)"
        " AND key IN ($3, $4)");
constexpr db::Statement kFind{kFindText.data()};
constexpr db::Statement kFindFolder{
    "SELECT id FROM entry WHERE space_id = $1 AND parent_id = $2 AND is_folder = 1 AND key = $3"};

// Whether there can be something: no walk goes deeper than folders do.
bool leads_somewhere(const Path& path) {
  return !path.empty() && path.size() <= kDepthMax + 1 &&
         path.back().find('/') == std::string::npos;
}

std::unexpected<Failure> nothing_there() {
  return fail(FailureCode::kNotFound, "there is nothing at that place");
}

// What is called `name` there: a file or a folder.
Task<std::optional<Entry>> find_at(db::Transaction& tx, const ParentRef& place,
                                   const std::string& name) {
  const std::string other = counterpart(name);
  co_return co_await tx.find(kFind, entry_from, place.space, place.folder.value_or(EntryId{}),
                             as_bytes(name), as_bytes(other));
}

// Where the names of folders lead, as far as there are such; nothing where there are not.
Task<std::optional<ParentRef>> walk(db::Transaction& tx, SpaceId space,
                                    std::span<const std::string> folders) {
  ParentRef place{.space = space};
  for (const std::string& name : folders) {
    const std::string key = counterpart(name);
    const auto id = co_await tx.find(
        kFindFolder, [](const db::Row& row) { return row.id<EntryId>(0); }, space,
        place.folder.value_or(EntryId{}), as_bytes(key));
    if (!id) co_return std::nullopt;
    place.folder = id;
  }
  co_return place;
}

// What the whole path leads to. REQUIRES: at least one name.
Task<std::optional<Entry>> find_path(db::Transaction& tx, SpaceId space, const Path& path) {
  const auto place = co_await walk(tx, space, std::span(path).first(path.size() - 1));
  if (!place) co_return std::nullopt;
  auto found = co_await find_at(tx, *place, path.back());
  co_return found;
}

// The folder's place; what is missing of it is made.
Task<Result<ParentRef>> reach(db::Transaction& tx, const Context& context, AccountId owner,
                              SpaceId space, const Path& folder) {
  const auto place = co_await walk(tx, space, folder);
  if (place) co_return *place;
  const auto made = co_await make_folders(tx, context, owner, space, folder);
  if (!made) co_return std::unexpected(made.error());
  co_return ParentRef{.space = space, .folder = made->id};
}

// The file to be, as far as it is known before its transaction.
NewEntryRow new_file_row(const Context& context, AccountId owner, const PathFile& file) {
  Entry entry;
  entry.owner = owner;
  entry.type = context.classify(file.name, file.staged.head());
  entry.size = file.staged.size();
  entry.checksum = file.staged.digest();
  entry.name = file.name;
  return new_entry_row(std::move(entry), context.clock.now(), context.entropy);
}

// A file of the command, and what it takes the place of.
struct PendingPut {
  const PathFile* file;
  NewEntryRow row;
  std::optional<Entry> old = {};
};

Task<Result<Entry>> put_one(db::Transaction& tx, const Context& context, const PendingPut& putting,
                            const ParentRef& place, AccountId owner) {
  const StagedBlob& staged = putting.file->staged;
  if (putting.old) {
    co_return co_await replace_bytes(tx, context, *putting.old, staged, owner);
  }
  co_await add_reference(tx, staged);
  auto made = co_await add_entry(tx, putting.row, place, context.clock.now(), Naming::kExact);
  if (!made && made.error().code == FailureCode::kConflict) {
    const auto other = co_await find_at(tx, place, putting.file->name);
    if (other && other->is_folder()) co_return taken("folder", "is the name of a folder");
  }
  co_return made;
}

// Of files with one name the last stays: what is to replace would replace those before.
void drop_doubles(std::vector<PathFile>& files) {
  std::set<std::string> names;
  for (std::size_t i = files.size(); i-- > 0;) {
    if (names.insert(files[i].name).second) continue;
    files.erase(files.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

}  // namespace

Task<Result<Entry>> Paths::find(SpaceId space, Path path) {
  if (!leads_somewhere(path)) co_return nothing_there();
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Entry>> {
    auto found = co_await find_path(tx, space, path);
    co_return found;
  };
  auto found = co_await context_.database.read(body);
  if (!found) co_return nothing_there();
  co_return std::move(*found);
}

Task<Result<std::vector<Entry>>> Paths::put(Actor actor, SpaceId space, Path folder,
                                            std::vector<PathFile> files, Existing existing) {
  if (existing == Existing::kReplaced) drop_doubles(files);
  const AccountId owner = actor.account();
  if (auto fault = check_path(folder)) co_return std::unexpected(std::move(*fault));
  std::vector<PendingPut> pending;
  std::set<std::string_view> names;
  for (const PathFile& file : files) {
    if (auto fault = check_path({&file.name, 1})) co_return std::unexpected(std::move(*fault));
    if (!names.insert(file.name).second) {
      co_return taken("name", "is that of two of these files");
    }
    pending.push_back({.file = &file, .row = new_file_row(context_, owner, file)});
  }
  if (pending.empty()) co_return std::vector<Entry>{};
  for (PathFile& file : files) file.staged.begin_commit();

  auto body = [&](db::Transaction& tx) -> Task<Result<std::vector<Entry>>> {
    Cost cost;
    const auto there = co_await walk(tx, space, folder);
    // Only the last attempt to run the body counts.
    for (PendingPut& putting : pending) {
      putting.old.reset();
      if (existing == Existing::kReplaced && there) {
        putting.old = co_await find_at(tx, *there, putting.file->name);
        if (putting.old && putting.old->is_folder()) {
          co_return taken("folder", "is the name of a folder");
        }
      }
      cost += putting.old ? cost_of_replacing(*putting.old, putting.file->staged)
                          : cost_of(putting.row.entry);
    }
    const auto charged = co_await charge_new(tx, owner, space, cost);
    if (!charged) co_return std::unexpected(charged.error());
    const auto place = co_await reach(tx, context_, owner, space, folder);
    if (!place) co_return std::unexpected(place.error());
    std::vector<Entry> entries;
    for (const PendingPut& putting : pending) {
      auto entry = co_await put_one(tx, context_, putting, *place, owner);
      if (!entry) co_return std::unexpected(std::move(entry.error()));
      entries.push_back(std::move(*entry));
    }
    co_return entries;
  };
  auto entries = co_await context_.database.write(actor, body);
  if (!entries) {
    for (PathFile& file : files) file.staged.commit_refused();
  }
  co_return entries;
}

Task<Result<void>> Paths::remove(Actor actor, SpaceId space, Path path) {
  if (!leads_somewhere(path)) co_return nothing_there();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const bool live = co_await is_live(tx, space);
    if (!live) co_return nothing_there();
    const auto found = co_await find_path(tx, space, path);
    if (!found) co_return nothing_there();
    const Time now = context_.clock.now();
    if (found->is_folder()) {
      co_await remove_folder(tx, *found, actor.account(), now);
    } else {
      co_await remove_file(tx, *found, actor.account(), now);
    }
    co_return Result<void>{};
  };
  const auto removed = co_await context_.database.write(actor, body);
  if (removed) context_.removed->call();
  co_return removed;
}

}  // namespace coffer::vault
#include "vault/transfer/blob_rows.h"
