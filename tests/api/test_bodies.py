"""JSON bodies from an enemy: every field in every wrong type, and bodies that are none."""

import json

import pytest

from harness import shapes
from harness.client import unique_name
from harness.forms import Part


def deep(levels):
    return "[" * levels + "]" * levels


WRONG = {
    "null": "null",
    "number": "7",
    "negative": "-1",
    "fraction": "1.5",
    "huge number": "1e400",
    "true": "true",
    "array": "[]",
    "array of strings": '["a"]',
    "object": "{}",
    "object like a string": '{"$ne": ""}',
    "1000 deep": deep(1000),
}
WRONG_STRING = {"string": '"a"', "array of numbers": "[1]", "array of null": "[null]", "nested": '[["a"]]'}


class Place:
    """A request with a JSON body, its fields and their good values."""

    def __init__(self, method, path, good, nullable=()):
        self.method, self.path, self.good, self.nullable = method, path, good, nullable


def places(user, media):
    return {
        "register": Place(
            "POST",
            "/auth/register",
            {
                "username": unique_name(),
                "email": unique_name() + "@example.com",
                "password": "correct horse 7",
            },
            ["email"],
        ),
        "login": Place(
            "POST", "/auth/login", {"username": user.username, "password": user.password}
        ),
        "refresh": Place("POST", "/auth/refresh", {"refresh_token": user.refresh_token}),
        "profile": Place(
            "PATCH",
            "/users/me",
            {
                "username": user.username,
                "email": user.email,
                "password": "another one 8",
                "current_password": user.password,
            },
            ["email"],
        ),
        "media": Place(
            "PATCH",
            f"/media/{media['id']}",
            {"title": "t", "description": "d", "tags": ["a"], "filename": "b.txt"},
            ["title", "description"],
        ),
    }


FIELDS = [
    (place, field)
    for place, fields in {
        "register": ["username", "email", "password"],
        "login": ["username", "password"],
        "refresh": ["refresh_token"],
        "profile": ["username", "email", "password", "current_password"],
        "media": ["title", "description", "tags", "filename"],
    }.items()
    for field in fields
]


@pytest.fixture(scope="module")
def owner(shared):
    user = shared.user()
    user.thing = user.upload(b"content", "a.txt", title="before", tags="before")
    return user


def send(owner, place, body, **headers):
    headers = {"Content-Type": "application/json", **headers}
    body = body if isinstance(body, bytes) else body.encode()
    return owner.call(place.method, place.path, data=body, headers=headers)


def with_raw(place, field, raw):
    """The good body with `field` as this JSON text."""
    members = {name: json.dumps(value) for name, value in place.good.items()}
    members[field] = raw
    return "{" + ", ".join(f'"{name}": {value}' for name, value in members.items()) + "}"


@pytest.mark.parametrize("place, field", FIELDS)
def test_wrong_types_are_told_by_field(owner, place, field):
    place = places(owner, owner.thing)[place]
    wrong = dict(WRONG)
    if field == "tags":
        del wrong["array"], wrong["array of strings"]
        wrong.update(WRONG_STRING)
    if field in place.nullable:
        del wrong["null"]
    before = owner.me(), owner.get(f"/media/{owner.thing['id']}").json()["data"]
    for name, raw in wrong.items():
        reply = send(owner, place, with_raw(place, field, raw))
        error = shapes.failure(reply, "validation_error", 400)
        if name not in ("1000 deep", "huge number"):
            assert field in [detail["field"] for detail in error["details"]], (name, reply.text)
    assert before == (owner.me(), owner.get(f"/media/{owner.thing['id']}").json()["data"])


NOT_AN_OBJECT = {
    "nothing": b"",
    "space": b"  \r\n ",
    "null": b"null",
    "number": b"7",
    "string": b'"username"',
    "array": b"[]",
    "array of objects": b'[{"username": "a"}]',
    "truncated": b'{"username": "a", "pass',
    "without its end": b'{"username": "a"',
    "rubbish behind": b'{"username": "a"} x',
    "two": b'{"username": "a"}{"username": "b"}',
    "a key twice": b'{"username": "a", "username": "b"}',
    "a key twice inside": b'{"x": [{"y": 1, "y": 1}]}',
    "comma at the end": b'{"username": "a",}',
    "comment": b'{"username": "a"} // hi',
    "single quotes": b"{'username': 'a'}",
    "no quotes": b"{username: 1}",
    "not a number": b'{"username": NaN}',
    "control character": b'{"username": "a\nb"}',
    "bad escape": b'{"username": "\\x41"}',
    "lone surrogate": b'{"username": "\\ud800", "title": "\\ud800", "refresh_token": "\\ud800"}',
    "invalid UTF-8": b'{"username": "\xff\xfe", "title": "\xff", "refresh_token": "\xff"}',
    "overlong UTF-8": b'{"username": "\xc0\xaf", "title": "\xc0\xaf", "refresh_token": "\xc0\xaf"}',
    "surrogate as UTF-8": b'{"username": "\xed\xa0\x80", "title": "\xed\xa0\x80", "refresh_token": "\xed\xa0\x80"}',
    "invalid UTF-8 in a name": b'{"user\xffname": "a"}',
    "UTF-16": '{"username": "a"}'.encode("utf-16"),
    "form": b"username=a&password=b",
    "binary": bytes(range(256)),
    "deep array": deep(1000).encode(),
    "deep and open": b"[" * 60_000,
    "deep objects": b'{"a":' * 12_000,
}


