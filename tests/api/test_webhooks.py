"""Webhooks of the Media Vault API, to a real receiver."""

import secrets
import subprocess
import time

import pytest

from harness import forms, program, shapes
from harness.client import Api, User, unique_name
from harness.receiver import Receiver, signature
from harness.server import Server

PRIVATE = {"webhooks.allow_private": "true", "webhooks.timeout": "2s"}
ALL = [
    "media.uploaded",
    "media.updated",
    "media.deleted",
    "media.restored",
    "media.purged",
    "user.registered",
    "collection.created",
    "collection.updated",
    "collection.deleted",
]


@pytest.fixture
def receiver():
    with Receiver() as one:
        yield one


@pytest.fixture(scope="module")
def lenient(binary, tmp_path_factory):
    """A server whose webhooks may be on this machine."""
    server = Server(tmp_path_factory.mktemp("webhooks") / "data", PRIVATE).start()
    yield server
    server.close()


@pytest.fixture
def ada(lenient):
    return lenient.user()


def hook(user, url, events=None):
    return shapes.success(user.post("/webhooks", json={"url": url, "events": events or ALL}), 201)


def deliveries(user, webhook, **query):
    return shapes.success(user.get(f"/webhooks/{webhook['id']}/deliveries", params=query))


def eventually(check, what="", timeout=30):
    end = time.monotonic() + program.patience(timeout)
    while not (found := check()):
        assert time.monotonic() < end, f"it did not happen: {what}"
        time.sleep(0.05)
    return found


def test_the_documented_payload_signed(lenient, ada, receiver):
    made = hook(ada, receiver.url("/a?b=c"), ["media.uploaded"])
    media = ada.upload(b"bytes", "a.jpg")
    (message,) = receiver.wait(1)
    assert message.path == "/a?b=c"
    assert message.json == {
        "event": "media.uploaded",
        "data": {"id": media["id"], "type": "image", "user_id": media["user_id"]},
        "timestamp": media["created_at"],
    }
    assert message.headers["content-type"] == "application/json"
    assert message.id.startswith("msg_") and "." not in message.id
    assert abs(int(message.headers["webhook-timestamp"]) - time.time()) < 60
    assert message.headers["webhook-signature"] == signature(made["secret"], message)
    (delivery,) = eventually(lambda: deliveries(ada, made, status="delivered"))
    assert delivery["message_id"] == message.id and delivery["payload"] == message.json
    assert (delivery["attempts"], delivery["reply_code"], delivery["error"]) == (1, 204, None)
    assert delivery["event"] == "media.uploaded" and delivery["duration_ms"] >= 0
    assert shapes.is_time(delivery["last_attempt_at"]) and shapes.is_time(delivery["finished_at"])


def test_each_event_to_who_asked_for_it_and_to_nobody_else(lenient, ada, receiver):
    bob = lenient.user()
    hook(ada, receiver.url("/all"))
    hook(ada, receiver.url("/gone"), ["media.deleted"])
    hook(bob, receiver.url("/bob"))
    media = ada.upload(b"bytes", "a.txt")
    shapes.success(ada.patch(f"/media/{media['id']}", json={"title": "new"}))
    # Through another API: what is stored is one.
    content_type, body = forms.encode([forms.Part("file", b"other", "b.txt")])
    reply = Api(lenient.url, token=ada.token).post(
        "/api/upload/private", data=body, headers={"Content-Type": content_type}
    )
    assert reply.status_code == 200, reply.text
    shapes.success(ada.delete(f"/media/{media['id']}"))
    receiver.wait(1, "/gone")
    receiver.wait(4, "/all")
    ours = [one.json["event"] for one in receiver.messages("/all") if one.json["data"]["id"] == media["id"]]
    assert ours == ["media.uploaded", "media.updated", "media.deleted"]
    assert [one.json["event"] for one in receiver.messages("/gone")] == ["media.deleted"]
    mine = bob.upload(b"bob's", "c.txt")
    receiver.wait(1, "/bob")
    assert [one.json["data"]["id"] for one in receiver.messages("/bob")] == [mine["id"]]


