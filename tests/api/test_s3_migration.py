"""`coffer blobs migrate`: the bytes of a vault move into a bucket, Ceph's, and back, while it serves."""

import json
import os
import random
import signal
import subprocess
import threading
import time

import pytest

from harness import program
from harness.boxes import Boxes, fetch
from harness.boxes import content as boxes_content
from harness.server import StartFailed

# The first of these starts Ceph.
pytestmark = pytest.mark.seconds(180)

QUICK = {"blobs.grace": "4s", "blobs.collect_every": "1s"}


def some_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


def wait_for(what, seconds=60):
    deadline = time.monotonic() + program.patience(seconds)
    while not what():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.2)


def settings_of(bucket, store):
    return {**bucket.settings(), **QUICK, "blobs.store": store}


def migrate(server, *arguments, timeout=120):
    return program.run("blobs", "migrate", *arguments, "--data", server.data, settings=server.settings, timeout=timeout)


def status(server):
    return json.loads(program.ok(migrate(server, "--status", "--json")))


def local_bytes(data):
    """Of all blobs in the data folder, as far as files tell."""
    return [path for path in (data / "blobs").rglob("*") if path.is_file() and len(path.name) >= 60]


def content(user, media):
    reply = user.get(f"/media/{media['id']}/content")
    assert reply.status_code == 200, (media, reply.status_code, reply.text[:200])
    return reply.content


def remove(user, media):
    assert user.delete(f"/media/{media['id']}").status_code == 200
    assert user.delete(f"/trash/{media['id']}").status_code == 200


def check(server, said=" 0 missing, 0 corrupt"):
    done = program.run("fsck", "--deep", "--data", server.data, settings=server.settings, timeout=120)
    assert said in done.stdout, (done.stdout, done.stderr)
    assert done.returncode == 0
    return done.stdout


class Traffic:
    """Clients that upload, read and delete until they are told to end; what is left is in `files`."""

    def __init__(self, user, seed):
        self.user = user
        self.random = random.Random(seed)
        self.files = {}
        self.faults = []
        self.is_ending = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            while not self.is_ending:
                self._step()
        except Exception as fault:  # pylint: disable=broad-except
            self.faults.append(repr(fault))

    def _step(self):
        choice = self.random.random()
        if choice < 0.5 or not self.files:
            # Some are equal to others, of this client and of the others.
            size = self.random.choice([0, 10, 1000, 100_000, 300_000, 2_000_000])
            data = some_bytes(size, self.random.randrange(5))
            media = self.user.upload(data)
            self.files[media["id"]] = (media, data)
        elif choice < 0.85:
            media, data = self.random.choice(list(self.files.values()))
            assert content(self.user, media) == data
        else:
            media, _ = self.files.pop(self.random.choice(list(self.files)))
            remove(self.user, media)

    def end(self):
        self.is_ending = True
        self.thread.join(60)
        assert not self.thread.is_alive()
        assert not self.faults, self.faults
        return self.files


def expect_all(user, files):
    for media, data in files:
        assert content(user, media) == data


def test_there_and_back_while_clients_work(launch, bucket):
    server = launch(settings_of(bucket, "local"))
    users = [server.user() for _ in range(3)]
    kept = [(users[0].upload(data), data) for data in (some_bytes(size, size) for size in (0, 10, 70_000, 300_000, 20_000_001))]
    for store, other in (("s3", "local"), ("local", "s3")):
        clients = [Traffic(user, seed) for seed, user in enumerate(users)]
        time.sleep(1)
        said = program.ok(migrate(server, "--to", store))
        assert "moved" in said and f"Set blobs.store to {store} before the next start" in said
        time.sleep(1)
        files = [[*client.end().values()] for client in clients]
        expect_all(users[0], kept)
        for user, own in zip(users, files):
            expect_all(user, own)
        shown = status(server)
        assert (shown["store"], shown["migration"]["state"]) == (store, "complete")
        assert shown["migration"]["left"]["blobs"] == 0
        assert "coffer_migration_left_blobs 0" in server.metrics()
        server.stop_well()
        check(server)
        with pytest.raises(StartFailed) as failure:
            server.start()
        assert f"store of the kind {store}, and blobs.store is {other}: set it to {store}" in failure.value.log
        server.settings["blobs.store"] = store
        server.start()
        for user in users:
            user.root = server.root
        expect_all(users[0], kept)
        for user, own in zip(users, files):
            expect_all(user, own)
            for media, _ in own:
                remove(user, media)
        if store == "s3":
            assert status(server) == {"store": "s3", "migration": None}
            assert local_bytes(server.data) == []
            wait_for(lambda: len(bucket.keys()) == len(kept))
        else:
            # Old objects, and the places that were reserved before.
            wait_for(lambda: bucket.keys() == [])
            wait_for(lambda: not status(server)["migration"]["objects_left"])
            assert "the next start ends the move" in program.ok(migrate(server, "--status"))
    server.restart()
    assert status(server)["migration"] is None
    server.stop_well()
    # Needs the bucket no more.
    server.settings = {**QUICK, **{name: None for name in bucket.settings()}, "blobs.store": "local"}
    server.start()
    users[0].root = server.root
    expect_all(users[0], kept)
    server.stop_well()
    check(server)
    assert bucket.unfinished() == []


