"""A stored file that is not what it was: its reader gets an error, never less than a whole file that looks whole."""

import hashlib
import os

import pytest

from harness import program
from harness.client import User

SIZE = 300_000


def cut(path):
    os.truncate(path, SIZE - 1)


def lengthen(path):
    with open(path, "ab") as file:
        file.write(b"x")


def empty(path):
    os.truncate(path, 0)


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def folder(path):
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [cut, lengthen, empty, pipe, folder], ids=lambda each: each.__name__)
def test_a_file_that_is_damaged_is_not_sent(launch, damage):
    server = launch()
    user = server.user()
    content = os.urandom(SIZE)
    media = user.upload(content)["id"]
    digest = hashlib.sha256(content).hexdigest()
    server.stop_well()
    damage(server.data / "blobs" / digest[:2] / digest)
    server.start()
    user = User(server.root, user.username, user.password)
    for _ in range(5):
        for fields in ({}, {"Range": "bytes=0-9"}):
            reply = user.get(f"/media/{media}/content", headers=fields, timeout=10)
            assert reply.status_code == 500, (fields, reply.headers)
    assert server.anyone().get(server.url + "/healthz", timeout=10).status_code == 200
    user.upload(b"small")
    server.wait_for_log(lambda line: digest in str(line))
    server.stop_well()
    done = program.run("fsck", "--data", server.data)
    assert done.returncode == 1 and digest in done.stdout, (done.stdout, done.stderr)
