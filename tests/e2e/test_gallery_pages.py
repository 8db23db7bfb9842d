"""Shares of Media Vault as people see them, in a browser."""

import time

import pytest

from harness import program, samples, shapes

VIDEO = samples.MEDIA / "video" / "here_we_are.mp4"
AUDIO = samples.MEDIA / "audio" / "here_we_are.mp3"
PHOTOS = sorted((samples.MEDIA / "photos").glob("*.jpg"))

pytestmark = pytest.mark.seconds(120)


def fits(page):
    """Nothing is wider than the screen."""
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1], widths


def until(locator, wanted, seconds=30):
    """Waits until a function of the element is true. The page's policy lets nothing in it poll."""
    deadline = time.monotonic() + program.patience(seconds)
    while not locator.evaluate(wanted):
        assert time.monotonic() < deadline, f"not within {seconds} s: {wanted}"
        locator.page.wait_for_timeout(100)


@pytest.fixture
def collection(user):
    media = [user.upload(path.read_bytes(), path.name) for path in PHOTOS]
    media.append(user.upload(VIDEO.read_bytes(), "here_we_are.mp4"))
    media.append(user.upload(AUDIO.read_bytes(), "Waves at night, recorded from the terrace with the windows open.mp3"))
    media.append(user.upload(b"%PDF-1.4 ticket", "ticket.pdf"))
    media.append(user.upload(b"\0" * 70_000, "<b>backup</b>.tar.zst"))
    made = shapes.success(user.post("/collections", json={
        "name": "Summer <by> the sea", "description": "Pictures and films of our week on the coast.\nTake what you like."}), 201)
    body = {"media_ids": [each["id"] for each in media]}
    shapes.success(user.post(f"/collections/{made['id']}/media", json=body))
    return made


def share(user, collection, **policy):
    return shapes.success(user.post(f"/collections/{collection['id']}/shares", json=policy), 201)


def test_a_gallery(visitor, picture, user, collection):
    requests = []
    visitor.on("request", lambda request: requests.append(request.url))
    made = share(user, collection)
    visitor.goto(made["url"])
    assert visitor.title() == "Summer <by> the sea – Coffer"
    assert visitor.locator("h1").inner_text() == "Summer <by> the sea"
    fits(visitor)
    tiles = visitor.locator(".gallery img")
    assert tiles.count() == len(PHOTOS) and visitor.locator(".gallery .badge").inner_text() == "Video"
    for index in range(tiles.count()):
        tiles.nth(index).scroll_into_view_if_needed()
        until(tiles.nth(index), "image => image.complete && image.naturalWidth > 0")
    names = visitor.locator(".list .name").all_inner_texts()
    assert len(names) == 3 and "<b>backup</b>.tar.zst" in names
    visitor.evaluate("window.scrollTo(0, 0)")
    picture(visitor, "gallery")
    audio = visitor.locator(".list audio")
    audio.evaluate("audio => { audio.muted = true; return audio.play() }")
    until(audio, "audio => audio.currentTime > 0.2")
    # A film plays on its own page, where there is room for its controls.
    visitor.get_by_role("link", name="here_we_are.mp4").click()
    film = visitor.locator(".stage video")
    film.evaluate("video => { video.muted = true; return video.play() }")
    until(film, "video => video.currentTime > 0.2")
    visitor.locator(".crumbs a").click()

    visitor.locator(".gallery a").first.click()
    assert visitor.locator(".stage img").count() == 1
    assert visitor.get_by_role("link", name="Download").is_visible()
    picture(visitor, "gallery-file")
    visitor.locator(".crumbs a").click()
    assert visitor.locator("h1").inner_text() == "Summer <by> the sea"
    assert visitor.faults == []
    origin = made["url"][: made["url"].index("/s/")]
    assert all(url.startswith(origin) for url in requests), requests


def test_a_password(visitor, picture, user, collection):
    made = share(user, collection, password="open sesame")
    visitor.goto(made["url"])
    assert "Summer" not in visitor.content()
    fits(visitor)
    field = visitor.get_by_label("Password")
    field.fill("wrong")
    visitor.get_by_role("button", name="Open").click()
    assert visitor.get_by_role("alert").inner_text() == "Wrong password"
    picture(visitor, "password")
    visitor.get_by_label("Password").fill("open sesame")
    visitor.get_by_role("button", name="Open").click()
    assert visitor.locator("h1").inner_text() == "Summer <by> the sea"
    tile = visitor.locator(".gallery img").first
    until(tile, "image => image.complete && image.naturalWidth > 0")
    # The browser tells the console of the reply to the wrong password.
    assert [fault for fault in visitor.faults if "403" not in fault] == []


def test_a_counted_film_plays_and_counts_once(visitor, picture, user):
    media = user.upload(VIDEO.read_bytes(), "here_we_are.mp4")
    made = shapes.success(user.post(f"/media/{media['id']}/shares", json={"max_downloads": 1}), 201)
    for _ in range(3):
        visitor.goto(made["url"])
    assert shapes.success(user.get(f"/shares/{made['id']}"))["downloads"] == 0
    video = visitor.locator("video")
    video.evaluate("video => { video.muted = true; return video.play() }")
    until(video, "video => video.currentTime > 0.3")
    video.evaluate("video => { video.currentTime = video.duration * 0.7 }")
    until(video, "v => !v.seeking && v.readyState >= 2 && v.currentTime > v.duration * 0.65")
    assert shapes.success(user.get(f"/shares/{made['id']}"))["downloads"] == 1
    assert visitor.faults == []


def test_a_gallery_works_without_script(browser, user, collection):
    made = share(user, collection, password="open sesame", allow_download=False)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(made["url"])
    page.get_by_label("Password").fill("open sesame")
    page.get_by_role("button", name="Open").click()
    page.locator(".gallery a").first.click()
    assert page.locator(".stage img").count() == 1
    assert page.get_by_role("link", name="Download").count() == 0
    context.close()
