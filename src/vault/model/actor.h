// In whose name a command changes something, and by what right: looked at when the request began,
// and again in the transaction that makes the change, which may be hours later.
#pragma once

#include <optional>
#include <variant>

#include "base/task.h"
#include "db/transaction.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

class IdempotencyClaim;

class Actor {
 public:
  // The program itself: background jobs, the command line. Never a request.
  struct System {};
  // Whoever knows what the command itself compares in its transaction (a delete key, a token, a
  // password), or anybody, where nothing is asked for.
  struct Anyone {};
  // Somebody without an account, served by that of the guests.
  struct Guest {};

  // As `caller` was authenticated.
  static Actor of(const Caller& caller);
  // REQUIRES: `guests` is the guests' account.
  static Actor guest(const Account& guests) { return {guests.id, Guest{}}; }
  // The program itself, on behalf of `account`.
  static Actor system(AccountId account) { return {account, System{}}; }

  // The same for a request that carries an idempotency key, whose first change is to be committed
  // with the key; null: without. REQUIRES: the claim outlives the command.
  Actor claiming(IdempotencyClaim* claim) const noexcept {
    Actor actor = *this;
    actor.claim_ = claim;
    return actor;
  }
  IdempotencyClaim* claim() const noexcept { return claim_; }

  // Who owns what is made, and whom events name.
  AccountId account() const noexcept { return account_; }
  // The session it acts in, if it does.
  std::optional<SessionId> session() const noexcept;
  // Whether it may change who the account is: somebody who is logged in, or the program itself.
  // Never a key, which others may have found.
  bool may_change_identity() const noexcept;

 private:
  using Right = std::variant<System, Guest, SessionId, ApiKeyId>;
  Actor(AccountId account, Right right) : account_(account), right_(right) {}
  friend Task<Result<void>> require(db::Transaction& transaction, Actor actor);

  AccountId account_;
  Right right_;
  IdempotencyClaim* claim_ = nullptr;
};

// Whether the actor still has its right: kSessionGone when its session was ended, kTokenInvalid
// when its key was revoked, kAccountDisabled. A session that has merely expired is no loss: what it
// began in time may finish. For GuardedDatabase, which asks this before every change.
Task<Result<void>> require(db::Transaction& transaction, Actor actor);

// What the account may no longer do.
std::unexpected<Failure> account_disabled();
std::unexpected<Failure> session_gone();
std::unexpected<Failure> key_invalid();

}  // namespace coffer::vault
