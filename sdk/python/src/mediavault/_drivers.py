"""Perform the effects of flows: with httpx, in the calling thread or in an event loop."""

from __future__ import annotations

import contextlib
import time
from typing import Any, AsyncIterator, Dict, Iterator, Optional, TypeVar, Union

import anyio
import anyio.to_thread
import httpx

from ._requests import (
    Blocking,
    CloseReply,
    Flow,
    HttpRequest,
    Locked,
    NextChunk,
    Reply,
    Send,
    Sleep,
)
from .errors import ConnectionError as ConnectionLost
from .errors import TimeoutError as TimedOut

T = TypeVar("T")

# Connections that were never made carried nothing.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def _translated(error: Exception) -> ConnectionLost:
    sent = not isinstance(error, _NOT_SENT)
    message = str(error) or type(error).__name__
    kind = TimedOut if isinstance(error, httpx.TimeoutException) else ConnectionLost
    return kind(message, sent=sent)


@contextlib.contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except (httpx.TransportError, httpx.StreamError) as error:
        raise _translated(error) from error


def _headers_of(reply: httpx.Response) -> Dict[str, str]:
    # httpx has them in lower case.
    return dict(reply.headers.items())


class SyncDriver:
    """Threads: any."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def run(self, flow: Flow[T]) -> T:
        result: Any = None
        failure: Optional[BaseException] = None
        while True:
            try:
                effect = flow.send(result) if failure is None else flow.throw(failure)
            except StopIteration as done:
                value: T = done.value
                return value
            result, failure = None, None
            try:
                result = self._perform(effect)
            except BaseException as error:  # The flow decides.
                failure = error

    def _perform(self, effect: object) -> Any:
        if isinstance(effect, Send):
            with _translating():
                return self._send(effect.request)
        if isinstance(effect, NextChunk):
            with _translating():
                return next(effect.reply.stream[1], b"")
        if isinstance(effect, CloseReply):
            with contextlib.suppress(httpx.HTTPError, OSError):
                effect.reply.stream[0].close()
            return None
        if isinstance(effect, Sleep):
            time.sleep(effect.seconds)
            return None
        if isinstance(effect, Blocking):
            return effect.function()
        assert isinstance(effect, Locked)
        with effect.lock:
            return self.run(effect.flow)

    def _send(self, request: HttpRequest) -> Reply:
        content: Union[None, bytes, Iterator[bytes]] = None
        if isinstance(request.content, bytes):
            content = request.content
        elif request.content is not None:
            content = request.content.chunks()
        built = self.http.build_request(
            request.method,
            request.url,
            headers=request.headers,
            content=content,
            timeout=request.timeout,
        )
        reply = self.http.send(built, stream=request.is_streamed, follow_redirects=False)
        headers = _headers_of(reply)
        if not request.is_streamed:
            return Reply(reply.status_code, headers, reply.content)
        if reply.status_code >= 400:
            try:
                return Reply(reply.status_code, headers, reply.read())
            finally:
                reply.close()
        return Reply(reply.status_code, headers, stream=(reply, reply.iter_raw()))


class AsyncDriver:
    """Tasks: any, of one event loop."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def run(self, flow: Flow[T]) -> T:
        result: Any = None
        failure: Optional[BaseException] = None
        while True:
            try:
                effect = flow.send(result) if failure is None else flow.throw(failure)
            except StopIteration as done:
                value: T = done.value
                return value
            result, failure = None, None
            try:
                result = await self._perform(effect)
            except BaseException as error:  # The flow decides; cancellation passes through it.
                failure = error

    async def _perform(self, effect: object) -> Any:
        if isinstance(effect, Send):
            with _translating():
                return await self._send(effect.request)
        if isinstance(effect, NextChunk):
            with _translating():
                return await _next_of(effect.reply.stream[1])
        if isinstance(effect, CloseReply):
            # Also where the call is being cancelled.
            with anyio.CancelScope(shield=True), contextlib.suppress(httpx.HTTPError, OSError):
                await effect.reply.stream[0].aclose()
            return None
        if isinstance(effect, Sleep):
            await anyio.sleep(effect.seconds)
            return None
        if isinstance(effect, Blocking):
            with anyio.CancelScope(shield=True):
                return await anyio.to_thread.run_sync(effect.function)
        assert isinstance(effect, Locked)
        async with effect.lock:
            return await self.run(effect.flow)

    async def _send(self, request: HttpRequest) -> Reply:
        content: Union[None, bytes, AsyncIterator[bytes]] = None
        if isinstance(request.content, bytes):
            content = request.content
        elif request.content is not None:
            content = request.content.async_chunks()
        built = self.http.build_request(
            request.method,
            request.url,
            headers=request.headers,
            content=content,
            timeout=request.timeout,
        )
        reply = await self.http.send(built, stream=request.is_streamed, follow_redirects=False)
        headers = _headers_of(reply)
        if not request.is_streamed:
            return Reply(reply.status_code, headers, reply.content)
        if reply.status_code >= 400:
            try:
                return Reply(reply.status_code, headers, await reply.aread())
            finally:
                await reply.aclose()
        return Reply(reply.status_code, headers, stream=(reply, reply.aiter_raw()))


async def _next_of(pieces: AsyncIterator[bytes]) -> bytes:
    try:
        return await pieces.__anext__()
    except StopAsyncIteration:
        return b""
