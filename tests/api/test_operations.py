"""What who runs the server sees of it: health, metrics, the log."""

import concurrent.futures
import re
import socket
from urllib.parse import urlsplit

import pytest

from harness import openapi, program, samples, shapes
from harness.client import Api
from harness.server import StartFailed


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_health(shared, path, method):
    reply = shared.anyone().call(method, shared.url + path)
    assert reply.status_code == 200
    shapes.request_id(reply)


LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(
    rf"[a-zA-Z_:][a-zA-Z0-9_:]*(\{{{LABEL}(,{LABEL})*\}})? (-?[0-9.e+-]+|[+-]?Inf|NaN)( \d+)?"
)


def samples_of(text):
    """{name with labels: value} of a Prometheus page, each line checked."""
    values = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            assert SAMPLE.fullmatch(line), line
            name, value = line.rsplit(" ", 1)
            values[name] = float(value)
    return values


def test_metrics(launch):
    server = launch()
    user = server.user()
    operator = Api(server.url, key=program.create_key(server.data, "admin"))
    before = operator.get("/metrics")
    assert before.status_code == 200
    assert before.headers["Content-Type"].startswith("text/plain")
    assert "# TYPE" in before.text
    for _ in range(10):
        user.get("/users/me")
    user.get("/media/no-such-thing-123")
    after = operator.get("/metrics")
    first, second = samples_of(before.text), samples_of(after.text)
    grown = [name for name in second if second[name] - first.get(name, 0) >= 10]
    assert [name for name in grown if "request" in name], second
    assert "no-such-thing-123" not in after.text and user.username not in after.text


def admins_token(server):
    program.create_user(server.data, "boss", "a password for the boss", admin=True)
    reply = server.anyone().post(
        "/auth/login", json={"username": "boss", "password": "a password for the boss"}
    )
    return reply.json()["token"]


def test_metrics_are_for_admins(launch):
    """Not for whoever asks from this machine: that may be a proxy that says nothing of its client."""
    server = launch({"trusted_proxies": None})
    user, url = server.user(), server.url + "/metrics"
    keys = {kind: program.create_key(server.data, "admin", kind) for kind in ("api", "master")}
    token = admins_token(server)

    def bearer(secret):
        return {"Authorization": f"Bearer {secret}"}

    for good in (bearer(token), bearer(keys["api"]), {"X-API-Key": keys["api"]}):
        assert "# TYPE" in server.anyone().get(url, headers=good).text
        assert server.anyone().head(url, headers=good).status_code == 200
    users_key = program.create_key(server.data, user.username)
    for status, bad in [
        (401, {}),
        (401, {"X-Forwarded-For": "127.0.0.1"}),
        (401, bearer("rubbish")),
        (401, bearer("")),
        (401, bearer(keys["master"])),
        (401, {"Authorization": token}),
        (401, {"X-API-Key": token}),
        (403, bearer(user.token)),
        (403, bearer(users_key)),
        (403, {"X-API-Key": users_key}),
    ]:
        reply = server.anyone().get(url, headers=bad)
        assert reply.status_code == status, (bad, reply.text[:200])
        assert "# TYPE" not in reply.text


def test_metrics_at_an_address_of_their_own(launch):
    server = launch({"metrics.listen": "127.0.0.1:0", "require_https": "true"})
    url = server.wait_for_output("Metrics: http://.*").removeprefix("Metrics: ")
    assert url.endswith("/metrics") and not url.startswith(server.url)
    openapi.WATCH.others.add(urlsplit(url).netloc)
    anyone = server.anyone()
    reply = anyone.get(url)
    assert reply.status_code == 200 and "coffer_http_connections " in reply.text
    samples_of(reply.text)
    assert anyone.head(url).status_code == 200
    assert anyone.get(url + "/").status_code == 200
    refused = anyone.post(url, data=b"x" * 100_000)
    assert refused.status_code == 405 and refused.headers["Allow"] == "GET, HEAD"
    for path in ("/", "/healthz", "/metrics/x", "/api/v1/users/me", "/api/upload/private"):
        assert anyone.get(url.removesuffix("/metrics") + path).status_code == 404, path
    assert anyone.get(server.url + "/metrics").status_code == 403


