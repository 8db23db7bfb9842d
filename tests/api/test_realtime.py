"""The WebSocket of the Media Vault API, with real client libraries."""

import sqlite3
import time

import pytest

from harness import program, realtime, shapes
from harness.client import Api, User
from harness.realtime import Socket


@pytest.fixture
def ada(shared):
    return shared.user()


@pytest.fixture
def bob(shared):
    return shared.user()


def collection(user, name="Trip"):
    return shapes.success(user.post("/collections", json={"name": name}), 201)


# What the document shows.


def test_the_documented_client(shared, ada, open_socket):
    media = ada.upload(b"bytes", "a.jpg")
    client = open_socket()
    client.send({"type": "auth", "token": ada.token})
    authenticated = client.receive()
    assert authenticated["type"] == "authenticated"
    assert authenticated["user_id"] == media["user_id"] and shapes.is_time(authenticated["expires_at"])
    client.send({"type": "subscribe", "channel": "media_updates", "resource_id": media["id"]})
    subscribed = client.receive()
    assert subscribed["type"] == "subscribed" and subscribed["channel"] == "media_updates"
    assert subscribed["resource_id"] == media["id"] and subscribed["gap"] is False
    changed = shapes.success(ada.patch(f"/media/{media['id']}", json={"title": "New"}))
    event = client.receive()
    assert event.pop("id").startswith("event_")
    assert event == {
        "type": "event",
        "channel": "media_updates",
        "resource_id": media["id"],
        "event": "media.updated",
        "data": {"id": media["id"], "type": "image", "user_id": media["user_id"]},
        "timestamp": changed["updated_at"],
    }


def test_every_event_of_the_account(ada, open_socket):
    client = open_socket(ada)
    assert client.subscribe("media_updates")["resource_id"] is None
    client.subscribe("collection_updates")
    media = ada.upload(b"bytes", "a.txt")
    trip = collection(ada)
    shapes.success(ada.post(f"/collections/{trip['id']}/media", json={"media_id": media["id"]}))
    shapes.success(ada.delete(f"/collections/{trip['id']}"))
    shapes.success(ada.delete(f"/media/{media['id']}"))
    events = [client.receive() for _ in range(5)]
    assert [event["event"] for event in events] == [
        "media.uploaded", "collection.created", "collection.updated", "collection.deleted", "media.deleted",
    ]
    assert {event["resource_id"] for event in events} == {media["id"], trip["id"]}
    assert events[1]["data"] == {"id": trip["id"], "type": "collection", "user_id": media["user_id"]}
    assert events[1]["channel"] == "collection_updates"
    numbers = [int(event["id"].removeprefix("event_")) for event in events]
    assert numbers == sorted(set(numbers))
    assert client.is_quiet()


def test_a_deleted_file_changes_its_collections(ada, open_socket):
    media = ada.upload(b"bytes", "a.txt")
    trips = [collection(ada), collection(ada)]
    for trip in trips:
        shapes.success(ada.post(f"/collections/{trip['id']}/media", json={"media_id": media["id"]}))
    client = open_socket(ada)
    client.subscribe("media_updates")
    client.subscribe("collection_updates")
    shapes.success(ada.delete(f"/media/{media['id']}"))
    events = [client.receive() for _ in range(3)]
    assert [(event["event"], event["resource_id"]) for event in events] == [
        ("collection.updated", trips[0]["id"]),
        ("collection.updated", trips[1]["id"]),
        ("media.deleted", media["id"]),
    ]
    assert client.is_quiet()


def test_one_s_own_only(ada, bob, open_socket):
    client = open_socket(bob)
    client.subscribe("media_updates")
    client.subscribe("collection_updates")
    ada.upload(b"hers", "a.txt")
    collection(ada)
    his = bob.upload(b"his", "b.txt")
    assert client.receive()["resource_id"] == his["id"]
    assert client.is_quiet()


def test_a_resource_alone(ada, open_socket):
    wanted, other = ada.upload(b"a", "a.txt"), ada.upload(b"b", "b.txt")
    client = open_socket(ada)
    client.subscribe("media_updates", wanted["id"])
    for media in (other, wanted):
        shapes.success(ada.patch(f"/media/{media['id']}", json={"title": "t"}))
    assert client.receive()["resource_id"] == wanted["id"]
    assert client.is_quiet()


def test_an_event_comes_once_however_many_subscriptions_have_it(ada, open_socket):
    media = ada.upload(b"a", "a.txt")
    client = open_socket(ada)
    client.subscribe("media_updates")
    client.subscribe("media_updates", media["id"])
    client.subscribe("media_updates")
    shapes.success(ada.patch(f"/media/{media['id']}", json={"title": "t"}))
    assert client.receive()["event"] == "media.updated"
    assert client.is_quiet()


