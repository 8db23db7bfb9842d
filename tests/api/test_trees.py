"""Folders of any size: gone, renamed and moved at once, while everybody else goes on writing."""

import contextlib
import sqlite3
import threading
import time

import pytest

from harness import filling, program
from harness.client import User
from harness.streamvault import StreamVault, expect, refuse

COUNT = 20_000
NO_FOLDER = {"error": "Folder not found"}


def move_home_into(data, username, folder):
    """What lies in the account's own space itself lies in the folder then, without a server."""
    with contextlib.closing(sqlite3.connect(data / "coffer.db", isolation_level=None)) as database:
        home = database.execute("SELECT home_id FROM account WHERE username = ?", [username]).fetchone()[0]
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE entry SET parent_id = ? WHERE space_id = ? AND is_folder = 0", [folder, home])
        database.execute(
            "INSERT INTO tree_total SELECT space_id, ?, owner_id, kind, files, bytes, charged FROM tree_total"
            " WHERE space_id = ? AND folder_id = 0 AND kind <> 5",
            [folder, home],
        )
        database.execute("COMMIT")


def rows(server):
    with contextlib.closing(sqlite3.connect(f"file:{server.data}/coffer.db?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM entry").fetchone()[0]


@pytest.fixture
def big(launch):
    """A server with an account that has a folder with many files."""
    server = launch()
    caller = StreamVault.registered(server)
    file = caller.upload(b"content", "f.txt")
    server.stop_well()
    filling.fill(server.data / "coffer.db", caller.username, COUNT)
    server.start()
    folder = StreamVault(server, caller.access).folder("big")
    server.stop_well()
    move_home_into(server.data, caller.username, folder["id"])
    server.start()
    again = StreamVault(server, caller.access)
    again.big, again.file = folder, file
    return again


class Writer(threading.Thread):
    """Uploads small files as another account, one after another; `slowest` is in seconds."""

    def __init__(self, server):
        super().__init__()
        self.user = User.registered(server.root)
        self.slowest, self.number, self.stopping = 0, 0, False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.stopping = True
        self.join()

    def run(self):
        while not self.stopping:
            begin = time.monotonic()
            self.user.upload(b"%d" % self.number, f"{self.number}")
            self.slowest = max(self.slowest, time.monotonic() - begin)
            self.number += 1


def test_a_big_folder_goes_at_once_and_hinders_nobody(big):
    server, native = big.server, big.native()
    with Writer(server) as writer:
        begin = time.monotonic()
        expect(big.delete(f"/api/v4/folders/{big.big['uuid']}/delete/"))
        answered = time.monotonic() - begin
        # Gone for everybody, though its rows are not.
        assert rows(server) > COUNT // 4
        assert native.get("/media").json()["meta"]["pagination"]["total"] == 0
        assert expect(big.get("/api/v3/all_files/")) == []
        assert native.me()["used_bytes"] == 0 and native.me()["charged_bytes"] == 0
        refuse(big.get(f"/api/v3/folders/{big.big['token']}/"), 404, NO_FOLDER)
        assert big.get(f"/api/v3/files/{big.file['token']}/").status_code == 404
        assert native.get(f"/media/{big.file['uuid']}").status_code == 404
        # Its name is free.
        fresh = big.folder("big")
        kept = big.upload(b"kept", "f.txt", folder=fresh["token"])
        deadline = time.monotonic() + program.patience(60)
        while rows(server) > 2 + writer.number + 1:
            assert time.monotonic() < deadline
            assert native.get("/media").json()["meta"]["pagination"]["total"] == 1
            time.sleep(0.05)
        cleared = time.monotonic() - begin
    print(
        f"\n    {COUNT} files: removed in {answered * 1000:.0f} ms, cleared in {cleared:.1f} s,"
        f" the slowest of {writer.number} writes meanwhile {writer.slowest * 1000:.0f} ms"
    )
    assert answered < 1 and writer.slowest < 1
    assert big.get(f"/api/v3/files/{kept['token']}/").status_code == 200
    server.stop_well()
    checked = program.run("fsck", "--data", server.data)
    assert checked.returncode == 0, checked.stdout


def test_a_big_folder_is_renamed_and_moved_at_once(big):
    target = big.folder("target")
    with Writer(big.server) as writer:
        begin = time.monotonic()
        path = f"/api/v4/folders/{big.big['uuid']}/update/"
        expect(big.put(path, json={"name": "renamed"}))
        expect(big.put(path, json={"name": "renamed", "parent": target["id"]}))
        took = time.monotonic() - begin
    print(f"\n    {COUNT} files: renamed and moved in {took * 1000:.0f} ms, the slowest write {writer.slowest * 1000:.0f} ms")
    assert took < 1 and writer.slowest < 1
    view = big.view(target["token"])
    assert [folder["name"] for folder in view["subfolders"]] == ["renamed"]
    assert big.native().get("/media").json()["meta"]["pagination"]["total"] == COUNT


def test_clearing_goes_on_after_a_kill(big):
    server = big.server
    expect(big.delete(f"/api/v4/folders/{big.big['uuid']}/delete/"))
    server.kill()
    left = rows(server)
    server.start()
    native = StreamVault(server, big.access).native()
    assert native.get("/media").json()["meta"]["pagination"]["total"] == 0
    assert native.me()["used_bytes"] == 0
    deadline = time.monotonic() + program.patience(60)
    while rows(server) > 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert left > 0, "killed in the middle of it"
