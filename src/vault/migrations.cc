#include <array>

#include "vault/vault.h"

namespace coffer::vault {
namespace {

// Every driver reads this text: INTEGER has 64 bits, `INTEGER PRIMARY KEY AUTOINCREMENT` gives
// numbers that never come twice and are seen in their order, BLOB columns are compared bytewise.
// Moments are microseconds since 1970. A foreign key stands only where the child's side has an
// index: without one, removing a parent would read the whole child table.
constexpr const char* kFoundation = R"sql(
CREATE TABLE secret (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid        BLOB NOT NULL UNIQUE,
  username    TEXT NOT NULL,
  email       TEXT,
  password    TEXT NOT NULL,
  is_admin    INTEGER NOT NULL,
  disabled_at INTEGER,
  home_id     INTEGER NOT NULL,
  quota       INTEGER,
  used        INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL
) STRICT;

-- Every name that an account logs in by, username and e-mail address alike, in the form in which
-- they are compared: no name leads to two accounts.
CREATE TABLE login (
  name       TEXT NOT NULL PRIMARY KEY,
  account_id INTEGER NOT NULL REFERENCES account (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX login_account ON login (account_id);

CREATE TABLE session (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account (id),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE api_key (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  account_id INTEGER NOT NULL REFERENCES account (id),
  kind       INTEGER NOT NULL,
  name       TEXT NOT NULL,
  hint       TEXT NOT NULL,
  hash       BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX api_key_account ON api_key (account_id);

CREATE TABLE space (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  owner_id   INTEGER NOT NULL REFERENCES account (id),
  kind       INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX space_owner ON space (owner_id);

-- What a space holds, by kind of file, so that nothing has to be counted.
CREATE TABLE space_total (
  space_id INTEGER NOT NULL,
  kind     INTEGER NOT NULL,
  files    INTEGER NOT NULL CHECK (files >= 0),
  bytes    INTEGER NOT NULL CHECK (bytes >= 0),
  PRIMARY KEY (space_id, kind)
) STRICT, WITHOUT ROWID;

-- unused_since is null while refs > 0.
CREATE TABLE blob (
  id           INTEGER PRIMARY KEY,
  digest       BLOB NOT NULL UNIQUE,
  size         INTEGER NOT NULL,
  refs         INTEGER NOT NULL CHECK (refs >= 0),
  unused_since INTEGER
) STRICT;
CREATE INDEX blob_unused ON blob (unused_since) WHERE unused_since IS NOT NULL;

-- One row answers a read: size and digest are the blob's, tags are joined by U+001F. The name is a
-- BLOB as the key is: names may hold any character, and sort bytewise everywhere. The column
-- `search` comes last because it may be long and is read by searches alone.
CREATE TABLE entry (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid        BLOB NOT NULL UNIQUE,
  space_id    INTEGER NOT NULL REFERENCES space (id),
  creator_id  INTEGER NOT NULL,
  key         BLOB NOT NULL,
  name        BLOB NOT NULL,
  media_type  TEXT NOT NULL,
  kind        INTEGER NOT NULL,
  size        INTEGER NOT NULL,
  digest      BLOB NOT NULL,
  blob_id     INTEGER NOT NULL,
  width       INTEGER,
  height      INTEGER,
  duration    REAL,
  title       TEXT,
  description TEXT,
  tags        TEXT NOT NULL,
  created_at  INTEGER NOT NULL,
  updated_at  INTEGER NOT NULL,
  search      TEXT NOT NULL,
  UNIQUE (space_id, key)
) STRICT;
-- The lists of one kind; a list of all kinds merges five of these.
CREATE INDEX entry_created ON entry (space_id, kind, id);
CREATE INDEX entry_name ON entry (space_id, kind, name, id);
CREATE INDEX entry_size ON entry (space_id, kind, size, id);

-- Which entries have a tag (folded); the entry's own row says which tags it has.
CREATE TABLE entry_tag (
  space_id INTEGER NOT NULL,
  tag      TEXT NOT NULL,
  entry_id INTEGER NOT NULL,
  PRIMARY KEY (space_id, tag, entry_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  type       INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  account_id INTEGER NOT NULL,
  space_id   INTEGER,
  entry_id   INTEGER,
  uuid       BLOB,
  kind       INTEGER
) STRICT;
)sql";

// Folders, share tokens, files made of parts, and the guests' account. `entry` is made anew
// because columns lose their NOT NULL, and because `search` has to stay the last of them.
constexpr const char* kTree = R"sql(
ALTER TABLE account ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX account_guest ON account (kind) WHERE kind = 1;

-- What an account owns, in whatever spaces, by kind of file, so that nothing has to be counted.
CREATE TABLE owner_total (
  owner_id INTEGER NOT NULL,
  kind     INTEGER NOT NULL,
  files    INTEGER NOT NULL CHECK (files >= 0),
  bytes    INTEGER NOT NULL CHECK (bytes >= 0),
  PRIMARY KEY (owner_id, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO owner_total (owner_id, kind, files, bytes)
  SELECT space.owner_id, total.kind, CAST(sum(total.files) AS INTEGER),
         CAST(sum(total.bytes) AS INTEGER)
  FROM space_total AS total JOIN space ON space.id = total.space_id
  GROUP BY space.owner_id, total.kind;
DROP TABLE space_total;

-- owner_id: in whose lists the entry stands and in whose quota it counts. parent_id: the folder
-- that it lies in, 0 in the space itself. A folder's key ends in `/`, and the keys of what lies
-- below begin with it. nested: whether the key has a `/`; it keeps the files of the space itself
-- together, so that they are listed without an index of their own. digest is null for folders, and for a manifest until it is worked out.
CREATE TABLE entry_2 (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid             BLOB NOT NULL UNIQUE,
  share            BLOB NOT NULL UNIQUE,
  share_expires_at INTEGER,
  space_id         INTEGER NOT NULL REFERENCES space (id),
  owner_id         INTEGER NOT NULL,
  parent_id        INTEGER NOT NULL,
  is_folder        INTEGER NOT NULL,
  nested           INTEGER NOT NULL,
  key              BLOB NOT NULL,
  name             BLOB NOT NULL,
  media_type       TEXT NOT NULL,
  kind             INTEGER NOT NULL,
  size             INTEGER NOT NULL,
  digest           BLOB,
  blob_id          INTEGER,
  manifest_id      INTEGER,
  width            INTEGER,
  height           INTEGER,
  duration         REAL,
  title            TEXT,
  description      TEXT,
  tags             TEXT NOT NULL,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  written_at       INTEGER NOT NULL,
  search           TEXT NOT NULL,
  UNIQUE (space_id, nested, key),
  CHECK ((is_folder = 1) = (kind = 5)),
  CHECK ((is_folder = 1 AND size = 0 AND blob_id IS NULL AND manifest_id IS NULL)
         OR (is_folder = 0 AND (blob_id IS NULL) <> (manifest_id IS NULL)))
) STRICT;
-- The token is a UUID of version 4 as those that the program makes.
INSERT INTO entry_2 (id, uuid, share, space_id, owner_id, parent_id, is_folder, nested, key, name,
                     media_type, kind, size, digest, blob_id, width, height, duration, title,
                     description, tags, created_at, updated_at, written_at, search)
  SELECT entry.id, entry.uuid,
         CAST(randomblob(6) || x'4a' || randomblob(1) || x'a6' || randomblob(7) AS BLOB),
         space_id, space.owner_id, 0, 0, 0, key, name, media_type, entry.kind, size, digest, blob_id,
         width, height, duration, title, description, tags, entry.created_at, updated_at,
         entry.created_at, search
  FROM entry JOIN space ON space.id = entry.space_id ORDER BY entry.id;
-- Numbers of deleted files do not come again: the highest that is known of is used up.
INSERT INTO entry_2 (id, uuid, share, space_id, owner_id, parent_id, is_folder, nested, key, name,
                     media_type, kind, size, tags, created_at, updated_at, written_at, search)
  SELECT max(entry_id), x'00', x'00', 0, 0, 0, 1, 1, x'00', x'00', '', 5, 0, '', 0, 0, 0, ''
  FROM event HAVING max(entry_id) > (SELECT coalesce(max(id), 0) FROM entry);
DELETE FROM entry_2 WHERE space_id = 0;
DROP TABLE entry;
ALTER TABLE entry_2 RENAME TO entry;
-- The lists of one kind; a list of all kinds merges five of these.
CREATE INDEX entry_created ON entry (owner_id, kind, id);
CREATE INDEX entry_name ON entry (owner_id, kind, name, id);
CREATE INDEX entry_size ON entry (owner_id, kind, size, id);
-- What lies directly in a folder, and the folders of the space itself.
CREATE INDEX entry_children ON entry (space_id, parent_id, is_folder, key) WHERE nested = 1;
-- Files whose digest is still to be worked out.
CREATE INDEX entry_undigested ON entry (id) WHERE digest IS NULL AND manifest_id IS NOT NULL;

-- Which entries have a tag (folded); the entry's own row says which tags it has.
CREATE TABLE entry_tag_2 (
  owner_id INTEGER NOT NULL,
  tag      TEXT NOT NULL,
  entry_id INTEGER NOT NULL,
  PRIMARY KEY (owner_id, tag, entry_id)
) STRICT, WITHOUT ROWID;
INSERT INTO entry_tag_2 (owner_id, tag, entry_id)
  SELECT space.owner_id, entry_tag.tag, entry_tag.entry_id
  FROM entry_tag JOIN space ON space.id = entry_tag.space_id ORDER BY 1, 2, 3;
DROP TABLE entry_tag;
ALTER TABLE entry_tag_2 RENAME TO entry_tag;
CREATE INDEX entry_tag_entry ON entry_tag (entry_id);

ALTER TABLE event ADD COLUMN owner_id INTEGER;
UPDATE event SET owner_id = (SELECT space.owner_id FROM space WHERE space.id = event.space_id)
  WHERE entry_id IS NOT NULL;

-- A file that comes in parts. `head` is how its first part begins. bytes, those of all its parts,
-- count in the owner's quota. entry_id is null until it is complete.
CREATE TABLE multipart (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  uuid       BLOB NOT NULL UNIQUE,
  owner_id   INTEGER NOT NULL,
  space_id   INTEGER NOT NULL,
  parent_id  INTEGER NOT NULL,
  name       BLOB NOT NULL,
  parts      INTEGER,
  bytes      INTEGER NOT NULL CHECK (bytes >= 0),
  head       BLOB NOT NULL,
  expires_at INTEGER NOT NULL,
  entry_id   INTEGER
) STRICT;
CREATE INDEX multipart_expiry ON multipart (expires_at);

-- The parts of an upload, which become the manifest of its file (entry.manifest_id is the upload's
-- number). Each row is a reference to its blob, as an entry's blob_id is. start is where the part
-- lies in the file: null until the upload is complete, and for empty parts.
CREATE TABLE part (
  multipart_id INTEGER NOT NULL,
  number       INTEGER NOT NULL,
  blob_id      INTEGER NOT NULL,
  size         INTEGER NOT NULL,
  start        INTEGER,
  PRIMARY KEY (multipart_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX part_start ON part (multipart_id, start) WHERE start IS NOT NULL;

-- Manifests whose file is gone. Their parts refer to no blob any more; the rows stay for a while
-- because somebody may be reading.
CREATE TABLE retired_manifest (
  manifest_id INTEGER PRIMARY KEY,
  retired_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX retired_manifest_time ON retired_manifest (retired_at);
)sql";

// Groups and buckets beside the accounts' own spaces, the links that lead into them, and keys that
// are good for one of them.
constexpr const char* kSpaces = R"sql(
-- name: a bucket's, unique on the server, or a group's for people. number: what clients call a
-- group by. removed_at: set when the space is gone for everybody and only its entries are still to
-- be cleared away.
ALTER TABLE space ADD COLUMN name TEXT;
ALTER TABLE space ADD COLUMN number INTEGER;
ALTER TABLE space ADD COLUMN removed_at INTEGER;
CREATE UNIQUE INDEX space_number ON space (number) WHERE number IS NOT NULL;
CREATE UNIQUE INDEX space_bucket ON space (name) WHERE kind = 3 AND removed_at IS NULL;
CREATE INDEX space_removed ON space (removed_at) WHERE removed_at IS NOT NULL;

-- Who belongs to a group, its owner among them.
CREATE TABLE member (
  space_id   INTEGER NOT NULL REFERENCES space (id),
  account_id INTEGER NOT NULL REFERENCES account (id),
  joined_at  INTEGER NOT NULL,
  PRIMARY KEY (space_id, account_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_account ON member (account_id, space_id);

-- Secrets that lead to something for whoever has them: an invite to a group (kind 0), one download
-- of a file (kind 1). hash: SHA-256 of the secret.
CREATE TABLE link (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  kind       INTEGER NOT NULL,
  hash       BLOB NOT NULL UNIQUE,
  space_id   INTEGER NOT NULL REFERENCES space (id),
  entry_id   INTEGER REFERENCES entry (id) ON DELETE CASCADE,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX link_space ON link (space_id, kind);
CREATE INDEX link_entry ON link (entry_id) WHERE entry_id IS NOT NULL;

-- Files whose address for everybody ends in their extension.
CREATE TABLE extended_address (
  entry_id  INTEGER PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
  extension TEXT NOT NULL
) STRICT;

-- The bucket that a key of a program is bound to.
ALTER TABLE api_key ADD COLUMN space_id INTEGER REFERENCES space (id);
CREATE INDEX api_key_space ON api_key (space_id) WHERE space_id IS NOT NULL;
)sql";

// Rows of blobs without an order by digest: every upload adds one at the end.
constexpr const char* kDigests = R"sql(
-- Equal bytes have a row for each upload that brought them. unused_since is null while refs > 0.
CREATE TABLE blob_2 (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  digest       BLOB NOT NULL CHECK (length(digest) = 32),
  size         INTEGER NOT NULL,
  refs         INTEGER NOT NULL CHECK (refs >= 0),
  unused_since INTEGER
) STRICT;
INSERT INTO blob_2 (id, digest, size, refs, unused_since)
  SELECT id, digest, size, refs, unused_since FROM blob ORDER BY id;

-- By digest, the rows whose number is not above blob_indexed.up_to, and maybe some of the others.
CREATE TABLE blob_digest (
  digest  BLOB NOT NULL,
  blob_id INTEGER NOT NULL,
  PRIMARY KEY (digest, blob_id)
) STRICT, WITHOUT ROWID;
INSERT INTO blob_digest (digest, blob_id) SELECT digest, id FROM blob ORDER BY digest;
CREATE TABLE blob_indexed (
  one   INTEGER PRIMARY KEY CHECK (one = 1),
  up_to INTEGER NOT NULL
) STRICT;
INSERT INTO blob_indexed (one, up_to) SELECT 1, coalesce(max(id), 0) FROM blob;
DROP TABLE blob;
ALTER TABLE blob_2 RENAME TO blob;
CREATE INDEX blob_unused ON blob (unused_since) WHERE unused_since IS NOT NULL;
)sql";

constexpr std::array kMigrations{
    db::Migration{.number = 1, .name = "foundation", .sql = kFoundation},
    db::Migration{.number = 2, .name = "tree", .sql = kTree},
    db::Migration{.number = 3, .name = "spaces", .sql = kSpaces},
    db::Migration{.number = 4, .name = "digests", .sql = kDigests},
};

}  // namespace

std::span<const db::Migration> migrations() { return kMigrations; }

}  // namespace coffer::vault