def test_public_objects_go_with_the_bucket(launch, bucket):
    server = launch(settings_of(bucket, "s3"))
    boxes = Boxes.registered(server)
    box = boxes.box(name="Scene")["id"]
    data = boxes_content("jpg")
    made = boxes.upload(box, "a.jpg", data)
    assert made["file_url"].startswith(bucket.endpoint)
    program.ok(migrate(server, "--to", "local"))
    shown = boxes.show(f"/assets/{made['id']}/")["file_url"]
    assert shown.startswith(server.url)
    assert fetch(shown).content == data
    # What comes now goes into the data folder, and is served from there.
    later = boxes.upload(box, "b.jpg", data + b"2")
    assert later["file_url"].startswith(server.url)
    wait_for(lambda: bucket.keys() == [])
    assert fetch(made["file_url"]).status_code in (403, 404)
    server.stop_well()
    check(server)


@pytest.mark.parametrize("store,other", [("s3", "local"), ("local", "s3")])
def test_a_kill_in_the_middle(launch, bucket, store, other):
    server = launch(settings_of(bucket, other))
    user = server.user()
    files = [(user.upload(data), data) for data in (some_bytes(400_000, seed) for seed in range(25))]
    rate = "1MB" if program.is_sanitized() else "3MB"  # so that it takes longer than to ask how far it is
    with subprocess.Popen(
        [str(program.BINARY), "blobs", "migrate", "--to", store, "--rate", rate, "--data", str(server.data)],
        env=program.environment(server.settings),
        stdout=subprocess.PIPE,
        text=True,
    ) as command:
        wait_for(lambda: (status(server)["migration"] or {"moved": {"blobs": 0}})["moved"]["blobs"] > 3)
        command.send_signal(signal.SIGINT)
        said, _ = command.communicate(timeout=20)
        assert command.returncode == 0
        assert "The server goes on." in said
    server.kill()
    shown = status(server)["migration"]
    assert shown["state"] == "running" and shown["left"]["blobs"] > 0
    check(server)
    # With either setting.
    for setting in (store, other):
        server.settings["blobs.store"] = setting
        server.start()
        user.root = server.root
        expect_all(user, files)
        data = some_bytes(100_000, setting)
        files.append((user.upload(data), data))
        server.kill()
        check(server)
    server.start()
    user.root = server.root
    assert "moved" in program.ok(migrate(server, "--to", store))
    expect_all(user, files)
    server.settings["blobs.store"] = store
    server.stop_well()
    server.start()
    user.root = server.root
    expect_all(user, files)
    if store == "s3":
        assert local_bytes(server.data) == []
        wait_for(lambda: len(bucket.keys()) == len(files))
    else:
        wait_for(lambda: bucket.keys() == [])
    server.stop_well()
    check(server)


def test_it_is_stopped_and_turned_round(launch, bucket):
    server = launch(settings_of(bucket, "local"))
    user = server.user()
    files = [(user.upload(data), data) for data in (some_bytes(400_000, seed) for seed in range(40))]
    server.stop_well()
    assert "No server runs" in program.ok(migrate(server, "--to", "s3", "--rate", "3MB"))
    server.start()
    user.root = server.root
    wait_for(lambda: 0 < status(server)["migration"]["moved"]["blobs"])
    assert "Stopped" in program.ok(migrate(server, "--stop"))
    assert "Nothing is being moved" in program.ok(migrate(server, "--stop"))
    time.sleep(1.5)
    before = len(bucket.keys())
    assert 0 < before < 40
    data = some_bytes(1000, "new")
    files.append((user.upload(data), data))
    expect_all(user, files)
    assert len(bucket.keys()) == before, "uploads go where blobs.store says"
    assert status(server)["migration"]["state"] == "stopped"
    server.restart()
    user.root = server.root
    expect_all(user, files)
    assert "moved" in program.ok(migrate(server, "--to", "local"))
    expect_all(user, files)
    wait_for(lambda: bucket.keys() == [])


