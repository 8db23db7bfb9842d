"""kill -9 under Quantum's writes: forms are there whole or not at all, removed buckets are cleared."""

import random
import threading
import time

import pytest
import requests

from harness import program, promises
from harness.quantum import Quantum


class Writer(threading.Thread):
    """Adds forms of three files, each form a folder of its own, some of them again with `force`."""

    def __init__(self, quantum, bucket, number, stop):
        super().__init__(daemon=True)
        self.caller, self.bucket, self.number, self.stop_at = quantum.twin(), bucket, number, stop
        self.folders = {}  # folder to the states it may be in, each the content of its files or None

    def run(self):
        draw, step = random.Random(), 0
        while time.monotonic() < self.stop_at + 5:
            step += 1
            again = self.folders and draw.random() < 0.4
            folder = draw.choice(sorted(self.folders)) if again else f"w{self.number}/{step}"
            content = draw.randbytes(draw.choice([10, 3000, 200_000]))
            files = [(name, content) for name in ("a", "b", "c")]
            before = self.folders.get(folder, [None])
            self.folders[folder] = before + [content]
            try:
                reply = self.caller.try_add(self.bucket, folder, *files, force=True)
            except requests.RequestException:
                return
            assert reply.status_code == 200, reply.text
            self.folders[folder] = [content]


def state_of(quantum, bucket, folder):
    """The content of the three files, which must agree; None where there are none."""
    found = []
    for name in ("a", "b", "c"):
        reply = quantum.get(f"/file/get/{bucket}/{folder}/{name}")
        if reply.status_code == 200:
            found.append(quantum.fetch(reply.json()["data"]["file_token"]).content)
        else:
            assert reply.json()["message"] == "FILE_DNE", reply.text
    assert len(found) in (0, 3) and len(set(found)) <= 1, f"{folder} is there in part"
    return found[0] if found else None


@pytest.mark.seconds(60)
def test_forms_survive_whole(launch):
    server = launch()
    quantum = Quantum.registered(server)
    username, password = quantum.native.username, quantum.native.password
    promised = 0
    for turn in range(5):
        bucket, doomed = quantum.bucket(), quantum.bucket()
        quantum.add(doomed, "d", *[(str(i), b"doomed %d" % i) for i in range(300)])
        stop = time.monotonic() + random.uniform(0.1, 0.6)
        writers = [Writer(quantum, bucket, number, stop) for number in range(3)]
        for writer in writers:
            writer.start()
        time.sleep(max(0, stop - time.monotonic()) * 0.7)
        assert quantum.post(f"/bucket/remove/{doomed}").status_code == 200
        time.sleep(max(0, stop - time.monotonic()))
        server.kill()
        for writer in writers:
            writer.join(30)
            assert not writer.is_alive()
        server.start()
        quantum = Quantum(server, master=quantum.master)
        native = quantum.native = server.anyone().__class__(server.root)
        token = native.post("/auth/login", json={"username": username, "password": password}).json()["token"]
        native.session.headers["Authorization"] = f"Bearer {token}"
        assert doomed not in quantum.buckets()
        kept = 0
        for writer in writers:
            for folder, states in writer.folders.items():
                have = state_of(quantum, bucket, folder)
                assert have in states, f"turn {turn}: {folder} is not what was promised"
                promised += len(states) == 1
                kept += 3 * len(have or b"")
        end = time.monotonic() + program.patience(20)
        while native.me()["used_bytes"] != kept:
            assert time.monotonic() < end, (native.me()["used_bytes"], kept)
            time.sleep(0.05)
        assert quantum.post(f"/bucket/remove/{bucket}").status_code == 200
        while native.me()["used_bytes"] != 0:
            assert time.monotonic() < end
            time.sleep(0.05)
        assert native.media() == []
    assert promised > 10
    server.stop_well()
    assert not promises.blob_faults(server.data)
    server.start()
