"""What share pages show of files: text, documents, players, galleries, and what chats show of links."""

import html
import re

import pytest
import requests

from harness import samples, shapes
from harness.streamvault import StreamVault, fetch

EXCERPT_MAX = 64 << 10
PHOTO = samples.MEDIA / "photos" / "gps_nikon.jpg"
CHAT = "TelegramBot (like TwitterBot)"


@pytest.fixture
def caller(shared):
    return StreamVault.registered(shared)


def page(url, **options):
    """A page, on which no script runs."""
    reply = fetch(url, **options)
    assert reply.status_code == 200, reply.text[:500]
    policy = reply.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy and not [part for part in policy if part.startswith("script-src")]
    assert "<script" not in reply.text.lower() and not re.search(r"<[^>]*\s(on\w+|style)\s*=", reply.text)
    return reply


def text_of(reply):
    """The text that the page of a file shows."""
    found = re.search(r'<pre class="reader"[^>]*>\n(.*?)</pre>', reply.text, re.DOTALL)
    return html.unescape(found.group(1)) if found else None


def card(reply):
    """The Open Graph tags of a page."""
    return {name: html.unescape(value) for name, value in re.findall(r'<meta property="og:(\w+)" content="([^"]*)">', reply.text)}


def share(user, media, **policy):
    return shapes.success(user.post(f"/media/{media['id']}/shares", json=policy), 201)


def collection_of(user, *media, **fields):
    made = shapes.success(user.post("/collections", json={"name": "Summer", **fields}), 201)
    shapes.success(user.post(f"/collections/{made['id']}/media", json={"media_ids": [each["id"] for each in media]}))
    return made


# Text.


@pytest.mark.parametrize("name", ["notes.md", "notes.txt", "data.json", "page.html", "feed.xml", "code.py", "table.csv"])
def test_text_is_shown_as_text(caller, name):
    text = "# Title\n\n<script>document.title='ran'</script>\t</pre><img src=x onerror=alert(1)>\n&lt; ä 😀\n"
    file = caller.upload(text.encode(), name)
    reply = page(file["share_url"])
    assert text_of(reply) == text
    assert "<img" not in reply.text and "Only the beginning is shown" not in reply.text


def test_a_long_text_is_shown_up_to_a_bound(caller):
    text = "".join(f"{line} €uro and 😀\n" for line in range(20_000))
    file = caller.upload(text.encode(), "long.md", chunks=3)
    reply = page(file["share_url"])
    shown = text_of(reply)
    assert text.startswith(shown) and shown.endswith("\n") and EXCERPT_MAX - 100 < len(shown.encode()) <= EXCERPT_MAX
    assert "Only the beginning is shown" in reply.text and len(reply.content) < EXCERPT_MAX * 1.5
    # Nothing but what has to be escaped.
    reply = page(caller.upload(b"&" * 1_000_000, "ampersands.txt")["share_url"])
    assert text_of(reply) == "&" * EXCERPT_MAX and len(reply.content) < EXCERPT_MAX * 6


@pytest.mark.parametrize("data", [b"\xff\xfeh\0i\0", b"caf\xe9", b"a\0b", b"\x80" * 100_000, b"\xed\xa0\x80"])
def test_what_is_no_text_is_not_shown(caller, data):
    reply = page(caller.upload(data, "a.md")["share_url"])
    assert text_of(reply) is None and "not text in UTF-8" in reply.text and "Download" in reply.text


def test_line_ends_marks_and_controls(caller):
    reply = page(caller.upload(b"\xef\xbb\xbfa\r\nb\rc\n\x1b[31md\x07", "a.txt")["share_url"])
    assert text_of(reply) == "a\nb\nc\n\ufffd[31md\ufffd"
    reply = page(caller.upload(b"", "empty.txt")["share_url"])
    assert text_of(reply) is None and "This file is empty" in reply.text


