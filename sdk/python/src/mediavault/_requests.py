"""Requests and replies as values, and what a call asks of the client that carries it out.

A call is written once, as a *flow*: a generator that yields effects (`Send`, `Sleep`, …) and is
given their results. The blocking client and the asynchronous one differ only in how they perform
effects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import (
    Any,
    AsyncIterator,
    Callable,
    Generator,
    Generic,
    Iterator,
    Mapping,
    Optional,
    Protocol,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)
from urllib.parse import quote, urlencode

T = TypeVar("T")

Progress = Callable[[int, Optional[int]], None]


class Body(Protocol):
    """A body that is streamed."""

    content_type: str

    @property
    def length(self) -> Optional[int]:
        """Bytes; None: not known."""

    @property
    def can_be_sent(self) -> bool:
        """Whether its bytes can be read, once more if they were before."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes from the beginning. Throws SourceError."""

    def async_chunks(self) -> AsyncIterator[bytes]:
        """The same; reads from the disk do not block the event loop."""


@dataclass(frozen=True)
class Request:
    """A request below the API's root, without credentials. Its body, which may have a password, is
    not shown."""

    method: str
    path: str
    query: Sequence[Tuple[str, str]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    json: Optional[Mapping[str, Any]] = field(default=None, repr=False)
    body: Optional[Body] = None
    is_authenticated: bool = True
    # Whether it may be sent again when its reply was lost.
    is_repeatable: bool = True
    # Whether the body of the reply is read piece by piece.
    is_streamed: bool = False

    def url(self, root: str) -> str:
        return root + self.path + ("?" + urlencode(self.query) if self.query else "")


@dataclass(frozen=True)
class HttpRequest:
    """A request as it goes out. `timeout` as in Options."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: Union[None, bytes, Body] = field(repr=False)
    timeout: float
    is_streamed: bool


@dataclass(frozen=True)
class Reply:
    """`headers` have names in lower case. `stream` is the open body of a streamed reply."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    stream: Any = None


@dataclass(frozen=True)
class Send:
    """A Reply; throws ConnectionLost. The body of a streamed reply from 400 on is read."""

    request: HttpRequest


@dataclass(frozen=True)
class NextChunk:
    """The next bytes of a streamed reply, b"" at the end; throws ConnectionLost."""

    reply: Reply


@dataclass(frozen=True)
class CloseReply:
    """Gives the connection of a streamed reply back. Does not throw."""

    reply: Reply


@dataclass(frozen=True)
class Sleep:
    seconds: float


@dataclass(frozen=True)
class Blocking:
    """What the function returns; it may read and write files and compute for long."""

    function: Callable[[], Any]


@dataclass(frozen=True)
class Locked:
    """What the flow returns, while the lock is held."""

    lock: Any
    flow: "Flow[Any]"


# Yields effects, these and those of realtime, and is sent what they give.
Flow = Generator[object, Any, T]


@dataclass(frozen=True)
class Call(Generic[T]):
    """A request, and what its reply means. `after_loss` is the result of a request that finds its
    thing, or its session, gone after the reply to an earlier attempt was lost."""

    request: Request
    decode: Callable[[Reply], T]
    after_loss: Optional[Callable[[], T]] = None


def path_of(*segments: str) -> str:
    """`("media", "media_12")` -> `/media/media_12`. Throws ValueError for what is no segment."""
    path = ""
    for segment in segments:
        if segment in ("", ".", ".."):
            raise ValueError(f"{segment!r} is not an id")
        path += "/" + quote(segment, safe="")
    return path
