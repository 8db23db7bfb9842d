"""Written by `tools/asyncify.py`; do not edit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, List, Optional, Sequence, Union

from . import _operations as ops
from ._operations import UNSET, Unset
from ._pages import AsyncPages
from .models import (
    ApiKey,
    Delivery,
    DeliveryStatus,
    EventName,
    KeyKind,
    NewApiKey,
    NewWebhook,
    Scope,
    Session,
    Share,
    Tokens,
    User,
    Webhook,
)

if TYPE_CHECKING:
    from ._async_client import AsyncMediaVault


class AsyncResource:
    def __init__(self, client: "AsyncMediaVault") -> None:
        self._client = client


class AsyncAuth(AsyncResource):
    """Accounts and sessions."""

    async def register(self, username: str, password: str, email: Optional[str] = None) -> User:
        """A new account; it is not logged in."""
        return await self._client._call(ops.register(username, password, email))

    async def login(self, username: str, password: str) -> Tokens:
        """Logs in; `username` may be an e-mail address. From then on the client refreshes its
        tokens by itself."""
        call = ops.log_in(username, password)
        return await self._client._run(self._client._core.log_in(call))

    async def refresh(self) -> Tokens:
        """New tokens now. The client does this by itself before they end."""
        tokens = self._client._core.session.tokens
        if tokens is None or not tokens.refresh_token:
            raise ValueError("there is no refresh token: log in first")
        await self._client._run(self._client._core.refresh(tokens.token))
        current = self._client._core.session.tokens
        assert current is not None
        return current

    async def logout(self) -> None:
        """Ends the session of this client."""
        await self._client._run(self._client._core.log_out(ops.log_out()))

    async def logout_all(self) -> int:
        """Ends every session of the account; how many there were."""
        return await self._client._run(self._client._core.log_out(ops.log_out_everywhere()))

    async def sessions(self) -> List[Session]:
        """The sessions of the account, the oldest first."""
        return await self._client._call(ops.list_sessions())

    async def end_session(self, id: str) -> None:
        """Ends a session, which may be one's own."""
        await self._client._call(ops.end_session(id))


class AsyncUsers(AsyncResource):
    """The caller's own account."""

    async def me(self) -> User:
        return await self._client._call(ops.show_me())

    async def update(
        self,
        *,
        username: Optional[str] = None,
        email: Union[str, None, Unset] = UNSET,
        password: Optional[str] = None,
        current_password: Optional[str] = None,
        if_match: Optional[str] = None,
    ) -> User:
        """Changes what is given; `email=None`: the account has none. A new `password` needs the
        `current_password`, and ends all other sessions."""
        call = ops.update_me(username, email, password, current_password, if_match)
        return await self._client._call(call)

    async def delete(self, password: str) -> None:
        """Deletes the account, with everything in it."""
        await self._client._run(self._client._core.log_out(ops.delete_me(password)))


class AsyncApiKeys(AsyncResource):
    """Keys for programs. They need a session; a key manages no keys."""

    async def create(
        self,
        name: str,
        *,
        kind: Optional[KeyKind] = None,
        scopes: Optional[Sequence[Scope]] = None,
        expires_at: Optional[datetime] = None,
        idempotency_key: Optional[str] = None,
    ) -> NewApiKey:
        """A new key; its `secret` is shown this once. Both scopes when none are given."""
        return await self._client._call(ops.create_key(name, kind, scopes, expires_at, idempotency_key))

    async def list(self) -> List[ApiKey]:
        return await self._client._call(ops.list_keys())

    async def delete(self, id: str) -> None:
        """Revokes a key."""
        await self._client._call(ops.delete_key(id))


