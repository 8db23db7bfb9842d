"""Shares of the native API: their management, and what visitors get of them."""

import datetime
import re
import threading
import urllib.parse

import pytest
import requests

from harness import program, samples, shapes
from harness.client import Api
from harness.streamvault import fetch

FIELDS = {
    "id", "url", "token", "media_id", "collection_id", "has_password", "expires_at", "max_downloads", "downloads",
    "allow_download", "user_id", "created_at", "updated_at",
}
PHOTO = samples.MEDIA / "photos" / "gps_nikon.jpg"
NOTHING = "This link leads nowhere"
PREVIEWS = (
    "WhatsApp/2.23.20.0",
    "TelegramBot (like TwitterBot)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Slack-ImgProxy (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Twitterbot/1.0",
    "Facebot",
    "facebookexternalhit/1.1",
    "facebookcatalog/1.0",
    "meta-externalagent/1.1",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (compatible; MicrosoftPreview/2.0)",
    "mattermost-9.0.0",
    "Rocket.Chat Agent",
    "Synapse (bot; +https://github.com/matrix-org/synapse)",
    "Mastodon/4.2 (http.rb/5.1; +https://example.org/)",
    "Pleroma 2.5; https://example.org",
    "Misskey/13.0",
    "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
    "Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)",
    "Mozilla/5.0 (compatible; Pinterestbot/1.0; +http://www.pinterest.com/bot.html)",
    "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
    "Viber/13.0",
    "facebookexternalhit/1.1; kakaotalk-scrap/1.0",
    "facebookexternalhit/1.1;line-poker/1.0",
    "Snapchat/10.77",
    "Iframely/1.3.1 (+https://iframely.com/docs/about)",
    "Mozilla/5.0 (compatible; Embedly/0.2; +http://support.embed.ly/)",
    "bitlybot/3.0 (+http://bit.ly/)",
    "ZoominfoBot (zoominfobot at zoominfo dot com)",
    "Google-PageRenderer Google (+https://developers.google.com/+/web/snippet/)",
    "Nextcloud Server Crawler",
    "Mozilla/5.0 (compatible; ZulipURLPreview/8.0)",
)


def share(user, path, **policy):
    return shapes.success(user.post(f"{path}/shares", json=policy), 201)


def share_media(user, media, **policy):
    return share(user, f"/media/{media['id']}", **policy)


def gallery(user, *media, name="Summer", **fields):
    made = shapes.success(user.post("/collections", json={"name": name, **fields}), 201)
    if media:
        body = {"media_ids": [each["id"] for each in media]}
        shapes.success(user.post(f"/collections/{made['id']}/media", json=body))
    return made


def share_collection(user, collection, **policy):
    return share(user, f"/collections/{collection['id']}", **policy)


def content(shared, **options):
    return fetch(shared["url"] + "/content", **options)


def links_of(page, suffix=""):
    """The files that a gallery's page names: the addresses below the share."""
    return list(dict.fromkeys(re.findall(rf'href="(/s/[0-9a-f-]+/[0-9a-f-]+){suffix}"', page.text)))


def absolute(shared, path):
    return urllib.parse.urljoin(shared["url"], path)


def faults(reply):
    return sorted(each["field"] for each in shapes.failure(reply, "validation_error")["details"])


def soon(**delta):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**delta)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_share_is_made_read_changed_and_revoked(user):
    media = user.upload(b"bytes", "a.jpg")
    until = soon(days=1)
    made = share_media(user, media, password="open sesame", expires_at=until, max_downloads=3, allow_download=False)
    assert set(made) == FIELDS
    assert re.fullmatch(r"share_\d+", made["id"]) and made["url"].endswith(f"/s/{made['token']}")
    assert (made["media_id"], made["collection_id"]) == (media["id"], None)
    assert (made["has_password"], made["expires_at"], made["max_downloads"]) == (True, until, 3)
    assert (made["downloads"], made["allow_download"]) == (0, False)
    assert shapes.success(user.get(f"/shares/{made['id']}")) == made
    changed = shapes.success(user.patch(f"/shares/{made['id']}", json={
        "password": None, "expires_at": None, "max_downloads": None, "allow_download": True}))
    assert (changed["has_password"], changed["expires_at"], changed["max_downloads"]) == (False, None, None)
    assert changed["allow_download"] is True and changed["url"] == made["url"]
    assert shapes.success(user.patch(f"/shares/{made['id']}", json={"max_downloads": 7}))["max_downloads"] == 7
    assert fetch(made["url"]).status_code == 200
    assert shapes.success(user.delete(f"/shares/{made['id']}")) == {"id": made["id"], "deleted": True}
    for reply in (user.get(f"/shares/{made['id']}"), user.delete(f"/shares/{made['id']}"),
                  user.patch(f"/shares/{made['id']}", json={"max_downloads": 1})):
        shapes.failure(reply, "not_found")
    assert NOTHING in fetch(made["url"]).text and content(made).status_code == 404


