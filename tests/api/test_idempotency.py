"""Idempotency-Key: a request that is sent again is carried out once."""

import concurrent.futures
import itertools
import json
import secrets
import sqlite3
import threading
import time

import pytest

from harness import forms, program, samples, shapes
from harness.client import Api

_keys = itertools.count(1)


def new_key():
    return f"{secrets.token_hex(8)}-{next(_keys)}"


def upload(user, key, parts=None, boundary=forms.BOUNDARY, path="/media/upload", **options):
    parts = parts or [forms.Part("file", b"the bytes", "a.txt")]
    content_type, body = forms.encode(parts, boundary)
    return user.post(path, data=body, headers={"Content-Type": content_type, "Idempotency-Key": key}, **options)


def create(user, key, name="Summer", **options):
    return user.post("/collections", json={"name": name}, headers={"Idempotency-Key": key}, **options)


def refused(reply, status, code):
    assert reply.status_code == status, reply.text
    assert reply.json()["error"]["code"] == code
    assert "Idempotency-Replayed" not in reply.headers
    return reply


def assert_replayed(reply, first):
    assert reply.headers["Idempotency-Replayed"] == "true"
    assert (reply.status_code, reply.content) == (first.status_code, first.content)
    for name in ("Content-Type", "ETag", "Location", "Cache-Control"):
        assert reply.headers.get(name) == first.headers.get(name), name


def test_an_upload_that_is_sent_again_gets_the_first_reply(user):
    key = new_key()
    first = upload(user, key)
    shapes.success(first, 201)
    assert "Idempotency-Replayed" not in first.headers
    for again in (upload(user, key), upload(user, key, boundary="another-boundary")):
        assert_replayed(again, first)
    assert len(user.media()) == 1
    other = upload(user, new_key())
    assert shapes.success(other, 201)["id"] != shapes.success(first, 201)["id"]


def test_a_form_of_several_files_is_one_request(user):
    key = new_key()
    parts = [forms.Part("file", bytes([number]) * 1000, f"{number}.bin") for number in range(5)]
    parts.append(forms.Part("title", "a title".encode()))
    first = upload(user, key, parts)
    assert len(first.json()["data"]) == 5
    assert_replayed(upload(user, key, parts), first)
    assert len(user.media()) == 5


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: [forms.Part("file", b"the bytes!", "a.txt")],
        lambda parts: [forms.Part("file", b"the bytes", "b.txt")],
        lambda parts: [forms.Part("other", b"the bytes", "a.txt"), *parts],
        lambda parts: parts + [forms.Part("title", b"new")],
        lambda parts: parts + parts,
        lambda parts: [forms.Part("file", b"the byte", "a.txt"), forms.Part("file", b"s", "a.txt")],
    ],
)
def test_another_form_under_the_same_key_is_a_mismatch(user, change):
    key = new_key()
    parts = [forms.Part("file", b"the bytes", "a.txt")]
    shapes.success(upload(user, key, parts), 201)
    refused(upload(user, key, change(parts)), 422, "idempotency_mismatch")
    assert len(user.media()) == 1


def test_another_method_path_query_or_body_is_a_mismatch(user):
    key = new_key()
    first = create(user, key)
    made = shapes.success(first, 201)
    refused(create(user, key, "Winter"), 422, "idempotency_mismatch")
    refused(create(user, key, params={"a": "1"}), 422, "idempotency_mismatch")
    refused(upload(user, key), 422, "idempotency_mismatch")
    media = user.upload()
    add = lambda: user.post(  # noqa: E731
        f"/collections/{made['id']}/media", json={"media_id": media["id"]}, headers={"Idempotency-Key": key}
    )
    refused(add(), 422, "idempotency_mismatch")
    assert_replayed(create(user, key), first)
    assert len(shapes.success(user.get("/collections"))) == 1
    # Of other methods the field means nothing.
    path = f"/collections/{made['id']}"
    shapes.success(user.patch(path, json={"name": "Winter"}, headers={"Idempotency-Key": key}))
    shapes.success(user.patch(path, json={"name": "Spring"}, headers={"Idempotency-Key": key}))


def test_the_same_key_of_two_accounts_is_two_keys(shared):
    anna, bert = shared.user(), shared.user()
    key = new_key()
    first, second = create(anna, key), create(bert, key)
    assert shapes.success(first, 201)["id"] != shapes.success(second, 201)["id"]
    assert "Idempotency-Replayed" not in second.headers
    assert_replayed(create(anna.again(), key), first)
    assert_replayed(create(bert, key), second)


def test_a_refused_request_is_looked_at_again(user):
    key = new_key()
    media = user.upload()
    made = shapes.success(user.post("/collections", json={"name": "a"}), 201)
    add = lambda body: user.post(  # noqa: E731
        f"/collections/{made['id']}/media", json=body, headers={"Idempotency-Key": key}
    )
    refused(add({"media_id": "media_999999"}), 404, "not_found")
    refused(add({}), 400, "validation_error")
    first = add({"media_id": media["id"]})
    assert shapes.success(first)["media_count"] == 1
    assert_replayed(add({"media_id": media["id"]}), first)


