"""A vault whose S3 service answers wrongly, late, or half: what is short is ridden over, what lasts is
an error, nothing is left, and the next upload works."""

import datetime
import random
import threading
import time

import pytest
import requests

from harness import forms
from harness import s3_proxy as s3
from harness.s3 import check_nothing_leaked, wait_for
from harness.s3_proxy import S3Proxy
from harness.s3_users import USERS

pytestmark = pytest.mark.seconds(120)

# A call is given up soon, and what is left is removed soon.
SETTINGS = {"s3.timeout": "4s", "blobs.grace": "4s", "blobs.collect_every": "1s"}
SMALL = random.Random(1).randbytes(50_000)
LARGE = random.Random(2).randbytes(20_000_000)  # three parts
DATA_OF = {s3.PUT: SMALL, s3.BEGIN: LARGE, s3.PART: LARGE, s3.COMPLETE: LARGE}


@pytest.fixture
def proxy(bucket):
    with S3Proxy(bucket) as proxy:
        yield proxy


@pytest.fixture
def server(launch, proxy):
    return launch({**proxy.settings(), **SETTINGS})


def content(user, media, **options):
    return user.get(f"/media/{media['id']}/content", **options)


def is_ready(server):
    return server.anyone().get(server.url + "/readyz", timeout=10)


def fails(server, bucket, proxy, user, failures):
    """Each upload is answered as `check` says while its fault lasts, and nothing of it appears or
    stays; the one after them works."""
    user.stored()
    count = user.count()
    for data, kind, fault, check in failures:
        proxy.on(kind, fault)
        check(user.upload(data))
        assert user.count() == count, "nothing appears"
        proxy.heal()
    assert user.upload(LARGE).status_code in (200, 201)
    check_nothing_leaked(server, bucket)


@pytest.mark.parametrize("kind", USERS)
def test_each_api_while_uploads_are_refused(server, bucket, proxy, kind):
    user = kind(server)
    refusal = s3.answers(403, "AccessDenied")
    fails(server, bucket, proxy, user, [(SMALL, s3.PUT, refusal, user.failed), (LARGE, s3.PART, refusal, user.failed)])


@pytest.mark.long
@pytest.mark.parametrize("kind", USERS)
def test_each_api_while_the_service_is_busy(server, bucket, proxy, kind):
    user = kind(server)
    busy = [
        (SMALL, s3.PUT, s3.answers(503, "SlowDown"), user.refused),
        (LARGE, s3.COMPLETE, s3.answers(200, "InternalError"), user.refused),
    ]
    fails(server, bucket, proxy, user, busy)


# name -> (bytes, kinds of requests, what happens to some of them, to how many)
SHORT = {
    "503 to a PUT": (SMALL, s3.PUT, s3.answers(503, "ServiceUnavailable"), 3),
    "503 SlowDown to parts": (LARGE, s3.PART, s3.answers(503, "SlowDown", [("Retry-After", "1")]), 3),
    "429 to a begin": (LARGE, s3.BEGIN, s3.answers(429, "TooManyRequests"), 2),
    "503 before the part has come": (LARGE, s3.PART, s3.answers_early(503, "SlowDown"), 2),
    "a reset in the middle of a PUT": (SMALL, s3.PUT, s3.resets_sent(0.5), 2),
    "a reset in the middle of parts": (LARGE, s3.PART, s3.resets_sent(0.5), 3),
    "a reset for the reply to a PUT": (SMALL, s3.PUT, s3.resets_reply(), 2),
    "a reset for the reply to parts": (LARGE, s3.PART, s3.resets_reply(), 3),
    "a reset for the reply to a begin": (LARGE, s3.BEGIN, s3.resets_reply(), 1),
    "a reset for the reply to the completion": (LARGE, s3.COMPLETE, s3.resets_reply(), 1),
    "a reset in the reply to the completion": (LARGE, s3.COMPLETE, s3.resets_reply(0.5), 1),
    "a completion of 200 with an error": (LARGE, s3.COMPLETE, s3.answers(200, "InternalError"), 2),
    "a part that stalls": (LARGE, s3.PART, s3.stalls(0.5), 1),
    "a PUT that stalls": (SMALL, s3.PUT, s3.stalls(), 1),
    "everything drips": (LARGE, s3.STORING, s3.drips(5, 0.1), None),
    "a time that was refused": (SMALL, s3.PUT, s3.answers(403, "RequestTimeTooSkewed"), 1),
}


