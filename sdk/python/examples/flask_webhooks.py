"""Receives webhooks of the vault with Flask.

    pip install flask mediavault-sdk
    MEDIAVAULT_WEBHOOK_SECRET=whsec_… flask --app flask_webhooks run --port 5000

`vault.webhooks.create("https://me.example/webhooks/mediavault", ["media.uploaded"])` gives the secret.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Callable, Iterable, Union

from flask import Flask, Response, request

from mediavault import WebhookPayload, WebhookVerificationError, verify_webhook

# Ids of messages that are remembered: each may come more than once.
REMEMBERED = 10_000
LONGEST = 64 * 1024


def create_app(
    secrets: Union[str, Iterable[str]], handle: Callable[[WebhookPayload], None]
) -> Flask:
    """An application that calls `handle` once for each message. An exception of it makes the vault
    send the message again later."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = LONGEST
    keys = [secrets] if isinstance(secrets, str) else list(secrets)
    seen: "OrderedDict[str, None]" = OrderedDict()  # of this process

    @app.post("/webhooks/mediavault")
    def receive() -> Response:
        try:
            # The bytes as they came: another spelling of the same JSON has another signature.
            payload = verify_webhook(request.get_data(), request.headers, keys)
        except WebhookVerificationError as error:
            app.logger.warning("refused: %s", error)
            return Response(status=401)
        message = request.headers["webhook-id"]
        if message not in seen:
            handle(payload)
            seen[message] = None
            if len(seen) > REMEMBERED:
                seen.popitem(last=False)
        return Response(status=204)

    return app


def print_event(payload: WebhookPayload) -> None:
    """Here your program does what it has to, or better puts it into a queue: the vault waits 15
    seconds for the reply."""
    print(payload.event, payload.data.type, payload.data.id, flush=True)


def main() -> Flask:
    return create_app(os.environ["MEDIAVAULT_WEBHOOK_SECRET"], print_event)


if "MEDIAVAULT_WEBHOOK_SECRET" in os.environ:
    app = main()
