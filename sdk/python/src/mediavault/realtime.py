"""Events of the vault as they happen, over a WebSocket that is opened again when it breaks off."""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import (
    Any,
    Callable,
    Deque,
    Dict,
    Generic,
    Iterable,
    List,
    Literal,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
    Union,
    cast,
)

from ._core import Core, error_of
from ._decode import decode
from ._options import RequestInfo, RetryInfo
from ._requests import Flow, Reply, Sleep
from .errors import (
    ConnectionError as ConnectionLost,
    ApiError,
    FieldError,
    ForbiddenError,
    MediaVaultError,
    RealtimeError,
    UnauthorizedError,
    error_for,
)
from .models import EventName, WebhookData

__all__ = [
    "Channel",
    "KeptChannel",
    "RealtimeEvent",
    "UploadEvent",
    "UploadProgress",
    "UploadStatus",
]

# Of these the vault keeps events, and single files or collections can be followed.
KeptChannel = Literal["media_updates", "collection_updates"]
UploadChannel = Literal["upload_updates"]
Channel = Literal["media_updates", "collection_updates", "upload_updates"]
UploadStatus = Literal["receiving", "received", "failed"]


@dataclass(frozen=True)
class RealtimeEvent:
    """Something that happened. `id` is what `last_event_ids` of another stream may be."""

    id: str
    channel: KeptChannel
    resource_id: str
    event: EventName
    data: WebhookData
    timestamp: datetime


@dataclass(frozen=True)
class UploadProgress:
    """How far an upload is, through whatever API it comes."""

    id: str
    user_id: str
    # "received": all bytes have come, and the file is about to be stored.
    status: UploadStatus
    # Bytes of the file.
    received: int
    # Of the file; None where it was not announced, as in forms.
    size: Optional[int]
    # Of the request that brings it; None where it was not announced.
    request_size: Optional[int]
    started_at: datetime


@dataclass(frozen=True)
class UploadEvent:
    """A step of an upload, at most four a second. It is not kept: it has no `id`, and that of a
    broken connection does not come again."""

    id: None
    channel: UploadChannel
    resource_id: str
    event: Literal["upload.progress"]
    data: UploadProgress
    timestamp: datetime


AnyEvent = Union[RealtimeEvent, UploadEvent]
# Which events a stream has.
E = TypeVar("E", bound=AnyEvent, covariant=True)

# Where a stream is to begin: the `last_event_ids` of another one, or one id for all subscriptions.
Positions = Union[str, Mapping[str, str]]

# Called with a channel, and with an id where the subscription is to one file or collection.
OnGap = Callable[[Channel, Optional[str]], None]

CHANNELS: Tuple[KeptChannel, KeptChannel] = ("media_updates", "collection_updates")


@dataclass(frozen=True)
class Subscription:
    """To all of the account's, or to one file or collection."""

    channel: Channel
    resource_id: Optional[str] = None

    @property
    def key(self) -> str:
        """Its name in `last_event_ids`: `media_updates`, `media_updates/media_12`."""
        return self.channel if self.resource_id is None else f"{self.channel}/{self.resource_id}"

    def covers(self, event: RealtimeEvent) -> bool:
        return event.channel == self.channel and self.resource_id in (None, event.resource_id)


def subscriptions_of(
    channels: Iterable[Channel], resources: Optional[Mapping[KeptChannel, Sequence[str]]]
) -> List[Subscription]:
    """Either to all of a channel or to some of it, so that each event is of one subscription: the
    ids of one never run ahead of another's while both are sent what they missed."""
    wanted: List[Subscription] = []
    for channel in dict.fromkeys(channels):
        ids = None if resources is None else resources.get(cast(KeptChannel, channel))
        if ids is None:
            wanted.append(Subscription(channel))
        else:
            wanted += [Subscription(channel, id) for id in dict.fromkeys(ids)]
    if not wanted:
        raise ValueError("there is no channel to follow")
    return wanted


