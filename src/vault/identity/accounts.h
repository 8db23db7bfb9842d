// Accounts: one everywhere, whichever dialect made it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/precondition.h"
#include "vault/model/types.h"

namespace coffer::vault {

enum class AccountKind : std::uint8_t;  // account_rows.h

struct NewAccount {
  std::string username;              // 1–64 characters, no control characters, trimmed
  std::optional<std::string> email;  // at most 254 bytes, something@something
  std::string password;              // UTF-8; policy.password_min to 1024 bytes in its normal form
  bool is_admin = false;
  std::string address = {};  // as in LogInRequest
};

// Where a session is used from, for people to tell sessions apart. Any bytes: what is kept of them
// is text of a bounded length.
struct SessionClient {
  std::string address = {};  // `192.0.2.1`
  std::string agent = {};    // what the program says it is: User-Agent
};

// A name and a password, and who sends them.
struct LogInRequest {
  std::string login;  // a username or an e-mail address
  std::string password;
  // Of the client, as rate limits count it: Client::limit_key(). Empty: not known.
  std::string address = {};
  SessionClient client = {};
};

// The name of the guests' accounts, which nobody else may have.
inline constexpr std::string_view kGuestName = "guests";

// Only what is set changes.
struct AccountChanges {
  std::optional<std::string> username;
  std::optional<std::optional<std::string>> email;  // an empty one inside: none
  struct NewPassword {
    std::optional<std::string> current;
    std::string wanted;
    std::string address = {};  // as in LogInRequest
  };
  std::optional<NewPassword> password;  // ends every other session of the account
  Precondition precondition = {};       // of state_tag()
};

// Threads: any executor's.
class Accounts {
 public:
  // REQUIRES: `context` outlives this.
  explicit Accounts(Context& context) : context_(context) {}

  // Makes the account and its home space; event `account.registered`. kInvalid with every
  // field at fault, kConflict for a name or an address taken (without regard to case).
  // Whether people may register is the caller's question: registration_open().
  Task<Result<Account>> create(NewAccount account);
  // What is wrong with the fields themselves, as create() and update() say it: for whoever has
  // found other faults, so that all are told at once.
  std::vector<FieldFault> faults_of(NewAccount account) const;
  std::vector<FieldFault> faults_of(AccountChanges changes) const;
  bool registration_open() const { return context_.policy.registration_open; }

  Task<std::optional<Account>> find(AccountId id);
  // By username or e-mail address.
  Task<std::optional<Account>> find_by_login(std::string login);

  // Changes the actor's account. kInvalid, kConflict; kWrongPassword when password->current is not
  // the password; kRateLimited, kBusy as a log-in with it; kForbidden for a key, which changes
  // nothing of this. The session that the actor acts in goes on when the password changes.
  Task<Result<Account>> update(Actor actor, AccountChanges changes);

  struct CurrentPassword {
    std::string text;
    std::string address = {};  // as in LogInRequest
  };
  // The stored hash of the actor's password, for a command that compares it once more in its own
  // transaction. kWrongPassword when `current` is another; kRateLimited, kBusy as a log-in with it;
  // kForbidden for a key; kNotFound.
  Task<Result<std::string>> prove_password(Actor actor, CurrentPassword current);

  // For whoever runs the machine. All give kNotFound.
  Task<Result<void>> set_password(AccountId id, std::string password);  // ends all sessions
  Task<Result<void>> set_disabled(AccountId id, bool disabled);         // takes effect at once
  // Bytes, or no limit. What the account has beyond it stays.
  Task<Result<void>> set_quota(AccountId id, std::optional<std::uint64_t> quota);

  // What is left of the quota beside what the account keeps and what is being uploaded for it;
  // nothing where there is no limit, or no such account.
  Task<std::optional<std::uint64_t>> space_left(AccountId id);

  // The account that owns what guests leave here for all guests; its home is the guests' space.
  // Made when it is first asked for, once. Whether guests are let in is the caller's question:
  // guests_allowed().
  Task<Account> guest();
  // The same for what a guest leaves here for nobody but who has the link to it. No guest acts as
  // this account, so that nothing which lists or finds entries by their owner shows it to anybody.
  // Both accounts together have policy.guest_quota.
  Task<Account> unlisted_guest();
  bool guests_allowed() const { return context_.policy.guests; }

  // Up to `limit` accounts with ids above `after`, without that of the guests.
  Task<std::vector<Account>> list(AccountId after, std::size_t limit);
  Task<bool> any_admin();

 private:
  Task<Account> find_guest(AccountKind kind);

  Context& context_;
};

}  // namespace coffer::vault
