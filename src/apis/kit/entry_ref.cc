#include "apis/kit/entry_ref.h"

#include "vault/model/ids.h"

namespace coffer::apis {

std::optional<EntryRef> parse_entry_ref(std::string_view text) {
  if (const auto uuid = Uuid::parse(text)) return *uuid;
  const auto id = vault::parse_id<vault::EntryId>(text);
  if (!id || id->value == 0) return std::nullopt;
  return *id;
}

}  // namespace coffer::apis