def test_metrics_where_something_else_listens(launch, folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StartFailed) as failed:
            launch({"metrics.listen": address})
    assert failed.value.code == 1 and f"port {address.split(':')[1]}" in failed.value.log


def test_health_checks_need_no_https(launch):
    server = launch({"require_https": "true"})
    for path in ("/healthz", "/readyz"):
        assert server.anyone().get(server.url + path).status_code == 200
    for path in ("/metrics", "/api/v1/users/me", "/nothing"):
        assert server.anyone().get(server.url + path).status_code == 403, path


def test_every_request_is_in_the_log(launch):
    server = launch()
    user = server.user()
    replies = [
        user.get("/users/me"),
        user.get("/media/media_12345"),
        server.anyone().get("/users/me"),
        user.try_upload(samples.noise(100_000)),
        user.get("/nothing?a=b"),
    ]
    for reply in replies:
        identity = shapes.request_id(reply)
        line = server.wait_for_log(lambda e: identity in e.values() and reply.status_code in e.values())
        assert "time" in line and "level" in line and "event" in line
        assert reply.request.method in line.values()
        assert any(isinstance(v, (int, float)) and not isinstance(v, bool) for v in line.values())
    server.log_lines()


def test_no_line_is_lost_when_many_come_at_once(launch):
    """Lines are written many at a time; the last ones when the server ends."""
    clients, requests = 4, 1000
    server = launch()

    def flood(_):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as wire:
            ask = b"GET /nothing HTTP/1.1\r\nHost: h\r\n%s\r\n"
            wire.sendall(ask % b"" * (requests - 1) + ask % b"Connection: close\r\n")
            replies = wire.makefile("rb").read()
        return re.findall(rb"\r\nX-Request-Id: (\S+)\r\n", replies)

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        told = [identity.decode() for found in pool.map(flood, range(clients)) for identity in found]
    assert len(told) == clients * requests
    server.stop_well()
    logged = [line["request_id"] for line in server.log_lines() if line["event"] == "request"]
    assert sorted(logged) == sorted(told)


def test_no_secret_reaches_the_log(launch):
    server = launch({"log.level": "debug"})
    user = server.user(password="very secret password 1")
    key = program.create_key(server.data, user.username)
    Api(server.root, key=key).me()
    user.get(f"/users/me?token={user.token}&access_token={key}&password=very+secret+password+1")
    user.patch(
        "/users/me",
        json={"password": "very secret password 2", "current_password": "very secret password 1"},
    )
    server.anyone().post("/auth/refresh", json={"refresh_token": user.refresh_token})
    last = user.get("/nothing")
    identity = shapes.request_id(last)
    server.wait_for_log(lambda e: identity in e.values())
    text = server.log_text()
    for secret in (user.token, user.refresh_token, key, "very secret", "very+secret", user.token.split(".")[2]):
        assert secret not in text
    server.stop_well()
    stored = b"".join(p.read_bytes() for p in server.data.rglob("*") if p.is_file())
    for secret in (user.token, user.refresh_token, key, "very secret password"):
        assert secret.encode() not in stored


def test_what_clients_send_cannot_forge_log_lines(launch):
    server = launch()
    with server.wire() as wire:
        evil = '/x"}%0a{"event":"forged"}'
        reply = wire.request("GET", evil.replace('"', "%22"), {"User-Agent": 'a"} {"event":"forged"} \\'})
    identity = shapes.request_id(reply)
    server.wait_for_log(lambda e: identity in e.values())
    assert not [line for line in server.log_lines() if line.get("event") == "forged"]


def test_the_access_log_can_be_switched_off(launch):
    server = launch({"log.access": "false"})
    identity = shapes.request_id(server.anyone().get("/users/me"))
    server.stop_well()
    assert identity not in server.log_text()


def test_the_log_is_json_from_start_to_end(launch):
    server = launch()
    server.user().upload()
    server.stop_well()
    lines = server.log_lines()
    assert lines and all(shapes.is_time(line["time"]) for line in lines), lines[:3]
