"""Quantum Storage's files: where they are, all or none, and one file through every API."""

import contextlib
import random
import sqlite3
import threading
from urllib.parse import quote

import pytest

from harness import forms, samples
from harness.fileuploader import FileUploader, done
from harness.quantum import Quantum, expect, refuse
from harness.streamvault import StreamVault


@pytest.fixture
def quantum(shared):
    return Quantum.registered(shared)


@pytest.fixture
def bucket(quantum):
    return quantum.bucket()


def test_what_is_added_comes_back(quantum, bucket):
    files = [("a.bin", samples.noise(300_000, seed=1)), ("ü é.txt", b""), ("100%.txt", b"%"), ("q?#&.x", b"?")]
    quantum.add(bucket, "", *files)
    quantum.add(bucket, "deep/er/and deeper", *files)
    for place in ("", "deep/er/and deeper/"):
        for name, data in files:
            assert quantum.content(bucket, place + name) == data
    assert sum(len(data) for _, data in files) * 2 == quantum.native.me()["used_bytes"]


def test_fields_may_come_before_or_after_the_files(quantum, bucket):
    def force(text):
        return forms.Part("force", text)

    def file(data, name="f"):
        return forms.Part("files", data, name)

    expect(quantum.send(bucket, "", [file(b"1")]))
    expect(quantum.send(bucket, "", [force(b"true"), file(b"2")]))
    assert quantum.content(bucket, "f") == b"2"
    expect(quantum.send(bucket, "", [file(b"3"), force(b"true")]))
    assert quantum.content(bucket, "f") == b"3"
    refuse(quantum.send(bucket, "", [file(b"4"), force(b"false")]), 400, "FILE_ALREADY_EXISTS")
    refuse(quantum.send(bucket, "", [force(b"false"), file(b"4")]), 400, "FILE_ALREADY_EXISTS")
    # The last word counts.
    expect(quantum.send(bucket, "", [force(b"false"), force(b"true"), file(b"5"), forms.Part("x", b"y")]))
    refuse(quantum.send(bucket, "", [force(b"true"), file(b"6"), force(b"false")]), 400, "FILE_ALREADY_EXISTS")
    assert quantum.content(bucket, "f") == b"5"


def test_several_files_are_added_all_or_none(quantum, bucket):
    quantum.add(bucket, "d", ("b", b"old"))
    used = quantum.native.me()["used_bytes"]
    for files in (
        [("a", b"1"), ("b", b"2"), ("c", b"3")],
        [("a", b"1"), ("a", b"2")],
        [("a", b"1"), ("../c", b"3")],
        [("a", b"1"), ("", b"3")],
    ):
        code = "INVALID_PATH" if files[-1][0] in ("../c", "") else "FILE_ALREADY_EXISTS"
        refuse(quantum.try_add(bucket, "d", *files), 400, code)
        refuse(quantum.get(f"/file/get/{bucket}/d/a"), 404, "FILE_DNE")
    refuse(quantum.try_add(bucket, "new", ("a", b"1"), ("x" * 256, b"2")), 400, "INVALID_PATH")
    refuse(quantum.get(f"/file/get/{bucket}/new"), 404, "FILE_DNE")
    assert quantum.native.me()["used_bytes"] == used
    assert quantum.content(bucket, "d/b") == b"old"
    quantum.add(bucket, "d", ("a", b"1"), ("b", b"2"), ("c", b"3"), force=True)
    assert [quantum.content(bucket, f"d/{name}") for name in "abc"] == [b"1", b"2", b"3"]
    quantum.add(bucket, "d", ("a", b"first"), ("a", b"last"), force=True)
    assert quantum.content(bucket, "d/a") == b"last"
    many = [(f"{i}.txt", str(i).encode()) for i in range(200)]
    quantum.add(bucket, "many", *many)
    assert all(quantum.content(bucket, f"many/{name}") == data for name, data in many[::20])


