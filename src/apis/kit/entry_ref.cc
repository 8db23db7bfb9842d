#include "apis/kit/entry_ref.h"

#include "base/text.h"

namespace coffer::apis {

std::optional<EntryRef> parse_entry_ref(std::string_view text) {
  if (const auto uuid = Uuid::parse(text)) return *uuid;
  const auto number = parse_unsigned(text);
  if (!number || *number == 0 || *number > INT64_MAX) return std::nullopt;
  return vault::EntryId{static_cast<std::int64_t>(*number)};
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
