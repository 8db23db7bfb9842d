"""A vault whose S3 service is not there: what each API answers, and what works again afterwards."""

import threading
from urllib.parse import urlsplit

import pytest

from harness import boxes
from harness.gate import Gate
from harness.quantum import Quantum
from harness.s3 import wait_for
from harness.s3_users import DATA, USERS, BoxesUser

pytestmark = pytest.mark.seconds(120)

# A call is given up soon, and what is left is removed soon.
SETTINGS = {"s3.timeout": "3s", "blobs.grace": "4s", "blobs.collect_every": "1s"}


@pytest.fixture
def gate(ceph):
    with Gate(urlsplit(ceph.endpoint).port) as gate:
        yield gate


@pytest.fixture
def server(launch, bucket, gate):
    return launch({**bucket.settings(), "s3.endpoint": gate.url, **SETTINGS})


@pytest.mark.parametrize("kind", USERS)
def test_each_api_while_the_service_is_away(server, bucket, gate, kind):
    user = kind(server)
    user.stored()
    count = user.count()
    gate.shut()
    for reply in (user.upload(), user.download()):
        user.refused(reply)
    assert user.count() == count, "nothing appears"
    gate.open()
    assert user.download().status_code == 200
    assert user.upload().status_code in (200, 201)
    assert user.count() in (count, count + 1)
    # Of what failed, nothing is left. The files of Boxes are public objects too.
    wait_for(lambda: len(bucket.keys()) <= (4 if kind is BoxesUser else 2))
    assert bucket.unfinished() == []


def test_readiness_and_metrics(server, gate):
    caller = server.anyone()

    def ready():
        return caller.get(server.url + "/readyz")

    def value(name):
        lines = [line for line in server.metrics().splitlines() if line.startswith(name + " ")]
        assert len(lines) == 1, name
        return float(lines[0].split()[1])

    assert ready().status_code == 200
    user = server.user()
    user.upload(DATA)
    assert value("coffer_s3_requests_total") >= 4
    assert value("coffer_s3_sent_bytes_total") >= len(DATA)
    assert value("coffer_s3_unanswered_total") == 0
    gate.shut()
    wait_for(lambda: ready().status_code == 503)
    assert "the service that keeps the files does not answer" in ready().text
    said = server.wait_for_log(lambda line: line["event"] == "not ready")
    assert "HEAD" in said["error"]
    assert user.try_upload(DATA + b"!").status_code == 503
    assert value("coffer_s3_retries_total") > 0
    assert value("coffer_s3_unanswered_total") > 0
    assert value("coffer_s3_failures_total") > 0
    assert value("coffer_s3_requests") == 0
    gate.open()
    wait_for(lambda: ready().status_code == 200)


def test_an_upload_goes_on_after_a_short_absence(launch, bucket, gate):
    server = launch({**bucket.settings(), "s3.endpoint": gate.url})
    user = server.user()
    gate.shut()
    opener = threading.Timer(2, gate.open)
    opener.start()
    media = user.upload(DATA)
    opener.join()
    assert user.get(f"/media/{media['id']}/content").content == DATA


def test_space_without_a_quota(server):
    user = Quantum.registered(server)
    assert user.space_left() == 2**53 - 1
    user.set_quota("1MiB")
    assert user.space_left() < 1 << 20


def test_forms_of_several_files_are_all_or_none(server, bucket, gate):
    user = BoxesUser(server)
    gate.shut()
    reply = user.user.send(f"/boxes/{user.box}/upload/", [(name, boxes.content("jpg")) for name in ("a.jpg", "b.jpg")])
    user.refused(reply)
    gate.open()
    assert user.count() == 0
    wait_for(lambda: bucket.keys() == [])
