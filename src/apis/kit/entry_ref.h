// What a client may call a file or a folder by: its number, its UUID, its share token (contract
// section 2).
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "base/ids.h"
#include "vault/model/types.h"

namespace coffer::apis {

// A UUID may be the entry's own or its token; the vault tells them apart.
using EntryRef = std::variant<vault::EntryId, Uuid>;

// `12` or a UUID; nothing for any other text.
std::optional<EntryRef> parse_entry_ref(std::string_view text);

}  // namespace coffer::apis
