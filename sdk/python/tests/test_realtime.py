"""Events as they happen, and those that happened while nobody listened."""

from __future__ import annotations

import concurrent.futures
import json
import queue
import socket
import threading
import time
from datetime import datetime, timezone
from typing import Any, Callable, Iterator, List

import pytest

import mediavault
from mediavault import MediaVault, realtime
from mediavault._core import Core, Session
from mediavault._options import Options
from support import PASSWORD, QUICK, Proxy, Server, answered, register


def test_events(both: Any) -> None:
    with both.realtime() as events:
        media = both.media.upload(b"x", filename="a.bin")
        both.media.update(media.id, title="t")
        collection = both.collections.create("c")
        got = [next(events) for _ in range(3)]
    assert sorted(one.event for one in got) == ["collection.created", "media.updated", "media.uploaded"]
    (first,) = [one for one in got if one.event == "media.uploaded"]
    assert (first.channel, first.resource_id, first.data.id) == ("media_updates", media.id, media.id)
    assert first.data.user_id == media.user_id and first.timestamp == media.created_at
    assert {one.resource_id for one in got} == {media.id, collection.id}
    # From where that stream ended.
    both.media.delete(media.id)
    for event in both.realtime(last_event_ids=events.last_event_ids):
        assert event.event == "media.deleted"
        break


def test_each_subscription_has_a_position_of_its_own(both: Any) -> None:
    with both.realtime() as events:
        begin = events.last_event_ids
    assert set(begin) == {"media_updates", "collection_updates"}
    media = both.media.upload(b"x", filename="a.bin")
    collection = both.collections.create("c")
    both.media.update(media.id, title="t")
    # One subscription is caught up with after the other.
    with both.realtime(last_event_ids=begin) as events:
        assert events.last_event_ids == begin, "nothing was read yet"
        got = [next(events) for _ in range(2)]
        assert {one.channel for one in got} == {"media_updates"}
        assert events.last_event_ids == {**begin, "media_updates": got[-1].id}
    with both.realtime(last_event_ids=events.last_event_ids) as events:
        event = next(events)
        assert (event.event, event.resource_id) == ("collection.created", collection.id)
    # One id is one for all, and a subscription to one file has a name of its own.
    resources = {"media_updates": [media.id]}
    with both.realtime(resources=resources, last_event_ids=begin["media_updates"]) as events:
        got = [next(events) for _ in range(3)]
        assert [one.event for one in got] == ["media.uploaded", "media.updated", "collection.created"]
        assert set(events.last_event_ids) == {f"media_updates/{media.id}", "collection_updates"}


def test_some_of_them(both: Any) -> None:
    one, two = (both.media.upload(b"x", filename=n) for n in "ab")
    with both.realtime(["media_updates"], resources={"media_updates": [two.id]}) as events:
        both.media.update(one.id, title="no")
        both.collections.create("no")
        both.media.update(two.id, title="yes")
        assert next(events).resource_id == two.id
    with pytest.raises(mediavault.NotFoundError):
        with both.realtime(resources={"media_updates": ["media_1"]}):
            pass
    with pytest.raises(ValueError):
        both.realtime([])


def test_uploads_tell_how_far_they_are(both: Any, server: Server, name: str) -> None:
    pieces, size = 4, 50_000
    sent: "queue.Queue[bytes]" = queue.Queue()

    def send() -> None:
        with MediaVault(server.url, trust_env=False) as vault:
            vault.auth.login(name, PASSWORD)
            vault.media.upload(iter(sent.get, b""), filename="slow.bin")

    with both.realtime(["upload_updates"]) as events, concurrent.futures.ThreadPoolExecutor() as pool:
        uploaded = pool.submit(send)
        last = None
        for number in range(1, pieces + 1):
            sent.put(bytes(size))
            # A reader of forms keeps some bytes back until it knows that they are not the form's.
            while last is None or last.data.received < number * size - 200:
                event = next(events)
                assert (event.id, event.channel, event.event) == (None, "upload_updates", "upload.progress")
                assert event.resource_id == event.data.id and event.data.status == "receiving"
                if last:
                    assert event.data.id == last.data.id and event.data.received > last.data.received
                last = event
        sent.put(b"")
        uploaded.result()
        assert last is not None
        while last.data.status == "receiving":
            last = next(events)
    assert (last.data.status, last.data.received, last.data.size) == ("received", pieces * size, None)
    assert last.data.user_id == both.users.me().id
    assert abs((datetime.now(timezone.utc) - last.data.started_at).total_seconds()) < 3600
    assert events.last_event_ids == {}


