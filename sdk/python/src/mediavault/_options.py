"""What a client can be told: timeouts, retries, hooks."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Callable, FrozenSet, Mapping, Optional

__all__ = ["Hooks", "Options", "RateLimit", "RequestInfo", "ResponseInfo", "Retry", "RetryInfo", "logging_hooks"]


@dataclass(frozen=True)
class Retry:
    """When a request is sent again, and how long after.

    The delay is drawn at random between zero and a bound that doubles from `base` to `max_delay`
    seconds. `Retry-After` of the server is waited for as a whole, and a moment at random longer, so
    that clients do not come back all at once; one of more than `max_retry_after` seconds is not
    waited for, and the error raised at once. `attempts` counts the first one too; 1: never again. A
    change with `if_match` is not sent again where its reply was lost, for it may have been made.
    """

    attempts: int = 5
    base: float = 0.25
    max_delay: float = 20.0
    max_retry_after: float = 60.0
    statuses: FrozenSet[int] = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True)
class RateLimit:
    """Of the headers `X-RateLimit-…`; `reset` is Unix time in seconds."""

    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True)
class RequestInfo:
    """One attempt. It holds no secret; `path` is below the API's root, without its query."""

    method: str
    path: str
    # From 1.
    attempt: int


@dataclass(frozen=True)
class ResponseInfo:
    request: RequestInfo
    status: int
    # Seconds up to the head of the reply.
    elapsed: float
    request_id: Optional[str]
    rate_limit: Optional[RateLimit]
    # Whether it is the reply to an earlier request with the same idempotency key.
    replayed: bool


@dataclass(frozen=True)
class RetryInfo:
    request: RequestInfo
    # Seconds until the next attempt.
    delay: float
    error: Exception


@dataclass(frozen=True)
class Hooks:
    """Called as things happen, in the thread or task of the call. They must not raise or block."""

    on_request: Optional[Callable[[RequestInfo], None]] = None
    on_response: Optional[Callable[[ResponseInfo], None]] = None
    on_retry: Optional[Callable[[RetryInfo], None]] = None


def logging_hooks(logger: logging.Logger) -> Hooks:
    """Hooks that log requests and replies as DEBUG, retries as WARNING. No secrets are logged."""

    def on_request(request: RequestInfo) -> None:
        logger.debug("%s %s, attempt %d", request.method, request.path, request.attempt)

    def on_response(reply: ResponseInfo) -> None:
        request = reply.request
        logger.debug(
            "%s %s: %d in %.3f s, request id %s",
            request.method,
            request.path,
            reply.status,
            reply.elapsed,
            reply.request_id,
        )

    def on_retry(retry: RetryInfo) -> None:
        request = retry.request
        logger.warning(
            "%s %s again in %.2f s: %s", request.method, request.path, retry.delay, retry.error
        )

    return Hooks(on_request=on_request, on_response=on_response, on_retry=on_retry)


@dataclass(frozen=True)
class Options:
    """Of all calls of a client; `with_options` makes a client with others.

    `timeout` is how many seconds the server may be silent: while connecting, before it answers,
    between two pieces of a body. `deadline` is how many seconds a call may take as a whole, retries
    and waiting included; None: any time.
    """

    timeout: float = 60.0
    deadline: Optional[float] = None
    retry: Retry = Retry()
    hooks: Hooks = Hooks()


def rate_limit_of(headers: Mapping[str, str]) -> Optional[RateLimit]:
    try:
        return RateLimit(
            limit=int(headers["x-ratelimit-limit"]),
            remaining=int(headers["x-ratelimit-remaining"]),
            reset=int(headers["x-ratelimit-reset"]),
        )
    except (KeyError, ValueError):
        return None
