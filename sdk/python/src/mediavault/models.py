"""What the API answers, as dataclasses. Times are `datetime` in UTC, sizes are bytes.

Members that a later server adds are ignored. A value that a later server adds to a `Literal` comes
as the string that it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, Mapping, Optional, Sequence, TypeVar

__all__ = [
    "ApiKey",
    "Collection",
    "DeletedMedia",
    "Delivery",
    "DeliveryStatus",
    "Downloaded",
    "EmptiedTrash",
    "EventName",
    "Fit",
    "KeyKind",
    "Location",
    "Media",
    "MediaKind",
    "MediaStatus",
    "MessageName",
    "NewApiKey",
    "NewWebhook",
    "Order",
    "Page",
    "Pagination",
    "Picture",
    "PictureFormat",
    "Scope",
    "Session",
    "Share",
    "Tokens",
    "TrashedMedia",
    "Uploaded",
    "User",
    "Webhook",
    "WebhookData",
    "WebhookPayload",
]

T = TypeVar("T")

MediaKind = Literal["image", "video", "audio", "document", "other"]
MediaStatus = Literal["processing", "ready", "failed"]
Fit = Literal["inside", "contain", "cover"]
PictureFormat = Literal["webp", "avif", "jpeg"]
KeyKind = Literal["api", "master", "upload", "application"]
Scope = Literal["read", "write"]
Order = Literal["asc", "desc"]
DeliveryStatus = Literal["pending", "delivered", "dead"]
EventName = Literal[
    "media.uploaded",
    "media.updated",
    "media.deleted",
    "media.restored",
    "media.purged",
    "collection.created",
    "collection.updated",
    "collection.deleted",
    "user.registered",
]
# What a message of a webhook is about.
MessageName = Literal[
    "media.uploaded",
    "media.updated",
    "media.deleted",
    "media.restored",
    "media.purged",
    "collection.created",
    "collection.updated",
    "collection.deleted",
    "user.registered",
    "webhook.test",
]


@dataclass(frozen=True)
class Tokens:
    """Of a session. Keep both secret; `expires_in` are seconds from when they were given."""

    token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    token_type: str


@dataclass(frozen=True)
class User:
    id: str
    uuid: str
    username: str
    email: Optional[str]
    is_admin: bool
    # What `used` may not pass; None: no limit.
    quota: Optional[int]
    used: int
    # The part of `used` that is in the trash; None where the server does not say, as at registration.
    trashed: Optional[int]
    quota_bytes: Optional[int]
    used_bytes: int
    charged_bytes: int
    created_at: datetime
    updated_at: datetime
    # For `if_match=`; None where the reply had none, as in lists.
    etag: Optional[str] = field(default=None, compare=False)


@dataclass(frozen=True)
class Session:
    id: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
    address: str
    user_agent: str
    # Whether it is the session of the client that asked.
    current: bool


@dataclass(frozen=True)
class ApiKey:
    id: str
    name: str
    kind: KeyKind
    # The first characters of the key.
    prefix: str
    scopes: Sequence[Scope]
    # None: never.
    expires_at: Optional[datetime]
    # None: never yet.
    last_used_at: Optional[datetime]
    created_at: datetime


@dataclass(frozen=True)
class NewApiKey(ApiKey):
    """`secret` is the key itself; the server does not show it again."""

    secret: str = field(repr=False)


@dataclass(frozen=True)
class Location:
    latitude: float
    longitude: float


@dataclass(frozen=True)
class _MediaMembers:
    id: str
    uuid: str
    type: MediaKind
    filename: str
    media_type: str
    size: int
    # `sha256:` and hexadecimal digits; None until it is worked out.
    checksum: Optional[str]
    url: str
    # Of a small picture; empty until there is one.
    thumbnail_url: str = field(metadata={"otherwise": ""})
    # Whether the file has been looked into.
    status: MediaStatus = field(metadata={"otherwise": "ready"})
    # Of `failed`: why.
    status_reason: Optional[str]
    # Pixels of the upright picture.
    width: Optional[int]
    height: Optional[int]
    # Seconds.
    duration: Optional[float]
    codec: Optional[str]
    # As the file says; local time where it knows no offset.
    taken_at: Optional[datetime]
    # Told to the owner alone.
    location: Optional[Location]
    title: Optional[str]
    description: Optional[str]
    tags: Sequence[str]
    # Ids.
    collections: Sequence[str]
    user_id: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Media(_MediaMembers):
    """A file. `etag` is for `if_match=`; None where the reply had none, as in lists."""

    etag: Optional[str] = field(default=None, compare=False)


@dataclass(frozen=True)
class DeletedMedia(_MediaMembers):
    """What a file was. `restorable_until` is None where it is gone for good."""

    deleted: bool
    restorable_until: Optional[datetime]


@dataclass(frozen=True)
class TrashedMedia(_MediaMembers):
    """A file in the trash."""

    deleted_at: datetime
    restorable_until: datetime


@dataclass(frozen=True)
class EmptiedTrash:
    """How many files were deleted for good, and how much of the quota that freed."""

    deleted: int
    freed_bytes: int


@dataclass(frozen=True)
class Collection:
    id: str
    name: str
    description: Optional[str]
    media_count: int
    user_id: str
    created_at: datetime
    updated_at: datetime
    # For `if_match=`; None where the reply had none, as in lists.
    etag: Optional[str] = field(default=None, compare=False)


@dataclass(frozen=True)
class Share:
    """A link to one file or one collection; of `media_id` and `collection_id` one is None."""

    id: str
    url: str
    token: str = field(repr=False)
    media_id: Optional[str]
    collection_id: Optional[str]
    has_password: bool
    expires_at: Optional[datetime]
    max_downloads: Optional[int]
    downloads: int
    allow_download: bool
    user_id: str
    created_at: datetime
    updated_at: datetime
    # For `if_match=`; None where the reply had none, as in lists.
    etag: Optional[str] = field(default=None, compare=False)


@dataclass(frozen=True)
class Webhook:
    id: str
    url: str
    events: Sequence[EventName]
    active: bool
    # Deliveries that are to be made.
    pending: int
    # Since the last success.
    failures: int
    last_success_at: Optional[datetime]
    created_at: datetime
    updated_at: datetime
    # For `if_match=`; None where the reply had none, as in lists.
    etag: Optional[str] = field(default=None, compare=False)


@dataclass(frozen=True)
class NewWebhook(Webhook):
    """`secret` is for `verify_webhook`; the server does not show it again."""

    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class WebhookData:
    """What an event is about: the id, the kind (`image`, `collection`, `user`) and the owner."""

    id: str
    type: str
    user_id: str


@dataclass(frozen=True)
class WebhookPayload:
    event: MessageName
    data: WebhookData
    timestamp: datetime


@dataclass(frozen=True)
class Delivery:
    id: str
    # The header `webhook-id`.
    message_id: str
    event: MessageName
    payload: WebhookPayload
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    next_attempt_at: Optional[datetime]
    finished_at: Optional[datetime]
    last_attempt_at: Optional[datetime]
    duration_ms: Optional[int]
    reply_code: Optional[int]
    # The first KiB of it.
    reply_body: str
    error: Optional[str]


@dataclass(frozen=True)
class Pagination:
    """`links` has `next` and `prev`, and `next_cursor` in a list by cursors."""

    total: int
    count: int
    per_page: int
    current_page: int
    total_pages: int
    # Whether there are more than `total`; None where `total` is exact in any case.
    total_is_more: Optional[bool]
    links: Mapping[str, Any]


@dataclass(frozen=True)
class Page(Generic[T]):
    items: Sequence[T]
    pagination: Pagination


@dataclass(frozen=True)
class Downloaded:
    """A finished download.

    `checksum` is of the bytes that came; `verified` says whether the server's digest was there to
    compare it with, which is not so for a file in parts whose digest is not worked out yet.
    `resumed` is how often the connection broke off.
    """

    size: int
    checksum: str
    verified: bool
    media_type: str
    etag: Optional[str]
    resumed: int


@dataclass(frozen=True)
class Picture:
    content: bytes = field(repr=False)
    media_type: str
    etag: Optional[str]


@dataclass(frozen=True)
class Uploaded:
    """What became of one of many files: `media`, or else `error`."""

    source: Any
    media: Optional[Media]
    error: Optional[Exception]