def test_the_way_into_the_trash_and_out_of_it(lenient, ada, receiver):
    hook(ada, receiver.url("/trash"), ["media.deleted", "media.restored", "media.purged"])
    media = ada.upload(b"bytes", "a.jpg")
    shapes.success(ada.delete(f"/media/{media['id']}"))
    shapes.success(ada.post(f"/trash/{media['id']}/restore"))
    shapes.success(ada.delete(f"/media/{media['id']}"))
    shapes.success(ada.delete(f"/trash/{media['id']}"))
    emptied, permanent = ada.upload(b"more", "b.jpg"), ada.upload(b"most", "c.jpg")
    shapes.success(ada.delete(f"/media/{emptied['id']}"))
    shapes.success(ada.delete("/trash"))
    shapes.success(ada.delete(f"/media/{permanent['id']}?permanent=true"))
    told = [message.json for message in receiver.wait(7, "/trash")]
    assert all(one["data"]["type"] == "image" for one in told)
    assert all(one["data"]["user_id"] == media["user_id"] for one in told)

    def about(one):
        return [each["event"] for each in told if each["data"]["id"] == one["id"]]

    assert about(media) == ["media.deleted", "media.restored", "media.deleted", "media.purged"]
    assert about(emptied) == ["media.deleted", "media.purged"]
    assert about(permanent) == ["media.deleted"]


def test_collections_are_told_of_in_order(lenient, ada, receiver):
    hook(ada, receiver.url("/collections"), ["collection.created", "collection.updated", "collection.deleted"])
    made = ada.post("/collections", json={"name": "Summer"}).json()["data"]
    media = ada.upload(b"x")
    path = f"/collections/{made['id']}"
    ada.post(f"{path}/media", json={"media_id": media["id"]})
    ada.patch(path, json={"name": "Autumn"})
    ada.delete(path)
    told = [message.json for message in receiver.wait(4, "/collections")]
    assert [one["event"] for one in told] == [
        "collection.created",
        "collection.updated",
        "collection.updated",
        "collection.deleted",
    ]
    data = {"id": made["id"], "type": "collection", "user_id": made["user_id"]}
    assert all(one["data"] == data for one in told)


def test_registrations_are_told_to_admins(lenient, ada, receiver):
    name, password = unique_name("root"), secrets.token_urlsafe(12)
    program.create_user(lenient.data, name, password, admin=True)
    admin = User(lenient.root, name, password)
    hook(admin, receiver.url("/admin"), ["user.registered"])
    hook(ada, receiver.url("/ada"), ["user.registered"])
    new = lenient.user().me()
    (message,) = receiver.wait(1, "/admin")
    assert message.json["event"] == "user.registered"
    assert message.json["data"] == {"id": new["id"], "type": "user", "user_id": new["id"]}
    assert receiver.messages("/ada") == []


def test_they_are_managed(lenient, ada, receiver):
    made = hook(ada, receiver.url("/x"), ["media.uploaded", "media.deleted"])
    secret = made.pop("secret")
    assert made["id"].startswith("hook_") and secret.startswith("whsec_")
    assert made["events"] == ["media.uploaded", "media.deleted"] and made["active"] is True
    assert shapes.success(ada.get("/webhooks")) == [made]
    assert shapes.success(ada.get(f"/webhooks/{made['id']}")) == made
    assert secret not in ada.get("/webhooks").text
    charged = ada.me()["charged_bytes"]
    changed = shapes.success(ada.patch(f"/webhooks/{made['id']}", json={"active": False, "events": ["media.updated"]}))
    assert changed["active"] is False and changed["events"] == ["media.updated"] and changed["url"] == made["url"]
    shapes.failure(ada.post(f"/webhooks/{made['id']}/test"), "conflict")
    shapes.success(ada.patch(f"/webhooks/{made['id']}", json={"active": True, "url": receiver.url("/yy")}))
    assert ada.me()["charged_bytes"] == charged + 1
    stranger = lenient.user()
    for call in (
        lambda api: api.get(f"/webhooks/{made['id']}"),
        lambda api: api.patch(f"/webhooks/{made['id']}", json={"active": False}),
        lambda api: api.get(f"/webhooks/{made['id']}/deliveries"),
        lambda api: api.post(f"/webhooks/{made['id']}/test"),
        lambda api: api.post(f"/webhooks/{made['id']}/deliveries/delivery_1/resend"),
        lambda api: api.delete(f"/webhooks/{made['id']}"),
    ):
        shapes.failure(call(stranger), "not_found")
    assert shapes.success(ada.delete(f"/webhooks/{made['id']}")) == {"id": made["id"], "deleted": True}
    shapes.failure(ada.delete(f"/webhooks/{made['id']}"), "not_found")
    assert ada.me()["charged_bytes"] < charged


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "url"),
        ({}, "events"),
        ({"url": "https://example.org/", "events": []}, "events"),
        ({"url": "https://example.org/", "events": ["media.exploded"]}, "events"),
        ({"url": "https://example.org/", "events": ["webhook.test"]}, "events"),
        ({"url": "https://example.org/", "events": "media.uploaded"}, "events"),
        ({"url": "gopher://example.org/", "events": ALL}, "url"),
        ({"url": "https://user:secret@example.org/", "events": ALL}, "url"),
        ({"url": "https://" + "a" * 2048, "events": ALL}, "url"),
        ({"url": 7, "events": ALL}, "url"),
    ],
)
def test_wrong_ones_are_refused(lenient, ada, body, field):
    shapes.failure(ada.post("/webhooks", json=body), "validation_error", field=field)
    made = hook(ada, "https://example.org/")
    if field in body:
        shapes.failure(ada.patch(f"/webhooks/{made['id']}", json={field: body[field]}), "validation_error", field=field)
    shapes.failure(ada.patch(f"/webhooks/{made['id']}", json={"active": "no"}), "validation_error", field="active")
    for wrong in ("hook_", "hook_x", "1", "hook_99999999999999999999", "media_1"):
        shapes.failure(ada.get(f"/webhooks/{wrong}"), "not_found")
    for query in ("status=x", "page=0", "per_page=101", "per_page=x"):
        shapes.failure(ada.get(f"/webhooks/{made['id']}/deliveries?{query}"), "validation_error")


