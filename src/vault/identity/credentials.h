// Names and passwords, as they are checked and made. For the other parts of the core.
#pragma once

#include <string>

#include "base/task.h"
#include "vault/identity/accounts.h"
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
};

// Whose name and password these are. Every refusal costs one hash, so that its time tells nothing.
// kNoSuchAccount, kWrongPassword, kAccountDisabled (told only to who knows the password), kBusy.
Task<Result<Credentials>> check_credentials(Context& context, std::string login,
                                            std::string password);

// See Accounts::create().
Task<Result<Credentials>> create_account(Context& context, NewAccount account);

std::unexpected<Failure> wrong_password();

}  // namespace coffer::vault