def test_unsubscribe(ada, open_socket):
    media = ada.upload(b"a", "a.txt")
    client = open_socket(ada)
    client.subscribe("media_updates")
    client.subscribe("media_updates", media["id"])
    reply = client.ask(type="unsubscribe", channel="media_updates")
    assert (reply["type"], reply["channel"], reply["resource_id"]) == ("unsubscribed", "media_updates", None)
    ada.upload(b"b", "b.txt")
    shapes.success(ada.delete(f"/media/{media['id']}"))
    assert client.receive()["event"] == "media.deleted"
    # What is gone can still be left.
    assert client.ask(type="unsubscribe", channel="media_updates", resource_id=media["id"])["type"] == "unsubscribed"
    client.error("not_found", type="unsubscribe", channel="media_updates")


def test_other_apis_changes_are_told(shared, ada, open_socket):
    media = ada.upload(b"a", "a.txt")
    client = open_socket(ada)
    client.subscribe()
    api = Api(shared.url, token=ada.token)
    path = f"/storage/api/v3/files/replace/{media['uuid']}/"
    reply = api.call("PUT", path, files={"file": ("b.txt", b"other bytes")})
    assert reply.status_code == 200, reply.text
    event = client.receive()
    assert (event["event"], event["resource_id"]) == ("media.updated", media["id"])


@pytest.mark.parametrize("resource", ["media_999999", "media_x", "col_1", "", "event_1", "\u0000", "🎈"])
def test_a_resource_that_is_not_there(ada, open_socket, resource):
    reply = open_socket(ada).error("not_found", type="subscribe", channel="media_updates", resource_id=resource)
    assert reply["channel"] == "media_updates" and reply["message"]


def test_a_resource_of_somebody_else_or_deleted(ada, bob, open_socket):
    media, trip = ada.upload(b"hers", "a.txt"), collection(ada)
    his = open_socket(bob)
    foreign = his.error("not_found", type="subscribe", channel="media_updates", resource_id=media["id"])
    missing = his.error("not_found", type="subscribe", channel="media_updates", resource_id="media_999999")
    assert foreign["message"] == missing["message"]
    his.error("not_found", type="subscribe", channel="collection_updates", resource_id=trip["id"])
    shapes.success(ada.delete(f"/media/{media['id']}"))
    shapes.success(ada.delete(f"/collections/{trip['id']}"))
    hers = open_socket(ada)
    hers.error("not_found", type="subscribe", channel="media_updates", resource_id=media["id"])
    hers.error("not_found", type="subscribe", channel="collection_updates", resource_id=trip["id"])


WRONG = [
    ({"type": "subscribe"}, "channel"),
    ({"type": "subscribe", "channel": "users"}, "channel"),
    ({"type": "subscribe", "channel": ""}, "channel"),
    ({"type": "subscribe", "channel": 7}, "channel"),
    ({"type": "subscribe", "channel": None}, "channel"),
    ({"type": "subscribe", "channel": ["media_updates"]}, "channel"),
    ({"type": "subscribe", "channel": "media_updates", "resource_id": 12}, "resource_id"),
    ({"type": "subscribe", "channel": "media_updates", "resource_id": {}}, "resource_id"),
    ({"type": "subscribe", "channel": "media_updates", "last_event_id": 12}, "last_event_id"),
    ({"type": "subscribe", "channel": "media_updates", "last_event_id": "media_1"}, "last_event_id"),
    ({"type": "subscribe", "channel": "media_updates", "last_event_id": "event_-1"}, "last_event_id"),
    ({"type": "subscribe", "channel": "media_updates", "last_event_id": "9" * 40}, "last_event_id"),
    ({"type": "unsubscribe", "channel": True}, "channel"),
    ({"type": "auth"}, "token"),
    ({"type": "auth", "token": 7}, "token"),
    ({"type": "auth", "api_key": None}, "api_key"),
    ({"type": "auth", "token": "a", "api_key": "b"}, "token"),
    ({"type": "publish"}, "type"),
    ({"type": 3}, "type"),
    ({}, "type"),
]


def test_wrong_fields_are_told_and_cost_nothing(ada, open_socket):
    client = open_socket(ada)
    for message, field in WRONG:
        reply = client.error("validation_error", **message)
        assert field in [detail["field"] for detail in reply["details"]], (message, reply)
    for text in ["", "x", "[]", "7", '"auth"', "null", '{"type":"auth","type":"auth"}', "{" * 100, '{"a":' * 100]:
        client.send(text)
        assert client.receive()["code"] == "validation_error", text
    client.subscribe()


def test_ping_and_pong(ada, open_socket):
    client = open_socket(ada)
    assert client.ask(type="ping") == {"type": "pong"}

    async def ping():
        await (await client.socket.ping(b"are you there"))

    realtime.run(ping())