def test_an_account_has_so_many(lenient, ada):
    for _ in range(20):
        hook(ada, "https://example.org/")
    shapes.failure(ada.post("/webhooks", json={"url": "https://example.org/", "events": ALL}), "quota_exceeded")


def test_a_test_and_a_dead_one_that_is_sent_again(lenient, ada, receiver):
    made = hook(ada, receiver.url("/t"), ["media.deleted"])
    receiver.behaviours["/t"] = lambda connection, message: connection.sendall(
        b"HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n" + b"x\xc3\xa4" * 1666 + b"xx"
    )
    asked = shapes.success(ada.post(f"/webhooks/{made['id']}/test"), 202)
    assert (asked["status"], asked["event"]) == ("pending", "webhook.test")
    (first,) = receiver.wait(1, "/t")
    assert first.json["event"] == "webhook.test" and first.json["data"]["id"] == made["id"]
    (dead,) = eventually(lambda: deliveries(ada, made, status="dead"))
    assert dead["id"] == asked["id"] and dead["reply_code"] == 500 and "500" in dead["error"]
    assert dead["reply_body"].startswith("xäxä") and 1020 <= len(dead["reply_body"].encode()) <= 1024
    assert shapes.success(ada.get(f"/webhooks/{made['id']}"))["failures"] == 1
    del receiver.behaviours["/t"]
    path = f"/webhooks/{made['id']}/deliveries/{dead['id']}/resend"
    assert shapes.success(ada.post(path), 202)["status"] == "pending"
    messages = receiver.wait(2, "/t")
    assert messages[0].id == messages[1].id and messages[0].body == messages[1].body
    eventually(lambda: deliveries(ada, made, status="delivered"))
    shapes.failure(ada.post(path), "conflict")
    assert shapes.success(ada.get(f"/webhooks/{made['id']}"))["failures"] == 0


def test_deliveries_come_in_pages(lenient, ada, receiver):
    made = hook(ada, receiver.url("/p"), ["media.uploaded"])
    media = [ada.upload(b"%d" % number, f"{number}.txt")["id"] for number in range(5)]
    receiver.wait(5, "/p")
    eventually(lambda: len(deliveries(ada, made, status="delivered")) == 5)
    reply = ada.get(f"/webhooks/{made['id']}/deliveries?per_page=2&page=2&status=delivered")
    data = shapes.success(reply)
    assert [one["payload"]["data"]["id"] for one in data] == [media[2], media[1]]
    pages = reply.json()["meta"]["pagination"]
    assert (pages["total"], pages["count"], pages["total_pages"]) == (5, 2, 3)
    assert pages["links"]["next"] == f"/webhooks/{made['id']}/deliveries?page=3&per_page=2&status=delivered"
    assert deliveries(ada, made, page=9) == []


