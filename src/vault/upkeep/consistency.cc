#include "vault/upkeep/consistency.h"

#include <utility>

#include "vault/model/sql.h"
#include "vault/tree/entry_rows.h"
#include "vault/tree/search_index.h"

namespace coffer::vault {
namespace {

// Begins a statement: `live` are the entries that are not being cleared away.
constexpr char kLive[] =
    "WITH RECURSIVE hidden (space_id, id) AS (SELECT space_id, folder_id FROM removed_tree"
    " UNION SELECT child.space_id, child.id FROM hidden JOIN entry AS child"
    " ON child.space_id = hidden.space_id AND child.parent_id = hidden.id"
    " AND child.is_folder = 1), live AS (SELECT * FROM entry WHERE (space_id, parent_id)"
    " NOT IN (SELECT space_id, id FROM hidden))";

// What lies directly in each place, added up, then carried up from folder to folder, as often as
// folders may lie in each other (kDepthMax): a damaged database may have a ring of them. The totals
// of a hidden folder are nobody's any more.
constexpr auto kTotals =
    sql(kLive,
        ", above (space_id, folder_id, owner_id, kind, files, bytes, charged, steps) AS"
        " (SELECT * FROM (SELECT space_id, parent_id, owner_id, kind, count(*), sum(size),"
        "  sum(charged), 0 FROM live GROUP BY 1, 2, 3, 4) UNION ALL"
        " SELECT above.space_id, e.parent_id, above.owner_id, above.kind, files, bytes,"
        "  above.charged, steps + 1 FROM above JOIN entry AS e ON e.id = above.folder_id"
        " WHERE steps <= 100),"
        " true_total AS (SELECT space_id, folder_id, owner_id, kind, sum(files) AS files,"
        " sum(bytes) AS bytes, sum(charged) AS charged FROM above GROUP BY 1, 2, 3, 4),"
        " told AS (SELECT space_id, folder_id, owner_id, kind, files, bytes, charged"
        " FROM tree_total WHERE (files <> 0 OR bytes <> 0 OR charged <> 0)"
        " AND (folder_id = 0 OR folder_id IN (SELECT id FROM live WHERE is_folder = 1)))"
        " SELECT (SELECT count(*) FROM (SELECT * FROM told EXCEPT SELECT * FROM true_total)) +"
        " (SELECT count(*) FROM (SELECT * FROM true_total EXCEPT SELECT * FROM told))");

constexpr auto kUsed =
    sql(kLive,
        " SELECT count(*) FROM account AS a LEFT JOIN"
        " (SELECT owner_id, sum(bytes) AS bytes FROM"
        "  (SELECT owner_id, size AS bytes FROM live UNION ALL"
        "   SELECT owner_id, bytes FROM multipart WHERE entry_id IS NULL UNION ALL"
        "   SELECT owner_id, bytes FROM trash_total) GROUP BY owner_id)"
        " AS kept ON kept.owner_id = a.id WHERE a.used <> coalesce(kept.bytes, 0)");
constexpr auto kCharged =
    sql(kLive,
        " SELECT count(*) FROM account AS a LEFT JOIN"
        " (SELECT owner_id, sum(charged) AS charged FROM"
        "  (SELECT owner_id, charged FROM live UNION ALL"
        "   SELECT owner_id, charged FROM multipart UNION ALL"
        "   SELECT owner_id, 1024 + length(CAST(name AS BLOB)) FROM space"
        "    WHERE kind IN (2, 3, 4) AND removed_at IS NULL UNION ALL"
        "   SELECT account_id, 256 FROM api_key UNION ALL"
        "   SELECT account_id, 1024 + length(CAST(url AS BLOB)) FROM webhook UNION ALL"
        "   SELECT owner_id, charged FROM collection UNION ALL"
        "   SELECT owner_id, charged FROM asset UNION ALL"
        "   SELECT account_id, charged FROM idempotency_key UNION ALL"
        "   SELECT owner_id, charged FROM trash_total UNION ALL"
        "   SELECT owner_id, 256 FROM share_link UNION ALL"
        "   SELECT space.owner_id, 256 FROM link JOIN space ON space.id = link.space_id"
        "    WHERE link.kind = 0) GROUP BY owner_id)"
        " AS kept ON kept.owner_id = a.id WHERE a.charged <> coalesce(kept.charged, 0)");

constexpr auto kFolders =
    sql(kLive,
        " SELECT count(*) FROM live AS e LEFT JOIN entry AS p ON p.id = e.parent_id"
        " WHERE e.parent_id <> 0 AND (p.is_folder IS NOT 1 OR p.space_id <> e.space_id)");

// Each gives one number: of how many rows a rule does not hold. What counts rows of another table
// does so once for all of them, not once for each: this is run over millions.
constexpr std::pair<std::string_view, db::Statement> kRules[] = {
    {"reference counts of blobs that are not the number of their references",
     {"SELECT count(*) FROM blob LEFT JOIN"
      " (SELECT digest, count(*) AS counted FROM"
      "  (SELECT digest FROM entry WHERE is_folder = 0 AND manifest_id IS NULL UNION ALL"
      "   SELECT digest FROM trash WHERE manifest_id IS NULL UNION ALL"
      "   SELECT digest FROM derived_blob UNION ALL"
      "   SELECT digest FROM part WHERE multipart_id NOT IN"
      "    (SELECT manifest_id FROM retired_manifest)) GROUP BY digest) AS referred"
      " ON referred.digest = blob.digest WHERE refs <> coalesce(counted, 0)"}},
    {"references to blobs that are not there",
     {"SELECT (SELECT count(*) FROM entry WHERE is_folder = 0 AND manifest_id IS NULL"
      "  AND digest NOT IN (SELECT digest FROM blob)) +"
      " (SELECT count(*) FROM trash WHERE manifest_id IS NULL"
      "  AND digest NOT IN (SELECT digest FROM blob)) +"
      " (SELECT count(*) FROM derived_blob WHERE digest NOT IN (SELECT digest FROM blob)) +"
      " (SELECT count(*) FROM part WHERE digest NOT IN (SELECT digest FROM blob)"
      "  AND multipart_id NOT IN (SELECT manifest_id FROM retired_manifest))"}},
    {"blobs that are counted as unused and are not, or the other way round",
     {"SELECT count(*) FROM blob WHERE (refs = 0) <> (unused_since IS NOT NULL)"}},
    {"places of blobs that stand in the ledger as nobody's",
     {"SELECT count(*) FROM blob JOIN"
      " (SELECT place FROM unclaimed_place UNION ALL SELECT place FROM moved_place) AS nobodys"
      " ON nobodys.place = blob.place"}},
    {"public objects of what is no file",
     {"SELECT count(*) FROM public_object WHERE entry_id NOT IN"
      " (SELECT id FROM entry WHERE is_folder = 0 AND digest IS NOT NULL)"}},
    {"places of public objects that stand in the ledger as nobody's",
     {"SELECT count(*) FROM public_object AS p JOIN unclaimed_place AS u ON u.place = p.place"}},
    {"pictures whose size is not that of their blob",
     {"SELECT count(*) FROM derived_blob AS d JOIN blob ON blob.digest = d.digest"
      " WHERE d.size <> blob.size"}},
    {"pictures of what nothing is known of",
     {"SELECT count(*) FROM derived_blob WHERE source NOT IN (SELECT source FROM media_facts)"}},
    {"facts of bytes that no file has, and that nothing clears away",
     {"SELECT count(*) FROM media_facts WHERE unused_since IS NULL AND source NOT IN"
      " (SELECT digest FROM entry WHERE digest IS NOT NULL"
      "   AND (kind <= 2 OR media_type = 'application/pdf') UNION ALL"
      "  SELECT digest FROM trash WHERE digest IS NOT NULL"
      "   AND (kind <= 2 OR media_type = 'application/pdf'))"}},
    {"files whose date is not that of their bytes",
     {"SELECT count(*) FROM entry AS e LEFT JOIN media_facts AS m"
      " ON m.source = e.digest AND e.kind <= 2 WHERE e.taken_at IS NOT m.taken_at"
      " OR e.dated_at IS NOT CASE WHEN e.kind <= 2 THEN coalesce(e.taken_at, e.created_at) END"}},
    {"files whose size is not that of their blob",
     {"SELECT (SELECT count(*) FROM entry JOIN blob ON blob.digest = entry.digest"
      "  WHERE entry.manifest_id IS NULL AND entry.size <> blob.size) +"
      " (SELECT count(*) FROM trash JOIN blob ON blob.digest = trash.digest"
      "  WHERE trash.manifest_id IS NULL AND trash.size <> blob.size)"}},
    {"parts whose size is not that of their blob",
     {"SELECT count(*) FROM part JOIN blob ON blob.digest = part.digest"
      " WHERE part.size <> blob.size AND part.multipart_id NOT IN"
      " (SELECT manifest_id FROM retired_manifest)"}},
    {"entries and unfinished uploads of accounts that are not there",
     {"SELECT (SELECT count(*) FROM entry WHERE owner_id NOT IN (SELECT id FROM account)) +"
      " (SELECT count(*) FROM multipart WHERE entry_id IS NULL"
      "  AND owner_id NOT IN (SELECT id FROM account))"}},
    {"numbers that are not of this server: they have more than 48 bits",
     {"SELECT (SELECT count(*) FROM account WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM session WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM api_key WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM space WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM entry WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM link WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM collection WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM ai_model WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM share_link WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM webhook WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM webhook_delivery WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM idempotency_key WHERE id >= 281474976710656) +"
      " (SELECT count(*) FROM multipart WHERE id >= 281474976710656)"}},
    {"keys that are lost: the server would make others, to which no token and no short link fits",
     {"SELECT CASE WHEN EXISTS (SELECT 1 FROM account) THEN 2 - count(*) ELSE 0 END FROM secret"
      " WHERE name IN ('address_key', 'session_key')"}},
    {"accounts without a space of their own",
     {"SELECT count(*) FROM account AS a LEFT JOIN space AS s ON s.id = a.home_id"
      " WHERE a.removal = 0 AND (s.owner_id IS NOT a.id OR s.removed_at IS NOT NULL"
      " OR s.kind IS NOT CASE WHEN a.kind = 0 THEN 0 ELSE 1 END)"}},
    {"totals of files and bytes that are not those of what lies there", {kTotals.data()}},
    {"totals of folders and spaces that are not there",
     {"SELECT (SELECT count(*) FROM tree_total WHERE folder_id <> 0"
      "  AND folder_id NOT IN (SELECT id FROM entry WHERE is_folder = 1)) +"
      " (SELECT count(*) FROM tree_total WHERE space_id NOT IN (SELECT id FROM space))"}},
    {"quota counters that are not the bytes that the account keeps", {kUsed.data()}},
    {"quota counters that are not what the account is charged", {kCharged.data()}},
    {"webhooks whose waiting deliveries are counted wrongly",
     {"SELECT count(*) FROM webhook AS w WHERE waiting <>"
      " (SELECT count(*) FROM webhook_delivery AS d WHERE d.webhook_id = w.id AND d.status = 0)"}},
    {"webhooks that are due while nothing waits, or are not while something does",
     {"SELECT count(*) FROM webhook AS w WHERE (due_at IS NOT NULL) <> (is_active = 1 AND EXISTS"
      " (SELECT 1 FROM webhook_delivery AS d WHERE d.webhook_id = w.id AND d.status = 0"
      "  AND d.next_at IS NOT NULL))"}},
    {"deliveries about one resource of which not exactly one has its turn",
     {"SELECT count(*) FROM (SELECT 1 FROM webhook_delivery WHERE status = 0"
      " GROUP BY webhook_id, resource_kind, resource_id"
      " HAVING count(next_at) <> CASE WHEN resource_id IS NULL THEN count(*) ELSE 1 END)"}},
    {"files and folders that are charged wrongly",
     {"SELECT count(*) FROM (SELECT charged, size, name, title, description, tags, manifest_id"
      "  FROM entry UNION ALL SELECT charged, size, name, title, description, tags, manifest_id"
      "  FROM trash) AS e WHERE charged <> size + 1024 + length(name) +"
      " coalesce(length(CAST(title AS BLOB)), 0) + coalesce(length(CAST(description AS BLOB)), 0) +"
      " length(CAST(replace(tags, char(31), '') AS BLOB)) + 256 *"
      " (SELECT count(*) FROM part WHERE multipart_id = e.manifest_id)"}},
    {"totals of the trash that are not those of the files in it",
     {"SELECT count(*) FROM trash_total AS t LEFT JOIN"
      " (SELECT trash.owner_id, count(*) AS files, sum(size) AS bytes,"
      "  sum(trash.charged) AS charged"
      "  FROM trash JOIN trash_total AS own ON own.owner_id = trash.owner_id"
      "  WHERE deleted_at > emptied_through GROUP BY trash.owner_id) AS kept"
      " ON kept.owner_id = t.owner_id WHERE t.files <> coalesce(kept.files, 0)"
      " OR t.bytes <> coalesce(kept.bytes, 0) OR t.charged <> coalesce(kept.charged, 0)"}},
    {"files in the trash that no total counts, and that nothing clears away",
     {"SELECT count(*) FROM trash LEFT JOIN trash_total AS t ON t.owner_id = trash.owner_id"
      " WHERE t.owner_id IS NULL OR (deleted_at <= emptied_through AND clearing = 0)"}},
    {"files that are in the trash and not",
     {"SELECT count(*) FROM trash JOIN entry ON entry.id = trash.id"}},
    {"collections that are charged wrongly, or whose number of files is not that of their rows",
     {"SELECT count(*) FROM collection AS c WHERE files <> (SELECT count(*) FROM collection_entry"
      " WHERE collection_id = c.id) OR charged <> 1024 + length(CAST(name AS BLOB)) +"
      " coalesce(length(CAST(description AS BLOB)), 0) + 256 * files"}},
    {"files in collections of another account, or that are not there",
     {"SELECT count(*) FROM collection_entry AS m LEFT JOIN entry AS e ON e.id = m.entry_id"
      " LEFT JOIN collection AS c ON c.id = m.collection_id"
      " WHERE e.owner_id IS NULL OR c.owner_id IS NULL OR e.owner_id <> c.owner_id"}},
    {"projects without a name, or without what is kept of them, or the other way round",
     {"SELECT (SELECT count(*) FROM space WHERE kind = 4 AND (name IS NULL"
      "  OR id NOT IN (SELECT space_id FROM project))) +"
      " (SELECT count(*) FROM project WHERE space_id NOT IN (SELECT id FROM space WHERE kind = "
      "4))"}},
    {"boxes that are no folders",
     {"SELECT count(*) FROM box WHERE entry_id NOT IN"
      " (SELECT id FROM entry WHERE is_folder = 1)"}},
    {"assets without their owner's file, here or in the trash",
     {"SELECT count(*) FROM asset WHERE (entry_id, owner_id) NOT IN"
      " (SELECT id, owner_id FROM entry WHERE is_folder = 0 UNION ALL"
      "  SELECT id, owner_id FROM trash)"}},
    {"assets that are charged wrongly",
     {"SELECT count(*) FROM asset WHERE charged <> length(CAST(error_message AS BLOB)) +"
      " length(CAST(external_task_id AS BLOB)) + length(CAST(generation_config AS BLOB))"}},
    {"idempotency keys that are charged wrongly",
     {"SELECT count(*) FROM idempotency_key WHERE charged <> 256 +"
      " length(CAST(reply_headers AS BLOB)) + coalesce(length(reply_body), 0)"}},
    {"share links to what is no file or collection of their owner's",
     {"SELECT count(*) FROM share_link AS s LEFT JOIN entry AS e ON e.id = s.entry_id"
      " LEFT JOIN collection AS c ON c.id = s.collection_id"
      " WHERE coalesce(e.owner_id, c.owner_id) IS NOT s.owner_id OR e.is_folder = 1"}},
    {"unfinished uploads that are charged wrongly",
     {"SELECT count(*) FROM multipart AS m WHERE charged <> CASE WHEN entry_id IS NOT NULL THEN 0"
      " ELSE 1024 + length(name) + bytes +"
      " 256 * (SELECT count(*) FROM part WHERE multipart_id = m.id) END"}},
    {"unfinished uploads whose bytes are not those of their parts",
     {"SELECT count(*) FROM multipart AS m WHERE entry_id IS NULL AND bytes <>"
      " (SELECT coalesce(sum(size), 0) FROM part WHERE multipart_id = m.id)"}},
    {"files whose size is not that of their parts",
     {"SELECT count(*) FROM (SELECT size, manifest_id FROM entry WHERE manifest_id IS NOT NULL"
      "  UNION ALL SELECT size, manifest_id FROM trash WHERE manifest_id IS NOT NULL) AS e"
      " WHERE size <>"
      " (SELECT coalesce(sum(size), 0) FROM part WHERE multipart_id = e.manifest_id)"}},
    {"parts that do not begin where the one before ends",
     {"SELECT count(*) FROM (SELECT start, size, sum(size) OVER (PARTITION BY multipart_id"
      " ORDER BY number ROWS UNBOUNDED PRECEDING) - size AS begins FROM part WHERE multipart_id IN"
      " (SELECT manifest_id FROM entry WHERE manifest_id IS NOT NULL UNION ALL"
      "  SELECT manifest_id FROM trash WHERE manifest_id IS NOT NULL))"
      " WHERE start IS NOT CASE WHEN size > 0 THEN begins END"}},
    {"parts that belong to no upload and no file",
     {"SELECT count(*) FROM part WHERE multipart_id NOT IN (SELECT id FROM multipart) AND"
      " multipart_id NOT IN (SELECT manifest_id FROM entry WHERE manifest_id IS NOT NULL) AND"
      " multipart_id NOT IN (SELECT manifest_id FROM trash WHERE manifest_id IS NOT NULL) AND"
      " multipart_id NOT IN (SELECT manifest_id FROM retired_manifest)"}},
    {"removed accounts that something still belongs to",
     {"SELECT count(*) FROM account WHERE removal <> 0 AND (username <> '' OR password <> ''"
      " OR disabled_at IS NULL OR id IN (SELECT account_id FROM login)"
      " OR id IN (SELECT account_id FROM session)"
      " OR id IN (SELECT account_id FROM api_key WHERE kind <> 2)"
      " OR id IN (SELECT account_id FROM idempotency_key)"
      " OR id IN (SELECT account_id FROM webhook)"
      " OR (removal = 2 AND (id IN (SELECT owner_id FROM entry)"
      " OR id IN (SELECT owner_id FROM collection) OR id IN (SELECT owner_id FROM share_link)"
      " OR id IN (SELECT owner_id FROM trash) OR id IN (SELECT owner_id FROM trash_total))))"}},
    {"accounts that no name leads to",
     {"SELECT count(*) FROM account WHERE kind = 0 AND removal = 0"
      " AND id NOT IN (SELECT account_id FROM login)"}},
    {"files with tags by which nothing finds them",
     {"SELECT count(*) FROM entry WHERE tags <> ''"
      " AND id NOT IN (SELECT entry_id FROM entry_tag)"}},
    {"tags of files that are not there",
     {"SELECT count(*) FROM entry_tag WHERE entry_id NOT IN (SELECT id FROM entry)"}},
    {"entries whose folder is not there", {kFolders.data()}},
    {"entries that are hidden without a removed folder above them",
     {"WITH RECURSIVE known (space_id, id) AS (SELECT id, 0 FROM space UNION"
      " SELECT space_id, folder_id FROM removed_tree UNION"
      " SELECT e.space_id, e.id FROM known JOIN entry AS e ON e.space_id = known.space_id"
      " AND e.parent_id = known.id AND e.is_folder = 1)"
      " SELECT count(*) FROM entry WHERE (space_id, parent_id) NOT IN (SELECT * FROM known)"}},
    {"removed folders that are still there",
     {"SELECT count(*) FROM removed_tree WHERE folder_id IN (SELECT id FROM entry)"}},
    {"keys that are more than one name",
     {"SELECT count(*) FROM entry WHERE key = CAST(CAST(key AS TEXT) AS BLOB) AND"
      " instr(CAST(key AS TEXT), '/') <> CASE WHEN is_folder = 1"
      " THEN length(CAST(key AS TEXT)) ELSE 0 END"}},
    {"folders with more levels below than they know of",
     {"SELECT count(*) FROM entry AS e JOIN entry AS p ON p.id = e.parent_id"
      " WHERE e.is_folder = 1 AND p.levels < e.levels + 1"}},
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
    // From the nearest period on: nearly always the first one that is looked at.
    {"entries that lists with dates do not find: `coffer storage reindex` corrects that",
     {"SELECT count(*) FROM entry AS e"
      " WHERE id <= (SELECT through FROM search_state WHERE id = 1)"
      " AND (SELECT 1 FROM entry_period WHERE first_id <= e.id AND last_id >= e.id"
      "  AND created_from <= e.created_at AND created_to >= e.created_at"
      "  ORDER BY first_id DESC LIMIT 1) IS NULL"}},
    {"addresses of files that are not there",
     {"SELECT count(*) FROM extended_address WHERE entry_id NOT IN"
      " (SELECT id FROM entry WHERE is_folder = 0)"}},
    // Each file looks its folder up: the other way round every folder would look at all beside it.
    {"files with the name of a folder beside them",
     {"SELECT count(*) FROM entry AS a CROSS JOIN entry AS b ON b.space_id = a.space_id"
      " AND b.parent_id = a.parent_id AND b.is_folder = 1 AND b.key = CAST(a.key || '/' AS BLOB)"}},
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
    const std::uint64_t columns = co_await count_wrong_search_columns(tx);
    if (columns != 0) {
      found.push_back({"entries that searches look at in another text than theirs", columns});
    }
    const std::uint64_t words = co_await count_wrong_words(tx);
    if (words != 0) {
      found.push_back(
          {"entries that searches find by other words than they have, or not at all:"
           " `coffer storage reindex` corrects that",
           words});
    }
    co_return found;
  };
  co_return co_await database.scan(compare);
}

}  // namespace coffer::vault
