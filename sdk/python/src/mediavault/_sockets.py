"""The effects of realtime, performed with the package `websockets`; and the streams of events."""

from __future__ import annotations

import asyncio
import contextlib
import ssl as tls
import threading
from types import TracebackType
from typing import Any, AsyncIterator, Dict, Generic, Iterator, Optional, Type

import anyio

from ._core import USER_AGENT
from ._drivers import AsyncDriver, SyncDriver
from ._requests import Reply, Sleep
from .errors import ConnectionError as ConnectionLost
from .errors import MediaVaultError
from .errors import TimeoutError as TimedOut
from .realtime import (
    E,
    Feed,
    HandshakeRefused,
    Open,
    Receive,
    Shut,
    SocketClosed,
    Transmit,
)

ABNORMAL = 1006
# Seconds that a server has to answer the end of the connection.
CLOSE_TIMEOUT = 3.0


def _needed(error: ImportError) -> MediaVaultError:
    return MediaVaultError(
        f"realtime needs the package websockets: pip install 'mediavault-sdk[realtime]' ({error})"
    )


def _options(url: str, context: Optional[tls.SSLContext], trust_env: bool) -> Dict[str, Any]:
    options: Dict[str, Any] = {
        "user_agent_header": USER_AGENT,
        "compression": None,
        "close_timeout": CLOSE_TIMEOUT,
    }
    if url.startswith("wss:") and context is not None:
        options["ssl"] = context
    if not trust_env:
        options["proxy"] = None
    return options


def _refused(error: Any) -> HandshakeRefused:
    response = error.response
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    return HandshakeRefused(Reply(response.status_code, headers, bytes(response.body or b"")))


def _closed(error: Any) -> SocketClosed:
    if error.rcvd is None:
        return SocketClosed(ABNORMAL)
    return SocketClosed(error.rcvd.code, error.rcvd.reason)


