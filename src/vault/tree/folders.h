// Folders: entries in which others lie.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "db/database.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"
#include "vault/model/types.h"

namespace coffer::vault {

struct NewFolder {
  std::optional<EntryId> parent = {};           // a folder of the space; nothing: the space itself
  std::string name;                             // 1–255 characters
  std::optional<std::string> description = {};  // at most 10,000 characters
};

// Only what is set changes; an empty optional inside clears.
struct FolderChanges {
  std::optional<std::string> name = {};
  std::optional<std::optional<EntryId>> parent =
      {};  // in the same space; empty: out of all folders
  std::optional<std::optional<std::string>> description = {};
};

// One page of what lies directly in a folder, files or folders, in order of their keys: that is by
// name, but for characters that keys do not have and for numbers that tell equal names apart.
struct ChildQuery {
  SpaceId space = {};
  std::optional<EntryId> folder = {};     // nothing: the space itself
  bool folders = false;                   // folders instead of files
  std::optional<std::string> after = {};  // the key of the last one of the page before
  PageLimit limit = {};
};

// One page of all folders of an account, in whatever spaces, newest first.
struct FolderQuery {
  AccountId owner = {};
  std::optional<EntryId> before = {};    // the last one of the page before
  std::optional<std::string> text = {};  // part of name or description, any case
  PageLimit limit = {};
};

// Threads: any executor's. Folders of other owners do not exist.
class Folders {
 public:
  explicit Folders(Context& context) : context_(context) {}

  // kNotFound. A UUID may be the folder's own or its share token.
  Task<Result<Entry>> find(AccountId owner, EntryId id);
  Task<Result<Entry>> find(AccountId owner, Uuid uuid);

  // Makes a folder of `space`; event `entry.created`. Where the name is taken, also by a file, the
  // key is numbered (`Music (2)/`). kInvalid, also when it would lie too deep; kQuotaExceeded, for
  // folders count too (vault/model/quota.h); kNotFound without that space, or with a fault of
  // `parent` without that folder. REQUIRES: the actor may write to `space`.
  Task<Result<Entry>> create(Actor actor, SpaceId space, NewFolder folder);

  // The folder that the names lead to, one inside the other, whoever owns those that are there;
  // what is missing is made. kConflict with a fault of `path` where a file has the name; kInvalid
  // as in create(). A name must be what its key would be: no slashes, no `..`. REQUIRES: as in
  // create(); at least one name.
  Task<Result<Entry>> make_path(Actor actor, SpaceId space, std::vector<std::string> names);

  // Renames, moves with all that is in it, describes; costs the same however much that is. Event
  // `entry.updated` for the folder. kNotFound, kInvalid as in create(), and with a fault of
  // `parent` when that is the folder itself or below.
  Task<Result<Entry>> update(Actor actor, EntryId id, FolderChanges changes);

  // Removes it with all that is in it, whoever owns that: gone at once for everybody, from lists,
  // totals and quotas, and cleared away in the background (Clearing::clear). Costs the same however
  // much that is. An event `entry.deleted` each, the folder's now, the others' when they are
  // cleared. kNotFound. Reads under way go on.
  Task<Result<void>> remove(Actor actor, EntryId id);

  // Costs the same however much there is. REQUIRES: the caller may see the space.
  Task<Page<Entry>> children(ChildQuery query);

  // With a text it reads every folder of the owner, off the serving core; so it does while
  // something of the owner is being cleared away. kBusy where too many such reads wait.
  Task<Result<Page<Entry>>> list(FolderQuery query);

  // The folder that `entry` lies in; nothing when in none.
  Task<std::optional<Entry>> parent_of(Entry entry);
  // The names of the folders that `entries` lie in, by id.
  Task<std::map<EntryId, std::string>> parent_names(const std::vector<Entry>& entries);

 private:
  Context& context_;
};

// For the other parts of the core, inside their transactions: Folders::make_path() without the
// question whether there is such a space. REQUIRES: check_path(names) has nothing to say; at least
// one name.
Task<Result<Entry>> make_folders(db::Transaction& transaction, const Context& context,
                                 AccountId owner, SpaceId space,
                                 const std::vector<std::string>& names);

}  // namespace coffer::vault
