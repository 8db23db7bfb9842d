"""Downloads that go on where they broke off, and are compared with the server's digest."""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import os
import re
import secrets
import time
from typing import IO, Any, Callable, Dict, List, Optional, Tuple, Union

from ._core import Core
from ._options import RequestInfo, RetryInfo
from ._requests import Blocking, CloseReply, Flow, NextChunk, Progress, Reply, Request, Sleep, path_of
from .errors import (
    ConnectionError as ConnectionLost,
    ApiError,
    ContentChangedError,
    DigestMismatchError,
    MediaVaultError,
)
from .models import Downloaded

# Where a download may go: a path, or a file that is open for writing bytes.
DownloadTarget = Union[str, "os.PathLike[str]", IO[bytes]]

# Bytes that are gathered before they are written.
WRITE_AT_ONCE = 1 << 20
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):")
RANGE_NOT_SATISFIABLE = 416


def digest_of(reply: Reply) -> Optional[str]:
    """The SHA-256 of the whole file, in hexadecimal digits, where the reply has it."""
    found = _DIGEST.search(reply.headers.get("repr-digest", ""))
    if not found:
        return None
    try:
        digest = base64.b64decode(found[1], validate=True)
    except binascii.Error:
        return None
    return digest.hex() if len(digest) == hashlib.sha256().digest_size else None


def _strong_tag(reply: Reply) -> Optional[str]:
    tag = reply.headers.get("etag", "")
    return tag if tag.startswith('"') else None


class Download:
    """The bytes of one file, piece by piece. Not for several threads or tasks at once.

    `restart` makes the receiver forget what it was given; None: it cannot.
    """

    def __init__(
        self,
        core: Core,
        id: str,
        progress: Optional[Progress] = None,
        restart: Optional[Callable[[], Flow[None]]] = None,
    ) -> None:
        self._core = core
        self._path = path_of("media", id, "content")
        self._progress = progress
        self._restart = restart
        self._deadline = core.deadline()
        self._reply: Optional[Reply] = None
        self._digest = hashlib.sha256()
        self._expected: Optional[str] = None
        self._failures = 0  # in a row
        self.position = 0
        self.size: Optional[int] = None
        self.media_type = ""
        self.etag: Optional[str] = None
        self.resumed = 0
        # How often it began at the first byte: what came before is to be forgotten.
        self.begun = 0
        self.result: Optional[Downloaded] = None

    def open(self) -> Flow[None]:
        """From the first byte."""
        reply = yield from self._send({})
        self._begin(reply)

    def open_behind(self, position: int, digest: Any) -> Flow[bool]:
        """Goes on behind bytes that are there from an earlier attempt and have that digest.

        False: it is opened from the first byte, for there would be nothing to verify the whole with.
        """
        try:
            reply = yield from self._send({"Range": f"bytes={position}-"})
        except ApiError as error:
            if error.status != RANGE_NOT_SATISFIABLE:
                raise
            yield from self.open()
            return False
        if reply.status == 206 and digest_of(reply) and _start_of(reply) == position:
            self._begin(reply)
            self.position, self._digest = position, digest
            return True
        if reply.status == 206:
            yield CloseReply(reply)
            reply = yield from self._send({})
        self._begin(reply)
        return False

    def next(self) -> Flow[bytes]:
        """The next bytes; b"" once all are there and verified."""
        while True:
            if self.result:
                return b""
            if self._reply is None:
                raise MediaVaultError("the download is closed")
            self._core.time_left(self._deadline)
            try:
                piece: bytes = yield NextChunk(self._reply)
                if piece:
                    return self._count(piece)
                if self.size is None or self.position >= self.size:
                    yield from self._finish()
                    return b""
                failure = ConnectionLost(
                    f"the connection ended after {self.position} of {self.size} bytes"
                )
            except ConnectionLost as error:
                failure = error
            yield from self._go_on_after(failure)

    def close(self) -> Flow[None]:
        reply, self._reply = self._reply, None
        if reply:
            yield CloseReply(reply)

    def _send(self, headers: Dict[str, str]) -> Flow[Reply]:
        # A coding would make the bytes, and the ranges, those of something else.
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", **headers}
        request = Request("GET", self._path, headers=headers, is_streamed=True)
        reply = yield from self._core.exchange(request, self._deadline)
        return reply

    def _begin(self, reply: Reply) -> None:
        self._reply = reply
        self.begun += 1
        self._digest = hashlib.sha256()
        self.position = 0
        self._expected = digest_of(reply)
        self.media_type = reply.headers.get("content-type", "")
        self.etag = _strong_tag(reply)
        length = reply.headers.get("content-length")
        self.size = int(length) if length is not None else None
        ranged = _RANGE.fullmatch(reply.headers.get("content-range", ""))
        if ranged:
            self.size = int(ranged[3])

    def _count(self, piece: bytes) -> bytes:
        self._failures = 0
        self._digest.update(piece)
        self.position += len(piece)
        if self._progress:
            self._progress(self.position, self.size)
        return piece

    def _go_on_after(self, failure: ConnectionLost) -> Flow[None]:
        yield from self.close()
        self._failures += 1
        delay = self._core.delay(self._failures, failure)
        if self._failures >= self._core.options.retry.attempts or delay is None:
            raise failure
        hooks = self._core.options.hooks
        if hooks.on_retry:
            info = RequestInfo("GET", self._path, self._failures)
            hooks.on_retry(RetryInfo(info, delay, failure))
        if self._deadline is not None and time.monotonic() + delay >= self._deadline:
            raise failure
        yield Sleep(delay)
        self.resumed += 1
        if self.position == 0:
            yield from self.open()
            return
        if self.etag is None:
            raise failure  # Nothing would say whether the rest is of the same file.
        headers = {"Range": f"bytes={self.position}-", "If-Range": self.etag}
        try:
            reply = yield from self._send(headers)
        except ApiError as error:
            if error.status != RANGE_NOT_SATISFIABLE:
                raise
            yield from self._begin_anew(None)
            return
        if reply.status == 206 and (
            _start_of(reply) == self.position and _strong_tag(reply) in (self.etag, None)
        ):
            self._reply = reply
        else:
            yield from self._begin_anew(reply)

    def _begin_anew(self, reply: Optional[Reply]) -> Flow[None]:
        """The file is another one by now; `reply` is the answer that showed it."""
        if reply and (reply.status != 200 or not self._restart):
            yield CloseReply(reply)
            reply = None
        if not self._restart:
            raise ContentChangedError("the file was replaced while it was downloaded")
        yield from self._restart()
        if reply is None:
            reply = yield from self._send({})
        self._begin(reply)

    def _finish(self) -> Flow[None]:
        yield from self.close()
        actual = self._digest.hexdigest()
        if self._expected is not None and self._expected != actual:
            raise DigestMismatchError("sha256:" + self._expected, "sha256:" + actual)
        self.result = Downloaded(
            size=self.position,
            checksum="sha256:" + actual,
            verified=self._expected is not None,
            media_type=self.media_type,
            etag=self.etag,
            resumed=self.resumed,
        )