def test_damaged_bytes_are_never_moved(launch, bucket):
    server = launch(settings_of(bucket, "local"))
    user = server.user()
    data = some_bytes(400_000)
    damaged = user.upload(data)
    sound = user.upload(some_bytes(400_000, 2))
    [path] = [path for path in local_bytes(server.data) if path.read_bytes() == data]
    os.chmod(path, 0o600)
    with open(path, "r+b") as file:
        file.seek(1000)
        file.write(bytes([data[1000] ^ 1]))
    done = migrate(server, "--to", "s3")
    assert done.returncode == 1
    assert f"unmoved   {damaged['checksum'].removeprefix('sha256:')}: its bytes are not those of its digest" in done.stdout
    shown = status(server)
    assert (shown["store"], shown["migration"]["state"]) == ("local", "incomplete")
    assert shown["migration"]["unmoved"]["blobs"] == 1
    assert "coffer_migration_unmoved_blobs 1" in server.metrics()
    wait_for(lambda: len(bucket.keys()) == 1)
    assert path.exists()
    assert content(user, sound) == some_bytes(400_000, 2)
    # It starts with either setting, and goes on once the file is deleted.
    server.settings["blobs.store"] = "s3"
    server.restart()
    user.root = server.root
    remove(user, damaged)
    wait_for(lambda: not path.exists())
    assert "moved" in program.ok(migrate(server, "--to", "s3"))
    server.restart()
    assert status(server)["migration"] is None


def test_what_is_missing_is_said(launch, bucket):
    none = dict.fromkeys(bucket.settings())
    server = launch({**none, "blobs.store": "local"})
    user = server.user()
    data = some_bytes(1000)
    media = user.upload(data)
    said = program.failed(migrate(server, "--to", "s3"), code=2)
    assert "s3.bucket: expected the name of a bucket, as `coffer blobs migrate` needs it" in said
    assert "already" in program.ok(program.run("blobs", "migrate", "--to", "local", "--data", server.data, settings=settings_of(bucket, "local")))
    assert program.run("blobs", "migrate", "--data", server.data).returncode == 2
    # The command has them, the server has not.
    with subprocess.Popen(
        [str(program.BINARY), "blobs", "migrate", "--to", "s3", "--data", str(server.data)],
        env=program.environment(settings_of(bucket, "local")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        said = next(line for line in command.stderr if "s3.bucket" in line)
        assert "expected the name of a bucket" in said
        assert "expected the name of a bucket" in status(server)["migration"]["problem"]
        command.terminate()
        command.communicate(timeout=20)
    assert content(user, media) == data
    server.stop_well()
    with pytest.raises(StartFailed) as failure:
        server.start()
    assert "s3.bucket: expected the name of a bucket" in failure.value.log
    server.settings = settings_of(bucket, "local")
    server.start()
    user.root = server.root
    wait_for(lambda: status(server)["migration"]["state"] == "complete")
    assert content(user, media) == data


def test_a_service_that_is_away_holds_it_back(launch, bucket):
    server = launch({**settings_of(bucket, "local"), "s3.endpoint": "http://127.0.0.1:9", "s3.timeout": "1s"})
    user = server.user()
    data = some_bytes(1000)
    media = user.upload(data)
    with subprocess.Popen(
        [str(program.BINARY), "blobs", "migrate", "--to", "s3", "--data", str(server.data)],
        env=program.environment(server.settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as command:
        wait_for(lambda: (status(server)["migration"] or {}).get("problem"))
        assert "the bucket" in status(server)["migration"]["problem"]
        command.terminate()
        assert command.wait(20) == 0
    assert content(user, media) == data
    assert user.upload(b"more")["size"] == 4
    server.stop_well()
    server.settings = settings_of(bucket, "local")
    server.start()
    user.root = server.root
    wait_for(lambda: status(server)["migration"]["state"] == "complete")
    assert content(user, media) == data