@pytest.mark.seconds(120)
def test_one_that_fails_and_recovers_gets_everything_in_order(lenient, ada, receiver):
    hook(ada, receiver.url("/r"))
    failing = {"left": 2}

    def fail_twice(connection, message):
        failing["left"] -= 1
        return 503 if failing["left"] >= 0 else 200

    receiver.behaviours["/r"] = fail_twice
    media = ada.upload(b"1", "a.txt")
    shapes.success(ada.patch(f"/media/{media['id']}", json={"title": "new"}))
    shapes.success(ada.delete(f"/media/{media['id']}"))
    messages = receiver.wait(5, "/r", timeout=60)
    events = [one.json["event"] for one in messages]
    assert events == ["media.uploaded"] * 3 + ["media.updated", "media.deleted"]
    assert len({one.id for one in messages[:3]}) == 1
    waits = [messages[i + 1].at - messages[i].at for i in range(2)]
    assert 3.9 < waits[0] and 11.9 < waits[1], waits


def drip(connection, head=b""):
    connection.sendall(head)
    for _ in range(200):
        connection.sendall(b"x")
        time.sleep(0.1)


def answer_two_gigabytes(connection, message):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n")
    piece, sent = b"x" * (1 << 20), 0
    while sent < 1 << 31:
        connection.sendall(piece)
        sent += len(piece)


BAD = {
    "/hangs": lambda connection, message: time.sleep(20),
    "/drips": lambda connection, message: drip(connection),
    "/drips-fields": lambda connection, message: drip(connection, b"HTTP/1.1 200 OK\r\nX-Slow: "),
    "/closes": lambda connection, message: connection.close(),
    "/nonsense": lambda connection, message: connection.sendall(b"220 mail.example.org ESMTP\r\n\r\n"),
    "/fields": lambda connection, message: connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 1000 * 1000),
    "/not-found": lambda connection, message: 404,
}


@pytest.mark.seconds(120)
def test_bad_receivers_delay_nobody(lenient, receiver):
    """Each fails with a reason, in time and in bounded memory, while a good one gets all at once."""
    victims = {path: lenient.user() for path in BAD}
    receiver.behaviours.update(BAD)
    hooks = {path: hook(user, receiver.url(path)) for path, user in victims.items()}
    good = lenient.user()
    hook(good, receiver.url("/good"))
    good.upload(b"0", "0.txt")
    receiver.wait(1, "/good")
    for user in victims.values():
        for number in range(3):
            user.upload(b"%d" % number, "a.txt")
    receiver.wait(1, "/hangs")
    began = time.monotonic()
    for number in range(20):
        good.upload(b"%d" % number, "b.txt")
    receiver.wait(21, "/good", timeout=20)
    assert time.monotonic() - began < 15
    for path, user in victims.items():
        def failed():
            return [one for one in deliveries(user, hooks[path]) if one["attempts"] > 0]

        one = eventually(failed, path)[0]
        assert one["status"] == "pending" and one["error"], (path, one)
        assert (one["reply_code"] == 404) == (path == "/not-found"), (path, one)
        assert shapes.is_time(one["next_attempt_at"])


@pytest.mark.seconds(120)
def test_a_reply_of_two_gigabytes_is_not_read(lenient, ada, receiver):
    receiver.behaviours["/huge"] = answer_two_gigabytes
    made = hook(ada, receiver.url("/huge"), ["media.uploaded"])
    before = lenient.rss()
    lenient.reset_peak()
    ada.upload(b"1", "a.txt")
    (delivery,) = eventually(lambda: deliveries(ada, made, status="delivered"))
    assert delivery["reply_code"] == 200 and delivery["reply_body"] == "x" * 1024
    assert lenient.peak_rss() - before < 64 << 20


def test_redirects_are_not_followed(lenient, ada, receiver):
    location = receiver.url("/elsewhere").encode()
    receiver.behaviours["/moved"] = lambda connection, message: connection.sendall(
        b"HTTP/1.1 307 Moved\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
    )
    made = hook(ada, receiver.url("/moved"))
    shapes.success(ada.post(f"/webhooks/{made['id']}/test"), 202)
    (dead,) = eventually(lambda: deliveries(ada, made, status="dead"))
    assert dead["reply_code"] == 307 and "redirect" in dead["error"]
    assert receiver.messages("/elsewhere") == []