class SyncSocketDriver(SyncDriver):
    def __init__(
        self, driver: SyncDriver, context: Optional[tls.SSLContext], trust_env: bool
    ) -> None:
        super().__init__(driver.http)
        try:
            import websockets.exceptions
            import websockets.sync.client
        except ImportError as error:
            raise _needed(error) from error
        self._connect = websockets.sync.client.connect
        self._errors = websockets.exceptions
        self._context, self._trust_env = context, trust_env
        self._socket: Any = None
        self.is_closed = threading.Event()

    def _perform(self, effect: Any) -> Any:
        if isinstance(effect, Open):
            return self._open(effect)
        if isinstance(effect, Shut):
            return self.shut()
        if isinstance(effect, Sleep):
            self.is_closed.wait(effect.seconds)
            return None
        if isinstance(effect, (Transmit, Receive)):
            try:
                if isinstance(effect, Transmit):
                    return self._socket.send(effect.text)
                return self._socket.recv(effect.timeout)
            except TimeoutError:
                return None
            except self._errors.ConnectionClosed as error:
                raise _closed(error) from None
        return super()._perform(effect)

    def _open(self, effect: Open) -> None:
        options = _options(effect.url, self._context, self._trust_env)
        try:
            self._socket = self._connect(effect.url, open_timeout=effect.timeout, **options)
        except self._errors.InvalidStatus as error:
            raise _refused(error) from None
        except TimeoutError as error:
            raise TimedOut("the WebSocket did not open in time", sent=False) from error
        except (OSError, EOFError, self._errors.WebSocketException) as error:
            raise ConnectionLost(f"the WebSocket did not open: {error}", sent=False) from error
        if self.is_closed.is_set():
            self.shut()

    def shut(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            with contextlib.suppress(OSError, self._errors.WebSocketException):
                socket.close()


class EventStream(Generic[E]):
    """Events as they happen: `for event in stream`. A context manager.

    One thread iterates; `close()` may be called from another, and ends the iteration.
    """

    def __init__(self, feed: Feed[E], driver: SyncSocketDriver) -> None:
        self._feed, self._driver = feed, driver
        self._is_entered = False

    @property
    def last_event_ids(self) -> Dict[str, str]:
        """Where another stream goes on, by channel, or channel and id (`media_updates/media_12`):
        the last events that were read, or what was before the first. Of uploads nothing."""
        return self._feed.last_event_ids

    @property
    def reconnects(self) -> int:
        return self._feed.reconnects

    def start(self) -> "EventStream[E]":
        """Connects and subscribes, so that nothing that happens from now on is missed."""
        try:
            self._driver.run(self._feed.start())
        except BaseException:
            self.close()
            raise
        return self

    def __iter__(self) -> Iterator[E]:
        """Outside of `with`, the end of a loop over it closes the stream."""
        try:
            while True:
                try:
                    event = next(self)
                except StopIteration:
                    return
                yield event
        finally:
            if not self._is_entered:
                self.close()

    def __next__(self) -> E:
        try:
            if not self._driver.is_closed.is_set():
                return self._driver.run(self._feed.next())
        except Exception:
            if not self._driver.is_closed.is_set():
                self.close()
                raise
        raise StopIteration

    def close(self) -> None:
        self._driver.is_closed.set()
        self._driver.shut()

    def __enter__(self) -> "EventStream[E]":
        self._is_entered = True
        return self.start()

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()


class AsyncSocketDriver(AsyncDriver):
    def __init__(
        self, driver: AsyncDriver, context: Optional[tls.SSLContext], trust_env: bool
    ) -> None:
        super().__init__(driver.http)
        try:
            import websockets.asyncio.client
            import websockets.exceptions
        except ImportError as error:
            raise _needed(error) from error
        self._connect = websockets.asyncio.client.connect
        self._errors = websockets.exceptions
        self._context, self._trust_env = context, trust_env
        self._socket: Any = None
        self.is_closed = False

    async def _perform(self, effect: Any) -> Any:
        if isinstance(effect, Open):
            return await self._open(effect)
        if isinstance(effect, Shut):
            return await self.shut()
        if isinstance(effect, (Transmit, Receive)):
            try:
                if isinstance(effect, Transmit):
                    return await self._socket.send(effect.text)
                return await asyncio.wait_for(self._socket.recv(), effect.timeout)
            except (TimeoutError, asyncio.TimeoutError):
                return None
            except self._errors.ConnectionClosed as error:
                raise _closed(error) from None
        return await super()._perform(effect)

    async def _open(self, effect: Open) -> None:
        options = _options(effect.url, self._context, self._trust_env)
        try:
            self._socket = await self._connect(effect.url, open_timeout=effect.timeout, **options)
        except self._errors.InvalidStatus as error:
            raise _refused(error) from None
        except (TimeoutError, asyncio.TimeoutError) as error:
            raise TimedOut("the WebSocket did not open in time", sent=False) from error
        except (OSError, EOFError, self._errors.WebSocketException) as error:
            raise ConnectionLost(f"the WebSocket did not open: {error}", sent=False) from error

    async def shut(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            with contextlib.suppress(OSError, self._errors.WebSocketException):
                await socket.close()


class AsyncEventStream(Generic[E]):
    """Events as they happen: `async for event in stream`. A context manager; needs asyncio."""

    def __init__(self, feed: Feed[E], driver: AsyncSocketDriver) -> None:
        self._feed, self._driver = feed, driver
        self._is_entered = False

    @property
    def last_event_ids(self) -> Dict[str, str]:
        """Where another stream goes on, by channel, or channel and id (`media_updates/media_12`):
        the last events that were read, or what was before the first. Of uploads nothing."""
        return self._feed.last_event_ids

    @property
    def reconnects(self) -> int:
        return self._feed.reconnects

    async def start(self) -> "AsyncEventStream[E]":
        """Connects and subscribes, so that nothing that happens from now on is missed."""
        try:
            await self._driver.run(self._feed.start())
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise
        return self

    async def __aiter__(self) -> AsyncIterator[E]:
        """Outside of `async with`, the end of a loop over it closes the stream."""
        try:
            while True:
                try:
                    event = await self.__anext__()
                except StopAsyncIteration:
                    return
                yield event
        finally:
            if not self._is_entered:
                await self.aclose()

    async def __anext__(self) -> E:
        try:
            if not self._driver.is_closed:
                return await self._driver.run(self._feed.next())
        except Exception:
            if not self._driver.is_closed:
                await self.aclose()
                raise
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self._driver.is_closed = True
        await self._driver.shut()

    async def __aenter__(self) -> "AsyncEventStream[E]":
        self._is_entered = True
        return await self.start()

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.aclose()
