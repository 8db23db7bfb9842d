#include "vault/sharing/short_links.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/text.h"
#include "vault/identity/account_rows.h"
#include "vault/model/quota.h"
#include "vault/model/sql.h"
#include "vault/sharing/shares.h"
#include "vault/transfer/file_rows.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/relocation.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

constexpr const char* kKeyName = "address_key";
constexpr std::size_t kExtensionMax = 32;  // characters, without the dot
constexpr std::size_t kBatch = 100;        // claims that one transaction decides

constexpr db::Statement kFindKey{"SELECT value FROM secret WHERE name = $1"};
constexpr db::Statement kInsertKey{
    "INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"};

// What a statement selects behind kEntryColumns: the extension, null where there is none.
constexpr char kExtensionColumn[] =
    ", (SELECT extension FROM extended_address WHERE extended_address.entry_id = entry.id)";

// A removed group's files are their owners' still; a removed bucket's are gone for everybody.
constexpr char kIsThere[] =
    " AND EXISTS (SELECT 1 FROM account a WHERE a.id = entry.owner_id AND a.disabled_at IS NULL)"
    " AND EXISTS (SELECT 1 FROM space s WHERE s.id = entry.space_id"
    " AND (s.removed_at IS NULL OR s.kind = 2))";

constexpr auto kFindText = sql("SELECT ", kEntryColumns, kExtensionColumn,
                               " FROM entry WHERE id = $1 AND is_folder = 0", kIsThere, kIsLive);
constexpr db::Statement kFind{kFindText.data()};

constexpr auto kFindSharedText = sql("SELECT ", kEntryColumns, kExtensionColumn,
                                     " FROM entry WHERE id = $1 AND is_folder = 0"
                                     " AND (share_expires_at IS NULL OR share_expires_at > $2)",
                                     kIsThere, kIsLive);
constexpr db::Statement kFindShared{kFindSharedText.data()};

constexpr auto kListSpaceText =
    sql("SELECT ", kEntryColumns, kExtensionColumn,
        " FROM entry WHERE space_id = $1 AND parent_id = 0 AND is_folder = 0 AND key > $2"
        " ORDER BY key LIMIT $3");
constexpr db::Statement kListSpace{kListSpaceText.data()};

// Behind the extension: whether the file is in a group, or in a bucket that was removed.
constexpr char kElsewhereColumn[] =
    ", (SELECT CASE WHEN s.kind = 2 AND s.removed_at IS NULL THEN 1"
    " WHEN s.kind <> 2 AND s.removed_at IS NOT NULL THEN 1 ELSE 0 END"
    " FROM space s WHERE s.id = entry.space_id)";

// A group that has not been removed.
constexpr db::Statement kFindGroup{
    "SELECT id FROM space WHERE id = $1 AND kind = 2 AND removed_at IS NULL"};

constexpr auto kFindAccountText =
    sql("SELECT ", kAccountColumns, " FROM account a WHERE a.id = $1");
constexpr db::Statement kFindAccount{kFindAccountText.data()};

struct Extended {
  Entry entry;
  std::string extension;
};

Extended extended_from(const db::Row& row) {
  return {entry_from(row), std::string(row.optional_text(kEntryWidth).value_or(""))};
}

SpaceId id_from(const db::Row& row) { return row.id<SpaceId>(0); }

Bytes bytes_from(const db::Row& row) {
  const ByteView value = row.bytes(0);
  return {value.begin(), value.end()};
}

std::unexpected<Failure> no_such_file() {
  return fail(FailureCode::kNotFound, "there is no such file");
}

std::unexpected<Failure> wrong_key() { return invalid("key", "is not this file's"); }

// What an address says.
struct ShortName {
  EntryId id;
  std::uint32_t generation;
  std::string_view extension;  // with its dot; part of the address
};

// Nothing where it is none.
std::optional<ShortName> parse(const LinkCipher& cipher, std::string_view address) {
  const std::size_t length = std::min(LinkCipher::kLength, address.size());
  const auto number = cipher.read_short_link(address.substr(0, length));
  if (!number) return std::nullopt;
  return ShortName{number->id, number->generation, address.substr(length)};
}

// Whether it is the address that the file has now.
bool is_of(const ShortName& name, const Extended& found) {
  if (name.generation != found.entry.share_generation) return false;
  return name.extension.empty() || name.extension == found.extension ||
         name.extension == address_extension(found.entry.name);
}

bool is_key(std::string_view text, const Uuid& key) {
  const auto given = Uuid::parse(text);
  return given && equal_in_constant_time(given->bytes, key.bytes);
}

}  // namespace