class AsyncShares(AsyncResource):
    """Links for people without an account, each with a policy of its own."""

    async def share_media(
        self,
        media_id: str,
        *,
        password: Optional[str] = None,
        expires_at: Optional[datetime] = None,
        max_downloads: Optional[int] = None,
        allow_download: bool = True,
        idempotency_key: Optional[str] = None,
    ) -> Share:
        """A link to a file."""
        call = ops.create_share(
            "media",
            media_id,
            password,
            expires_at,
            max_downloads,
            allow_download,
            idempotency_key,
        )
        return await self._client._call(call)

    async def share_collection(
        self,
        collection_id: str,
        *,
        password: Optional[str] = None,
        expires_at: Optional[datetime] = None,
        max_downloads: Optional[int] = None,
        allow_download: bool = True,
        idempotency_key: Optional[str] = None,
    ) -> Share:
        """A link to a collection, which is shown as a gallery."""
        call = ops.create_share(
            "collections",
            collection_id,
            password,
            expires_at,
            max_downloads,
            allow_download,
            idempotency_key,
        )
        return await self._client._call(call)

    def list(self, *, per_page: Optional[int] = None) -> AsyncPages[Share]:
        """All shares, the newest first."""
        return self._client._pages(ops.list_shares(per_page))

    def list_of_media(self, media_id: str, *, per_page: Optional[int] = None) -> AsyncPages[Share]:
        """The shares of a file, the newest first."""
        return self._client._pages(ops.list_shares(per_page, "media", media_id))

    def list_of_collection(
        self, collection_id: str, *, per_page: Optional[int] = None
    ) -> AsyncPages[Share]:
        """The shares of a collection, the newest first."""
        return self._client._pages(ops.list_shares(per_page, "collections", collection_id))

    async def get(self, id: str) -> Share:
        return await self._client._call(ops.show_share(id))

    async def update(
        self,
        id: str,
        *,
        password: Union[str, None, Unset] = UNSET,
        expires_at: Union[datetime, None, Unset] = UNSET,
        max_downloads: Union[int, None, Unset] = UNSET,
        allow_download: Union[bool, Unset] = UNSET,
        if_match: Optional[str] = None,
    ) -> Share:
        """Changes what is given; None takes it away. The link stays."""
        call = ops.update_share(id, password, expires_at, max_downloads, allow_download, if_match)
        return await self._client._call(call)

    async def revoke(self, id: str, *, if_match: Optional[str] = None) -> None:
        """Ends the link."""
        await self._client._call(ops.revoke_share(id, if_match))


class AsyncWebhooks(AsyncResource):
    """Requests to a server of yours when something has happened; see `verify_webhook`."""

    async def create(
        self, url: str, events: Sequence[EventName], *, idempotency_key: Optional[str] = None
    ) -> NewWebhook:
        """A new webhook; its `secret` is shown this once."""
        return await self._client._call(ops.create_webhook(url, events, idempotency_key))

    async def list(self) -> List[Webhook]:
        return await self._client._call(ops.list_webhooks())

    async def get(self, id: str) -> Webhook:
        return await self._client._call(ops.show_webhook(id))

    async def update(
        self,
        id: str,
        *,
        url: Optional[str] = None,
        events: Optional[Sequence[EventName]] = None,
        active: Optional[bool] = None,
        if_match: Optional[str] = None,
    ) -> Webhook:
        """Changes what is given; `active=False` pauses it."""
        return await self._client._call(ops.update_webhook(id, url, events, active, if_match))

    async def delete(self, id: str, *, if_match: Optional[str] = None) -> None:
        await self._client._call(ops.delete_webhook(id, if_match))

    async def test(self, id: str, *, idempotency_key: Optional[str] = None) -> Delivery:
        """Has a test sent, once."""
        return await self._client._call(ops.test_webhook(id, idempotency_key))

    def deliveries(
        self, id: str, *, status: Optional[DeliveryStatus] = None, per_page: Optional[int] = None
    ) -> AsyncPages[Delivery]:
        """What was sent and what is to be, the newest first."""
        return self._client._pages(ops.list_deliveries(id, status, per_page))

    async def resend(
        self, id: str, delivery_id: str, *, idempotency_key: Optional[str] = None
    ) -> Delivery:
        """Has a delivery that is dead sent again."""
        return await self._client._call(ops.resend_delivery(id, delivery_id, idempotency_key))
