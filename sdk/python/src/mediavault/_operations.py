"""Every call of the API as a value: what is sent, and what the reply means. Nothing is done here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import (
    Any,
    Callable,
    Dict,
    Generic,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
    TypeVar,
    Union,
)

from ._core import data_of, envelope_of, tokens_of
from ._decode import decode, time_text
from ._requests import Body, Call, Progress, Reply, Request, path_of
from ._sources import Source, form_for
from .errors import MediaVaultError
from .models import (
    ApiKey,
    Collection,
    DeletedMedia,
    Delivery,
    EmptiedTrash,
    EventName,
    Media,
    NewApiKey,
    NewWebhook,
    Page,
    Pagination,
    Picture,
    Scope,
    Session,
    Share,
    Tokens,
    TrashedMedia,
    User,
    Webhook,
)

T = TypeVar("T")


class Unset:
    """The type of UNSET."""

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False


# What a parameter is where None means something: it is left as it is.
UNSET = Unset()


def _json(members: Mapping[str, Any]) -> Dict[str, Any]:
    """The members that are set; times as text."""
    result: Dict[str, Any] = {}
    for name, value in members.items():
        if not isinstance(value, Unset):
            result[name] = time_text(value) if isinstance(value, datetime) else value
    return result


def _given(members: Mapping[str, Any]) -> Dict[str, Any]:
    """The members that are not None; times as text."""
    return _json({name: value for name, value in members.items() if value is not None})


def _query(parameters: Mapping[str, Any]) -> List[Tuple[str, str]]:
    result = []
    for name, value in _given(parameters).items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        result.append((name, text))
    return result


def _key(idempotency_key: Optional[str]) -> Dict[str, str]:
    """One is always sent, so that a request whose reply was lost can be sent again."""
    return {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}


def _change(
    method: str,
    path: str,
    if_match: Optional[str],
    *,
    query: Sequence[Tuple[str, str]] = (),
    headers: Optional[Mapping[str, str]] = None,
    json: Optional[Mapping[str, Any]] = None,
    body: Optional[Body] = None,
) -> Request:
    """One that may be carried out once only, where it depends on what it changes."""
    all_headers = dict(headers or {})
    if if_match is not None:
        all_headers["If-Match"] = if_match
    return Request(
        method, path, query, all_headers, json, body, is_repeatable=if_match is None
    )


def _one(kind: Type[T]) -> Callable[[Reply], T]:
    return lambda reply: decode(kind, data_of(reply))


def _tagged(kind: Type[T]) -> Callable[[Reply], T]:
    return lambda reply: decode(kind, data_of(reply), etag=reply.headers.get("etag"))


def _all(kind: Type[T]) -> Callable[[Reply], List[T]]:
    def read(reply: Reply) -> List[T]:
        data = data_of(reply)
        if not isinstance(data, list):
            raise MediaVaultError("data of the reply is not a list")
        return [decode(kind, item) for item in data]

    return read


def _nothing(_: Reply) -> None:
    return None


def _gone() -> None:
    return None


def _number(name: str) -> Callable[[Reply], int]:
    def read(reply: Reply) -> int:
        value = data_of(reply).get(name)
        if not isinstance(value, int):
            raise MediaVaultError(f"{name} of the reply is not a number")
        return value

    return read


# Lists by pages.


@dataclass(frozen=True)
class PageList(Generic[T]):
    """A list that is read page by page, by cursor."""

    path: str
    kind: Type[T]
    query: Sequence[Tuple[str, str]]
    per_page: Optional[int]

    def call(self, cursor: str) -> Call[Page[T]]:
        """The page at a cursor; "" is the first one."""
        query = [("cursor", cursor), *self.query]
        if self.per_page is not None:
            query.append(("per_page", str(self.per_page)))
        return Call(Request("GET", self.path, query=query), self._read)

    def _read(self, reply: Reply) -> Page[T]:
        envelope = envelope_of(reply)
        items = envelope["data"]
        meta = envelope.get("meta")
        if not isinstance(items, list) or not isinstance(meta, dict):
            raise MediaVaultError("the reply is not a page of a list")
        pagination = decode(Pagination, meta.get("pagination"), "pagination")
        return Page(tuple(decode(self.kind, item) for item in items), pagination)

    def next(self, page: Page[T]) -> Optional[str]:
        """The cursor of the page behind it; None: there is none."""
        cursor = page.pagination.links.get("next_cursor")
        return cursor if isinstance(cursor, str) else None


# Authentication and accounts.


def register(username: str, password: str, email: Optional[str]) -> Call[User]:
    body = _given({"username": username, "password": password, "email": email})
    request = Request(
        "POST", "/auth/register", json=body, is_authenticated=False, is_repeatable=False
    )
    return Call(request, _one(User))


def log_in(username: str, password: str) -> Call[Tokens]:
    body = {"username": username, "password": password}
    return Call(Request("POST", "/auth/login", json=body, is_authenticated=False), tokens_of)


def log_out() -> Call[None]:
    request = Request("POST", "/auth/logout", headers=_key(None))
    return Call(request, _nothing, after_loss=_gone)


def log_out_everywhere() -> Call[int]:
    return Call(Request("POST", "/auth/logout-all", headers=_key(None)), _number("sessions_ended"))


def list_sessions() -> Call[List[Session]]:
    return Call(Request("GET", "/auth/sessions"), _all(Session))


def end_session(id: str) -> Call[None]:
    return _remove(path_of("auth", "sessions", id))


def show_me() -> Call[User]:
    return Call(Request("GET", "/users/me"), _tagged(User))


def update_me(
    username: Optional[str],
    email: Union[str, None, Unset],
    password: Optional[str],
    current_password: Optional[str],
    if_match: Optional[str],
) -> Call[User]:
    body = _given(
        {"username": username, "password": password, "current_password": current_password}
    )
    body.update(_json({"email": email}))
    return Call(_change("PATCH", "/users/me", if_match, json=body), _tagged(User))


def delete_me(password: str) -> Call[None]:
    request = Request("DELETE", "/users/me", json={"password": password})
    return Call(request, _nothing, after_loss=_gone)


def create_key(
    name: str,
    kind: Optional[str],
    scopes: Optional[Sequence[Scope]],
    expires_at: Optional[datetime],
    idempotency_key: Optional[str],
) -> Call[NewApiKey]:
    body = _given(
        {
            "name": name,
            "kind": kind,
            "scopes": None if scopes is None else list(scopes),
            "expires_at": expires_at,
        }
    )
    return Call(Request("POST", "/api-keys", headers=_key(idempotency_key), json=body), _one(NewApiKey))


def list_keys() -> Call[List[ApiKey]]:
    return Call(Request("GET", "/api-keys"), _all(ApiKey))


def delete_key(id: str) -> Call[None]:
    return _remove(path_of("api-keys", id))


def _remove(path: str, if_match: Optional[str] = None) -> Call[None]:
    return Call(_change("DELETE", path, if_match), _nothing, after_loss=_gone)


# Media.


def _uploaded(reply: Reply) -> List[Media]:
    data = data_of(reply)
    return [decode(Media, one) for one in (data if isinstance(data, list) else [data])]


def upload(
    sources: Sequence[Source],
    checksums: Sequence[Optional[str]],
    title: Optional[str],
    description: Optional[str],
    tags: Optional[Sequence[str]],
    progress: Optional[Progress],
    idempotency_key: Optional[str],
) -> Call[List[Media]]:
    fields = [("title", title), ("description", description)]
    form = form_for(sources, checksums, fields, tags, progress)
    request = Request("POST", "/media/upload", headers=_key(idempotency_key), body=form)
    return Call(request, _uploaded)


def replace_content(
    id: str,
    source: Source,
    checksum: Optional[str],
    progress: Optional[Progress],
    if_match: Optional[str],
) -> Call[Media]:
    form = form_for([source], [checksum], [], None, progress)
    path = path_of("media", id, "content")
    # The reply's ETag is that of the content, not of the object.
    return Call(_change("PUT", path, if_match, body=form), _one(Media))


def find_existing(checksums: Sequence[str]) -> Call[Dict[str, Optional[str]]]:
    def read(reply: Reply) -> Dict[str, Optional[str]]:
        data = data_of(reply)
        if not isinstance(data, dict):
            raise MediaVaultError("data of the reply is not an object")
        return {str(name): None if id is None else str(id) for name, id in data.items()}

    # Without a key, which would have the vault keep the reply: it changes nothing to ask again.
    return Call(Request("POST", "/media/exists", json={"checksums": list(checksums)}), read)


def list_media(filters: Mapping[str, Any], per_page: Optional[int]) -> PageList[Media]:
    return PageList("/media", Media, _query(filters), per_page)


def show_media(id: str) -> Call[Media]:
    return Call(Request("GET", path_of("media", id)), _tagged(Media))


def _unless_unchanged(kind: Type[T]) -> Callable[[Reply], Optional[T]]:
    read = _tagged(kind)
    return lambda reply: None if reply.status == 304 else read(reply)


def media_if_changed(id: str, etag: str) -> Call[Optional[Media]]:
    request = Request("GET", path_of("media", id), headers={"If-None-Match": etag})
    return Call(request, _unless_unchanged(Media))


def update_media(
    id: str,
    filename: Union[str, Unset],
    title: Union[str, None, Unset],
    description: Union[str, None, Unset],
    tags: Union[Sequence[str], Unset],
    if_match: Optional[str],
) -> Call[Media]:
    body = _json(
        {
            "filename": filename,
            "title": title,
            "description": description,
            "tags": tags if isinstance(tags, Unset) else list(tags),
        }
    )
    request = _change("PATCH", path_of("media", id), if_match, json=body)
    return Call(request, _tagged(Media))


def delete_media(id: str, permanent: bool, if_match: Optional[str]) -> Call[DeletedMedia]:
    query = _query({"permanent": permanent})
    request = _change("DELETE", path_of("media", id), if_match, query=query)
    return Call(request, _one(DeletedMedia))


def _picture(reply: Reply) -> Picture:
    return Picture(
        content=reply.body,
        media_type=reply.headers.get("content-type", ""),
        etag=reply.headers.get("etag"),
    )


def thumbnail(id: str) -> Call[Picture]:
    request = Request("GET", path_of("media", id, "thumbnail"), headers={"Accept": "*/*"})
    return Call(request, _picture)


def image(
    id: str,
    w: Optional[int],
    h: Optional[int],
    fit: Optional[str],
    format: Optional[str],
    q: Optional[int],
) -> Call[Picture]:
    query = _query({"w": w, "h": h, "fit": fit, "format": format, "q": q})
    path = path_of("media", id, "image")
    return Call(Request("GET", path, query=query, headers={"Accept": "*/*"}), _picture)


# Trash.


def list_trash(per_page: Optional[int]) -> PageList[TrashedMedia]:
    return PageList("/trash", TrashedMedia, [], per_page)


def restore(id: str, idempotency_key: Optional[str]) -> Call[Media]:
    request = Request("POST", path_of("trash", id, "restore"), headers=_key(idempotency_key))
    return Call(request, _one(Media))


def delete_trashed(id: str) -> Call[None]:
    return _remove(path_of("trash", id))


def empty_trash() -> Call[EmptiedTrash]:
    return Call(Request("DELETE", "/trash"), _one(EmptiedTrash))


# Collections.


def create_collection(
    name: str, description: Optional[str], idempotency_key: Optional[str]
) -> Call[Collection]:
    body = _given({"name": name, "description": description})
    request = Request("POST", "/collections", headers=_key(idempotency_key), json=body)
    return Call(request, _tagged(Collection))


def list_collections(per_page: Optional[int]) -> PageList[Collection]:
    return PageList("/collections", Collection, [], per_page)


def show_collection(id: str) -> Call[Collection]:
    return Call(Request("GET", path_of("collections", id)), _tagged(Collection))


def collection_if_changed(id: str, etag: str) -> Call[Optional[Collection]]:
    request = Request("GET", path_of("collections", id), headers={"If-None-Match": etag})
    return Call(request, _unless_unchanged(Collection))


def update_collection(
    id: str,
    name: Union[str, Unset],
    description: Union[str, None, Unset],
    if_match: Optional[str],
) -> Call[Collection]:
    body = _json({"name": name, "description": description})
    request = _change("PATCH", path_of("collections", id), if_match, json=body)
    return Call(request, _tagged(Collection))


def delete_collection(id: str, if_match: Optional[str]) -> Call[None]:
    return _remove(path_of("collections", id), if_match)


def add_to_collection(
    id: str,
    media_ids: Sequence[str],
    if_match: Optional[str],
    idempotency_key: Optional[str],
) -> Call[Collection]:
    body: Dict[str, Any] = {"media_ids": list(media_ids)}
    if len(media_ids) == 1:
        body = {"media_id": media_ids[0]}
    path = path_of("collections", id, "media")
    request = _change("POST", path, if_match, headers=_key(idempotency_key), json=body)
    return Call(request, _tagged(Collection))


def list_collection_media(
    id: str, filters: Mapping[str, Any], per_page: Optional[int]
) -> PageList[Media]:
    path = path_of("collections", id, "media")
    return PageList(path, Media, _query(filters), per_page)


def move_in_collection(
    id: str, media_id: str, before: Optional[str], if_match: Optional[str]
) -> Call[Collection]:
    path = path_of("collections", id, "media", media_id)
    request = _change("PATCH", path, if_match, json={"before": before})
    return Call(request, _tagged(Collection))


def take_out_of_collection(id: str, media_id: str, if_match: Optional[str]) -> Call[Collection]:
    path = path_of("collections", id, "media", media_id)
    return Call(_change("DELETE", path, if_match), _tagged(Collection))


# Shares.


def create_share(
    kind: str,
    id: str,
    password: Optional[str],
    expires_at: Optional[datetime],
    max_downloads: Optional[int],
    allow_download: bool,
    idempotency_key: Optional[str],
) -> Call[Share]:
    """`kind` is `media` or `collections`."""
    body = _given(
        {
            "password": password,
            "expires_at": expires_at,
            "max_downloads": max_downloads,
            "allow_download": allow_download,
        }
    )
    request = Request("POST", path_of(kind, id, "shares"), headers=_key(idempotency_key), json=body)
    return Call(request, _tagged(Share))


def list_shares(per_page: Optional[int], *below: str) -> PageList[Share]:
    """All, or those of `("media", id)` or `("collections", id)`."""
    return PageList(path_of(*below, "shares"), Share, [], per_page)


def show_share(id: str) -> Call[Share]:
    return Call(Request("GET", path_of("shares", id)), _tagged(Share))


def update_share(
    id: str,
    password: Union[str, None, Unset],
    expires_at: Union[datetime, None, Unset],
    max_downloads: Union[int, None, Unset],
    allow_download: Union[bool, Unset],
    if_match: Optional[str],
) -> Call[Share]:
    body = _json(
        {
            "password": password,
            "expires_at": expires_at,
            "max_downloads": max_downloads,
            "allow_download": allow_download,
        }
    )
    request = _change("PATCH", path_of("shares", id), if_match, json=body)
    return Call(request, _tagged(Share))


def revoke_share(id: str, if_match: Optional[str]) -> Call[None]:
    return _remove(path_of("shares", id), if_match)


# Webhooks.


def create_webhook(
    url: str, events: Sequence[EventName], idempotency_key: Optional[str]
) -> Call[NewWebhook]:
    body = {"url": url, "events": list(events)}
    request = Request("POST", "/webhooks", headers=_key(idempotency_key), json=body)
    return Call(request, _tagged(NewWebhook))


def list_webhooks() -> Call[List[Webhook]]:
    return Call(Request("GET", "/webhooks"), _all(Webhook))


def show_webhook(id: str) -> Call[Webhook]:
    return Call(Request("GET", path_of("webhooks", id)), _tagged(Webhook))


def update_webhook(
    id: str,
    url: Optional[str],
    events: Optional[Sequence[EventName]],
    active: Optional[bool],
    if_match: Optional[str],
) -> Call[Webhook]:
    body = _given(
        {"url": url, "events": None if events is None else list(events), "active": active}
    )
    request = _change("PATCH", path_of("webhooks", id), if_match, json=body)
    return Call(request, _tagged(Webhook))


def delete_webhook(id: str, if_match: Optional[str]) -> Call[None]:
    return _remove(path_of("webhooks", id), if_match)


def test_webhook(id: str, idempotency_key: Optional[str]) -> Call[Delivery]:
    request = Request("POST", path_of("webhooks", id, "test"), headers=_key(idempotency_key))
    return Call(request, _one(Delivery))


def list_deliveries(
    id: str, status: Optional[str], per_page: Optional[int]
) -> PageList[Delivery]:
    path = path_of("webhooks", id, "deliveries")
    return PageList(path, Delivery, _query({"status": status}), per_page)


def resend_delivery(id: str, delivery_id: str, idempotency_key: Optional[str]) -> Call[Delivery]:
    path = path_of("webhooks", id, "deliveries", delivery_id, "resend")
    return Call(Request("POST", path, headers=_key(idempotency_key)), _one(Delivery))
