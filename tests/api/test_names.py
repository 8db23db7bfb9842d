"""Names are data: they come back as they went, and nothing is ever done with them."""

import re
from urllib.parse import unquote

import pytest

from harness import forms, shapes
from harness.forms import Part

PLAIN = [
    "plain.txt",
    "two words.txt",
    "semi;colon.txt",
    "a=b, c.txt",
    "percent %41.txt",
    "it's.txt",
    "..",
    ".",
    "...",
    ".hidden",
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\windows\\system32",
    "C:\\photos\\x.jpg",
    "CON",
    "nul.txt",
    "a/b/c.txt",
    "trailing. ",
    "x" * 200 + ".txt",
    "ünïcödé.txt",
    "e\u0301.txt",
    "写真.jpg",
    "👨‍👩‍👧‍👦.png",
    "\u202egpj.exe",
    "مرحبا.txt",
    "zero\u200bwidth.txt",
    "<script>alert(1)</script>.html",
    "$(touch x).txt",
    "`id`.txt",
    "'; DROP TABLE entry; --.txt",
    "${jndi:ldap://x}.txt",
    "{{7*7}}.txt",
    "%s%n%x.txt",
    "-rf",
    "--help",
]


def sent_with(user, disposition):
    return user.send_form([Part("file", b"content", disposition=disposition)])


def comes_back(user, thing, name):
    """The name is whole in the object and in the list, and without a path in the download's disposition."""
    assert thing["filename"] == name
    assert [t["filename"] for t in user.media()] == [name]
    reply = user.get(thing["url"])
    assert reply.status_code == 200 and reply.content == b"content"
    saved = "_" * len(name) if name in (".", "..") else re.sub(r"[/\\]", "_", name)
    assert disposition_name(reply.headers["Content-Disposition"]) == saved


def disposition_name(value):
    """The name that a browser takes from a Content-Disposition."""
    assert re.fullmatch(r"[\x20-\x7e]*", value), value
    extended = re.search(r"filename\*=UTF-8''([^;]*)", value)
    if extended:
        assert re.fullmatch(r"([A-Za-z0-9!#$&+.^_`|~-]|%[0-9A-Fa-f]{2})*", extended.group(1)), value
        return unquote(extended.group(1))
    quoted = re.search(r'filename="((?:[^"\\]|\\.)*)"', value)
    return re.sub(r"\\(.)", r"\1", quoted.group(1))


@pytest.mark.parametrize("name", PLAIN)
def test_names_come_back(shared, user, name):
    comes_back(user, user.upload(b"content", name), name)
    assert not [p for p in shared.data.rglob("*") if p.name in (name, "passwd", "x", "c.txt")]


@pytest.mark.parametrize("name", PLAIN)
def test_names_in_the_extended_form(user, name):
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())
    disposition = f"form-data; name=\"file\"; filename=\"fallback\"; filename*=UTF-8''{encoded}"
    comes_back(user, shapes.success(sent_with(user, disposition.encode()), 201), name)


@pytest.mark.parametrize(
    "disposition, name",
    [
        (b'form-data; name="file"; filename="a%22b.txt"', 'a"b.txt'),
        (b'form-data; name="file"; filename="a\\"b.txt"', 'a"b.txt'),
        (b'form-data; name="file"; filename="a;b.txt"', "a;b.txt"),
        (b"form-data; name=file; filename=token.txt", "token.txt"),
        (b'FORM-DATA; NAME="file"; FILENAME="a.txt"', "a.txt"),
        (b'form-data;name="file";filename="a.txt"', "a.txt"),
        (b'form-data; filename="a.txt"; name="file"', "a.txt"),
        (b"form-data; name=\"file\"; filename*=utf-8'en'%e2%82%ac.txt", "€.txt"),
        (b"form-data; name=\"file\"; filename*=ISO-8859-1''%fc.txt", "ü.txt"),
        (b'form-data; name="file"; filename="C:\\dir\\x.txt"', "C:\\dir\\x.txt"),
    ],
)
def test_spellings_of_the_disposition(user, disposition, name):
    comes_back(user, shapes.success(sent_with(user, disposition), 201), name)