def test_a_counted_text_is_not_shown_unasked(user):
    media = user.upload(b"the bytes", "a.txt")
    made = share(user, media, max_downloads=1)
    for headers in ({}, {"User-Agent": CHAT}):
        assert "the bytes" not in page(made["url"], headers=headers).text
    assert shapes.success(user.get(f"/shares/{made['id']}"))["downloads"] == 0
    assert fetch(made["url"] + "/content").content == b"the bytes"


def test_text_needs_the_password(user):
    made = share(user, user.upload(b"the bytes", "concealed.txt"), password="open sesame")
    reply = page(made["url"])
    assert "the bytes" not in reply.text and "concealed" not in reply.text
    assert card(reply) == {}


def test_text_to_be_looked_at_only(user):
    text, other = user.upload(b"# the text", "a.md"), user.upload(b"\xff\xfe", "b.md")
    made = share(user, text, allow_download=False)
    reply = page(made["url"])
    assert text_of(reply) == "# the text" and "Download" not in reply.text and "allows viewing only" not in reply.text
    assert fetch(made["url"] + "/content").status_code == 403
    assert "allows viewing only" in page(share(user, other, allow_download=False)["url"]).text


# Documents, films, sounds.


def test_a_pdf_opens_in_the_browsers_own_viewer(user):
    media = user.upload(b"%PDF-1.4 ticket", 'a "ticket".pdf')
    made = share(user, media)
    reply = page(made["url"])
    [source] = re.findall(r'<iframe src="([^"]+)" title="a &quot;ticket&quot;.pdf"></iframe>', reply.text)
    assert made["url"].endswith(source.removesuffix("/content"))
    policy = reply.headers["Content-Security-Policy"].split("; ")
    assert "frame-src 'self'" in policy and "frame-ancestors 'none'" in policy
    content = fetch(made["url"] + "/content")
    assert content.headers["Content-Type"] == "application/pdf" and content.headers["Content-Disposition"].startswith("inline")
    counted = page(share(user, media, max_downloads=1)["url"])
    assert "<iframe" not in counted.text and "frame-src" not in counted.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "name, data, player, says",
    [
        ("a.mp4", b"\0\0\0\x18ftypmp42", "<video", "your browser does not know this format"),
        ("a.mov", b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "<video", "Not every browser plays this format"),
        ("a.mp3", b"ID3\x03\0", "<audio", "your browser does not know this format"),
        ("a.aiff", b"FORM\0\0\0\0AIFF", "<audio", "Not every browser plays this format"),
        ("a.avi", b"RIFF\0\0\0\0AVI LIST", None, "Browsers cannot play this format"),
        ("a.wmv", b"", None, "Browsers cannot play this format"),
        ("a.ape", b"MAC \x96\x0f", None, "Browsers cannot play this format"),
    ],
)
def test_players_say_what_to_do_when_nothing_plays(user, name, data, player, says):
    media = user.upload(data, name)
    text = page(share(user, media)["url"]).text
    assert says in text and "ownload the file and open it in a media player" in text and ">Download</a>" in text
    assert [tag for tag in ("<video", "<audio") if tag in text] == ([player] if player else [])
    shown = share(user, media, allow_download=False)
    text = page(shown["url"]).text
    assert says in text and "ownload" not in text.replace("downloads", "")
    assert fetch(shown["url"] + "/content").status_code == (200 if player else 403)


# Galleries.