def test_a_request_that_changes_nothing_is_repeated_too(user):
    media = user.upload()
    made = shapes.success(user.post("/collections", json={"name": "a"}), 201)
    path = f"/collections/{made['id']}/media"
    shapes.success(user.post(path, json={"media_id": media["id"]}))
    key = new_key()
    first = user.post(path, json={"media_id": media["id"]}, headers={"Idempotency-Key": key})
    shapes.success(user.delete(f"{path}/{media['id']}"))
    again = user.post(path, json={"media_id": media["id"]}, headers={"Idempotency-Key": key})
    assert_replayed(again, first)
    assert shapes.success(user.get(f"/collections/{made['id']}"))["media_count"] == 0


def test_what_exists_is_told_again_as_it_was(shared, user):
    def exists(key, checksums, caller=user):
        return caller.post("/media/exists", json={"checksums": checksums}, headers={"Idempotency-Key": key})

    media = user.upload(b"the bytes", "a.txt")
    checksums = [media["checksum"]] + [f"sha256:{number:064x}" for number in range(999)]
    key = new_key()
    first = exists(key, checksums)
    assert shapes.success(first)[media["checksum"]] == media["id"] and "Idempotency-Replayed" not in first.headers
    shapes.success(user.delete(f"/media/{media['id']}", params={"permanent": "true"}))
    assert_replayed(exists(key, checksums), first)
    assert shapes.success(exists(new_key(), checksums))[media["checksum"]] is None
    refused(exists(key, checksums[1:]), 422, "idempotency_mismatch")
    assert shapes.failure(exists(new_key(), ["x"]), "validation_error", field="checksums")
    made = shapes.success(user.post("/api-keys", json={"name": "reader", "scopes": ["read"]}), 201)
    reader = Api(shared.root, key=made["secret"])
    key = new_key()
    first = exists(key, checksums, reader)
    assert_replayed(exists(key, checksums, reader), first)


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", b"\xfc"])
def test_a_key_that_is_none_is_refused(user, key):
    reply = user.post("/collections", json={"name": "a"}, headers={"Idempotency-Key": key})
    shapes.failure(reply, "validation_error", field="Idempotency-Key")
    assert shapes.success(user.get("/collections")) == []


def test_the_longest_key_counts(user):
    first = create(user, "~" * 255)
    assert_replayed(create(user, "~" * 255), first)


def test_two_keys_in_one_request_are_refused(shared, user):
    with shared.wire() as wire:
        body = b'{"name":"a"}'
        wire.send(
            b"POST /api/v1/collections HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Authorization: Bearer " + user.token.encode() + b"\r\n"
            b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n"
            b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
        )
        assert wire.reply().status_code == 400
    assert shapes.success(user.get("/collections")) == []


def test_many_at_once_have_one_effect(user):
    """All of them are answered with the one file, or told to come again."""
    for round_number in range(5):
        key = new_key()
        users = [user.again() for _ in range(12)]
        data = samples.noise(300_000, seed=round_number)
        parts = [forms.Part("file", data, f"{round_number}.bin")]
        start = threading.Barrier(len(users))

        def send(one):
            start.wait()  # noqa: B023
            return upload(one, key, parts)  # noqa: B023

        with concurrent.futures.ThreadPoolExecutor(len(users)) as pool:
            replies = list(pool.map(send, users))
        made = [reply for reply in replies if reply.status_code == 201]
        assert len({reply.json()["data"]["id"] for reply in made}) == 1
        assert sum("Idempotency-Replayed" not in reply.headers for reply in made) == 1
        for reply in replies:
            if reply.status_code != 201:
                refused(reply, 409, "idempotency_in_progress")
                assert int(reply.headers["Retry-After"]) >= 1
        assert len(user.media()) == round_number + 1


