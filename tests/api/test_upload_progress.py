"""How far uploads are, told over /realtime while they run."""

import time

import pytest

from harness import forms, quantum, shapes
from harness.boxes import expect
from harness.client import Api

PIECE = b"x" * 20_000
PIECES = 6
SIZE = len(PIECE) * PIECES
HERE = b"\0here\0"  # where the pieces come
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
# What a reader of forms keeps back until it knows that it is not the end of the part.
KEPT_BACK = 200


# What an upload of one file through each API takes: the path, headers beside the token, the field of a form.


def post_json(server, owner, path, body):
    return expect(Api(server.url, token=owner.token).post(path, json=body), 201)


def mediavault(server, owner):
    return "/api/v1/media/upload", {}, forms.Part("file", HERE, "a.bin")


def boxes(server, owner):
    project = post_json(server, owner, "/api/projects/", {"name": "Film"})["id"]
    box = post_json(server, owner, "/api/boxes/", {"project": project, "name": "Scene"})["id"]
    return f"/api/boxes/{box}/upload/", {}, forms.Part("file", SVG + HERE, "a.svg")


def fileuploader(server, owner):
    return "/api/upload/private", {}, forms.Part("file", HERE, "a.bin")


def streamvault(server, owner):
    body = {"file_name": "a.bin", "total_chunks": 1}
    upload = post_json(server, owner, "/storage/api/v3/chunk_init/", body)["upload_id"]
    return "/storage/api/v3/chunk_upload/", {"X-Upload-ID": upload, "X-Chunk-Index": "0"}, None


def quantum_file(server, owner):
    key = shapes.success(owner.post("/api-keys", json={"name": "a", "kind": "master"}), 201)["secret"]
    bucket = quantum.Quantum(server, master=key).bucket()
    return f"/file/add/{quantum.at(bucket)}", {"X-API-MKEY": key, "Authorization": None}, forms.Part("files", HERE, "a.bin")


class Slow:
    """An upload that is sent piece by piece."""

    def __init__(self, server, owner, dialect):
        path, headers, part = dialect(server, owner)
        headers = {"Authorization": f"Bearer {owner.token}", **headers}
        before = self.after = b""
        self.size = SIZE
        if part:
            headers["Content-Type"], body = forms.encode([part])
            before, self.after = body.split(HERE)
            self.size += len(part.data) - len(HERE)
        self.request_size = len(before) + SIZE + len(self.after)
        headers["Content-Length"] = str(self.request_size)
        headers = {name: value for name, value in headers.items() if value is not None}
        self.wire = server.wire(timeout=30)
        self.wire.send(self.wire.head("POST", path, headers) + before)

    def send(self):
        self.wire.send(PIECE)

    def finish(self):
        self.wire.send(self.after)
        reply = self.wire.reply("POST")
        assert reply.status_code in (200, 201), reply


def progress(client, timeout=20):
    message = client.receive(timeout)
    assert (message["type"], message["channel"], message["event"]) == ("event", "upload_updates", "upload.progress")
    assert message["id"] is None and message["resource_id"] == message["data"]["id"]
    assert message["data"]["id"].startswith("upload_") and shapes.is_time(message["timestamp"])
    return message["data"]


@pytest.mark.parametrize("dialect", [mediavault, boxes, fileuploader, streamvault, quantum_file])
def test_every_apis_upload_is_told(shared, open_socket, dialect):
    owner, other = shared.user(), shared.user()
    client, stranger = open_socket(owner), open_socket(other)
    reply = client.subscribe("upload_updates")
    assert (reply["resource_id"], reply["last_event_id"], reply["gap"]) == (None, None, False)
    stranger.subscribe("upload_updates")
    upload = Slow(shared, owner, dialect)
    last = None
    for sent in range(len(PIECE), SIZE + 1, len(PIECE)):
        upload.send()
        # Each step is seen before the next one is made, however slow the machine.
        while last is None or last["received"] < sent - KEPT_BACK:
            now = progress(client)
            # A body that is nothing but the file ends with its last byte.
            assert now["status"] == "receiving" or now["received"] == upload.size
            assert last is None or (now["id"] == last["id"] and now["received"] > last["received"])
            last = now
    assert last["user_id"] == owner.me()["id"] and shapes.is_time(last["started_at"])
    assert last["request_size"] == upload.request_size
    assert last["size"] == (SIZE if dialect is streamvault else None)
    upload.finish()
    while last["status"] == "receiving":
        last = progress(client)
    assert (last["status"], last["received"]) == ("received", upload.size)
    assert client.is_quiet() and stranger.is_quiet()


def test_an_upload_that_breaks_off_has_failed(shared, open_socket):
    owner = shared.user()
    client = open_socket(owner)
    client.subscribe("upload_updates")
    upload = Slow(shared, owner, mediavault)
    upload.send()
    seen = progress(client)
    upload.wire.abort()
    while seen["status"] == "receiving":
        seen = progress(client)
    assert seen["status"] == "failed"
    assert client.is_quiet()


def test_four_a_second_at_most(shared, open_socket):
    owner = shared.user()
    client = open_socket(owner)
    client.subscribe("upload_updates")
    upload = Slow(shared, owner, mediavault)
    began = time.monotonic()
    told = 0
    for _ in range(200):
        upload.wire.send(b"y" * 100)
        try:
            progress(client, 0.01)
            told += 1
        except TimeoutError:
            pass
    took = time.monotonic() - began
    upload.wire.abort()
    assert 2 <= told <= 4 * took + 1


def test_the_channel_has_no_resources_and_no_events(shared, open_socket):
    owner = shared.user()
    client = open_socket(owner)
    error = client.error("validation_error", type="subscribe", channel="upload_updates", resource_id="media_1")
    assert error["details"][0]["field"] == "resource_id"
    client.error("not_found", type="unsubscribe", channel="upload_updates")
    client.subscribe("upload_updates")
    client.subscribe("upload_updates")
    owner.upload(b"bytes", "a.txt")
    # An upload that is over at once may have been seen, or not.
    assert client.ask(type="unsubscribe", channel="upload_updates")["type"] in ("unsubscribed", "event")


def test_a_subscription_that_ended_is_quiet(shared, open_socket):
    owner = shared.user()
    client = open_socket(owner)
    client.subscribe("upload_updates")
    assert client.ask(type="unsubscribe", channel="upload_updates")["type"] == "unsubscribed"
    client.subscribe("media_updates")
    upload = Slow(shared, owner, mediavault)
    upload.send()
    assert client.is_quiet(1)
    upload.wire.abort()
