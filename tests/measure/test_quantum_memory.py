"""Quantum Storage takes and gives files of any length in a bounded amount of memory."""

import hashlib
import time

import pytest

from harness import forms
from harness.measuring import BLOCK, Flow, Memory, mebibytes
from harness.quantum import Quantum, at, charge, refuse

BOUND = 16 << 20
PATIENCE = 120  # seconds for a single read or write
SIZES = [
    pytest.param(128, id="128MiB", marks=pytest.mark.seconds(120)),
    pytest.param(2048, id="2GiB", marks=[pytest.mark.long, pytest.mark.seconds(900)]),
]


def add(server, key, bucket, flow):
    """Two files in one form: the long one, and a short one behind it."""
    mark = b"\0mark\0"
    content_type, body = forms.encode(
        [
            forms.Part("files", mark, "long.bin"),
            forms.Part("files", b"short", "short.txt"),
            forms.Part("force", b"true"),
        ]
    )
    before, after = body.split(mark)
    length = len(before) + flow.size + len(after)
    headers = {"X-API-MKEY": key, "Content-Type": content_type, "Content-Length": length}
    with server.wire(timeout=PATIENCE) as wire:
        wire.send(wire.head("POST", f"/file/add/{at(bucket, 'deep/down')}", headers) + before)
        for block in flow:
            wire.send(block)
        wire.send(after)
        return wire.reply("POST")


def download(server, token):
    read = hashlib.sha256()
    with server.wire(timeout=PATIENCE) as wire:
        wire.send(wire.head("GET", f"/file/download/{token}"))
        head = wire.reply_head()
        assert head.status_code == 200, head
        for piece in wire.pieces(int(head.headers["Content-Length"])):
            read.update(piece)
    return read.hexdigest()


@pytest.mark.parametrize("blocks", SIZES)
def test_a_long_file_there_and_back(launch, figure, blocks):
    server = launch()
    quantum = Quantum.registered(server)
    bucket = quantum.bucket()
    costs = sum(charge(0, name) for name in ("deep", "down", "long.bin")) + charge(5, "short.txt")
    quantum.leave(blocks * BLOCK + costs + 95)
    server.restart()  # nothing that memory was used for before can be used again
    quantum = Quantum(server, master=quantum.master)
    flow = Flow(blocks)
    began = time.perf_counter()
    with Memory(server) as memory:
        reply = add(server, quantum.master, bucket, flow)
        assert reply.status_code == 200, reply
        took = time.perf_counter() - began
        token = quantum.token(bucket, "deep/down/long.bin")
        assert download(server, token) == flow.hexdigest()
    figure(
        f"quantum: {blocks} MiB added and downloaded: {mebibytes(memory.growth)} more memory at most, "
        f"{blocks / took:.0f} MiB/s in"
    )
    assert memory.growth < BOUND, mebibytes(memory.growth)
    refuse(quantum.fetch(token), 400, "INVALID_TOKEN")
    assert quantum.space_left() == 95
    # Again, in its place: the quota has room for the difference alone.
    assert add(server, quantum.master, bucket, Flow(blocks, seed=1)).status_code == 200
    assert quantum.space_left() == 95
