"""A disk that is full: uploads are refused as that, everything else goes on, and room that comes back is used."""

import json
import os
import subprocess
import time

import pytest

from harness import forms, program
from harness.client import User
from harness.s3 import wait_for
from harness.server import Server

SIZE = 40 << 20
RESERVE = SIZE // 8


@pytest.fixture
def small_disk(folder):
    """A file system of 40 MiB, made of memory."""
    place = folder / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("mounting a small disk takes root")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.fixture
def server(small_disk):
    server = Server(small_disk / "data", {"guests": "on"})
    server.log_path = small_disk.parent / "server.log"
    yield server.start()
    server.close()


def free(place):
    status = os.statvfs(place)
    return status.f_bavail * status.f_frsize


def fill(place, leave=0):
    """Takes what the disk has, as another program would; the file that does."""
    hog = place / "hog"
    with open(hog, "ab") as file:
        try:
            while (room := free(place) - leave) > 0:
                file.write(bytes(min(room, 1 << 20)))
                file.flush()
        except OSError:
            pass
    return hog


def ready(server):
    reply = server.anyone().get(server.url + "/readyz")
    return reply.status_code, reply.text


def refusals(server, user, chunk_upload, size):
    """The status of an upload of that size through each dialect."""
    content = os.urandom(size)
    content_type, body = forms.encode([forms.Part("file", content, "a.bin", None)])
    headers = {"Content-Type": content_type}
    yield "Media Vault", user.call("POST", "/media/upload", data=body, headers=headers)
    yield "File Uploader", user.call("POST", server.url + "/api/upload/private", data=body, headers=headers)
    parts = [
        forms.Part("upload_id", chunk_upload.encode()),
        forms.Part("chunk_number", b"1"),
        forms.Part("file", content, "c", None),
    ]
    content_type, body = forms.encode(parts)
    yield "StreamVault", user.call(
        "POST", server.url + "/storage/api/v3/chunk_upload/", data=body, headers={"Content-Type": content_type}
    )


@pytest.mark.seconds(120)
@pytest.mark.parametrize("leave", [0, RESERVE])
def test_uploads_are_refused_and_all_else_goes_on(server, small_disk, leave):
    user = server.user()
    kept = [user.upload(os.urandom(size)) for size in (1_000, 100_000)]
    started = user.post(
        server.url + "/storage/api/v3/chunk_init/", json={"file_name": "film.mp4", "total_chunks": 2}
    ).json()["upload_id"]
    assert ready(server)[0] == 200

    hog = fill(small_disk, leave)
    for size in (2_000, 200_000):
        for dialect, reply in refusals(server, user, started, size):
            assert reply.status_code == 507, (dialect, size, reply.text)
            assert reply.headers["Content-Type"].startswith("application/json"), dialect
            assert int(reply.headers["Retry-After"]) > 0
    status, text = ready(server)
    assert status == 503 and "full" in text

    again = User(server.root, user.username, user.password)
    assert {one["id"] for one in again.media()} == {one["id"] for one in kept}
    for one in kept:
        assert again.get(f"/media/{one['id']}/content").status_code == 200
    assert again.delete(f"/media/{kept[0]['id']}?permanent=true").status_code == 200
    assert [one["id"] for one in again.media()] == [kept[1]["id"]]

    hog.unlink()
    assert ready(server)[0] == 200, "room is used without a restart"
    assert user.upload(os.urandom(200_000))["size"] == 200_000


@pytest.mark.seconds(120)
@pytest.mark.parametrize(
    "leave, size", [(0, 1 << 20), (RESERVE + (3 << 20), 6 << 20)], ids=["full", "too full for the upload"]
)
def test_a_delete_makes_room_though_the_grace_time_is_a_day(server, small_disk, leave, size):
    user = server.user()
    large = user.upload(os.urandom(8 << 20))
    fill(small_disk, leave)
    again = os.urandom(size)
    assert user.try_upload(again).status_code == 507
    assert user.delete(f"/media/{large['id']}?permanent=true").status_code == 200
    deadline = time.monotonic() + program.patience(60)
    while (reply := user.try_upload(again)).status_code == 507 and time.monotonic() < deadline:
        time.sleep(1)
    assert reply.status_code == 201, reply.text


@pytest.mark.seconds(120)
def test_a_disk_that_is_full_at_the_start_serves(server, small_disk):
    user = server.user()
    kept = user.upload(os.urandom(100_000))
    server.stop_well()
    hog = fill(small_disk)
    server.start()
    again = User(server.root, user.username, user.password)
    assert again.get(f"/media/{kept['id']}/content").status_code == 200
    assert again.try_upload(os.urandom(100_000)).status_code == 507
    hog.unlink()
    assert again.upload(os.urandom(100_000))["size"] == 100_000


