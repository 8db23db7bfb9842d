"""The bytes of a file as they come, in both ways."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, AsyncIterator, Iterator, Optional, Type

from ._downloads import Download, read
from .models import Downloaded

if TYPE_CHECKING:
    from ._async_client import AsyncMediaVault
    from ._client import MediaVault


class ContentStream:
    """The bytes of a file as they come: `for piece in stream`, once. A context manager.

    Where the connection breaks off, it goes on with the next byte. The end comes only when all bytes
    were there and fit the server's digest; then `result` is set.
    """

    def __init__(self, client: "MediaVault", download: Download) -> None:
        self._client, self._download = client, download

    @property
    def size(self) -> Optional[int]:
        return self._download.size

    @property
    def media_type(self) -> str:
        return self._download.media_type

    @property
    def etag(self) -> Optional[str]:
        return self._download.etag

    @property
    def result(self) -> Optional[Downloaded]:
        return self._download.result

    def __iter__(self) -> Iterator[bytes]:
        if not self._download.begun:
            raise TypeError("use the stream in `with`")
        while piece := self._client._run(self._download.next()):
            yield piece

    def read(self) -> bytes:
        """All bytes at once, for small files."""
        return self._client._run(read(self._download))

    def close(self) -> None:
        self._client._run(self._download.close())

    def __enter__(self) -> "ContentStream":
        self._client._run(self._download.open())
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()


class AsyncContentStream:
    """The bytes of a file as they come: `async for piece in stream`, once. A context manager.

    Where the connection breaks off, it goes on with the next byte. The end comes only when all bytes
    were there and fit the server's digest; then `result` is set.
    """

    def __init__(self, client: "AsyncMediaVault", download: Download) -> None:
        self._client, self._download = client, download

    @property
    def size(self) -> Optional[int]:
        return self._download.size

    @property
    def media_type(self) -> str:
        return self._download.media_type

    @property
    def etag(self) -> Optional[str]:
        return self._download.etag

    @property
    def result(self) -> Optional[Downloaded]:
        return self._download.result

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if not self._download.begun:
            raise TypeError("use the stream in `async with`")
        while piece := await self._client._run(self._download.next()):
            yield piece

    async def read(self) -> bytes:
        """All bytes at once, for small files."""
        return await self._client._run(read(self._download))

    async def aclose(self) -> None:
        await self._client._run(self._download.close())

    async def __aenter__(self) -> "AsyncContentStream":
        await self._client._run(self._download.open())
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.aclose()
