"""The quota: one for all APIs, never passed together, given back by what does not come to an end."""

import threading
import time

import pytest

from harness import forms, program, samples
from harness.fileuploader import FileUploader, done
from harness.quantum import ENTRY, PART, Halfway, Quantum, charge, expect, refuse, unique_name
from harness.streamvault import StreamVault

SIZE = 50_000


@pytest.fixture
def quantum(shared):
    return Quantum.registered(shared)


def eventually(wanted, timeout=10):
    end = time.monotonic() + program.patience(timeout)
    while not wanted():
        assert time.monotonic() < end, "it does not come to pass"
        time.sleep(0.02)


def in_parallel(works):
    results, barrier = [], threading.Barrier(len(works))

    def run(work):
        barrier.wait()
        results.append(work())

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_parallel_uploads_through_all_apis_stay_within_it(quantum):
    """Thirty-two uploads of which seven fit: never more, and what is left is told exactly."""
    bucket = quantum.bucket()
    quantum.mkdir(bucket, "d")
    quantum.mkdir(bucket, "more")
    room = 7 * (SIZE + ENTRY) + SIZE // 2
    token = quantum.native.token

    def by_quantum(number):
        caller = quantum.twin()
        return lambda: caller.try_add(bucket, "d", (f"q{number}", samples.noise(SIZE, seed=number))).status_code == 200

    def by_native(number):
        caller = quantum.native.again()
        return lambda: caller.try_upload(samples.noise(SIZE, seed=100 + number), "n").status_code == 201

    def by_stream(number):
        caller = StreamVault(quantum.server, token)
        upload = caller.begin(1, f"s{number}")
        return lambda: caller.chunk(upload, 1, samples.noise(SIZE, seed=200 + number)).status_code == 200

    login = {"username": quantum.native.username, "password": quantum.native.password}
    link_token = done(FileUploader(quantum.server).post("/api/login", json=login))["accessToken"]

    def by_link(number):
        caller = FileUploader(quantum.server, link_token)
        return lambda: caller.try_upload(samples.noise(SIZE, seed=400 + number), f"l{number}").status_code == 200

    makers = (by_quantum, by_native, by_stream, by_link)
    works = [make(number) for number in range(8) for make in makers]
    quantum.leave(room)
    quota = quantum.native.me()["quota_bytes"]
    made = sum(in_parallel(works))
    me = quantum.native.me()
    assert made <= 7 and me["used_bytes"] == made * SIZE
    assert quantum.space_left() == quota - me["charged_bytes"]
    while quantum.try_add(bucket, "more", (f"{made}", samples.noise(SIZE, seed=300 + made))).status_code == 200:
        made += 1
    # Names take some bytes; an upload in parts was there before, so its file costs a part alone.
    assert made == 7
    assert SIZE // 2 - 7 * 8 <= quantum.space_left() <= SIZE // 2 + 7 * (ENTRY - PART)
    # Whichever way, no more of that size.
    refuse(quantum.try_add(bucket, "more", ("x", b"x" * SIZE)), 400, "INSUFFICIENT_SPACE")
    assert quantum.native.try_upload(b"x" * SIZE, "x").status_code == 413
    stream = StreamVault(quantum.server, token)
    assert stream.chunk(stream.begin(1, "x"), 1, b"x" * SIZE).status_code == 413
    assert FileUploader(quantum.server, link_token).try_upload(b"x" * SIZE).status_code >= 400
    left = quantum.space_left() - charge(0, "half")
    refuse(quantum.try_add(bucket, "more", ("half", b"x" * (left + 1))), 400, "INSUFFICIENT_SPACE")
    quantum.add(bucket, "more", ("half", b"x" * left))
    assert quantum.space_left() == 0
    refuse(quantum.try_add(bucket, "more", ("empty", b"")), 400, "INSUFFICIENT_SPACE")


PATHS = ["quantum", "native", "stream"]


