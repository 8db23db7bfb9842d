// Share tokens: whoever has one may read the file, or the folder with all that is in it.
#pragma once

#include <optional>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Threads: any executor's.
class Shares {
 public:
  explicit Shares(Context& context) : context_(context) {}

  // What the token stands for. kNotFound when nothing, when it has expired, and while its owner is
  // disabled.
  Task<Result<Entry>> find(Uuid token);

  // The entry of that UUID, where it is what the token stands for or lies below it, at any depth.
  // kNotFound.
  Task<Result<Entry>> find_under(Uuid token, Uuid entry);

  // The file of that UUID, its own and not its token: for addresses in which it is the permission.
  // kNotFound also where its token would not be found.
  Task<Result<Entry>> find_file(Uuid uuid);

  // For the owner, of a file or a folder. Events `entry.updated`; kNotFound.

  // Gives it a new token; the old one stands for nothing any more.
  Task<Result<Entry>> rotate(Actor actor, EntryId id);
  // Nothing: never.
  Task<Result<Entry>> set_expiry(Actor actor, EntryId id, std::optional<Time> expires_at);

 private:
  Context& context_;
};

}  // namespace coffer::vault
