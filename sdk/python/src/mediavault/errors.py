"""Everything that this package raises on purpose.

`MediaVaultError` is the base of all. `ApiError` is a refusal of the server, with a subclass for each
code; `ConnectionError` and `TimeoutError` mean that no whole reply came. The latter two have the names
of built-in exceptions, which they are not: write `mediavault.ConnectionError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Sequence, Type

__all__ = [
    "ApiError",
    "BusyError",
    "ChecksumMismatchError",
    "ConflictError",
    "ConnectionError",
    "ContentChangedError",
    "DigestMismatchError",
    "FieldError",
    "ForbiddenError",
    "HeadersTooLargeError",
    "IdempotencyError",
    "IdempotencyInProgressError",
    "IdempotencyMismatchError",
    "IdempotencyReplyLostError",
    "InsufficientStorageError",
    "IntegrityError",
    "InternalError",
    "MediaVaultError",
    "MethodNotAllowedError",
    "NotFoundError",
    "NotImplementedByServerError",
    "PayloadTooLargeError",
    "PreconditionFailedError",
    "QuotaExceededError",
    "RangeNotSatisfiableError",
    "RateLimitedError",
    "RealtimeError",
    "RequestTimeoutError",
    "SourceError",
    "ThumbnailNotReadyError",
    "TimeoutError",
    "TooManySubscriptionsError",
    "UnauthorizedError",
    "UnsupportedMediaTypeError",
    "UpgradeRequiredError",
    "UriTooLongError",
    "ValidationError",
    "VersionNotSupportedError",
    "WebhookVerificationError",
    "error_for",
]


class MediaVaultError(Exception):
    """The base of all errors of this package."""


class ConnectionError(MediaVaultError):
    """No whole reply came. The request may have been carried out, unless `sent` is false."""

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class TimeoutError(ConnectionError):
    """The server was silent for longer than `timeout`, or the call took longer than `deadline`."""


class SourceError(MediaVaultError):
    """What is to be uploaded cannot be read as it was announced, or not a second time."""


class IntegrityError(MediaVaultError):
    """A download is not what it should be."""


class DigestMismatchError(IntegrityError):
    """The bytes that came are not those of the file."""

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(expected, actual)
        self.expected = expected
        self.actual = actual

    def __str__(self) -> str:
        return f"the file has {self.expected}, what came has {self.actual}"


class ContentChangedError(IntegrityError):
    """The file was replaced during a download that cannot begin anew."""


class WebhookVerificationError(MediaVaultError):
    """A delivery is not signed with the secret, or is too old. Answer it with 401 or 403."""


class RealtimeError(MediaVaultError):
    """The server closed the WebSocket for a reason that another try does not change."""

    def __init__(self, message: str, close_code: Optional[int] = None) -> None:
        super().__init__(message)
        self.close_code = close_code


@dataclass(frozen=True)
class FieldError:
    """A field of the request that is at fault."""

    field: str
    message: str


class ApiError(MediaVaultError):
    """A refusal of the server.

    `code` is the API's (`not_found`), or `http_<status>` where the reply is not the API's, such as
    a proxy's. `retry_after` are seconds. `status` is 0 for an error of the WebSocket.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int = 0,
        details: Sequence[FieldError] = (),
        request_id: Optional[str] = None,
        retry_after: Optional[float] = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.details = tuple(details)
        self.request_id = request_id
        self.retry_after = retry_after

    def __str__(self) -> str:
        text = f"{self.code}: {self.message}"
        if self.details:
            text += " (" + "; ".join(f"{one.field}: {one.message}" for one in self.details) + ")"
        if self.request_id:
            text += f" [request {self.request_id}]"
        return text


class ValidationError(ApiError):
    """`validation_error`: `details` names the fields that are at fault."""


class UnauthorizedError(ApiError):
    """`unauthorized`: there are no credentials, or they are wrong or no longer valid."""


class ForbiddenError(ApiError):
    """`forbidden`: the credentials do not permit it, such as a key without the scope."""


class NotFoundError(ApiError):
    """`not_found`: there is no such thing among the caller's own."""


class ThumbnailNotReadyError(NotFoundError):
    """`thumbnail_not_ready`: there may be one; again after `retry_after` seconds."""


class MethodNotAllowedError(ApiError):
    """`method_not_allowed`: the server does not know the call; it may be older than this package."""


class RequestTimeoutError(ApiError):
    """`request_timeout`: the request came too slowly."""


class ConflictError(ApiError):
    """`conflict`: a name is taken, or the state of the thing does not permit it."""


class IdempotencyError(ApiError):
    """What an idempotency key forbids."""