def test_a_folder_with_pictures_is_a_gallery(caller):
    top = caller.folder("Top")
    caller.folder("Inner", parent=top["token"])
    for data, name in ((PHOTO.read_bytes(), "b.jpg"), (PHOTO.read_bytes(), "<a>.jpg"), (b"\0\0\0\x18ftypmp42", "film.mp4"),
                       (b"ID3\x03\0", "song.mp3"), (b"x", "x.zip"), (b"RIFF\0\0\0\0AVI LIST", "old.avi")):
        caller.upload(data, name, folder=top["token"])
    text = page(top["share_url"]).text
    tiles = text[text.index('<ul class="gallery">') : text.index("</ul>", text.index('<ul class="gallery">'))]
    assert re.findall(r'class="name" dir="auto">([^<]+)<', tiles) == ["&lt;a&gt;.jpg", "b.jpg", "film.mp4"]
    # A film without a picture has a symbol; it plays on its page.
    assert tiles.count("<img") == 2 and tiles.count('class="badge"') == 1 and "<video" not in tiles
    below = text[text.index(tiles) + len(tiles) :]
    assert re.findall(r'class="name" dir="auto">([^<]+)<', below) == ["old.avi", "song.mp3", "x.zip"]
    assert below.count("<audio controls") == 1 and "<video" not in below
    assert text.index("Inner") < text.index('<ul class="gallery">')
    # One without is the list that it was.
    plain = caller.folder("Plain")
    caller.upload(b"x", "x.zip", folder=plain["token"])
    assert 'class="gallery"' not in page(plain["share_url"]).text


# What chats show.


def test_a_link_to_a_file_previews(user):
    media = user.upload(PHOTO.read_bytes(), 'Sea & "<sky>".jpg')
    made = share(user, media)
    for headers in ({}, {"User-Agent": CHAT}):
        assert card(page(made["url"], headers=headers)).items() >= {
            "site_name": "Coffer", "type": "website", "title": 'Sea & "<sky>".jpg', "url": made["url"]}.items()
    assert re.match(r"JPG picture · \d+ KB", card(page(made["url"]))["description"])
    shapes.success(user.patch(f"/media/{media['id']}", json={"description": "At the coast.\n" + "Long. " * 500}))
    described = card(page(made["url"]))["description"]
    assert described.startswith("At the coast.\nLong.") and described.endswith("…") and len(described) < 600
    film = share(user, user.upload(b"\0\0\0\x18ftypmp42", "a.mp4"))
    assert card(page(film["url"]))["type"] == "video.other"


def test_links_to_folders_and_collections_preview(user, caller):
    top = caller.folder("Top", description="A week by the sea")
    inner = caller.folder("Inner", parent=top["token"])
    caller.upload(b"x" * 2048, "x.zip", folder=inner["token"])
    assert card(page(top["share_url"])) == {
        "site_name": "Coffer", "type": "website", "title": "Top", "description": "A week by the sea", "url": top["share_url"]}
    [below] = re.findall(r'href="(/s/[0-9a-f-]+/[0-9a-f-]+)"', page(top["share_url"]).text)
    url = caller.server.url + below
    assert card(page(url)) == {"site_name": "Coffer", "type": "website", "title": "Inner", "description": "1 file · 2 KB", "url": url}
    made = collection_of(user, user.upload(b"1", "a.zip"), user.upload(b"2", "b.zip"))
    shared = shapes.success(user.post(f"/collections/{made['id']}/shares", json={}), 201)
    assert card(page(shared["url"]))["description"] == "2 files" and card(page(shared["url"]))["url"] == shared["url"]


def test_previews_name_the_public_address(launch):
    server = launch({"public_url": "https://vault.example/files"})
    user = server.user()
    made = share(user, user.upload(b"bytes", "a.zip"))
    assert card(page(f"{server.url}/s/{made['token']}"))["url"] == f"https://vault.example/files/s/{made['token']}"


def test_what_does_not_open_has_no_preview(user):
    media = user.upload(b"bytes", "concealed.zip")
    used = share(user, media, max_downloads=1)
    assert fetch(used["url"] + "/content").content == b"bytes"
    reply = fetch(used["url"], headers={"User-Agent": CHAT})
    assert reply.status_code == 404 and "og:" not in reply.text and "concealed" not in reply.text
    assert "og:" not in requests.get(used["url"].rpartition("/")[0] + "/none", timeout=30).text
