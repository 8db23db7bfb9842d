"""Uploading, changing and deleting media."""

import hashlib
import threading

import pytest

from harness import forms, samples, shapes
from harness.forms import Part


# Uploads.


def test_a_file_that_is_empty(user):
    thing = user.upload(b"", "empty.txt")
    assert thing["size"] == 0 and thing["checksum"] == samples.checksum(b"")
    reply = user.get(f"/media/{thing['id']}/content")
    assert reply.status_code == 200 and reply.content == b""
    assert reply.headers["Content-Length"] == "0"


def test_several_files_give_several_objects(user):
    reply = user.send_form([Part("file", b"one", "1.txt"), Part("file", b"two", "2.txt")])
    things = shapes.success(reply, 201)
    assert [shapes.media(t)["filename"] for t in things] == ["1.txt", "2.txt"]
    assert [user.get(t["url"]).content for t in things] == [b"one", b"two"]


@pytest.mark.parametrize(
    "name, data, renamed, media_type, kind",
    [
        ("a.zip", b"PK\x03\x04\x14\0", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "document"),
        ("a.docx", b"PK\x03\x04\x14\0", "a.txt", "application/zip", "other"),
        ("notes", b"text", "notes.md", "text/markdown; charset=utf-8", "document"),
        ("notes.md", b"caf\xe9", "notes.csv", "text/csv", "document"),
        ("a.bin", b"\1\2", "a.mp3", "audio/mpeg", "audio"),
        ("a.mp3", b"\1\2", "a", "application/octet-stream", "other"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "a.exe", "image/png", "image"),
        ("a", b"\xff\xd8\xff\xe0", "a.mp4", "image/jpeg", "image"),
    ],
)
def test_a_new_name_gives_the_type_that_an_upload_gets(user, name, data, renamed, media_type, kind):
    thing = user.upload(data, name)
    changed = shapes.success(user.patch(f"/media/{thing['id']}", json={"filename": renamed}))
    assert (changed["media_type"], changed["type"]) == (media_type, kind)
    again = user.upload(data, renamed)
    assert (again["media_type"], again["type"]) == (media_type, kind)
    reply = user.get(f"/media/{thing['id']}/content")
    assert reply.headers["Content-Type"] == media_type and reply.content == data
    listed = shapes.success(user.get(f"/media?type={kind}"))
    assert {one["id"] for one in listed} == {thing["id"], again["id"]}


def test_content_is_a_download_where_that_is_asked_for(user):
    thing = user.upload(b"\x89PNG\r\n\x1a\n", "a.png")
    for query, disposition in (("", "inline"), ("?download=0", "inline"), ("?download=1", "attachment"), ("?download", "attachment")):
        reply = user.get(f"/media/{thing['id']}/content{query}")
        assert reply.headers["Content-Disposition"].startswith(disposition), query
        assert reply.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize("order", ["before", "after", "around"])
def test_fields_go_before_or_after_the_file(user, order):
    fields = [Part("title", "Tïtle".encode()), Part("description", b"two\nlines"), Part("tags", b"b, a,b")]
    file = Part("file", b"content", "a.txt")
    parts = {"before": fields + [file], "after": [file] + fields, "around": fields[:1] + [file] + fields[1:]}
    thing = shapes.media(shapes.success(user.send_form(parts[order]), 201))
    assert thing["title"] == "Tïtle" and thing["description"] == "two\nlines"
    assert thing["tags"] == ["a", "b"]


def test_tags_may_repeat(user):
    assert user.upload(tags=["x", "y,z"])["tags"] == ["x", "y", "z"]


def test_fields_that_nobody_knows_are_left_aside(user):
    thing = user.upload(b"content", "a.txt", colour="blue", user_id="user_1")
    assert thing["user_id"] == user.me()["id"]