def test_the_defaults(user):
    made = share_media(user, user.upload())
    assert (made["has_password"], made["expires_at"], made["max_downloads"]) == (False, None, None)
    assert made["allow_download"] is True
    assert shapes.success(user.post(f"/media/{made['media_id']}/shares"), 201)["id"] != made["id"]


def test_lists(user):
    one, two = user.upload(), user.upload()
    collection = gallery(user, one)
    made = [share_media(user, one), share_media(user, two), share_media(user, one), share_collection(user, collection)]
    newest_first = [each["id"] for each in reversed(made)]
    reply = user.get("/shares", params={"per_page": 3})
    assert [each["id"] for each in shapes.success(reply)] == newest_first[:3]
    assert reply.json()["meta"]["pagination"]["total"] == 4
    assert reply.json()["meta"]["pagination"]["links"]["next"] == "/shares?page=2&per_page=3"
    assert [each["id"] for each in shapes.success(user.get("/shares?page=2&per_page=3"))] == newest_first[3:]
    of_one = shapes.success(user.get(f"/media/{one['id']}/shares"))
    assert [each["id"] for each in of_one] == [made[2]["id"], made[0]["id"]]
    of_collection = shapes.success(user.get(f"/collections/{collection['id']}/shares"))
    assert [each["id"] for each in of_collection] == [made[3]["id"]]
    assert faults(user.get("/shares?page=x")) == ["page"]


def test_a_policy_may_be_left_out(user):
    """With and without the type that the document wants of every request."""
    media = user.upload(b"x", "a.txt")["id"]
    collection = shapes.success(user.post("/collections", json={"name": "c"}), 201)["id"]
    for headers in ({}, {"Content-Type": "application/json", "Accept": "application/json"}):
        for path in (f"/media/{media}/shares", f"/collections/{collection}/shares"):
            share = shapes.success(user.post(path, headers=headers), 201)
            assert share["allow_download"] is True and share["has_password"] is False
            assert shapes.success(user.patch(f"/shares/{share['id']}", headers=headers))["url"] == share["url"]


def test_what_cannot_be_a_policy_is_refused(user):
    media = user.upload()
    path = f"/media/{media['id']}/shares"
    reply = user.post(path, json={"password": 1, "expires_at": "tomorrow", "max_downloads": "3", "allow_download": 1})
    assert faults(reply) == ["allow_download", "expires_at", "max_downloads", "password"]
    reply = user.post(path, json={"password": "", "expires_at": soon(days=-1)})
    assert faults(reply) == ["expires_at", "password"]
    for max_downloads in (0, -1, 1.5, 10**10, True):
        assert faults(user.post(path, json={"max_downloads": max_downloads})) == ["max_downloads"]
    made = share_media(user, media)
    assert faults(user.patch(f"/shares/{made['id']}", json={"max_downloads": 0})) == ["max_downloads"]
    assert faults(user.patch(f"/shares/{made['id']}", json={"allow_download": None})) == ["allow_download"]
    assert shapes.success(user.get("/shares")) == [made]


def test_it_belongs_to_one_account(user, stranger):
    media = user.upload()
    collection = gallery(user, media)
    made = share_media(user, media)
    for path in (f"/media/{media['id']}", f"/collections/{collection['id']}", "/media/media_9999999", "/media/x",
                 "/collections/x"):
        shapes.failure(stranger.post(f"{path}/shares", json={}), "not_found")
        shapes.failure(stranger.get(f"{path}/shares"), "not_found")
    for call in (stranger.get, stranger.delete, lambda path: stranger.patch(path, json={"password": "x"})):
        shapes.failure(call(f"/shares/{made['id']}"), "not_found")
    assert shapes.success(stranger.get("/shares")) == []
    for each in ("share_", "share_x", "share_99999999999999999999", "media_1", made["token"]):
        shapes.failure(user.get(f"/shares/{each}"), "not_found")


