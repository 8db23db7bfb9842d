// Folders: entries whose keys end in `/`, and in which others lie.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/task.h"
#include "db/database.h"
#include "vault/context.h"
#include "vault/failure.h"
#include "vault/types.h"

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
  std::size_t limit = 100;
};

// Threads: any executor's. Folders of other owners do not exist.
class Folders {
 public:
  explicit Folders(Context& context) : context_(context) {}

  // kNotFound. A UUID may be the folder's own or its share token.
  Task<Result<Entry>> find(AccountId owner, EntryId id);
  Task<Result<Entry>> find(AccountId owner, Uuid uuid);

  // Makes a folder of `space`; event `entry.created`. Where the name is taken, also by a file, the
  // key is numbered (`Music (2)/`). kInvalid, also when the path gets too long; kNotFound without
  // that space, or with a fault of `parent` without that folder. REQUIRES: the actor may write
  // to `space`.
  Task<Result<Entry>> create(Actor actor, SpaceId space, NewFolder folder);

  // The folder that the names lead to, one inside the other, whoever owns those that are there;
  // what is missing is made. kConflict with a fault of `path` where a file has the name; kInvalid
  // as in create(). A name must be what its key would be: no slashes, no `..`. REQUIRES: as in
  // create(); at least one name.
  Task<Result<Entry>> make_path(Actor actor, SpaceId space, std::vector<std::string> names);

  // Renames, moves with all that is in it, describes. Event `entry.updated` for the folder.
  // kNotFound, kInvalid as in create(), and with a fault of `parent` when that is the folder itself
  // or below.
  Task<Result<Entry>> update(Actor actor, EntryId id, FolderChanges changes);

  // Removes it with all that is in it, whoever owns that, at once; an event `entry.deleted` each.
  // kNotFound. Reads under way go on.
  Task<Result<void>> remove(Actor actor, EntryId id);

  // Costs the same however much there is. REQUIRES: the caller may see the space.
  Task<std::vector<Entry>> children(ChildQuery query);

  // The folders that `entries` lie in, by id.
  Task<std::map<EntryId, Entry>> parents_of(const std::vector<Entry>& entries);

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
