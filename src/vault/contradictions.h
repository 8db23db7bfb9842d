// For tests: what the tables of a vault cannot say of each other.
#pragma once

#include <utility>

#include "db/database.h"

namespace coffer::vault::test {

// Each counts what must not be.
inline const std::pair<const char*, db::Statement> kContradictions[] = {
    {"references miscounted",
     {"SELECT count(*) FROM blob WHERE refs <>"
      " (SELECT count(*) FROM entry WHERE entry.blob_id = blob.id) +"
      " (SELECT count(*) FROM part WHERE part.blob_id = blob.id AND part.multipart_id NOT IN"
      "  (SELECT manifest_id FROM retired_manifest))"}},
    {"references without a blob",
     {"SELECT (SELECT count(*) FROM entry WHERE blob_id IS NOT NULL AND blob_id NOT IN (SELECT id "
      "FROM blob)) +"
      " (SELECT count(*) FROM part WHERE blob_id NOT IN (SELECT id FROM blob)"
      "  AND multipart_id NOT IN (SELECT manifest_id FROM retired_manifest))"}},
    {"unused or not", {"SELECT count(*) FROM blob WHERE (refs = 0) <> (unused_since IS NOT NULL)"}},
    {"entries of other bytes than their blob's",
     {"SELECT count(*) FROM entry JOIN blob ON blob.id = entry.blob_id"
      " WHERE blob.digest IS NOT entry.digest OR blob.size <> entry.size"}},
    {"totals wrong",
     {"SELECT count(*) FROM owner_total AS t WHERE files <>"
      " (SELECT count(*) FROM entry AS e WHERE e.owner_id = t.owner_id AND e.kind = t.kind)"
      " OR bytes <> (SELECT coalesce(sum(size), 0) FROM entry AS e"
      "  WHERE e.owner_id = t.owner_id AND e.kind = t.kind)"}},
    {"totals missing",
     {"SELECT (SELECT count(*) FROM entry) - (SELECT coalesce(sum(files), 0) FROM owner_total)"}},
    {"used miscounted",
     {"SELECT count(*) FROM account AS a WHERE used <>"
      " (SELECT coalesce(sum(size), 0) FROM entry WHERE owner_id = a.id) +"
      " (SELECT coalesce(sum(bytes), 0) FROM multipart WHERE owner_id = a.id AND entry_id IS "
      "NULL)"}},
    {"uploads miscounted",
     {"SELECT count(*) FROM multipart AS m WHERE entry_id IS NULL AND bytes <>"
      " (SELECT coalesce(sum(size), 0) FROM part WHERE multipart_id = m.id)"}},
    {"files miscounted",
     {"SELECT count(*) FROM entry AS e WHERE manifest_id IS NOT NULL AND size <>"
      " (SELECT coalesce(sum(size), 0) FROM part WHERE multipart_id = e.manifest_id)"}},
    {"parts of nothing",
     {"SELECT count(*) FROM part WHERE multipart_id NOT IN (SELECT id FROM multipart) AND"
      " multipart_id NOT IN (SELECT manifest_id FROM entry WHERE manifest_id IS NOT NULL) AND"
      " multipart_id NOT IN (SELECT manifest_id FROM retired_manifest)"}},
    {"tags of nothing",
     {"SELECT count(*) FROM entry_tag WHERE entry_id NOT IN (SELECT id FROM entry)"}},
    {"keys that do not begin with their folder's",
     {"SELECT count(*) FROM entry AS e LEFT JOIN entry AS p ON p.id = e.parent_id"
      " WHERE CASE WHEN e.parent_id = 0 THEN 0 ELSE p.is_folder IS NOT 1 OR"
      " p.space_id <> e.space_id OR substr(e.key, 1, length(p.key)) <> p.key END"}},
    {"keys with parts too many or too few",
     {"SELECT count(*) FROM entry AS e LEFT JOIN entry AS p ON p.id = e.parent_id"
      " WHERE instr(CAST(substr(e.key, coalesce(length(p.key), 0) + 1) AS TEXT), '/')"
      " <> CASE WHEN e.is_folder = 1 THEN length(e.key) - coalesce(length(p.key), 0) ELSE 0 END"
      " AND e.key = CAST(CAST(e.key AS TEXT) AS BLOB) AND length(CAST(e.key AS TEXT)) ="
      " length(e.key)"}},
    {"live buckets without a name",
     {"SELECT count(*) FROM space WHERE kind = 3 AND removed_at IS NULL AND name IS NULL"}},
    {"what removed spaces must not have",
     {"SELECT count(*) FROM space WHERE removed_at IS NOT NULL AND (number IS NOT NULL"
      " OR id IN (SELECT space_id FROM member) OR id IN (SELECT space_id FROM link WHERE kind = 0)"
      " OR id IN (SELECT space_id FROM api_key WHERE space_id IS NOT NULL))"}},
    {"tokens of what is no file there",
     {"SELECT count(*) FROM link LEFT JOIN entry ON entry.id = link.entry_id WHERE link.kind = 1"
      " AND (entry.is_folder IS NOT 0 OR entry.space_id <> link.space_id)"}},
    {"keys of applications without their owner's bucket, or others with one",
     {"SELECT count(*) FROM api_key AS k LEFT JOIN space AS s ON s.id = k.space_id"
      " AND s.kind = 3 AND s.owner_id = k.account_id WHERE (k.kind = 2) <> (s.id IS NOT NULL)"
      " OR (k.kind <> 2 AND k.space_id IS NOT NULL)"}},
    {"nested or not",
     {"SELECT count(*) FROM entry WHERE (nested = 1) <> (is_folder = 1 OR parent_id <> 0)"}},
    {"owners that are not in their group",
     {"SELECT count(*) FROM space WHERE kind = 2 AND removed_at IS NULL AND NOT EXISTS"
      " (SELECT 1 FROM member WHERE space_id = space.id AND account_id = space.owner_id)"}},
    {"groups without a number, or others with one",
     {"SELECT count(*) FROM space WHERE (kind = 2 AND removed_at IS NULL) <> (number IS NOT NULL)"
      " OR number NOT BETWEEN 10000000 AND 99999999"}},
    {"members and links of what has none",
     {"SELECT (SELECT count(*) FROM member JOIN space ON space.id = member.space_id"
      " WHERE space.kind <> 2 OR space.removed_at IS NOT NULL) +"
      " (SELECT count(*) FROM link JOIN space ON space.id = link.space_id"
      " WHERE link.kind = 0 AND (space.kind <> 2 OR space.removed_at IS NOT NULL))"}},
    {"extended addresses of nothing",
     {"SELECT count(*) FROM extended_address WHERE entry_id NOT IN"
      " (SELECT id FROM entry WHERE is_folder = 0)"}},
    {"a file named as a folder",
     {"SELECT count(*) FROM entry AS a JOIN entry AS b ON b.space_id = a.space_id"
      " AND b.key = CAST(a.key || '/' AS BLOB)"}},
};

}  // namespace coffer::vault::test
