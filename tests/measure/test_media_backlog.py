"""What readers notice of a backlog of films: nearly nothing."""

import json
import os
import socket
import statistics
import threading
import time
from urllib.parse import urlsplit

import pytest

from harness import program
from harness.media import WORKER, ffmpeg
from harness.measuring import milliseconds

SIZES = [
    pytest.param(60, id="60", marks=pytest.mark.seconds(300)),
    pytest.param(1000, id="1000", marks=[pytest.mark.long, pytest.mark.seconds(2400)]),
]
MOST = 3  # times the time of the 99th of a hundred reads while nothing is looked into
READERS = 2
SECONDS = 8
ATTEMPTS = 3
FLOOR = 0.001  # seconds; below that, one turn of the machine's scheduler decides

pytestmark = pytest.mark.skipif(not WORKER.exists(), reason="the media worker was not built")


class Reader:
    """Asks for the same two things in turn over one connection; how long each took."""

    def __init__(self, server, user, paths):
        host = urlsplit(server.url)
        self._socket = socket.create_connection((host.hostname, host.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = [
            f"GET /api/v1{path} HTTP/1.1\r\nHost: {host.netloc}\r\nAuthorization: Bearer {user.token}\r\n\r\n".encode()
            for path in paths
        ]
        self.times = []

    def read_for(self, seconds):
        self.times = []
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            for request in self._requests:
                began = time.perf_counter()
                self._socket.sendall(request)
                self._take_reply()
                self.times.append(time.perf_counter() - began)
            # A caller who thinks: the readers alone do not fill the cores.
            time.sleep(0.002)

    def _take_reply(self):
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._socket.recv(65536)
        head, rest = data.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 200 "), head
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(rest) < length:
            rest += self._socket.recv(65536)


def p99(readers, seconds):
    threads = [threading.Thread(target=reader.read_for, args=(seconds,)) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [took for reader in readers for took in reader.times]
    assert len(times) > 200
    return statistics.quantiles(times, n=100)[98], len(times)


def films(folder, count):
    """No two have the same bytes; each takes as long."""
    path = folder / "film.mp4"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=4", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", path)
    film = path.read_bytes()
    for number in range(count):
        # A box that says nothing.
        yield film + b"\0\0\0\x10free%08d" % number


def waiting(server):
    return json.loads(program.ok(program.run("media", "status", "--json", "--data", server.data)))["processing"]


@pytest.mark.parametrize("count", SIZES)
def test_reads_go_on_during_a_backlog(launch, folder, capsys, count):
    server = launch({"media.enabled": "true", "http.idle_timeout": "1h"})
    user = server.user()
    small = user.upload(os.urandom(4096), "small.bin")
    readers = [Reader(server, user, [f"/media/{small['id']}/content", f"/media/{small['id']}"]) for _ in range(READERS)]
    p99(readers, 1)
    idle, _ = p99(readers, SECONDS)
    began = time.monotonic()
    for number, film in enumerate(films(folder, count)):
        user.upload(film, f"{number}.mp4")
    busy = []
    while waiting(server) > 0:
        taken = p99(readers, SECONDS if count > 100 else 2)
        # Whether it was under way until the end.
        if waiting(server) > 0:
            busy.append(taken[0])
            if count <= 100 and busy[-1] < MOST * max(idle, FLOOR):
                break
    took = time.monotonic() - began
    assert busy, "the backlog was too short to tell anything"
    typical = statistics.median(busy) if count > 100 else min(busy)
    with capsys.disabled():
        print(f"\n    {count} films, read for {took:.0f} s: the slowest of a hundred reads {milliseconds(typical)}"
              f" (at worst {milliseconds(max(busy))}), {milliseconds(idle)} when nothing waits")
    assert typical < MOST * max(idle, FLOOR)
