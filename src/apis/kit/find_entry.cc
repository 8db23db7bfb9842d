#include "apis/kit/find_entry.h"

#include <variant>

namespace coffer::apis {

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
