"""`coffer fsck` over a database that was meddled with: every kind of damage is found."""

import os
import shutil
import sqlite3

import pytest

from harness import program
from harness.filling import fill
from harness.server import Server
from harness.streamvault import StreamVault, expect

COUNTS = {
    "quota": ("UPDATE account SET used = used + 1 WHERE username = 'ada'", "quota counters"),
    "charge of an account": ("UPDATE account SET charged = charged + 1 WHERE username = 'ada'", "is charged"),
    "charge of a file": ("UPDATE entry SET charged = charged - 1", "charged wrongly"),
    "charge of an upload": ("UPDATE multipart SET charged = 1 WHERE entry_id IS NULL", "uploads that are charged"),
    "total of files": ("UPDATE tree_total SET files = files + 1", "totals of files"),
    "total of bytes": ("UPDATE tree_total SET bytes = bytes + 1", "totals of files"),
    "total of a folder": ("UPDATE tree_total SET files = files + 1 WHERE folder_id <> 0", "totals of files"),
    "total that is gone": ("DELETE FROM tree_total", "totals of files"),
    "total of nothing": ("UPDATE tree_total SET folder_id = 777 WHERE folder_id <> 0", "totals of folders"),
    "a removed folder": ("INSERT INTO removed_tree SELECT space_id, id, owner_id, 1 FROM entry WHERE is_folder = 1", "removed folders"),
    "levels": ("UPDATE entry SET levels = 0 WHERE is_folder = 1", "levels"),
    "a key": ("UPDATE entry SET key = CAST('a/b' AS BLOB) WHERE is_folder = 0 AND parent_id <> 0", "one name"),
    "references": ("UPDATE blob SET refs = refs + 1", "reference counts"),
    "bytes of an upload": ("UPDATE multipart SET bytes = bytes + 1 WHERE entry_id IS NULL", "uploads"),
    "size of a file": ("UPDATE entry SET size = size + 1 WHERE manifest_id IS NULL AND is_folder = 0", "size is not"),
    "a file's blob": ("UPDATE entry SET digest = zeroblob(32) WHERE manifest_id IS NULL AND is_folder = 0", "blobs that are not there"),
    "a file's folder": ("UPDATE entry SET parent_id = 777 WHERE parent_id <> 0", "folder"),
    "a file's owner": ("UPDATE entry SET owner_id = 777", "accounts"),
    "parts": ("DELETE FROM multipart", "no upload"),
    "where a part begins": ("UPDATE part SET start = start + 1 WHERE start > 0", "begin"),
    "a number of another cell": ("UPDATE session SET id = id + (1 << 48)", "not of this server"),
    "the keys of tokens": ("DELETE FROM secret WHERE name = 'session_key'", "keys that are lost"),
    "the keys of links": ("DELETE FROM secret", "keys that are lost"),
    "a number given twice": ("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'entry'", "next number of entry"),
    "no number given": ("DELETE FROM sqlite_sequence", "next number of"),
    "a name to log in with": ("DELETE FROM login", "no name leads to"),
    "a home that is gone": ("UPDATE account SET home_id = 777 WHERE username = 'ada'", "space of their own"),
    "the home of another": ("UPDATE account SET home_id = (SELECT max(home_id) FROM account) WHERE username = 'ada'", "space of their own"),
    "a home of another kind": ("UPDATE space SET kind = 1 WHERE kind = 0", "space of their own"),
    "what a file is searched by": ("UPDATE entry SET search = search || 'x' WHERE is_folder = 0", "another text"),
    "what a folder is searched by": ("UPDATE entry SET search = '' WHERE is_folder = 1", "another text"),
    "tags": ("DELETE FROM entry_tag", "nothing finds"),
    "a folder in itself": ("UPDATE entry SET parent_id = id WHERE is_folder = 1", "without a removed folder above"),
}

