"""Accounts of any size: written into the database of a stopped server, as if uploaded."""

import contextlib
import sqlite3

# What differs from the row it is a copy of. Everything else, also columns that this does not
# know, is taken as it is. `n.i` counts the copies of an account.
ENTRY = {
    "uuid": "CAST(substr(t.uuid, 1, 6) || x'70' || randomblob(1) || x'9a' || randomblob(7) AS BLOB)",
    "share": "CAST(randomblob(6) || x'47' || randomblob(1) || x'9a' || randomblob(7) AS BLOB)",
    "key": "CAST(printf('%08d ', n.i) || t.key AS BLOB)",
    "name": "CAST(printf('%08d ', n.i) || t.name AS BLOB)",
    "charged": "t.charged + 9",
    "search": "printf('%08d ', n.i) || t.search",
    "created_at": "t.created_at + n.i",
    "updated_at": "t.updated_at + n.i",
    "written_at": "t.written_at + n.i",
    "dated_at": "CASE WHEN t.kind <= 2 THEN coalesce(t.taken_at, t.created_at + n.i) END",
}
EVENT = {"entry_id": "e.id", "uuid": "e.uuid", "at": "e.created_at"}


def copied(database, table, alias, changed):
    """The columns of a table but its number, and what a copy has in them."""
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    assert set(changed) <= set(columns), columns
    columns.remove("id")
    return ", ".join(columns), ", ".join(changed.get(name, f"{alias}.{name}") for name in columns)


def fill(path, username, count):
    """Copies the account's entries, in turns, until it has `count`."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA synchronous = OFF")
        database.execute("PRAGMA cache_size = -1000000")
        database.execute("PRAGMA temp_store = MEMORY")
        database.execute("BEGIN IMMEDIATE")
        space, account = database.execute(
            "SELECT home_id, id FROM account WHERE username = ?", [username]
        ).fetchone()
        database.execute(
            "CREATE TEMP TABLE template AS"
            " SELECT row_number() OVER (ORDER BY id) - 1 AS turn, * FROM entry WHERE space_id = ?",
            [space],
        )
        templates, last = database.execute("SELECT count(*), max(id) FROM template").fetchone()
        into, values = copied(database, "entry", "t", ENTRY)
        database.execute(
            f"INSERT INTO entry ({into})"
            " WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
            f" SELECT {values} FROM n CROSS JOIN template AS t WHERE t.turn = n.i % ?",
            [count - templates, templates],
        )
        # The new rows, `e`, each with the one it is a copy of, `t`.
        pairs = (
            " FROM entry AS e JOIN template AS t ON t.digest = e.digest"
            f" {{}} WHERE e.space_id = {space} AND e.id > {last}"
        )
        database.execute(
            "INSERT INTO entry_tag (owner_id, tag, entry_id) SELECT e.owner_id, tag.tag, e.id"
            + pairs.format("JOIN entry_tag AS tag ON tag.entry_id = t.id")
            + " ORDER BY 1, 2, 3"
        )
        into, values = copied(database, "event", "event", EVENT)
        database.execute(
            f"INSERT INTO event ({into}) SELECT {values}"
            + pairs.format("JOIN event ON event.entry_id = t.id")
            + " ORDER BY e.id"
        )
        new = pairs.format("")
        database.execute(
            "UPDATE tree_total SET files = tree_total.files + new.files,"
            " bytes = tree_total.bytes + new.bytes, charged = tree_total.charged + new.charged FROM"
            " (SELECT e.kind, count(*) AS files, sum(e.size) AS bytes, sum(e.charged) AS charged"
            f" {new} GROUP BY 1) AS new"
            f" WHERE tree_total.space_id = {space} AND tree_total.folder_id = 0"
            f" AND tree_total.owner_id = {account} AND tree_total.kind = new.kind"
        )
        database.execute(
            "UPDATE blob SET refs = blob.refs + new.refs FROM"
            f" (SELECT e.digest, count(*) AS refs {new} GROUP BY 1) AS new"
            " WHERE blob.digest = new.digest"
        )
        database.execute(
            "UPDATE account SET used = used + new.bytes, charged = account.charged + new.charged FROM"
            f" (SELECT sum(e.size) AS bytes, sum(e.charged) AS charged {new}) AS new WHERE id = ?",
            [account],
        )
        database.execute("COMMIT")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
