// The trash: what an account deleted and can have back for a while.
//
// A file that is moved there leaves `entry` for a table of its own, so that nothing that reads
// entries has to know of it. Its bytes stay referenced and its charge stays in the quota. Every
// link to it ends: what comes back has the number and UUID that it had, and new links.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/page.h"
#include "vault/model/precondition.h"
#include "vault/model/types.h"

namespace coffer::vault {

struct TrashedFile {
  Entry file;  // as it was
  Time deleted_at;
};

struct TrashTotal {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;    // of them, part of Account::used
  std::uint64_t charged = 0;  // part of Account::charged
};

// All are about what `owner`, or the actor, has there: others do not exist. Threads: any
// executor's.
class Trash {
 public:
  explicit Trash(Context& context) : context_(context) {}

  // Moves the file there: gone for everybody, from lists, totals, collections and links. Event
  // `entry.deleted`. Until when it can be restored at least; nothing where there is no trash
  // (Policy::trash_retention), so that it is gone for good. kNotFound;
  // kPreconditionFailed, about state_tag().
  Task<Result<std::optional<Time>>> put(Actor actor, EntryId id, Precondition precondition = {});

  // kNotFound, also for what restore() would not find any more.
  Task<Result<TrashedFile>> find(AccountId owner, EntryId id);
  Task<Result<TrashedFile>> find(AccountId owner, Uuid uuid);

  // Where a page begins; see list().
  struct Cursor {
    Time deleted_at = Time::max();
    EntryId id = {};
  };
  static Cursor cursor_of(const TrashedFile& trashed) {
    return {.deleted_at = trashed.deleted_at, .id = trashed.file.id};
  }
  // What was deleted before the cursor, the latest first, without the first `skip` of it.
  Task<Page<TrashedFile>> list(AccountId owner, Cursor before, std::uint64_t skip = 0,
                               PageLimit limit = {});
  Task<TrashTotal> total(AccountId owner);
  // When what was deleted at `deleted_at` is due to go for good.
  Time restorable_until(Time deleted_at) const;

  // Puts the file back into its folder, under its name or, where that is taken, a numbered key;
  // into the root of its owner's home where the folder is gone or closed to the owner. Its links
  // are new. Event `entry.restored`. kNotFound.
  Task<Result<Entry>> restore(Actor actor, EntryId id);

  // Removes the file for good, and gives its charge back. Event `entry.purged`. kNotFound.
  Task<Result<void>> remove(Actor actor, EntryId id);

  // The same for all that is there, at once however much it is; what it was. The rows are cleared
  // away by purge(), with their events.
  Task<Result<TrashTotal>> empty(Actor actor);

  // One short step: removes up to `limit` files that emptying left, or that have been there for
  // longer than the policy has it, with an event `entry.purged` each. Whether there may be more.
  Task<bool> purge(std::size_t limit);

 private:
  Context& context_;
};

// For the other parts of the core, inside their transactions.

// What Trash::empty() does.
Task<TrashTotal> empty_trash(db::Transaction& transaction, AccountId owner);
// A short step of up to `limit` rows that emptying the account's trash left; whether there were
// any.
Task<bool> clear_trash(db::Transaction& transaction, AccountId owner, std::size_t limit, Time now);
// Nothing says any more that the account had a trash. REQUIRES: it is empty and cleared.
Task<void> forget_trash(db::Transaction& transaction, AccountId owner);

}  // namespace coffer::vault
