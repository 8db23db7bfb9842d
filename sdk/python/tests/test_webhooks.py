"""Whether a delivery is the vault's."""

from __future__ import annotations

import base64
import http.server
import json
import queue
import secrets
import threading
import time
from typing import Any, Dict, Iterator

import pytest

from mediavault import MediaVault, WebhookVerificationError, sign_webhook, verify_webhook


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


SECRET = new_secret()
BODY = json.dumps(
    {
        "event": "media.uploaded",
        "data": {"id": "media_1", "type": "image", "user_id": "user_1"},
        "timestamp": "2023-05-30T10:00:00Z",
    }
).encode()
NOW = 1_700_000_000


def signed(body: bytes = BODY, secret: str = SECRET, at: int = NOW) -> Dict[str, str]:
    return {
        "Webhook-Id": "msg_1",
        "webhook-timestamp": str(at),
        "WEBHOOK-SIGNATURE": sign_webhook(secret, "msg_1", at, body),
    }


def test_what_is_right() -> None:
    payload = verify_webhook(BODY, signed(), SECRET, now=NOW)
    assert (payload.event, payload.data.id, payload.timestamp.year) == ("media.uploaded", "media_1", 2023)
    assert verify_webhook(BODY, signed().items(), SECRET, now=NOW) == payload
    assert verify_webhook(BODY.decode(), signed(), SECRET, now=NOW) == payload
    assert verify_webhook(BODY, signed(), [new_secret(), SECRET], now=NOW) == payload
    several = signed()
    other = sign_webhook(new_secret(), "msg_1", NOW, BODY)
    several["WEBHOOK-SIGNATURE"] = f"v1a,xx {other} {several['WEBHOOK-SIGNATURE']}"
    assert verify_webhook(BODY, several, SECRET, now=NOW) == payload


def test_the_example_of_the_specification() -> None:
    """Of Standard Webhooks: whoever signs as it says is understood."""
    secret = "whsec_" + base64.b64encode(b"a key that everybody knows").decode()
    import hashlib
    import hmac

    signed_text = b"msg_1.1700000000." + BODY
    digest = hmac.new(b"a key that everybody knows", signed_text, hashlib.sha256).digest()
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": "v1," + base64.b64encode(digest).decode(),
    }
    assert verify_webhook(BODY, headers, secret, now=NOW).event == "media.uploaded"


@pytest.mark.parametrize("late", [-301, 301])
def test_the_time(late: int) -> None:
    with pytest.raises(WebhookVerificationError):
        verify_webhook(BODY, signed(), SECRET, now=NOW + late)
    verify_webhook(BODY, signed(), SECRET, now=NOW + late, tolerance=301)
    verify_webhook(BODY, signed(at=int(time.time())), SECRET)


def test_what_is_wrong() -> None:
    wrong = [
        (BODY + b" ", signed(), SECRET),
        (BODY, signed(secret=new_secret()), SECRET),
        (BODY, {**signed(), "Webhook-Id": "msg_2"}, SECRET),
        (BODY, {**signed(), "webhook-timestamp": str(NOW + 1)}, SECRET),
        (BODY, {**signed(), "webhook-timestamp": "now"}, SECRET),
        (BODY, {**signed(), "webhook-timestamp": "\u0661"}, SECRET),
        (BODY, {**signed(), "WEBHOOK-SIGNATURE": ""}, SECRET),
        (BODY, {**signed(), "WEBHOOK-SIGNATURE": "v1,\u00e9"}, SECRET),
        (BODY, {**signed(), "WEBHOOK-SIGNATURE": signed()["WEBHOOK-SIGNATURE"][3:]}, SECRET),
        (BODY, signed(), []),
        (b"[]", signed(b"[]"), SECRET),
        (b"{", signed(b"{"), SECRET),
    ]
    for name in signed():
        wrong.append((BODY, {k: v for k, v in signed().items() if k != name}, SECRET))
    for body, headers, secret in wrong:
        with pytest.raises(WebhookVerificationError):
            verify_webhook(body, headers, secret, now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!", "secret", SECRET[6:]])
def test_secrets_that_are_none(secret: str) -> None:
    with pytest.raises(ValueError):
        verify_webhook(BODY, signed(), secret, now=NOW)


@pytest.fixture
def receiver() -> Iterator[Any]:
    """A server that queues what comes."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            got.put((body, dict(self.headers)))

        def log_message(self, *_: Any) -> None:
            pass

    got: "queue.Queue[Any]" = queue.Queue()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", got
        server.shutdown()


def test_a_real_delivery(vault: MediaVault, receiver: Any) -> None:
    url, got = receiver
    webhook = vault.webhooks.create(url, ["media.uploaded"])
    media = vault.media.upload(b"x", filename="a")
    body, headers = got.get(timeout=30)
    payload = verify_webhook(body, headers, webhook.secret)
    assert (payload.event, payload.data.id, payload.data.user_id) == ("media.uploaded", media.id, media.user_id)
    assert payload.timestamp == media.created_at
    with pytest.raises(WebhookVerificationError):
        verify_webhook(body, headers, new_secret())
