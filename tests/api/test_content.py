"""Replies that carry a file's bytes: ranges, validators, HEAD. RFC 9110."""

import datetime
import email.utils

import pytest

from harness import samples, shapes
from harness.forms import parse_byteranges

DATA = samples.noise(100_000, 7)
SIZE = len(DATA)


@pytest.fixture(scope="module")
def file(shared):
    """A file; `get(headers)` reads its bytes."""
    user = shared.user()
    thing = user.upload(DATA, "range.bin")

    class File:
        owner = user
        url = thing["url"]
        path = f"/api/v1/media/{thing['id']}/content"

        @staticmethod
        def get(method="GET", **headers):
            headers = {name.replace("_", "-"): value for name, value in headers.items()}
            return user.call(method, thing["url"], headers={"Accept-Encoding": "identity", **headers})

    return File


def test_the_whole(file):
    reply = file.get()
    assert reply.status_code == 200 and reply.content == DATA
    assert reply.headers["Content-Length"] == str(SIZE)
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["ETag"].startswith('"') and reply.headers["ETag"].endswith('"')
    assert email.utils.parsedate_to_datetime(reply.headers["Last-Modified"])
    assert 'filename="range.bin"' in reply.headers["Content-Disposition"]
    assert "private" in reply.headers.get("Cache-Control", "private")
    shapes.request_id(reply)


def test_head_is_get_without_its_body(file, shared):
    with shared.wire() as wire:
        credentials = {"Authorization": f"Bearer {file.owner.token}"}
        head = wire.request("HEAD", file.path, credentials)
        get = wire.request("GET", file.path, credentials)
    assert head.status_code == 200 and head.content == b"" and get.content == DATA
    differ = {"date", "x-request-id"}
    same = [{k.lower(): v for k, v in r.fields if k.lower() not in differ} for r in (head, get)]
    assert same[0] == same[1]


SINGLE = {
    "bytes=0-0": (0, 1),
    "bytes=0-": (0, SIZE),
    "bytes=1-": (1, SIZE),
    "bytes=10-19": (10, 20),
    "bytes=-1": (SIZE - 1, SIZE),
    "bytes=-500": (SIZE - 500, SIZE),
    f"bytes=-{SIZE}": (0, SIZE),
    f"bytes=-{SIZE + 1}": (0, SIZE),
    "bytes=-99999999999999999999": (0, SIZE),
    f"bytes={SIZE - 1}-": (SIZE - 1, SIZE),
    f"bytes=5-{SIZE}": (5, SIZE),
    "bytes=5-99999999999999999999": (5, SIZE),
    "BYTES=1-2": (1, 3),
    "bytes= 1-2": (1, 3),
    "bytes=1-2 ": (1, 3),
    f"bytes=1-2,{SIZE}-": (1, 3),
}


@pytest.mark.parametrize("field", SINGLE)
def test_one_range(file, field):
    first, end = SINGLE[field]
    reply = file.get(Range=field)
    assert reply.status_code == 206 and reply.content == DATA[first:end]
    if not reply.headers["Content-Type"].startswith("multipart/"):
        assert reply.headers["Content-Range"] == f"bytes {first}-{end - 1}/{SIZE}"
        assert reply.headers["Content-Length"] == str(end - first)
    assert reply.headers["ETag"] == file.get().headers["ETag"]


@pytest.mark.parametrize(
    "field", ["bytes=5-2", "bytes=a-b", "bytes=", "bytes=-", "bytes", "items=0-1", "bytes=0-1;2-3", "bytes=--1",
              "bytes=0x1-2", "bytes=1-2-3", "=0-1", "bytes=+1-2", "bytes=0-1,x"]
)
def test_what_is_no_range_gives_the_whole(file, field):
    reply = file.get(Range=field)
    assert reply.status_code == 200 and reply.content == DATA


@pytest.mark.parametrize("field", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 9}", "bytes=99999999999999999999-", "bytes=-0",
                                   f"bytes={SIZE}-,{SIZE + 5}-{SIZE + 9}"])
