"""What heads may say of hosts, codings, methods, dates and origins, and how the rest is refused. RFC 9110."""

import re
import time

import pytest

from harness import forms, shapes
from harness.quantum import Quantum, refuse

HEALTH = b"GET /healthz HTTP/1.1\r\n"


def ask(server, *fields, line=HEALTH):
    with server.wire() as wire:
        return wire.send(line + b"".join(field + b"\r\n" for field in fields) + b"\r\n").reply()


@pytest.mark.parametrize(
    "host",
    ["", "x", "x:", "x:8080", "under_score", "vault.example.", "[::1]", "[::1]:8080", "[2001:db8::1.2.3.4]",
     "caf%C3%A9.example", "a!$&'()*+,;=b", "127.0.0.1:65535"],
)
def test_hosts_that_there_are(shared, host):
    assert ask(shared, f"Host: {host}".encode()).status_code == 200


@pytest.mark.parametrize(
    "host",
    [b"a b", b"a/b", b"u@h", b"h:x", b"h:-1", b"h:65536", b":80", b"[::1", b"[::g]", b"[h]", b"::1", b"%zz", b"a<b>", b"a\\b",
     b"\xc3\xa9", b"h, h", b"http://h"],
)
def test_hosts_that_there_are_not(shared, host):
    reply = ask(shared, b"Host: " + host)
    assert reply.status_code == 400 and reply.headers["Connection"] == "close"


@pytest.mark.parametrize(
    "start",
    [b"GET /healthz HTTP/1.1\n", b"GET /healthz HTTP/1.1\r\nHost: x\n", b"\n", b"\x16\x03\x01\x02\x00\x01\x00",
     b"GET /healthz HTTP/1.1\nHost: x\n\n", b"\x00"],
)
def test_what_cannot_become_a_head_is_refused_at_once(shared, start):
    begin = time.monotonic()
    with shared.wire() as wire:
        assert wire.send(start).reply().status_code == 400
        assert wire.ends()
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    "line, status, code",
    [
        (b"GET /api/v1/media HTTP/2.0", 505, "version_not_supported"),
        (b"POST /v1/collections?q=1 HTTP/0.9", 505, "version_not_supported"),
        (b"GET /api/v1/media", 400, "validation_error"),
        (b"GET /api/v1/media/a b HTTP/1.1", 400, "validation_error"),
        (b"GET /api/v1/media HTTP/1.10", 400, "validation_error"),
    ],
)
def test_a_wrong_request_line_is_refused_in_the_shape_of_its_path(launch, line, status, code):
    reply = ask(launch({"rate_limits": "on"}), b"Host: x", line=line + b"\r\n")
    shapes.failure(reply, code, status)
    assert reply.headers["X-RateLimit-Limit"] == "60"


@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/storage/api/v5/token/refresh/", "/api/login"])
@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP, identity", "unknown"])
def test_coded_bodies_are_refused_with_what_is_taken(shared, path, coding):
    with shared.wire() as wire:
        fields = {"Content-Type": "application/json", "Content-Encoding": coding}
        reply = wire.request("POST", path, fields, b"\x1f\x8b\x08\x00")
        assert reply.status_code == 415, reply
        assert reply.headers["Accept-Encoding"] == "identity"


def test_coded_uploads_are_refused_too(shared, user):
    quantum = Quantum.registered(shared)
    content_type, body = forms.file_form(b"x")
    headers = {"Content-Type": content_type, "Content-Encoding": "gzip"}
    reply = user.post("/media/upload", data=body, headers=headers)
    shapes.failure(reply, "unsupported_media_type")
    assert reply.headers["Accept-Encoding"] == "identity" and user.media() == []
    reply = quantum.post(f"/file/add/{quantum.bucket()}", data=body, headers=headers)
    refuse(reply, 415, "REQ_NOT_SUPPORTED")


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
def test_bodies_in_no_coding_are_taken(shared, coding):
    with shared.wire() as wire:
        fields = {"Content-Type": "application/json", "Content-Encoding": coding}
        shapes.failure(wire.request("POST", "/api/v1/auth/login", fields, b"{}"), "validation_error")


@pytest.mark.parametrize(
    "path, method",
    [("/api/v1/media", "GET"), ("/api/v1/auth/login", "POST"), ("/file/abc", "GET"), ("/bucket", "GET"), ("/healthz", "GET"),
     ("/storage/api/v3/chunk_init/", "POST"), ("/s/x", "GET")],
)
def test_options_tells_the_methods(shared, path, method):
    preflight = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    for fields in ({}, preflight):
        with shared.wire() as wire:
            reply = wire.request("OPTIONS", path, fields)
            assert reply.status_code == 204, reply
            allowed = reply.headers["Allow"].split(", ")
            assert method in allowed and "OPTIONS" in allowed and "BREW" not in allowed


@pytest.mark.parametrize(
    "date",
    ["Tue, 31 Feb 2090 10:00:00 GMT", "Wed, 29 Feb 2089 10:00:00 GMT", "Tue, 31 Apr 2090 10:00:00 GMT",
     "Tue, 30 May 2090 24:00:00 GMT", "Tue, 00 May 2090 10:00:00 GMT", "Thu Jun 31 10:00:00 2090"],
)
def test_an_impossible_date_is_no_date(user, date):
    thing = user.upload(b"content")
    path = f"/media/{thing['id']}/content"
    assert user.get(path, headers={"If-Modified-Since": "Mon, 01 May 2090 10:00:00 GMT"}).status_code == 304
    assert user.get(path, headers={"If-Modified-Since": date}).status_code == 200
    assert user.get(path, headers={"If-Unmodified-Since": date.replace("90", "70").replace("89", "71")}).status_code == 200
    reply = user.get(path, headers={"Range": "bytes=0-1", "If-Range": date})
    assert reply.status_code == 200