@pytest.mark.seconds(120)
def test_many_log_ins_on_a_full_disk(server, small_disk):
    """The database's reserve is used, and the log starts over in it."""
    user = server.user()
    kept = user.upload(os.urandom(1_000), title=os.urandom(8).hex())
    # The log begins anew, and has no room of its own.
    server.restart()
    whole = (server.data / "coffer.db-reserve").stat().st_size
    fill(small_disk)
    began = time.monotonic()
    for _ in range(40):
        again = User(server.root, user.username, user.password)
        assert again.patch(f"/media/{kept['id']}", json={"title": os.urandom(8).hex()}).status_code == 200
        if time.monotonic() - began > 60:
            break
    assert (server.data / "coffer.db-reserve").stat().st_size < whole


@pytest.mark.seconds(180)
@pytest.mark.parametrize("kind", ["log-ins", "folders", "folders of guests", "deletes"])
def test_small_changes_do_not_lock_everybody_out_of_a_full_disk(server, small_disk, kind):
    """However many come: others log in and delete, and do so after a restart."""
    user, other = server.user(), server.user()
    files = [user.upload(os.urandom(100), f"{n}.bin")["id"] for n in range(400)]
    kept = [other.upload(os.urandom(40_000))["id"] for _ in range(12)]
    guest = server.anyone()
    fill(small_disk)

    def folder(caller):
        body = {"name": os.urandom(60).hex(), "description": "d" * 5000}
        return caller.post(server.url + "/storage/api/v3/folders/", json=body)

    change = {
        "log-ins": lambda: User(server.root, user.username, user.password) and 200,
        "folders": lambda: folder(user).status_code,
        "folders of guests": lambda: folder(guest).status_code,
        "deletes": lambda: user.delete(f"/media/{files.pop()}?permanent=true").status_code,
    }[kind]
    statuses = []
    began = time.monotonic()
    while len(statuses) < 390 and time.monotonic() - began < 40:
        statuses.append(change())
    allowed = {200} if kind in ("log-ins", "deletes") else {201, 507}
    assert set(statuses) <= allowed, (kind, statuses.index(next(s for s in statuses if s not in allowed)))
    for _ in range(2):
        again = User(server.root, other.username, other.password)
        for _ in range(4):
            assert again.delete(f"/media/{kept.pop()}?permanent=true").status_code == 200
        assert again.get(f"/media/{kept[0]}/content").status_code == 200
        server.stop_well()
        server.start()


def moving(server):
    """How a migration stands."""
    done = program.run("blobs", "migrate", "--status", "--json", "--data", server.data, settings=server.settings)
    return json.loads(program.ok(done))["migration"] or {}


@pytest.mark.seconds(240)
def test_a_vault_that_moves_there_waits_for_space(small_disk, bucket):
    """Nothing is lost or passed over: the rest stays in the bucket, readable, and follows once there is room."""
    server = Server(small_disk / "data", {**bucket.settings(), "blobs.grace": "4s", "blobs.collect_every": "1s"})
    server.log_path = small_disk.parent / "server.log"
    server.start()
    try:
        user = server.user()
        contents = [os.urandom(3_000_000) for _ in range(6)]
        files = [user.upload(content) for content in contents]
        hog = fill(small_disk, leave=8 << 20)
        with subprocess.Popen(
            [str(program.BINARY), "blobs", "migrate", "--to", "local", "--data", str(server.data)],
            env=program.environment(server.settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as command:
            try:
                wait_for(lambda: moving(server).get("problem"))
                shown = moving(server)
                assert shown["problem"].startswith("the disk has room for "), shown
                assert (shown["state"], shown["left"]["blobs"] > 0) == ("running", True), shown
                for media, content in zip(files, contents):
                    assert user.get(f"/media/{media['id']}/content").content == content
                hog.unlink()
                wait_for(lambda: moving(server)["state"] == "complete", 60)
                assert command.wait(60) == 0
            finally:
                command.kill()
        for media, content in zip(files, contents):
            assert user.get(f"/media/{media['id']}/content").content == content
        wait_for(lambda: not bucket.keys())
        server.stop_well()
        server.settings["blobs.store"] = "local"
        checked = program.run("fsck", "--deep", "--data", server.data, settings=server.settings, timeout=120)
        assert " 0 missing, 0 corrupt" in checked.stdout, (checked.stdout, checked.stderr)
        assert checked.returncode == 0
    finally:
        server.close()
