"""HTTP/1.1 as bytes: connections, framing, and what must not be understood two ways. RFC 9112."""

import socket
import threading
import time

import pytest

from harness import forms, samples, shapes
from harness.wire import Ended

HEALTH = "/healthz"


def get(target=HEALTH, *fields, host="x", version="HTTP/1.1"):
    lines = [f"GET {target} {version}"] + ([f"Host: {host}"] if host is not None else [])
    return ("\r\n".join([*lines, *fields]) + "\r\n\r\n").encode("latin-1")


def credentials(user):
    return {"Authorization": f"Bearer {user.token}"}


def upload_head(wire, user, content_type, **fields):
    fields = {name.replace("_", "-"): value for name, value in fields.items()}
    return wire.head(
        "POST",
        "/api/v1/media/upload",
        {**credentials(user), "Content-Type": content_type, **fields},
    )


# Connections.


def test_a_connection_is_kept(wire):
    for _ in range(50):
        assert wire.request("GET", HEALTH).status_code == 200


def test_connection_close(wire):
    reply = wire.request("GET", HEALTH, {"Connection": "close"})
    assert reply.status_code == 200 and reply.headers["Connection"].lower() == "close"
    assert wire.ends()


def test_ten_requests_in_one_write_are_answered_in_order(wire, user):
    things = [user.upload(b"%d" % n * (n + 1) * 5000) for n in range(10)]
    head = credentials(user)
    wire.send(b"".join(wire.head("GET", f"/api/v1/media/{t['id']}/content", head) for t in things))
    for number in range(10):
        assert wire.reply().content == b"%d" % number * (number + 1) * 5000


def test_pipelined_requests_with_bodies(wire, user):
    requests = b""
    for number in range(10):
        content_type, body = forms.file_form(b"x" * number, f"{number}.txt")
        requests += upload_head(wire, user, content_type, Content_Length=len(body)) + body
        requests += wire.head("GET", HEALTH)
    wire.send(requests)
    for number in range(10):
        reply = wire.reply()
        assert reply.status_code == 201 and reply.json()["data"]["filename"] == f"{number}.txt"
        assert wire.reply().status_code == 200


def test_a_request_in_single_bytes(wire):
    for byte in wire.head("GET", HEALTH):
        wire.send(bytes([byte]))
    assert wire.reply().status_code == 200


def test_a_client_that_ends_its_sending_side_still_gets_its_reply(wire):
    wire.send(wire.head("GET", HEALTH))
    wire.socket.shutdown(socket.SHUT_WR)
    assert wire.reply().status_code == 200
    assert wire.ends()


def test_http_1_0(wire):
    reply = wire.send(get(version="HTTP/1.0", host=None)).reply()
    assert reply.status_code == 200
    assert wire.ends()


def test_http_1_0_may_ask_to_be_kept(wire):
    first = wire.send(get(HEALTH, "Connection: keep-alive", version="HTTP/1.0")).reply()
    assert first.status_code == 200
    if first.headers.get("Connection", "").lower() == "keep-alive":
        assert wire.send(get()).reply().status_code == 200
    else:
        assert wire.ends()


def test_the_absolute_form(wire):
    assert wire.send(get(f"http://{wire.host}{HEALTH}")).reply().status_code == 200


def test_empty_lines_before_a_request(wire):
    assert wire.send(b"\r\n" + get()).reply().status_code == 200


@pytest.mark.parametrize("path", [HEALTH, "/api/v1/users/me", "/nothing"])
def test_head_has_no_body_and_the_connection_goes_on(wire, path):
    head = wire.request("HEAD", path)
    again = wire.request("GET", path)
    assert head.status_code == again.status_code and head.content == b""
    assert head.headers["Content-Length"] == again.headers["Content-Length"] == str(len(again.content))


def test_every_reply_tells_its_date(wire):
    assert wire.request("GET", HEALTH).headers["Date"].endswith(" GMT")


def test_an_idle_connection_is_closed(launch):
    server = launch({"http.idle_timeout": "1s"})
    with server.wire() as wire:
        assert wire.request("GET", HEALTH).status_code == 200
        begin = time.monotonic()
        assert wire.ends()
        assert 0.5 < time.monotonic() - begin < 5