def cut_sockets(live: List[socket.socket]) -> Callable[..., None]:
    """Passes, and keeps the client's socket, so that the test can cut it."""

    def fault(proxy: Proxy, client: socket.socket, head: bytes) -> None:
        live.append(client)
        with proxy.connected(client, head) as server:
            while data := server.recv(65536):
                client.sendall(data)

    return fault


def test_it_connects_again_and_misses_nothing(clients: Any, both: Any, proxy: Proxy, name: str) -> None:
    vault = clients.logged_in(proxy.url, name, retry=QUICK)
    live: List[socket.socket] = []
    proxy.otherwise = cut_sockets(live)
    with vault.realtime(["media_updates"]) as events:
        for _ in range(3):
            live[-1].shutdown(socket.SHUT_RDWR)
            proxy.plan.extend([answered(503, "Retry-After: 0"), answered(502)])
            ids = [both.media.upload(b"x", filename=str(n)).id for n in range(3)]
            assert [next(events).resource_id for _ in ids] == ids
        assert events.reconnects >= 9


def test_the_server_starts_anew(tmp_path: Any, clients: Any) -> None:
    server = Server(tmp_path)
    name = register(server.url)
    vault = clients.logged_in(server.url, name, retry=QUICK)
    with vault.realtime(["media_updates"]) as events:
        server.stop()
        server.start()
        media = vault.media.upload(b"x", filename="a")
        assert next(events).resource_id == media.id
    server.stop()


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(tmp_path_factory.mktemp("hasty"), **{"sessions.access_lifetime": "2s"})
    yield one
    one.stop()


def test_it_outlives_its_token(clients: Any, hasty: Server) -> None:
    vault = clients.logged_in(hasty.url, register(hasty.url))
    uploader = vault.with_options()
    with vault.realtime(["media_updates"]) as events:
        timer = threading.Timer(3.2, lambda: uploader.media.upload(b"x", filename="late"))
        timer.start()
        assert next(events).event == "media.uploaded"
        timer.join()


def test_a_token_that_ends_is_replaced_in_place() -> None:
    """Without a socket: the feed's effects, one by one."""
    tokens = mediavault.Tokens("old", "refresh", 3600, "Bearer")
    session = Session(threading.Lock(), None, None, None)
    session.adopt(tokens)
    core = Core("http://vault.example/api/v1", session, Options())
    subscriptions = realtime.subscriptions_of(["media_updates"], None)
    flow = realtime.Feed(core, "ws://vault.example/realtime", subscriptions, None, None).next()

    def after(result: Any) -> Any:
        return flow.send(result)

    assert isinstance(next(flow), realtime.Open)
    assert json.loads(after(None).text) == {"type": "auth", "token": "old"}
    waiting = after(None)
    assert isinstance(waiting, realtime.Receive) and 3500 < waiting.timeout <= 3570
    subscribe = after('{"type": "authenticated", "user_id": "user_1", "expires_at": null}')
    assert json.loads(subscribe.text) == {"type": "subscribe", "channel": "media_updates"}
    assert isinstance(after(None), realtime.Receive)
    subscribed = {"type": "subscribed", "channel": "media_updates", "resource_id": None}
    assert isinstance(
        after(json.dumps({**subscribed, "last_event_id": "event_1", "gap": False})), realtime.Receive
    )
    # Another call has refreshed the token meanwhile.
    session.adopt(mediavault.Tokens("new", "refresh", 3600, "Bearer"))
    assert json.loads(after(None).text) == {"type": "auth", "token": "new"}
    assert isinstance(after(None), realtime.Receive)
    again = after('{"type": "authenticated", "user_id": "user_1", "expires_at": null}')
    assert isinstance(again, realtime.Receive)  # Nothing is subscribed to anew.