SCHEMA = {
    "migrations forgotten": ("DELETE FROM schema_migration", "does not know how it was made"),
    "index dropped": ("DROP INDEX entry_name", "index entry_name is missing"),
    "table dropped": ("DROP TABLE extended_address", "table extended_address is missing"),
    "column added": ("ALTER TABLE login ADD COLUMN more TEXT", "table login is not as"),
    "table added": ("CREATE TABLE visitor (name TEXT)", "table visitor is not this program's"),
    "trigger added": (
        "CREATE TRIGGER evil AFTER INSERT ON login BEGIN DELETE FROM login; END",
        "trigger evil is not",
    ),
}

KEYS = {
    "session": "UPDATE session SET account_id = 777",
    "login": "UPDATE login SET account_id = 777",
    "entry": "UPDATE entry SET space_id = 777",
    "member": "INSERT INTO member (space_id, account_id, joined_at) VALUES (777, 777, 0)",
}


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The data folder of a stopped server: files alone and in folders, whole and in parts, and an
    upload that is not finished."""
    data = tmp_path_factory.mktemp("fsck") / "data"
    server = Server(data).start()
    try:
        native = server.user(username="ada")
        for size in (10, 20_000, 100_000):
            native.upload(os.urandom(size), f"{size}.bin", tags=["a", "b"])
        user = StreamVault.registered(server)
        folder = user.folder("inside")["id"]
        user.folder("deeper", parent=folder)
        user.upload(b"whole " * 1000, "whole.bin", 2, folder_id=folder)
        expect(user.chunk(user.begin(2, "open.bin"), 1, b"the first of two"))
    finally:
        server.stop_well()
    assert fsck(data).returncode == 0
    return data


def fsck(data):
    return program.run("fsck", "--data", data)


@pytest.fixture
def data(original, folder):
    """A copy of it, to be damaged."""
    return copy_of(original, folder / "data")


def copy_of(source, target):
    shutil.copytree(source, target)
    return target


def change(data, sql):
    with sqlite3.connect(data / "coffer.db") as database:
        changed = database.execute(sql)
        assert changed.rowcount != 0, "nothing to change"
    database.close()


def corrupt_lines(data):
    """What fsck tells of the database. It must fail, say so, and change nothing."""
    before = (data / "coffer.db").read_bytes()
    done = fsck(data)
    assert done.returncode == 1, (done.stdout, done.stderr)
    assert "terminate called" not in done.stderr
    assert (data / "coffer.db").read_bytes() == before
    lines = [line for line in done.stdout.splitlines() if line.startswith("corrupt ")]
    assert lines and all("coffer.db: " in line for line in lines), (done.stdout, done.stderr)
    assert f"{len(lines)} corrupt" in done.stdout.splitlines()[-1]
    return lines


@pytest.mark.parametrize("what", COUNTS)
def test_a_count_that_is_wrong(data, what):
    sql, told = COUNTS[what]
    change(data, sql)
    assert any(told in line for line in corrupt_lines(data))


@pytest.mark.parametrize("what", SCHEMA)
def test_a_schema_that_is_not_the_programs(data, what):
    sql, told = SCHEMA[what]
    change(data, sql)
    assert any(told in line for line in corrupt_lines(data))


@pytest.mark.parametrize("what", KEYS)
def test_a_broken_foreign_key(data, what):
    change(data, KEYS[what])
    assert any("do not exist" in line and what in line for line in corrupt_lines(data))


def test_an_index_made_again_is_as_good(data):
    with sqlite3.connect(data / "coffer.db") as database:
        (sql,) = database.execute("SELECT sql FROM sqlite_schema WHERE name = 'entry_name'").fetchone()
        database.execute("DROP INDEX entry_name")
        database.execute(sql.replace(" ", "\n "))
    database.close()
    assert fsck(data).returncode == 0


def pages(data):
    """{name: number of its first page}, and the bytes of a page."""
    database = sqlite3.connect(data / "coffer.db")
    roots = dict(database.execute("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 1"))
    size = database.execute("PRAGMA page_size").fetchone()[0]
    database.close()
    return roots, size


def test_every_page_that_is_overwritten(data):
    """The first page of each table and index, with noise and with zeros."""
    path = data / "coffer.db"
    whole = path.read_bytes()
    roots, size = pages(data)
    assert len(roots) > 20
    for number, (name, page) in enumerate(sorted(roots.items())):
        noise = os.urandom(600) if number % 2 == 0 else bytes(600)
        at = (page - 1) * size
        path.write_bytes(whole[:at] + noise + whole[at + 600 :])
        assert corrupt_lines(data), name


def test_an_index_without_one_of_its_rows(data):
    """One entry of the cell array is gone: what is left is well formed."""
    path = data / "coffer.db"
    whole = bytearray(path.read_bytes())
    roots, size = pages(data)
    at = (roots["entry_size"] - 1) * size
    assert whole[at] == 0x0A, "a leaf"
    count = int.from_bytes(whole[at + 3 : at + 5], "big")
    whole[at + 3 : at + 5] = (count - 1).to_bytes(2, "big")
    path.write_bytes(whole)
    assert any("entry_size" in line for line in corrupt_lines(data))


@pytest.mark.parametrize(
    "how", ["half", "last page", "in a page", "a byte", "one page", "a few bytes", "zeroed header", "noise", "text"]
)
def test_a_file_that_is_no_database_any_more(data, how):
    path = data / "coffer.db"
    size = path.stat().st_size
    if how == "zeroed header":
        with open(path, "r+b") as file:
            file.write(bytes(100))
    elif how == "noise":
        path.write_bytes(os.urandom(size))
    elif how == "text":
        path.write_text("# no database\n" * 1000)
    else:
        left = {
            "half": size // 8192 * 4096,
            "last page": size - 4096,
            "in a page": size - 1000,
            "a byte": size - 1,
            "one page": 4096,
            "a few bytes": 60,
        }
        os.truncate(path, left[how])
    assert corrupt_lines(data)


def test_the_store_is_checked_all_the_same(data):
    """Where the database cannot be read, damaged bytes are told, and nothing is called missing."""
    with open(data / "coffer.db", "r+b") as file:
        file.write(bytes(100))
    (blob,) = [path for path in (data / "blobs").rglob("*") if path.is_file()]
    os.truncate(blob, 5)
    done = fsck(data)
    assert done.returncode == 1
    assert any(blob.name in line for line in done.stdout.splitlines() if line.startswith("corrupt"))
    assert "not known" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("0 missing, 2 corrupt, 0 unreferenced")


def test_a_folder_in_its_place(data):
    os.remove(data / "coffer.db")
    (data / "coffer.db").mkdir()
    done = fsck(data)
    assert done.returncode == 1
    assert "coffer.db" in done.stderr + done.stdout


@pytest.mark.parametrize("how", ["overwritten", "without its migrations"])
def test_what_else_meets_it_names_the_file_and_the_way_out(data, how):
    if how == "overwritten":
        with open(data / "coffer.db", "r+b") as file:
            file.seek(100)
            file.write(os.urandom(3996))
    else:
        change(data, "DELETE FROM schema_migration")
    for words in (["serve", "--listen", "127.0.0.1:0"], ["user", "create", "eve"], ["storage"]):
        done = program.run(*words, "--data", data)
        assert done.returncode == 1, words
        assert "coffer.db" in done.stderr + done.stdout, (words, done.stderr)
        assert "coffer fsck" in done.stderr, (words, done.stderr)
        assert "--new" not in done.stderr, words


def test_many_folders_in_one_place(launch):
    """Each is looked at once, not beside each of the others."""
    server = launch()
    user = StreamVault.registered(server)
    user.folder("a")
    user.upload(b"content")
    server.stop_well()
    fill(server.data / "coffer.db", user.username, 60_000)
    # The copies are in no total; but all rules have been asked, in time.
    assert "name of a folder" not in fsck(server.data).stdout
