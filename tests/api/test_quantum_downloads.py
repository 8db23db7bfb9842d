"""One-time downloads: one winner, and none for a download that was none."""

import signal
import threading
import time

import pytest

from harness import samples
from harness.quantum import Quantum, refuse


@pytest.fixture
def quantum(shared):
    return Quantum.registered(shared)


@pytest.fixture
def bucket(quantum):
    return quantum.bucket()


def race(server, tokens):
    """All at once, a connection each; the replies."""
    replies, barrier = [], threading.Barrier(len(tokens))

    def work(token):
        with server.wire(timeout=30) as wire:
            barrier.wait()
            replies.append(wire.request("GET", f"/file/download/{token}"))

    threads = [threading.Thread(target=work, args=[token]) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return replies


def one_winner(replies, data):
    won = [reply for reply in replies if reply.status_code == 200]
    assert [reply.content for reply in won] == [data], [r.status_code for r in replies]
    for reply in replies:
        if reply is not won[0]:
            refuse(reply, 400, "INVALID_TOKEN")


def test_of_a_hundred_one_gets_it(quantum, bucket):
    data = samples.noise(200_000, seed=3)
    quantum.add(bucket, "", ("f", data))
    one_winner(race(quantum.server, [quantum.token(bucket, "f")] * 100), data)
    # As many tokens of one file are worth one download.
    one_winner(race(quantum.server, [quantum.token(bucket, "f") for _ in range(50)]), data)
    # A token made after that is another matter.
    assert quantum.content(bucket, "f") == data


def test_used_is_used_across_restarts_and_kills(launch):
    server = launch()
    quantum = Quantum.registered(server)
    bucket = quantum.bucket()
    quantum.add(bucket, "", ("f", b"once"), ("g", b"later"))
    tokens = [quantum.token(bucket, "f") for _ in range(3)]
    kept = quantum.token(bucket, "g")
    one_winner(race(server, tokens * 10), b"once")
    server.kill()
    server.start()
    quantum = Quantum(server, master=quantum.master)
    for token in tokens:
        refuse(quantum.fetch(token), 400, "INVALID_TOKEN")
    server.restart()
    quantum = Quantum(server, master=quantum.master)
    assert quantum.fetch(kept).content == b"later"
    refuse(quantum.fetch(kept), 400, "INVALID_TOKEN")


def test_a_kill_in_the_middle_makes_no_second_winner(launch):
    server = launch()
    quantum = Quantum.registered(server)
    bucket = quantum.bucket()
    data = samples.noise(300_000, seed=4)
    quantum.add(bucket, "", ("f", data))
    for pause in (0.0, 0.002, 0.005, 0.01, 0.02):
        token = quantum.token(bucket, "f")
        got = []

        def work():
            try:
                with server.wire(timeout=10) as wire:
                    reply = wire.request("GET", f"/file/download/{token}")
                    got.append(reply.status_code)
            except Exception:  # the server has died under it
                pass

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        time.sleep(pause)
        server.kill()
        for thread in threads:
            thread.join()
        server.start()
        quantum = Quantum(server, master=quantum.master)
        after = quantum.fetch(token)
        assert got.count(200) + (after.status_code == 200) <= 1, (got, after.status_code)
        if after.status_code == 200:
            assert after.content == data


def test_the_files_tokens_die_with_a_change(quantum, bucket):
    quantum.add(bucket, "d", ("f", b"old"), ("g", b"other"))
    kept = quantum.token(bucket, "d/g")
    first = quantum.token(bucket, "d/f")
    quantum.add(bucket, "d", ("f", b"new"), force=True)
    refuse(quantum.fetch(first), 400, "INVALID_TOKEN")
    second = quantum.token(bucket, "d/f")
    quantum.remove(bucket, "d/f")
    quantum.add(bucket, "d", ("f", b"again"))
    refuse(quantum.fetch(second), 400, "INVALID_TOKEN")
    assert quantum.fetch(kept).content == b"other"
    third = quantum.token(bucket, "d/g")
    quantum.remove(bucket, "d")
    refuse(quantum.fetch(third), 400, "INVALID_TOKEN")
    quantum.add(bucket, "", ("h", b"x"))
    fourth = quantum.token(bucket, "h")
    quantum.post(f"/bucket/remove/{bucket}")
    refuse(quantum.fetch(fourth), 400, "INVALID_TOKEN")


def test_what_carries_no_bytes_uses_nothing_up(quantum, bucket):
    data = samples.noise(5000, seed=5)
    quantum.add(bucket, "", ("ü.html", data))
    token = quantum.token(bucket, "ü.html")
    anyone = Quantum(quantum.server)
    path = f"/file/download/{token}"
    head = anyone.head(path)
    assert head.status_code == 200 and head.headers["Content-Length"] == "5000"
    etag = head.headers["ETag"]
    assert anyone.get(path, headers={"If-None-Match": etag}).status_code == 304
    refuse(anyone.get(path, headers={"If-Match": '"x"'}), 412, "REQ_INVALID")
    beyond = refuse(anyone.get(path, headers={"Range": "bytes=5000-"}), 416, "REQ_INVALID")
    assert beyond.headers["Content-Range"] == "bytes */5000" and beyond.headers["ETag"] == etag
    refuse(anyone.post(path), 405, "REQ_METHOD_INVALID")
    reply = anyone.get(path, headers={"Range": "bytes=10-19"})
    assert reply.status_code == 206 and reply.content == data[10:20]
    refuse(anyone.get(path), 400, "INVALID_TOKEN")


def test_the_headers_of_a_download(quantum, bucket):
    quantum.add(bucket, "", ("ü.html", b"<script>"))
    reply = quantum.fetch(quantum.token(bucket, "ü.html"))
    assert reply.headers["Content-Disposition"].startswith("attachment")
    assert "filename*=UTF-8''%C3%BC.html" in reply.headers["Content-Disposition"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Security-Policy"] == "sandbox"
    assert "no-store" in reply.headers["Cache-Control"]


@pytest.mark.parametrize("size", [0, 3, 10_000, 3_000_000])
def test_a_download_that_breaks_off_before_its_first_byte_burns_nothing(launch, size):
    """The request waits in a server that is stopped, and its client is gone before it goes on."""
    server = launch()
    quantum = Quantum.registered(server)
    bucket = quantum.bucket()
    data = samples.noise(size, seed=6)
    quantum.add(bucket, "", ("f", data))
    token, other = quantum.token(bucket, "f"), quantum.token(bucket, "f")
    with server.wire() as wire:
        assert wire.request("GET", "/healthz").status_code == 200
        server.signal(signal.SIGSTOP)
        try:
            wire.send(wire.head("GET", f"/file/download/{token}"))
            wire.abort()
        finally:
            server.signal(signal.SIGCONT)
        entry = server.wait_for_log(lambda line: "/file/download/" in line.get("path", ""))
        assert entry["complete"] is False and entry["bytes_out"] == 0 and token not in str(entry)
    if size == 0:
        return  # whether a reply without bytes arrived, nobody can tell
    assert quantum.fetch(other).content == data
    refuse(quantum.fetch(token), 400, "INVALID_TOKEN")


def test_a_download_that_breaks_off_later_is_one(quantum, bucket):
    quantum.add(bucket, "", ("f", samples.noise(30_000_000, seed=8)))
    token = quantum.token(bucket, "f")
    with quantum.server.wire() as wire:
        wire.send(wire.head("GET", f"/file/download/{token}"))
        assert wire.reply_head().status_code == 200
        next(wire.pieces(1000))
        wire.abort()
    refuse(quantum.fetch(token), 400, "INVALID_TOKEN")


def test_tokens_are_not_in_the_log_nor_in_the_data(launch):
    server = launch()
    quantum = Quantum.registered(server)
    bucket = quantum.bucket()
    quantum.add(bucket, "", ("f", b"x"))
    application = quantum.post(f"/token/create/{bucket}").json()["data"]["token"]
    download, unused = quantum.token(bucket, "f"), quantum.token(bucket, "f")
    quantum.fetch(download)
    unused = quantum.token(bucket, "f")
    quantum.fetch("wrong-" + unused)
    Quantum(server).post(f"/file/download/{unused}")
    Quantum(server).get(f"/token/remove/{application}")
    quantum.post(f"/token/remove/wrong-{application}")
    # Slips: a slash too many, a call that is none.
    for path in (f"//file/download/{unused}", f"/API//file/download/{unused}", f"/file/downloads/{unused}"):
        with server.wire() as wire:
            assert wire.request("GET", path).status_code == 404
    with server.wire() as wire:
        assert wire.request("POST", f"/token/remove//{application}").status_code == 404
    server.stop_well()
    secrets = [application, download, unused, quantum.master]
    for path in [server.log_path, *server.data.rglob("*")]:
        if path.is_file():
            content = path.read_bytes()
            assert not [s for s in secrets if s.encode() in content], path
    server.start()