def test_too_many_subscriptions(ada, open_socket):
    client = open_socket(ada)
    media = [ada.upload(b"%d" % number, f"{number}.txt")["id"] for number in range(3)]
    trips = [collection(ada, f"trip {number}")["id"] for number in range(98)]
    for resource in media[:2]:
        client.subscribe("media_updates", resource)
    for resource in trips:
        client.subscribe("collection_updates", resource)
    client.error("too_many_subscriptions", type="subscribe", channel="media_updates", resource_id=media[2])
    client.subscribe("media_updates", media[0])
    assert client.ask(type="unsubscribe", channel="media_updates", resource_id=media[0])["type"] == "unsubscribed"
    client.subscribe("media_updates", media[2])


# Who may.


@pytest.mark.parametrize("first", [{"type": "subscribe", "channel": "media_updates"}, {"type": "ping"}, {}, "[]", "x"])
def test_auth_comes_first(open_socket, first):
    client = open_socket()
    client.send(first)
    assert client.receive()["type"] == "error"
    assert client.close_code() == 4401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "cfa_x", "\u0000"])
def test_a_wrong_token(open_socket, token):
    for name in ("token", "api_key"):
        client = open_socket()
        client.error("unauthorized", type="auth", **{name: token})
        assert client.close_code() == 4401


def test_a_refresh_token_is_none(ada, open_socket):
    client = open_socket()
    client.error("unauthorized", type="auth", token=ada.refresh_token)
    assert client.close_code() == 4401


def test_who_does_not_authenticate_is_closed(open_socket):
    began = time.monotonic()
    client = open_socket()
    assert client.receive()["code"] == "unauthorized"
    assert client.close_code() == 4401
    assert 9 < time.monotonic() - began < 20


def test_a_session_that_ends(shared, ada, open_socket):
    other = ada.again()
    goes, stays = open_socket(other), open_socket(ada)
    shapes.success(other.post("/auth/logout"))
    assert goes.close_code() == 4401
    stays.subscribe()


def test_a_key_and_its_end(ada, open_socket):
    made = shapes.success(ada.post("/api-keys", json={"name": "watcher", "kind": "api"}), 201)
    client = open_socket(key=made["secret"])
    assert client.authenticated["expires_at"] is None
    ends = {"name": "ends", "kind": "api", "expires_at": "2099-01-02T03:04:05Z"}
    ends = shapes.success(ada.post("/api-keys", json=ends), 201)
    assert open_socket(key=ends["secret"]).authenticated["expires_at"] == ends["expires_at"]
    client.subscribe()
    media = ada.upload(b"a", "a.txt")
    assert client.receive()["resource_id"] == media["id"]
    shapes.success(ada.delete(f"/api-keys/{made['id']}"))
    assert client.close_code() == 4401


def test_a_key_needs_the_scope_read(ada, open_socket):
    secrets = {}
    for scope in ("read", "write"):
        made = shapes.success(ada.post("/api-keys", json={"name": scope, "scopes": [scope]}), 201)
        secrets[scope] = made["secret"]
    open_socket(key=secrets["read"]).subscribe()
    client = open_socket()
    client.error("forbidden", type="auth", api_key=secrets["write"])
    assert client.close_code() == 4403
    # Nor does a connection go on that was let in by something better.
    renewed = open_socket(ada)
    renewed.subscribe()
    renewed.error("forbidden", type="auth", api_key=secrets["write"])
    assert renewed.close_code() == 4403


def test_a_master_key_is_not_for_this(shared, ada, open_socket):
    key = program.create_key(shared.data, ada.username, "master")
    client = open_socket()
    client.error("unauthorized", type="auth", api_key=key)
    assert client.close_code() == 4401


def test_an_account_that_is_disabled_by_another_process(shared, ada, open_socket):
    client = open_socket(ada)
    done = program.run("user", "disable", ada.username, "--data", shared.data)
    assert done.returncode == 0, done.stderr
    assert client.close_code(30) == 4401


def test_a_token_that_expires_and_one_that_is_renewed(launch):
    server = launch({"sessions.access_lifetime": "4s"})
    user = server.user()
    with Socket(server.url, user.token) as ends, Socket(server.url, user.token) as stays:
        time.sleep(2)
        fresh = shapes.success(user.post("/auth/refresh", json={"refresh_token": user.refresh_token}))["token"]
        renewed = stays.ask(type="auth", token=fresh)
        assert renewed["type"] == "authenticated"
        assert renewed["expires_at"] > ends.authenticated["expires_at"]
        assert ends.receive()["code"] == "unauthorized"
        assert ends.close_code() == 4401
        assert stays.ask(type="ping") == {"type": "pong"}
        assert stays.close_code() == 4401