def test_gone_ends_it(lenient, ada, receiver):
    receiver.behaviours["/gone"] = lambda connection, message: 410
    made = hook(ada, receiver.url("/gone"), ["media.uploaded"])
    ada.upload(b"1", "a.txt")
    eventually(lambda: not shapes.success(ada.get(f"/webhooks/{made['id']}"))["active"])
    ada.upload(b"2", "b.txt")
    time.sleep(1)
    assert len(receiver.messages("/gone")) == 1


def test_a_paused_one_hears_nothing_of_that_time(lenient, ada, receiver):
    made = hook(ada, receiver.url("/pause"), ["media.uploaded"])
    shapes.success(ada.patch(f"/webhooks/{made['id']}", json={"active": False}))
    ada.upload(b"1", "a.txt")
    shapes.success(ada.patch(f"/webhooks/{made['id']}", json={"active": True}))
    after = ada.upload(b"2", "b.txt")
    (message,) = receiver.wait(1, "/pause")
    assert message.json["data"]["id"] == after["id"]


def test_a_certificate_that_nobody_vouches_for_is_refused(lenient, ada, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
         "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )
    with Receiver(certificate=(certificate, key)) as receiver:
        made = hook(ada, receiver.url("/"))
        shapes.success(ada.post(f"/webhooks/{made['id']}/test"), 202)
        (dead,) = eventually(lambda: deliveries(ada, made, status="dead"))
        assert "certificate" in dead["error"] and dead["reply_code"] is None
        assert receiver.messages() == []


def test_private_addresses_are_refused_unless_allowed(shared, user, receiver):
    hosts = ["127.0.0.1", "localhost", "2130706433", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]",
             "10.0.0.1", "169.254.169.254"]
    made = [hook(user, f"http://{host}:{receiver.port}/", ["media.uploaded"]) for host in hosts]
    for one in made:
        shapes.success(user.post(f"/webhooks/{one['id']}/test"), 202)
    for host, one in zip(hosts, made):
        (dead,) = eventually(lambda one=one: deliveries(user, one, status="dead"))
        assert "webhooks.allow_private" in dead["error"], (host, dead)
        assert host == "localhost" or "127.0.0.1" not in dead["error"]
    assert receiver.connections == 0


@pytest.mark.seconds(120)
def test_a_restart_goes_on_in_the_middle_of_retries(launch):
    server = launch(PRIVATE)
    ada = server.user()
    with Receiver() as receiver:
        receiver.behaviours["/w"] = lambda connection, message: 500
        hook(ada, receiver.url("/w"))
        media = ada.upload(b"1", "a.txt")
        shapes.success(ada.delete(f"/media/{media['id']}"))
        receiver.wait(1, "/w")
        server.restart()
        del receiver.behaviours["/w"]
        messages = receiver.wait(3, "/w", timeout=60)
        events = [one.json["event"] for one in messages]
        assert events[-2:] == ["media.uploaded", "media.deleted"] and set(events[:-2]) == {"media.uploaded"}
        assert messages[1].at - messages[0].at > 3.9


def test_metrics_count_them(launch, receiver):
    server = launch(PRIVATE)
    ada = server.user()
    receiver.behaviours["/bad"] = lambda connection, message: 500
    made = [hook(ada, receiver.url(path), ["media.uploaded"]) for path in ("/good", "/bad")]
    for one in made:
        shapes.success(ada.post(f"/webhooks/{one['id']}/test"), 202)

    def values():
        pairs = [line.split() for line in server.metrics().splitlines() if line.startswith("coffer_webhook_")]
        return {name: float(value) for name, value in pairs}

    wanted = {"coffer_webhook_deliveries_total": 1, "coffer_webhook_failures_total": 1, "coffer_webhook_dead_total": 1}
    eventually(lambda: wanted.items() <= values().items())
    assert {"coffer_webhook_gaps_total", "coffer_webhook_attempts", "coffer_webhook_waiting"} <= set(values())


def test_uploads_do_not_wait_for_receivers(lenient, receiver):
    ada = lenient.user()
    receiver.behaviours["/slow"] = lambda connection, message: time.sleep(5)
    for _ in range(10):
        hook(ada, receiver.url("/slow"))
    slowest = 0.0
    for number in range(10):
        began = time.monotonic()
        ada.upload(b"%d" % number, "a.txt")
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < 4
