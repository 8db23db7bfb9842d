"""What is told of media, and pictures of them: facts, thumbnails, sizes on request, in every API."""

import html
import json
import re
import urllib.parse

import pytest
import requests

from harness import program, samples, shapes
from harness.boxes import Boxes
from harness.client import Api
from harness.pictures import avif_size, jpeg_size, webp_size, when_ready
from harness.receiver import Receiver
from harness.server import serving
from harness.streamvault import StreamVault, expect, fetch

PHOTOS, FILM, SONG = samples.MEDIA / "photos", samples.MEDIA / "video" / "here_we_are.mp4", samples.MEDIA / "audio" / "here_we_are.mp3"
NIKON, HEIC, TURNED = PHOTOS / "gps_nikon.jpg", PHOTOS / "iphone.heic", PHOTOS / "landscape_orientation_6.jpg"
SCAN = PHOTOS / "old.tiff"
# As exiftool tells it.
NIKON_PLACE = (43.4674483, 11.8851267)
CHAT = "TelegramBot (like TwitterBot)"
FOREVER = "private, max-age=31536000, immutable"

pytestmark = [
    pytest.mark.seconds(400),
    pytest.mark.skipif(not program.BINARY.with_name("coffer-media").exists(), reason="coffer-media is not built"),
]


def upload(user, path, name=None, **fields):
    """The media object of the file once it has been looked into."""
    return when_ready(user, user.upload(path.read_bytes(), name or path.name, **fields))


@pytest.fixture(scope="module")
def shared(binary):
    """A server that looks into files."""
    with serving({"media.enabled": "true", "webhooks.allow_private": "true"}) as server:
        yield server


@pytest.fixture(scope="module")
def owner(shared):
    return shared.user()


@pytest.fixture(scope="module")
def photo(owner):
    return upload(owner, NIKON)


@pytest.fixture(scope="module")
def film(owner):
    return upload(owner, FILM)


def share(user, media, **policy):
    return shapes.success(user.post(f"/media/{media['id']}/shares", json=policy), 201)


def token_of(owner, media):
    """The share token of a file, which StreamVault shows."""
    return owner.session.get(owner.root.removesuffix("/api/v1") + f"/storage/api/v3/files/{media['uuid']}/").json()["token"]


def faults(reply):
    return sorted(each["field"] for each in shapes.failure(reply, "validation_error")["details"])


def size_of(reply):
    assert reply.status_code == 200, reply.text[:300]
    reader = {"image/webp": webp_size, "image/jpeg": jpeg_size, "image/avif": avif_size}[reply.headers["Content-Type"]]
    return reader(reply.content)


# Facts.


def test_a_photo_tells_its_facts(photo):
    assert (photo["status"], photo["status_reason"], photo["type"]) == ("ready", None, "image")
    assert (photo["width"], photo["height"], photo["duration"], photo["codec"]) == (640, 480, None, "jpeg")
    assert photo["taken_at"] == "2008-10-22T16:28:39Z", "a camera without an offset tells local time"
    place = photo["location"]
    assert (place["latitude"], place["longitude"]) == pytest.approx(NIKON_PLACE, abs=1e-6)
    shapes.media(photo)


def test_an_offset_makes_it_utc(owner):
    phone = upload(owner, HEIC)
    assert phone["taken_at"] == "2021-04-11T20:47:53Z" and (phone["width"], phone["height"]) == (2566, 3313)
    assert phone["location"]["longitude"] == pytest.approx(-94.2887722, abs=1e-6)
    assert size_of(owner.get(phone["thumbnail_url"])) == (248, 320)


def test_pictures_stand_upright(owner):
    turned = upload(owner, TURNED)
    assert (turned["width"], turned["height"]) == (600, 450) and turned["taken_at"] is None and turned["location"] is None
    assert size_of(owner.get(turned["thumbnail_url"])) == (320, 240)


def test_films_and_songs_tell_theirs(owner, film):
    assert (film["type"], film["width"], film["height"], film["codec"]) == ("video", 480, 270, "h264")
    assert film["duration"] == pytest.approx(44.67, abs=0.1)
    assert size_of(owner.get(film["thumbnail_url"])) == (320, 180)
    song = upload(owner, SONG)
    assert (song["type"], song["width"], song["codec"]) == ("audio", None, "mp3")
    assert song["duration"] == pytest.approx(44.64, abs=0.2)


