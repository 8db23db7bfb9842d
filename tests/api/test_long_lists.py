"""Lists of any length are made while they are sent: the same JSON, read in pages."""

import contextlib
import json
import socket
import sqlite3
import time

import pytest

from harness import program, shapes
from harness.fileuploader import FileUploader
from harness.filling import fill
from harness.quantum import Quantum
from harness.streamvault import StreamVault, expect
from harness.wire import Ended, Wire

COUNT = 20_000  # files, half of them in a folder: 8 MB of JSON each
ALL = "/storage/api/v3/all_files/"
IN_BOX = 10_000


@pytest.fixture
def library(launch):
    """The owner of many files, of which some are in the folder `box`."""
    server = launch()
    owner = StreamVault.registered(server)
    for number in range(3):
        owner.upload(b"%d" % number, f"file {number}.bin")
    box = owner.folder("box", description="d" * 200)
    server.stop_well()
    with contextlib.closing(sqlite3.connect(server.data / "coffer.db")) as database:
        # The folder must not be copied: it stands aside meanwhile.
        database.execute("UPDATE entry SET space_id = -space_id WHERE id = ?", [box["id"]])
        database.commit()
        fill(server.data / "coffer.db", owner.username, COUNT)
        database.execute("UPDATE entry SET space_id = -space_id WHERE id = ?", [box["id"]])
        database.execute(
            "UPDATE entry SET parent_id = ?"
            " WHERE is_folder = 0 AND id IN (SELECT id FROM entry WHERE is_folder = 0 ORDER BY id LIMIT ?)",
            [box["id"], IN_BOX],
        )
        database.commit()
    server.start()
    again = StreamVault(server, owner.access)
    again.username, again.box = owner.username, box
    return again


class Slow(Wire):
    """A client with little room, which reads when it is told to."""

    def __init__(self, server):
        self.host = f"127.0.0.1:{server.port}"
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.settimeout(30)
        self.socket.connect(("127.0.0.1", server.port))
        self._buffer = b""

    def begin(self, caller, target):
        """The head of the reply, the rest of which waits in the server."""
        headers = {"Authorization": caller.session.headers["Authorization"]}
        self.send(self.head("GET", target, headers))
        head = self.reply_head()
        assert head.status_code == 200, head
        assert head.headers["Transfer-Encoding"] == "chunked"
        return head

    def finish(self):
        return json.loads(self._chunks())


def ask(server, caller, target, method="GET", version="HTTP/1.1"):
    headers = {"Authorization": caller.session.headers["Authorization"]}
    with server.wire(timeout=30) as wire:
        return wire.request(method, target, headers, version=version)


def test_the_whole_list_comes_once_and_in_order(library):
    server = library.server
    listed = library.files()
    ids = [file["id"] for file in listed]
    assert len(ids) == COUNT and ids == sorted(set(ids))
    assert {file["folder"] for file in listed} == {None, "box"}
    assert expect(library.get(f"/api/v3/files/{ids[77]}/")) == listed[77]
    assert expect(library.get("/api/v3/all_files/", params={"after": ids[-3]})) == listed[-2:]

    view = library.view(library.box["token"])
    names = [file["file_name"] for file in view["files"]]
    assert len(names) == IN_BOX and names == sorted(set(names))
    assert view["subfolders"] == [] and view["description"] == "d" * 200
    assert {file["folder"] for file in view["files"]} == {"box"}

    uploader = FileUploader(server, library.access)
    mine = uploader.get("/api/get_files/private").json()
    assert mine["status"] == "success" and mine["is_group_owner"] is True
    assert [file["user_filename"] for file in mine["data"]] == [file["file_name"] for file in listed]

    # A head alone, and a client that knows no chunks.
    head = ask(server, library, ALL, "HEAD")
    assert head.status_code == 200 and head.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in head.headers
    old = ask(server, library, ALL, version="HTTP/1.0")
    assert "Transfer-Encoding" not in old.headers and "Content-Length" not in old.headers
    assert old.headers["Connection"] == "close" and old.json() == listed
    # The log knows its length.
    new = ask(server, library, ALL)
    assert "Link" not in new.headers and new.content == old.content
    line = server.wait_for_log(lambda line: line.get("request_id") == new.headers["X-Request-Id"])
    assert line["bytes_out"] == len(new.content) and line["complete"] is True


def test_a_short_list_has_a_length(launch):
    server = launch()
    owner = StreamVault.registered(server)
    for expected in (0, 1):
        reply = ask(server, owner, ALL)
        assert int(reply.headers["Content-Length"]) == len(reply.content)
        assert len(reply.json()) == expected
        assert ask(server, owner, ALL, "HEAD").headers["Content-Length"] == str(len(reply.content))
        owner.upload()


def test_what_stays_comes_once_whatever_changes_meanwhile(library):
    server = library.server
    before = library.files()
    with Slow(server) as slow:
        slow.begin(library, ALL)
        gone = {before[-1]["id"], before[-1000]["id"]}
        for id in gone:
            expect(library.delete(f"/api/v4/files/{id}/delete/"))
        renamed = before[-2]["id"]
        expect(library.put(f"/api/v4/files/{renamed}/update/", json={"name": "!first of all"}))
        library.upload(b"new", "new.bin")
        # No transaction waits for this client: the log can be emptied.
        with contextlib.closing(sqlite3.connect(server.data / "coffer.db", timeout=10)) as database:
            busy, _, _ = database.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
            assert busy == 0
        ids = [file["id"] for file in slow.finish()]
    assert len(ids) == len(set(ids))
    assert set(ids) >= {file["id"] for file in before} - gone
    assert not gone & set(ids)


