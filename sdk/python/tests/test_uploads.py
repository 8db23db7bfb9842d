"""Uploads from everything, sent again where they break off, stored once."""

from __future__ import annotations

import hashlib
import io
import os
import pathlib
import secrets
from typing import Any, AsyncIterator, Iterator, List

import anyio
import pytest

import mediavault
from mediavault import AsyncMediaVault, ChecksumMismatchError, SourceError
from support import PASSWORD, QUICK, Proxy, Server, answered, lost, reset

DATA = secrets.token_bytes(700_001)
# What a form has to escape, and what looks as if it had.
NAMES = [
    'a"b.txt',
    "%22.txt",
    'both %22 and ".txt',
    "%0d%0A.txt",
    "caf%C3%A9.txt",
    "%",
    "a\\b.txt",
    "end\\",
    'a\\"b.txt',
    '"; filename="b.txt',
    "a\r\nb\n.txt",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 100%.jpg",
]


def pieces(count: int = 7) -> Iterator[bytes]:
    step = len(DATA) // count + 1
    for start in range(0, len(DATA), step):
        yield DATA[start : start + step]


class Pipe(io.RawIOBase):
    """A stream that cannot seek."""

    def __init__(self) -> None:
        self.left = DATA

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = min(len(buffer), len(self.left), 10_007)
        buffer[:size], self.left = self.left[:size], self.left[size:]
        return size


def test_sources(both: Any, folder: pathlib.Path) -> None:
    path = folder / 'na"me\u00e9\\.bin'
    path.write_bytes(DATA)
    with open(path, "rb") as behind:
        behind.seek(1000)
        part = both.media.upload(behind)
        assert part.size == len(DATA) - 1000 and not behind.closed
    made = [
        both.media.upload(str(path)),
        both.media.upload(path),
        both.media.upload(DATA, filename="a"),
        both.media.upload(bytearray(DATA), filename="a"),
        both.media.upload(memoryview(DATA), filename="a"),
        both.media.upload(io.BytesIO(DATA), filename="a"),
        both.media.upload(Pipe(), filename="a"),
        both.media.upload(Pipe(), filename="a", size=len(DATA)),
        both.media.upload(pieces(), filename="a"),
        both.media.upload(list(pieces()), filename="a", size=len(DATA)),
    ]
    digest = "sha256:" + hashlib.sha256(DATA).hexdigest()
    assert {one.checksum for one in made} == {digest}
    assert made[0].filename == path.name
    assert both.media.upload(b"", filename="empty").size == 0


def test_names(both: Any, folder: pathlib.Path) -> None:
    for filename in NAMES:
        assert both.media.upload(b"x", filename=filename).filename == filename
        path = folder / filename
        path.write_bytes(b"x")
        assert both.media.upload(path).filename == filename


def test_a_name_that_is_not_text(both: Any, folder: pathlib.Path) -> None:
    path = os.path.join(os.fsencode(folder), b"caf\xe9")
    with open(path, "wb"):
        pass
    with pytest.raises(SourceError, match="not text"):
        both.media.upload(os.fsdecode(path))
    assert both.media.upload(os.fsdecode(path), filename="café").filename == "café"


def test_large_pieces_go_in_small_ones(both: Any) -> None:
    """What a socket does not take of a piece is copied, at each write."""
    data = secrets.token_bytes(3_000_000)
    for source in (data, [data], iter([b"", data])):
        told = [0]
        made = both.media.upload(source, filename="a", progress=lambda done, _: told.append(done))
        assert made.checksum == "sha256:" + hashlib.sha256(data).hexdigest()
        assert max(after - before for before, after in zip(told, told[1:])) <= 256 * 1024


def test_an_asynchronous_source(server: Server, name: str) -> None:
    async def source() -> AsyncIterator[bytes]:
        for piece in pieces():
            yield piece

    async def main() -> None:
        async with AsyncMediaVault(server.url, trust_env=False) as vault:
            await vault.auth.login(name, PASSWORD)
            made = await vault.media.upload(source(), filename="a")
            assert made.checksum == "sha256:" + hashlib.sha256(DATA).hexdigest()
            with pytest.raises(SourceError):
                await vault.media.upload(source(), filename="a", size=len(DATA) + 1)

    anyio.run(main)
    anyio.run(main, backend="trio")


def test_sources_that_are_none(both: Any, folder: pathlib.Path) -> None:
    for source, error in (
        (b"x", ValueError),  # without a name
        (iter([b"x"]), ValueError),
        (3, TypeError),
        (folder / "missing", FileNotFoundError),
    ):
        with pytest.raises(error):
            both.media.upload(source)
    with pytest.raises(SourceError):
        both.media.upload(io.StringIO("text"), filename="a")
    with pytest.raises(SourceError):
        both.media.upload(["text"], filename="a")
    for size in (len(DATA) - 1, len(DATA) + 1):
        with pytest.raises(SourceError):
            both.media.upload(pieces(), filename="a", size=size)
    with pytest.raises(ValueError):
        both.media.upload(b"x", filename="a", tags=["a,b"])
    assert list(both.media.list()) == []