def test_what_has_nothing_in_it_is_ready(user):
    media = user.upload(b"\0" * 100, "a.bin")
    assert (media["status"], media["status_reason"], media["thumbnail_url"]) == ("ready", None, "")
    for name in ("width", "height", "duration", "codec", "taken_at", "location"):
        assert media[name] is None
    shapes.failure(user.get(f"/media/{media['id']}/thumbnail"), "not_found")
    shapes.failure(user.get(f"/media/{media['id']}/image?w=100"), "not_found")


def test_what_is_damaged_says_why(user):
    broken = when_ready(user, user.upload(b"\xff\xd8\xff\xe0" + samples.noise(5000), "broken.jpg"))
    assert broken["status"] == "failed" and broken["status_reason"] and broken["thumbnail_url"] == ""
    shapes.failure(user.get(f"/media/{broken['id']}/thumbnail"), "not_found")
    shapes.failure(user.get(f"/media/{broken['id']}/image?w=100"), "not_found")
    # The next one is looked into all the same.
    assert upload(user, NIKON)["status"] == "ready"


def test_other_bytes_are_looked_into_anew(user):
    media = upload(user, NIKON, "picture.jpg")
    replaced = shapes.success(user.put(f"/media/{media['id']}/content", TURNED.read_bytes(), headers={"Content-Type": "image/jpeg"}))
    now = when_ready(user, replaced)
    assert (now["width"], now["height"], now["location"]) == (600, 450, None)
    assert now["thumbnail_url"] != media["thumbnail_url"]
    assert size_of(user.get(now["thumbnail_url"])) == (320, 240)


# Where it was taken is its owner's alone.


def test_nobody_else_is_told_the_place(shared, owner, stranger):
    receiver_words = ("43.46", "11.88", "location", "latitude")
    with Receiver() as receiver:
        hook = owner.post("/webhooks", json={"url": receiver.url(), "events": ["media.uploaded", "media.updated"]})
        media = upload(owner, NIKON, "another.jpg", description="By a lake")
        owner.patch(f"/media/{media['id']}", json={"title": "Lake"})
        sent = [json.dumps(message.json) for message in receiver.wait(2)]
        owner.delete(f"/webhooks/{shapes.success(hook, 201)['id']}")
    token = token_of(owner, media)
    nobody, other = StreamVault(shared), StreamVault.registered(shared)
    link = share(owner, media)
    shown = [*sent]
    for caller in (nobody, other):
        shown.append(caller.get(f"/api/v3/files/{token}/").text)
    for url in (f"{shared.url}/s/{token}", link["url"]):
        shown.append(fetch(url).text)
        shown.append(fetch(url, headers={"User-Agent": CHAT}).text)
    for text in shown:
        assert not [word for word in receiver_words if word in text], text[:500]
    for path in ("", "/thumbnail", "/image?w=10", "/content"):
        shapes.failure(stranger.get(f"/media/{media['id']}{path}"), "not_found")
        shapes.failure(stranger.get(f"/media/{media['uuid']}{path}"), "not_found")


# Thumbnails.


def test_a_thumbnail_is_kept_and_compared(owner, photo):
    url = photo["thumbnail_url"]
    assert re.fullmatch(re.escape(f"{owner.root}/media/{photo['id']}/thumbnail") + r"\?v=[0-9a-f]{16}", url)
    reply = owner.get(url)
    assert size_of(reply) == (320, 240) and reply.headers["Content-Type"] == "image/webp"
    assert reply.headers["Cache-Control"] == FOREVER and reply.headers["X-Content-Type-Options"] == "nosniff"
    tag = reply.headers["ETag"]
    assert tag == f'"{samples.checksum(reply.content).removeprefix("sha256:")}"'
    assert owner.get(url, headers={"If-None-Match": tag}).status_code == 304
    assert owner.get(url, headers={"If-None-Match": '"other"'}).content == reply.content
    head = owner.head(url)
    assert head.status_code == 200 and int(head.headers["Content-Length"]) == len(reply.content)
    assert owner.get(url, headers={"Range": "bytes=0-3"}).content == b"RIFF"
    for plain in (url.partition("?")[0], url.partition("?")[0] + "?v=0123456789abcdef", url.partition("?")[0] + "?v="):
        again = owner.get(plain)
        assert again.content == reply.content and again.headers["Cache-Control"] == "private, no-cache"
    for name in (photo["id"], photo["id"].removeprefix("media_"), photo["uuid"]):
        assert owner.get(f"/media/{name}/thumbnail").content == reply.content


