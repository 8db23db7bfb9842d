#include "vault/consistency.h"

#include <utility>

namespace coffer::vault {
namespace {

// Each gives one number: of how many rows a rule does not hold. What counts rows of another table
// does so once for all of them, not once for each: this is run over millions.
constexpr std::pair<std::string_view, db::Statement> kRules[] = {
    {"reference counts of blobs that are not the number of their references",
     {"SELECT count(*) FROM blob LEFT JOIN"
      " (SELECT blob_id, count(*) AS counted FROM"
      "  (SELECT blob_id FROM entry WHERE blob_id IS NOT NULL UNION ALL"
      "   SELECT blob_id FROM part WHERE multipart_id NOT IN"
      "    (SELECT manifest_id FROM retired_manifest)) GROUP BY blob_id) AS referred"
      " ON referred.blob_id = blob.id WHERE refs <> coalesce(counted, 0)"}},
    {"references to blobs that are not there",
     {"SELECT (SELECT count(*) FROM entry WHERE blob_id IS NOT NULL AND blob_id NOT IN (SELECT id "
      "FROM blob)) +"
      " (SELECT count(*) FROM part WHERE blob_id NOT IN (SELECT id FROM blob)"
      "  AND multipart_id NOT IN (SELECT manifest_id FROM retired_manifest))"}},
    {"blobs that are counted as unused and are not, or the other way round",
     {"SELECT count(*) FROM blob WHERE (refs = 0) <> (unused_since IS NOT NULL)"}},
    {"files whose size or checksum is not that of their blob",
     {"SELECT count(*) FROM entry JOIN blob ON blob.id = entry.blob_id"
      " WHERE entry.size <> blob.size OR entry.digest IS NOT blob.digest"}},
    {"parts whose size is not that of their blob",
     {"SELECT count(*) FROM part JOIN blob ON blob.id = part.blob_id"
      " WHERE part.size <> blob.size AND part.multipart_id NOT IN"
      " (SELECT manifest_id FROM retired_manifest)"}},
    {"entries and unfinished uploads of accounts that are not there",
     {"SELECT (SELECT count(*) FROM entry WHERE owner_id NOT IN (SELECT id FROM account)) +"
      " (SELECT count(*) FROM multipart WHERE entry_id IS NULL"
      "  AND owner_id NOT IN (SELECT id FROM account))"}},
    {"accounts without a space of their own",
     {"SELECT count(*) FROM account WHERE home_id NOT IN (SELECT id FROM space)"}},
    {"totals of files and bytes that are not those of the owner's files",
     {"SELECT count(*) FROM owner_total AS t LEFT JOIN"
      " (SELECT owner_id, kind, count(*) AS files, sum(size) AS bytes FROM entry"
      "  GROUP BY owner_id, kind) AS e ON e.owner_id = t.owner_id AND e.kind = t.kind"
      " WHERE t.files <> coalesce(e.files, 0) OR t.bytes <> coalesce(e.bytes, 0)"}},
    {"files that are in no owner's total",
     {"SELECT abs((SELECT count(*) FROM entry) -"
      " (SELECT coalesce(sum(files), 0) FROM owner_total))"}},
    {"quota counters that are not the bytes that the account keeps",
     {"SELECT count(*) FROM account AS a LEFT JOIN"
      " (SELECT owner_id, sum(bytes) AS bytes FROM"
      "  (SELECT owner_id, size AS bytes FROM entry UNION ALL"
      "   SELECT owner_id, bytes FROM multipart WHERE entry_id IS NULL) GROUP BY owner_id) AS kept"
      " ON kept.owner_id = a.id WHERE a.used <> coalesce(kept.bytes, 0)"}},
    {"unfinished uploads whose bytes are not those of their parts",
     {"SELECT count(*) FROM multipart AS m WHERE entry_id IS NULL AND bytes <>"
      " (SELECT coalesce(sum(size), 0) FROM part WHERE multipart_id = m.id)"}},
    {"files whose size is not that of their parts",
     {"SELECT count(*) FROM entry AS e WHERE manifest_id IS NOT NULL AND size <>"
      " (SELECT coalesce(sum(size), 0) FROM part WHERE multipart_id = e.manifest_id)"}},
    {"parts that belong to no upload and no file",
     {"SELECT count(*) FROM part WHERE multipart_id NOT IN (SELECT id FROM multipart) AND"
      " multipart_id NOT IN (SELECT manifest_id FROM entry WHERE manifest_id IS NOT NULL) AND"
      " multipart_id NOT IN (SELECT manifest_id FROM retired_manifest)"}},
    {"tags of files that are not there",
     {"SELECT count(*) FROM entry_tag WHERE entry_id NOT IN (SELECT id FROM entry)"}},
    {"entries whose folder is not there, or whose path does not begin with its path",
     {"SELECT count(*) FROM entry AS e LEFT JOIN entry AS p ON p.id = e.parent_id"
      " WHERE CASE WHEN e.parent_id = 0 THEN 0 ELSE p.is_folder IS NOT 1 OR"
      " p.space_id <> e.space_id OR substr(e.key, 1, length(p.key)) <> p.key END"}},
    {"entries whose path has more or fewer parts than their folder's and a name",
     {"SELECT count(*) FROM entry AS e LEFT JOIN entry AS p ON p.id = e.parent_id"
      " WHERE instr(CAST(substr(e.key, coalesce(length(p.key), 0) + 1) AS TEXT), '/')"
      " <> CASE WHEN e.is_folder = 1 THEN length(e.key) - coalesce(length(p.key), 0) ELSE 0 END"
      " AND e.key = CAST(CAST(e.key AS TEXT) AS BLOB) AND length(CAST(e.key AS TEXT)) ="
      " length(e.key)"}},
    {"buckets without a name",
     {"SELECT count(*) FROM space WHERE kind = 3 AND removed_at IS NULL AND name IS NULL"}},
    {"removed spaces that still have members, links, keys or a number",
     {"SELECT count(*) FROM space WHERE removed_at IS NOT NULL AND (number IS NOT NULL"
      " OR id IN (SELECT space_id FROM member) OR id IN (SELECT space_id FROM link WHERE kind = 0)"
      " OR id IN (SELECT space_id FROM api_key WHERE space_id IS NOT NULL))"}},
    {"download tokens of what is no file of their bucket",
     {"SELECT count(*) FROM link LEFT JOIN entry ON entry.id = link.entry_id WHERE link.kind = 1"
      " AND (entry.is_folder IS NOT 0 OR entry.space_id <> link.space_id)"}},
    {"keys of applications without their owner's bucket, or others with one",
     {"SELECT count(*) FROM api_key AS k LEFT JOIN space AS s ON s.id = k.space_id"
      " AND s.kind = 3 AND s.owner_id = k.account_id WHERE (k.kind = 2) <> (s.id IS NOT NULL)"
      " OR (k.kind <> 2 AND k.space_id IS NOT NULL)"}},
    {"entries that are noted as nested and are not, or the other way round",
     {"SELECT count(*) FROM entry WHERE (nested = 1) <> (is_folder = 1 OR parent_id <> 0)"}},
    {"groups without their owner",
     {"SELECT count(*) FROM space WHERE kind = 2 AND removed_at IS NULL AND NOT EXISTS"
      " (SELECT 1 FROM member WHERE space_id = space.id AND account_id = space.owner_id)"}},
    {"groups without a number, or others with one",
     {"SELECT count(*) FROM space WHERE (kind = 2 AND removed_at IS NULL) <> (number IS NOT NULL)"
      " OR number NOT BETWEEN 10000000 AND 99999999"}},
    {"members and invites of what is no group",
     {"SELECT (SELECT count(*) FROM member JOIN space ON space.id = member.space_id"
      " WHERE space.kind <> 2 OR space.removed_at IS NOT NULL) +"
      " (SELECT count(*) FROM link JOIN space ON space.id = link.space_id"
      " WHERE link.kind = 0 AND (space.kind <> 2 OR space.removed_at IS NOT NULL))"}},
    {"addresses of files that are not there",
     {"SELECT count(*) FROM extended_address WHERE entry_id NOT IN"
      " (SELECT id FROM entry WHERE is_folder = 0)"}},
    {"files with the path of a folder",
     {"SELECT count(*) FROM entry AS a JOIN entry AS b ON b.space_id = a.space_id"
      " AND b.nested = 1 AND b.key = CAST(a.key || '/' AS BLOB)"}},
};

}  // namespace

Task<std::vector<Inconsistency>> find_inconsistencies(db::Database& database) {
  auto compare = [](db::Transaction& tx) -> Task<std::vector<Inconsistency>> {
    std::vector<Inconsistency> found;
    for (const auto& [what, statement] : kRules) {
      const auto count =
          co_await tx.find(statement, [](const db::Row& row) { return row.integer(0); });
      if (count.value() != 0) found.push_back({what, static_cast<std::uint64_t>(*count)});
    }
    co_return found;
  };
  co_return co_await database.scan(compare);
}

}  // namespace coffer::vault