std::string_view extension_of_name(std::string_view name) noexcept {
  name = name.substr(name.find_last_of("/\\") + 1);  // npos + 1 is the whole
  const std::size_t start = name.find_first_not_of('.');
  if (start == std::string_view::npos) return {};
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot < start) return {};
  return name.substr(dot);
}

std::string_view address_extension(std::string_view name) noexcept {
  const std::string_view extension = extension_of_name(name);
  if (extension.size() < 2 || extension.size() > kExtensionMax + 1) return {};
  const bool plain = std::ranges::all_of(extension.substr(1), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
  return plain ? extension : std::string_view();
}

Task<std::shared_ptr<const LinkCipher>> open_link_cipher(Context& context) {
  auto look = [&](db::Transaction& tx) -> Task<std::optional<Bytes>> {
    co_return co_await tx.find(kFindKey, bytes_from, kKeyName);
  };
  auto key = co_await context.database.read(look);
  if (!key) {
    Bytes fresh(LinkCipher::kKeyBytes);
    context.entropy.fill(fresh);
    auto make = [&](db::Transaction& tx) -> Task<std::optional<Bytes>> {
      co_await tx.execute(kInsertKey, kKeyName, fresh);
      co_return co_await tx.find(kFindKey, bytes_from, kKeyName);
    };
    key = co_await context.database.write(Actor::System{}, make);
  }
  if (!key || key->size() != LinkCipher::kKeyBytes) {
    throw std::runtime_error("the key that makes addresses is damaged");
  }
  co_return std::make_shared<const LinkCipher>(*key);
}

Addressed ShortLinks::of(Entry entry, std::string_view extension) const {
  Addressed out{.entry = std::move(entry), .address = {}, .delete_key = {}};
  out.address = cipher_->short_link(out.entry.id, out.entry.share_generation);
  out.address += extension;
  out.delete_key = cipher_->delete_key(out.entry.uuid, out.entry.share_generation);
  return out;
}

Uuid ShortLinks::group_key(const Entry& file) const {
  return cipher_->group_delete_key(file.uuid, file.share_generation, file.space);
}

Task<std::optional<Addressed>> ShortLinks::look_up(const std::string& address, bool for_everybody) {
  const auto name = parse(*cipher_, address);
  if (!name) co_return std::nullopt;
  const Time now = context_.clock.now();
  auto body = [&](db::Transaction& tx) -> Task<std::optional<Extended>> {
    if (for_everybody) co_return co_await tx.find(kFindShared, extended_from, name->id, now);
    co_return co_await tx.find(kFind, extended_from, name->id);
  };
  auto found = co_await context_.database.read(body);
  if (!found || !is_of(*name, *found)) co_return std::nullopt;
  co_return of(std::move(found->entry), found->extension);
}

Task<Result<Addressed>> ShortLinks::find(std::string address) {
  auto found = co_await look_up(address, true);
  if (!found) co_return no_such_file();
  co_return std::move(*found);
}

Task<Result<void>> ShortLinks::remove(std::string address, std::string key) {
  // Guesses cost no transaction that writes.
  const auto known = co_await look_up(address, false);
  if (!known) co_return no_such_file();
  const bool is_own = is_key(key, known->delete_key);
  if (!is_own && !is_key(key, group_key(known->entry))) co_return wrong_key();

  const auto name = parse(*cipher_, address).value();
  auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
    const auto found = co_await tx.find(kFind, extended_from, name.id);
    // Its key follows from the link; its name may be another by now.
    if (!found || !is_of(name, *found)) co_return no_such_file();
    if (!is_own) {
      const auto group = co_await tx.find(kFindGroup, id_from, found->entry.space);
      if (!group || !is_key(key, group_key(found->entry))) co_return wrong_key();
    }
    co_await remove_file(tx, found->entry, found->entry.owner, context_.clock.now());
    co_return Result<void>{};
  };
  co_return co_await context_.database.write(Actor::Anyone{}, body);
}