def api_key(user, scopes):
    made = shapes.success(user.post("/api-keys", json={"name": "key", "scopes": scopes}), 201)
    return Api(user.root, key=made["secret"])


def test_a_key_needs_both_scopes_to_make_a_link(user):
    media = user.upload(b"bytes", "a.txt")
    collection = gallery(user, media)
    made = share_media(user, media)
    for scopes, names in ((["write"], "read"), (["read"], "write")):
        key = api_key(user, scopes)
        for reply in (
            key.post(f"/media/{media['id']}/shares", json={}),
            key.post(f"/collections/{collection['id']}/shares", json={}),
            key.patch(f"/shares/{made['id']}", json={}),
        ):
            failure = shapes.failure(reply, "forbidden")
            assert f"scope {names}" in failure["message"] and made["token"] not in reply.text
    assert len(shapes.success(user.get(f"/media/{media['id']}/shares"))) == 1
    key = api_key(user, ["read", "write"])
    share_media(key, media), share_collection(key, collection)
    shapes.success(key.patch(f"/shares/{made['id']}", json={}))
    shapes.success(api_key(user, ["write"]).delete(f"/shares/{made['id']}"))


def test_each_share_is_charged(user):
    media = user.upload()
    before = user.me()["charged_bytes"]
    made = share_media(user, media)
    share_media(user, media)
    assert user.me()["charged_bytes"] == before + 512
    user.delete(f"/shares/{made['id']}")
    assert user.me()["charged_bytes"] == before + 256
    user.delete(f"/media/{media['id']}?permanent=true")
    assert user.me()["charged_bytes"] == 0


def test_a_visitor_gets_the_file(user):
    data = samples.noise(10_000)
    made = share_media(user, user.upload(data, "<b>a</b>.bin", title="secret title"))
    page = fetch(made["url"])
    assert page.status_code == 200 and "&lt;b&gt;a&lt;/b&gt;.bin" in page.text and "<b>a" not in page.text
    reply = content(made)
    assert reply.content == data and reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Referrer-Policy"] == "no-referrer" and "Set-Cookie" not in reply.headers
    assert content(made, headers={"Range": "bytes=5-9"}).content == data[5:10]
    assert content(made, params={"download": "1"}).headers["Content-Disposition"].startswith("attachment")
    assert fetch(f"{made['url']}/{made['token']}").status_code == 404


def test_a_gallery_shows_what_is_in_the_collection_now(user):
    photo = user.upload(PHOTO.read_bytes(), "photo.jpg", "image/jpeg")
    song, film, paper = user.upload(b"1", "song.mp3"), user.upload(b"2", "film.mp4"), user.upload(b"3", "p.zip")
    collection = gallery(user, photo, song, film, paper, name="<i>Summer</i> & more", description="<script>x</script>")
    made = share_collection(user, collection)
    page = fetch(made["url"])
    assert "&lt;i&gt;Summer&lt;/i&gt; &amp; more" in page.text and "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert not re.findall(r'(?:src|href|action)="(?!/)', page.text), "nothing from elsewhere"
    # Sounds have a player there, films on their pages.
    assert page.text.count("<video") == 0 and page.text.count("<audio controls") == 1
    assert len(links_of(page)) == 4
    assert sum(fetch(absolute(made, link)).text.count("<video controls") for link in links_of(page)) == 1
    for secret in [photo["uuid"], song["uuid"], collection["id"] + '"']:
        assert secret not in page.text
    for link in links_of(page):
        assert fetch(absolute(made, link)).status_code == 200
        assert fetch(absolute(made, link) + "/content").status_code == 200

    # Added: there at once. Taken out: gone at once, by every address.
    late = user.upload(b"late", "late.txt")
    user.post(f"/collections/{collection['id']}/media", json={"media_id": late["id"]})
    before = set(links_of(page))
    added = set(links_of(fetch(made["url"]))) - before
    assert len(added) == 1
    link = added.pop()
    assert fetch(absolute(made, link) + "/content").content == b"late"
    user.delete(f"/collections/{collection['id']}/media/{late['id']}")
    assert set(links_of(fetch(made["url"]))) == before
    assert fetch(absolute(made, link)).status_code == 404
    assert fetch(absolute(made, link) + "/content").status_code == 404
    shapes.success(user.patch(f"/collections/{collection['id']}", json={"name": "Autumn"}))
    assert "Autumn" in fetch(made["url"]).text