def test_a_key_whose_request_is_under_way_is_told_to_wait(shared, user):
    key = new_key()
    content_type, body = forms.file_form(b"x" * 1000, "slow.bin")
    with shared.wire() as wire:
        wire.send(
            f"POST /api/v1/media/upload HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {user.token}\r\n"
            f"Idempotency-Key: {key}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        assert wire.reply().status_code == 100
        wire.send(body[:200])
        reply = refused(upload(user, key), 409, "idempotency_in_progress")
        assert int(reply.headers["Retry-After"]) >= 1
        wire.abort()
    # It came to nothing, so another one may be carried out.
    until = time.monotonic() + program.patience(20)
    while (reply := upload(user, key)).status_code == 409 and time.monotonic() < until:
        time.sleep(0.05)
    shapes.success(reply, 201)
    assert [media["filename"] for media in user.media()] == ["a.txt"]


@pytest.mark.parametrize("path, body", [
    ("/api-keys", {"name": "a"}), ("/webhooks", {"url": "https://example.com/a", "events": ["media.uploaded"]}),
])
def test_replies_with_secrets_are_for_the_same_credentials_alone(shared, user, path, body):
    key = new_key()
    post = lambda who: who.post(path, json=body, headers={"Idempotency-Key": key})  # noqa: E731
    first = post(user)
    secret = shapes.success(first, 201)["secret"]
    again = post(user)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true" and again.headers["Cache-Control"] == "no-store"
    reply = refused(post(user.again()), 409, "idempotency_reply_lost")
    assert "new key" in reply.json()["error"]["message"]
    assert len(shapes.success(user.get(path))) == 1
    files = [path.read_bytes() for path in shared.data.glob("coffer.db*")]
    assert files and not any(secret.encode() in content for content in files)


def test_log_ins_may_carry_a_key_and_are_carried_out_again(shared, user):
    key = new_key()
    body = {"username": user.username, "password": user.password}
    replies = [shared.anyone().post("/auth/login", json=body, headers={"Idempotency-Key": key}) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].json()["token"] != replies[1].json()["token"]


def test_replies_survive_a_restart(launch):
    server = launch()
    user = server.user()
    key = new_key()
    first = upload(user, key)
    server.kill()
    server.start()
    user.root = server.root
    assert_replayed(upload(user, key), first)


def forget_replies(server):
    """As a kill between the commit of a change and that of its reply leaves them."""
    database = sqlite3.connect(server.data / "coffer.db")
    with database:
        database.execute(
            "UPDATE account SET charged = charged - (SELECT coalesce(sum(charged - 256), 0)"
            " FROM idempotency_key WHERE account_id = account.id)"
        )
        changed = database.execute(
            "UPDATE idempotency_key SET reply_status = NULL, reply_headers = '', reply_body = NULL, charged = 256"
        ).rowcount
    database.close()
    return changed


def test_a_reply_that_a_kill_has_lost_is_made_again(launch):
    server = launch({"webhooks.allow_private": "true"})
    user = server.user()
    several = [forms.Part("file", b"%d" % number, f"{number}.txt") for number in range(3)]
    media = user.upload()
    collection = shapes.success(user.post("/collections", json={"name": "a"}), 201)
    hook = {"url": "http://127.0.0.1:1/", "events": ["media.uploaded"]}
    webhook = shapes.success(user.post("/webhooks", json=hook), 201)
    requests = [
        lambda: upload(user, "one"),
        lambda: upload(user, "several", several),
        lambda: create(user, "create"),
        lambda: user.post(
            f"/collections/{collection['id']}/media",
            json={"media_id": media["id"]},
            headers={"Idempotency-Key": "add"},
        ),
    ]
    test = lambda: user.post(f"/webhooks/{webhook['id']}/test", headers={"Idempotency-Key": "test"})  # noqa: E731
    first = [request() for request in requests]
    shapes.success(test(), 202)
    before = user.media(), shapes.success(user.get("/collections"))
    server.kill()
    assert forget_replies(server) == len(requests) + 1
    server.start()
    user.root = server.root
    for request, told in zip(requests, first):
        again = request()
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.status_code == told.status_code
        for thing, then in zip(as_list(again), as_list(told)):
            # The port is another one.
            assert {**thing, "url": None} == {**then, "url": None}
    refused(test(), 409, "idempotency_reply_lost")
    assert (user.media(), shapes.success(user.get("/collections"))) == (
        [{**thing, "url": thing["url"].replace(root_of(thing), server.url)} for thing in before[0]],
        before[1],
    )
    shapes.success(user.delete(f"/collections/{first[2].json()['data']['id']}"))
    refused(requests[2](), 409, "idempotency_reply_lost")


def as_list(reply):
    data = reply.json()["data"]
    return data if isinstance(data, list) else [data]


def root_of(media):
    return media["url"].partition("/api/")[0]


def test_a_long_reply_is_made_again(user):
    """It is not kept, but what it is about is."""
    key = new_key()
    parts = [forms.Part("description", b"d" * 9000)]
    parts += [forms.Part("file", b"%d" % number, f"{number}.txt") for number in range(20)]
    first = upload(user, key, parts)
    assert len(first.content) > 131072
    again = upload(user, key, parts)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.status_code == 201 and again.json()["data"] == first.json()["data"]
    assert len(user.media()) == 20
    shapes.success(user.delete(f"/media/{first.json()['data'][3]['id']}"))
    refused(upload(user, key, parts), 409, "idempotency_reply_lost")


def test_keys_are_charged(user):
    before = user.me()["charged_bytes"]
    first = create(user, new_key())
    made = shapes.success(first, 201)
    shapes.success(user.delete(f"/collections/{made['id']}"))
    assert user.me()["charged_bytes"] >= before + 256 + len(first.content)


def test_metrics_count_what_is_repeated(shared, user):
    key = new_key()
    create(user, key)
    create(user, key)
    create(user, key, "Winter")
    metrics = dict(line.rsplit(" ", 1) for line in shared.metrics().splitlines() if not line.startswith("#"))
    assert float(metrics["coffer_idempotent_replays_total"]) >= 1
    assert float(metrics["coffer_idempotent_refusals_total"]) >= 1
    assert json.loads(metrics["coffer_idempotent_requests"]) == 0
