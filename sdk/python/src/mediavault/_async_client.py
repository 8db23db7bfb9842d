"""The client for event loops: asyncio, or trio (but for realtime)."""

from __future__ import annotations

import ssl as tls
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Iterable,
    Mapping,
    Optional,
    Sequence,
    Type,
    TypeVar,
    Union,
    overload,
)

import anyio
import httpx

from ._async_media import AsyncCollections, AsyncMediaFiles, AsyncTrash
from ._async_resources import AsyncApiKeys, AsyncAuth, AsyncShares, AsyncUsers, AsyncWebhooks
from ._client import changed, tokens_given
from ._core import Core, Session, api_root, realtime_url
from ._drivers import AsyncDriver
from ._operations import UNSET, PageList, Unset
from ._options import Hooks, Options, Retry
from ._pages import AsyncPages
from ._requests import Call, Flow
from .models import Tokens
from .realtime import (
    CHANNELS,
    AnyEvent,
    Channel,
    Feed,
    KeptChannel,
    OnGap,
    Positions,
    RealtimeEvent,
    UploadChannel,
    UploadEvent,
    subscriptions_of,
)

if TYPE_CHECKING:
    from ._sockets import AsyncEventStream

T = TypeVar("T")


class AsyncMediaVault:
    """A caller of a vault: one account. Tasks: any of one event loop, at the same
    time. A context manager.

    `base_url` is that of the server (`https://vault.example`), or of its API if it ends in `/v1`.
    Credentials are an `api_key`, or a `token` with its `refresh_token`, or come by `auth.login()`.
    `on_tokens` is told of each new pair of tokens, to keep them, and None when the session has ended;
    calls wait for it, so it must make none itself.

    `timeout`, `deadline`, `retry` and `hooks` are those of Options. `ssl` is for servers with a
    certificate of an own authority; `trust_env=False` ignores proxies of the environment.
    `http_client` is used as it is, and not closed; `ssl` and `trust_env` are then for realtime only.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: Optional[str] = None,
        token: Optional[str] = None,
        refresh_token: Optional[str] = None,
        on_tokens: Optional[Callable[[Optional[Tokens]], None]] = None,
        timeout: float = 60.0,
        deadline: Optional[float] = None,
        retry: Retry = Retry(),
        hooks: Hooks = Hooks(),
        ssl: Optional[tls.SSLContext] = None,
        trust_env: bool = True,
        http_client: Optional[httpx.AsyncClient] = None,
    ) -> None:
        self._core = Core(
            api_root(base_url),
            Session(anyio.Lock(), api_key, tokens_given(token, refresh_token), on_tokens),
            Options(timeout, deadline, retry, hooks),
        )
        self._owned = None
        if http_client is None:
            http_client = self._owned = httpx.AsyncClient(
                verify=True if ssl is None else ssl, trust_env=trust_env
            )
        self._driver = AsyncDriver(http_client)
        self._ssl, self._trust_env = ssl, trust_env
        self._add_resources()

    def _add_resources(self) -> None:
        self.auth = AsyncAuth(self)
        self.users = AsyncUsers(self)
        self.api_keys = AsyncApiKeys(self)
        self.media = AsyncMediaFiles(self)
        self.trash = AsyncTrash(self)
        self.collections = AsyncCollections(self)
        self.shares = AsyncShares(self)
        self.webhooks = AsyncWebhooks(self)

    def with_options(
        self,
        *,
        timeout: Union[float, Unset] = UNSET,
        deadline: Union[float, None, Unset] = UNSET,
        retry: Union[Retry, Unset] = UNSET,
        hooks: Union[Hooks, Unset] = UNSET,
    ) -> "AsyncMediaVault":
        """The same client, with the same connections and credentials, and other options:
        `await client.with_options(deadline=2).media.get(id)`."""
        other = object.__new__(AsyncMediaVault)
        options = changed(self._core.options, timeout, deadline, retry, hooks)
        other._core = self._core.with_options(options)
        other._owned, other._driver = None, self._driver
        other._ssl, other._trust_env = self._ssl, self._trust_env
        other._add_resources()
        return other

    @property
    def tokens(self) -> Optional[Tokens]:
        """Those that are used now, to be kept secret; None without a session."""
        return self._core.session.tokens

    @overload
    def realtime(
        self,
        channels: Iterable[KeptChannel] = ...,
        *,
        resources: Optional[Mapping[KeptChannel, Sequence[str]]] = None,
        last_event_ids: Optional[Positions] = None,
        on_gap: Optional[OnGap] = None,
    ) -> "AsyncEventStream[RealtimeEvent]": ...

    @overload
    def realtime(
        self,
        channels: Iterable[UploadChannel],
        *,
        resources: Optional[Mapping[KeptChannel, Sequence[str]]] = None,
        last_event_ids: Optional[Positions] = None,
        on_gap: Optional[OnGap] = None,
    ) -> "AsyncEventStream[UploadEvent]": ...

    @overload
    def realtime(
        self,
        channels: Iterable[Channel],
        *,
        resources: Optional[Mapping[KeptChannel, Sequence[str]]] = None,
        last_event_ids: Optional[Positions] = None,
        on_gap: Optional[OnGap] = None,
    ) -> "AsyncEventStream[AnyEvent]": ...

    def realtime(
        self,
        channels: Iterable[Channel] = CHANNELS,
        *,
        resources: Optional[Mapping[KeptChannel, Sequence[str]]] = None,
        last_event_ids: Optional[Positions] = None,
        on_gap: Optional[OnGap] = None,
    ) -> "AsyncEventStream[Any]":
        """What happens to the account's files and collections, as it happens; with the channel
        `upload_updates` also how far its uploads are. Needs the extra `mediavault-sdk[realtime]`.

        The stream connects when it is first read, or by `async with`; it connects again where the
        connection breaks off, and misses nothing in between. `resources` narrows a channel to some
        ids. With the `last_event_ids` of an earlier stream it begins where that one ended: each
        channel and resource has a position of its own. `on_gap` is called with channel and id
        (None: all) where events are kept no longer: read the lists again.
        """
        from ._sockets import AsyncEventStream, AsyncSocketDriver

        wanted = subscriptions_of(channels, resources)
        feed: Feed[Any] = Feed(self._core, realtime_url(self._core.root), wanted, last_event_ids, on_gap)
        return AsyncEventStream(feed, AsyncSocketDriver(self._driver, self._ssl, self._trust_env))

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._owned is not None:
            await self._owned.aclose()

    async def __aenter__(self) -> "AsyncMediaVault":
        return self

    async def __aexit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        await self.aclose()

    # For the resources.

    async def _run(self, flow: Flow[T]) -> T:
        return await self._driver.run(flow)

    async def _call(self, call: Call[T]) -> T:
        return await self._driver.run(self._core.call(call))

    def _pages(self, pages: PageList[T]) -> AsyncPages[T]:
        return AsyncPages(self._call, pages)
