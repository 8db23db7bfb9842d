"""Starting, and listing, cost the same whatever there is."""

import os
import pathlib
import re
import shutil
import socket
import statistics
import tempfile
import time

import pytest

from harness import program, samples
from harness.client import Api
from harness.filling import fill
from harness.measuring import below, median, milliseconds
from harness.server import Server

PASSWORD = "correct horse 7"
# As users start it.
SETTINGS = {"passwords.memory": None, "rate_limits": None, "log.access": "false"}
STARTS = 7
ROUNDS = 300
FEW = 1000
LISTS = ["per_page=20", "per_page=20&sort=filename", "per_page=20&sort=size&type=video"]
# One of each kind.
FILES = {
    "photo.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "clip.mp4": b"\x00\x00\x00\x18ftypisom",
    "song.mp3": b"ID3\x03\x00\x00\x00\x00\x00\x00",
    "paper.pdf": b"%PDF-1.7\n",
    "bytes.bin": b"\x00\x01\x02\x03",
}


def ask(connection, request):
    """The status and the seconds until the reply was whole."""
    began = time.perf_counter()
    connection.sendall(request)
    data = connection.recv(1 << 18)
    while b"\r\n\r\n" not in data:
        data += connection.recv(1 << 18)
    head = data.index(b"\r\n\r\n") + 4
    length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", data[:head]).group(1))
    while len(data) < head + length:
        data += connection.recv(1 << 18)
    return data[9:12].decode(), time.perf_counter() - began


def list_request(key, query="per_page=20"):
    return f"GET /api/v1/media?{query} HTTP/1.1\r\nHost: x\r\nX-API-Key: {key}\r\n\r\n".encode()


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def start(server, request):
    """The seconds from the start to the first reply; then stops it."""
    began = time.perf_counter()
    server.start()
    with connect(server) as connection:
        status, _ = ask(connection, request)
        took = time.perf_counter() - began
    assert status == "200", status
    server.stop_well()
    return took


def forget(folder):
    """Takes the files out of the memory of the machine, as after it was started."""
    for path in folder.rglob("*"):
        if path.is_file():
            with open(path, "rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


class Account:
    """An account with a file of each kind, and room for `count`."""

    def __init__(self, server, name, count):
        self.name, self.count = name, count
        program.create_user(server.data, name, PASSWORD)
        self.key = program.create_key(server.data, name)
        api = self.api(server)
        self.sizes = []
        for place, (filename, head) in enumerate(FILES.items()):
            content = head + samples.noise(1000 + place, name + filename)
            media = api.upload(content, filename, title="A title", tags=f"tag{place},every")
            self.sizes.append(media["size"])

    def api(self, server):
        return Api(server.root, key=self.key)

    def used(self):
        copies = self.count - len(self.sizes)
        return sum(self.sizes) + sum(self.sizes[i % len(self.sizes)] for i in range(copies))


@pytest.fixture
def empty(folder):
    """A stopped server that was used once, and a request to it. An account is there, as the
    command line made it, and no media."""
    server = Server(folder / "data", SETTINGS).start()
    program.create_user(server.data, "measured", PASSWORD)
    server.request = list_request(program.create_key(server.data, "measured"))
    yield server
    server.close()


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(100_000, id="100k"),
        pytest.param(1_000_000, id="1M", marks=pytest.mark.long),
    ],
)
def filled(binary, request):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="coffer-test-"))
    server = Server(folder / "data", SETTINGS | {"passwords.memory": "8MiB"}).start()
    try:
        server.few = Account(server, "few", FEW)
        server.many = Account(server, "many", request.param)
        server.stop_well()
        for account in (server.few, server.many):
            fill(server.data / "coffer.db", account.name, account.count)
        yield server
    finally:
        if server.runs:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def full(filled):
    """A stopped server with an account of few media and one of many."""
    yield filled
    filled.close()


def test_first_start_of_all(folder, figure, binary):
    """It makes the database, the keys and the admin, each as durable as anything: what that
    takes is the disk's."""
    names = iter(range(1000))
    request = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"

    def first():
        return start(Server(folder / str(next(names)), SETTINGS), request)

    took = below(1.0, lambda: median(first, STARTS))
    figure(f"very first start to the first reply: {milliseconds(took)}")
    assert took < 1.0


def test_start_of_an_empty_store(empty, figure):
    empty.stop_well()
    took = below(0.1, lambda: median(lambda: start(empty, empty.request), STARTS))
    figure(f"start to the first reply, empty store: {milliseconds(took)}")
    assert took < 0.1


def test_copies_are_as_uploaded(full):
    """What is measured is a vault like any other."""
    full.start()
    for account in (full.few, full.many):
        api = account.api(full)
        page = api.get("/media", params={"per_page": 100, "page": account.count // 100}).json()
        assert page["meta"]["pagination"]["total"] == account.count
        assert len(page["data"]) == 100
        assert len({media["type"] for media in page["data"]}) == len(FILES)
        assert api.me()["used_bytes"] == account.used()
        newest = api.get("/media").json()["data"][0]
        content = api.get(newest["url"])
        assert samples.checksum(content.content) == newest["checksum"]
        found = api.get("/media", params={"tag": newest["tags"][-1], "per_page": 1}).json()
        with_tag = account.count // len(FILES)
        counted = found["meta"]["pagination"]
        assert counted["total"] >= min(with_tag, 10_000)
        assert counted["total_is_more"] == (with_tag > 10_000)
        assert api.delete(f"/media/{newest['id']}?permanent=true").status_code == 200
        assert api.me()["used_bytes"] == account.used() - newest["size"]
        again = api.upload(content.content, newest["filename"], tags=newest["tags"])
        assert again["filename"] == newest["filename"]


@pytest.mark.seconds(180)
def test_start_of_a_full_store(full, figure):
    request = list_request(full.many.key)

    def cold():
        forget(full.data)
        return start(full, request)

    took = below(1.0, lambda: median(lambda: start(full, request), STARTS))
    took_cold = below(1.0, lambda: median(cold, STARTS))
    figure(
        f"start to the first reply, {full.many.count} entries: {milliseconds(took)}, "
        f"{milliseconds(took_cold)} with its files not in memory"
    )
    assert took < 1.0
    assert took_cold < 1.0


@pytest.mark.seconds(180)
@pytest.mark.parametrize("query", LISTS)
def test_list_of_many(full, figure, query):
    """As quick as the list of few."""
    full.start()
    requests = [list_request(account.key, query) for account in (full.few, full.many)]

    def ratio():
        times = ([], [])
        with connect(full) as connection:
            for number in range(ROUNDS + 1):
                for request, into in zip(requests, times):
                    status, took = ask(connection, request)
                    assert status == "200", status
                    if number > 0:
                        into.append(took)
        ratio.few, ratio.many = map(statistics.median, times)
        return ratio.many / ratio.few

    result = below(2.0, ratio)
    figure(
        f"GET /media?{query}: {milliseconds(ratio.few)} of {full.few.count}, "
        f"{milliseconds(ratio.many)} of {full.many.count} media"
    )
    assert result < 2.0
