"""The disk daemon of the S3 service killed while clients upload, and started again: it is one node, so
the service hangs meanwhile."""

import hashlib
import random
import signal
import threading
import time

import pytest

from harness.s3 import check_nothing_leaked, wait_for

SETTINGS = {"s3.timeout": "6s", "blobs.grace": "5s", "blobs.collect_every": "1s"}
CLIENTS = 4
# A call is tried for s3.timeout, and an attempt ends when nothing moves for half of it. What a form
# needs beside its bytes, such as the end of an upload in parts, is a call of its own.
LONGEST = 30.0
SIZES = (1_000, 60_000, 700_000, 11_000_000)  # one request from memory, one from a file, parts


class Client(threading.Thread):
    """Uploads until it is told to stop. `stored`: what was acknowledged, by its checksum."""

    def __init__(self, user, number):
        super().__init__(daemon=True)
        self.user = user
        self.random = random.Random(number)
        self.stored = {}
        self.refused = 0
        self.slowest = 0.0
        self.faults = []
        self.is_to_stop = threading.Event()
        self.has_stored = threading.Event()

    def run(self):
        while not self.is_to_stop.is_set():
            data = self.random.randbytes(self.random.choice(SIZES))
            began = time.monotonic()
            try:
                reply = self.user.try_upload(data)
            except OSError as error:
                self.faults.append(f"no reply: {error}")
                continue
            self.slowest = max(self.slowest, time.monotonic() - began)
            if reply.status_code == 201:
                media = reply.json()["data"]
                self.stored[media["id"]] = hashlib.sha256(data).hexdigest()
                self.has_stored.set()
            elif reply.status_code == 503:
                self.refused += 1
            else:
                self.faults.append(f"{reply.status_code} {reply.text[:200]}")

    def wait_until_it_stores(self, seconds):
        self.has_stored.clear()
        assert self.has_stored.wait(seconds), f"nothing is stored; {self.faults}"


@pytest.mark.long
@pytest.mark.seconds(300)
def test_an_osd_is_killed_under_load(launch, ceph, bucket):
    server = launch({**bucket.settings(), **SETTINGS})
    user = server.user()

    def readiness():
        return server.anyone().get(server.url + "/readyz", timeout=10).status_code

    clients = [Client(user.again(), number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.wait_until_it_stores(30)
    ceph.stop("ceph-osd", signal.SIGKILL)
    try:
        wait_for(lambda: readiness() == 503)
        wait_for(lambda: all(client.refused > 0 for client in clients), 60)
        # What needs no file goes on.
        assert user.get("/media").status_code == 200
    finally:
        ceph.start("ceph-osd", "-i", "0")
    for client in clients:
        client.wait_until_it_stores(90)
    wait_for(lambda: readiness() == 200)
    for client in clients:
        client.is_to_stop.set()
    for client in clients:
        client.join(60)
        assert not client.is_alive(), "an upload hangs"
        assert client.faults == []
        assert client.slowest < LONGEST
    stored = {id: digest for client in clients for id, digest in client.stored.items()}
    assert {media["id"] for media in user.media()} == set(stored), "what was acknowledged, and nothing else"
    for id, digest in stored.items():
        with user.get(f"/media/{id}/content", stream=True) as reply:
            assert reply.status_code == 200
            assert hashlib.sha256(reply.content).hexdigest() == digest
    check_nothing_leaked(server, bucket, 120)