# Close codes.
UNAUTHORIZED = 4401
FORBIDDEN = 4403
# What another connection would end with too.
FATAL = frozenset({1002, 1003, 1007, 1009})


class SocketClosed(Exception):
    """`code` is 1006 where the connection just broke off."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code} {reason}".strip())
        self.code, self.reason = code, reason


class HandshakeRefused(Exception):
    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.status))
        self.reply = reply


# Effects of the socket; all but Open and Shut throw SocketClosed.


@dataclass(frozen=True)
class Open:
    """Throws HandshakeRefused, ConnectionLost."""

    url: str
    timeout: float


@dataclass(frozen=True)
class Transmit:
    text: str = field(repr=False)  # it may have a token


@dataclass(frozen=True)
class Receive:
    """The next text; None where there is none in so many seconds. None: any number of them."""

    timeout: Optional[float]


@dataclass(frozen=True)
class Shut:
    """Closes the socket, if there is one."""


class Feed(Generic[E]):
    """The events of some subscriptions. Not for several threads or tasks at once."""

    def __init__(
        self,
        core: Core,
        url: str,
        subscriptions: Iterable[Subscription],
        last_event_ids: Optional[Positions],
        on_gap: Optional[OnGap],
    ) -> None:
        self._core, self._url, self._on_gap = core, url, on_gap
        # Each subscription has a position of its own: what came by the socket, and what was read.
        self._seen: Dict[Subscription, Optional[str]] = {
            one: last_event_ids if isinstance(last_event_ids, str) else (last_event_ids or {}).get(one.key)
            for one in subscriptions
        }
        self._read = {one: seen for one, seen in self._seen.items() if seen is not None}
        self._events: Deque[E] = deque()
        self._is_open = False
        self._was_open = False
        self._is_subscribed = False
        self._awaited = 0  # subscriptions of this connection
        self._failures = 0  # in a row
        self._refusals = 0  # of credentials, in a row
        self._token: Optional[str] = None
        self._refused_token: Optional[str] = None  # to be refreshed
        self._authenticate_at: Optional[float] = None
        self.reconnects = 0

    @property
    def last_event_ids(self) -> Dict[str, str]:
        return {one.key: id for one, id in self._read.items()}

    def next(self) -> Flow[E]:
        """The next one, whenever it happens."""
        while not self._events:
            yield from self._step()
        event = self._events.popleft()
        if isinstance(event, RealtimeEvent):
            for one in self._seen:
                if one.covers(event):
                    self._read[one] = event.id
        return event

    def start(self) -> Flow[None]:
        """Connects; returns once everything is subscribed to."""
        while not self._was_open:
            yield from self._step()

    def _step(self) -> Flow[None]:
        """Connects, or takes one message; what breaks off is waited for."""
        try:
            if not self._is_open:
                yield from self._open()
            yield from self._receive()
        except SocketClosed as closed:
            yield from self._lost(closed)
        except HandshakeRefused as refused:
            yield from self._refused(error_of(refused.reply))
        except ApiError as error:
            yield from self._refused(error)
        except ConnectionLost as failure:
            yield from self._wait(failure)

    def _refused(self, error: ApiError) -> Flow[None]:
        if error.status not in self._core.options.retry.statuses:
            raise error
        yield from self._wait(error)

    def _open(self) -> Flow[None]:
        if self._refused_token is not None:
            yield from self._core.refresh(self._refused_token)
            self._refused_token = None
        yield Open(self._url, self._core.options.timeout)
        self._is_open = True
        self._awaited = len(self._seen)
        self._is_subscribed = False
        yield from self._authenticate()

    def _authenticate(self) -> Flow[None]:
        token = yield from self._core.current_token()
        message = {"type": "auth"}
        if token:
            message["token"] = token
        elif self._core.session.api_key:
            message["api_key"] = self._core.session.api_key
        else:
            raise MediaVaultError("log in first, or give an api_key: realtime needs credentials")
        self._token = token
        self._authenticate_at = self._core.session.refresh_at
        yield Transmit(json.dumps(message))

    def _receive(self) -> Flow[None]:
        timeout: Optional[float] = None
        if self._authenticate_at is not None:
            timeout = max(0.0, self._authenticate_at - time.monotonic())
        text: Optional[str] = yield Receive(timeout)
        if text is None:
            yield from self._authenticate()
            return
        message = json.loads(text)
        kind = message.get("type")
        if kind == "authenticated":
            if not self._is_subscribed:
                self._is_subscribed = True
                yield from self._subscribe()
        elif kind == "subscribed":
            self._subscribed(message)
        elif kind == "event":
            self._event(message)
        elif kind == "error":
            self._error(message)

    def _subscribe(self) -> Flow[None]:
        for one, seen in self._seen.items():
            message: Dict[str, Any] = {"type": "subscribe", "channel": one.channel}
            if one.resource_id is not None:
                message["resource_id"] = one.resource_id
            if seen is not None:
                message["last_event_id"] = seen
            yield Transmit(json.dumps(message))

    def _subscribed(self, message: Dict[str, Any]) -> None:
        self._awaited -= 1
        self._refusals = 0
        if self._awaited == 0:
            self._was_open = True
            self._failures = 0
        for one, seen in self._seen.items():
            if (one.channel, one.resource_id) == (message["channel"], message["resource_id"]):
                if one.channel != "upload_updates" and (seen is None or message["gap"]):
                    self._seen[one] = message["last_event_id"]
                    # What was before the first event is where to go on from, until one is read.
                    self._read.setdefault(one, message["last_event_id"])
                if message["gap"] and self._on_gap:
                    self._on_gap(one.channel, one.resource_id)

    def _event(self, message: Dict[str, Any]) -> None:
        if message["channel"] == "upload_updates":
            self._events.append(cast(E, decode(UploadEvent, message, id=None)))
            return
        event = decode(RealtimeEvent, message)
        for one in self._seen:
            if one.covers(event):
                self._seen[one] = event.id
        self._events.append(cast(E, event))

    def _error(self, message: Dict[str, Any]) -> None:
        code = str(message.get("code"))
        # The close that follows says what is to be done about these.
        if code in ("unauthorized", "busy", "rate_limited"):
            return
        details = [FieldError(one["field"], one["message"]) for one in message.get("details", [])]
        raise error_for(code, str(message.get("message")), details=details)

    def _lost(self, closed: SocketClosed) -> Flow[None]:
        self._is_open = False
        yield Shut()
        if closed.code == FORBIDDEN:
            raise ForbiddenError("forbidden", closed.reason or "the key may not read")
        if closed.code in FATAL:
            raise RealtimeError(str(closed), closed.code)
        if closed.code == UNAUTHORIZED:
            self._refusals += 1
            if self._refusals > 1 or not self._core.session.can_refresh(self._token):
                raise UnauthorizedError("unauthorized", closed.reason or "the credentials have ended")
            self._refused_token = self._token
            self.reconnects += 1
            return
        yield from self._wait(ConnectionLost(f"the WebSocket was {closed}"))

    def _wait(self, error: Union[ApiError, ConnectionLost]) -> Flow[None]:
        """Before the next connection; the first one is not tried for ever."""
        self._is_open = False
        yield Shut()
        self._failures += 1
        retry = self._core.options.retry
        if not self._was_open and self._failures >= retry.attempts:
            raise error
        delay = self._core.delay(self._failures, error)
        if delay is None:
            delay = retry.max_retry_after
        if self._core.options.hooks.on_retry:
            info = RequestInfo("GET", "/realtime", self._failures)
            self._core.options.hooks.on_retry(RetryInfo(info, delay, error))
        yield Sleep(delay)
        self.reconnects += 1