@pytest.mark.parametrize("kind", PATHS)
def test_what_is_under_way_is_reserved_and_given_back(quantum, kind):
    bucket = quantum.bucket()
    quantum.leave(1_000_000)
    upload = Halfway(quantum, bucket, kind, 400_000)
    eventually(lambda: 1_000_000 - quantum.space_left() > 380_000)
    # The others find it taken, through whichever API.
    refuse(quantum.try_add(bucket, "", ("f", b"x" * 650_000)), 400, "INSUFFICIENT_SPACE")
    assert quantum.native.try_upload(b"x" * 650_000, "x").status_code == 413
    assert quantum.native.me()["used_bytes"] == 0
    upload.abandon()
    # An unfinished upload in parts stays, with its name.
    rest = 1_000_000 - (charge(0, "halfway") if kind == "stream" else 0)
    eventually(lambda: quantum.space_left() == rest)
    quantum.add(bucket, "", ("f", b"x" * 650_000))
    rest -= charge(650_000, "f")
    assert quantum.space_left() == rest
    upload = Halfway(quantum, bucket, kind, 100_000)
    assert upload.finish().status_code in (200, 201)
    costs = {"quantum": charge(0, "halfway"), "native": 0, "stream": PART}  # a folder, nothing, a part
    assert quantum.space_left() == rest - charge(200_000, "halfway") - costs[kind]


def test_two_halves_do_not_make_a_whole_too_much(quantum):
    bucket = quantum.bucket()
    quantum.leave(1_000_000)
    quota = quantum.native.me()["quota_bytes"]
    uploads = [Halfway(quantum, bucket, kind, 300_000) for kind in ("quantum", "native", "stream")]
    eventually(lambda: quantum.space_left() < 120_000)
    statuses = [upload.finish().status_code for upload in uploads]
    assert sum(status in (200, 201) for status in statuses) <= 1, statuses
    me = quantum.native.me()
    assert me["used_bytes"] in (0, 600_000) and quantum.space_left() == quota - me["charged_bytes"]


def test_a_killed_server_leaves_nothing_reserved(launch):
    server = launch()
    quantum = Quantum.registered(server)
    bucket = quantum.bucket()
    quantum.leave(1_000_000)
    quantum.add(bucket, "", ("f", b"x" * 100_000))
    upload = Halfway(quantum, bucket, "quantum", 400_000)
    eventually(lambda: quantum.space_left() < 520_000)
    server.kill()
    upload.abandon()
    server.start()
    quantum = Quantum(server, master=quantum.master)
    assert quantum.space_left() == 1_000_000 - charge(100_000, "f")
    refuse(quantum.get(f"/file/get/{bucket}/halfway/halfway"), 404, "FILE_DNE")


def test_announced_too_much_is_refused_before_it_comes(quantum):
    bucket = quantum.bucket()
    quantum.leave(1_000_000)
    content_type, body = forms.encode([forms.Part("files", b"x" * 1000, "f")])
    headers = {"X-API-MKEY": quantum.master, "Content-Type": content_type, "Content-Length": 1 << 33}
    with quantum.server.wire() as wire:
        wire.send(wire.head("POST", f"/file/add/{bucket}", headers))
        refuse(wire.reply("POST"), 400, "INSUFFICIENT_SPACE")
    # Where the length says nothing, at the byte that is too much.
    headers = {**headers, "Content-Length": 30_000_000}
    with quantum.server.wire() as wire:
        wire.send(wire.head("POST", f"/file/add/{bucket}", headers) + body[:-100] + b"x" * 1_100_000)
        refuse(wire.reply("POST"), 400, "INSUFFICIENT_SPACE")
    eventually(lambda: quantum.space_left() == 1_000_000)


def test_replacing_costs_the_difference(quantum):
    bucket = quantum.bucket()
    quantum.leave(charge(1000, "f"))
    quantum.add(bucket, "", ("f", b"x" * 900))
    quantum.add(bucket, "", ("f", b"y" * 1000), force=True)
    assert quantum.space_left() == 0
    quantum.leave(charge(0, "g"))
    quantum.add(bucket, "", ("f", b"z" * 10), ("g", b"z" * 990), force=True)
    refuse(quantum.try_add(bucket, "", ("f", b"x" * 11), force=True), 400, "INSUFFICIENT_SPACE")
    quantum.remove(bucket, "g")
    assert quantum.space_left() == charge(990, "g")


