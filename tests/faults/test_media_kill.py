"""Workers that are killed at random: every file is found to be what it is, sooner or later."""

import dataclasses
import json
import os
import pathlib
import random
import signal
import threading
import time

import pytest

from harness import program, promises
from harness.media import MEDIA, WORKER, ffmpeg, quarters, run

SIZES = [
    pytest.param(200, id="200", marks=pytest.mark.seconds(600)),
    pytest.param(1000, id="1000", marks=[pytest.mark.long, pytest.mark.seconds(3600)]),
]
SETTINGS = {"media.enabled": "true", "media.workers": "2"}
# Of a media object: what belongs to one upload.
OWN = {"id", "uuid", "url", "thumbnail_url", "filename", "created_at", "updated_at", "etag", "checksum", "size"}

pytestmark = pytest.mark.skipif(not WORKER.exists(), reason="the media worker was not built")


# Processes, as /proc shows them.


@dataclasses.dataclass(frozen=True)
class Process:
    pid: int
    began: str  # with the number, no other process has it
    parent: int = dataclasses.field(compare=False)
    state: str = dataclasses.field(compare=False)


def processes():
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(path.parent.name)
        found[pid] = Process(pid=pid, began=fields[19], parent=int(fields[1]), state=fields[0])
    return found


def workers_of(server):
    """The processes below the server: workers, those that wait for them, jobs."""
    every = processes()
    below, last = set(), {server.pid}
    while last:
        last = {process.pid for process in every.values() if process.parent in last}
        below |= last
    return {every[pid] for pid in below}


def descriptors(server):
    """Those that jobs need and that do not grow with what is stored."""
    names = []
    for path in pathlib.Path(f"/proc/{server.pid}/fd").iterdir():
        try:
            names.append(os.readlink(path))
        except FileNotFoundError:
            continue
    return sum(name.startswith(("socket:", "pipe:", "/memfd:")) or name.endswith("(deleted)") for name in names)


class Killer:
    """Kills one process of the workers after another until it is told to stop. `job_time`, in seconds, is
    what a file takes on this machine now: killed too often, no worker would ever come to one."""

    def __init__(self, server, seed, job_time):
        self.server = server
        pace = min(job_time, 0.25)  # more is a machine that was busy with other things meanwhile
        # So long workers may need to start: most are left in peace then, or none would come up.
        self.young = max(0.15, 3 * pace)
        self.first_seen = {}
        self.pauses = (0.2 * pace, 6 * pace)
        self.random = random.Random(seed)
        self.kills = 0
        self.seen = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(30)

    def _age(self, worker, now):
        return now - self.first_seen.setdefault(worker.pid, now)

    def _work(self):
        while not self._stop.wait(self.random.uniform(*self.pauses)):
            workers = workers_of(self.server)
            self.seen |= workers
            now = time.monotonic()
            spare = self.random.random() < 0.75
            alive = sorted((w for w in workers if w.state != "Z" and not (spare and self._age(w, now) < self.young)),
                           key=lambda worker: worker.pid)
            if alive:
                try:
                    os.kill(self.random.choice(alive).pid, signal.SIGKILL)
                    self.kills += 1
                except ProcessLookupError:
                    pass


# Files.


