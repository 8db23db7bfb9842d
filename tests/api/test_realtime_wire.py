"""The WebSocket of the Media Vault API on the wire: bounds, frames, handshakes, TLS, stops."""

import asyncio
import json
import socket
import ssl
import time

import pytest
import websockets

from harness import frames, program, realtime, shapes
from harness.certificates import make_certificate
from harness.client import Api, User
from harness.frames import frame
from harness.realtime import NodeSocket, Socket
from harness.nginx import Nginx, free_port
from harness.wire import Wire

UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "keep-alive, Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
def ada(shared):
    return shared.user()


@pytest.fixture
def secure(launch, folder):
    """A server with TLS: its URL, and its certificate."""
    certificate, key = make_certificate(folder, "server")
    server = launch({"tls.listen": "127.0.0.1:0", "tls.certificate": certificate, "tls.key": key})
    server.certificate = certificate
    server.secure_url = server.wait_for_url("https")
    return server


# Bounds.


def fills_up(server):
    return "coffer_realtime_too_slow_total 1" in server.metrics()


def test_a_slow_reader_is_dropped(launch):
    server = launch()
    user = server.user()
    media = user.upload(b"a", "a.txt")
    with Socket(server.url, user.token, max_queue=None) as fast:
        fast.subscribe()
        with Wire("127.0.0.1", server.port, timeout=30) as wire:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.send(wire.head("GET", "/realtime", UPGRADE))
            assert wire.reply_head().status_code == 101
            wire.send(frames.text({"type": "auth", "token": user.token}))
            wire.send(frames.text({"type": "subscribe", "channel": "media_updates"}))
            count = 0
            # What the machine keeps for both sides fits once, then the queue does.
            while not fills_up(server):
                assert count < 20_000
                for _ in range(200):
                    user.patch(f"/media/{media['id']}", json={"title": f"{count}"})
                    count += 1
            code = frames.read_close(wire)
        assert code == 4408
        # Who reads is told everything.
        for _ in range(count):
            fast.receive()


@pytest.fixture
def raw(shared, ada):
    """A connection whose handshake is over and which is authenticated, for exact bytes."""
    with Wire("127.0.0.1", shared.port, timeout=30) as wire:
        # Behind the handshake at once: nothing of it may be lost.
        wire.send(wire.head("GET", "/realtime", UPGRADE) + frames.text({"type": "auth", "token": ada.token}))
        head = wire.reply_head()
        assert head.status_code == 101
        assert head.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert head.headers["X-Request-Id"].startswith("req_")
        assert json.loads(frames.read(wire)[1])["type"] == "authenticated"
        yield wire


BAD_FRAMES = {
    "no mask": (frame(1, b"{}", mask=b""), 1002),
    "not UTF-8": (frame(1, b'{"type":"\xff"}'), 1007),
    "a long control frame": (frame(9, b"x" * 126), 1002),
    "a ping in pieces": (frame(9, b"x", fin=False), 1002),
    "reserved bits": (frame(1, b"{}", reserved=0x40), 1002),
    "an unknown opcode": (frame(3, b"{}"), 1002),
    "nothing to go on with": (frame(0, b"{}"), 1002),
    "a message in a message": (frame(1, b"{", fin=False) + frame(1, b"}"), 1002),
    "binary": (frame(2, b"{}"), 1003),
    "a long message": (frame(1, b'{"a":"' + b"x" * 17000 + b'"}'), 1009),
    "a long message in pieces": (frame(1, b"x" * 9000, fin=False) + frame(0, b"x" * 9000), 1009),
    "a frame that says it is huge": (b"\x81\xff" + (1 << 62).to_bytes(8, "big") + b"\1\2\3\4xx", 1009),
    "a bad close code": (frame(8, (1005).to_bytes(2, "big")), 1002),
    "a close of one byte": (frame(8, b"x"), 1002),
}


@pytest.mark.parametrize("name", BAD_FRAMES)
def test_bad_frames(raw, name):
    data, code = BAD_FRAMES[name]
    raw.send(data)
    assert frames.read_close(raw) == code
    if code == 1003:  # nothing was wrong with the frame
        raw.send(frame(8, code.to_bytes(2, "big")))
    assert raw.socket.recv(1) == b""


def test_good_frames_however_they_are_cut(raw):
    message = json.dumps({"type": "ping", "padding": "x" * 1000}).encode()
    pieces = frame(1, message[:1], fin=False) + frame(9, b"between") + frame(0, message[1:700], fin=False) + frame(0, message[700:])
    for byte in range(0, len(pieces), 7):
        raw.send(pieces[byte : byte + 7])
    assert frames.read(raw) == (10, b"between")
    assert json.loads(frames.read(raw)[1]) == {"type": "pong"}
    raw.send(frame(8, (1000).to_bytes(2, "big") + b"bye"))
    assert frames.read_close(raw) == 1000
    assert raw.socket.recv(1) == b""


