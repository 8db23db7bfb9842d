// Entries by where they stand: the names that lead to them, from their space down.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"
#include "vault/transfer/staged_blob.h"

namespace coffer::vault {

// Names as keys have them (is_segment), the last one that of the entry. None: the space itself.
using Path = std::vector<std::string>;

// What is to stand under its name exactly.
struct PathFile {
  StagedBlob staged;
  std::string name;
};

// Whether a file that is there gives way.
enum class Existing { kKept, kReplaced };

// Threads: any executor's. Names that cannot be part of a key are kInvalid with a fault of `name`,
// and so is what makes a path too long or too deep.
class Paths {
 public:
  explicit Paths(Context& context) : context_(context) {}

  // The file or folder, whoever owns it. kNotFound.
  Task<Result<Entry>> find(SpaceId space, Path path);

  // Makes the files entries of that folder that the actor owns, all or none, and charges it;
  // folders that are missing on the way are made. Events `entry.created`, or `entry.updated` for
  // what was replaced, which keeps its ids and share token. kConflict with a fault of `path` where
  // a file has the name of a folder on the way, of `folder` where a folder has the name of a file,
  // of `name` where a file is there and kept, or two of these have one name (of those that replace,
  // the last one counts); kNotFound without that space;
  // kQuotaExceeded and kBadStream as in Uploads::commit.
  // REQUIRES: the actor may write to `space` and owns the files in it.
  Task<Result<std::vector<Entry>>> put(Actor actor, SpaceId space, Path folder,
                                       std::vector<PathFile> files, Existing existing);

  // Removes the file, or the folder as Folders::remove() does; events `entry.deleted`. kNotFound.
  // Reads under way go on.
  Task<Result<void>> remove(Actor actor, SpaceId space, Path path);

 private:
  Context& context_;
};

}  // namespace coffer::vault
