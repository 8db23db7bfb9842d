"""The programs in examples/."""

from __future__ import annotations

import os
import pathlib
import queue
import re
import subprocess
import sys
import threading
from typing import Any, List

from mediavault import MediaVault, sign_webhook
from support import Server

EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "examples"
sys.path.insert(0, str(EXAMPLES))


def test_the_receiver_of_webhooks(server: Server, vault: MediaVault) -> None:
    """As people start it, before a real vault."""
    # The secret comes with the webhook, and the webhook needs the address.
    placeholder = vault.webhooks.create("http://127.0.0.1:1/webhooks/mediavault", ["media.uploaded"])
    command = [sys.executable, "-u", "-m", "flask", "--app", "flask_webhooks", "run", "--port", "0"]
    with subprocess.Popen(
        command,
        cwd=EXAMPLES,
        env={**os.environ, "MEDIAVAULT_WEBHOOK_SECRET": placeholder.secret},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        lines: "queue.Queue[str]" = queue.Queue()
        assert process.stdout
        reader = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout or []])
        reader.start()
        try:
            url = found(lines, r"http://127\.0\.0\.1:\d+")
            vault.webhooks.update(placeholder.id, url=url + "/webhooks/mediavault")
            media = vault.media.upload(b"x", filename="a.png")
            assert found(lines, r"media\.uploaded \w+ media_\d+").endswith(" " + media.id)
        finally:
            process.terminate()
            reader.join()


def found(lines: "queue.Queue[str]", pattern: str) -> str:
    seen: List[str] = []
    while True:
        try:
            seen.append(lines.get(timeout=30))
        except queue.Empty:
            raise AssertionError("".join(seen)) from None
        if match := re.search(pattern, seen[-1]):
            return match.group(0)


def test_what_the_receiver_refuses() -> None:
    import flask_webhooks

    import base64
    import json
    import time

    secret = "whsec_" + base64.b64encode(b"0" * 32).decode()
    handled: List[Any] = []

    def handle(payload: Any) -> None:
        if len(handled) == 1:
            handled.append("failed")
            raise RuntimeError("the program's own")
        handled.append(payload)

    client = flask_webhooks.create_app(secret, handle).test_client()
    data = {"id": "media_1", "type": "image", "user_id": "user_1"}
    body = json.dumps(
        {"event": "media.uploaded", "data": data, "timestamp": "2023-05-30T10:00:00Z"}
    ).encode()

    def post(id: str, at: int, sent: bytes = body) -> int:
        signature = sign_webhook(secret, id, at, body)
        headers = {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": signature}
        return int(client.post("/webhooks/mediavault", data=sent, headers=headers).status_code)

    now = int(time.time())
    assert post("msg_1", now) == 204 and post("msg_1", now) == 204 and len(handled) == 1
    assert post("msg_2", now - 3600) == 401
    assert post("msg_2", now, body + b" ") == 401
    assert post("msg_2", now, body + b" " * 70_000) == 413
    assert client.get("/webhooks/mediavault").status_code == 405
    # One that was not handled is handled when it comes again.
    assert post("msg_3", now) == 500 and post("msg_3", now) == 204 and len(handled) == 3
