"""Uploads share memory: who is slow, stalls or hangs up takes none from others."""

import threading
import time

import pytest

from harness import forms, program, samples, shapes
from harness.fileuploader import FileUploader
from harness.quantum import Quantum
from harness.streamvault import StreamVault

SMALL = {"uploads.memory_budget": "1MiB"}
CHUNKED = {"Transfer-Encoding": "chunked"}


def begin(server, user, size=100_000_000, chunked=False):
    """A connection on which an upload of `size` bytes has begun, and what ends it."""
    content_type, before, after = forms.file_frame()
    length = {"Content-Length": len(before) + size + len(after)}
    head = {"Authorization": f"Bearer {user.token}", "Content-Type": content_type}
    wire = server.wire(timeout=30)
    wire.send(wire.head("POST", "/api/v1/media/upload", {**head, **(CHUNKED if chunked else length)}))
    send(wire, before, chunked)
    return wire, after


def send(wire, data, chunked=False):
    wire.send(forms.chunked(data, [len(data)])[: -len(b"0\r\n\r\n")] if chunked else data)


def metric(server, name):
    text = server.metrics()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " "))


def wait_until(holds, timeout=20):
    deadline = time.monotonic() + program.patience(timeout)
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def upload_time(user):
    start = time.monotonic()
    user.upload(samples.noise(5_000))
    return time.monotonic() - start


@pytest.mark.local
@pytest.mark.parametrize("chunked", [False, True], ids=["known", "chunked"])
def test_stalled_uploads_hold_no_memory(launch, chunked):
    server = launch(SMALL)
    slow, honest = [server.user() for _ in range(2)], server.user()
    wires = []
    for i in range(300):
        wire, _ = begin(server, slow[i % 2], chunked=chunked)
        send(wire, bytes(17_000), chunked)
        wires.append(wire)
    wait_until(lambda: metric(server, "coffer_uploads") == 300)
    assert upload_time(honest) < 5
    wait_until(lambda: metric(server, "coffer_upload_memory_bytes") == 0)
    assert upload_time(slow[0]) < 5
    for wire in wires:
        wire.close()
    wait_until(lambda: metric(server, "coffer_uploads") == 0)
    wait_until(lambda: not any((server.data / "blobs/tmp").iterdir()))


def test_uploads_that_trickle_leave_room_for_others(launch):
    """Each keeps sending, so that none ever stalls, and together they want all memory there is."""
    server = launch(SMALL)
    slow, honest = [server.user() for _ in range(4)], server.user()
    wires = [begin(server, slow[i % 4])[0] for i in range(200)]
    stop = threading.Event()

    def trickle():
        while not stop.wait(0.05):
            for wire in wires:
                wire.send(bytes(20))

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        for _ in range(5):
            assert upload_time(honest) < 5
    finally:
        stop.set()
        thread.join()
        for wire in wires:
            wire.close()


@pytest.mark.parametrize("size", [3_000, 20_000, 32_768, 200_001])
def test_what_was_set_aside_is_stored(launch, size):
    server = launch(SMALL)
    user = server.user()
    data = samples.noise(size)
    wire, after = begin(server, user, size)
    for at in range(0, size, size // 2):
        wire.send(data[at : at + size // 2])
        time.sleep(1.3)
    wire.send(after)
    thing = shapes.success(wire.reply(), 201)
    assert thing["checksum"] == samples.checksum(data)
    assert user.get(f"/media/{thing['id']}/content").content == data
    wire.close()


def test_uploads_that_hang_up_leave(launch):
    server = launch(SMALL)
    user = server.user()
    for round in range(3):
        wires = [begin(server, user)[0].send(bytes(20_000)) for _ in range(200)]
        for wire in wires:
            wire.close() if round % 2 else wire.abort()
    wait_until(lambda: metric(server, "coffer_uploads") == 0, timeout=5)
    assert metric(server, "coffer_uploads_waiting") == 0
    assert upload_time(user) < 5


def refused(reply):
    assert reply.status_code == 503, reply.text
    assert int(reply.headers["Retry-After"]) > 0
    return reply.json()


def test_too_many_uploads_of_one_account_are_refused(launch):
    """In each dialect's own shape; another account's go on."""
    server = launch({"uploads.max_concurrent": 1})
    uploader = FileUploader.registered(server)
    stream = StreamVault.registered(server)
    quantum = Quantum.registered(server)
    bucket = quantum.bucket()
    user = server.user()
    wires = []
    for number, token in enumerate([user.token, uploader.token, stream.access, quantum.native.token]):
        user.token = token
        wires.append(begin(server, user, 10))
        wait_until(lambda: metric(server, "coffer_uploads") == number + 1)

    content_type, body = forms.file_form(b"more")
    headers = {"Content-Type": content_type}
    again = user.post("/media/upload", data=body, headers=headers)
    shapes.failure(again, "busy", 503)
    assert "uploads are under way" in refused(again)["error"]["message"]
    assert refused(uploader.try_upload())["status"] == "error"
    chunk = stream.chunk(stream.begin(), 1, b"more")
    assert "uploads are under way" in refused(chunk)["detail"]
    assert refused(quantum.try_add(bucket, "", ("a", b"more"))) == {"status": "error", "message": "BUSY"}

    server.user().upload(b"another account's")
    assert metric(server, "coffer_uploads_refused_total") == 4
    for wire, after in wires:
        wire.send(bytes(10) + after)
        shapes.success(wire.reply(), 201)
        wire.close()
    shapes.success(user.post("/media/upload", data=body, headers=headers), 201)


def test_unfinished_uploads_in_parts_of_one_account_are_bounded(launch):
    server = launch({"uploads.max_sessions": 2})
    stream = StreamVault.registered(server)
    first, second = stream.begin(), stream.begin()
    third = {"file_name": "third", "total_chunks": 1}
    reply = refused(stream.post("/api/v3/chunk_init/", json=third))
    assert "unfinished" in reply["detail"]
    StreamVault.registered(server).begin()
    assert stream.chunk(first, 1, b"bytes").status_code == 200
    assert stream.complete(first).status_code == 200
    stream.begin()
    assert stream.status(second)["completed"] is False