def test_a_file_that_shrinks(both: Any, folder: pathlib.Path) -> None:
    path = folder / "a"
    path.write_bytes(DATA)

    def shrink(done: int, _: Any) -> None:
        os.truncate(path, 300_000)

    with pytest.raises(SourceError):
        both.media.upload(path, progress=shrink)
    assert list(both.media.list()) == []


def test_progress(both: Any) -> None:
    seen: List[Any] = []
    both.media.upload(io.BytesIO(DATA), filename="a", progress=lambda *told: seen.append(told))
    assert seen[-1] == (len(DATA), len(DATA)) and seen == sorted(seen) and len(seen) > 1
    seen.clear()
    both.media.upload(pieces(), filename="a", progress=lambda *told: seen.append(told))
    assert seen[-1] == (len(DATA), None)


def test_an_interrupted_upload_leaves_nothing(both: Any) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, _: Any) -> None:
        raise Stop

    with pytest.raises(Stop):
        both.media.upload(DATA, filename="a", progress=stop)
    assert list(both.media.list()) == []
    assert both.users.me().used_bytes == 0


def test_checksums(both: Any) -> None:
    wrong = "sha256:" + "0" * 64
    with pytest.raises(ChecksumMismatchError) as caught:
        both.media.upload(DATA, filename="a", checksum=wrong)
    assert caught.value.details[0].field == "checksum"
    for bad in ("0" * 64, "sha256:xyz", "md5:" + "0" * 64):
        with pytest.raises(ValueError):
            both.media.upload(DATA, filename="a", checksum=bad)
    made = both.media.upload(b"x", filename="a")
    with pytest.raises(ChecksumMismatchError):
        both.media.replace(made.id, DATA, checksum=wrong)
    assert both.media.download(made.id).read() == b"x"


def test_replace_what_was_seen(both: Any) -> None:
    made = both.media.upload(b"x", filename="a")
    with both.media.download(made.id) as stream:
        etag = stream.etag
    both.media.replace(made.id, b"y", if_match=etag)
    with pytest.raises(mediavault.PreconditionFailedError):
        both.media.replace(made.id, b"z", if_match=etag)
    assert both.media.download(made.id).read() == b"y"


def test_together(both: Any, folder: pathlib.Path) -> None:
    paths = [folder / f"{n}.txt" for n in range(3)]
    for path in paths:
        path.write_text(path.name)
    made = both.media.upload_together(paths, title="all", tags=["t"])
    assert [one.filename for one in made] == ["0.txt", "1.txt", "2.txt"]
    assert {one.title for one in made} == {"all"}
    assert len(both.media.upload_together(paths[:1])) == 1


def test_many(both: Any, folder: pathlib.Path) -> None:
    paths = [folder / f"{n}.txt" for n in range(20)]
    for path in paths[1:]:
        path.write_text(path.name)
    told: List[Any] = []
    results = both.media.upload_many(iter(paths), concurrency=4, tags=["many"], done=told.append)
    assert [one.source for one in results] == paths
    assert isinstance(results[0].error, FileNotFoundError) and results[0].media is None
    assert [one.media.filename for one in results[1:]] == [path.name for path in paths[1:]]
    assert {id(one) for one in told} == {id(one) for one in results}
    assert len(list(both.media.list(tag="many"))) == 19
    with pytest.raises(ValueError):
        both.media.upload_many([], concurrency=0)
    with pytest.raises(ZeroDivisionError):
        both.media.upload_many((paths[1 // n] for n in (1, 0)), concurrency=2)


@pytest.mark.parametrize("faults", [[reset, reset], [lost], [lost, reset, lost], [answered(503)], [answered(429, "Retry-After: 0")]])
def test_sent_again_and_stored_once(clients: Any, server: Server, proxy: Proxy, name: str, faults: Any) -> None:
    vault = clients.logged_in(proxy.url, name, retry=QUICK)
    proxy.plan.extend(faults)
    made = vault.media.upload(io.BytesIO(DATA), filename="a")
    assert proxy.count("POST /api/v1/media/upload") == len(faults) + 1
    (stored,) = vault.media.list()
    assert stored.id == made.id and vault.media.download(made.id).read() == DATA


def test_a_key_of_ones_own(both: Any) -> None:
    key = secrets.token_hex()
    one = both.media.upload(DATA, filename="a", idempotency_key=key)
    assert both.media.upload(DATA, filename="a", idempotency_key=key).id == one.id
    with pytest.raises(mediavault.IdempotencyMismatchError) as caught:
        both.media.upload(b"other", filename="a", idempotency_key=key)
    assert isinstance(caught.value, mediavault.IdempotencyError)


def test_an_iterator_is_not_sent_again(clients: Any, proxy: Proxy, name: str) -> None:
    vault = clients.logged_in(proxy.url, name, retry=QUICK)
    proxy.plan.append(lost)
    with pytest.raises(mediavault.ConnectionError):
        vault.media.upload(pieces(), filename="a")
    proxy.plan.append(lost)
    vault.media.upload(list(pieces()), filename="b")
    assert sorted(one.filename for one in vault.media.list()) == ["a", "b"]