@pytest.mark.parametrize(
    "name", ["a\r\nb.txt", "a\r\nSet-Cookie: x=y\r\n\r\n<html>", "a\nb", "a\tb", "a\x00b.txt", "a\x1b[31m.txt", "\x7f"]
)
def test_control_characters_never_reach_a_head(shared, user, name):
    """Kept as they are, replaced or refused; never a header of their own."""
    encoded = "".join(f"%{byte:02X}" for byte in name.encode())
    reply = sent_with(user, f"form-data; name=\"file\"; filename*=UTF-8''{encoded}".encode())
    if reply.status_code != 201:
        shapes.failure(reply, "validation_error")
        return
    thing = shapes.success(reply, 201)
    with shared.wire() as wire:
        path = f"/api/v1/media/{thing['id']}/content"
        raw = wire.request("GET", path, {"Authorization": f"Bearer {user.token}"})
    assert raw.content == b"content"
    assert "Set-Cookie" not in raw.headers
    assert re.fullmatch(r"[\x20-\x7e]*", raw.headers["Content-Disposition"])


def test_a_name_of_300_characters(user):
    reply = user.try_upload(b"content", "x" * 296 + ".txt")
    if reply.status_code == 201:
        assert 1 <= len(shapes.success(reply, 201)["filename"]) <= 300
    else:
        shapes.failure(reply, "validation_error")
        assert user.media() == []


def test_a_name_of_255_characters_and_more_bytes(user):
    name = "写" * 251 + ".jpg"
    comes_back(user, user.upload(b"content", name), name)


@pytest.mark.parametrize("name", ["", " "])
def test_a_file_without_a_name_gets_one(user, name):
    assert user.upload(b"content", name)["filename"].strip()


@pytest.mark.parametrize(
    "disposition",
    [
        b"form-data; name=\"file\"; filename*=UTF-8''%ff%fe",
        b"form-data; name=\"file\"; filename*=UTF-8''%zz",
        b"form-data; name=\"file\"; filename*=KOI8-R''%ff",
        b"form-data; name=\"file\"; filename*=rubbish",
        b'form-data; name="file"; filename="open',
        b'form-data; name="file"; filename="\xff"',
        b'form-data; name="file"; filename="\xed\xa0\x80"',
    ],
)
def test_broken_names_are_no_server_error(user, disposition):
    reply = sent_with(user, disposition)
    if reply.status_code == 201:
        shapes.media(shapes.success(reply, 201))["filename"].encode()
    else:
        shapes.failure(reply, "validation_error")
        assert user.media() == []


def test_the_same_name_a_hundred_times(user):
    content_type, body = forms.encode([Part("file", b"x", "song.mp3") for _ in range(100)])
    reply = user.post("/media/upload", data=body, headers={"Content-Type": content_type})
    things = shapes.success(reply, 201)
    assert [t["filename"] for t in things] == ["song.mp3"] * 100
    assert len({t["id"] for t in things}) == 100
    assert len(user.media(q="song.mp3")) == 100


ACTIVE = {
    "page.html": b"<!doctype html><script>fetch('/api/v1/users/me')</script>",
    "page.htm": b"<script>1</script>",
    "page.xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><script>1</script></html>',
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>',
    "data.xml": b'<?xml version="1.0"?><x/>',
    "no extension": b"<!doctype html><html><script>1</script></html>",
}


@pytest.mark.parametrize("name", ACTIVE)
def test_an_upload_cannot_run_script_on_the_vaults_origin(user, name):
    thing = user.upload(ACTIVE[name], name, content_type="text/html")
    for headers in ({}, {"Range": "bytes=0-5"}, {"Range": "bytes=0-1,4-5"}):
        reply = user.get(thing["url"], headers=headers)
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        policy = reply.headers.get("Content-Security-Policy", "")
        content_type = reply.headers["Content-Type"]
        kinds = {content_type.split(";")[0]}
        if kinds == {"multipart/byteranges"}:  # no browser shows it; its parts must be as harmless
            ranges = forms.parse_byteranges(content_type, reply.content)
            kinds = {kind.split(";")[0] for _, kind, _ in ranges}
        is_sandboxed = re.search(r"\bsandbox\b(?!.*allow-scripts)", policy)
        assert is_sandboxed or kinds <= {"text/plain", "application/octet-stream"}, reply.headers
        if "." in name:
            assert "sandbox" in policy, reply.headers


@pytest.mark.parametrize("name", ["a.txt", "a.jpg", "a.bin", "a.js", "a.css"])
def test_all_content_is_served_without_guessing(user, name):
    reply = user.get(user.upload(b"content", name)["url"])
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
