"""Another program that holds the lock of the database: changes are refused in time, everything else goes on."""

import concurrent.futures
import sqlite3
import time

import pytest

from harness import program
from harness.quantum import Quantum
from harness.streamvault import StreamVault


@pytest.mark.seconds(90)
def test_changes_are_refused_while_another_program_writes(launch):
    server = launch()
    native, quantum, stream = server.user(), Quantum.registered(server), StreamVault.registered(server)
    kept, bucket = native.upload(b"kept"), quantum.bucket()
    changes = {
        "Media Vault": lambda: native.try_upload(b"1"),
        "Media Vault, delete": lambda: native.delete(f"/media/{kept['id']}?permanent=true"),
        "File Uploader": lambda: native.call(
            "POST", server.url + "/api/upload/private", files={"file": ("a.bin", b"1", "text/plain")}
        ),
        "Quantum Storage": lambda: quantum.try_add(bucket, "", ("a.bin", b"1")),
        "StreamVault": lambda: stream.post("/api/v3/chunk_init/", json={"file_name": "a", "total_chunks": 1}),
    }
    other = sqlite3.connect(server.data / "coffer.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        began = time.monotonic()
        replies = {name: pool.submit(change) for name, change in changes.items()}
        others = [pool.submit(native.try_upload, bytes([i])) for i in range(20)]
        while_it_waits = native.get(f"/media/{kept['id']}/content")
        for name, reply in replies.items():
            assert reply.result().status_code == 503, (name, reply.result().text)
            assert int(reply.result().headers["Retry-After"]) > 0, name
            assert reply.result().headers["Content-Type"].startswith("application/json"), name
        assert {reply.result().status_code for reply in others} == {503}
        # Each has waited once for the ten seconds that a change waits.
        assert time.monotonic() - began < 15
    assert while_it_waits.content == b"kept"
    ready = server.anyone().get(server.url + "/readyz")
    assert ready.status_code == 503 and "lock" in ready.text

    refused = program.run("user", "create", "eve", "--data", server.data)
    assert refused.returncode == 1
    assert "coffer.db" in refused.stderr and "lock" in refused.stderr and "fsck" not in refused.stderr

    other.execute("ROLLBACK")
    other.close()
    assert server.anyone().get(server.url + "/readyz").status_code == 200, "without another write"
    assert native.get(f"/media/{kept['id']}/content").content == b"kept"
    assert native.upload(b"later")["size"] == 5
    told = [line for line in server.log_lines() if "database is locked" in line["event"]]
    assert len(told) == 1 and "coffer.db" in told[0]["reason"]
