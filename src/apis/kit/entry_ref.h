// What a client may call a file or a folder by: its number, its UUID, its share token (contract
// section 2).
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "base/task.h"
#include "vault/vault.h"

namespace coffer::apis {

// A UUID may be the entry's own or its token; the vault tells them apart.
using EntryRef = std::variant<vault::EntryId, Uuid>;

// `12` or a UUID; nothing for any other text.
std::optional<EntryRef> parse_entry_ref(std::string_view text);

// The file, or the folder, of `owner`. kNotFound.
Task<vault::Result<vault::Entry>> find_file(vault::Vault& vault, vault::AccountId owner,
                                            EntryRef ref);
Task<vault::Result<vault::Entry>> find_folder(vault::Vault& vault, vault::AccountId owner,
                                              EntryRef ref);

}  // namespace coffer::apis