def test_what_is_written_down_counts_through_every_api(quantum):
    """A small quota holds a small number of things, however small their bytes."""
    bucket = quantum.bucket()
    stream = StreamVault(quantum.server, quantum.native.token)
    quantum.leave(100_000)
    description = "d" * 9000
    makers = {
        "folders": lambda i: stream.post("/api/v3/folders/", json={"name": f"{i}", "description": description}),
        "empty files": lambda i: quantum.native.try_upload(b"", f"{i}"),
        "directories": lambda i: quantum.mkdir(bucket, f"{i}"),
        "buckets": lambda i: quantum.post(f"/bucket/create/{unique_name('b').lower()}"),
        "uploads": lambda i: stream.post("/api/v3/chunk_init/", json={"file_name": f"{i}", "total_chunks": 1}),
    }
    for kind, make in makers.items():
        before = quantum.native.me()["charged_bytes"]
        made = 0
        while (reply := make(made)).status_code in (200, 201):
            made += 1
            assert made < 200, kind
        assert reply.status_code in (400, 413), (kind, reply.text)
        assert made <= 98, kind
        quantum.leave(100_000)
        assert quantum.native.me()["charged_bytes"] - before >= made * ENTRY, kind
    assert quantum.native.me()["used_bytes"] == 0
    file = quantum.native.upload(b"", "f")
    quantum.leave(5000)
    reply = quantum.native.call("PATCH", f"/media/{file['id']}", json={"description": description})
    assert reply.status_code == 413
    quantum.leave(9000)
    reply = quantum.native.call("PATCH", f"/media/{file['id']}", json={"description": description})
    assert reply.status_code == 200 and quantum.space_left() == 0
    # Only growing costs.
    reply = quantum.native.call("PATCH", f"/media/{file['id']}", json={"description": None})
    assert reply.status_code == 200 and quantum.space_left() == 9000


def test_keys_and_invites_count_too(quantum):
    bucket = quantum.bucket()
    login = {"username": quantum.native.username, "password": quantum.native.password}
    link = FileUploader(quantum.server, done(FileUploader(quantum.server).post("/api/login", json=login))["accessToken"])
    group = link.group()
    quantum.leave(255)
    assert quantum.native.post("/api-keys", json={"name": "k"}).status_code == 413
    refuse(quantum.post(f"/token/create/{bucket}"), 400, "INSUFFICIENT_SPACE")
    assert link.get(f"/api/generate_invite/{group}").status_code == 413
    assert quantum.space_left() == 255
    quantum.leave(3 * 256)
    assert quantum.native.post("/api-keys", json={"name": "k"}).status_code == 201
    expect(quantum.post(f"/token/create/{bucket}"))
    link.invite(group)
    assert quantum.space_left() == 0
    done(link.delete(f"/api/generate_invite/{group}"))
    assert quantum.space_left() == 256
    expect(quantum.post(f"/bucket/remove/{bucket}"))
    assert quantum.space_left() == 2 * 256 + charge(0, bucket)


def test_the_command_line_sets_it(quantum):
    data, name = quantum.server.data, quantum.native.username
    assert quantum.native.me()["quota_bytes"] is None
    free = quantum.space_left()
    assert isinstance(free, int) and free > 1 << 20
    for size, wanted in [("10GiB", 10 << 30), ("0", None), ("1500", 1500), ("none", None)]:
        done = program.run("user", "quota", name, size, "--data", data)
        assert done.returncode == 0, done.stderr
        assert quantum.native.me()["quota_bytes"] == wanted
    for size in ("-1", "much", "10 apples", "", "1e9"):
        done = program.run("user", "quota", name, size, "--data", data)
        assert done.returncode != 0 and "Traceback" not in done.stderr, size
    assert program.run("user", "quota", "nobody-at-all", "1MiB", "--data", data).returncode == 1
    assert "quota" in program.run("user", "--help").stdout
    expect(quantum.get("/file/quota"))