def test_an_empty_gallery_and_many_pages(user):
    collection = gallery(user)
    made = share_collection(user, collection)
    assert "This collection is empty" in fetch(made["url"]).text
    media = [user.upload(b"x", f"file {n:03}.txt") for n in range(103)]
    user.post(f"/collections/{collection['id']}/media", json={"media_ids": [each["id"] for each in media]})
    first, second = fetch(made["url"]), fetch(made["url"], params={"page": 2})
    assert (len(links_of(first)), len(links_of(second))) == (100, 3)
    assert 'rel="next"' in first.text and 'rel="prev"' in second.text and "103 files" in first.text
    for odd in ("x", "0", "-1", "99", "99999999999999999999"):
        assert fetch(made["url"], params={"page": odd}).status_code == 200


def test_a_share_ends_with_what_it_is_of(user):
    media, other = user.upload(b"1"), user.upload(b"2")
    collection = gallery(user, media, other)
    of_media, of_collection = share_media(user, media), share_collection(user, collection)
    user.delete(f"/media/{media['id']}")
    assert content(of_media).status_code == 404 and len(links_of(fetch(of_collection["url"]))) == 1
    user.post(f"/trash/{media['id']}/restore")
    assert content(of_media).status_code == 404, "what was withdrawn stays withdrawn"
    assert len(links_of(fetch(of_collection["url"]))) == 1
    user.delete(f"/collections/{collection['id']}")
    assert fetch(of_collection["url"]).status_code == 404
    assert shapes.success(user.get("/shares")) == []


def test_it_expires(user):
    made = share_media(user, user.upload(b"bytes"), expires_at=soon(days=1))
    assert content(made).status_code == 200
    # The shortest end that can be given; the clock that a test moves is in the core's own tests.
    shapes.success(user.patch(f"/shares/{made['id']}", json={"expires_at": soon(seconds=2)}))
    deadline = datetime.datetime.now() + datetime.timedelta(seconds=20)
    while content(made).status_code == 200:
        assert datetime.datetime.now() < deadline
    assert NOTHING in fetch(made["url"]).text
    assert shapes.success(user.get(f"/shares/{made['id']}"))["id"] == made["id"], "its owner may extend it"


# Visitors ------------------------------------------------------------------------------------------


class Visitor(requests.Session):
    def __init__(self, **headers):
        super().__init__()
        self.trust_env = False
        self.headers.update(headers)

    def fetch(self, url, **options):
        return self.get(url, timeout=30, allow_redirects=False, **options)

    def unlock(self, shared, password, **options):
        return self.post(shared["url"], data={"password": password}, timeout=30, allow_redirects=False, **options)


# Downloads ------------------------------------------------------------------------------------------


def downloads(user, made):
    return shapes.success(user.get(f"/shares/{made['id']}"))["downloads"]


def test_so_many_downloads_and_no_more(user):
    made = share_media(user, user.upload(b"bytes", "a.txt"), max_downloads=2)
    assert content(made).content == b"bytes"
    assert content(made, params={"download": "1"}).content == b"bytes"
    assert content(made).status_code == 404 and NOTHING in fetch(made["url"]).text
    assert downloads(user, made) == 2
    user.patch(f"/shares/{made['id']}", json={"max_downloads": 3})
    assert content(made).status_code == 200 and content(made).status_code == 404


