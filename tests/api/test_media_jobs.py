"""Files are looked into behind the uploads: what the command reports, and a server that is killed."""

import json
import time

import pytest

from harness import program
from harness.samples import MEDIA

pytestmark = [pytest.mark.seconds(180),
              pytest.mark.skipif(not (program.BINARY.parent / "coffer-media").exists(),
                                 reason="the media worker was not built")]

ON = {"media.enabled": "true"}


def status(server):
    return json.loads(program.ok(program.run("media", "status", "--json", "--data", server.data)))


def wait_until_done(server, within=120):
    deadline = time.monotonic() + program.patience(within)
    while (now := status(server))["processing"] + now["not_queued"] > 0:
        assert time.monotonic() < deadline, now
        time.sleep(0.2)
    return now


def photos(count):
    """Pictures with bytes of their own."""
    photo = (MEDIA / "photos" / "landscape_orientation_6.jpg").read_bytes()
    return [photo + b"%d" % number for number in range(count)]


def test_a_server_that_is_killed_goes_on_where_it_was(launch):
    server = launch(ON)
    anna = server.user()
    for number, photo in enumerate(photos(12)):
        anna.upload(photo, f"{number}.jpg")
    anna.upload(b"\xff\xd8\xff\xe0 no picture at all", "bad.jpg")
    server.kill()
    server.start()
    done = wait_until_done(server)
    assert (done["ready"], done["failed"], done["thumbnails"]["files"]) == (12, 1, 12)
    use = json.loads(program.ok(program.run("storage", "--json", "--data", server.data)))
    assert use["pictures"]["files"] == 12 and use["pictures"]["bytes"] > 0
    server.stop_well()
    done = program.run("fsck", "--data", server.data)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_was_stored_before_is_caught_up(launch):
    server = launch()
    anna = server.user()
    for number, photo in enumerate(photos(3)):
        anna.upload(photo, f"{number}.jpg")
    assert status(server)["processing"] == 3, "nothing looks into them"
    server.stop()
    server.settings |= ON
    server.start()
    assert wait_until_done(server)["ready"] == 3


def test_jobs_of_deleted_and_replaced_files_go_with_them(launch):
    server = launch()
    anna = server.user()
    kept, *deleted = [anna.upload(photo, "photo.jpg") for photo in photos(5)]
    trashed = anna.upload(photos(6)[5], "trashed.jpg")
    for media in deleted:
        assert anna.delete(f"/media/{media['id']}?permanent=true").status_code == 200
    assert anna.put(f"/media/{kept['id']}/content", data=photos(7)[6]).status_code == 200
    assert anna.delete(f"/media/{trashed['id']}").status_code == 200
    deadline = time.monotonic() + program.patience(20)
    while status(server)["processing"] != 2:
        assert time.monotonic() < deadline, "the new bytes and those in the trash are left"
        time.sleep(0.2)


def test_failures_are_tried_again_when_somebody_asks(launch):
    server = launch(ON)
    server.user().upload(b"\xff\xd8\xff\xe0 no picture at all", "bad.jpg")
    assert wait_until_done(server)["failed"] == 1
    told = program.ok(program.run("media", "status", "--data", server.data))
    assert "failed" in told
    assert "1 files" in program.ok(program.run("media", "retry", "--data", server.data))
    assert wait_until_done(server)["failed"] == 1


def test_without_a_worker_the_log_says_what_to_do(launch):
    server = launch(ON | {"media.program": "/nowhere/coffer-media"})
    anna = server.user()
    anna.upload(photos(1)[0], "photo.jpg")
    deadline = time.monotonic() + program.patience(30)
    while "files are not looked into" not in server.log_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "coffer_media_usable 0" in server.metrics()
    assert status(server)["processing"] == 1
