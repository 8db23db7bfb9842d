#include "apis/kit/find_entry.h"

#include <variant>

namespace coffer::apis {
namespace {

// `things`: the vault's files, or its folders.
template <class Things>
Task<vault::Result<vault::Entry>> find_in(Things& things, vault::AccountId owner, EntryRef ref) {
  return std::visit([&](auto id) { return things.find(owner, id); }, ref);
}

}  // namespace

Task<vault::Result<vault::Entry>> find_file(vault::Vault& vault, vault::AccountId owner,
                                            EntryRef ref) {
  return find_in(vault.entries(), owner, ref);
}

Task<vault::Result<vault::Entry>> find_folder(vault::Vault& vault, vault::AccountId owner,
                                              EntryRef ref) {
  return find_in(vault.folders(), owner, ref);
}

}  // namespace coffer::apis