def test_of_32_at_once_so_many_get_it(user):
    data = samples.noise(200_000)
    made = share_media(user, user.upload(data), max_downloads=10)
    replies, gate = [], threading.Barrier(32)

    def run():
        gate.wait()
        replies.append(content(made))

    threads = [threading.Thread(target=run) for _ in range(32)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(reply.status_code for reply in replies) == [200] * 10 + [404] * 22
    assert all(reply.content == data for reply in replies if reply.status_code == 200)
    assert downloads(user, made) == 10


def test_what_sends_no_bytes_is_no_download(user):
    made = share_media(user, user.upload(b"bytes", "a.txt"), max_downloads=1)
    url = made["url"] + "/content"
    for _ in range(3):
        assert fetch(made["url"]).status_code == 200
        assert requests.head(made["url"], timeout=30).status_code == 200
        head = requests.head(url, timeout=30)
        assert head.status_code == 200 and head.headers["Content-Length"] == "5"
        assert fetch(url, headers={"If-None-Match": head.headers["ETag"]}).status_code == 304
        for headers, status in (({"If-Match": '"other"'}, 412), ({"Range": "bytes=10-"}, 416)):
            refused = fetch(url, headers=headers)
            assert refused.status_code == status and refused.headers["ETag"] == head.headers["ETag"]
            assert refused.headers["Content-Type"].startswith("text/html") and refused.text
    assert downloads(user, made) == 0
    assert fetch(url).content == b"bytes" and downloads(user, made) == 1


@pytest.mark.parametrize("password", [None, "secret"])
def test_a_used_up_share_tells_nothing(user, password):
    policy = {"max_downloads": 1, **({"password": password} if password else {})}
    made = share_media(user, user.upload(b"bytes", "concealed.txt"), **policy)
    url = made["url"] + "/content"
    first, other = Visitor(**{"User-Agent": "first/1"}), Visitor(**{"User-Agent": "other/1"})
    if password:
        assert first.unlock(made, password).status_code == other.unlock(made, password).status_code == 303
    got = first.fetch(url, headers={"Range": "bytes=0-1"})
    assert got.status_code == 206 and downloads(user, made) == 1
    tag = got.headers["ETag"]

    conditions = (
        {}, {"Range": "bytes=0-1"}, {"Range": "bytes=10-"}, {"If-None-Match": tag}, {"If-None-Match": "*"},
        {"If-Match": '"other"'}, {"If-Unmodified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"},
    )
    for visitor in (other, Visitor()):
        for method in ("GET", "HEAD"):
            for headers in conditions:
                reply = visitor.request(method, url, headers=headers, timeout=30)
                assert reply.status_code == 404, (method, headers)
                assert "ETag" not in reply.headers and "Repr-Digest" not in reply.headers
                assert "concealed" not in reply.text + str(reply.headers)
        assert visitor.fetch(made["url"]).status_code == visitor.unlock(made, "secret").status_code == 404

    # The download that was counted goes on, with what its program asks before. All else is another one.
    head = first.head(url, headers={"Range": "bytes=2-"}, timeout=30)
    assert head.status_code == 200 and head.headers["ETag"] == tag
    for method in ("GET", "HEAD"):
        for headers in conditions:
            if "Range" not in headers:
                reply = first.request(method, url, headers=headers, timeout=30)
                assert reply.status_code == 404 and "ETag" not in reply.headers, (method, headers)
    assert first.fetch(url, headers={"Range": "bytes=2-", "If-Range": tag}).content == b"tes"
    assert first.fetch(url).status_code == 404
    assert downloads(user, made) == 1


@pytest.mark.parametrize("agent", PREVIEWS)
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-32768"}, {"Range": "bytes=0-"}])
def test_a_link_preview_gets_a_page_and_no_bytes(user, agent, headers):
    made = share_media(user, user.upload(b"the bytes", "a.txt"), max_downloads=1)
    for url in (made["url"], made["url"] + "/content"):
        reply = fetch(url, headers={"User-Agent": agent, **headers})
        assert reply.status_code == 200 and reply.headers["Content-Type"].startswith("text/html")
        assert "a.txt" in reply.text and "the bytes" not in reply.text
    assert downloads(user, made) == 0
    assert content(made).content == b"the bytes"
    assert fetch(made["url"] + "/content", headers={"User-Agent": agent}).status_code == 404


def test_a_preview_does_not_get_past_the_password(user):
    made = share_media(user, user.upload(b"bytes", "concealed.txt"), password="secret")
    reply = content(made, headers={"User-Agent": PREVIEWS[0]})
    assert "concealed" not in reply.text and 'type="password"' in reply.text


def test_the_parts_of_one_download_count_once(user):
    data = samples.noise(300_000)
    made = share_media(user, user.upload(data, "film.mp4"), max_downloads=1)
    player = Visitor(**{"User-Agent": "player/1"})
    url = made["url"] + "/content"
    got = bytearray()
    for first in range(0, len(data), 50_000):
        reply = player.fetch(url, headers={"Range": f"bytes={first}-{first + 49_999}"})
        assert reply.status_code == 206
        got += reply.content
    assert bytes(got) == data and downloads(user, made) == 1
    assert player.fetch(url, headers={"Range": "bytes=0-"}).content == data
    assert player.fetch(url).status_code == 404, "the whole of it is another download"
    other = Visitor(**{"User-Agent": "player/2"})
    assert other.fetch(url, headers={"Range": "bytes=0-9"}).status_code == 404


def test_a_counted_download_sends_the_file_twice(user):
    data = samples.noise(100_000)
    made = share_media(user, user.upload(data, "film.mp4"), max_downloads=2)
    player = Visitor(**{"User-Agent": "player/1"})
    url = made["url"] + "/content"
    part = {"Range": "bytes=1-"}
    for number in range(2 * 3):
        assert player.fetch(url, headers=part).content == data[1:]
        assert downloads(user, made) == 1 + number // 3
    for method in ("GET", "HEAD"):
        assert player.request(method, url, headers=part, timeout=30).status_code == 404
    assert downloads(user, made) == 2


def test_parts_that_begin_at_once_count_once(user):
    data = samples.noise(800_000)
    made = share_media(user, user.upload(data, "film.mp4"), max_downloads=1)
    replies, gate = [], threading.Barrier(8)

    def run(number):
        gate.wait()
        first = number * 100_000
        headers = {"Range": f"bytes={first}-{first + 99_999}", "User-Agent": "many parts/1"}
        replies.append((first, content(made, headers=headers)))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert [reply.status_code for _, reply in replies] == [206] * 8
    assert b"".join(reply.content for _, reply in sorted(replies, key=lambda each: each[0])) == data
    assert downloads(user, made) == 1


def test_a_gallery_that_counts_loads_nothing_by_itself(user):
    media = [user.upload(b"1", "a.jpg"), user.upload(b"2", "b.mp3"), user.upload(b"3", "c.mp4")]
    made = share_collection(user, gallery(user, *media), max_downloads=2)
    page = fetch(made["url"])
    assert "src=" not in page.text
    links = links_of(page)
    assert len(links) == 3
    for link in links:
        assert 'preload="metadata"' not in fetch(absolute(made, link)).text
    assert downloads(user, made) == 0
    codes = [fetch(absolute(made, link) + "/content").status_code for link in links]
    assert codes == [200, 200, 404]


def test_for_looking_at_only(user):
    media = [user.upload(b"1", "a.jpg", "image/jpeg"), user.upload(b"2", "b.zip", "application/zip")]
    made = share_collection(user, gallery(user, *media), allow_download=False)
    photo, archive = sorted(links_of(fetch(made["url"])), key=lambda link: "ZIP" in fetch(absolute(made, link)).text)
    page = fetch(absolute(made, photo))
    assert "Download" not in page.text and "<img" in page.text
    shown = fetch(absolute(made, photo) + "/content")
    assert shown.status_code == 200 and shown.headers["Content-Disposition"].startswith("inline")
    refused = fetch(absolute(made, photo) + "/content?download=1")
    assert refused.status_code == 403 and "downloads are not allowed" in refused.text
    assert fetch(absolute(made, archive) + "/content").status_code == 403
    assert "allows viewing only" in fetch(absolute(made, archive)).text
    user.patch(f"/shares/{made['id']}", json={"allow_download": True})
    assert fetch(absolute(made, archive) + "/content?download=1").content == b"2"


def test_it_survives_a_restart(launch):
    server = launch({"public_url": "https://vault.example/files"})
    user = server.user()
    made = share_media(user, user.upload(b"bytes"), max_downloads=2)
    assert made["url"] == f"https://vault.example/files/s/{made['token']}"
    own = f"{server.url}/s/{made['token']}"
    assert fetch(own + "/content").content == b"bytes"
    server.kill()
    server.start()
    own = f"{server.url}/s/{made['token']}"
    assert fetch(own + "/content").status_code == 200 and fetch(own + "/content").status_code == 404
    assert 'href="/files/s/' in fetch(own).text or NOTHING in fetch(own).text


def test_a_deleted_account_has_no_shares(launch):
    server = launch()
    user = server.user()
    made = share_media(user, user.upload(b"bytes"))
    done = program.run("user", "delete", user.username, "--yes", "--data", server.data)
    assert done.returncode == 0, done
    assert content(made).status_code == 404 and fetch(made["url"]).status_code == 404


def test_a_share_too_many_is_a_matter_of_quota(user):
    media = user.upload(b"bytes", "a.txt")
    path = f"/media/{media['id']}/shares"
    made = [shapes.success(user.post(path, json={}), 201) for _ in range(100)]
    error = shapes.failure(user.post(path, json={}), "quota_exceeded")
    assert error["message"] == "a file or collection has at most 100 shares; revoke one"
    shapes.success(user.delete(f"/shares/{made[0]['id']}"))
    shapes.success(user.post(path, json={}), 201)