@pytest.mark.parametrize(
    "field, value",
    [
        ("title", b"x" * 256),
        ("description", b"x" * 10_001),
        ("description", b"x" * (2 << 20)),
        ("tags", b"x" * 65),
        ("tags", b",".join(b"%d" % n for n in range(51))),
        ("title", b"\xff"),
        ("tags", b"\xc0\xaf"),
    ],
)
@pytest.mark.parametrize("order", ["before", "after"])
def test_bad_fields_store_nothing(user, field, value, order):
    parts = [Part(field, value), Part("file", b"content", "a.txt")]
    reply = user.send_form(parts if order == "before" else parts[::-1])
    if len(value) > 1 << 20:
        shapes.any_failure(reply, 400, 413)
    else:
        shapes.failure(reply, "validation_error", field=field)
    assert user.media() == [] and user.me()["used_bytes"] == 0


@pytest.mark.parametrize(
    "field, value", [("title", "x" * 255), ("title", "ü" * 255), ("description", "ü" * 10_000), ("tags", "ü" * 64)]
)
def test_fields_at_their_limits(user, field, value):
    thing = user.upload(**{field: value})
    assert thing[field] == ([value] if field == "tags" else value)


NO_FILE = {
    "no part": [],
    "fields only": [Part("title", b"x")],
    "file by another name": [Part("avatar", b"content", "a.txt")],
    "file as a field": [Part("file", b"content")],
}


@pytest.mark.parametrize("kind", NO_FILE)
def test_a_form_without_a_file(user, kind):
    shapes.failure(user.send_form(NO_FILE[kind]), "validation_error", field="file")
    assert user.media() == []


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/mixed; boundary=x", "image/jpeg", "multipart/form-datax; boundary=x"]
)
def test_other_content_types(user, content_type):
    _, body = forms.file_form(b"content")
    reply = user.post("/media/upload", data=body, headers={"Content-Type": content_type})
    shapes.failure(reply, "unsupported_media_type", 415)


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        "multipart/form-data; boundary=" + "x" * 71,
        "multipart/form-data; charset=utf-8",
    ],
)
def test_boundaries_that_are_none(user, content_type):
    _, body = forms.file_form(b"content")
    reply = user.post("/media/upload", data=body, headers={"Content-Type": content_type})
    shapes.any_failure(reply, 400, 415)