def test_many_idle_connections_do_no_harm(shared):
    wires = [shared.wire() for _ in range(500)]
    assert all(wire.request("GET", HEALTH).status_code == 200 for wire in wires[::50])
    [wire.close() for wire in wires]


# Heads.


def refused(server, data, *codes):
    """Sends bytes that must be refused with one reply and the connection's end, and with nothing
    that a request hidden in them caused."""
    with server.wire() as wire:
        try:
            wire.send(data)
        except OSError:
            pass
        reply = wire.reply()
        assert reply.status_code in codes, (data[:300], reply)
        assert reply.headers.get("Connection", "").lower() == "close", reply
        shapes.request_id(reply)
        assert wire.ends(), "the connection goes on"


BAD_HEADS = {
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no version": b"GET /healthz\r\nHost: x\r\n\r\n",
    "rubbish": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "no target": b"GET HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces": b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "space in the target": b"GET /heal thz HTTP/1.1\r\nHost: x\r\n\r\n",
    "space before the colon": b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n",
    "space before the first field": b"GET /healthz HTTP/1.1\r\n Host: x\r\n\r\n",
    "folded field": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n",
    "field without a colon": b"GET /healthz HTTP/1.1\r\nHost: x\r\nrubbish\r\n\r\n",
    "empty field name": b"GET /healthz HTTP/1.1\r\nHost: x\r\n: a\r\n\r\n",
    "bad field name": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX(A): a\r\n\r\n",
    "null in a value": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n",
    "carriage return in a value": b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n",
    "bad method": b"G@T /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "null in the target": b"GET /hea\0lthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "target that is no path": b"GET healthz HTTP/1.1\r\nHost: x\r\n\r\n",
    "fragment": b"GET /healthz#x HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("kind", BAD_HEADS)
def test_bad_heads(shared, kind):
    refused(shared, BAD_HEADS[kind], 400)


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/1.10", "HTTPS/1.1", "http/1.1", "HTTP/1"])
def test_other_versions(shared, version):
    with shared.wire() as wire:
        reply = wire.send(get(version=version)).reply()
        assert reply.status_code in ((200,) if version == "HTTP/1.2" else (400, 505))


@pytest.mark.parametrize("method", ["CONNECT", "BREW", "get", "A" * 100])
def test_unknown_methods(shared, method):
    with shared.wire() as wire:
        reply = wire.send(f"{method} /api/v1/media HTTP/1.1\r\nHost: x\r\n\r\n".encode()).reply()
        assert reply.status_code in (400, 405, 501)


def test_a_head_that_is_too_large(shared):
    refused(shared, get(HEALTH, "X-A: " + "x" * 40_000), 431)
    refused(shared, get(HEALTH, *[f"X-{n}: x" for n in range(5000)]), 431)
    refused(shared, get("/" + "x" * 40_000), 414)
    refused(shared, get("/" + "x" * 30_000, "X-A: " + "x" * 10_000), 414)


def test_a_large_head_is_good(wire):
    assert wire.send(get(HEALTH, "X-A: " + "x" * 20_000)).reply().status_code == 200


def test_a_slow_head(launch):
    server = launch({"http.head_timeout": "1s"})
    for drip in (False, True):
        with server.wire() as wire:
            begin = time.monotonic()
            wire.send(b"GET /healthz HTT")
            try:
                while drip and time.monotonic() - begin < 8:
                    wire.socket.settimeout(0.2)
                    try:
                        if wire.socket.recv(1, socket.MSG_PEEK):
                            break
                    except TimeoutError:
                        wire.send(b"x")
            except OSError:
                pass
            wire.socket.settimeout(10)
            assert wire.reply().status_code == 408
            assert time.monotonic() - begin < 5
            assert wire.ends()


# Bodies and their framing.

SMUGGLED = get("/api/v1/users/me")


def with_fields(*fields, body=b"", target="/api/v1/auth/login"):
    lines = [f"POST {target} HTTP/1.1", "Host: x", "Content-Type: application/json", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


BAD_FRAMING = {
    "negative length": ["Content-Length: -1"],
    "signed length": ["Content-Length: +5"],
    "hexadecimal length": ["Content-Length: 0x5"],
    "empty length": ["Content-Length: "],
    "length in words": ["Content-Length: five"],
    "length with a fraction": ["Content-Length: 5.0"],
    "length with a space": ["Content-Length: 5 5"],
    "length that overflows": ["Content-Length: 18446744073709551621"],
    "huge length": ["Content-Length: " + "9" * 100],
    "list of different lengths": ["Content-Length: 5, 6"],
    "two different lengths": ["Content-Length: 5", "Content-Length: 6"],
    "length and chunks": ["Content-Length: 5", "Transfer-Encoding: chunked"],
    "chunks and length": ["Transfer-Encoding: chunked", "Content-Length: 0"],
    "chunks that are not last": ["Transfer-Encoding: chunked, identity"],
    "chunks and then another coding": ["Transfer-Encoding: chunked, gzip"],
    "chunks twice": ["Transfer-Encoding: chunked, chunked"],
    "chunks in two fields": ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    "chunks spelled wrong": ["Transfer-Encoding: xchunked"],
    "chunks in quotes": ['Transfer-Encoding: "chunked"'],
    "chunks with a parameter": ["Transfer-Encoding: chunked;q=1"],
    "unknown coding": ["Transfer-Encoding: gzip, chunked"],
    "identity": ["Transfer-Encoding: identity"],
    "empty coding": ["Transfer-Encoding: "],
    "space before the colon": ["Content-Length : 5"],
    "space before the colon of the coding": ["Transfer-Encoding : chunked"],
    "vertical tab": ["Transfer-Encoding: \x0bchunked"],
}


@pytest.mark.parametrize("kind", BAD_FRAMING)
def test_framing_that_is_not_certain_is_refused(shared, kind):
    code = 501 if kind == "unknown coding" else 400
    refused(shared, with_fields(*BAD_FRAMING[kind], body=b"0\r\n\r\n" + SMUGGLED), code)


@pytest.mark.parametrize("fields", [["Content-Length: 2", "Content-Length: 2"], ["Content-Length: 2, 2"]])
def test_one_length_said_twice_is_refused_or_one(shared, fields):
    with shared.wire() as wire:
        wire.send(with_fields(*fields, body=b"{}" + get()))
        reply = wire.reply()
        assert reply.status_code == 400
        if reply.headers.get("Connection", "").lower() == "close":
            assert wire.ends()
        else:
            assert wire.reply().status_code == 200


@pytest.mark.parametrize("coding", ["chunked", "Chunked", "CHUNKED"])
def test_the_coding_knows_no_case(shared, coding):
    with shared.wire() as wire:
        wire.send(with_fields(f"Transfer-Encoding: {coding}", body=b"2\r\n{}\r\n0\r\n\r\n" + get()))
        shapes.failure(wire.reply(), "validation_error")
        assert wire.reply().status_code == 200


def test_chunks_in_a_request_of_http_1_0(shared):
    data = with_fields("Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n" + SMUGGLED)
    refused(shared, data.replace(b"HTTP/1.1", b"HTTP/1.0", 1), 400, 501)


BAD_CHUNKS = {
    "no number": b"x\r\n{}\r\n0\r\n\r\n",
    "empty line": b"\r\n{}\r\n0\r\n\r\n",
    "negative": b"-2\r\n{}\r\n0\r\n\r\n",
    "prefixed": b"0x2\r\n{}\r\n0\r\n\r\n",
    "space before": b" 2\r\n{}\r\n0\r\n\r\n",
    "line feed alone": b"2\n{}\r\n0\r\n\r\n",
    "no end of the chunk": b"2\r\n{}0\r\n\r\n",
    "longer than said": b"2\r\n{}}\r\n0\r\n\r\n",
    "shorter than said": b"3\r\n{}\r\n0\r\n\r\n",
    "overflow": b"10000000000000002\r\n{}\r\n0\r\n\r\n",
    "many zeros": b"0" * 70_000 + b"2\r\n{}\r\n0\r\n\r\n",
    "endless extension": b"2;" + b"x" * 70_000 + b"\r\n{}\r\n0\r\n\r\n",
    "endless trailers": b"2\r\n{}\r\n0\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n",
    "line feed in an extension": b"2;a\nb\r\n{}\r\n0\r\n\r\n",
    "carriage return in an extension": b"2;a\rb\r\n{}\r\n0\r\n\r\n",
    "carriage return before an extension": b"2\r;a\r\n{}\r\n0\r\n\r\n",
    "carriage return twice": b"2\r\r\n{}\r\n0\r\n\r\n",
    "null in an extension": b"2;a\0b\r\n{}\r\n0\r\n\r\n",
    "semicolon alone": b"2;\r\n{}\r\n0\r\n\r\n",
    "open quote": b'2;a="b\r\n{}\r\n0\r\n\r\n',
    "extensions that are many": (b"1;" + b"x" * 100 + b"\r\n{\r\n") * 200 + b"0\r\n\r\n",
    "trailer that is no field": b"2\r\n{}\r\n0\r\nGET /admin HTTP/1.1\r\n\r\n",
    "trailer with a null": b"2\r\n{}\r\n0\r\nX: a\0b\r\n\r\n",
    "trailer with a carriage return": b"2\r\n{}\r\n0\r\nX: a\rb\r\n\r\n",
    "trailer that is a carriage return": b"2\r\n{}\r\n0\r\n\r\r\n\r\n",
    "trailer with a space before the colon": b"2\r\n{}\r\n0\r\nX : a\r\n\r\n",
    "trailer that is folded": b"2\r\n{}\r\n0\r\nX: a\r\n b\r\n\r\n",
    # A reader that ends lines at the carriage return sees another body, and no second request.
    "chunk of another reader": b"2;\rXX\r\n22\r\nc\r\nAAAABBBBCCCC\r\n0\r\n\r\nDDDDEEEEFFFF\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("kind", BAD_CHUNKS)
def test_bad_chunks(shared, kind):
    body = BAD_CHUNKS[kind] + SMUGGLED
    refused(shared, with_fields("Transfer-Encoding: chunked", body=body), 400)


@pytest.mark.parametrize("size, good", [(3000, True), (4096, True), (4097, False), (10_000, False)])
@pytest.mark.parametrize("cut", [None, 1000, 4096])
def test_limits_of_framing_do_not_depend_on_how_it_arrives(shared, size, good, cut):
    """`size`: of a chunk's line with its end."""
    body = b"2;" + b"x" * (size - 4) + b"\r\n{}\r\n0\r\n\r\n"
    with shared.wire() as wire:
        wire.send(with_fields("Transfer-Encoding: chunked"))
        try:
            for at in range(0, len(body), cut or len(body)):
                wire.send(body[at : at + (cut or len(body))])
                time.sleep(0.02)
        except OSError:
            pass  # it was refused before its end
        reply = wire.reply()
        assert reply.status_code == 400
        assert (reply.headers.get("Connection", "").lower() == "close") == (not good)


@pytest.mark.parametrize("body", [b"2;ext=1\r\n{}\r\n0\r\n\r\n", b'2;a="b;c"\r\n{}\r\n0;x\r\n\r\n', b"02\r\n{}\r\n000\r\n\r\n",
                                  b"1\r\n{\r\n1\r\n}\r\n0\r\nX-Trailer: yes\r\n\r\n"])
def test_good_chunks(shared, body):
    with shared.wire() as wire:
        wire.send(with_fields("Transfer-Encoding: chunked", body=body + get()))
        shapes.failure(wire.reply(), "validation_error")
        assert wire.reply().status_code == 200


@pytest.mark.parametrize("sizes", [[1], [1, 2, 3], [7, 4096, 1], [65_536], [100_000, 1]])
def test_uploads_in_odd_chunks(wire, user, sizes):
    data = samples.noise(20_000 if sizes == [1] else 300_000)
    content_type, body = forms.file_form(data)
    wire.send(upload_head(wire, user, content_type, Transfer_Encoding="chunked"))
    wire.send(forms.chunked(body, sizes))
    thing = shapes.success(wire.reply(), 201)
    assert thing["checksum"] == samples.checksum(data)
    assert wire.request("GET", HEALTH).status_code == 200


def test_a_trailer_is_no_header(wire, user):
    """Credentials behind the body come too late."""
    wire.send(
        with_fields("Transfer-Encoding: chunked", target="/api/v1/auth/logout")
        + f"0\r\nAuthorization: Bearer {user.token}\r\n\r\n".encode()
    )
    assert wire.reply().status_code == 401
    shapes.success(user.get("/users/me"))


def test_a_body_that_ends_early(shared, user):
    content_type, body = forms.file_form(samples.noise(100_000))
    for framing, cut in [
        ({"Content_Length": len(body)}, body[:50_000]),
        ({"Content_Length": len(body) + 1}, body),
        ({"Transfer_Encoding": "chunked"}, forms.chunked(body, [4096])[:50_000]),
        ({"Transfer_Encoding": "chunked"}, forms.chunked(body, [4096])[:-5]),
    ]:
        with shared.wire() as wire:
            wire.send(upload_head(wire, user, content_type, **framing) + cut)
            wire.socket.shutdown(socket.SHUT_WR)
            try:
                assert wire.reply().status_code == 400
            except Ended:
                pass
        time.sleep(0.05)
        assert user.media() == [] and user.me()["used_bytes"] == 0


def test_a_length_that_is_too_short(wire, user):
    """The form lacks its end; what is left over is another request, a bad one."""
    content_type, body = forms.file_form(b"content")
    wire.send(upload_head(wire, user, content_type, Content_Length=len(body) - 10) + body)
    shapes.failure(wire.reply(), "validation_error", 400)
    try:
        assert wire.reply().status_code == 400
    except Ended:
        pass
    assert user.media() == []


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE"])
def test_a_body_where_none_is_needed(wire, method):
    wire.send(
        f"{method} /api/v1/users/me HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello".encode() + get()
    )
    assert wire.reply(method).status_code in (400, 401, 405)
    try:
        assert wire.reply().status_code == 200
    except Ended:
        pass


# Bodies that nobody reads.


@pytest.mark.parametrize("size", [10, 60_000, 1 << 20, 8 << 20])
def test_the_reply_reaches_who_still_sends(wire, size):
    """A refused body does not cost the client the reply; after it the connection is in step or ended."""
    begin = with_fields("Authorization: Bearer rubbish", f"Content-Length: {size}", target="/api/v1/media/upload")
    failed = []

    def send():
        try:
            wire.send(begin + bytes(size))
        except OSError as fault:
            failed.append(fault)

    thread = threading.Thread(target=send)
    thread.start()
    reply = wire.reply()
    shapes.failure(reply, "unauthorized")
    thread.join()
    if reply.headers.get("Connection", "").lower() == "close":
        wire.rest()
    elif not failed:
        assert wire.request("GET", HEALTH).status_code == 200


def test_a_connection_goes_on_after_a_small_error(wire):
    for _ in range(3):
        reply = wire.request("POST", "/api/v1/auth/login", {"Content-Type": "application/json"}, b"rubbish")
        shapes.failure(reply, "validation_error")
    assert wire.request("GET", HEALTH).status_code == 200


# Expect: 100-continue.


def test_continue_is_said_before_the_body(wire, user):
    content_type, body = forms.file_form(b"content")
    wire.send(upload_head(wire, user, content_type, Content_Length=len(body), Expect="100-continue"))
    assert wire.reply().status_code == 100
    wire.send(body)
    assert wire.reply().status_code == 201
    assert wire.request("GET", HEALTH).status_code == 200


def test_who_does_not_wait_for_it_is_served(wire, user):
    content_type, body = forms.file_form(b"content")
    wire.send(upload_head(wire, user, content_type, Content_Length=len(body), Expect="100-Continue") + body)
    reply = wire.reply()
    if reply.status_code == 100:
        reply = wire.reply()
    assert reply.status_code == 201


def test_what_is_refused_is_refused_without_it(launch):
    server = launch()
    user = server.user()
    with server.wire() as wire:
        wire.send(with_fields("Content-Length: 100", "Expect: 100-continue", target="/api/v1/media/upload"))
        assert wire.reply().status_code == 401
    with server.wire() as wire:
        wire.send(
            with_fields("Content-Length: 1048577", "Expect: 100-continue", target="/api/v1/auth/login")
        )
        assert wire.reply().status_code == 413
    with server.wire() as wire:
        wire.send(upload_head(wire, user, "text/plain", Content_Length=100, Expect="100-continue"))
        assert wire.reply().status_code == 415


def test_an_expectation_that_nobody_knows(wire):
    reply = wire.request("GET", HEALTH, {"Expect": "the unexpected"})
    assert reply.status_code in (200, 417)


def test_options_of_the_server_as_a_whole(wire):
    wire.send(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n")
    reply = wire.reply()
    assert reply.status_code == 204 and "GET" in reply.headers["Allow"]
    wire.send(b"GET * HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.reply().status_code == 400
