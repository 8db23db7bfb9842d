"""Pictures on request that wait: callers who leave, callers who are refused, and a server that stops meanwhile."""

import re
import time

import pytest

from harness import program, samples, shapes
from harness.pictures import when_ready

TURNED = samples.MEDIA / "photos" / "landscape_orientation_6.jpg"
# In the slowest format, and enlarged as far as takes a second and more.
SLOW = "image?w={width}&fit=contain&format=avif"
WIDTH = 900 if program.is_sanitized() else 2400
WIDTHS = range(WIDTH, WIDTH + 8)  # as many as wait for one owner
ONE_WORKER = {"media.enabled": "true", "media.workers": "1"}

pytestmark = [
    pytest.mark.seconds(300),
    pytest.mark.skipif(not program.BINARY.with_name("coffer-media").exists(), reason="coffer-media is not built"),
]


def ask(server, user, media, width):
    """A connection on which a picture was asked for."""
    wire = server.wire(timeout=120)
    path = f"/api/v1/media/{media['id']}/{SLOW.format(width=width)}"
    wire.send(f"GET {path} HTTP/1.1\r\nHost: {wire.host}\r\nAuthorization: Bearer {user.token}\r\n\r\n".encode())
    return wire


def figure(server, name):
    return int(float(re.search(rf"^coffer_media_pictures_{name} (\S+)$", server.metrics(), re.MULTILINE)[1]))


def wait_for(condition, within=60):
    deadline = time.monotonic() + program.patience(within)
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def photo_of(user):
    return when_ready(user, user.upload(TURNED.read_bytes() + user.username.encode(), "photo.jpg"))


def test_what_nobody_waits_for_any_more_is_not_made(launch):
    server = launch(ONE_WORKER)
    user = server.user()
    photo = photo_of(user)
    wires = [ask(server, user, photo, width) for width in WIDTHS]
    wait_for(lambda: figure(server, "waiting") >= len(WIDTHS) - 1)
    for wire in wires:
        wire.close()
    wait_for(lambda: figure(server, "waiting") == 0, within=5)
    dropped = figure(server, "dropped_total")
    assert dropped >= len(WIDTHS) - 2, "all but what was begun"
    reply = user.get(f"/media/{photo['id']}/image?w=100")
    assert reply.status_code == 200
    # What was begun is kept, and nothing else was made.
    assert figure(server, "made_total") <= len(WIDTHS) - dropped + 1


def test_one_of_two_who_leaves_does_not_take_the_picture_with_him(launch):
    server = launch(ONE_WORKER)
    user = server.user()
    photo = photo_of(user)
    ahead = ask(server, user, photo, WIDTHS[0])
    leaves, stays = ask(server, user, photo, WIDTHS[1]), ask(server, user, photo, WIDTHS[1])
    wait_for(lambda: figure(server, "waiting") == 1)
    leaves.close()
    assert ahead.reply().status_code == 200 and stays.reply().status_code == 200
    assert figure(server, "made_total") == 2 and figure(server, "dropped_total") == 0


def test_a_refused_caller_is_told_how_long_the_others_take(launch):
    server = launch(ONE_WORKER)
    user = server.user()
    photo = photo_of(user)
    # How long one takes is known from those that were made.
    for width in range(WIDTH - 100, WIDTH - 96):
        path = f"/media/{photo['id']}/{SLOW.format(width=width)}"
        # One takes longer than anybody waits where the machine is busy.
        wait_for(lambda: user.get(path).status_code == 200)
    wires = [ask(server, user, photo, width) for width in range(WIDTH, WIDTH + 12)]
    began = time.monotonic()
    replies = [wire.reply() for wire in wires]
    took = time.monotonic() - began
    refused = [reply for reply in replies if reply.status_code == 503]
    assert refused and len(refused) + sum(reply.status_code == 200 for reply in replies) == len(wires)
    for reply in refused:
        shapes.failure(reply, "busy", 503)
        told = int(reply.headers["Retry-After"])
        assert 1 < told <= 120 and took / 5 <= told <= 5 * took, (told, took)


def test_a_server_stops_in_time_however_many_pictures_wait(launch):
    drain = 2
    server = launch(ONE_WORKER | {"http.drain_timeout": f"{drain}s"})
    wires = []
    for _ in range(4):
        user = server.user()
        photo = photo_of(user)
        wires += [ask(server, user, photo, width) for width in WIDTHS]
    wait_for(lambda: figure(server, "waiting") >= 4 * len(WIDTHS) - 8)
    began = time.monotonic()
    server.stop_well()
    took = time.monotonic() - began
    assert took < drain + 2 + 3, "two seconds more, and what a busy machine adds"
    for wire in wires:
        wire.close()
    done = program.run("fsck", "--data", server.data)
    assert done.returncode == 0, done.stdout + done.stderr
