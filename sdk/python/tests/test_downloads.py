"""Downloads that break off, change, lie."""

from __future__ import annotations

import hashlib
import io
import os
import pathlib
import secrets
from typing import Any, List

import pytest

import mediavault
from mediavault import ContentChangedError, DigestMismatchError, IntegrityError
from support import QUICK, Proxy, Server, answered, cut_after, passed, reset

DATA = secrets.token_bytes(3_000_003)
DIGEST = "sha256:" + hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def through(clients: Any, proxy: Proxy, name: str) -> Any:
    """A client that reaches the server through the proxy."""
    return clients.logged_in(proxy.url, name, retry=QUICK)


@pytest.fixture
def media(through: Any) -> Any:
    return through.media.upload(io.BytesIO(DATA), filename="a.bin")


def test_to_a_path(through: Any, media: Any, folder: pathlib.Path) -> None:
    seen: List[Any] = []
    target = folder / "copy"
    done = through.media.download_to(media.id, target, progress=lambda *told: seen.append(told))
    assert target.read_bytes() == DATA
    assert (done.size, done.checksum, done.verified, done.resumed) == (len(DATA), DIGEST, True, 0)
    assert done.etag and done.media_type == "application/octet-stream"
    assert seen[-1] == (len(DATA), len(DATA)) and seen == sorted(seen)
    assert os.listdir(folder) == ["copy"]
    mask = os.umask(0)
    os.umask(mask)
    assert target.stat().st_mode & 0o777 == 0o666 & ~mask


def test_resumed_after_breaks(through: Any, media: Any, proxy: Proxy, folder: pathlib.Path) -> None:
    proxy.plan.extend([cut_after(1_000_000), reset, answered(503), cut_after(1_500_000), passed])
    done = through.media.download_to(media.id, folder / "copy")
    assert (folder / "copy").read_bytes() == DATA
    assert done.verified and done.resumed == 2
    ranges = [head for head in proxy.heads if "range: bytes=" in head.lower()]
    assert len(ranges) == 4 and "if-range" in ranges[0].lower()


def test_as_a_stream(through: Any, media: Any, proxy: Proxy) -> None:
    proxy.plan.extend([cut_after(500_000), cut_after(1_500_000)])
    with through.media.download(media.id) as stream:
        assert (stream.size, stream.result) == (len(DATA), None)
        assert b"".join(stream) == DATA
        assert stream.result.checksum == DIGEST and stream.result.resumed == 2
    with through.media.download(media.id) as stream:
        for piece in stream:
            break
    assert through.media.download(media.id).read() == DATA
    with pytest.raises(TypeError):
        list(through.media.download(media.id))


def test_it_gives_up_in_the_end(through: Any, media: Any, proxy: Proxy, folder: pathlib.Path) -> None:
    proxy.otherwise = cut_after(0)
    with pytest.raises(mediavault.ConnectionError):
        through.media.download_to(media.id, folder / "copy")
    assert os.listdir(folder) == []


def test_kept_and_gone_on_with(through: Any, media: Any, proxy: Proxy, folder: pathlib.Path) -> None:
    proxy.plan.append(cut_after(2_000_000))
    proxy.otherwise = reset
    with pytest.raises(mediavault.ConnectionError):
        through.media.download_to(media.id, folder / "copy", resume=True)
    assert os.listdir(folder) == ["copy.part"]
    have = (folder / "copy.part").stat().st_size
    assert 0 < have <= 2_000_000
    proxy.otherwise, before = passed, len(proxy.heads)
    done = through.media.download_to(media.id, folder / "copy", resume=True)
    assert f"range: bytes={have}-" in proxy.heads[before].lower()
    assert done.verified and (folder / "copy").read_bytes() == DATA
    assert os.listdir(folder) == ["copy"]


@pytest.mark.parametrize("size", [1000, len(DATA), len(DATA) + 5])
def test_a_part_of_something_else(through: Any, media: Any, folder: pathlib.Path, size: int) -> None:
    (folder / "copy.part").write_bytes(b"?" * size)
    through.media.download_to(media.id, folder / "copy", resume=True)
    assert (folder / "copy").read_bytes() == DATA


def test_replaced_on_the_way(through: Any, both: Any, media: Any, proxy: Proxy, folder: pathlib.Path) -> None:
    other = secrets.token_bytes(2_500_000)

    proxy.plan.append(cut_after(1_500_000, lambda: both.media.replace(media.id, other)))
    done = through.media.download_to(media.id, folder / "copy")
    assert (folder / "copy").read_bytes() == other and done.verified
    with pytest.raises(ContentChangedError) as caught:
        proxy.plan.append(cut_after(500_000, lambda: both.media.replace(media.id, b"x")))
        with through.media.download(media.id) as stream:
            list(stream)
    assert isinstance(caught.value, IntegrityError)


def test_to_an_open_file(through: Any, media: Any, proxy: Proxy, folder: pathlib.Path) -> None:
    with open(folder / "copy", "w+b") as stream:
        stream.write(b"head")
        proxy.plan.append(cut_after(100_000))
        through.media.download_to(media.id, stream)
    assert (folder / "copy").read_bytes() == b"head" + DATA
    with pytest.raises(ValueError):
        through.media.download_to(media.id, io.BytesIO(), resume=True)


def test_bytes_that_are_wrong(through: Any, media: Any, proxy: Proxy, folder: pathlib.Path) -> None:
    def wrong(proxy: Proxy, client: Any, head: bytes) -> None:
        with proxy.connected(client, head) as server:
            reply = b""
            while data := server.recv(1 << 20):
                reply += data
        client.sendall(reply[:-1] + bytes([reply[-1] ^ 1]))

    proxy.otherwise = wrong
    with pytest.raises(DigestMismatchError) as caught:
        through.media.download_to(media.id, folder / "copy")
    assert caught.value.expected == DIGEST and os.listdir(folder) == []
    with pytest.raises(DigestMismatchError):
        through.media.download(media.id).read()


def test_without_a_digest(through: Any, media: Any, proxy: Proxy, folder: pathlib.Path) -> None:
    def stripped(proxy: Proxy, client: Any, head: bytes) -> None:
        with proxy.connected(client, head) as server:
            reply = b""
            while data := server.recv(1 << 20):
                reply += data
        client.sendall(reply.replace(b"Repr-Digest", b"X-Nothing-X").replace(b"repr-digest", b"x-nothing-x"))

    proxy.otherwise = stripped
    done = through.media.download_to(media.id, folder / "copy")
    assert not done.verified and done.checksum == DIGEST
    # Nothing would say that the part belongs to it.
    (folder / "more.part").write_bytes(DATA[:1000])
    through.media.download_to(media.id, folder / "more", resume=True)
    assert (folder / "more").read_bytes() == DATA


def test_what_is_not_there(through: Any, folder: pathlib.Path) -> None:
    with pytest.raises(mediavault.NotFoundError) as caught:
        through.media.download_to("media_1", folder / "copy")
    assert caught.value.request_id and os.listdir(folder) == []


def test_empty(through: Any, folder: pathlib.Path) -> None:
    made = through.media.upload(b"", filename="empty")
    done = through.media.download_to(made.id, folder / "copy")
    assert done.size == 0 and done.verified and (folder / "copy").read_bytes() == b""