Task<Result<Addressed>> ShortLinks::rotate(std::string address, std::string key) {
  const auto known = co_await look_up(address, false);
  if (!known) co_return no_such_file();
  if (!is_key(key, known->delete_key)) co_return wrong_key();

  const auto name = parse(*cipher_, address).value();
  auto body = [&](db::Transaction& tx) -> Task<Result<Extended>> {
    auto found = co_await tx.find(kFind, extended_from, name.id);
    if (!found || !is_of(name, *found)) co_return no_such_file();
    if (found->entry.share_generation + 1 >= LinkCipher::kGenerationMax) {
      co_return fail(FailureCode::kConflict,
                     "the link cannot be made new any more: upload the file again");
    }
    auto renewed = co_await renew_links(tx, found->entry.owner, name.id, context_.clock.now(),
                                        context_.entropy);
    if (!renewed) co_return std::unexpected(renewed.error());
    found->entry = std::move(*renewed);
    co_return std::move(*found);
  };
  auto renewed = co_await context_.database.write(Actor::Anyone{}, body);
  if (!renewed) co_return std::unexpected(renewed.error());
  co_return of(std::move(renewed->entry), renewed->extension);
}

Task<Result<std::vector<bool>>> ShortLinks::transfer(Actor actor, std::vector<Claim> claims) {
  const AccountId caller = actor.account();
  struct Known {
    std::size_t claim;
    ShortName name;
  };
  // What can be the address of no file costs no transaction.
  std::vector<Known> known;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const auto name = parse(*cipher_, claims[i].address);
    if (name && Uuid::parse(claims[i].key)) known.push_back({i, *name});
  }
  std::vector<bool> outcomes(claims.size());
  for (std::size_t first = 0; first < known.size(); first += kBatch) {
    const std::size_t end = std::min(known.size(), first + kBatch);
    auto body = [&](db::Transaction& tx) -> Task<Result<void>> {
      const auto account = co_await tx.find(kFindAccount, account_from, caller);
      for (std::size_t k = first; k < end; ++k) {
        const auto& [i, name] = known[k];
        outcomes[i] = false;
        if (!account) continue;
        const auto found = co_await tx.find(kFind, extended_from, name.id);
        if (!found || !is_of(name, *found)) continue;
        const Entry& file = found->entry;
        if (!is_key(claims[i].key, cipher_->delete_key(file.uuid, file.share_generation))) continue;
        if (file.owner != caller) {
          const auto owner = co_await tx.find(kFindAccount, account_from, file.owner);
          if (!owner || !owner->is_guest) continue;
          const auto charged = co_await charge(tx, caller, account->home, cost_of(file));
          if (!charged) continue;
          const Time now = context_.clock.now();
          co_await change_owner(tx, file, caller, account->home, now);
        }
        outcomes[i] = true;
      }
      co_return Result<void>{};
    };
    const auto done = co_await context_.database.write(actor, body);
    if (!done) co_return std::unexpected(done.error());
  }
  co_return outcomes;
}

Task<ShortLinks::OwnFiles> ShortLinks::list_own(AccountId owner, EntryId after, PageLimit limit) {
  static const std::string columns =
      fmt::format("{}{}{}", kEntryColumns, kExtensionColumn, kElsewhereColumn);
  static const std::string texts[] = {walk_text(columns, ""), walk_text(columns, kIsNotHidden)};
  static const db::Statement statements[] = {{texts[0].c_str()}, {texts[1].c_str()}};
  struct ClaimedFile {
    Extended file;
    bool elsewhere;
  };
  const auto found_from = [](const db::Row& row) {
    return ClaimedFile{extended_from(row), row.boolean(kEntryWidth + 1)};
  };
  const auto weigh = [](const ClaimedFile& one) { return one.file.entry.text_bytes(); };
  auto body = [&](db::Transaction& tx, bool hidden) -> Task<Page<ClaimedFile>> {
    co_return co_await read_page(tx, statements[hidden ? 1 : 0], limit, found_from, weigh, owner,
                                 limit.to_fetch(), after);
  };
  auto found = co_await read_list<Page<ClaimedFile>>(context_.database, {.owner = owner}, body);
  OwnFiles own;
  if (found.more) own.next = found.items.back().file.entry.id;
  for (ClaimedFile& one : found.items) {
    if (!one.elsewhere) own.files.push_back(of(std::move(one.file.entry), one.file.extension));
  }
  co_return own;
}

Task<Page<Addressed>> ShortLinks::list_space(SpaceId space, std::string after, PageLimit limit) {
  const auto weigh = [](const Extended& one) { return one.entry.text_bytes(); };
  auto body = [&](db::Transaction& tx) -> Task<Page<Extended>> {
    co_return co_await read_page(tx, kListSpace, limit, extended_from, weigh, space,
                                 as_bytes(after), limit.to_fetch());
  };
  auto found = co_await context_.database.read(body);
  Page<Addressed> page;
  page.more = found.more;
  page.items.reserve(found.items.size());
  for (Extended& one : found.items) page.items.push_back(of(std::move(one.entry), one.extension));
  co_return page;
}

}  // namespace coffer::vault
