// An entry as its rows hold it, for the statements that read and change them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/entropy.h"
#include "base/task.h"
#include "db/database.h"
#include "vault/model/failure.h"
#include "vault/model/types.h"
#include "vault/tree/keys.h"

namespace coffer::vault {

// The columns that `entry` and `trash` have in common.
#define COFFER_KEPT_ENTRY_COLUMNS                                                             \
  "id, uuid, share, share_expires_at, space_id, owner_id, parent_id, key, name, media_type, " \
  "kind, size, charged, digest, manifest_id, title, description, tags, created_at, "          \
  "updated_at, written_at, share_generation"
inline constexpr char kKeptEntryColumns[] = COFFER_KEPT_ENTRY_COLUMNS;
// What entry_from() reads: these, and the facts of the bytes. Not a join: so it stands in a
// statement of any form, and costs nothing where no file of such a kind is read.
inline constexpr char kEntryColumns[] = COFFER_KEPT_ENTRY_COLUMNS
    ", CASE WHEN kind <= 2 OR media_type = 'application/pdf' THEN"
    " (SELECT facts FROM media_facts WHERE source = digest) END";
#undef COFFER_KEPT_ENTRY_COLUMNS
// Where some of them stand; what a statement selects besides follows from kEntryWidth on.
inline constexpr int kEntryName = 8;
inline constexpr int kEntrySize = 11;
inline constexpr int kEntryWidth = 23;

Entry entry_from(const db::Row& row);

// A list of entries as one argument of a statement: `FROM <listed_ids("$1")> CROSS JOIN entry WHERE
// entry.id = listed_id` gives their rows in the order of the list.
std::string id_list(std::span<const EntryId> ids);
inline std::string listed_ids(std::string_view argument) {
  std::string text = "(SELECT value AS listed_id FROM json_each(";
  text += argument;
  text += ")) AS listed";
  return text;
}

// The text of a statement that gives `columns` of up to $2 files of the owner $1 with ids above $3,
// in order of ids. `condition` is an empty text or kIsNotHidden.
std::string walk_text(std::string_view columns, std::string_view condition);

// A UUID of version 4 that nobody guesses: 78 bits are random. 32 come from the time, so that
// tokens made one after another lie together in an index, and the 12 behind the version are the
// cell that made it (vault/model/ids.h).
Uuid make_token(Time now, Entropy& entropy);
// Whether `uuid` can be one; entries' own UUIDs cannot.
bool is_token(const Uuid& uuid) noexcept;

// An entry that is to be, with the columns that follow from it: worked out before its transaction.
struct NewEntryRow {
  Entry entry;
  std::string tags;
  std::string search;
};
// Gives `entry` its identifiers, and what it counts in the quota.
NewEntryRow new_entry_row(Entry entry, Time now, Entropy& entropy);

// What becomes of a name that is taken at its place.
enum class Naming {
  kNumbered,  // the key gets a number
  kExact,     // the entry is not made: kConflict with a fault of `name`
};

// Makes the drafted entry one of `place`, under a key of its own, by its owner: rows, total, event.
// Not what it costs, nor the reference to its bytes. kInvalid when a folder would lie too deep.
Task<Result<Entry>> add_entry(db::Transaction& transaction, const NewEntryRow& row,
                              const ParentRef& place, Time now, Naming naming = Naming::kNumbered);

// Makes `place` the entry's, with a key of its own there, another only where it has to: name and
// place make it. Not the row, nor the totals.
Task<void> settle_key(db::Transaction& transaction, Entry& entry, const ParentRef& place);

// The column that follows from others; `search` is search_column() (search_terms.h).
std::string tags_column(const Entry& entry);

// How many entries are searched by another text than search_column() makes of them.
Task<std::uint64_t> count_wrong_search_columns(db::Transaction& transaction);

// Keep the index of tags in step with `entry`.
Task<void> insert_tags(db::Transaction& transaction, const Entry& entry);
Task<void> remove_tags(db::Transaction& transaction, const Entry& entry);

}  // namespace coffer::vault
