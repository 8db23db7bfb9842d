"""Each code has its class, and everything that the server says about it arrives."""

from __future__ import annotations

import pickle
from typing import Any, Dict

import httpx
import pytest

import mediavault
from mediavault import ApiError, MediaVault, Retry, errors
from support import PASSWORD, Server, register

CODES: Dict[str, Any] = dict(errors._BY_CODE)


def answering(status: int, **options: Any) -> MediaVault:
    """A client whose server always answers that."""

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, **options)

    http = httpx.Client(transport=httpx.MockTransport(answer))
    return MediaVault("http://vault.example", retry=Retry(attempts=1), http_client=http)


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_code(code: str) -> None:
    body = {
        "success": False,
        "error": {
            "code": code,
            "message": "Why",
            "details": [{"field": "a", "message": "Must be b"}],
        },
        "meta": {"timestamp": "2023-05-30T10:00:00Z", "request_id": "req_1"},
    }
    vault = answering(418, json=body, headers={"Retry-After": "7"})
    with pytest.raises(CODES[code]) as caught:
        vault.users.me()
    error = caught.value
    assert type(error) is CODES[code]
    assert (error.code, error.message, error.status) == (code, "Why", 418)
    assert (error.request_id, error.retry_after) == ("req_1", 7.0)
    assert error.details == (mediavault.FieldError("a", "Must be b"),)
    assert str(error) == f"{code}: Why (a: Must be b) [request req_1]"


def test_errors_can_be_pickled() -> None:
    """As pools of processes do."""
    detail = mediavault.FieldError("a", "Must be b")
    one = errors.error_for("busy", "Why", status=503, details=[detail], request_id="r", retry_after=2)
    for error in (
        one,
        mediavault.ConnectionError("broken", sent=False),
        mediavault.DigestMismatchError("sha256:a", "sha256:b"),
        mediavault.RealtimeError("closed", 1002),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error) and str(again) == str(error)
        assert again.__dict__ == error.__dict__


def test_codes_of_a_later_server() -> None:
    body = {"error": {"code": "new_code", "message": "New"}, "meta": {"request_id": "r"}}
    with pytest.raises(mediavault.ConflictError) as caught:
        answering(409, json=body).users.me()
    assert caught.value.code == "new_code" and caught.value.details == ()
    with pytest.raises(ApiError):
        answering(418, json=body).users.me()


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"null", b'{"error": 3}', b"\xff", b'{"error": {"code": "x"}}'])
def test_replies_that_are_not_the_servers(content: bytes) -> None:
    headers = {"X-Request-Id": "r", "Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
    with pytest.raises(mediavault.BusyError) as caught:
        answering(503, content=content, headers=headers).users.me()
    assert caught.value.request_id == "r" and caught.value.retry_after == 0.0


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'{"data": 3}', b'{"data": {"id": 3}}', b'{"data": []}'])
def test_successes_that_are_not_the_servers(content: bytes) -> None:
    with pytest.raises(mediavault.MediaVaultError):
        answering(200, content=content).users.me()


def test_a_redirect_is_no_success() -> None:
    with pytest.raises(ApiError) as caught:
        answering(301, headers={"Location": "http://elsewhere.example/"}).users.me()
    assert caught.value.code == "http_301"


def test_those_of_the_real_server(clients: Any, server: Server, name: str) -> None:
    vault = clients.logged_in(server.url, name)
    with pytest.raises(mediavault.ValidationError) as caught:
        vault.collections.create("")
    assert caught.value.status == 400 and caught.value.details[0].field == "name"
    assert caught.value.request_id
    with pytest.raises(mediavault.ConflictError) as conflict:
        vault.auth.register(name, PASSWORD)
    assert conflict.value.details[0].field == "username"
    with pytest.raises(mediavault.NotFoundError):
        vault.webhooks.get("hook_1")
    with pytest.raises(mediavault.UnauthorizedError):
        clients(server.url).users.me()
    with pytest.raises(mediavault.ForbiddenError):
        key = vault.api_keys.create("k").secret
        clients(server.url, api_key=key).api_keys.list()
    vault.api_keys.create("k", idempotency_key="the-same")
    vault.auth.refresh()
    with pytest.raises(mediavault.IdempotencyReplyLostError):
        vault.api_keys.create("k", idempotency_key="the-same")


def test_a_full_quota(clients: Any, tmp_path: Any) -> None:
    small = Server(tmp_path, **{"accounts.quota": "100KiB"})
    try:
        vault = clients.logged_in(small.url, register(small.url))
        with pytest.raises(mediavault.QuotaExceededError):
            vault.media.upload(b"x" * 200_000, filename="a")
        with pytest.raises(mediavault.QuotaExceededError):
            vault.media.upload(iter([b"x" * 200_000]), filename="a")
        # Refused while it is being sent; a refusal that a reset overtakes comes at the next attempt.
        with pytest.raises(mediavault.QuotaExceededError):
            vault.media.upload(b"x" * 20_000_000, filename="a")
        assert vault.users.me().quota == 100 * 1024
    finally:
        small.stop()
