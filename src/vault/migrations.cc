#include <array>

#include "vault/vault.h"

namespace coffer::vault {
namespace {

// Every driver reads this text: INTEGER has 64 bits, `INTEGER PRIMARY KEY AUTOINCREMENT` gives
// numbers that never come twice, BLOB columns are compared bytewise. Moments are microseconds
// since 1970. A foreign key stands only where the child's side has an index: without one,
// removing a parent would read the whole child table.
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

constexpr std::array kMigrations{
    db::Migration{.number = 1, .name = "foundation", .sql = kFoundation},
};

}  // namespace

std::span<const db::Migration> migrations() { return kMigrations; }

}  // namespace coffer::vault
