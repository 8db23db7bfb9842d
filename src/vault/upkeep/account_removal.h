// Accounts that go, with everything in them.
#pragma once

#include <cstddef>
#include <string>

#include "base/task.h"
#include "vault/model/actor.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/precondition.h"
#include "vault/model/types.h"

namespace coffer::vault {

// Threads: any executor's.
class AccountRemoval {
 public:
  explicit AccountRemoval(Context& context) : context_(context) {}

  // From now on nobody logs in to the account, its names are free, its sessions and keys are
  // invalid, its home is empty and its unfinished uploads have expired. The rest follows in steps
  // (Clearing::clear): buckets with what they hold; its files in groups; its groups, whose other
  // files go back to their owners. In the end nothing is left but the number, which no other
  // account gets, for the events that name it. kNotFound, also for the guests' account.
  Task<Result<void>> remove(AccountId account);

  // The same for the actor's own account, while the hash of its password is `password_hash`:
  // Accounts::prove_password(). kBusy when it has changed meanwhile; kPreconditionFailed, about
  // state_tag().
  Task<Result<void>> remove_own(Actor actor, std::string password_hash,
                                Precondition precondition = {});

 private:
  Context& context_;
};

// For Clearing, in its transaction: a short step of up to `limit` spaces or entries of an account
// that is being removed. Whether there was such an account. REQUIRES: no folder and no space is
// waiting to be cleared.
Task<bool> clear_account(db::Transaction& transaction, std::size_t limit, Time now);

}  // namespace coffer::vault
