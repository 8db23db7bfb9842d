#include "vault/subtree.h"

#include "base/text.h"
#include "vault/events.h"
#include "vault/sql.h"

namespace coffer::vault {
namespace {

// What every statement here is about; $1 to $4 are the range.
constexpr char kInRange[] =
    "entry.space_id = $1 AND entry.nested = $2 AND entry.key >= $3 AND entry.key < $4";

constexpr auto kTellText =
    sql("INSERT INTO event (type, at, account_id, space_id, entry_id, uuid, kind, owner_id)"
        " SELECT $5, $6, $7, space_id, id, uuid, kind, owner_id FROM entry WHERE ",
        kInRange, " ORDER BY key");
constexpr db::Statement kTell{kTellText.data()};

constexpr auto kDropBlobsText =
    sql("UPDATE blob SET refs = blob.refs - gone.refs, unused_since ="
        " CASE WHEN blob.refs = gone.refs THEN CAST($5 AS INTEGER) ELSE NULL END"
        " FROM (SELECT entry.blob_id, count(*) AS refs FROM entry WHERE ",
        kInRange,
        " AND entry.blob_id IS NOT NULL GROUP BY entry.blob_id) AS gone"
        " WHERE blob.id = gone.blob_id");
constexpr db::Statement kDropBlobs{kDropBlobsText.data()};

constexpr auto kDropPartsText =
    sql("UPDATE blob SET refs = blob.refs - gone.refs, unused_since ="
        " CASE WHEN blob.refs = gone.refs THEN CAST($5 AS INTEGER) ELSE NULL END"
        " FROM (SELECT part.blob_id, count(*) AS refs FROM entry"
        " JOIN part ON part.multipart_id = entry.manifest_id WHERE ",
        kInRange, " GROUP BY part.blob_id) AS gone WHERE blob.id = gone.blob_id");
constexpr db::Statement kDropParts{kDropPartsText.data()};

constexpr auto kRetireText =
    sql("INSERT INTO retired_manifest (manifest_id, retired_at)"
        " SELECT entry.manifest_id, $5 FROM entry WHERE ",
        kInRange, " AND entry.manifest_id IS NOT NULL");
constexpr db::Statement kRetire{kRetireText.data()};

constexpr auto kSubtractText =
    sql("UPDATE owner_total SET files = owner_total.files - gone.files,"
        " bytes = owner_total.bytes - gone.bytes FROM"
        " (SELECT entry.owner_id, entry.kind, count(*) AS files, sum(entry.size) AS bytes"
        " FROM entry WHERE ",
        kInRange,
        " GROUP BY entry.owner_id, entry.kind) AS gone"
        " WHERE owner_total.owner_id = gone.owner_id AND owner_total.kind = gone.kind");
constexpr db::Statement kSubtract{kSubtractText.data()};

constexpr auto kGiveBackText =
    sql("UPDATE account SET used = account.used - gone.bytes FROM"
        " (SELECT entry.owner_id, sum(entry.size) AS bytes FROM entry WHERE ",
        kInRange, " GROUP BY entry.owner_id) AS gone WHERE account.id = gone.owner_id");
constexpr db::Statement kGiveBack{kGiveBackText.data()};

constexpr auto kUntagText =
    sql("DELETE FROM entry_tag WHERE entry_id IN (SELECT entry.id FROM entry WHERE ", kInRange,
        " AND entry.tags <> '')");
constexpr db::Statement kUntag{kUntagText.data()};

constexpr auto kRemoveText = sql("DELETE FROM entry WHERE ", kInRange);
constexpr db::Statement kRemove{kRemoveText.data()};

constexpr auto kLongestText =
    sql("SELECT coalesce(max(length(entry.key)), 0) FROM entry WHERE ", kInRange);
constexpr db::Statement kLongest{kLongestText.data()};

// $6 is the place in the key, counted from 1, from which it stays.
constexpr auto kMoveText =
    sql("UPDATE entry SET key = CAST($5 || substr(key, $6) AS BLOB) WHERE ", kInRange);
constexpr db::Statement kMove{kMoveText.data()};

}  // namespace

KeyRange range_of(const Entry& folder) {
  KeyRange range{.space = folder.space, .first = folder.key, .end = folder.key};
  range.end.back() = '/' + 1;
  return range;
}

Task<void> remove_range(db::Transaction& transaction, const KeyRange& range, AccountId caller,
                        Time now) {
  const ByteView first = as_bytes(range.first);
  const ByteView end = as_bytes(range.end);
  co_await transaction.execute(kTell, range.space, range.nested, first, end,
                               EventType::kEntryDeleted, now, caller);
  co_await transaction.execute(kDropBlobs, range.space, range.nested, first, end, now);
  co_await transaction.execute(kDropParts, range.space, range.nested, first, end, now);
  co_await transaction.execute(kRetire, range.space, range.nested, first, end, now);
  co_await transaction.execute(kSubtract, range.space, range.nested, first, end);
  co_await transaction.execute(kGiveBack, range.space, range.nested, first, end);
  co_await transaction.execute(kUntag, range.space, range.nested, first, end);
  co_await transaction.execute(kRemove, range.space, range.nested, first, end);
}

Task<std::size_t> longest_key(db::Transaction& transaction, const KeyRange& range) {
  const auto length = co_await transaction.find(
      kLongest, [](const db::Row& row) { return row.integer(0); }, range.space, range.nested,
      as_bytes(range.first), as_bytes(range.end));
  co_return static_cast<std::size_t>(length.value());
}

Task<void> move_range(db::Transaction& transaction, const KeyRange& range,
                      const std::string& prefix) {
  const std::size_t from = range.first.size() + 1;
  co_await transaction.execute(kMove, range.space, range.nested, as_bytes(range.first),
                               as_bytes(range.end), as_bytes(prefix), from);
}

}  // namespace coffer::vault