def test_a_thumbnail_tells_nothing_else(owner, photo):
    data = owner.get(photo["thumbnail_url"]).content
    assert not [word for word in (b"Exif", b"EXIF", b"XMP ", b"ICCP", b"NIKON") if word in data]


def test_pictures_need_an_account_or_a_share_token(shared, anyone, owner, photo):
    for path in ("thumbnail", "image?w=100"):
        for name in (photo["id"], "media_999999", "x"):
            shapes.failure(anyone.get(f"/media/{name}/{path}"), "unauthorized" if not guests(shared) else "not_found")
        shapes.failure(anyone.get(f"/media/{photo['uuid']}/{path}"), "not_found")
        shapes.failure(owner.get(f"/media/media_999999/{path}"), "not_found")
        shapes.failure(anyone.call("GET", f"/media/{photo['id']}/{path}", headers={"Authorization": "Bearer x"}), "unauthorized")
        assert owner.post(f"/media/{photo['id']}/{path}").status_code == 405


def guests(server):
    return StreamVault(server).get("/api/v3/all_files/").status_code == 200


def test_a_deleted_file_has_no_pictures(user):
    media = upload(user, NIKON)
    token = token_of(user, media)
    assert fetch(f"{user.root}/media/{token}/thumbnail").status_code == 200
    user.delete(f"/media/{media['id']}")
    for path in ("thumbnail", "image?w=100"):
        shapes.failure(user.get(f"/media/{media['id']}/{path}"), "not_found")
        assert fetch(f"{user.root}/media/{token}/{path}").status_code == 404


# Sizes on request.


@pytest.mark.parametrize(
    "query, size",
    [
        ("w=100", (100, 75)), ("h=100", (133, 100)), ("w=100&h=100", (100, 75)), ("w=100&h=100&fit=inside", (100, 75)),
        ("w=100&h=100&fit=cover", (100, 100)), ("w=50&h=200&fit=cover", (50, 200)), ("w=1000", (640, 480)),
        ("w=1280&fit=contain", (1280, 960)), ("w=1280&h=500&fit=contain", (667, 500)), ("w=64&format=jpeg&q=50", (64, 48)),
        ("w=64&format=avif", (64, 48)), ("w=64&format=webp&q=100", (64, 48)), ("w=1", (1, 1)), ("w=64&unknown=1", (64, 48)),
    ],
)
def test_a_size_on_request(owner, photo, query, size):
    got = size_of(owner.get(f"/media/{photo['id']}/image?{query}"))
    assert abs(got[0] - size[0]) <= 1 and abs(got[1] - size[1]) <= 1, got


@pytest.mark.parametrize(
    "query, fields",
    [
        ("", ["w"]), ("fit=inside", ["w"]), ("w=0", ["w"]), ("w=-1", ["w"]), ("w=1.5", ["w"]), ("w=x", ["w"]), ("w=", ["w"]),
        ("w=4097", ["w"]), ("h=4097", ["h"]), ("w=99999999999999999999", ["w"]), ("w=100&h=0", ["h"]),
        ("w=100&fit=fill", ["fit"]), ("w=100&fit=", ["fit"]), ("w=100&fit=COVER", ["fit"]), ("w=100&fit=cover", ["h"]),
        ("h=100&fit=cover", ["w"]), ("fit=cover", ["h", "w"]), ("w=100&format=gif", ["format"]), ("w=100&format=", ["format"]),
        ("w=100&q=0", ["q"]), ("w=100&q=101", ["q"]), ("w=100&q=high", ["q"]),
        ("w=0&h=x&fit=x&format=x&q=x", ["fit", "format", "h", "q", "w"]), ("w=%00", ["w"]), ("w=100&fit=%ff", ["fit"]),
    ],
)
def test_wrong_parameters_are_named(owner, photo, query, fields):
    assert faults(owner.get(f"/media/{photo['id']}/image?{query}")) == fields


def test_the_same_size_is_the_same_picture(owner, photo):
    url = f"/media/{photo['id']}/image?w=200"
    first = owner.get(url)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = owner.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and owner.get(url).content == first.content
    version = urllib.parse.urlsplit(photo["thumbnail_url"]).query
    assert owner.get(f"{url}&{version}").headers["Cache-Control"] == FOREVER
    assert b"Exif" not in first.content


