"""A list of any length takes the memory of a page for each who reads it."""

import contextlib
import json
import sqlite3
import time

import pytest

from harness.filling import fill
from harness.measuring import Memory, below, mebibytes

COUNT = 100_000
EACH = 256 << 10
READERS = 48
LISTS = ["/storage/api/v3/all_files/", "/api/get_files/private"]


@pytest.fixture
def library(launch):
    server = launch()
    owner = server.user()
    for number in range(3):
        owner.upload(b"%d" % number, f"file {number}.bin", description="d" * 100)
    server.stop_well()
    fill(server.data / "coffer.db", owner.username, COUNT)
    server.start()
    until_searches_know_all(server.data / "coffer.db")
    server.headers = {"Authorization": f"Bearer {owner.token}"}
    return server


def until_searches_know_all(path):
    """What was filled in is indexed in the background, which takes memory of its own."""
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as database:
        for _ in range(600):
            rows = database.execute("SELECT through, (SELECT max(id) FROM entry) FROM search_state").fetchall()
            if rows and rows[0][0] >= rows[0][1]:
                return
            time.sleep(0.2)
    pytest.fail("the index of words does not get to its end")


def read(server, target):
    """The JSON of the whole list, and the bytes that it took."""
    with server.wire(timeout=60) as wire:
        reply = wire.request("GET", target, server.headers)
    assert reply.status_code == 200, reply
    return json.loads(reply.content), len(reply.content)


@pytest.mark.seconds(240)
@pytest.mark.parametrize("target", LISTS)
def test_a_long_list_takes_little_memory(library, figure, target):
    began = time.perf_counter()
    listed, size = read(library, target)
    took = time.perf_counter() - began
    assert len(listed["data"] if isinstance(listed, dict) else listed) == COUNT

    def by_one():
        with Memory(library) as memory:
            read(library, target)
        return memory.growth

    def by_many():
        """All of them wait for their clients to go on."""
        with Memory(library) as memory, contextlib.ExitStack() as wires:
            for _ in range(READERS):
                wire = wires.enter_context(library.wire(timeout=60))
                wire.send(wire.head("GET", target, library.headers))
            time.sleep(2)
        return memory.growth / READERS

    # A first call also fills the database's caches, of which each core has one.
    one, many = below(EACH, by_one, attempts=5), below(EACH, by_many)
    figure(
        f"{target}: {mebibytes(size)} in {took:.2f} s; {one >> 10} KiB more for one call,"
        f" {int(many) >> 10} KiB for each of {READERS} that wait"
    )
    assert one <= EACH and many <= EACH