@pytest.mark.parametrize("place", ["register", "login", "refresh", "profile", "media"])
def test_bodies_that_are_not_an_object(shared, owner, place):
    place = places(owner, owner.thing)[place]
    caller = shared.anyone() if place.path.startswith("/auth") else owner
    for name, body in NOT_AN_OBJECT.items():
        if place.path == "/auth/refresh" and name in ("nothing", "space"):
            continue  # a bearer may stand for the body there
        reply = send(caller, place, body)
        assert reply.status_code == 400, (name, reply.status_code, reply.text[:300])
        shapes.failure(reply, "validation_error")


def test_a_syntax_error_says_where(owner):
    reply = send(owner, places(owner, owner.thing)["media"], b'{\n  "title": "x",\n  "tags": [}')
    error = shapes.failure(reply, "validation_error", 400)
    assert error["message"].endswith(" at line 3, column 12 (byte 29)"), error


def test_other_bounds_are_named_too(owner, launch):
    reply = owner.post("/media/exists", json={"checksums": ["x" * (1 << 17)]})
    assert "131072 bytes" in shapes.failure(reply, "payload_too_large", 413)["message"]
    reply = owner.send_form([Part("title", b"x" * 40_000), Part("description", b"x" * 40_000), Part("file", b"x", "a")])
    assert "65536 bytes" in shapes.failure(reply, "payload_too_large", 413)["message"]
    reply = launch({"uploads.max_bytes": "1KiB"}).user().try_upload(b"x" * 1025, "a.txt")
    assert "1024 bytes" in shapes.failure(reply, "payload_too_large", 413)["message"]


@pytest.mark.parametrize("place", ["register", "login", "refresh", "profile", "media"])
def test_two_mebibytes_are_too_large(owner, place):
    place = places(owner, owner.thing)[place]
    body = with_raw(place, "padding", json.dumps("x" * (2 << 20)))
    error = shapes.failure(send(owner, place, body), "payload_too_large", 413)
    assert error["message"] == "The body may have at most 65536 bytes"


def test_the_limit_of_one_mebibyte_holds_for_chunked_bodies(owner):
    place = places(owner, owner.thing)["media"]

    def pieces():
        yield b'{"title": "'
        for _ in range(32):
            yield b"x" * 65536
        yield b'"}'

    reply = owner.call(
        place.method, place.path, data=pieces(), headers={"Content-Type": "application/json"}
    )
    shapes.failure(reply, "payload_too_large", 413)


def test_a_chunked_body_is_as_good(owner):
    reply = owner.call(
        "PATCH",
        f"/media/{owner.thing['id']}",
        data=iter([b'{"ti', b'tle": "in', b' pieces"}']),
        headers={"Content-Type": "application/json"},
    )
    assert shapes.success(reply)["title"] == "in pieces"
    owner.patch(f"/media/{owner.thing['id']}", json={"title": "before"})


def test_of_a_doubled_name_one_value_counts_or_none(anyone):
    first, second = unique_name("first"), unique_name("second")
    body = f'{{"username": "{first}", "username": "{second}", "password": "correct horse 7"}}'
    reply = anyone.post("/auth/register", data=body, headers={"Content-Type": "application/json"})
    if reply.status_code != 400:
        assert shapes.success(reply, 201)["username"] in (first, second)
    else:
        shapes.failure(reply, "validation_error")


def test_a_byte_order_mark_is_skipped_or_refused(anyone):
    name = unique_name()
    body = b"\xef\xbb\xbf" + json.dumps({"username": name, "password": "correct horse 7"}).encode()
    reply = anyone.post("/auth/register", data=body, headers={"Content-Type": "application/json"})
    if reply.status_code != 400:
        assert shapes.success(reply, 201)["username"] == name
    else:
        shapes.failure(reply, "validation_error")


def test_fields_that_nobody_knows_do_no_harm(anyone):
    name = unique_name()
    reply = anyone.post(
        "/auth/register",
        json={"username": name, "password": "correct horse 7", "is_admin": True, "quota_bytes": 1, "x": [{}]},
    )
    if reply.status_code == 201:
        account = shapes.success(reply, 201)
        assert account["is_admin"] is False and account["quota_bytes"] != 1
    else:
        shapes.failure(reply, "validation_error")


@pytest.mark.parametrize("content_type", ["text/plain", "multipart/form-data; boundary=x", "application/xml", "\x80"])
def test_another_content_type_is_no_server_error(owner, content_type):
    place = places(owner, owner.thing)["media"]
    reply = send(owner, place, '{"title": "before"}', **{"Content-Type": content_type})
    if reply.status_code == 200:
        shapes.success(reply)
    else:
        shapes.any_failure(reply, 400, 415)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON"])
def test_spellings_of_the_content_type(owner, content_type):
    place = places(owner, owner.thing)["media"]
    shapes.success(send(owner, place, '{"title": "before"}', **{"Content-Type": content_type}))
