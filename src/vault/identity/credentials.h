// Names and passwords, as they are checked and made. For the other parts of the core.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/task.h"
#include "vault/identity/accounts.h"
#include "vault/identity/passwords.h"
#include "vault/model/context.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"

namespace coffer::vault {

// An account, and the hash that its password was checked against or is stored as. Whoever acts on
// it compares that hash in the transaction: hashing takes long, and the password may change
// meanwhile.
struct Credentials {
  Account account;
  std::string password;
  // What to store in its place, where that hash is outdated.
  std::optional<std::string> upgraded = {};
};

// Whose name and password these are. Every refusal costs one hash, so that its time tells nothing.
// kNoSuchAccount, kWrongPassword, kAccountDisabled (only with the right password), kBusy;
// kRateLimited for the account or the address of too many wrong ones.
Task<Result<Credentials>> check_credentials(Context& context, const LogInRequest& request);

// Whether `password` is what `stored`, the account's hash, was made of; counted as a log-in.
// kRateLimited, kBusy.
Task<Result<Passwords::Verdict>> check_current_password(Context& context, AccountId account,
                                                        std::string_view address,
                                                        std::string password, std::string stored);

// How often the same is tried when the password's hash has changed between its check and the
// transaction: another log-in may have stored a more costly one, or somebody another password.
inline constexpr int kPasswordTries = 3;

// See Accounts::create().
Task<Result<Credentials>> create_account(Context& context, NewAccount account);

std::unexpected<Failure> wrong_password();
// The password kept changing meanwhile.
std::unexpected<Failure> password_in_flux();

}  // namespace coffer::vault