def connections_become(server, count):
    deadline = time.monotonic() + program.patience(15)
    while f"coffer_realtime_connections {count}\n" not in server.metrics():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_so_many_connections_and_no_more(launch):
    server = launch({"realtime.max_connections": 3, "realtime.max_connections_per_account": 2})
    ada, bob = server.user(), server.user()
    with Socket(server.url, ada.token) as first, Socket(server.url, ada.token):
        third = Socket(server.url)
        third.error("busy", type="auth", token=ada.token)
        assert third.close_code() == 1013
        connections_become(server, 2)
        with Socket(server.url, bob.token):
            refused = refused_upgrade(server.url)
            assert refused.status_code == 503 and refused.headers["Retry-After"]
        first.subscribe()
    assert "coffer_realtime_connections_refused_total 2" in server.metrics()
    connections_become(server, 0)
    Socket(server.url, ada.token).close()


def test_so_many_messages_and_no_more(launch):
    server = launch({"rate_limits": "on", "limits.account_per_minute": 20})
    user = server.user()
    with Socket(server.url, user.token) as client:
        for _ in range(19):
            assert client.ask(type="ping") == {"type": "pong"}
        client.error("rate_limited", type="ping")
        assert client.close_code() == 1008


# The handshake.


def refused_upgrade(url, origin=None):
    """What refused it has the status and the headers of the reply."""
    with pytest.raises(websockets.InvalidStatusCode) as refused:
        Socket(url, origin=origin)
    return refused.value


@pytest.mark.parametrize("change, status", [
    ({"Upgrade": None}, 426),
    ({"Upgrade": "h2c"}, 426),
    ({"Connection": None}, 426),
    ({"Connection": "keep-alive"}, 426),
    ({"Sec-WebSocket-Version": "8"}, 426),
    ({"Sec-WebSocket-Version": None}, 400),
    ({"Sec-WebSocket-Key": None}, 400),
    ({"Sec-WebSocket-Key": "short"}, 400),
    ({"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="[:-1] + "x"}, 400),
    ({"Content-Length": "0"}, 101),
])
def test_handshakes(shared, change, status):
    headers = {name: value for name, value in {**UPGRADE, **change}.items() if value is not None}
    with shared.wire() as wire:
        wire.send(wire.head("GET", "/realtime", headers))
        reply = wire.reply_head() if status == 101 else wire.reply("GET")
        assert reply.status_code == status
        if status == 426:
            assert reply.headers["Upgrade"] == "websocket" and reply.headers["Sec-WebSocket-Version"] == "13"
        if status != 101:
            code = "upgrade_required" if status == 426 else "validation_error"
            assert reply.json()["error"]["code"] == code
            # The connection serves other requests.
            wire.send(wire.head("GET", "/healthz", {}))
            assert wire.reply("GET").status_code == 200


def test_it_is_a_get_and_nothing_else(shared):
    shapes.failure(Api(shared.url).post("/realtime"), "method_not_allowed")
    assert Api(shared.url).get("/realtime/").status_code == 426
    shapes.failure(Api(shared.url).get("/realtime/x"), "not_found")


def test_origins(launch):
    server = launch({"cors.origins": "https://app.example.org"})
    user = server.user()
    for origin in ("https://evil.example.org", "null", "https://app.example.org.evil.org", "http://app.example.org"):
        assert refused_upgrade(server.url, origin).status_code == 403
    for origin in ("https://app.example.org", server.url, None):
        Socket(server.url, user.token, origin=origin).close()


def test_node(shared, ada):
    with NodeSocket(shared.url, ada.token) as client:
        assert client.receive()["type"] == "authenticated"
        assert client.receive()["type"] == "subscribed"
        media = ada.upload(b"a", "a.png")
        event = client.receive()
        assert (event["event"], event["resource_id"]) == ("media.uploaded", media["id"])
        shapes.success(ada.post("/auth/logout"))
        assert client.receive()["code"] == "unauthorized"
        assert client.receive()["code"] == 4401


def test_over_tls(secure):
    user = secure.user()
    context = ssl.create_default_context(cafile=str(secure.certificate))
    media = user.upload(b"a", "a.png")
    with Socket(secure.secure_url, user.token, ssl=context) as client:
        with NodeSocket(secure.secure_url, user.token, certificate=secure.certificate) as node:
            client.subscribe()
            assert node.receive()["type"] == "authenticated"
            assert node.receive()["type"] == "subscribed"
            for number in range(300):
                shapes.success(user.patch(f"/media/{media['id']}", json={"title": f"{number}"}))
            events = [client.receive() for _ in range(300)]
            assert [node.receive() for _ in range(300)] == events
            secure.stop_well()
            assert client.close_code() == 1001
            assert node.receive()["code"] == 1001


