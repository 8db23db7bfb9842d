"""Downloads from a bucket share memory: who takes too much waits, and is refused then; others are served."""

import random
import time

import pytest

from harness.s3 import wait_for

# The first of these starts Ceph.
pytestmark = pytest.mark.seconds(120)

# Four downloads of a large file at a time, two of one account.
SETTINGS = {"s3.download_memory": "1MiB", "uploads.memory_timeout": "1s", "media.enabled": "false"}
DATA = random.Random(1).randbytes(20_000_000)


def value(server, name):
    [line] = [line for line in server.metrics().splitlines() if line.startswith(name + " ")]
    return float(line.split()[1])


@pytest.fixture
def server(launch, bucket):
    return launch({**bucket.settings(), **SETTINGS})


def content(user, media, **options):
    return user.get(f"/media/{media['id']}/content", **options)


def began(user, media):
    """A download whose client does not read on."""
    reply = content(user, media, stream=True)
    assert reply.status_code == 200
    return reply


def test_downloads_beyond_the_bound_are_refused(server):
    greedy, other = server.user(), server.user()
    media, others = greedy.upload(DATA), other.upload(DATA)
    small = greedy.upload(b"small")
    slow = [began(greedy, media) for _ in range(2)]
    assert value(server, "coffer_s3_downloads") == 2
    start = time.monotonic()
    for refused in (content(greedy, media), content(greedy, media, headers={"Range": "bytes=0-99999,200000-1999999"})):
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert refused.json()["error"]["code"] == "busy"
    assert time.monotonic() - start >= 2, "they wait before that"
    assert value(server, "coffer_s3_downloads_refused_total") == 2
    assert content(other, others).content == DATA, "half is left for others"
    assert greedy.get(f"/media/{small['id']}").status_code == 200
    slow.pop().close()
    wait_for(lambda: value(server, "coffer_s3_downloads") == 1)
    assert content(greedy, media).content == DATA
    slow.pop().close()
    wait_for(lambda: value(server, "coffer_s3_download_memory_bytes") == 0)
    assert value(server, "coffer_s3_downloads_waiting") == 0


def test_a_waiting_download_goes_on_when_another_ends(launch, bucket):
    server = launch({**bucket.settings(), **SETTINGS, "uploads.memory_timeout": "30s"})
    user = server.user()
    media = user.upload(DATA)
    slow = [began(user, media) for _ in range(2)]
    waiting = server.wire()
    waiting.send(waiting.head("GET", f"/api/v1/media/{media['id']}/content", {"Authorization": f"Bearer {user.token}"}))
    wait_for(lambda: value(server, "coffer_s3_downloads_waiting") == 1)
    slow.pop().close()
    wait_for(lambda: value(server, "coffer_s3_downloads_waiting") == 0)
    assert value(server, "coffer_s3_downloads_refused_total") == 0
    # One that leaves while it waits leaves nothing.
    leaving = server.wire()
    leaving.send(leaving.head("GET", f"/api/v1/media/{media['id']}/content", {"Authorization": f"Bearer {user.token}"}))
    wait_for(lambda: value(server, "coffer_s3_downloads_waiting") == 1)
    leaving.close()
    wait_for(lambda: value(server, "coffer_s3_downloads_waiting") == 0)
    waiting.close()
    slow.pop().close()
    wait_for(lambda: value(server, "coffer_s3_download_memory_bytes") == 0)
    assert content(user, media).content == DATA
