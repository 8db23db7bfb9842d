#include "vault/tree/entry_rows.h"

#include <utility>

#include "base/text.h"
#include "vault/events/events.h"
#include "vault/model/ids.h"
#include "vault/model/quota.h"
#include "vault/tree/media_rows.h"
#include "vault/tree/search_terms.h"
#include "vault/tree/tree.h"

namespace coffer::vault {
namespace {

// U+001F, which neither tags nor the searched form of any text can hold.
constexpr char kSeparator = '\x1f';

// Nothing is inserted where the key is taken.
constexpr db::Statement kInsert{
    "INSERT INTO entry (uuid, share, space_id, owner_id, parent_id, is_folder, levels, key, name,"
    " media_type, kind, size, charged, digest, manifest_id, title, description, tags,"
    " created_at, updated_at, written_at, taken_at, dated_at, search)"
    " VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,"
    " $18, $18, $18, $19, $20, $21) ON CONFLICT (space_id, parent_id, is_folder, key) DO NOTHING"};
constexpr db::Statement kFindKey{
    "SELECT id FROM entry WHERE space_id = $1 AND parent_id = $2 AND is_folder = $3 AND key = $4"};

constexpr db::Statement kSearched{"SELECT name, title, description, tags, search FROM entry"};

constexpr db::Statement kInsertTag{
    "INSERT INTO entry_tag (owner_id, tag, entry_id) VALUES ($1, $2, $3)"};
constexpr db::Statement kRemoveTag{
    "DELETE FROM entry_tag WHERE owner_id = $1 AND tag = $2 AND entry_id = $3"};

EntryId id_from(const db::Row& row) { return row.id<EntryId>(0); }

std::vector<std::string> split_tags(std::string_view column) {
  std::vector<std::string> tags;
  while (!column.empty()) {
    const std::size_t end = column.find(kSeparator);
    tags.emplace_back(column.substr(0, end));
    column = end == std::string_view::npos ? std::string_view() : column.substr(end + 1);
  }
  return tags;
}

}  // namespace

Entry entry_from(const db::Row& row) {
  Entry entry;
  entry.id = row.id<EntryId>(0);
  entry.uuid = Uuid::from_bytes(row.bytes(1)).value();
  entry.share = Uuid::from_bytes(row.bytes(2)).value();
  entry.share_expires_at = row.optional_time(3);
  entry.space = row.id<SpaceId>(4);
  entry.owner = row.id<AccountId>(5);
  if (const auto parent = row.id<EntryId>(6); parent != EntryId{}) entry.parent = parent;
  entry.key = as_text(row.bytes(7));
  entry.name = as_text(row.bytes(kEntryName));
  entry.type.media_type = row.text(9);
  entry.type.kind = static_cast<FileKind>(row.integer(10));
  entry.size = static_cast<std::uint64_t>(row.integer(kEntrySize));
  entry.charged = static_cast<std::uint64_t>(row.integer(12));
  if (!row.is_null(13)) entry.checksum = Sha256Digest::from_bytes(row.bytes(13)).value();
  if (!row.is_null(14)) entry.manifest = row.id<ManifestId>(14);
  entry.title = row.optional_text(15);
  entry.description = row.optional_text(16);
  entry.tags = split_tags(row.text(17));
  entry.created_at = row.time(18);
  entry.updated_at = row.time(19);
  entry.written_at = row.time(20);
  entry.share_generation = static_cast<std::uint32_t>(row.integer(21));
  if (!row.is_null(22)) entry.media = decode_media(row.text(22));
  return entry;
}

std::string id_list(std::span<const EntryId> ids) {
  std::string list;
  for (const EntryId id : ids) {
    list += list.empty() ? '[' : ',';
    list += std::to_string(id.value);
  }
  list += list.empty() ? "[]" : "]";
  return list;
}

Uuid make_token(Time now, Entropy& entropy) {
  // The time passes through all values of 32 bits in half a year.
  constexpr int kMicrosShift = 12;
  Uuid token;
  entropy.fill(token.bytes);
  const auto place = static_cast<std::uint64_t>(to_micros(now)) >> kMicrosShift;
  for (std::size_t i = 0; i < 4; ++i)
    token.bytes[i] = static_cast<std::byte>(place >> (8 * (3 - i)));
  static_assert(kCellBits == 12 && kCell < 1U << kCellBits);
  token.bytes[6] = static_cast<std::byte>(0x40U | (kCell >> 8U));
  token.bytes[7] = static_cast<std::byte>(kCell & 0xffU);
  token.bytes[8] = (token.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
  return token;
}

bool is_token(const Uuid& uuid) noexcept {
  return (uuid.bytes[6] & std::byte{0xf0}) == std::byte{0x40};
}

NewEntryRow new_entry_row(Entry entry, Time now, Entropy& entropy) {
  entry.uuid = Uuid::make(now, entropy);
  entry.share = make_token(now, entropy);
  entry.charged = charge_of(entry);
  std::string tags = tags_column(entry);
  std::string search = search_column(entry);
  return {.entry = std::move(entry), .tags = std::move(tags), .search = std::move(search)};
}

Task<Result<Entry>> add_entry(db::Transaction& transaction, const NewEntryRow& row,
                              const ParentRef& place, Time now, Naming naming) {
  Entry entry = row.entry;
  entry.space = place.space;
  entry.parent = place.folder;
  entry.created_at = entry.updated_at = entry.written_at = now;
  entry.key = key_from_name(entry.name, entry.type.kind);
  if (entry.is_folder()) {
    const auto extended = co_await extend_tree(transaction, place);
    if (!extended) co_return std::unexpected(extended.error());
  }
  const EntryId parent = entry.parent.value_or(EntryId{});
  std::optional<ByteView> digest;
  std::optional<Time> taken_at;
  if (entry.checksum) {
    digest = ByteView(entry.checksum->bytes);
    const auto known =
        co_await want_media(transaction, *entry.checksum, entry.type, entry.owner, now);
    entry.media = known.media;
    taken_at = known.taken_at;
  }
  std::optional<Time> dated_at;
  if (is_dated(entry.type)) dated_at = taken_at.value_or(now);
  for (;;) {
    // The name is taken by the same key, or by a folder where a file is to be, and the other way
    // round.
    const std::string other = counterpart(entry.key);
    std::optional<EntryId> id = co_await transaction.find(kFindKey, id_from, entry.space, parent,
                                                          !entry.is_folder(), as_bytes(other));
    const bool shadowed = id.has_value();
    if (!shadowed) {
      id = co_await transaction.insert<EntryId>(
          kInsert, entry.uuid, entry.share, entry.space, entry.owner, parent, entry.is_folder(),
          as_bytes(entry.key), as_bytes(entry.name), entry.type.media_type, entry.type.kind,
          entry.size, entry.charged, digest, entry.manifest, entry.title, entry.description,
          row.tags, now, taken_at, dated_at, row.search);
    }
    if (!shadowed && id) {
      entry.id = *id;
      break;
    }
    if (naming == Naming::kExact) co_return taken("name", "is that of something else there");
    entry.key = co_await free_key(transaction, place, std::move(entry.key));
  }
  co_await insert_tags(transaction, entry);
  co_await add_to_totals(transaction, entry);
  const Event event = event_about(entry, EventType::kEntryCreated, entry.owner);
  co_await append_event(transaction, now, event);
  co_return entry;
}

Task<void> settle_key(db::Transaction& transaction, Entry& entry, const ParentRef& place) {
  std::string key = key_from_name(entry.name, entry.type.kind);
  const bool stays = place.space == entry.space && place.folder == entry.parent;
  if (key != entry.key || !stays) {
    const bool taken = co_await is_taken(transaction, place, key);
    if (taken) key = co_await free_key(transaction, place, std::move(key));
  }
  entry.key = std::move(key);
  entry.space = place.space;
  entry.parent = place.folder;
}

std::string tags_column(const Entry& entry) {
  std::string column;
  for (const std::string& tag : entry.tags) {
    if (!column.empty()) column += kSeparator;
    column += tag;
  }
  return column;
}

Task<std::uint64_t> count_wrong_search_columns(db::Transaction& transaction) {
  std::uint64_t wrong = 0;
  Entry entry;
  const auto compare = [&](const db::Row& row) {
    entry.name = as_text(row.bytes(0));
    entry.title = row.optional_text(1);
    entry.description = row.optional_text(2);
    entry.tags = split_tags(row.text(3));
    if (search_column(entry) != row.text(4)) ++wrong;
  };
  co_await transaction.for_each(kSearched, compare);
  co_return wrong;
}

Task<void> insert_tags(db::Transaction& transaction, const Entry& entry) {
  for (const std::string& tag : entry.tags) {
    const std::string folded = fold_case(tag);
    co_await transaction.execute(kInsertTag, entry.owner, folded, entry.id);
  }
}

Task<void> remove_tags(db::Transaction& transaction, const Entry& entry) {
  for (const std::string& tag : entry.tags) {
    const std::string folded = fold_case(tag);
    co_await transaction.execute(kRemoveTag, entry.owner, folded, entry.id);
  }
}

}  // namespace coffer::vault