def test_a_token_that_has_ended(clients: Any, server: Server, proxy: Proxy, vault: MediaVault) -> None:
    """It is refreshed, also where the refresh fails at first."""
    assert vault.tokens
    ended = vault.tokens.token[:-4] + "AAAA"
    refresh = vault.tokens.refresh_token
    other = clients(proxy.url, token=ended, refresh_token=refresh, retry=QUICK)
    live: List[socket.socket] = []
    proxy.plan.append(cut_sockets(live))
    proxy.plan.extend([answered(503, "Retry-After: 0")] * 7)
    with other.realtime(["media_updates"]) as events:
        media = vault.media.upload(b"x", filename="a")
        assert next(events).resource_id == media.id
    assert other.tokens.token != ended


def test_credentials_that_have_ended(clients: Any, server: Server, name: str) -> None:
    vault = clients.logged_in(server.url, name, retry=QUICK)
    other = clients.logged_in(server.url, name)
    with vault.realtime() as events:
        other.auth.logout_all()
        with pytest.raises(mediavault.UnauthorizedError):
            next(events)
    with pytest.raises(mediavault.MediaVaultError):
        next(clients(server.url).realtime())
    with pytest.raises(mediavault.UnauthorizedError):
        next(clients(server.url, api_key="none").realtime())


def test_api_keys(clients: Any, server: Server, both: Any) -> None:
    reader = both.api_keys.create("reader", scopes=["read"]).secret
    with clients(server.url, api_key=reader).realtime() as events:
        media = both.media.upload(b"x", filename="a")
        assert next(events).resource_id == media.id
    writer = both.api_keys.create("writer", scopes=["write"]).secret
    with pytest.raises(mediavault.ForbiddenError):
        next(clients(server.url, api_key=writer).realtime())


def test_a_gap_is_told_of(both: Any) -> None:
    gaps: List[Any] = []
    ahead = "event_" + str(1 << 50)
    with both.realtime(["media_updates"], last_event_ids=ahead, on_gap=lambda *gap: gaps.append(gap)) as events:
        media = both.media.upload(b"x", filename="a")
        assert next(events).resource_id == media.id
    assert gaps == [("media_updates", None)]


def test_closed_from_another_thread(vault: MediaVault) -> None:
    stream = vault.realtime()
    with stream as events:
        threading.Timer(0.3, stream.close).start()
        assert list(events) == []


def test_nothing_listens(clients: Any) -> None:
    vault = clients("http://127.0.0.1:1", api_key="none", retry=QUICK)
    began = time.monotonic()
    with pytest.raises(mediavault.ConnectionError):
        next(vault.realtime())
    assert time.monotonic() - began < 10


def test_a_server_that_has_no_websocket(clients: Any, proxy: Proxy) -> None:
    vault = clients(proxy.url, api_key="none", retry=QUICK)
    proxy.otherwise = answered(404)
    with pytest.raises(mediavault.NotFoundError):
        next(vault.realtime())
    assert len(proxy.heads) == 1


def test_the_address_below_a_path() -> None:
    from mediavault._core import realtime_url

    assert realtime_url("https://a.example/vault/api/v1") == "wss://a.example/vault/realtime"
    assert realtime_url("http://a.example/v1") == "ws://a.example/realtime"


def test_without_the_package(vault: MediaVault, monkeypatch: Any) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "websockets.sync.client", None)
    with pytest.raises(mediavault.MediaVaultError, match=r"mediavault-sdk\[realtime\]"):
        vault.realtime()
