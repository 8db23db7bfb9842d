"""What can be uploaded, and the form that carries it."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
from collections.abc import AsyncIterable as AbcAsyncIterable
from collections.abc import Iterable as AbcIterable
from typing import (
    IO,
    Any,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
    cast,
)

import anyio.to_thread

from ._requests import Progress
from .errors import SourceError

# A path, bytes, a file that is open for reading bytes, or an iterable of bytes.
UploadSource = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, IO[bytes], Iterable[bytes]]
# The asynchronous client also takes an asynchronous iterable.
AsyncUploadSource = Union[UploadSource, AsyncIterable[bytes]]

CHUNK = 256 * 1024
_END = object()


def _bytes_of(piece: Any) -> bytes:
    if isinstance(piece, (bytes, bytearray, memoryview)):
        return bytes(piece)
    raise SourceError(f"bytes are needed, not {type(piece).__name__}; open files with 'rb'")


def _slices(data: bytes) -> Iterator[bytes]:
    """httpx copies what a socket has not taken of a piece, at each of its writes."""
    if len(data) <= CHUNK:
        if data:
            yield data
        return
    view = memoryview(data)
    for start in range(0, len(view), CHUNK):
        yield bytes(view[start : start + CHUNK])


class Source:
    """The bytes of one file. `size`: None where nobody knows it."""

    name: str
    size: Optional[int] = None
    # Whether reading takes no time, so that it need not leave the event loop.
    in_memory = False

    @property
    def can_be_read(self) -> bool:
        """Whether the bytes can be read from the beginning, now."""
        return True

    def chunks(self) -> Iterator[bytes]:
        raise NotImplementedError

    async def async_chunks(self) -> AsyncIterator[bytes]:
        pieces = self.chunks()
        try:
            while True:
                if self.in_memory:
                    piece = next(pieces, _END)
                else:
                    piece = await anyio.to_thread.run_sync(next, pieces, _END)
                if piece is _END:
                    return
                yield piece  # type: ignore[misc]
        finally:
            getattr(pieces, "close", lambda: None)()


class MemorySource(Source):
    in_memory = True

    def __init__(self, data: bytes, name: str) -> None:
        self.data, self.name, self.size = data, name, len(data)

    def chunks(self) -> Iterator[bytes]:
        yield from _slices(self.data)


def _read_exactly(stream: IO[bytes], size: Optional[int]) -> Iterator[bytes]:
    left = size
    while left is None or left > 0:
        piece = _bytes_of(stream.read(CHUNK if left is None else min(CHUNK, left)))
        if not piece:
            if left:
                raise SourceError(f"the file ended {left} bytes before the size it had")
            return
        if left is not None:
            left -= len(piece)
        yield piece


class PathSource(Source):
    """Opened for each attempt, so that it may be sent again."""

    def __init__(self, path: str, name: str) -> None:
        self.path, self.name = path, name
        self.size = os.stat(path).st_size

    def chunks(self) -> Iterator[bytes]:
        with open(self.path, "rb", buffering=0) as stream:
            yield from _read_exactly(stream, self.size)


class StreamSource(Source):
    """An open file, from where it stands. It stays open."""

    def __init__(self, stream: IO[bytes], name: str, size: Optional[int]) -> None:
        self.stream, self.name, self.size = stream, name, size
        self._was_read = False
        self._start: Optional[int] = None
        try:
            if stream.seekable():
                self._start = stream.tell()
                if size is None:
                    self.size = stream.seek(0, os.SEEK_END) - self._start
                    stream.seek(self._start)
        except (AttributeError, OSError, io.UnsupportedOperation):
            self._start = None

    @property
    def can_be_read(self) -> bool:
        return self._start is not None or not self._was_read

    def chunks(self) -> Iterator[bytes]:
        if self._start is not None:
            self.stream.seek(self._start)
        elif self._was_read:
            raise SourceError("the stream cannot be read a second time")
        self._was_read = True
        yield from _read_exactly(self.stream, self.size)


class IterableSource(Source):
    """An iterable of bytes; one that is an iterator can be read once."""

    def __init__(self, pieces: Iterable[bytes], name: str, size: Optional[int]) -> None:
        self.pieces, self.name, self.size = pieces, name, size
        self._is_once = iter(pieces) is pieces
        self._was_read = False

    @property
    def can_be_read(self) -> bool:
        return not (self._is_once and self._was_read)

    def chunks(self) -> Iterator[bytes]:
        if not self.can_be_read:
            raise SourceError("the iterator cannot be read a second time")
        self._was_read = True
        counter = _Counter(self.size)
        for piece in self.pieces:
            yield from _slices(counter.add(_bytes_of(piece)))
        counter.finish()


class AsyncSource(Source):
    """An asynchronous iterable of bytes."""

    def __init__(self, pieces: AsyncIterable[bytes], name: str, size: Optional[int]) -> None:
        self.pieces, self.name, self.size = pieces, name, size
        self._is_once: bool = pieces.__aiter__() is pieces
        self._was_read = False

    @property
    def can_be_read(self) -> bool:
        return not (self._is_once and self._was_read)

    def chunks(self) -> Iterator[bytes]:
        raise SourceError("an asynchronous iterable needs AsyncMediaVault")

    async def async_chunks(self) -> AsyncIterator[bytes]:
        if not self.can_be_read:
            raise SourceError("the iterator cannot be read a second time")
        self._was_read = True
        counter = _Counter(self.size)
        async for piece in self.pieces:
            for part in _slices(counter.add(_bytes_of(piece))):
                yield part
        counter.finish()


class _Counter:
    """Whether as many bytes come as were announced."""

    def __init__(self, size: Optional[int]) -> None:
        self.left = size

    def add(self, piece: bytes) -> bytes:
        if self.left is not None:
            self.left -= len(piece)
            if self.left < 0:
                raise SourceError("more bytes came than `size` says")
        return piece

    def finish(self) -> None:
        if self.left:
            raise SourceError(f"{self.left} bytes fewer came than `size` says")


def source_of(
    source: AsyncUploadSource, filename: Optional[str] = None, size: Optional[int] = None
) -> Source:
    """What `source` is. `filename` is needed for what has no name of its own."""
    if isinstance(source, (str, os.PathLike)):
        path = os.fspath(source)
        return PathSource(path, filename or os.path.basename(path))
    if isinstance(source, (bytes, bytearray, memoryview)):
        return MemorySource(bytes(source), _needed(filename))
    if hasattr(source, "read"):
        own = getattr(source, "name", None)
        if filename is None and isinstance(own, str):
            filename = os.path.basename(own)
        return StreamSource(cast(IO[bytes], source), _needed(filename), size)
    if isinstance(source, AbcAsyncIterable):
        return AsyncSource(source, _needed(filename), size)
    if isinstance(source, AbcIterable):
        return IterableSource(source, _needed(filename), size)
    raise TypeError(f"{type(source).__name__} cannot be uploaded")


def _needed(filename: Optional[str]) -> str:
    if not filename:
        raise ValueError("give a filename=: the source has none")
    return filename


def _filename(name: str) -> bytes:
    """The parameter of a part, as browsers write it. They leave `%` as it is, which makes `%22` of a
    name and an escaped quote one text; such a name follows as RFC 8187 has it, which the vault reads
    first."""
    quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
    try:
        plain = f'filename="{quoted}"'.encode()
    except UnicodeEncodeError:
        raise SourceError(f"{name!r} is not text; give another name by `filename`") from None
    if "%" not in name:
        return plain
    escaped = "".join(f"%{byte:02X}" for byte in name.encode())
    return plain + f"; filename*=UTF-8''{escaped}".encode()


class FileForm:
    """A form with fields and files, each file with its checksum behind it, which is worked out
    while the file is sent: the server stores nothing that does not fit it."""

    def __init__(
        self,
        fields: Sequence[Tuple[str, str]],
        files: Sequence[Tuple[Source, Optional[str]]],
        progress: Optional[Progress],
    ) -> None:
        """`files`: each with the checksum that the caller has, or None."""
        self._boundary = "mediavault-" + secrets.token_hex(16)
        self._fields = [(name, text.encode()) for name, text in fields]
        self._files = list(files)
        self._progress = progress
        self.content_type = "multipart/form-data; boundary=" + self._boundary
        sizes = [source.size for source, _ in files]
        self._total: Optional[int] = 0
        for size in sizes:
            self._total = None if size is None or self._total is None else self._total + size

    @property
    def length(self) -> Optional[int]:
        if self._total is None:
            return None
        around = sum(len(self._field(name, text)) for name, text in self._fields)
        checksum = len(self._checksum("0" * 64))
        for source, _ in self._files:
            around += len(self._file_head(source)) + 2 + checksum
        return around + len(self._end()) + self._total

    @property
    def can_be_sent(self) -> bool:
        return all(source.can_be_read for source, _ in self._files)

    def _field(self, name: str, text: bytes) -> bytes:
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        return head.encode() + text + b"\r\n"

    def _checksum(self, digest: str) -> bytes:
        return self._field("checksum", b"sha256:" + digest.encode())

    def _file_head(self, source: Source) -> bytes:
        opening = f'--{self._boundary}\r\nContent-Disposition: form-data; name="file"; '
        closing = "\r\nContent-Type: application/octet-stream\r\n\r\n"
        return opening.encode() + _filename(source.name) + closing.encode()

    def _end(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()

    def _head(self) -> bytes:
        return b"".join(self._field(name, text) for name, text in self._fields)

    def _after(self, known: Optional[str], digest: Any) -> bytes:
        return b"\r\n" + self._checksum(known or digest.hexdigest())

    def _counted(self) -> Callable[[bytes], bytes]:
        sent = 0

        def count(piece: bytes) -> bytes:
            nonlocal sent
            sent += len(piece)
            if self._progress:
                self._progress(sent, self._total)
            return piece

        return count

    def chunks(self) -> Iterator[bytes]:
        count = self._counted()
        yield self._head()
        for source, known in self._files:
            digest = hashlib.sha256()
            yield self._file_head(source)
            for piece in source.chunks():
                digest.update(piece)
                yield count(piece)
            yield self._after(known, digest)
        yield self._end()

    async def async_chunks(self) -> AsyncIterator[bytes]:
        count = self._counted()
        yield self._head()
        for source, known in self._files:
            digest = hashlib.sha256()
            yield self._file_head(source)
            async for piece in source.async_chunks():
                if source.in_memory:
                    digest.update(piece)
                else:
                    await anyio.to_thread.run_sync(digest.update, piece)
                yield count(piece)
            yield self._after(known, digest)
        yield self._end()


def hex_of(checksum: str) -> str:
    """`sha256:<hex>` -> `<hex>`. Throws ValueError."""
    digits = checksum[len("sha256:") :] if checksum.startswith("sha256:") else ""
    if len(digits) != 64 or any(one not in "0123456789abcdefABCDEF" for one in digits):
        raise ValueError("a checksum is `sha256:` and 64 hexadecimal digits")
    return digits


def form_for(
    sources: Sequence[Source],
    checksums: Sequence[Optional[str]],
    fields: Sequence[Tuple[str, Optional[str]]],
    tags: Optional[Sequence[str]],
    progress: Optional[Progress],
) -> FileForm:
    given: List[Tuple[str, str]] = [(name, text) for name, text in fields if text is not None]
    if tags:
        if any("," in tag for tag in tags):
            raise ValueError("a tag with a comma can be set by update() only")
        given.append(("tags", ",".join(tags)))
    known = [hex_of(one) if one is not None else None for one in checksums]
    return FileForm(given, list(zip(sources, known)), progress)