def test_what_cannot_be_satisfied(file, field):
    reply = file.get(Range=field)
    assert reply.status_code == 416
    assert reply.headers["Content-Range"] == f"bytes */{SIZE}"
    shapes.failure(reply, "range_not_satisfiable", 416)
    etag, date = validators(file)
    told = {name: reply.headers.get(name) for name in ("ETag", "Last-Modified", "Accept-Ranges", "Cache-Control")}
    assert told == {"ETag": etag, "Last-Modified": date, "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}


def test_ranges_of_nothing(file):
    thing = file.owner.upload(b"", "empty.bin")
    assert file.owner.get(thing["url"], headers={"Range": "bytes=0-"}).status_code == 416
    assert file.owner.get(thing["url"], headers={"Range": "bytes=-1"}).status_code in (200, 416)


@pytest.mark.parametrize(
    "field, expected",
    [
        ("bytes=0-1,4-5", [(0, 2), (4, 6)]),
        ("bytes=0-1, 4-5 ,-2", [(0, 2), (4, 6), (SIZE - 2, SIZE)]),
        ("bytes=50000-50009,10-19", [(50_000, 50_010), (10, 20)]),
        (f"bytes=0-1,{SIZE}-,4-5", [(0, 2), (4, 6)]),
        ("bytes=0-39999,60000-99999", [(0, 40_000), (60_000, 100_000)]),
    ],
)
def test_many_ranges(file, field, expected):
    reply = file.get(Range=field)
    assert reply.status_code == 206
    assert reply.headers["Content-Length"] == str(len(reply.content))
    assert "Content-Range" not in reply.headers
    parts = parse_byteranges(reply.headers["Content-Type"], reply.content)
    assert [part[0] for part in parts] == [f"bytes {a}-{b - 1}/{SIZE}" for a, b in expected]
    assert all(part[1] == "application/octet-stream" for part in parts)
    assert [part[2] for part in parts] == [DATA[a:b] for a, b in expected]


@pytest.mark.parametrize("field", ["bytes=" + ",".join(["0-"] * 1000), "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 4000, 2))])
def test_a_swarm_of_ranges_does_not_multiply_the_reply(file, field):
    reply = file.get(Range=field)
    assert reply.status_code in (200, 206, 416, 431)
    assert len(reply.content) <= 3 * SIZE


def test_a_range_only_counts_for_get(file):
    reply = file.get("HEAD", Range="bytes=0-1")
    assert (reply.status_code, reply.headers["Content-Length"]) in ((200, str(SIZE)), (206, "2"))
    assert file.owner.get("/users/me", headers={"Range": "bytes=0-1"}).status_code == 200


def validators(file):
    reply = file.get()
    return reply.headers["ETag"], reply.headers["Last-Modified"]


def shifted(date, seconds):
    moment = email.utils.parsedate_to_datetime(date) + datetime.timedelta(seconds=seconds)
    return email.utils.format_datetime(moment, usegmt=True)


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '{}, "other"', "*", '"a,b" ,{}'])
def test_none_match_finds_it_unchanged(file, form):
    etag, _ = validators(file)
    for method in ("GET", "HEAD"):
        reply = file.get(method, If_None_Match=form.format(etag))
        assert reply.status_code == 304 and reply.content == b""
        assert reply.headers["ETag"] == etag
        assert reply.headers.get("Content-Length", "0") in ("0", str(SIZE))


@pytest.mark.parametrize("field", ['"other"', 'W/"other"', "rubbish", '""'])
def test_none_match_finds_it_changed(file, field):
    assert file.get(If_None_Match=field).content == DATA


def test_modified_since(file):
    _, date = validators(file)
    assert file.get(If_Modified_Since=date).status_code == 304
    assert file.get(If_Modified_Since=shifted(date, 3600)).status_code == 304
    assert file.get(If_Modified_Since=shifted(date, -1)).status_code == 200
    assert file.get(If_Modified_Since="yesterday").status_code == 200


def test_none_match_goes_before_modified_since(file):
    etag, date = validators(file)
    assert file.get(If_None_Match='"other"', If_Modified_Since=date).status_code == 200
    assert file.get(If_None_Match=etag, If_Modified_Since=shifted(date, -9)).status_code == 304


def test_match_and_unmodified_since(file):
    etag, date = validators(file)
    assert file.get(If_Match=etag).status_code == 200
    assert file.get(If_Match="*").status_code == 200
    assert file.get(If_Match='"other"').status_code == 412
    assert file.get(If_Match="W/" + etag).status_code == 412
    assert file.get(If_Unmodified_Since=date).status_code == 200
    assert file.get(If_Unmodified_Since=shifted(date, -1)).status_code == 412
    assert file.get(If_Match=etag, If_Unmodified_Since=shifted(date, -1)).status_code == 200


def test_a_failed_precondition_carries_none_of_the_bytes(file):
    reply = file.get(If_Match='"other"', Range="bytes=0-9")
    shapes.failure(reply, "precondition_failed", 412)
    etag, date = validators(file)
    assert (reply.headers["ETag"], reply.headers["Last-Modified"]) == (etag, date)
    head = file.get("HEAD", If_Match='"other"')
    assert head.status_code == 412 and head.content == b"" and head.headers["ETag"] == etag



@pytest.mark.parametrize("condition, partial", [("etag", True), ("date", True), ("weak", False), ("other", False),
                                                ("older", False), ("newer", False), ("rubbish", False)])
def test_if_range(file, condition, partial):
    etag, date = validators(file)
    value = {
        "etag": etag,
        "date": date,
        "weak": "W/" + etag,
        "other": '"other"',
        "older": shifted(date, -60),
        "newer": shifted(date, 60),
        "rubbish": "rubbish",
    }[condition]
    reply = file.get(Range="bytes=0-9", If_Range=value)
    if condition == "date" and reply.status_code == 200:
        # Within a minute of its making the date is no strong validator (RFC 9110, 8.8.2.2).
        assert reply.content == DATA
        return
    assert reply.status_code == (206 if partial else 200)
    assert reply.content == (DATA[:10] if partial else DATA)


def test_unchanged_goes_before_a_range(file):
    etag, _ = validators(file)
    assert file.get(Range="bytes=0-9", If_None_Match=etag).status_code == 304


def test_other_bytes_have_another_etag(file):
    other = file.owner.upload(DATA[:-1] + b"x", "range.bin")
    assert file.owner.get(other["url"]).headers["ETag"] != validators(file)[0]


def test_a_player_seeks_through_a_real_video(user):
    path = next(p for p in samples.media_files() if p.suffix in (".mp4", ".webm") and p.parent.name != "broken")
    data = path.read_bytes()
    thing = user.upload(data, path.name)
    for first in [0, len(data) - 65_536, len(data) // 2, 1]:
        reply = user.get(thing["url"], headers={"Range": f"bytes={first}-"}, stream=True)
        assert reply.status_code == 206
        assert reply.raw.read(65_536) == data[first : first + 65_536]
        reply.close()
    pieces = [
        user.get(thing["url"], headers={"Range": f"bytes={a}-{a + 499_999}"}).content
        for a in range(0, len(data), 500_000)
    ]
    assert b"".join(pieces) == data


def test_content_of_a_medium_that_nobody_has(file):
    shapes.failure(file.owner.get("/media/media_999999999/content"), "not_found")
