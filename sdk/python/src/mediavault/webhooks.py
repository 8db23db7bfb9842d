"""Whether a delivery is really the vault's: the signatures of Standard Webhooks."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Iterable, Mapping, Optional, Tuple, Union

from ._decode import decode
from .errors import MediaVaultError, WebhookVerificationError
from .models import WebhookPayload

__all__ = ["sign_webhook", "verify_webhook"]

_PREFIX = "whsec_"


def _key_of(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret[len(_PREFIX) :], validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(_PREFIX) or not key:
        raise ValueError("the secret of a webhook is `whsec_` and base64")
    return key


def sign_webhook(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` of a message; for tests of receivers."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(_key_of(secret), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def verify_webhook(
    body: Union[bytes, str],
    headers: Union[Mapping[str, str], Iterable[Tuple[str, str]]],
    secrets: Union[str, Iterable[str]],
    *,
    tolerance: float = 300.0,
    now: Optional[float] = None,
) -> WebhookPayload:
    """The payload of a delivery that is signed with the secret, or with one of several, and was sent
    at most `tolerance` seconds ago or ahead.

    `body` is exactly what came, not parsed and written again; `headers` are those of the request, in
    whatever case, as frameworks have them; `now` is Unix time. Throws WebhookVerificationError. A message may come more than
    once: remember the header `webhook-id` where that matters.
    """
    keys = [secrets] if isinstance(secrets, str) else list(secrets)
    if isinstance(body, str):
        body = body.encode()
    found = {name.lower(): value for name, value in dict(headers).items()}
    try:
        message_id = found["webhook-id"]
        sent_at = found["webhook-timestamp"]
        signatures = found["webhook-signature"]
    except KeyError as missing:
        raise WebhookVerificationError(f"the header {missing} is missing") from None
    if not sent_at.isascii() or not sent_at.isdigit() or len(sent_at) > 15:
        raise WebhookVerificationError("webhook-timestamp is not a number of seconds")
    age = (time.time() if now is None else now) - int(sent_at)
    if abs(age) > tolerance:
        raise WebhookVerificationError(f"the message was sent {age:.0f} seconds ago")
    candidates = [one.encode() for one in signatures.split(" ") if one.startswith("v1,")]
    is_signed = False
    for one in keys:
        expected = sign_webhook(one, message_id, int(sent_at), body).encode()
        for candidate in candidates:
            # All are compared, so that the time says nothing.
            is_signed |= hmac.compare_digest(expected, candidate)
    if not is_signed:
        raise WebhookVerificationError("no signature fits the secret")
    try:
        return decode(WebhookPayload, json.loads(body))
    except (ValueError, MediaVaultError) as error:
        raise WebhookVerificationError(f"the body is not a payload: {error}") from error