ORIGIN = "https://app.example.com"


@pytest.fixture
def open_to_origin(launch):
    return launch({"cors.origins": ORIGIN})


def test_other_origins_read_why_a_head_was_refused(open_to_origin):
    origin = b"Origin: " + ORIGIN.encode()
    for code, fields, line in [
        (431, [b"Host: x", origin, b"X-A: " + b"x" * 40_000], HEALTH),
        (431, [b"Host: x", origin] + [b"X: y"] * 20_000, b"GET /api/v1/media HTTP/1.1\r\n"),
        # The page's origin behind the long field, in whatever case.
        (431, [b"Host: x", b"X-A: " + b"x" * 40_000, origin], HEALTH),
        (431, [b"Host: x", b"X-A: " + b"x" * 40_000, b"X-B: " + b"y" * 20_000, origin.replace(b"O", b"o")], HEALTH),
        # A long target, and the page's origin behind it.
        (414, [b"Host: x", origin], b"GET /api/v1/media?q=" + b"x" * 40_000 + b" HTTP/1.1\r\n"),
        (414, [b"Host: x", b"X-A: " + b"x" * 20_000, origin], b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n"),
        (505, [b"Host: x", origin], b"GET / HTTP/2.0\r\n"),
        (400, [b"Host: x", origin], b"GET / x HTTP/1.1\r\n"),
        (400, [b"Host: x", origin, b"Transfer-Encoding: gzip"], b"POST / HTTP/1.1\r\n"),
        (400, [b"Host: x", b"rubbish", origin], HEALTH),
        (400, [b"Host: x", origin, b"rubbish"], HEALTH),
        (400, [b"Host: a b", origin], HEALTH),
    ]:
        reply = ask(open_to_origin, *fields, line=line)
        assert reply.status_code == code
        assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN, reply
        assert "Origin" in reply.headers["Vary"]
    # In the shape of its API.
    reply = ask(open_to_origin, b"Host: x", line=b"GET /api/v1/media?q=" + b"x" * 40_000 + b" HTTP/1.1\r\n")
    shapes.failure(reply, "uri_too_long", 414)
    long, evil = b"X-A: " + b"x" * 40_000, b"Origin: https://evil.example"
    for fields in ([evil, long], [long, evil], [long], [long, b"X-Origin: " + ORIGIN.encode()]):
        reply = ask(open_to_origin, b"Host: x", *fields)
        assert reply.status_code == 431 and "Access-Control-Allow-Origin" not in reply.headers


def test_other_origins_read_that_a_head_was_too_slow(launch):
    server = launch({"cors.origins": ORIGIN, "http.head_timeout": "1s"})
    with server.wire() as wire:
        wire.send(b"GET /api/v1/media HTTP/1.1\r\nHost: x\r\nOrigin: " + ORIGIN.encode() + b"\r\nX-A: ")
        reply = wire.reply()
    assert reply.status_code == 408 and reply.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_an_oversized_head_is_not_waited_for(open_to_origin):
    with open_to_origin.wire() as wire:
        wire.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"x" * 40_000)
        assert wire.reply().status_code == 431  # within the time limit of a head


def test_other_origins_read_what_they_need(open_to_origin):
    user = open_to_origin.user()
    thing = user.upload(b"content")
    reply = user.get(thing["url"], headers={"Origin": ORIGIN})
    assert reply.headers["Accept-Ranges"] == "bytes"
    exposed = reply.headers["Access-Control-Expose-Headers"].split(", ")
    limits = {f"X-RateLimit-{name}" for name in ("Limit", "Remaining", "Reset")}
    assert {"Accept-Ranges", "Content-Range", "Content-Disposition", "ETag", "Location", "Retry-After"} | limits <= set(exposed)


def test_a_renamed_file_is_renamed_in_caches(user):
    thing = user.upload(b"content", "draft.txt")
    path = f"/media/{thing['id']}/content"
    kept = user.get(path).headers
    user.patch(f"/media/{thing['id']}", json={"filename": "final.txt"})
    reply = user.get(path, headers={"If-None-Match": kept["ETag"]})
    assert reply.status_code == 304
    assert reply.headers["Content-Disposition"] == 'inline; filename="final.txt"'
    assert reply.headers["Content-Type"] == kept["Content-Type"]
    assert reply.headers["Cache-Control"] == kept["Cache-Control"]


@pytest.mark.parametrize("character", ["x", "é", "漢", "🎵", "%", '"'])
def test_heads_fit_a_proxy(open_to_origin, character):
    """nginx takes 4 KiB of head from the servers behind it (proxy_buffer_size)."""
    user = open_to_origin.user()
    for count in (100, 251):
        thing = user.upload(b"content", character * count + ".txt")
        with open_to_origin.wire() as wire:
            fields = {"Authorization": f"Bearer {user.token}", "Origin": ORIGIN}
            reply = wire.request("GET", f"/api/v1/media/{thing['id']}/content", fields)
        assert reply.status_code == 200
        size = sum(len(name) + len(value) + 4 for name, value in reply.fields)
        assert size < 4000, (size, reply.fields)
        assert re.search(r"\.txt\"?$", reply.headers["Content-Disposition"])
