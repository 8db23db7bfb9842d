// The bytes of files: read, replace, and remove with the file.
#pragma once

#include <memory>

#include "base/stream.h"
#include "base/task.h"
#include "vault/model/actor.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/precondition.h"
#include "vault/model/types.h"
#include "vault/transfer/uploads.h"

namespace coffer::vault {

// All are about the files that the actor owns, in whatever spaces: others do not exist, and folders
// are none. Threads: any executor's.
class Files {
 public:
  explicit Files(Context& context) : context_(context) {}

  // Gives the file other bytes; its type follows them, its ids, share token and names stay. The
  // quota is charged with the difference. Event `entry.updated`. kNotFound, kForbidden (a group
  // that the actor has left), kQuotaExceeded; kPreconditionFailed, about Entry::content_tag().
  Task<Result<Entry>> replace(Actor actor, EntryId id, StagedBlob staged,
                              Precondition precondition = {});

  // Gives the bytes back to the quota; the blob goes when nothing refers to it for the grace
  // time. Event `entry.deleted`. kNotFound; kPreconditionFailed, about state_tag(). Reads under way
  // go on.
  Task<Result<void>> remove(Actor actor, EntryId id, Precondition precondition = {});

  // The file's bytes. Throws when the store has lost them. REQUIRES: a file.
  Task<std::shared_ptr<const Content>> open(const Entry& entry);

 private:
  Context& context_;
};

}  // namespace coffer::vault
