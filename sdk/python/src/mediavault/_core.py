"""What both clients do with a request: credentials, retries, refresh, deadline, hooks."""

from __future__ import annotations

import json
import random
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, TypeVar, Union
from urllib.parse import urlsplit

from ._decode import decode
from ._options import Options, RequestInfo, ResponseInfo, RetryInfo, rate_limit_of
from ._requests import Body, Call, Flow, HttpRequest, Locked, Reply, Request, Send, Sleep
from ._version import __version__
from .errors import (
    ConnectionError as ConnectionLost,
    ApiError,
    TimeoutError as TimedOut,
    FieldError,
    IdempotencyInProgressError,
    MediaVaultError,
    NotFoundError,
    UnauthorizedError,
    error_for,
)
from .models import Tokens

T = TypeVar("T")

USER_AGENT = f"mediavault-sdk-python/{__version__}"
# Tokens are refreshed so many seconds before they end, or a tenth of their time where that is less.
REFRESH_AHEAD = 30.0
# Too many requests, busy: the request was not carried out.
REFUSED_STATUSES = frozenset({429, 503})


def api_root(base_url: str) -> str:
    """`https://vault.example` -> `https://vault.example/api/v1`; a URL that ends in `/v1` is one."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{base_url!r} is not an http or https URL")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("the base URL may have no user, query or fragment")
    root = base_url.rstrip("/")
    return root if root.endswith("/v1") else root + "/api/v1"


def realtime_url(root: str) -> str:
    """The WebSocket of the server with that API root."""
    site = root[: -len("/api/v1")] if root.endswith("/api/v1") else root[: -len("/v1")]
    return "ws" + site[len("http") :] + "/realtime"


def retry_after_of(headers: Mapping[str, str]) -> Optional[float]:
    """Seconds, from a number or a date."""
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


def error_of(reply: Reply) -> ApiError:
    """The refusal that a reply is."""
    code, details = f"http_{reply.status}", []
    message = f"the server, or a proxy before it, answered {reply.status}"
    request_id = reply.headers.get("x-request-id")
    try:
        value = json.loads(reply.body)
        error = value["error"]
        code, message = str(error["code"]), str(error["message"])
        for one in error.get("details") or []:
            details.append(FieldError(str(one["field"]), str(one["message"])))
        request_id = value["meta"]["request_id"] or request_id
    except (ValueError, KeyError, TypeError, AttributeError):
        pass  # What was read so far is all that the reply says.
    return error_for(
        code,
        message,
        status=reply.status,
        details=details,
        request_id=request_id,
        retry_after=retry_after_of(reply.headers),
    )


def data_of(reply: Reply) -> Any:
    """`data` of a success."""
    return envelope_of(reply)["data"]


def envelope_of(reply: Reply) -> Dict[str, Any]:
    try:
        value = json.loads(reply.body)
    except ValueError:
        value = None
    if not isinstance(value, dict) or "data" not in value:
        raise MediaVaultError("the reply is not one of Media Vault; is the base URL right?")
    return value


class Session:
    """The credentials of a client and all that are made of it. Its lock is held by who refreshes."""

    def __init__(
        self,
        lock: Any,
        api_key: Optional[str],
        tokens: Optional[Tokens],
        on_tokens: Optional[Callable[[Optional[Tokens]], None]],
    ) -> None:
        self.lock = lock
        self.api_key = api_key
        self.tokens = tokens
        self._refresh_at: Optional[float] = None  # Of tokens that are given nothing is known.
        self._on_tokens = on_tokens

    def adopt(self, tokens: Optional[Tokens]) -> None:
        """The tokens from now on; None: the session has ended."""
        self.tokens = tokens
        self._refresh_at = None
        if self._on_tokens:
            self._on_tokens(tokens)
        if tokens and tokens.expires_in > 0:
            ahead = min(REFRESH_AHEAD, tokens.expires_in / 10)
            self._refresh_at = time.monotonic() + tokens.expires_in - ahead

    def can_refresh(self, token: Optional[str]) -> bool:
        """Whether there is another token than this one, or may be."""
        tokens = self.tokens
        return tokens is not None and token is not None and (
            tokens.token != token or bool(tokens.refresh_token)
        )

    @property
    def is_due(self) -> bool:
        at = self.refresh_at
        return at is not None and time.monotonic() >= at

    @property
    def refresh_at(self) -> Optional[float]:
        """When the token is to be refreshed, on the monotonic clock; None: never, as far as is known."""
        return self._refresh_at if self.tokens and self.tokens.refresh_token else None

    def headers(self) -> Tuple[Dict[str, str], Optional[str]]:
        """What authenticates a request, and the token in it."""
        tokens = self.tokens
        if tokens:
            return {"Authorization": "Bearer " + tokens.token}, tokens.token
        if self.api_key:
            return {"X-API-Key": self.api_key}, None
        return {}, None


def tokens_of(reply: Reply) -> Tokens:
    return decode(Tokens, data_of(reply))


def refresh_call(refresh_token: str) -> Call[Tokens]:
    request = Request(
        "POST", "/auth/refresh", json={"refresh_token": refresh_token}, is_authenticated=False
    )
    return Call(request, tokens_of)


class Core:
    """Flows of one client. `session` is shared by clients with other options."""

    def __init__(self, root: str, session: Session, options: Options) -> None:
        self.root = root
        self.session = session
        self.options = options
        self.random = random.Random()

    def with_options(self, options: Options) -> "Core":
        return Core(self.root, self.session, options)

    def deadline(self) -> Optional[float]:
        """Of a call that begins now, on the monotonic clock."""
        seconds = self.options.deadline
        return None if seconds is None else time.monotonic() + seconds

    def call(self, call: Call[T]) -> Flow[T]:
        lost: List[ConnectionLost] = []
        try:
            reply = yield from self.exchange(call.request, self.deadline(), lost)
        except NotFoundError:
            # An earlier attempt has removed it.
            if call.after_loss is None or not any(one.sent for one in lost):
                raise
            return call.after_loss()
        return call.decode(reply)

    def log_in(self, call: Call[Tokens]) -> Flow[Tokens]:
        tokens = yield from self.call(call)
        self.session.adopt(tokens)
        return tokens

    def log_out(self, call: Call[T]) -> Flow[T]:
        """A call that ends the session."""
        lost: List[ConnectionLost] = []
        try:
            reply = yield from self.exchange(call.request, self.deadline(), lost)
        except UnauthorizedError:
            # An earlier attempt has ended it.
            if call.after_loss is None or not any(one.sent for one in lost):
                raise
            result = call.after_loss()
        else:
            result = call.decode(reply)
        self.session.adopt(None)
        return result

    def refresh(self, stale: str, deadline: Optional[float] = None) -> Flow[None]:
        """Replaces the token `stale`, unless another call has. Throws as the server refuses."""
        yield Locked(self.session.lock, self._refresh(stale, deadline))

    def _refresh(self, stale: str, deadline: Optional[float]) -> Flow[None]:
        tokens = self.session.tokens
        if tokens is None or tokens.token != stale or not tokens.refresh_token:
            return
        call = refresh_call(tokens.refresh_token)
        try:
            reply = yield from self.exchange(call.request, deadline)
        except UnauthorizedError:
            self.session.adopt(None)
            raise
        self.session.adopt(call.decode(reply))

    def current_token(self) -> Flow[Optional[str]]:
        """A token with some time left, for what is not a request."""
        tokens = self.session.tokens
        if tokens and self.session.is_due:
            yield from self.refresh(tokens.token)
        return self.session.tokens.token if self.session.tokens else None

    def exchange(
        self,
        request: Request,
        deadline: Optional[float] = None,
        lost: Optional[List[ConnectionLost]] = None,
    ) -> Flow[Reply]:
        """The reply to the request, a success. `lost` collects what broke off on the way."""
        retry, hooks = self.options.retry, self.options.hooks
        attempt = 0
        has_refreshed = False
        while True:
            token: Optional[str] = None
            headers: Dict[str, str] = {}
            if request.is_authenticated:
                if self.session.is_due and self.session.tokens:
                    yield from self.refresh(self.session.tokens.token, deadline)
                headers, token = self.session.headers()
            attempt += 1
            info = RequestInfo(request.method, request.path, attempt)
            error: Union[ApiError, ConnectionLost]
            try:
                reply = yield from self._attempt(request, headers, info, deadline)
            except ConnectionLost as failure:
                if lost is not None:
                    lost.append(failure)
                error = failure
                may_retry = request.is_repeatable or not failure.sent
            else:
                if reply.status < 300 or reply.status == 304:
                    return reply
                error = error_of(reply)
                may_retry = isinstance(error, IdempotencyInProgressError) or (
                    reply.status in retry.statuses
                    and (request.is_repeatable or reply.status in REFUSED_STATUSES)
                )
            if request.body is not None and not request.body.can_be_sent:
                raise error
            if (
                isinstance(error, UnauthorizedError)
                and not has_refreshed
                and self.session.can_refresh(token)
                and token is not None
            ):
                has_refreshed = True
                attempt -= 1
                yield from self.refresh(token, deadline)
                if self.session.tokens is None:
                    raise error  # Another call has found that the session has ended.
                continue
            if not may_retry or attempt >= retry.attempts:
                raise error
            delay = self.delay(attempt, error)
            if delay is None or (deadline is not None and time.monotonic() + delay >= deadline):
                raise error
            if hooks.on_retry:
                hooks.on_retry(RetryInfo(info, delay, error))
            yield Sleep(delay)

    def delay(self, attempt: int, error: Exception) -> Optional[float]:
        """Seconds before the attempt after this one; None: the server wants too many."""
        retry = self.options.retry
        bound = min(retry.max_delay, retry.base * 2.0 ** min(attempt - 1, 30))
        after = error.retry_after if isinstance(error, ApiError) else None
        if after is None:
            return self.random.uniform(0, bound)
        if after > retry.max_retry_after:
            return None
        return after + self.random.uniform(0, retry.base)

    def _attempt(
        self,
        request: Request,
        headers: Mapping[str, str],
        info: RequestInfo,
        deadline: Optional[float],
    ) -> Flow[Reply]:
        timeout = self.time_left(deadline)
        hooks = self.options.hooks
        all_headers = {"Accept": "application/json", "User-Agent": USER_AGENT}
        all_headers.update(headers)
        all_headers.update(request.headers)
        content: Union[None, bytes, Body] = None
        if request.json is not None:
            content = json.dumps(request.json, ensure_ascii=False).encode()
            all_headers["Content-Type"] = "application/json"
        elif request.body is not None:
            content = request.body
            all_headers["Content-Type"] = request.body.content_type
            if request.body.length is not None:
                all_headers["Content-Length"] = str(request.body.length)
        if hooks.on_request:
            hooks.on_request(info)
        began = time.monotonic()
        url = request.url(self.root)
        reply: Reply = yield Send(
            HttpRequest(request.method, url, all_headers, content, timeout, request.is_streamed)
        )
        if hooks.on_response:
            hooks.on_response(
                ResponseInfo(
                    info,
                    reply.status,
                    time.monotonic() - began,
                    reply.headers.get("x-request-id"),
                    rate_limit_of(reply.headers),
                    reply.headers.get("idempotency-replayed") == "true",
                )
            )
        return reply

    def time_left(self, deadline: Optional[float]) -> float:
        """What a step may take. Throws TimedOut where the deadline has passed."""
        if deadline is None:
            return self.options.timeout
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimedOut("the call took longer than its deadline", sent=False)
        return min(left, self.options.timeout)
