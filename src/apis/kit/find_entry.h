// What a client's reference names.
#pragma once

#include "apis/kit/entry_ref.h"
#include "base/task.h"
#include "vault/vault.h"

namespace coffer::apis {

// The file, or the folder, of `owner`. kNotFound.
Task<vault::Result<vault::Entry>> find_file(vault::Vault& vault, vault::AccountId owner,
                                            EntryRef ref);
Task<vault::Result<vault::Entry>> find_folder(vault::Vault& vault, vault::AccountId owner,
                                              EntryRef ref);

}  // namespace coffer::apis