def originals(folder):
    """(ending, bytes, whether they are good): small pictures, films, sound, and what is none of these."""
    turned = quarters(folder / "turned.ppm", 6)
    upright = quarters(folder / "upright.ppm")
    run("vips", "copy", upright, folder / "picture.png")
    for name in ("picture.jpg[Q=90]", "picture.webp", "picture.gif", "picture.tif"):
        run("vips", "copy", upright, f"{folder}/{name}")
    run("vips", "copy", turned, folder / "turned.jpg")
    run("exiftool", "-n", "-overwrite_original", "-Orientation=6", "-DateTimeOriginal=2020:02:29 12:30:00", folder / "turned.jpg")
    run("heif-enc", folder / "picture.png", "-o", folder / "picture.heic")
    run("avifenc", "-s", "10", folder / "picture.png", folder / "picture.avif")
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=1"]
    for name in ("sound.mp3", "sound.flac", "sound.wav", "sound.ogg"):
        ffmpeg(*sound, folder / name)
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", "-pix_fmt", "yuv420p", folder / "film.mp4")
    good = ["picture.jpg", "turned.jpg", "picture.png", "picture.webp", "picture.gif", "picture.tif", "picture.heic",
            "picture.avif", "sound.mp3", "sound.flac", "sound.wav", "sound.ogg", "film.mp4"]
    files = [(pathlib.Path(name).suffix, (folder / name).read_bytes(), True) for name in good]
    files.append((".jpg", (MEDIA / "photos" / "landscape_orientation_6.jpg").read_bytes(), True))
    jpeg = files[0][1]
    return files + [
        (".jpg", b"this is no picture\n", False), (".jpg", jpeg[:100], False), (".png", b"\x89PNG\r\n\x1a\n", False),
        (".mp4", b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", False), (".heic", b"\0\0\0\x18ftypheic", False),
        (".mp3", bytes(2000), False),
    ]


def uploads(folder, count):
    """[(name, bytes, whether they are good)]; no two have the same bytes."""
    made = originals(folder)
    files = []
    for number in range(count):
        ending, data, good = made[number % len(made)]
        # Behind the end, where decoders do not look.
        files.append((f"{number}{ending}", data + b"\0" * 16 + b"%06d" % number, good))
    return files


# A run.


def status(server):
    return json.loads(program.ok(program.run("media", "status", "--json", "--data", server.data)))


def wait_until_done(server, within, left=0):
    """Until no more than `left` files wait."""
    deadline = time.monotonic() + program.patience(within)
    while (now := status(server))["processing"] + now["not_queued"] > left:
        assert time.monotonic() < deadline, (now["processing"], now["ready"], now["failures"])
        time.sleep(0.2)
    return now


def what_was_found(user):
    """{name: (what is told of it, its thumbnail)}."""
    found = {}
    for media in user.media():
        thumbnail = user.get(f"/media/{media['id']}/thumbnail") if media["thumbnail_url"] else None
        assert thumbnail is None or thumbnail.status_code == 200, media
        told = {field: value for field, value in media.items() if field not in OWN}
        found[media["filename"]] = (told, thumbnail and thumbnail.content)
    return found


def told_without_kills(launch, files, within):
    """That, and how long a file took one worker."""
    server = launch(SETTINGS, name="quiet")
    user = server.user()
    began = time.monotonic()
    for name, data, _ in files:
        user.upload(data, name)
    wait_until_done(server, within)
    took = time.monotonic() - began
    found = what_was_found(user)
    server.stop_well()
    return found, took / len(files) * int(SETTINGS["media.workers"])


@pytest.mark.parametrize("count", SIZES)
def test_workers_that_are_killed_at_random(launch, folder, capsys, count):
    (folder / "made").mkdir()
    files = uploads(folder / "made", count)
    within = 60 + 2 * count
    expected, job_time = told_without_kills(launch, files, within)
    for name, _, good in files:
        told, thumbnail = expected[name]
        assert told["status"] == ("ready" if good else "failed"), (name, told)
        assert bool(thumbnail) == good, (name, told)

    server = launch(SETTINGS, name="killed")
    user = server.user()
    user.upload((MEDIA / "photos" / "landscape_orientation_1.jpg").read_bytes(), "first.jpg")
    wait_until_done(server, within)
    before = descriptors(server)
    began = time.monotonic()
    with Killer(server, count, job_time) as killer:
        for name, data, _ in files:
            user.upload(data, name)
        # The last ones alone would be hit each time.
        wait_until_done(server, within, left=10)
    wait_until_done(server, within)
    took = time.monotonic() - began
    found = what_was_found(user)
    for name, _, _ in files:
        assert found[name] == expected[name], (name, found[name][0], expected[name][0])
    assert len(found) == count + 1
    assert killer.kills >= count / 40, "too few to tell anything"
    # It never gave up looking into files, and says nothing that it should not.
    assert "files are not looked into" not in server.log_text()
    assert not promises.log_faults(server)
    metrics = server.metrics()
    assert "coffer_media_usable 1" in metrics

    # What a last job needs is all that is left: a worker each, and the one that waits for it.
    user.upload(files[0][1] + b"last", "last.jpg")
    wait_until_done(server, within)
    left = workers_of(server)
    assert len(left) <= 4 and sum(worker.state == "Z" for worker in left) <= 1, left
    assert descriptors(server) <= before + 2, "a socket a worker"
    server.stop_well()
    deadline = time.monotonic() + program.patience(10)
    while rest := {w for w in processes().values() if w in killer.seen | left and w.state != "Z"}:
        assert time.monotonic() < deadline, rest
        time.sleep(0.1)
    done = program.run("fsck", "--data", server.data)
    assert done.returncode == 0, done.stdout + done.stderr
    with capsys.disabled():
        print(f"\n    {count} files, {killer.kills} kills in {took:.0f} s ({job_time * 1000:.0f} ms a file without), every file as without them")
