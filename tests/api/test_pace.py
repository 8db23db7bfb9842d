"""Clients that are slow, leave, or go on while the server ends."""

import os
import signal
import socket
import subprocess
import threading
import time

import pytest

from harness import forms, program, samples, shapes
from harness.client import Api
from harness.wire import Ended, Wire

FLOOR = {"http.floor_bytes": "16KiB", "http.floor_window": "1s"}


def begin_upload(server, user, size):
    """A connection on which an upload of `size` bytes has begun; and what ends it."""
    content_type, before, after = forms.file_frame()
    wire = server.wire(timeout=20)
    wire.send(
        wire.head(
            "POST",
            "/api/v1/media/upload",
            {
                "Authorization": f"Bearer {user.token}",
                "Content-Type": content_type,
                "Content-Length": len(before) + size + len(after),
            },
        )
        + before
    )
    return wire, after


def stored_bytes(folder):
    """What the files below take on the disk."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            pass
    return total


def test_a_body_below_the_floor_is_given_up(launch):
    server = launch(FLOOR)
    user = server.user()
    wire, _ = begin_upload(server, user, 1 << 20)
    begin = time.monotonic()
    ended = False
    while not ended and time.monotonic() - begin < 15:
        try:
            wire.send(bytes(100))
            wire.socket.settimeout(0.2)
            ended = wire.socket.recv(1, socket.MSG_PEEK) is not None
        except TimeoutError:
            pass
        except OSError:
            ended = True
    assert ended and time.monotonic() - begin < 10
    wire.socket.settimeout(5)
    try:
        assert wire.reply().status_code == 408
    except (Ended, OSError):
        pass
    wire.close()
    assert user.media() == []


def test_a_body_that_stands_still_is_given_up(launch):
    server = launch(FLOOR)
    user = server.user()
    wire, _ = begin_upload(server, user, 1 << 20)
    begin = time.monotonic()
    try:
        assert wire.reply().status_code == 408
    except (Ended, OSError):
        pass
    assert time.monotonic() - begin < 10
    wire.close()


def test_a_slow_body_above_the_floor_goes_on(launch):
    server = launch(FLOOR)
    user = server.user()
    data = samples.noise(12 * 20_000)
    wire, after = begin_upload(server, user, len(data))
    for at in range(0, len(data), 20_000):
        wire.send(data[at : at + 20_000])
        time.sleep(0.4)
    wire.send(after)
    thing = shapes.success(wire.reply(), 201)
    assert thing["checksum"] == samples.checksum(data)
    wire.close()


def test_a_client_that_does_not_read_is_given_up(launch):
    """A download that nobody takes does not hold its connection for ever."""
    server = launch(FLOOR)
    user = server.user()
    thing = user.upload(samples.noise(32 << 20))
    wire = Wire("127.0.0.1", server.port)
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    head = {"Authorization": f"Bearer {user.token}"}
    wire.send(wire.head("GET", f"/api/v1/media/{thing['id']}/content", head))
    identity = wire.socket.recv(4096).decode("latin-1").lower().split("x-request-id: ")[1].split("\r\n")[0]
    server.wait_for_log(lambda e: identity in e.values(), timeout=15)
    wire.close()


def test_one_slow_client_holds_up_no_other(shared, user):
    wires = [begin_upload(shared, user, 1 << 20)[0] for _ in range(50)]
    begin = time.monotonic()
    for _ in range(20):
        shapes.success(user.get("/users/me"))
    assert time.monotonic() - begin < 2
    [wire.abort() for wire in wires]


@pytest.mark.parametrize("leave", ["close", "abort"])
def test_a_client_that_leaves_in_the_middle_leaves_nothing(launch, leave):
    server = launch()
    user = server.user()
    user.upload(samples.noise(100_000))
    before = stored_bytes(server.data)
    for part in (1, 100_000, 5 << 20, 20 << 20):
        wire, _ = begin_upload(server, user, 32 << 20)
        wire.send(samples.noise(part))
        getattr(wire, leave)()
    deadline = time.monotonic() + program.patience(5)
    while stored_bytes(server.data) > before + (1 << 20) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert stored_bytes(server.data) <= before + (1 << 20)
    assert len(user.media()) == 1 and user.me()["used_bytes"] == 100_000


def test_what_a_kill_leaves_behind_is_cleared_away(launch):
    """Half an upload takes no space for ever."""
    server = launch()
    user = server.user()
    before = stored_bytes(server.data)
    wire, _ = begin_upload(server, user, 64 << 20)
    wire.send(samples.noise(32 << 20))
    server.kill()
    wire.close()
    server.start()
    deadline = time.monotonic() + program.patience(10)
    while stored_bytes(server.data) > before + (4 << 20) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert stored_bytes(server.data) <= before + (4 << 20)


# The end.


def refuses_connections(server):
    try:
        Wire("127.0.0.1", server.port, timeout=2).close()
        return False
    except OSError:
        return True


def test_a_running_upload_is_finished_before_the_end(launch):
    server = launch()
    user = server.user()
    data = samples.noise(8 << 20)
    wire, after = begin_upload(server, user, len(data))
    wire.send(data[: 4 << 20])
    idle = server.wire()
    idle.request("GET", "/healthz")
    time.sleep(0.2)
    server.signal(signal.SIGTERM)
    deadline = time.monotonic() + program.patience(3)
    while not refuses_connections(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert refuses_connections(server)
    assert idle.ends(), "an idle connection is kept"
    assert server.runs
    for at in range(4 << 20, 8 << 20, 1 << 20):
        wire.send(data[at : at + (1 << 20)])
        time.sleep(0.1)
    wire.send(after)
    reply = wire.reply()
    thing = shapes.success(reply, 201)
    assert reply.headers["Connection"].lower() == "close"
    assert server.process.wait(10) == 0
    server.start()
    again = Api(server.root, token=user.token)
    assert again.get(f"/media/{thing['id']}/content").content == data


def test_a_request_that_never_ends_is_cut(launch):
    server = launch({"http.drain_timeout": "1s"})
    user = server.user()
    wire, _ = begin_upload(server, user, 1 << 20)
    time.sleep(0.2)
    begin = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.process.wait(10) >= 0
    assert 0.8 < time.monotonic() - begin < 6
    wire.close()
    server.start()
    assert Api(server.root, token=user.token).media() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_ends_at_once(launch, number):
    server = launch()
    idle = server.wire()
    assert idle.request("GET", "/healthz").status_code == 200
    begin = time.monotonic()
    server.signal(number)
    assert server.process.wait(10) == 0
    assert time.monotonic() - begin < 2


def test_a_busy_server_ends_well(launch):
    """Requests in plenty while it ends: each is answered whole or not at all, and the code is 0."""
    server = launch()
    user = server.user()
    stop, faults = threading.Event(), []

    def run():
        caller = Api(server.root, token=user.token)
        while not stop.is_set():
            try:
                reply = caller.try_upload(samples.noise(20_000))
            except OSError:
                continue
            if reply.status_code not in (201, 503):
                faults.append(reply.text)

    threads = [threading.Thread(target=run) for _ in range(8)]
    [t.start() for t in threads]
    time.sleep(0.7)
    server.signal(signal.SIGTERM)
    code = server.process.wait(40)
    stop.set()
    [t.join() for t in threads]
    assert code == 0 and not faults
    server.start()
    user = Api(server.root, token=user.token)
    assert all(user.get(t["url"]).status_code == 200 for t in user.media()[:20])


def test_open_files_are_given_back(launch):
    server = launch()
    user = server.user()
    thing = user.upload(samples.noise(300_000))

    def open_files():
        return len(os.listdir(f"/proc/{server.pid}/fd"))

    before = open_files()
    for _ in range(20):
        wire, _ = begin_upload(server, user, 1 << 20)
        wire.send(bytes(50_000))
        wire.abort()
        with server.wire() as wire:
            head = {"Authorization": f"Bearer {user.token}"}
            wire.send(wire.head("GET", f"/api/v1/media/{thing['id']}/content", head))
            wire.socket.recv(1000)
            wire.abort()
    deadline = time.monotonic() + program.patience(5)
    while open_files() > before + 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert open_files() <= before + 3


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk to write to")
def test_a_log_that_cannot_be_written_stops_nothing(launch, folder):
    command = [str(program.BINARY), "serve", "--data", str(folder / "full"), "--listen", "127.0.0.1:0"]
    with open("/dev/full", "w") as full:
        process = subprocess.Popen(
            command, env=program.environment(), stdout=subprocess.PIPE, stderr=full, text=True
        )
    try:
        line = next(line for line in process.stdout if "http://" in line)
        url = "http://" + line.split("http://")[1].split()[0]
        for _ in range(5):
            assert Api(url).get("/healthz").status_code == 200
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stdout.close()