# `make test` has these of them alone.
USUAL = [
    "503 SlowDown to parts",
    "a reset in the middle of parts",
    "a reset for the reply to a PUT",
    "a reset for the reply to a begin",
    "a reset for the reply to the completion",
    "a completion of 200 with an error",
]


@pytest.mark.parametrize("name", [name if name in USUAL else pytest.param(name, marks=pytest.mark.long) for name in SHORT])
def test_an_upload_rides_over_what_is_short(server, bucket, proxy, name):
    data, kind, fault, times = SHORT[name]
    user = server.user()
    proxy.on(kind, fault, times)
    media = user.upload(data)
    assert times is None or proxy.count(kind) > times, "it met the fault"
    proxy.heal()
    assert content(user, media).content == data
    check_nothing_leaked(server, bucket)


def test_an_etag_that_is_wrong(server, bucket, proxy):
    """The service does not know a part by it, and is asked for the right one. Of an object its bytes are
    signed, whatever the ETag says."""
    user = server.user()
    proxy.on(s3.PART, s3.has_etag('"0123456789abcdef0123456789abcdef"'), 1)
    large = user.upload(LARGE)
    proxy.on(s3.PUT, s3.has_etag('"0123456789abcdef0123456789abcdef"'), 1)
    small = user.upload(SMALL)
    assert content(user, small).content == SMALL
    assert content(user, large).content == LARGE
    check_nothing_leaked(server, bucket)


# What happens to the replies that a download reads from -> how often
SHORT_OF_READS = {
    "resets": (s3.resets_reply(0.4), 3),
    "resets before the head": (s3.resets_reply(), 2),
    "truncated": (s3.truncates(0.3), 3),
    "truncated and said to be whole": (s3.lies_shorter(0.5), 2),
    "stalls": (s3.stalls_reply(0.5), 1),
    "drips": (s3.drips(5, 0.1), None),
    "503": (s3.answers(503, "SlowDown"), 3),
    "time refused": (s3.answers(403, "RequestTimeTooSkewed"), 1),
}


@pytest.mark.long
def test_a_download_goes_on_at_the_byte(server, bucket, proxy):
    user = server.user()
    media = user.upload(LARGE)
    for name, (fault, times) in SHORT_OF_READS.items():
        proxy.on(s3.GET, fault, times)
        assert content(user, media).content == LARGE, name
        proxy.heal()
        proxy.on(s3.GET, fault, times)
        part = content(user, media, headers={"Range": "bytes=1000000-9999999"})
        assert part.status_code == 206 and part.content == LARGE[1_000_000:10_000_000], name
        proxy.heal()
    check_nothing_leaked(server, bucket)


# How a download breaks off, and what becomes of it then.
BROKEN = {
    "reset, then busy": (s3.resets_reply(0.5), s3.answers(503, "SlowDown")),
    "truncated, then refused": (s3.truncates(0.5), s3.answers(403, "AccessDenied")),
    "said to be whole, then gone": (s3.lies_shorter(0.5), s3.answers(404, "NoSuchKey")),
    "reset, then another object": (s3.resets_reply(0.5), s3.has_etag('"another"')),
}


