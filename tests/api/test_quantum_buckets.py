"""Buckets that come and go."""

import contextlib
import sqlite3
import threading
import time

import pytest

from harness import filling, program
from harness.quantum import Halfway, Quantum, expect, refuse


@pytest.fixture
def quantum(shared):
    return Quantum.registered(shared)


def eventually(wanted, timeout=20):
    end = time.monotonic() + program.patience(timeout)
    while not wanted():
        assert time.monotonic() < end, "it does not come to pass"
        time.sleep(0.02)


def test_of_many_that_create_one_bucket_one_does(quantum):
    callers = [Quantum.registered(quantum.server) for _ in range(4)]
    replies = []

    def create(caller):
        replies.append(caller.twin().post("/bucket/create/everybodys-name"))

    threads = [threading.Thread(target=create, args=[caller]) for caller in callers * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(reply.status_code for reply in replies) == [200] + [400] * 11
    owner = next(caller for caller in callers if caller.buckets())
    expect(owner.post("/bucket/remove/everybodys-name"))


def test_a_removed_bucket_is_gone_and_its_name_free(quantum):
    bucket = quantum.bucket()
    quantum.add(bucket, "d", ("f", b"old"), ("g", b"old"))
    application = quantum.application(bucket)
    token = quantum.token(bucket, "d/f")
    expect(quantum.post(f"/bucket/remove/{bucket}"))
    assert quantum.buckets() == []
    refuse(quantum.get(f"/file/get/{bucket}/d/f"), 404, "BUCKET_DNE")
    refuse(application.get(f"/file/get/{bucket}/d/f"), 401, "UNAUTHORIZED")
    refuse(quantum.fetch(token), 400, "INVALID_TOKEN")
    refuse(quantum.post(f"/bucket/remove/{bucket}"), 404, "BUCKET_DNE")

    stranger = Quantum.registered(quantum.server)
    stranger.bucket(bucket)
    stranger.add(bucket, "d", ("f", b"new"))
    refuse(quantum.get(f"/file/get/{bucket}/d/f"), 404, "BUCKET_DNE")
    refuse(application.get(f"/file/get/{bucket}/d/f"), 401, "UNAUTHORIZED")
    eventually(lambda: quantum.native.me()["used_bytes"] == 0)
    assert quantum.native.media() == []
    assert stranger.content(bucket, "d/f") == b"new"
    refuse(stranger.get(f"/file/get/{bucket}/d/g"), 404, "FILE_DNE")


def test_an_upload_under_way_does_not_bring_it_back(quantum):
    bucket = quantum.bucket()
    upload = Halfway(quantum, bucket, "quantum", 100_000)
    time.sleep(0.1)
    expect(quantum.post(f"/bucket/remove/{bucket}"))
    again = quantum.bucket(bucket)
    refuse(upload.finish(), 404, "BUCKET_DNE")
    refuse(quantum.get(f"/file/get/{again}/halfway/halfway"), 404, "FILE_DNE")
    assert quantum.native.me()["used_bytes"] == 0


def move_home_into(data, username, bucket):
    """What `fill` wrote into the account's own space becomes the bucket's."""
    with contextlib.closing(sqlite3.connect(data / "coffer.db", isolation_level=None)) as database:
        space = database.execute("SELECT id FROM space WHERE name = ?", [bucket]).fetchone()[0]
        home = database.execute("SELECT home_id FROM account WHERE username = ?", [username]).fetchone()[0]
        for table in ("entry", "tree_total"):
            database.execute(f"UPDATE {table} SET space_id = ? WHERE space_id = ?", [space, home])
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def clear_many(launch, count, kill=False):
    server = launch()
    quantum = Quantum.registered(server)
    bucket = quantum.bucket()
    for number in range(5):
        quantum.native.upload(b"content %d" % number, f"f{number}")
    server.stop_well()
    filling.fill(server.data / "coffer.db", quantum.native.username, count)
    move_home_into(server.data, quantum.native.username, bucket)
    server.start()
    native = quantum.native.__class__(server.root, quantum.native.username, quantum.native.password)
    quantum = Quantum(server, master=quantum.master)
    assert native.get("/media").json()["meta"]["pagination"]["total"] == count
    token = quantum.token(bucket, native.get("/media").json()["data"][0]["filename"])

    began = time.monotonic()
    expect(quantum.post(f"/bucket/remove/{bucket}"))
    answered = time.monotonic() - began
    assert quantum.buckets() == []
    quantum.bucket(bucket)
    quantum.add(bucket, "d", ("f", b"new"))
    again = time.monotonic() - began
    refuse(quantum.fetch(token), 400, "INVALID_TOKEN")
    if kill:
        server.kill()
        server.start()
        native = native.__class__(server.root, native.username, native.password)
        quantum = Quantum(server, master=quantum.master)
    slowest = 0.0
    while native.me()["used_bytes"] != 3:
        assert time.monotonic() - began < 100
        before = time.monotonic()
        quantum.add(bucket, "d", ("g", b"x"), force=True)
        expect(quantum.remove(bucket, "d/g"))
        slowest = max(slowest, time.monotonic() - before)
        time.sleep(0.05)
    cleared = time.monotonic() - began
    assert [m["filename"] for m in native.media()] == ["f"]
    assert quantum.content(bucket, "d/f") == b"new"
    return answered, again, cleared, slowest


def test_removing_many_files_answers_at_once(launch):
    answered, again, *_ = clear_many(launch, 5000)
    assert answered < 0.5 and again < 1.0


@pytest.mark.parametrize("kill", [False, True], ids=["", "killed"])
@pytest.mark.long
@pytest.mark.seconds(300)
def test_removing_a_hundred_thousand_files_answers_at_once(launch, capsys, kill):
    answered, again, cleared, slowest = clear_many(launch, 100_000, kill)
    with capsys.disabled():
        print(
            f"\n    removed in {answered * 1000:.0f} ms, the name used again after {again * 1000:.0f} ms,"
            f" all cleared in {cleared:.1f} s, the slowest write and removal meanwhile {slowest * 1000:.0f} ms"
        )
    assert answered < 0.5 and again < 1.0
