"""A vault whose S3 service is not there: what each API answers, and what works again afterwards."""

import threading
import time
from urllib.parse import urlsplit

import pytest

from harness import boxes
from harness.boxes import Boxes
from harness.fileuploader import FileUploader
from harness.gate import Gate
from harness.quantum import Quantum
from harness.streamvault import StreamVault

pytestmark = pytest.mark.seconds(120)

# A call is given up soon, and what is left is removed soon.
SETTINGS = {"s3.timeout": "1s", "blobs.grace": "4s", "blobs.collect_every": "1s"}
DATA = bytes(range(256)) * 2_000
EXPECTED_RETRY = 10


@pytest.fixture
def gate(ceph):
    with Gate(urlsplit(ceph.endpoint).port) as gate:
        yield gate


@pytest.fixture
def server(launch, bucket, gate):
    return launch({**bucket.settings(), "s3.endpoint": gate.url, **SETTINGS})


def wait_for(what, seconds=30):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.2)


class MediaVaultUser:
    def __init__(self, server):
        self.user = server.user()

    def upload(self):
        return self.user.try_upload(DATA, "film.mp4")

    def stored(self):
        self.file = self.user.upload(DATA)

    def download(self):
        return self.user.get(f"/media/{self.file['id']}/content")

    def count(self):
        return len(self.user.media())

    def refused(self, reply):
        assert reply.status_code == 503
        assert reply.json()["error"]["code"] == "busy"


class StreamVaultUser:
    def __init__(self, server):
        self.user = StreamVault.registered(server)
        self.under_way = self.user.begin(1)

    def upload(self):
        return self.user.chunk(self.under_way, 1, DATA)

    def stored(self):
        self.file = self.user.upload(DATA)

    def download(self):
        return self.user.native().get(f"/media/{self.user.native().media()[0]['id']}/content")

    def count(self):
        return len(self.user.native().media())

    def refused(self, reply):
        assert reply.status_code == 503
        assert "error" in reply.json() or "detail" in reply.json()


class FileUploaderUser:
    def __init__(self, server):
        self.user = FileUploader.registered(server)

    def upload(self):
        return self.user.try_upload(DATA)

    def stored(self):
        self.file = self.user.upload(DATA)

    def download(self):
        return self.user.fetch(self.file)

    def count(self):
        return len(self.user.files())

    def refused(self, reply):
        assert reply.status_code == 503
        assert reply.json()["status"] == "error"


class QuantumUser:
    def __init__(self, server):
        self.user = Quantum.registered(server)
        self.bucket = self.user.bucket()

    def upload(self):
        return self.user.try_add(self.bucket, "", ("new.bin", DATA))

    def stored(self):
        self.user.add(self.bucket, "", ("old.bin", DATA))
        self.token = self.user.token(self.bucket, "old.bin")

    def download(self):
        return self.user.fetch(self.token)

    def count(self):
        return len(self.user.native.media())

    def refused(self, reply):
        assert reply.status_code == 503
        assert reply.json() == {"status": "error", "message": "BUSY"}


class BoxesUser:
    def __init__(self, server):
        self.user = Boxes.registered(server)
        self.box = self.user.box()["id"]

    def upload(self):
        return self.user.try_upload(self.box)

    def stored(self):
        self.file = self.user.upload(self.box)

    def download(self):
        return boxes.fetch(self.file["file_url"])

    def count(self):
        return len(self.user.assets(self.box))

    def refused(self, reply):
        if reply.request.method == "POST":  # as it is documented
            assert reply.status_code == 500
            assert reply.json()["error"].startswith("Failed to upload file: ")
        else:
            assert reply.status_code == 503


USERS = [MediaVaultUser, StreamVaultUser, FileUploaderUser, QuantumUser, BoxesUser]


@pytest.mark.parametrize("kind", USERS)
def test_each_api_while_the_service_is_away(server, bucket, gate, kind):
    user = kind(server)
    user.stored()
    count = user.count()
    gate.shut()
    for reply in (user.upload(), user.download()):
        user.refused(reply)
        if reply.status_code == 503:
            assert reply.headers["Retry-After"] == str(EXPECTED_RETRY)
    assert user.count() == count, "nothing appears"
    gate.open()
    assert user.download().status_code == 200
    assert user.upload().status_code in (200, 201)
    assert user.count() in (count, count + 1)
    # Of what failed, nothing is left.
    wait_for(lambda: len(bucket.keys()) <= 2)
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