def test_pictures_of_films(owner, film):
    assert size_of(owner.get(f"/media/{film['id']}/image?w=240")) == (240, 135)


@pytest.mark.parametrize(
    "query, size", [("w=100", (128, 96)), ("w=128", (128, 96)), ("w=129", (256, 192)), ("h=100", (171, 128)), ("w=100&h=100&fit=cover", (128, 128)),
                    ("w=4096", (640, 480)), ("w=100&format=jpeg&q=1", (128, 96))])
def test_without_credentials_sizes_are_on_a_ladder(owner, photo, query, size):
    token = token_of(owner, photo)
    root = owner.root.removesuffix("/api/v1")
    for url in (f"{owner.root}/media/{token}/image?{query}", f"{root}/s/{token}/image?{query}"):
        got = size_of(fetch(url))
        assert abs(got[0] - size[0]) <= 1 and abs(got[1] - size[1]) <= 1, (url, got)


# Lists.


def test_lists_by_when_it_was_taken(user):
    old = upload(user, NIKON, "old.jpg")  # 2008
    new = upload(user, HEIC, "new.heic")  # 2021
    never = upload(user, TURNED, "never.jpg")  # says nothing: when it came

    def ids(**parameters):
        return [each["id"] for each in shapes.success(user.get("/media", params=parameters))]

    assert ids(taken_after="2010-01-01T00:00:00Z") == [new["id"]]
    assert ids(taken_before="2010-01-01T00:00:00Z") == [old["id"]]
    assert ids(taken_after="2008-10-22T16:28:39Z", taken_before="2021-04-11T20:47:53Z") == [old["id"]]
    assert ids(taken_after="2030-01-01T00:00:00Z") == []
    assert ids(sort="taken_at") == [old["id"], new["id"], never["id"]]
    assert ids(sort="-taken_at") == ids(sort="taken_at", order="desc") == [never["id"], new["id"], old["id"]]
    for parameters in ({"sort": "taken_at"}, {"sort": "-taken_at"}, {"sort": "taken_at", "taken_after": "2000-01-01T00:00:00Z"}):
        wanted, seen, cursor = ids(**parameters), [], ""
        while cursor is not None:
            reply = user.get("/media", params={**parameters, "per_page": 1, "cursor": cursor})
            seen += [each["id"] for each in shapes.success(reply)]
            cursor = reply.json()["meta"]["pagination"]["links"]["next_cursor"]
        assert seen == wanted
    # Pictures are older than the epoch of computers.
    ancient = NIKON.read_bytes().replace(b"2008:10:22", b"1850:06:01")
    oldest = when_ready(user, user.upload(ancient, "ancient.jpg"))
    assert oldest["taken_at"].startswith("1850-06-01T")
    assert ids(taken_before="1969-12-31T23:59:59Z") == ids(taken_after="0001-01-01T00:00:00Z", taken_before="1900-01-01T00:00:00Z") == [oldest["id"]]
    assert ids(taken_after="1850-06-02T00:00:00Z") == [new["id"], old["id"]]
    assert ids(sort="taken_at")[0] == oldest["id"]
    # A cursor is of one list.
    first = user.get("/media", params={"per_page": 1, "cursor": "", "taken_after": "2000-01-01T00:00:00Z"})
    cursor = first.json()["meta"]["pagination"]["links"]["next_cursor"]
    assert faults(user.get("/media", params={"per_page": 1, "cursor": cursor})) == ["cursor"]


@pytest.mark.parametrize("value", ["", "yesterday", "2008-10-22", "1", "2008-13-01T00:00:00Z", "0000-06-01T00:00:00Z"])
def test_wrong_moments_are_named(user, value):
    assert faults(user.get("/media", params={"taken_after": value, "taken_before": value})) == ["taken_after", "taken_before"]


# Shares.