def test_another_account_needs_another_connection(ada, bob, open_socket):
    client = open_socket(ada)
    client.error("forbidden", type="auth", token=bob.token)
    client.subscribe()
    bob.upload(b"his", "a.txt")
    assert client.is_quiet()


# What was missed.


def test_replay(ada, open_socket):
    before = ada.upload(b"0", "0.txt")
    client = open_socket(ada)
    start = client.subscribe()["last_event_id"]
    client.close()
    media = [ada.upload(b"%d" % number, f"{number}.txt")["id"] for number in range(3)]
    client = open_socket(ada)
    reply = client.subscribe(last_event_id=start)
    assert reply["gap"] is False and reply["last_event_id"] == start
    events = [client.receive() for _ in media]
    assert [event["resource_id"] for event in events] == media
    shapes.success(ada.patch(f"/media/{before['id']}", json={"title": "t"}))
    assert client.receive()["resource_id"] == before["id"]
    assert client.is_quiet()
    # From the middle, and of one resource.
    client.subscribe(last_event_id=events[1]["id"])
    assert [client.receive()["resource_id"] for _ in range(2)] == [media[2], before["id"]]
    other = open_socket(ada)
    other.subscribe(resource_id=media[0], last_event_id=start)
    assert other.receive() == events[0]
    assert other.is_quiet()


def test_replay_of_more_than_the_queue_holds(launch):
    """A client that reads slowly is waited for as long as it reads; nothing is lost or doubled, also not of
    what happens meanwhile."""
    server = launch()
    user = server.user()
    with Socket(server.url, user.token) as client:
        start = client.subscribe()["last_event_id"]
    media = user.upload(b"a", "a.txt")
    count = 1500
    for number in range(count):
        shapes.success(user.patch(f"/media/{media['id']}", json={"title": f"{number}"}))
    with Socket(server.url, user.token, max_queue=4) as client:
        client.subscribe(last_event_id=start)
        ids = [client.receive()["id"] for _ in range(10)]
        time.sleep(1)
        for number in range(20):
            shapes.success(user.patch(f"/media/{media['id']}", json={"title": f"late {number}"}))
        ids += [client.receive()["id"] for _ in range(count + 21 - 10)]
        assert client.is_quiet()
    numbers = [int(one.removeprefix("event_")) for one in ids]
    assert len(set(numbers)) == len(numbers) and numbers == sorted(numbers)


def test_a_gap_is_told(launch):
    server = launch()
    user = server.user()
    with Socket(server.url, user.token) as client:
        start = client.subscribe()["last_event_id"]
    user.upload(b"a", "a.txt")
    server.stop_well()
    with sqlite3.connect(server.data / "coffer.db") as database:
        # As after events.retention.
        (last,) = database.execute("SELECT max(id) FROM event").fetchone()
        database.execute("INSERT OR REPLACE INTO event_pruned (owner_id, through) VALUES (0, ?)", (last,))
        database.execute("DELETE FROM event")
    database.close()
    server.start()
    user = User(server.root, user.username, user.password)
    with Socket(server.url, user.token) as client:
        told = client.subscribe(last_event_id=start)
        assert told["gap"] is True and told["last_event_id"] == f"event_{last}"
        # Who connects again with that, though nothing has happened, is not told of the same gap.
        assert client.subscribe(last_event_id=told["last_event_id"])["gap"] is False
        media = user.upload(b"b", "b.txt")
        assert client.receive()["resource_id"] == media["id"]
        # Nothing was missed of what is behind the gap.
        assert client.subscribe("collection_updates", last_event_id=f"event_{last}")["gap"] is False
        # An event that this log has not had yet: it is another one's.
        assert client.subscribe(last_event_id="event_999999999")["gap"] is True
    assert "coffer_realtime_gaps_total 2" in server.metrics()


def test_a_restart(launch):
    server = launch()
    user = server.user()
    with Socket(server.url, user.token) as client:
        client.subscribe()
        first = user.upload(b"a", "a.txt")
        last = client.receive()["id"]
        server.stop_well()
        assert client.close_code() == 1001
    server.start()
    user = User(server.root, user.username, user.password)
    second = user.upload(b"b", "b.txt")
    with Socket(server.url, user.token) as client:
        client.subscribe(last_event_id=last)
        assert client.receive()["resource_id"] == second["id"] != first["id"]
        assert client.is_quiet()


def test_events_while_the_last_subscriber_leaves_and_another_comes(ada, open_socket):
    for number in range(20):
        client = open_socket(ada)
        client.subscribe()
        media = ada.upload(b"%d" % number, f"{number}.txt")
        event = client.receive()
        assert event["resource_id"] == media["id"] and event["event"] == "media.uploaded"
        client.close()
