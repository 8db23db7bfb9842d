"""`coffer watch`."""

import json
import subprocess
import threading
import time

import pytest

from harness import program
from harness.program import failed
from test_client import client, nobody, proxy  # noqa: F401
from test_upload_progress import Slow, mediavault


@pytest.fixture
def watching():
    """`watching(client, words…)`: a run of `coffer watch`, ended after the test."""
    runs = []

    def start(client, *words):
        runs.append(Watching(client, words))
        return runs[-1]

    yield start
    for each in runs:
        each.process.kill()
        each.process.wait()


class Watching:
    def __init__(self, client, words):
        self.process = subprocess.Popen(
            [str(program.BINARY), "watch", *words],
            env={**program.environment(), **client.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def event(self):
        line = self.process.stdout.readline()
        assert line, self.process.stderr.read()
        return json.loads(line)

    def begin(self, act):
        """Does `act()` until an event of it came, because nobody is told when a run has subscribed."""
        done = threading.Event()

        def repeat():
            while not done.wait(0.2):
                act()

        thread = threading.Thread(target=repeat)
        thread.start()
        event = self.event()
        done.set()
        thread.join()
        return event

    def until(self, name):
        """The events up to the one about that file's name or id."""
        found = []
        while not found or found[-1]["resource_id"] != name:
            found.append(self.event())
        return found


def test_watch_prints_events(client, user, watching):
    watch = watching(client)
    first = watch.begin(lambda: user.upload(b"x"))
    assert (first["type"], first["channel"], first["event"]) == ("event", "media_updates", "media.uploaded")
    collection = user.post("/collections", json={"name": "all"}).json()["data"]["id"]
    assert watch.until(collection)[-1]["event"] == "collection.created"
    # Another run goes on where this one was.
    again = watching(client, "--since", first["id"], "--of", "collections")
    assert again.event()["resource_id"] == collection
    assert watching(client, "--since", "event_999999999").event()["type"] == "gap"


def test_watch_tells_how_far_uploads_are(client, user, watching, shared):
    watch = watching(client, "--of", "uploads")
    upload = Slow(shared, user, mediavault)
    event = watch.begin(lambda: upload.wire.send(b"y" * 100))
    assert (event["channel"], event["event"], event["id"]) == ("upload_updates", "upload.progress", None)
    assert 0 < event["data"]["received"] <= event["data"]["request_size"]
    upload.wire.abort()


def test_watch_misses_nothing(nobody, user, proxy, watching):
    between = proxy("/realtime", cuts=3, after=3000)
    nobody.log_in(user, between.url)
    watch = watching(nobody, "--of", "media")
    first = watch.begin(lambda: user.upload(b"x"))
    ids = [user.upload(b"x")["id"] for _ in range(60)]
    events = [first, *watch.until(ids[-1])]
    uploaded = [each["resource_id"] for each in events if each["event"] == "media.uploaded"]
    assert uploaded[-60:] == ids and len(set(uploaded)) == len(uploaded)
    assert len(between.requests) == 4


def test_watch_outlives_its_token(launch, nobody, watching):
    server = launch({"sessions.access_lifetime": "4s"})
    user = server.user()
    nobody.log_in(user, server.url)
    watch = watching(nobody)
    watch.begin(lambda: user.again().upload(b"x"))
    time.sleep(5)
    media = user.again().upload(b"y")
    assert watch.until(media["id"])
    user.again().post("/auth/logout-all")
    assert watch.process.wait(30) == 1
    assert "coffer login" in watch.process.stderr.read()


def test_watch_is_refused(nobody, user, shared):
    key = user.post("/api-keys", json={"name": "w", "scopes": ["write"]}).json()["data"]["secret"]
    nobody.file.parent.mkdir(parents=True)
    nobody.file.touch(0o600)
    nobody.file.write_text(json.dumps({"root": shared.root, "username": "a", "api_key": key}))
    assert "scope read" in failed(nobody.run("watch"))
    nobody.store(api_key="cfa_wrong")
    failed(nobody.run("watch"))
    nobody.store(root=shared.url + "/elsewhere/api/v1")
    failed(nobody.run("watch"))
    failed(nobody.run("watch", "--of", "weather"), code=2)
