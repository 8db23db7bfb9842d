#include "apis/kit/entry_ref.h"

#include "vault/model/ids.h"

namespace coffer::apis {

std::optional<EntryRef> parse_entry_ref(std::string_view text) {
  if (const auto uuid = Uuid::parse(text)) return *uuid;
  const auto id = vault::parse_id<vault::EntryId>(text);
  if (!id || id->value == 0) return std::nullopt;
  return *id;
}

Task<vault::Result<vault::Entry>> find_file(vault::Vault& vault, vault::AccountId owner,
                                            EntryRef ref) {
  if (const auto* uuid = std::get_if<Uuid>(&ref)) {
    auto entry = co_await vault.entries().find(owner, *uuid);
    co_return entry;
  }
  auto entry = co_await vault.entries().find(owner, std::get<vault::EntryId>(ref));
  co_return entry;
}

Task<vault::Result<vault::Entry>> find_folder(vault::Vault& vault, vault::AccountId owner,
                                              EntryRef ref) {
  if (const auto* uuid = std::get_if<Uuid>(&ref)) {
    auto folder = co_await vault.folders().find(owner, *uuid);
    co_return folder;
  }
  auto folder = co_await vault.folders().find(owner, std::get<vault::EntryId>(ref));
  co_return folder;
}

}  // namespace coffer::apis
