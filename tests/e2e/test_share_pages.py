"""Share pages as people see them, in a browser."""

import time

import pytest

from harness import program, samples
from harness.streamvault import expect

VIDEO = samples.MEDIA / "video" / "here_we_are.mp4"
AUDIO = samples.MEDIA / "audio" / "here_we_are.mp3"
PHOTO = samples.MEDIA / "photos" / "gps_nikon.jpg"
UPRIGHT = samples.MEDIA / "photos" / "portrait_orientation_6.jpg"

pytestmark = pytest.mark.seconds(120)


def until(locator, wanted, seconds=30):
    """Waits until a function of the element is true. The page's policy lets nothing in it poll."""
    deadline = time.monotonic() + program.patience(seconds)
    while not locator.evaluate(wanted):
        assert time.monotonic() < deadline, f"not within {seconds} s: {wanted}"
        locator.page.wait_for_timeout(100)


def fits(page):
    """Nothing is wider than the screen."""
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1], widths


def is_dark(page):
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    parts = [int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(parts) < 200


def pdf(words):
    """A document of one page, with these words on it."""
    page = f"BT /F 36 Tf 72 700 Td ({words}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(page), page),
    ]
    data, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj%s endobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(data))
    return data + head + table + tail


@pytest.fixture
def folder(caller):
    top = caller.folder("Summer by the sea", description="Pictures and films of our week on the coast.\nTake what you like.")
    days = caller.folder("Day one – arrival and a walk along the cliffs", parent=top["token"])
    caller.folder("Лето 2025 🌊", parent=top["token"])
    for path, name in (
        (PHOTO, "Lighthouse.jpg"),
        (UPRIGHT, "portrait.jpg"),
        (VIDEO, "here_we_are.mp4"),
        (AUDIO, "Waves at night, recorded from the terrace with the windows open until morning.mp3"),
    ):
        caller.upload(path.read_bytes(), name, folder=top["token"])
    caller.upload(b"%PDF-1.4 ticket", "ticket.pdf", folder=top["token"])
    caller.upload(b"\0" * 70_000, "backup.tar.zst", folder=top["token"])
    caller.upload(b"<script>document.title='ran'</script>", "<b>bold</b>.html", folder=top["token"])
    caller.upload(VIDEO.read_bytes(), "cliffs.mp4", chunks=7, folder=days["token"])
    return top


def test_a_folder(visitor, picture, folder):
    visitor.goto(folder["share_url"])
    assert visitor.title() == "Summer by the sea – Coffer"
    assert visitor.locator("h1").inner_text() == "Summer by the sea"
    assert is_dark(visitor) == ("dark" in visitor.kind)
    fits(visitor)
    names = visitor.locator(".list .name").all_inner_texts()
    assert len(names) == 6 and "<b>bold</b>.html" in names
    assert visitor.locator(".gallery .name").all_inner_texts() == ["Lighthouse.jpg", "here_we_are.mp4", "portrait.jpg"]
    previews = visitor.locator(".gallery img")
    assert previews.count() == 2
    for index in range(2):
        previews.nth(index).scroll_into_view_if_needed()
        previews.nth(index).evaluate("image => image.decode()")
        assert previews.nth(index).evaluate("image => image.naturalWidth") > 0
    picture(visitor, "folder")

    # Down a folder, to its file, and back by the breadcrumbs.
    visitor.get_by_role("link", name="Day one").click()
    assert visitor.locator("h1").inner_text().startswith("Day one")
    visitor.get_by_role("link", name="cliffs.mp4").click()
    assert visitor.locator("video").count() == 1
    picture(visitor, "below")
    visitor.locator(".crumbs").get_by_role("link", name="Summer by the sea").click()
    assert visitor.locator("h1").inner_text() == "Summer by the sea"
    assert visitor.faults == []


def test_a_video_plays(visitor, picture, caller):
    file = caller.upload(VIDEO.read_bytes(), "here_we_are.mp4", chunks=9)
    visitor.goto(file["share_url"])
    fits(visitor)
    video = visitor.locator("video")
    video.evaluate("video => { video.muted = true; return video.play() }")
    until(video, "video => video.currentTime > 0.5")
    state = video.evaluate("video => [video.error && video.error.message, video.duration, video.videoWidth]")
    assert state[0] is None and state[1] > 1 and state[2] > 0
    # And from somewhere else, which is a range over the borders of chunks.
    video.evaluate("video => { video.currentTime = video.duration * 0.7 }")
    until(
        video,
        "v => !v.seeking && v.readyState >= 2 && v.currentTime > v.duration * 0.65",
    )
    video.evaluate("video => video.pause()")
    picture(visitor, "video")
    assert visitor.faults == []