def test_a_download_that_cannot_go_on_is_broken(server, proxy):
    """And never other bytes, or fewer, as if they were all."""
    user = server.user()
    media = user.upload(LARGE)
    for name, (first, then) in BROKEN.items():
        proxy.on(s3.GET, first, 1)
        proxy.on(s3.GET, then)
        came = b""
        with pytest.raises(requests.RequestException):
            with content(user, media, stream=True) as reply:
                assert reply.status_code == 200, name
                assert reply.headers["Content-Length"] == str(len(LARGE))
                # Unlike iter_content() it notices an end that comes early.
                reply.raw.enforce_content_length = True
                for block in reply.iter_content(100_000):
                    came += block
        assert LARGE[: len(LARGE) // 3] < came < LARGE and LARGE.startswith(came), name
        proxy.heal()
    assert content(user, media).content == LARGE


@pytest.mark.long
def test_a_download_that_cannot_begin_is_an_error(server, proxy):
    user = server.user()
    # More than the server keeps in memory.
    data = SMALL * 2
    media = user.upload(data)
    for fault, status in [(s3.answers(503, "SlowDown"), 503), (s3.answers(403, "AccessDenied"), 500), (s3.stalls(), 503)]:
        proxy.on(s3.GET, fault)
        began = time.monotonic()
        assert content(user, media).status_code == status
        assert time.monotonic() - began < 10
        proxy.heal()
        assert content(user, media).content == data


@pytest.mark.long
def test_a_service_that_stalls_is_given_up(server, bucket, proxy):
    user = server.user()
    for kind, data in DATA_OF.items():
        proxy.on(kind, s3.stalls())
        began = time.monotonic()
        assert user.try_upload(data).status_code == 503, kind
        assert time.monotonic() - began < 15, kind
        assert user.media() == []
        proxy.heal()
    user.upload(LARGE)
    check_nothing_leaked(server, bucket)


@pytest.mark.long
def test_a_clock_that_differs(server, bucket, proxy):
    user = server.user()
    for hours in (1, -3, 0):
        proxy.ahead = datetime.timedelta(hours=hours)
        for data in (SMALL, LARGE):
            assert content(user, user.upload(data)).content == data
        assert is_ready(server).status_code == 200
    check_nothing_leaked(server, bucket)


def test_a_date_that_is_wrong_does_no_lasting_harm(server, bucket, proxy):
    """A service, or what stands before it, that dates its replies wrongly and judges times rightly."""
    user = server.user()
    proxy.dated_ahead = datetime.timedelta(hours=2)
    user.upload(SMALL)
    # Refused for another reason: its time was right.
    proxy.on(s3.CHECK, s3.answers(403, ""), 1)
    proxy.on(s3.PUT, s3.answers(403, "RequestTimeTooSkewed"), 1)
    is_ready(server)
    user.try_upload(SMALL + b"1")
    time.sleep(1.1)
    is_ready(server)
    assert is_ready(server).status_code == 200
    media = user.upload(SMALL + b"2")
    assert content(user, media).content == SMALL + b"2"
    check_nothing_leaked(server, bucket)


# Of everything, and for good.
WHOLE = {
    "503": s3.answers(503, "SlowDown"),
    "403": s3.answers(403, "AccessDenied"),
    "resets": s3.resets_sent(0),
    "stalls": s3.stalls(),
    "time refused": s3.answers(403, "RequestTimeTooSkewed"),
}


@pytest.mark.long
def test_readiness_while_the_service_fails(server, proxy):
    user = server.user()
    for name, fault in WHOLE.items():
        proxy.on(None, fault)
        wait_for(lambda: is_ready(server).status_code == 503)
        assert "the service that keeps the files does not answer" in is_ready(server).text, name
        # What needs no file goes on.
        assert user.get("/media").status_code == 200
        proxy.heal()
        wait_for(lambda: is_ready(server).status_code == 200)
        user.upload(SMALL)


@pytest.mark.parametrize("kind", [s3.PUT, *(pytest.param(kind, marks=pytest.mark.long) for kind in (s3.BEGIN, s3.COMPLETE))])
def test_what_comes_late_of_a_client_that_has_gone(server, bucket, proxy, kind):
    """The clean-up looks several times before the service gets the request."""
    user = server.user()
    proxy.on(kind, s3.comes_late, 1)
    content_type, body = forms.file_form(DATA_OF[kind])
    head = {"Authorization": f"Bearer {user.token}", "Content-Type": content_type, "Content-Length": str(len(body))}
    wire = server.wire()
    wire.send(wire.head("POST", "/api/v1/media/upload", head))
    wire.send(body[: len(body) // 2] if kind == s3.BEGIN else body)
    proxy.wait_for(kind)
    wire.abort()
    threading.Timer(1.5, proxy.heal).start()
    time.sleep(3)
    assert len(user.media()) == (0 if kind == s3.BEGIN else 1), "one that had come whole goes on"
    check_nothing_leaked(server, bucket)


@pytest.mark.long
@pytest.mark.parametrize("kind", [s3.PUT, s3.BEGIN, s3.PART])
def test_what_comes_late_of_a_request_that_was_given_up(server, bucket, proxy, kind):
    """The service carries it out when it was long given up, and what it may have left was removed."""
    user = server.user()
    proxy.on(kind, s3.comes_late)
    assert user.try_upload(DATA_OF[kind]).status_code == 503
    removed = proxy.count(s3.REMOVE)
    wait_for(lambda: proxy.count(s3.REMOVE) > removed)
    time.sleep(1)
    proxy.heal()
    wait_for(lambda: proxy.count(s3.REMOVE) > removed + 1)
    check_nothing_leaked(server, bucket)
    server.start()
    user.root = server.root
    user.upload(DATA_OF[kind])
