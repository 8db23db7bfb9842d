"""`coffer fsck` of a vault whose files are in a bucket."""

import hashlib
import random
import re
import secrets
import time

import pytest

from harness import program

# The first of these starts Ceph.
pytestmark = pytest.mark.seconds(120)

SIZES = [0, 10, 200_000, 9_000_000]


def some_bytes(size, seed):
    return random.Random(seed).randbytes(size)


class Vault:
    """Stopped, with a file of each size; `keys` has the object of each."""

    def __init__(self, launch, bucket):
        self.bucket = bucket
        self.server = launch({**bucket.settings(), "blobs.grace": "1h"})
        self.user = self.server.user()
        self.files = {}
        self.keys = {}
        for size in SIZES:
            before = set(bucket.keys())
            data = some_bytes(size, size)
            self.files[size] = data
            self.media = self.user.upload(data)
            (self.keys[size],) = set(bucket.keys()) - before
        self.server.stop_well()

    def digest(self, size):
        return hashlib.sha256(self.files[size]).hexdigest()

    def fsck(self, *flags, settings=None):
        return program.run("fsck", "--data", self.server.data, *flags, settings={**self.bucket.settings(), **(settings or {})})

    def put(self, key, data):
        assert self.bucket.call("PUT", key, data=data).status_code == 200

    def delete(self, key):
        assert self.bucket.call("DELETE", key).status_code == 204


def findings(done):
    """The lines of findings, and the numbers of the last line."""
    lines = done.stdout.splitlines()
    last = re.fullmatch(r"(\d+) blobs, (\d+) bytes read: (\d+) missing, (\d+) corrupt, (\d+) unreferenced", lines[-1])
    return lines[:-1], tuple(map(int, last.groups()))


@pytest.fixture
def vault(launch, bucket):
    return Vault(launch, bucket)


def test_a_vault_that_is_well(vault):
    done = vault.fsck()
    assert done.returncode == 0, done.stdout + done.stderr
    assert findings(done) == ([], (len(SIZES), 0, 0, 0, 0))
    done = vault.fsck("--deep")
    assert done.returncode == 0, done.stdout + done.stderr
    assert findings(done) == ([], (len(SIZES), sum(SIZES), 0, 0, 0))


def test_a_lost_object(vault):
    vault.delete(vault.keys[200_000])
    done = vault.fsck()
    assert done.returncode == 1
    assert findings(done) == ([f"missing       {vault.digest(200_000)}: 200000 bytes"], (3, 0, 1, 0, 0))


def test_other_sizes_and_other_bytes(vault):
    vault.put(vault.keys[10], b"eleven byte")
    vault.put(vault.keys[200_000], some_bytes(200_000, 7))
    shorter = f"corrupt       {vault.digest(10)}: it has 11 bytes, the database says 10"
    done = vault.fsck()
    assert done.returncode == 1
    assert findings(done)[0] == [shorter]
    done = vault.fsck("--deep")
    assert done.returncode == 1
    lines, numbers = findings(done)
    assert sorted(lines) == sorted([shorter, f"corrupt       {vault.digest(200_000)}: its bytes are damaged"])
    assert numbers[2:] == (0, 2, 0)


def test_what_nothing_refers_to(vault):
    unknown = f"blobs/{secrets.token_hex(16)}"
    vault.put(unknown, b"of another vault")
    vault.put("elsewhere/file", b"of somebody else")
    done = vault.fsck()
    assert done.returncode == 0, done.stdout + done.stderr
    assert findings(done)[0] == [f"unreferenced  {unknown} (not of this database): 16 bytes"]
    vault.delete(unknown)
    vault.server.start()
    vault.user.root = vault.server.root
    assert vault.user.delete(f"/media/{vault.media['id']}").status_code == 200
    assert vault.user.delete(f"/trash/{vault.media['id']}").status_code == 200
    vault.server.stop_well()
    done = vault.fsck()
    assert done.returncode == 0, done.stdout + done.stderr
    assert findings(done)[0] == [f"unreferenced  {vault.keys[9_000_000]}: 9000000 bytes"]


def test_it_goes_on_from_a_part(vault):
    keys = [f"blobs/{part}{secrets.token_hex(15)}" for part in ("30", "31", "32")]
    for key in keys:
        vault.put(key, b"")
    lines, _ = findings(vault.fsck("--from", "31", "--deep"))
    assert lines == [f"unreferenced  {key} (not of this database): 0 bytes" for key in keys[1:]]
    for wrong in ("100", "3", "zz", ""):
        assert vault.fsck(f"--from={wrong}").returncode == 2, wrong


def test_it_reads_no_faster_than_it_may(vault):
    began = time.monotonic()
    done = vault.fsck("--deep", "--rate", "3MB")
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - began > 2.5


def test_a_service_that_fails_is_no_finding(vault):
    done = vault.fsck(settings={"s3.secret_key": "another"})
    assert done.returncode == 1
    assert "cannot be checked further: " in done.stderr
    assert "403" in done.stderr
    assert "`coffer fsck --from 00` goes on" in done.stderr
    assert "missing" not in done.stdout
    assert vault.bucket.secret_key not in done.stdout + done.stderr


def test_it_needs_the_settings_of_the_bucket(vault):
    done = vault.fsck(settings={"blobs.store": "local"})
    assert done.returncode == 1
    assert "the files are in a bucket, and blobs.store is local" in done.stderr