def test_directories(quantum, bucket):
    expect(quantum.mkdir(bucket, "a/b/c"))
    for path in ("a", "a/b", "a/b/c"):
        refuse(quantum.get(f"/file/get/{bucket}/{path}"), 404, "NOT_A_FILE")
    quantum.add(bucket, "a/b", ("f", b"1"))
    quantum.add(bucket, "a", ("b.txt", b"2"))
    expect(quantum.remove(bucket, "a/b"))
    for path in ("a/b", "a/b/c", "a/b/f"):
        refuse(quantum.get(f"/file/get/{bucket}/{path}"), 404, "FILE_DNE")
    assert quantum.content(bucket, "a/b.txt") == b"2"
    assert quantum.native.me()["used_bytes"] == 1
    expect(quantum.remove(bucket, "a/"))
    assert quantum.native.me()["used_bytes"] == 0
    # The name is free for a file then.
    quantum.add(bucket, "", ("a", b"file"))
    assert quantum.content(bucket, "a") == b"file"


def test_of_many_that_add_one_file_one_wins(quantum, bucket):
    replies = []

    def add(number):
        replies.append(quantum.twin().try_add(bucket, "d", ("f", str(number).encode() * 1000)))

    threads = [threading.Thread(target=add, args=[i]) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    won = [reply for reply in replies if reply.status_code == 200]
    assert len(won) == 1
    for reply in replies:
        if reply is not won[0]:
            refuse(reply, 400, "FILE_ALREADY_EXISTS")
    assert quantum.native.me()["used_bytes"] == len(quantum.content(bucket, "d/f"))


def test_what_is_added_is_found_at_exactly_that_place(quantum, bucket):
    """A model and random commands, from a seed that a failure tells."""
    seed = random.randrange(1 << 32)
    draw = random.Random(seed)
    names = ["a", "b", "A", "a b", "ä", "ä", "a.txt", "%", "%41", "..a", "a..", "ab:c", "+", "日本", "x" * 255, "💾"]
    model, folders = {}, set()  # places to bytes; places

    def parents(place):
        parts = place.split("/")
        return ["/".join(parts[:i]) for i in range(1, len(parts))]

    for step in range(120):
        place = "/".join(draw.choice(names) for _ in range(draw.randint(1, 4)))
        above, name = place.rpartition("/")[::2]
        through_file = any(p in model for p in parents(place))
        note = f"seed {seed}, step {step}: {place}"
        action = draw.random()
        if action < 0.55:
            data, force = draw.randbytes(draw.randint(0, 2000)), draw.random() < 0.4
            reply = quantum.try_add(bucket, above, (name, data), force=force)
            if place in folders:
                assert reply.json()["message"] == "NOT_A_FILE", note
            elif through_file:
                assert reply.json()["message"] == "INVALID_DIR", note
            elif place in model and not force:
                assert reply.json()["message"] == "FILE_ALREADY_EXISTS", note
            else:
                assert reply.status_code == 200, f"{note}: {reply.text}"
                model[place] = data
                folders.update(parents(place))
        elif action < 0.65:
            reply = quantum.mkdir(bucket, place)
            if through_file or place in model:
                assert reply.json()["message"] == "INVALID_DIR", note
            else:
                assert reply.status_code == 200, note
                folders.update(parents(place) + [place])
        elif action < 0.75:
            known = sorted(folders | set(model))
            place = draw.choice(known) if known and draw.random() < 0.7 else place
            reply = quantum.remove(bucket, place)
            assert (reply.status_code == 200) == (place in model or place in folders), note
            folders = {p for p in folders if p != place and not p.startswith(place + "/")}
            model = {p: d for p, d in model.items() if p != place and not p.startswith(place + "/")}
        else:
            reply = quantum.get(f"/file/get/{bucket}/{quote(place)}")
            if place in model:
                token = expect(reply)["data"]["file_token"]
                assert quantum.fetch(token).content == model[place], note
            else:
                refuse(reply, 404, "NOT_A_FILE" if place in folders else "FILE_DNE")
    for place, data in model.items():
        assert quantum.content(bucket, place) == data, f"seed {seed}: {place}"
    for place in folders:
        reply = quantum.get(f"/file/get/{bucket}/{quote(place)}")
        refuse(reply, 404, "NOT_A_FILE")
    listed = {m["filename"] for m in quantum.native.media()}
    assert listed == {place.rpartition("/")[2] for place in model}
    assert quantum.native.me()["used_bytes"] == sum(len(data) for data in model.values())


def test_one_file_is_one_file(quantum, bucket):
    """Added here, seen, read, replaced and deleted through the other APIs, and the other way round."""
    native = quantum.native
    stream = StreamVault(quantum.server, native.token)
    stranger = Quantum.registered(quantum.server)
    data = samples.noise(100_000, seed=7)
    quantum.add(bucket, "trip", ("film.mp4", data), ("note.txt", b"hello"))

    media = {m["filename"]: m for m in native.media()}
    assert set(media) == {"film.mp4", "note.txt"} and media["film.mp4"]["size"] == len(data)
    assert native.get(f"/media/{media['film.mp4']['id']}/content").content == data
    files = {f["file_name"]: f for f in stream.files()}
    assert set(files) == {"film.mp4", "note.txt"} and files["film.mp4"]["folder"] == "trip"
    assert stream.get(files["film.mp4"]["download_url"]).content == data
    login = {"username": native.username, "password": native.password}
    links = FileUploader(quantum.server, done(FileUploader(quantum.server).post("/api/login", json=login))["accessToken"])
    short = {f["user_filename"]: f for f in links.files()}
    assert set(short) == {"film.mp4", "note.txt"} and links.fetch(short["film.mp4"]).content == data
    assert native.me()["used_bytes"] == stream.used() == len(data) + 5
    assert stranger.native.media() == []
    assert stranger.native.get(f"/media/{media['film.mp4']['id']}").status_code == 404

    # Replaced there, it has changed here, and its tokens have died.
    token = quantum.token(bucket, "trip/note.txt")
    reply = stream.replace(files["note.txt"]["id"], b"bye, bye")
    assert reply.status_code == 200, reply.text
    refuse(quantum.fetch(token), 400, "INVALID_TOKEN")
    assert quantum.content(bucket, "trip/note.txt") == b"bye, bye"
    # Replaced here, it has changed there.
    quantum.add(bucket, "trip", ("note.txt", b"again"), force=True)
    assert native.get(f"/media/{media['note.txt']['id']}/content").content == b"again"
    assert native.me()["used_bytes"] == len(data) + 5

    # Deleted there, it is gone here.
    token = quantum.token(bucket, "trip/film.mp4")
    assert native.delete(f"/media/{media['film.mp4']['id']}?permanent=true").status_code == 200
    refuse(quantum.fetch(token), 400, "INVALID_TOKEN")
    refuse(quantum.get(f"/file/get/{bucket}/trip/film.mp4"), 404, "FILE_DNE")
    assert stream.call("DELETE", f"/api/v4/files/{files['note.txt']['id']}/delete/").status_code == 200
    refuse(quantum.get(f"/file/get/{bucket}/trip/note.txt"), 404, "FILE_DNE")
    assert native.me()["used_bytes"] == 0 and native.media() == []


def test_one_file_has_its_events_once(launch):
    server = launch()
    quantum = Quantum.registered(server)
    bucket = quantum.bucket()
    quantum.add(bucket, "d", ("f", b"1"))
    quantum.add(bucket, "d", ("f", b"2"), force=True)
    media = quantum.native.media()[0]
    assert quantum.native.patch(f"/media/{media['id']}", json={"title": "t"}).status_code == 200
    assert quantum.native.delete(f"/media/{media['id']}").status_code == 200
    server.stop_well()
    with contextlib.closing(sqlite3.connect(server.data / "coffer.db")) as database:
        rows = database.execute("SELECT type, kind = 5 FROM event WHERE type > 0 ORDER BY id").fetchall()
    # A folder made; a file made, changed twice, deleted.
    assert rows == [(1, 1), (1, 0), (2, 0), (2, 0), (3, 0)]
    server.start()