def test_a_folder_may_be_renamed_while_it_is_listed(library):
    names = [file["file_name"] for file in library.view(library.box["token"])["files"]]
    for name in ("a box", "z box"):
        with Slow(library.server) as slow:
            slow.begin(library, f"/storage/api/v3/folders/{library.box['token']}/")
            change = {"token": library.box["token"], "name": name}
            expect(library.put("/api/v3/folders/update/", json=change))
            assert [file["file_name"] for file in slow.finish()["files"]] == names


@pytest.mark.parametrize("what", ["session", "account", "share"])
def test_a_list_ends_with_what_permits_it(library, what):
    server = library.server
    stranger = StreamVault.registered(server)
    reader = stranger if what == "share" else library
    target = f"/storage/api/v3/folders/{library.box['token']}/" if what == "share" else ALL
    with Slow(server) as slow:
        head = slow.begin(reader, target)
        if what == "share":
            expect(library.delete(f"/api/v3/share/{library.box['id']}/"))
        elif what == "session":
            assert library.native().post("/auth/logout").status_code == 200
        else:
            run = program.run("user", "disable", library.username, "--data", server.data)
            assert run.returncode == 0
        with pytest.raises((Ended, ConnectionError)):
            slow.finish()
    id = head.headers["X-Request-Id"]
    line = server.wait_for_log(lambda line: line.get("event") == "request" and line.get("request_id") == id)
    assert line["complete"] is False and line["status"] == 200


def test_each_account_has_a_share_of_the_places(library):
    server = library.server
    slow = []
    try:
        for _ in range(64):
            slow.append(Slow(server))
            slow[-1].begin(library, ALL)
        refused = library.get("/api/v3/all_files/")
        assert refused.status_code == 503 and int(refused.headers["Retry-After"]) > 0
        assert refused.json()["detail"]
        # Others go on, and so does what is short.
        other = StreamVault.registered(server)
        assert len(expect(other.get(f"/api/v3/folders/{library.box['token']}/"))["files"]) == IN_BOX
        assert shapes.success(library.native().get("/media?per_page=5"))
        metrics = server.metrics()
        assert "coffer_http_streamed_replies 64" in metrics
        assert "coffer_http_streamed_replies_refused_total 1" in metrics
        slow.pop().close()
        end = time.monotonic() + program.patience(20)
        while library.get("/api/v3/all_files/", params={"after": (1 << 60) - 1}).status_code != 200 or (
            library.get("/api/v3/all_files/").status_code != 200
        ):
            assert time.monotonic() < end
            time.sleep(0.1)
    finally:
        for one in slow:
            one.close()


def test_lists_of_groups_buckets_and_keys(shared):
    """Longer than a page each."""
    uploader = FileUploader.registered(shared)
    groups = [uploader.group(f"group {number:03}") for number in range(70)]
    listed = uploader.get("/api/get_groups").json()
    assert listed["status"] == "success"
    assert [group["group_id"] for group in listed["groups"]] == groups
    assert [group["name"] for group in listed["groups"]] == [f"group {n:03}" for n in range(70)]
    for number in range(70):
        uploader.upload(b"%d" % number, f"{number:03}.bin", group=groups[0])
    assert uploader.names(groups[0]) == [f"{number:03}.bin" for number in range(70)]

    quantum = Quantum.registered(shared)
    buckets = sorted(quantum.bucket() for _ in range(70))
    assert quantum.buckets() == buckets

    keys = []
    for number in range(70):
        made = quantum.native.post("/api-keys", json={"name": f"key {number}"})
        keys.append(shapes.success(made, 201)["id"])
        quantum.post(f"/token/create/{buckets[0]}")
    reply = quantum.native.get("/api-keys")
    assert [key["id"] for key in shapes.success(reply)][1:] == keys


def test_pages_of_media_with_much_text(shared):
    """What people wrote bounds nothing of what is shown."""
    user = shared.user()
    things = []
    for number in range(12):
        thing = user.upload(b"%d" % number, f"{number:02}.bin")
        change = {"description": "é" * 9_000, "tags": [f"tag {n} " + "t" * 50 for n in range(50)]}
        things.append(shapes.success(user.patch(f"/media/{thing['id']}", json=change)))
    reply = user.get("/media?per_page=100&sort=filename&order=asc")
    assert shapes.success(reply) == things
    pages = reply.json()["meta"]["pagination"]
    assert (pages["count"], pages["total"], pages["total_pages"]) == (12, 12, 1)
    reply = user.get("/media?per_page=5&page=2&sort=filename&order=asc")
    assert shapes.success(reply) == things[5:10]


def test_searches_of_one_account_leave_room_for_others(library):
    """Each looks at every file of the account: one runs, eight wait, and the rest hear so at once."""
    server = library.server
    other = server.user()
    other.upload(b"x", "needle.txt")
    headers = {"Authorization": library.session.headers["Authorization"]}
    with contextlib.ExitStack() as wires:
        asked = []
        for _ in range(100):
            wire = wires.enter_context(server.wire(timeout=30))
            wire.send(wire.head("GET", "/api/v1/media?q=file&sort=filename&page=150&per_page=100", headers))
            asked.append(wire)
        assert [thing["filename"] for thing in other.media(q="needle")] == ["needle.txt"]
        replies = [wire.reply() for wire in asked]
    answered = [reply for reply in replies if reply.status_code == 200]
    refused = [reply for reply in replies if reply.status_code == 503]
    assert answered and refused and len(answered) + len(refused) == len(replies)
    for reply in refused:
        assert int(reply.headers["Retry-After"]) > 0
        assert reply.json()["error"]["code"] == "busy" and reply.json()["error"]["message"]
    metrics = server.metrics()
    assert f"coffer_db_scans_refused_total {len(refused)}" in metrics
    assert "coffer_db_scans_waiting 0" in metrics
