"""Pictures of PDF and SVG files: off, on, and what was stored in between, as every API shows it."""

import html
import re
import time

import pytest
import requests

from harness import program, shapes
from harness.boxes import Boxes
from harness.drawings import QUARTERS_PDF, QUARTERS_SVG, SVG, one_page
from harness.pictures import webp_size, when_ready
from harness.streamvault import fetch

pytestmark = [
    pytest.mark.seconds(300),
    pytest.mark.skipif(not program.BINARY.with_name("coffer-media").exists(), reason="coffer-media is not built"),
]

OFF = {"media.enabled": "true"}
ON = OFF | {"media.pdf": "true", "media.svg": "true"}
PAGE = one_page(QUARTERS_PDF, box=b"[0 0 100 50]")
DRAWING = f'{SVG}viewBox="0 0 100 50">{QUARTERS_SVG}</svg>'.encode()


def look(user, data, name):
    return when_ready(user, user.upload(data, name))


def with_thumbnail(user, media, seconds=100):
    """The media object once there is a thumbnail."""
    deadline = time.monotonic() + program.patience(seconds)
    while not (shown := when_ready(user, media))["thumbnail_url"]:
        assert time.monotonic() < deadline, shown
        time.sleep(0.1)
    return shown


def start_again(server, settings, *users):
    server.stop_well()
    server.settings |= settings
    server.start()
    for user in users:
        user.root = server.root


def size_of(reply):
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"] == "image/webp"
    return webp_size(reply.content)


def reason(user, media, path="thumbnail"):
    return shapes.failure(user.get(f"/media/{media['id']}/{path}"), "not_found")["message"]


def test_they_are_off_unless_switched_on(launch):
    server = launch(OFF)
    anna = server.user()
    page, drawing = look(anna, PAGE, "page.pdf"), look(anna, DRAWING, "drawing.svg")
    for media, kind in ((page, "PDF"), (drawing, "SVG")):
        assert (media["status"], media["status_reason"], media["thumbnail_url"]) == ("ready", None, "")
        for path in ("thumbnail", "image?w=100"):
            assert reason(anna, media, path) == f"pictures of {kind} files were switched off when this one was looked into"
    assert drawing["width"] is None
    # On: what is stored by now is drawn, files are shown as they are meanwhile.
    bob = server.user()
    gone = look(bob, PAGE.replace(b"100 50", b"100 90"), "gone.pdf")
    assert bob.delete(f"/media/{gone['id']}").ok
    start_again(server, ON, anna, bob)
    for media in (page, drawing):
        shown = with_thumbnail(anna, media)
        assert size_of(anna.get(shown["thumbnail_url"])) == (320, 160)
    assert (shown["width"], shown["height"], shown["codec"]) == (100, 50, "svg")
    # Also what was in the trash.
    assert bob.post(f"/trash/{gone['id']}/restore").ok
    assert size_of(bob.get(with_thumbnail(bob, gone)["thumbnail_url"])) == (320, 288)
    assert size_of(anna.get(f"/media/{page['id']}/image?w=128")) == (128, 64)
    # Off again: what was made stays, and nothing is made.
    start_again(server, {"media.pdf": "false", "media.svg": "false"}, anna, bob)
    for media in (page, drawing):
        assert size_of(anna.get(f"/media/{media['id']}/thumbnail")) == (320, 160)
        assert "switched off" in reason(anna, media, "image?w=777")
    assert size_of(anna.get(f"/media/{page['id']}/image?w=128")) == (128, 64)
    assert look(anna, PAGE + b"\n", "other.pdf")["thumbnail_url"] == ""
    server.stop_well()
    done = program.run("fsck", "--data", server.data)
    assert done.returncode == 0, done.stdout + done.stderr


def test_they_are_shown_like_other_pictures(launch):
    server = launch(ON)
    anna = server.user()
    page, drawing = look(anna, PAGE, "page.pdf"), look(anna, DRAWING, "drawing.svg")
    for media in (page, drawing):
        assert size_of(anna.get(media["thumbnail_url"])) == (320, 160)
        # They have no pixels, so they are as large as asked.
        for query, size in (("w=1000", (1000, 500)), ("w=300&h=300&fit=cover", (300, 300)), ("w=640&format=webp&q=95", (640, 320))):
            assert size_of(anna.get(f"/media/{media['id']}/image?{query}")) == size, query
        made = shapes.success(anna.post(f"/media/{media['id']}/shares", json={}), 201)
        text = fetch(made["url"]).text
        tags = dict(re.findall(r'<meta property="og:image(:?\w*)" content="([^"]*)">', text))
        assert (tags[":width"], tags[":height"]) == ("320", "160")
        assert size_of(fetch(html.unescape(tags[""]))) == (320, 160)
        assert size_of(fetch(made["url"] + "/image?w=100")) == (128, 64)
    # An asset of Boxes is an SVG, but no PDF.
    caller = Boxes.registered(server)
    box = caller.box()["id"]
    asset = caller.upload(box, "drawing.svg", DRAWING + b"\n")
    when_ready(caller.native(), {"id": asset["id"]})
    assert size_of(requests.get(caller.show(f"/assets/{asset['id']}/")["thumbnail_url"], timeout=30)) == (320, 160)


def test_what_is_wrong_with_them_is_said(launch):
    server = launch(ON)
    anna = server.user()
    cut = look(anna, b"%PDF-1.7\n", "cut.pdf")
    assert cut["status"] == "ready" and reason(anna, cut) == "the file is empty, damaged or incomplete"
    bad = look(anna, DRAWING[:100], "cut.svg")
    assert (bad["status"], bad["status_reason"]) == ("failed", "the file is empty, damaged or incomplete")
    text = look(anna, b"no drawing at all", "text.svg")
    assert (text["status"], text["width"]) == ("failed", None) and text["status_reason"]


def test_a_worker_that_is_missing_harms_nothing_else(launch, folder):
    """Photos are looked into, PDF files have their facts, and get their pictures when there is a worker."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "coffer-media").symlink_to(program.BINARY.with_name("coffer-media"))
    server = launch(ON | {"media.program": str(programs / "coffer-media")})
    anna = server.user()
    page, drawing = look(anna, PAGE, "page.pdf"), look(anna, DRAWING, "drawing.svg")
    assert (page["status"], page["thumbnail_url"]) == ("ready", "") == (drawing["status"], drawing["thumbnail_url"])
    assert "no worker for it can be used" in server.log_path.read_text()
    for kind in ("pdf", "svg"):
        (programs / f"coffer-media-{kind}").symlink_to(program.BINARY.with_name(f"coffer-media-{kind}"))
    start_again(server, {}, anna)
    for media in (page, drawing):
        assert size_of(anna.get(with_thumbnail(anna, media)["thumbnail_url"])) == (320, 160)
