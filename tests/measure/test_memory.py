"""A body of any length passes through a bounded amount of memory."""

import hashlib
import time

import pytest

from harness import forms, program
from harness.measuring import BLOCK, Flow, Memory, mebibytes

BOUND = 16 << 20
PATIENCE = 120  # seconds for a single read or write
SIZES = [
    pytest.param(512, id="512MiB", marks=pytest.mark.seconds(240)),
    pytest.param(4096, id="4GiB", marks=[pytest.mark.long, pytest.mark.seconds(1200)]),
]


@pytest.fixture
def vault(launch):
    """A server that has an account, and a key to it."""
    server = launch()
    program.create_user(server.data, "measured", "correct horse 7")
    server.key = program.create_key(server.data, "measured")
    return server


def fresh(server):
    """Starts it again, so that nothing that memory was used for before can be used again."""
    server.restart()
    assert server.anyone().get(server.url + "/readyz").status_code == 200
    return server


def send_known_length(wire, flow, key, **fields):
    content_type, before, after = forms.file_frame("long.bin")
    length = len(before) + flow.size + len(after)
    wire.send(
        wire.head(
            "POST",
            "/api/v1/media/upload",
            {"X-API-Key": key, "Content-Type": content_type, "Content-Length": length, **fields},
        )
    )
    wire.send(before)
    for block in flow:
        wire.send(block)
    wire.send(after)


def send_with_idempotency_key(wire, flow, key):
    send_known_length(wire, flow, key, **{"Idempotency-Key": f"{flow.size} bytes"})


def send_chunked(wire, flow, key):
    """Chunks of a MiB, less one byte, and of that byte."""
    content_type, before, after = forms.file_frame("long.bin")
    wire.send(
        wire.head(
            "POST",
            "/api/v1/media/upload",
            {"X-API-Key": key, "Content-Type": content_type, "Transfer-Encoding": "chunked"},
        )
    )
    wire.send(b"%x\r\n%b\r\n" % (len(before), before))
    for block in flow:
        wire.send(b"%x\r\n" % (BLOCK - 1))
        wire.send(memoryview(block)[:-1])
        wire.send(b"\r\n1\r\n%b\r\n" % block[-1:])
    wire.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(after), after))


def upload(server, send, blocks):
    """The media object and the hash that the client saw."""
    flow = Flow(blocks)
    with server.wire(timeout=PATIENCE) as wire:
        send(wire, flow, server.key)
        reply = wire.reply("POST")
    assert reply.status_code == 201, reply
    return reply.json()["data"], flow.hexdigest()


def download(server, media):
    """The hash of the content."""
    read = hashlib.sha256()
    with server.wire(timeout=PATIENCE) as wire:
        wire.send(wire.head("GET", f"/api/v1/media/{media['id']}/content", {"X-API-Key": server.key}))
        head = wire.reply_head()
        assert head.status_code == 200, head
        assert head.headers["Content-Length"] == str(media["size"])
        for piece in wire.pieces(media["size"]):
            read.update(piece)
    return read.hexdigest()


def report(figure, what, blocks, memory, took):
    figure(
        f"{what} of {blocks} MiB: memory {mebibytes(memory.before)} before, "
        f"{mebibytes(memory.growth)} more at most; {blocks / took:.0f} MiB/s"
    )


@pytest.mark.parametrize("blocks", SIZES)
@pytest.mark.parametrize("send", [send_known_length, send_chunked], ids=["known", "chunked"])
def test_upload(vault, figure, send, blocks):
    fresh(vault)
    began = time.perf_counter()
    with Memory(vault) as memory:
        media, sent = upload(vault, send, blocks)
    report(figure, f"{send.__name__.removeprefix('send_')} upload", blocks, memory,
           time.perf_counter() - began)
    assert media["size"] == blocks * BLOCK
    assert media["checksum"] == "sha256:" + sent
    assert memory.growth < BOUND, mebibytes(memory.growth)


@pytest.mark.parametrize("blocks", SIZES)
def test_upload_that_is_sent_again(vault, figure, blocks):
    """It is read and compared, and nothing of it is kept."""
    media, _ = upload(vault, send_with_idempotency_key, blocks)
    fresh(vault)
    began = time.perf_counter()
    with Memory(vault) as memory:
        again, _ = upload(vault, send_with_idempotency_key, blocks)
    report(figure, "repeated upload", blocks, memory, time.perf_counter() - began)
    assert again == media
    assert memory.growth < BOUND, mebibytes(memory.growth)


@pytest.mark.parametrize("blocks", SIZES)
def test_download(vault, figure, blocks):
    media, sent = upload(vault, send_known_length, blocks)
    fresh(vault)
    began = time.perf_counter()
    with Memory(vault) as memory:
        read = download(vault, media)
    report(figure, "download", blocks, memory, time.perf_counter() - began)
    assert read == sent
    assert memory.growth < BOUND, mebibytes(memory.growth)
