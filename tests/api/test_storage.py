"""`coffer storage` and `coffer storage reclaim`, beside a running server and on a stopped one."""

import hashlib
import json
import os
import threading
import time

import pytest

from harness import program
from harness.client import unique_name
from harness.streamvault import StreamVault, expect

LARGE = 300_000
SMALL = 10_000


def storage(data, *words):
    done = program.run("storage", *words, "--data", data, "--json", timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done
    return json.loads(done.stdout)


def blob_file(data, content):
    digest = hashlib.sha256(content).hexdigest()
    return data / "blobs" / digest[:2] / digest


def sound(data):
    done = program.run("fsck", "--data", data)
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_what_there_is(launch):
    """Every number, beside the server that runs."""
    server = launch()
    use = storage(server.data)
    assert use["free"]["bytes"] > 0
    del use["free"]
    assert use == {
        "live": {"files": 0, "bytes": 0},
        "trash": {"files": 0, "bytes": 0},
        "in_parts": {"uploads": 0, "bytes": 0},
        "pictures": {"files": 0, "bytes": 0},
        "shared": {"bytes": 0},
        "waiting": {"blobs": 0, "bytes": 0, "since": None},
        "stored": {"blobs": 0, "bytes": 0},
    }

    user, other = server.user(), StreamVault.registered(server)
    large, small = os.urandom(LARGE), os.urandom(SMALL)
    user.upload(large)
    user.upload(large, "again.bin")
    other.native().upload(large)
    gone = user.upload(small)
    upload = other.begin(2, "parts.bin")
    expect(other.chunk(upload, 1, large))
    expect(other.chunk(upload, 2, os.urandom(SMALL)))
    other.folder("empty")
    user.delete(f"/media/{gone['id']}?permanent=true")

    use = storage(server.data)
    assert use["live"] == {"files": 3, "bytes": 3 * LARGE}
    assert use["trash"] == {"files": 0, "bytes": 0}
    assert use["in_parts"] == {"uploads": 1, "bytes": LARGE + SMALL}
    assert use["shared"] == {"bytes": 3 * LARGE}
    assert (use["waiting"]["blobs"], use["waiting"]["bytes"]) == (1, SMALL)
    assert use["waiting"]["since"].endswith("Z")
    assert use["stored"] == {"blobs": 3, "bytes": LARGE + 2 * SMALL}

    done = program.run("storage", "--data", server.data)
    assert done.returncode == 0
    told = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert list(told) == ["live", "trash", "in parts", "pictures", "shared", "waiting", "stored", "free"]
    assert "878.9 KiB" in told["live"] and "3 files" in told["live"]
    assert "reclaim" in told["waiting"]


@pytest.mark.parametrize("runs", [True, False])
def test_reclaim_frees_what_was_deleted(launch, runs):
    server = launch()
    user = server.user()
    large, kept = os.urandom(LARGE), os.urandom(LARGE)
    media = user.upload(large)
    user.upload(kept)
    copy = user.upload(os.urandom(SMALL))
    for gone in (media, copy):
        assert user.delete(f"/media/{gone['id']}?permanent=true").status_code in (200, 204)
    assert blob_file(server.data, large).exists()
    if not runs:
        server.stop_well()
    assert storage(server.data, "reclaim") == {"freed": {"blobs": 2, "bytes": LARGE + SMALL}}
    assert not blob_file(server.data, large).exists()
    assert blob_file(server.data, kept).exists()
    use = storage(server.data)
    assert use["waiting"] == {"blobs": 0, "bytes": 0, "since": None}
    assert storage(server.data, "reclaim") == {"freed": {"blobs": 0, "bytes": 0}}
    if runs:
        assert user.upload(large)["size"] == LARGE
        server.stop_well()
    assert "unreferenced  " not in sound(server.data)


def test_reclaim_takes_what_no_upload_finished(launch):
    """Bytes that the database never knew."""
    server = launch()
    user = server.user()
    user.upload(b"x")
    server.stop_well()
    orphan = os.urandom(LARGE)
    path = blob_file(server.data, orphan)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(orphan)
    freed = storage(server.data, "reclaim")["freed"]
    assert freed == {"blobs": 1, "bytes": LARGE}
    assert not path.exists()
    sound(server.data)


@pytest.mark.seconds(120)
def test_reclaim_beside_uploads_and_deletes(launch):
    """The same few contents come and go all the time while the store is reclaimed: whatever was
    answered is there, and nothing is lost."""
    server = launch()
    contents = [os.urandom(size) for size in (SMALL, LARGE, SMALL + 1, LARGE + 1)]
    stop = threading.Event()
    failures = []

    def work(user):
        try:
            while not stop.is_set():
                media = [user.upload(content, unique_name("f")) for content in contents]
                for one, content in zip(media, contents):
                    reply = user.get(f"/media/{one['id']}/content")
                    assert reply.status_code == 200 and reply.content == content
                    assert user.delete(f"/media/{one['id']}?permanent=true").status_code in (200, 204)
        except Exception as error:  # told below
            failures.append(error)

    users = [server.user() for _ in range(4)]
    threads = [threading.Thread(target=work, args=(user,)) for user in users]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            storage(server.data, "reclaim")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    kept = [users[0].upload(content) for content in contents]
    storage(server.data, "reclaim")
    for one, content in zip(kept, contents):
        assert users[0].get(f"/media/{one['id']}/content").content == content
    server.stop_well()
    assert "0 missing, 0 corrupt, 0 unreferenced" in sound(server.data)


def test_an_upload_under_way_keeps_its_bytes(launch):
    """Its content is that of a file that is deleted and reclaimed before the upload ends."""
    server = launch()
    user = server.user()
    content = os.urandom(LARGE)
    first = user.upload(content)
    boundary = "reclaim"
    part = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    ).encode() + content
    second = (
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="b.bin"\r\n\r\n'
        "second\r\n"
        f"--{boundary}--\r\n"
    ).encode()
    with server.wire() as wire:
        head = (
            f"POST /api/v1/media/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {user.token}\r\n"
            f"Content-Type: multipart/form-data; boundary={boundary}\r\n"
            f"Content-Length: {len(part) + len(second)}\r\n\r\n"
        ).encode()
        # The first file is complete, the second is not there yet.
        wire.send(head + part + second[:60])
        time.sleep(1)
        assert user.delete(f"/media/{first['id']}?permanent=true").status_code in (200, 204)
        storage(server.data, "reclaim")
        assert blob_file(server.data, content).exists()
        wire.send(second[60:])
        assert wire.reply().status_code == 201
    (media,) = [one for one in user.media() if one["filename"] == "a.bin"]
    assert user.get(f"/media/{media['id']}/content").content == content
    server.stop_well()
    sound(server.data)


def test_a_request_outlives_the_server(launch):
    """What was asked of a server that stops is done where it was asked."""
    server = launch()
    user = server.user()
    media = user.upload(os.urandom(LARGE))
    user.delete(f"/media/{media['id']}?permanent=true")
    freed = []
    asking = threading.Thread(target=lambda: freed.append(storage(server.data, "reclaim")))
    asking.start()
    time.sleep(1)
    server.stop_well()
    asking.join()
    assert freed == [{"freed": {"blobs": 1, "bytes": LARGE}}]


@pytest.mark.parametrize("words", [("storage",), ("storage", "reclaim")])
def test_where_there_is_nothing(folder, words):
    done = program.run(*words, "--data", folder / "data")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no data folder" in done.stderr
    assert not (folder / "data").exists()