def test_a_slow_reader_over_tls_gets_all_that_fits(secure):
    """Writes that TLS could not take at once go on where they stopped."""
    user = secure.user()
    context = ssl.create_default_context(cafile=str(secure.certificate))
    media = user.upload(b"a", "a.png")
    with Wire("127.0.0.1", int(secure.secure_url.rsplit(":", 1)[1]), timeout=30, context=context) as wire:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.send(wire.head("GET", "/realtime", UPGRADE))
        assert wire.reply_head().status_code == 101
        wire.send(frames.text({"type": "auth", "token": user.token}))
        wire.send(frames.text({"type": "subscribe", "channel": "media_updates"}))
        for number in range(800):
            shapes.success(user.patch(f"/media/{media['id']}", json={"title": f"{number}"}))
        messages = [json.loads(frames.read(wire)[1]) for _ in range(802)]
        assert [message["type"] for message in messages] == ["authenticated", "subscribed"] + ["event"] * 800


def test_only_over_https_where_that_is_required(launch):
    server = launch({"require_https": "true"})
    assert refused_upgrade(server.url).status_code == 403


def test_behind_the_nginx_of_the_documentation(launch, folder):
    """deploy/nginx.conf, with the ports and files of this test."""
    certificate, key = make_certificate(folder, "outer")
    port = free_port()
    server = launch({"trusted_proxies": "127.0.0.1"})
    text = (program.REPOSITORY / "deploy/nginx.conf").read_text()
    for old, new in {
        "server 127.0.0.1:8080;": f"server 127.0.0.1:{server.port};",
        "    listen 80;\n    listen [::]:80;\n": f"    listen 127.0.0.1:{free_port()};\n",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{port} ssl http2;",
        "    listen [::]:443 ssl http2;\n": "",
        "/etc/ssl/vault.example.org/fullchain.pem": str(certificate),
        "/etc/ssl/vault.example.org/privkey.pem": str(key),
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    with Nginx(folder / "nginx", text, [("127.0.0.1", port)]):
        url = f"https://127.0.0.1:{port}"
        user = User.registered(url + "/api/v1", verify=str(certificate))
        context = ssl.create_default_context(cafile=str(certificate))
        with Socket(url, user.token, ssl=context, origin=url) as client:
            client.subscribe()
            media = user.upload(b"a", "a.png")
            assert client.receive()["resource_id"] == media["id"]


def test_an_access_log_line_without_the_token(shared, ada, open_socket):
    open_socket(ada)
    line = shared.wait_for_log(lambda entry: entry["event"] == "request" and entry["status"] == 101)
    assert line["path"] == "/realtime"
    assert ada.token not in shared.log_text()


def test_idle_connections_are_left_alone_and_counted(launch):
    """They are no idle requests: neither http.idle_timeout nor a full house ends them."""
    server = launch({"http.idle_timeout": "1s"})
    user = server.user()
    with Socket(server.url, user.token) as client:
        time.sleep(3)
        client.subscribe()
        assert "coffer_realtime_connections 1" in server.metrics()


def test_a_drain_waits_for_nobody(launch):
    """Whose client does not answer the close frame is cut."""
    server = launch({"http.drain_timeout": "20s"})
    user = server.user()
    with Wire("127.0.0.1", server.port, timeout=30) as wire:
        wire.send(wire.head("GET", "/realtime", UPGRADE))
        assert wire.reply_head().status_code == 101
        wire.send(frames.text({"type": "auth", "token": user.token}))
        frames.read(wire)
        began = time.monotonic()
        server.stop_well()
        assert time.monotonic() - began < 10
        assert frames.read_close(wire) == 1001


async def _many(url, token, count):
    async def one():
        client = await websockets.connect(realtime.address(url))
        await client.send(json.dumps({"type": "auth", "token": token}))
        await client.recv()
        await client.send(json.dumps({"type": "subscribe", "channel": "media_updates"}))
        await client.recv()
        return client

    clients = []
    while len(clients) < count:
        clients += await asyncio.gather(*(one() for _ in range(min(50, count - len(clients)))))
    return clients


def test_hundreds_at_once(shared, ada):
    clients = realtime.run(_many(shared.url, ada.token, 300))
    media = ada.upload(b"a", "a.txt")

    async def read():
        messages = await asyncio.gather(*(client.recv() for client in clients))
        await asyncio.gather(*(client.close() for client in clients))
        return messages

    messages = realtime.run(read())
    assert len(set(messages)) == 1
    assert json.loads(messages[0])["resource_id"] == media["id"]