def test_a_sound_plays(visitor, picture, caller):
    file = caller.upload(AUDIO.read_bytes(), "waves.mp3")
    visitor.goto(file["share_url"])
    fits(visitor)
    audio = visitor.locator("audio")
    audio.evaluate("audio => { audio.muted = true; return audio.play() }")
    until(audio, "audio => audio.currentTime > 0.3")
    picture(visitor, "audio")
    assert visitor.faults == []


def test_a_picture(visitor, picture, caller):
    file = caller.upload(PHOTO.read_bytes(), "Lighthouse.jpg")
    visitor.goto(file["share_url"])
    image = visitor.locator(".stage img")
    image.evaluate("image => image.decode()")
    box, screen = image.bounding_box(), visitor.viewport_size
    assert 0 < box["width"] <= screen["width"] and 0 < box["height"] <= screen["height"]
    fits(visitor)
    picture(visitor, "picture")
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "Lighthouse.jpg"
    with open(download.value.path(), "rb") as kept:
        assert kept.read() == PHOTO.read_bytes()
    assert visitor.faults == []


LOREM = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore. "
NOTES = "# A week by the sea\n\n- [x] tickets\n- [ ] sun cream\n\n<script>document.title = 'ran'</script>\n\n"


@pytest.mark.parametrize("name", ["notes.md", "page.html"])
def test_a_text(visitor, picture, caller, name):
    text = NOTES + "\n".join(f"{line}\t{LOREM * 3}" for line in range(400))
    file = caller.upload(text.encode(), name)
    visitor.goto(file["share_url"])
    fits(visitor)
    assert visitor.title() == f"{name} – Coffer"
    reader = visitor.get_by_role("region", name="Text of the file")
    shown = reader.evaluate("reader => reader.textContent")
    assert text.startswith(shown) and len(shown) > 60_000
    # It scrolls by itself, by the keyboard too.
    reader.focus()
    visitor.keyboard.press("End")
    until(reader, "reader => reader.scrollTop > 100")
    reader.evaluate("reader => { reader.scrollTop = 0 }")
    picture(visitor, name.replace(".", "-"))
    assert visitor.faults == []


def test_what_no_browser_plays(visitor, picture, caller):
    file = caller.upload(b"RIFF\0\0\0\0AVI LIST" + bytes(70_000), "Grandfather's film.avi")
    visitor.goto(file["share_url"])
    fits(visitor)
    assert visitor.get_by_text("Browsers cannot play this format").is_visible()
    assert visitor.get_by_role("link", name="Download").is_visible()
    picture(visitor, "unplayable")
    assert visitor.faults == []


def test_a_film_that_does_not_play(visitor, picture, caller):
    """It is called a film that browsers play, and is none."""
    file = caller.upload(b"\0\0\0\x18ftypmp42" + samples.noise(50_000), "broken.mp4")
    visitor.goto(file["share_url"])
    until(visitor.locator("video"), "video => video.error !== null")
    assert visitor.get_by_text("If nothing plays").is_visible()
    picture(visitor, "broken-video")


def test_a_pdf(visitor, picture, caller):
    file = caller.upload(pdf("Boarding pass"), "ticket.pdf")
    visitor.goto(file["share_url"])
    fits(visitor)
    frame = visitor.locator("iframe")
    assert frame.get_attribute("title") == "ticket.pdf"
    until(frame, "frame => frame.clientHeight > 300")
    # The viewer is let in: had the policy of the page kept it out, the console would say so.
    visitor.wait_for_timeout(1500)
    picture(visitor, "pdf")
    assert visitor.faults == []


def test_something_else(visitor, picture, caller):
    file = caller.upload(b"\0" * 70_000, "a name without a single space that is " + "very-" * 30 + "long.bin")
    visitor.goto(file["share_url"])
    fits(visitor)
    assert visitor.get_by_role("link", name="Download").is_visible()
    picture(visitor, "other")
    assert visitor.faults == []


def test_the_end_of_a_link(visitor, picture, caller):
    folder = caller.folder("gone")
    expect(caller.delete(f"/api/v3/share/{folder['token']}/"))
    reply = visitor.goto(folder["share_url"])
    assert reply.status == 404
    assert visitor.locator("h1").inner_text() == "This link leads nowhere"
    fits(visitor)
    picture(visitor, "nowhere")


def test_an_upload_runs_nothing_here(visitor, caller):
    """Opened by itself, a page that somebody uploaded has neither script nor the vault's origin."""
    page = b"<title>still</title><script>document.title = 'ran'; document.cookie = 'x=1'</script>"
    file = caller.upload(page, "page.html")
    visitor.goto(file["view_url"])
    assert visitor.title() == "still"
    assert visitor.evaluate("window.origin") == "null"


def test_it_works_without_script(browser, caller):
    folder = caller.folder("plain")
    caller.upload(b"x", "a.txt", folder=folder["token"])
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(folder["share_url"])
    page.get_by_role("link", name="a.txt").click()
    assert page.get_by_role("link", name="Download").is_visible()
    context.close()