def _start_of(reply: Reply) -> Optional[int]:
    found = _RANGE.fullmatch(reply.headers.get("content-range", ""))
    return int(found[1]) if found else None


def _write(stream: IO[bytes], pieces: List[bytes]) -> None:
    data = memoryview(b"".join(pieces))
    while data:
        written = stream.write(data)
        data = data[len(data) if written is None else written :]


def _write_all(download: Download, stream: IO[bytes]) -> Flow[Downloaded]:
    gathered: List[bytes] = []
    size, begun = 0, download.begun
    while True:
        piece = yield from download.next()
        if begun != download.begun:
            gathered, size, begun = [], 0, download.begun
        gathered.append(piece)
        size += len(piece)
        if size >= WRITE_AT_ONCE or not piece:
            yield Blocking(functools.partial(_write, stream, gathered))
            gathered, size = [], 0
        if not piece:
            assert download.result is not None
            return download.result


def _hash_file(path: str) -> Tuple[int, Any]:
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as stream:
        while piece := stream.read(WRITE_AT_ONCE):
            digest.update(piece)
            size += len(piece)
    return size, digest


def read(download: Download) -> Flow[bytes]:
    """All bytes at once; opens the download where it is not open yet, and closes it."""
    pieces: List[bytes] = []
    try:
        if not download.begun:
            yield from download.open()
        begun = download.begun
        while True:
            piece = yield from download.next()
            if begun != download.begun:
                pieces, begun = [], download.begun
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
    finally:
        yield from download.close()


def save(
    core: Core, id: str, target: DownloadTarget, progress: Optional[Progress], resume: bool
) -> Flow[Downloaded]:
    """To a path or an open file."""
    if isinstance(target, (str, os.PathLike)):
        path = os.fspath(target)
        if resume:
            result = yield from _save_resumed(core, id, path, progress)
        else:
            result = yield from _save_path(core, id, path, progress)
        return result
    if resume:
        raise ValueError("resume=True needs a path")
    result = yield from _save_stream(core, id, target, progress)
    return result


def _save_stream(
    core: Core, id: str, stream: IO[bytes], progress: Optional[Progress]
) -> Flow[Downloaded]:
    restart: Optional[Callable[[], Flow[None]]] = None
    if stream.seekable():
        start = stream.tell()

        def forget() -> None:
            stream.seek(start)
            stream.truncate()

        def restart_here() -> Flow[None]:
            yield Blocking(forget)

        restart = restart_here
    download = Download(core, id, progress, restart)
    try:
        yield from download.open()
        result = yield from _write_all(download, stream)
        return result
    finally:
        yield from download.close()


def _save_path(core: Core, id: str, path: str, progress: Optional[Progress]) -> Flow[Downloaded]:
    """Beside it first, so that the path never names half a file."""
    folder, name = os.path.split(path)
    part = os.path.join(folder, f".{name[:100]}.{secrets.token_hex(8)}.part")

    def remove() -> None:
        if os.path.exists(part):
            os.unlink(part)

    try:
        with open(part, "xb") as stream:
            result = yield from _save_stream(core, id, stream, progress)
        yield Blocking(functools.partial(os.replace, part, path))
        return result
    finally:
        yield Blocking(remove)


def _save_resumed(core: Core, id: str, path: str, progress: Optional[Progress]) -> Flow[Downloaded]:
    """Keeps `<path>.part` where it fails, and goes on with one that is there."""
    part = path + ".part"
    have, digest = 0, hashlib.sha256()
    if os.path.exists(part):
        have, digest = yield Blocking(functools.partial(_hash_file, part))
    with open(part, "r+b" if have else "wb") as stream:

        def forget() -> None:
            stream.seek(0)
            stream.truncate()

        def restart() -> Flow[None]:
            yield Blocking(forget)

        download = Download(core, id, progress, restart)
        try:
            is_continued = False
            if have:
                is_continued = yield from download.open_behind(have, digest)
            else:
                yield from download.open()
            if is_continued:
                stream.seek(have)
            else:
                forget()
            try:
                result = yield from _write_all(download, stream)
            except DigestMismatchError:
                forget()
                if not is_continued:
                    raise
                # What was there from before was of other bytes.
                download = Download(core, id, progress, restart)
                yield from download.open()
                result = yield from _write_all(download, stream)
        finally:
            yield from download.close()
    yield Blocking(functools.partial(os.replace, part, path))
    return result