def test_a_link_has_pictures(owner, photo):
    made = share(owner, photo)
    reply = fetch(made["url"] + "/thumbnail")
    assert reply.content == owner.get(photo["thumbnail_url"]).content
    assert reply.headers["Referrer-Policy"] == "no-referrer" and "noindex" in reply.headers["X-Robots-Tag"]
    assert reply.headers["Cache-Control"] == "private, no-cache"
    assert fetch(made["url"] + "/thumbnail", headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304
    assert size_of(fetch(made["url"] + "/image?w=100")) == (128, 96)
    for query in ("", "?w=0", "?w=100&fit=x", "?w=100&format=png", "?w=5000"):
        assert fetch(made["url"] + "/image" + query).status_code == 400, query
    owner.delete(f"/shares/{made['id']}")
    assert fetch(made["url"] + "/thumbnail").status_code == fetch(made["url"] + "/image?w=100").status_code == 404


def test_pictures_need_the_password(owner, photo):
    made = share(owner, photo, password="open sesame")
    visitor = requests.Session()
    visitor.trust_env = False
    for path in ("/thumbnail", "/image?w=100"):
        for headers in ({}, {"User-Agent": CHAT}):
            assert visitor.get(made["url"] + path, headers=headers, timeout=30).status_code == 403
    visitor.post(made["url"], data={"password": "open sesame"}, timeout=30)
    for path in ("/thumbnail", "/image?w=100"):
        assert visitor.get(made["url"] + path, timeout=30).headers["Content-Type"] == "image/webp"


def test_a_thumbnail_is_no_download_and_a_size_is(owner, photo):
    made = share(owner, photo, max_downloads=1)

    def downloads():
        return shapes.success(owner.get(f"/shares/{made['id']}"))["downloads"]

    page = fetch(made["url"]).text
    [source] = re.findall(r'<img src="([^"]+)"', page)
    assert "/thumbnail?v=" in source and "/content" not in source
    for agent in ("browser/1", CHAT):
        assert size_of(fetch(urllib.parse.urljoin(made["url"], html.unescape(source)), headers={"User-Agent": agent})) == (320, 240)
    preview = fetch(made["url"] + "/image?w=100", headers={"User-Agent": CHAT})
    assert preview.headers["Content-Type"].startswith("text/html") and downloads() == 0
    assert size_of(fetch(made["url"] + "/image?w=100")) == (128, 96) and downloads() == 1
    for path in ("/thumbnail", "/image?w=100", "/image?w=200", "/content", ""):
        assert fetch(made["url"] + path).status_code == 404


def test_pages_show_thumbnails(owner, photo, film):
    song = upload(owner, SONG)
    scan = upload(owner, SCAN)
    made = shapes.success(owner.post("/collections", json={"name": "Summer"}), 201)
    ids = [each["id"] for each in (photo, film, song, scan)]
    shapes.success(owner.post(f"/collections/{made['id']}/media", json={"media_ids": ids}))
    shared = shapes.success(owner.post(f"/collections/{made['id']}/shares", json={}), 201)
    page = fetch(shared["url"]).text
    pictures = re.findall(r'<img src="([^"]+)"', page)
    assert len(pictures) >= 3 and "/content" not in "".join(pictures)
    # A film plays on a page of its own.
    links = set(re.findall(r'<a [^>]*href="(/s/[^"]+)"', page))
    pages = [fetch(urllib.parse.urljoin(shared["url"], html.unescape(link))).text for link in links]
    posters = re.findall(r'poster="([^"]+)"', "".join(pages))
    assert len(posters) == 1 and posters[0] in pictures
    for path in pictures + posters:
        reply = fetch(urllib.parse.urljoin(shared["url"], html.unescape(path)))
        assert max(size_of(reply)) <= 320 and reply.headers["Cache-Control"] == FOREVER
    # What browsers do not show, one is made of.
    [link] = {path.rpartition("/")[0] for path in pictures if "/thumbnail" in path} & {
        link for link in re.findall(r'<a href="(/s/[^"]+)"', page) if "image/tiff" in fetch(urllib.parse.urljoin(shared["url"], link + "/content")).headers["Content-Type"]}
    text = fetch(urllib.parse.urljoin(shared["url"], link)).text
    [large] = re.findall(r'<img src="([^"]+)"', text)
    size = (scan["width"], scan["height"])
    assert max(size) <= 1920, "else it is made smaller"
    assert size_of(fetch(urllib.parse.urljoin(shared["url"], html.unescape(large)))) == size
    assert "{} × {}".format(*size) in text


def test_previews_in_chats_have_a_picture(owner, photo, film):
    for media, size in ((photo, (320, 240)), (film, (320, 180))):
        made = share(owner, media)
        page = fetch(made["url"], headers={"User-Agent": CHAT}).text
        tags = dict(re.findall(r'<meta property="og:image(:?\w*)" content="([^"]*)">', page))
        assert tags[""].startswith(made["url"] + "/thumbnail?v=") and tags[":type"] == "image/webp"
        assert (int(tags[":width"]), int(tags[":height"])) == size and tags[":alt"] == media["filename"]
        assert size_of(fetch(html.unescape(tags[""]), headers={"User-Agent": CHAT})) == size


# StreamVault.


def test_streamvault_shows_them(shared):
    caller = StreamVault.registered(shared)
    folder = caller.folder()
    file = caller.upload(FILM.read_bytes(), "film.mp4", chunks=3, folder=folder["token"])
    native = caller.native()
    when_ready(native, shapes.success(native.get(f"/media/{file['uuid']}")))
    nobody = StreamVault(shared)
    shown = [caller.file(file["token"]), expect(nobody.get(f"/api/v3/files/{file['token']}/")), *caller.view(folder["token"])["files"],
             *expect(nobody.get(f"/api/v3/folders/{folder['token']}/"))["files"], *caller.files()]
    assert len(shown) == 5
    for each in shown:
        assert (each["width"], each["height"]) == (480, 270) and each["duration"] == pytest.approx(44.67, abs=0.1)
        assert size_of(fetch(each["thumbnail_url"])) == (320, 180)
    # What a reader of the folder sees ends with the folder's share.
    below = shown[3]["thumbnail_url"]
    assert file["token"] not in below
    expect(caller.delete(f"/api/v3/share/{folder['token']}/"))
    assert fetch(below).status_code == 404 and fetch(shown[0]["thumbnail_url"]).status_code == 200


# Boxes.


def test_boxes_shows_them(shared):
    caller = Boxes.registered(shared)
    box = caller.box()["id"]
    data = NIKON.read_bytes() + b"boxes"
    made = caller.upload(box, "nikon.jpg", data)
    assert made["thumbnail_url"] == ""
    when_ready(caller.native(), {"id": made["id"]})
    assert caller.upload(box, "again.jpg", data)["thumbnail_url"] == "", "as the document has it"
    expect(caller.post(f"/boxes/{box}/set_headliner/", json={"asset_id": made["id"]}))
    shown = [caller.show(f"/assets/{made['id']}/"), *caller.assets(box)]
    urls = {each["thumbnail_url"] for each in shown[:2]} | {caller.show(f"/boxes/{box}/")["headliner_thumbnail_url"]}
    assert len(urls) == 1 and shown[2]["thumbnail_url"] not in ("", *urls)
    [url] = urls
    assert re.fullmatch(re.escape(shared.url) + r"/uploads/thumbnails/[0-9a-f]{32}\.webp\?v=[0-9a-f]{16}", url)
    reply = fetch(url)
    assert size_of(reply) == (320, 240) and reply.headers["Cache-Control"] == "public, max-age=86400"
    assert fetch(url, headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304
    assert caller.delete(f"/assets/{made['id']}/").status_code == 204
    assert fetch(url).status_code == 404 and fetch(shown[2]["thumbnail_url"]).status_code == 200


def test_boxes_thumbnails_of_what_has_none(shared):
    caller = Boxes.registered(shared)
    box = caller.box()["id"]
    made = caller.upload(box, "broken.jpg", b"\xff\xd8\xff\xe0" + samples.noise(3000))
    when_ready(caller.native(), {"id": made["id"]})
    assert caller.show(f"/assets/{made['id']}/")["thumbnail_url"] == ""
    digits = re.search(r"/uploads/([0-9a-f]{32})", made["file_url"])[1]
    for name in (f"{digits}.webp", digits, "x", "0" * 32 + ".webp", digits[:-1] + ".webp"):
        assert fetch(f"{shared.url}/uploads/thumbnails/{name}").status_code == 404, name


def test_a_key_reads_pictures(owner, photo):
    for scopes, status in ((["read"], 200), (["write"], 403)):
        made = shapes.success(owner.post("/api-keys", json={"name": "key", "scopes": scopes}), 201)
        key = Api(owner.root, key=made["secret"])
        for path in ("thumbnail", "image?w=100"):
            assert key.get(f"/media/{photo['id']}/{path}").status_code == status