class IdempotencyInProgressError(IdempotencyError):
    """`idempotency_in_progress`: the first request with this key is still under way."""


class IdempotencyReplyLostError(IdempotencyError):
    """`idempotency_reply_lost`: the request was carried out, and its reply is not kept."""


class PreconditionFailedError(ApiError):
    """`precondition_failed`: it is no longer as `if_match` says. Nothing was changed."""


class ChecksumMismatchError(ApiError):
    """`checksum_mismatch`: other bytes arrived than the checksum is of. Nothing was stored."""


class IdempotencyMismatchError(IdempotencyError):
    """`idempotency_mismatch`: the idempotency key was used for another request."""


class QuotaExceededError(ApiError):
    """`quota_exceeded`: it does not fit in the account's quota, or there are too many."""


class PayloadTooLargeError(ApiError):
    """`payload_too_large`: the body is longer than the server takes."""


class UriTooLongError(ApiError):
    """`uri_too_long`"""


class UnsupportedMediaTypeError(ApiError):
    """`unsupported_media_type`"""


class RangeNotSatisfiableError(ApiError):
    """`range_not_satisfiable`"""


class UpgradeRequiredError(ApiError):
    """`upgrade_required`"""


class RateLimitedError(ApiError):
    """`rate_limited`: too many requests; again after `retry_after` seconds."""


class HeadersTooLargeError(ApiError):
    """`headers_too_large`"""


class InternalError(ApiError):
    """`internal_error`: a fault of the server; its log has the `request_id`."""


class NotImplementedByServerError(ApiError):
    """`not_implemented`"""


class BusyError(ApiError):
    """`busy`: the server has too much to do; again after `retry_after` seconds."""


class VersionNotSupportedError(ApiError):
    """`version_not_supported`"""


class InsufficientStorageError(ApiError):
    """`insufficient_storage`: the server's disk is full."""


class TooManySubscriptionsError(ApiError):
    """`too_many_subscriptions`: of the WebSocket."""


_BY_CODE: Mapping[str, Type[ApiError]] = {
    "validation_error": ValidationError,
    "unauthorized": UnauthorizedError,
    "forbidden": ForbiddenError,
    "not_found": NotFoundError,
    "thumbnail_not_ready": ThumbnailNotReadyError,
    "method_not_allowed": MethodNotAllowedError,
    "request_timeout": RequestTimeoutError,
    "conflict": ConflictError,
    "idempotency_in_progress": IdempotencyInProgressError,
    "idempotency_reply_lost": IdempotencyReplyLostError,
    "precondition_failed": PreconditionFailedError,
    "checksum_mismatch": ChecksumMismatchError,
    "idempotency_mismatch": IdempotencyMismatchError,
    "quota_exceeded": QuotaExceededError,
    "payload_too_large": PayloadTooLargeError,
    "uri_too_long": UriTooLongError,
    "unsupported_media_type": UnsupportedMediaTypeError,
    "range_not_satisfiable": RangeNotSatisfiableError,
    "upgrade_required": UpgradeRequiredError,
    "rate_limited": RateLimitedError,
    "headers_too_large": HeadersTooLargeError,
    "internal_error": InternalError,
    "not_implemented": NotImplementedByServerError,
    "busy": BusyError,
    "version_not_supported": VersionNotSupportedError,
    "insufficient_storage": InsufficientStorageError,
    "too_many_subscriptions": TooManySubscriptionsError,
}

# For codes of a later server, and for replies that are not the API's.
_BY_STATUS: Mapping[int, Type[ApiError]] = {
    400: ValidationError,
    401: UnauthorizedError,
    403: ForbiddenError,
    404: NotFoundError,
    405: MethodNotAllowedError,
    408: RequestTimeoutError,
    409: ConflictError,
    412: PreconditionFailedError,
    413: PayloadTooLargeError,
    414: UriTooLongError,
    415: UnsupportedMediaTypeError,
    416: RangeNotSatisfiableError,
    426: UpgradeRequiredError,
    429: RateLimitedError,
    431: HeadersTooLargeError,
    500: InternalError,
    501: NotImplementedByServerError,
    503: BusyError,
    505: VersionNotSupportedError,
    507: InsufficientStorageError,
}


def error_for(
    code: str,
    message: str,
    *,
    status: int = 0,
    details: Sequence[FieldError] = (),
    request_id: Optional[str] = None,
    retry_after: Optional[float] = None,
) -> ApiError:
    """The error of the class that stands for the code, or else for the status."""
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status, ApiError)
    return kind(
        code,
        message,
        status=status,
        details=details,
        request_id=request_id,
        retry_after=retry_after,
    )