BOUNDARY = b"--" + forms.BOUNDARY.encode()
FILE_HEAD = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n'
BROKEN = {
    "empty": b"",
    "no boundary at all": b"content",
    "another boundary": b"--other\r\n" + FILE_HEAD + b"\r\nx\r\n--other--\r\n",
    "end in the first boundary": BOUNDARY[:10],
    "end in a head": BOUNDARY + b"\r\n" + FILE_HEAD[:20],
    "end after a head": BOUNDARY + b"\r\n" + FILE_HEAD + b"\r\n",
    "end in the content": BOUNDARY + b"\r\n" + FILE_HEAD + b"\r\nsome content",
    "end in the last boundary": BOUNDARY + b"\r\n" + FILE_HEAD + b"\r\nx\r\n" + BOUNDARY[:-3],
    "no closing dashes": BOUNDARY + b"\r\n" + FILE_HEAD + b"\r\nx\r\n" + BOUNDARY + b"\r\n",
    "one closing dash": BOUNDARY + b"\r\n" + FILE_HEAD + b"\r\nx\r\n" + BOUNDARY + b"-",
    "no disposition": BOUNDARY + b"\r\nContent-Type: text/plain\r\n\r\nx\r\n" + BOUNDARY + b"--\r\n",
    "no name": BOUNDARY + b'\r\nContent-Disposition: form-data; filename="a"\r\n\r\nx\r\n' + BOUNDARY + b"--\r\n",
    "head without a colon": BOUNDARY + b"\r\nrubbish\r\n\r\nx\r\n" + BOUNDARY + b"--\r\n",
    "head without an end": BOUNDARY + b"\r\n" + b"X-A: b\r\n" * 4000,
    "name without UTF-8": BOUNDARY + b'\r\nContent-Disposition: form-data; name="file"; filename="\xff\xfe"\r\n\r\nx\r\n' + BOUNDARY + b"--\r\n",
    "line feeds alone": (BOUNDARY + b"\r\n" + FILE_HEAD + b"\r\nx\r\n" + BOUNDARY + b"--\r\n").replace(b"\r\n", b"\n"),
    "10000 parts": (BOUNDARY + b'\r\nContent-Disposition: form-data; name="t"\r\n\r\n\r\n') * 10_000 + BOUNDARY + b"--\r\n",
    "10000 files": (BOUNDARY + b"\r\n" + FILE_HEAD + b"\r\n\r\n") * 10_000 + BOUNDARY + b"--\r\n",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_forms_store_nothing(user, kind):
    content_type, _ = forms.encode([])
    reply = user.post("/media/upload", data=BROKEN[kind], headers={"Content-Type": content_type})
    shapes.any_failure(reply, 400, 413)
    assert user.media() == [] and user.me()["used_bytes"] == 0


def test_content_that_looks_like_a_boundary(user):
    data = b"\r\n".join(
        [b"", BOUNDARY[:-1], BOUNDARY[2:], BOUNDARY[1:], b"--", b"-" * 200, b"\r", b"\n" + BOUNDARY[:-1] + b"--"]
    )
    data = data + b"\r" + BOUNDARY + b"\n" + BOUNDARY
    assert user.get(user.upload(data)["url"]).content == data


def test_text_before_and_after_the_form(user):
    content_type, body = forms.file_form(b"content")
    reply = user.post(
        "/media/upload", data=b"preamble\r\n" + body + b"epilogue", headers={"Content-Type": content_type}
    )
    assert user.get(shapes.success(reply, 201)["url"]).content == b"content"


def test_a_boundary_in_quotes(user):
    boundary = "a b'()+_,-./:=?"
    _, body = forms.encode([Part("file", b"content", "a.txt")], boundary)
    reply = user.post(
        "/media/upload", data=body, headers={"Content-Type": f'multipart/form-data; boundary="{boundary}"'}
    )
    assert shapes.success(reply, 201)["size"] == 7


@pytest.mark.parametrize("size", [1, 511, 512, 513, 16_383, 16_384, 16_385, 65_536, 262_143, 1_048_577, 5_000_000])
def test_sizes_around_buffers(user, size):
    data = samples.noise(size, size)
    thing = user.upload(data)
    assert thing["size"] == size and thing["checksum"] == samples.checksum(data)
    assert user.get(thing["url"]).content == data


def test_equal_bytes_are_two_media(user, stranger):
    data = samples.noise(100_000)
    first, second = user.upload(data, "a.bin"), user.upload(data, "a.bin")
    third = stranger.upload(data, "a.bin")
    assert len({first["id"], second["id"], third["id"]}) == 3
    assert len({first["uuid"], second["uuid"], third["uuid"]}) == 3
    assert first["checksum"] == second["checksum"] == third["checksum"]
    assert first["filename"] == second["filename"] == "a.bin"
    assert user.me()["used_bytes"] == 200_000
    user.delete(f"/media/{first['id']}")
    assert user.get(second["url"]).content == data
    assert stranger.get(third["url"]).content == data


def test_many_uploads_at_once(shared, user):
    """Of one name, of equal and of different bytes: each is there, whole."""
    results = []

    def run(number):
        caller = user.again()
        for index in range(5):
            data = samples.noise(50_000, number % 4 * 10 + index)
            results.append((caller.upload(data, "same.bin"), data))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len({thing["id"] for thing, _ in results}) == 40
    assert user.me()["used_bytes"] == 40 * 50_000
    assert {t["id"] for t in user.media()} == {t["id"] for t, _ in results}
    for thing, data in results:
        assert user.get(thing["url"]).content == data


# Real media.


def test_there_is_real_media():
    assert len(samples.media_files()) >= 5


@pytest.mark.parametrize("path", samples.media_files(), ids=lambda p: p.name)
def test_real_media_comes_back_as_it_went(user, path):
    data = path.read_bytes()
    expected = {
        ".jpg": ("image/jpeg", "image"),
        ".heic": ("image/heic", "image"),
        ".tiff": ("image/tiff", "image"),
        ".png": ("image/png", "image"),
        ".mp4": ("video/mp4", "video"),
        ".webm": ("video/webm", "video"),
        ".mp3": ("audio/mpeg", "audio"),
        ".flac": ("audio/flac", "audio"),
    }
    thing = shapes.media(user.upload(data, path.name))
    assert (thing["media_type"], thing["type"]) == expected[path.suffix]
    assert thing["size"] == len(data)
    assert thing["checksum"] == "sha256:" + hashlib.sha256(data).hexdigest()
    reply = user.get(thing["url"])
    assert reply.content == data
    assert reply.headers["Content-Type"] == expected[path.suffix][0]


@pytest.mark.parametrize(
    "filename, data, media_type, kind",
    [
        ("notes.txt", b"hello", "text/plain", "document"),
        ("paper.pdf", b"%PDF-1.4\n", "application/pdf", "document"),
        ("PHOTO.JPG", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image/jpeg", "image"),
        ("no extension", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "image/png", "image"),
        ("no extension", b"GIF89a\x01\x00\x01\x00", "image/gif", "image"),
        ("no extension", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "image/jpeg", "image"),
        ("mystery.xyzzy", b"\x00\x01\x02\x03", "application/octet-stream", "other"),
        ("", b"\x00\x01\x02\x03", "application/octet-stream", "other"),
    ],
)
def test_media_types(user, filename, data, media_type, kind):
    thing = user.upload(data, filename)
    assert thing["media_type"].split(";")[0] == media_type and thing["type"] == kind


def test_what_the_client_claims_is_not_the_type(user):
    """A page called a photo must not be served as a page because its sender says so."""
    thing = user.upload(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "a.png", content_type="text/html")
    assert thing["media_type"] == "image/png"


# Reading, changing, deleting.


def test_the_forms_of_an_id(user):
    thing = user.upload()
    number = thing["id"].removeprefix("media_")
    for identity in (thing["id"], number, thing["uuid"], thing["uuid"].upper()):
        assert shapes.success(user.get(f"/media/{identity}")) == thing
        assert user.get(f"/media/{identity}/content").content == b"content"


def test_changes_are_kept(user):
    thing = user.upload(b"content", "a.txt", title="old", tags="old")
    change = {"title": "nëw", "description": "d", "tags": ["b", "a", "b"], "filename": "b.md"}
    changed = shapes.media(shapes.success(user.patch(f"/media/{thing['id']}", json=change)))
    assert changed["title"] == "nëw" and changed["description"] == "d"
    assert changed["tags"] == ["a", "b"] and changed["filename"] == "b.md"
    for same in ("id", "uuid", "size", "checksum", "created_at", "user_id"):
        assert changed[same] == thing[same]
    assert shapes.moment(changed["updated_at"]) >= shapes.moment(thing["updated_at"])
    assert shapes.success(user.get(f"/media/{thing['id']}")) == changed
    assert user.get(changed["url"]).content == b"content"


def test_only_what_is_named_changes(user):
    thing = user.upload(b"content", "a.txt", title="t", description="d", tags="x")
    changed = shapes.success(user.patch(f"/media/{thing['id']}", json={"title": "u"}))
    assert changed == {**thing, "title": "u", "updated_at": changed["updated_at"]}


def test_null_and_empty_clear(user):
    thing = user.upload(title="t", description="d", tags="x")
    change = {"title": None, "description": None, "tags": []}
    changed = shapes.success(user.patch(f"/media/{thing['id']}", json=change))
    assert (changed["title"], changed["description"], changed["tags"]) == (None, None, [])


@pytest.mark.parametrize(
    "change, field",
    [
        ({"title": "x" * 256}, "title"),
        ({"description": "x" * 10_001}, "description"),
        ({"tags": ["x" * 65]}, "tags"),
        ({"tags": [""]}, "tags"),
        ({"tags": [str(n) for n in range(51)]}, "tags"),
        ({"filename": ""}, "filename"),
        ({"filename": "x" * 256}, "filename"),
        ({"title": "good", "tags": ["x" * 65]}, "tags"),
    ],
)
def test_bad_changes_change_nothing(user, change, field):
    thing = user.upload(b"content", "a.txt", title="t")
    shapes.failure(user.patch(f"/media/{thing['id']}", json=change), "validation_error", field=field)
    assert shapes.success(user.get(f"/media/{thing['id']}")) == thing


@pytest.mark.parametrize("change", [{"id": "media_1"}, {"size": 1}, {"user_id": "user_1"}, {"checksum": "x"}])
def test_what_cannot_change(user, change):
    thing = user.upload()
    reply = user.patch(f"/media/{thing['id']}", json=change)
    assert reply.status_code in (200, 400)
    after = shapes.success(user.get(f"/media/{thing['id']}"))
    assert {**after, "updated_at": ""} == {**thing, "updated_at": ""}


def test_a_deleted_medium_is_gone(user):
    thing = user.upload(b"content")
    reply = user.delete(f"/media/{thing['id']}?permanent=true")
    assert reply.status_code in (200, 204)
    if reply.status_code == 200:
        shapes.success(reply)
    for method, path in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/content")]:
        reply = user.call(method, f"/media/{thing['id']}{path}", json={} if method == "PATCH" else None)
        shapes.failure(reply, "not_found")
    assert user.media() == [] and user.me()["used_bytes"] == 0


def test_of_many_deletes_one_succeeds(user):
    thing, codes = user.upload(), []

    def run(caller):
        codes.append(caller.delete(f"/media/{thing['id']}?permanent=true").status_code)

    threads = [threading.Thread(target=run, args=(user.again(),)) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(codes)[1:] == [404] * 7 and codes.count(404) == 7
    assert user.me()["used_bytes"] == 0


def test_an_id_is_not_used_again(user):
    first = user.upload()
    user.delete(f"/media/{first['id']}")
    assert user.upload()["id"] != first["id"]


def test_a_download_goes_on_while_its_medium_is_deleted(shared, user):
    data = samples.noise(8_000_000)
    thing = user.upload(data)
    with shared.wire() as wire:
        head = {"Authorization": f"Bearer {user.token}"}
        wire.send(wire.head("GET", f"/api/v1/media/{thing['id']}/content", head))
        begin = wire.socket.recv(100)
        assert user.delete(f"/media/{thing['id']}").ok
        wire._buffer = begin
        reply = wire.reply()
    assert reply.status_code == 200 and reply.content == data


# Two accounts.


def test_accounts_never_see_each_others_media(user, stranger):
    thing = user.upload(b"mine", "mine.txt", tags="mine")
    for identity in (thing["id"], thing["id"].removeprefix("media_"), thing["uuid"]):
        for method, path, body in [
            ("GET", "", None),
            ("HEAD", "", None),
            ("PATCH", "", {"title": "yours"}),
            ("DELETE", "", None),
            ("GET", "/content", None),
            ("HEAD", "/content", None),
        ]:
            reply = stranger.call(method, f"/media/{identity}{path}", json=body)
            assert reply.status_code == 404, (method, path)
            if method != "HEAD":
                shapes.failure(reply, "not_found")
    reply = stranger.get(thing["url"], headers={"If-None-Match": "*", "Range": "bytes=0-1"})
    shapes.failure(reply, "not_found")
    for parameters in ({}, {"tag": "mine"}, {"q": "mine"}, {"type": "document"}):
        assert stranger.media(**parameters) == []
    assert shapes.success(user.get(f"/media/{thing['id']}")) == thing


def test_another_account_looks_like_nothing_at_all(user, stranger):
    """The reply to another's id tells no more than the reply to an id that never was."""
    theirs = stranger.get(f"/media/{user.upload()['id']}")
    nothing = stranger.get("/media/media_999999999")
    assert shapes.failure(theirs, "not_found") == shapes.failure(nothing, "not_found")
