"""Small files of a vault in a bucket: what was read once is served from memory, and is gone with its file."""

import random
import threading

import pytest

from harness import program
from harness import s3_proxy as s3
from harness.s3 import wait_for
from harness.s3_proxy import S3Proxy
from harness.s3_users import USERS, QuantumUser

# The first of these starts Ceph.
pytestmark = pytest.mark.seconds(120)

# Pictures are not looked into meanwhile, and what is deleted goes soon.
SETTINGS = {"media.enabled": "false", "blobs.grace": "4s", "blobs.collect_every": "1s"}
ENTRY = 256  # what a file is counted for beside its bytes


@pytest.fixture
def proxy(bucket):
    with S3Proxy(bucket) as proxy:
        yield proxy


@pytest.fixture
def server(launch, proxy):
    return launch({**proxy.settings(), **SETTINGS})


def some_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


def value(server, name):
    [line] = [line for line in server.metrics().splitlines() if line.startswith(name + " ")]
    return float(line.split()[1])


def held(server):
    return value(server, "coffer_s3_cache_bytes")


def content(user, media, **options):
    return user.get(f"/media/{media['id']}/content", **options)


def read(user):
    """The reply to a download, also where a token is good for one."""
    if isinstance(user, QuantumUser):
        user.token = user.user.token(user.bucket, "old.bin")
    return user.download()


@pytest.mark.parametrize("kind", USERS)
def test_each_api_reads_once_and_forgets_what_it_deletes(server, bucket, proxy, kind):
    user = kind(server)
    user.stored(some_bytes(4096))
    before = proxy.count(s3.GET)
    first = read(user)
    assert first.status_code == 200
    assert proxy.count(s3.GET) == before + 1
    hits = value(server, "coffer_s3_cache_hits_total")
    proxy.shut()
    for _ in range(3):
        again = read(user)
        assert (again.status_code, again.content) == (200, first.content)
    assert proxy.count(s3.GET) == before + 1, "the service is not asked again"
    assert value(server, "coffer_s3_cache_hits_total") == hits + 3
    assert held(server) == len(first.content) + ENTRY
    proxy.open()
    assert user.remove().status_code in (200, 204)
    assert user.count() == 0
    wait_for(lambda: bucket.keys() == [])
    wait_for(lambda: held(server) == 0)


def test_ranges(server, proxy):
    user = server.user()
    data = some_bytes(60_000)
    media = user.upload(data)
    part = {"Range": "bytes=100-199"}
    before = proxy.count(s3.GET)
    # A part is read alone, and not kept.
    for _ in range(2):
        assert content(user, media, headers=part).content == data[100:200]
    assert proxy.count(s3.GET) == before + 2
    assert content(user, media).content == data
    assert proxy.count(s3.GET) == before + 3
    for _ in range(2):
        assert content(user, media, headers=part).content == data[100:200]
        several = content(user, media, headers={"Range": "bytes=0-9,50000-50009"})
        assert several.status_code == 206
        assert data[:10] in several.content and data[50_000:50_010] in several.content
    assert proxy.count(s3.GET) == before + 3


def test_beyond_its_bound_and_off(launch, proxy):
    """The least recently read goes first; large files are never kept."""
    server = launch({**proxy.settings(), **SETTINGS, "s3.cache": 3 * (10_000 + ENTRY)})
    user = server.user()
    media = [user.upload(some_bytes(10_000, seed)) for seed in range(4)]
    large = user.upload(some_bytes(65_537))

    def gets(one):
        before = proxy.count(s3.GET)
        assert content(user, one).status_code == 200
        return proxy.count(s3.GET) - before

    assert [gets(one) for one in media] == [1, 1, 1, 1]
    assert [gets(one) for one in (large, large)] == [1, 1]
    assert [gets(one) for one in (media[3], media[2], media[1], media[0])] == [0, 0, 0, 1]
    assert gets(media[3]) == 1
    assert held(server) == 3 * (10_000 + ENTRY)
    server.settings["s3.cache"] = 0
    server.restart()
    user.root = server.root
    assert [gets(media[0]), gets(media[0])] == [1, 1]
    assert held(server) == 0


def test_many_readers_at_once(server, proxy):
    user = server.user()
    data = some_bytes(20_000)
    media = user.upload(data)
    replies = []

    def read():
        replies.append(content(user, media).content)

    readers = [threading.Thread(target=read) for _ in range(16)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert replies == [data] * 16
    assert held(server) == 20_000 + ENTRY


def test_checks_and_moves_read_the_bucket(launch, bucket, proxy):
    """A file that memory still has, and the bucket has lost, is found lost."""
    server = launch({**proxy.settings(), **SETTINGS})
    user = server.user()
    media = user.upload(some_bytes(5_000))
    assert content(user, media).status_code == 200
    [key] = bucket.keys()
    assert bucket.call("DELETE", key).status_code == 204
    assert content(user, media).content == some_bytes(5_000), "it is in memory"
    moved = program.run("blobs", "migrate", "--to", "local", "--data", server.data, settings=server.settings, timeout=60)
    assert moved.returncode != 0
    assert f"unmoved   {media['checksum'].removeprefix('sha256:')}: " in moved.stdout
    server.stop_well()
    checked = program.run("fsck", "--data", server.data, settings=server.settings)
    assert "1 missing" in checked.stdout, checked.stdout
