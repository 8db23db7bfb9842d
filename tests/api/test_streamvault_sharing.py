"""What is read by token: share pages, media paths, QR codes, and their end."""

import html
import re
import shutil
import subprocess
import urllib.parse

import pytest

from harness import forms, program, samples
from harness.streamvault import NO_FILE, NO_FOLDER, StreamVault, expect, fetch, refuse

POLICY = {
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self'",
    "media-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
}
PHOTO = samples.MEDIA / "photos" / "gps_nikon.jpg"


@pytest.fixture
def caller(shared):
    return StreamVault.registered(shared)


def page(url, status=200):
    """A share page's HTML; what protects it is looked at each time."""
    reply = fetch(url)
    assert reply.status_code == status, reply.text[:500]
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert set(reply.headers["Content-Security-Policy"].split("; ")) == POLICY
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in reply.headers["X-Robots-Tag"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    text = reply.content.decode()
    assert "<script" not in text.lower() and "javascript:" not in text.lower()
    assert not re.search(r"<[^>]*\s(on\w+|style)\s*=", text)
    assert '<meta name="robots" content="noindex' in text
    return text


def links(text, server):
    return [urllib.parse.urljoin(server.url, html.unescape(link)) for link in re.findall(r'href="([^"]+)"', text)]


def at(server, path):
    return server.url + path


# QR codes.


def decode(image, path):
    """What a real decoder reads from a picture."""
    assert shutil.which("zbarimg"), "zbarimg is missing: apt-get install zbar-tools"
    path.write_bytes(image)
    done = subprocess.run(["zbarimg", "--quiet", "--raw", str(path)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_scanned_code_opens_the_share_page(caller, tmp_path, what):
    thing = caller.upload(b"x", "shared.txt") if what == "file" else caller.folder("shared")
    reply = expect(StreamVault(caller.server).get(f"/api/v3/qr/{thing['token']}/"))
    image = fetch(reply["qr_url"])
    assert image.headers["Content-Type"] == "image/png" and image.headers["X-Content-Type-Options"] == "nosniff"
    url = decode(image.content, tmp_path / "qr.png")
    assert url == thing["share_url"] == reply["share_url"]
    assert "shared" in page(url)


def test_a_code_as_svg(caller, tmp_path):
    folder = caller.folder()
    reply = expect(caller.get(f"/api/v3/qr/{folder['token']}/", params={"format": "svg"}))
    assert reply["qr_url"].endswith(".svg")
    image = fetch(reply["qr_url"])
    assert image.headers["Content-Type"] == "image/svg+xml"
    # Drawn from its runs of modules, eight pixels each, for the decoder knows no SVG.
    side = int(re.search(r'viewBox="0 0 (\d+) ', image.text).group(1))
    rows = [bytearray(b"\xff" * side) for _ in range(side)]
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", image.text):
        for column in range(int(x), int(x) + int(length)):
            rows[int(y)][column] = 0
    pixels = b"".join(bytes(value for value in row for _ in range(8)) * 8 for row in rows)
    pgm = b"P5 %d %d 255\n" % (side * 8, side * 8) + pixels
    assert decode(pgm, tmp_path / "qr.pgm") == folder["share_url"]
    refuse(caller.get(f"/api/v3/qr/{folder['token']}/", params={"format": "gif"}), 400, format=None)


def test_the_public_url_is_in_codes_and_links(launch, tmp_path):
    server = launch({"public_url": "https://vault.example.org"})
    caller = StreamVault.registered(server)
    folder = caller.folder()
    assert folder["share_url"] == f"https://vault.example.org/s/{folder['token']}"
    reply = expect(caller.get(f"/api/v3/qr/{folder['token']}/"))
    assert reply["qr_url"].startswith("https://vault.example.org/storage/media/qr/")
    path = urllib.parse.urlsplit(reply["qr_url"]).path
    assert decode(fetch(server.url + path).content, tmp_path / "qr.png") == folder["share_url"]


@pytest.mark.parametrize("name", ["x.png", "00000000-0000-4000-8000-000000000000.png", ".png", "a%2fb.png", "%00.png"])
def test_codes_of_nothing(caller, name):
    refuse(fetch(at(caller.server, f"/storage/media/qr/{name}")), 404, NO_FILE)
    token = caller.folder()["token"]
    for ending in ("", ".gif", ".png.png"):
        refuse(fetch(at(caller.server, f"/storage/media/qr/{token}{ending}")), 404, NO_FILE)


# Media paths.


def media_url(caller, file):
    changed = expect(caller.put(f"/api/v4/files/{file['uuid']}/update/", json={"name": file["file_name"]}))
    return at(caller.server, "/storage/media/" + changed["file"])


def test_the_media_path_is_a_permission(caller):
    data = samples.noise(5000)
    file = caller.upload(data, "my file.mp4", chunks=3)
    url = media_url(caller, file)
    reply = fetch(url)
    assert reply.content == data
    assert reply.headers["Accept-Ranges"] == "bytes" and reply.headers["ETag"]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert fetch(url, headers={"Range": "bytes=1-3"}).content == data[1:4]
    assert fetch(url, headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304
    assert fetch(url + "?download=1").headers["Content-Disposition"].startswith("attachment")
    # The name in it may be the one that the file had; the day is its day.
    expect(caller.put(f"/api/v4/files/{file['uuid']}/update/", json={"name": "renamed.mp4"}))
    assert fetch(url).content == data
    renamed = url.replace("my%20file", "anything").replace("my file", "anything")
    assert fetch(renamed).content == data
    day = file["created_at"][:10].replace("-", "/")
    refuse(fetch(url.replace(day, "2001/01/01")), 404, NO_FILE)
    for wrong in (file["token"], "00000000-0000-7000-8000-000000000000", file["uuid"][:-1]):
        refuse(fetch(url.replace(file["uuid"], wrong)), 404, NO_FILE)
    refuse(fetch(at(caller.server, f"/storage/media/uploads/{day}/{file['uuid']}")), 404, NO_FILE)
    expect(caller.delete(f"/api/v4/files/{file['uuid']}/delete/"))
    refuse(fetch(url), 404, NO_FILE)


def test_a_folder_has_no_media_path(caller):
    folder = caller.folder()
    day = folder["created_at"][:10].replace("-", "/")
    refuse(fetch(at(caller.server, f"/storage/media/uploads/{day}/{folder['uuid']}_Music")), 404, NO_FILE)


@pytest.mark.parametrize("path", ["uploads", "uploads/2025", "uploads/2025/10/19", "", "../../coffer.db", "uploads/%2e%2e/%2e%2e/%2e%2e/coffer.db", "uploads/2025/10/19/%00"])
def test_media_paths_of_nothing(shared, path):
    with shared.wire() as wire:
        reply = wire.request("GET", "/storage/media/" + path)
    assert reply.status_code in (400, 404) and "SQLite" not in reply.text


@pytest.mark.parametrize("name, data", [("x.html", b"<script>alert(1)</script>"), ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), ("x.xml", b"<?xml version='1.0'?><x/>")])
def test_uploads_run_nothing_on_our_origin(caller, name, data):
    file = caller.upload(data, name)
    for url in (file["view_url"], file["download_url"], media_url(caller, file)):
        reply = fetch(url)
        assert reply.content == data
        assert reply.headers["Content-Security-Policy"] == "sandbox"
        assert reply.headers["X-Content-Type-Options"] == "nosniff"


# Share pages.


def test_the_page_of_a_file(caller):
    file = caller.upload(PHOTO.read_bytes(), "Beach & <sea>.jpg")
    text = page(file["share_url"])
    assert "Beach &amp; &lt;sea&gt;.jpg" in text and "<sea>" not in text
    assert "JPG picture" in text and file["size"] in text
    [source] = re.findall(r'<img src="([^"]+)"', text)
    assert fetch(at(caller.server, source)).content == PHOTO.read_bytes()
    kept = [fetch(link) for link in links(text, caller.server) if "download" in link]
    assert kept and kept[0].content == PHOTO.read_bytes()
    assert kept[0].headers["Content-Disposition"].startswith("attachment")
    assert kept[0].headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "name, data, tag",
    [("a.mp4", b"\0\0\0\x18ftypmp42", "<video controls"), ("a.mp3", b"ID3\x03\0", "<audio controls"),
     ("a.bin", b"\x01\x02", None), ("a.html", b"<p>x</p>", None)],
)
def test_pages_of_other_files(caller, name, data, tag):
    file = caller.upload(data, name)
    text = page(file["share_url"])
    for player in ("<video", "<audio", "<img"):
        assert (player in text) == (tag is not None and tag.startswith(player)), player
    assert "Download" in text


def test_the_page_of_a_folder(caller):
    top = caller.folder("Top <b>", description="About & more\nsecond line")
    inner = caller.folder("Inner", parent=top["token"])
    caller.folder("Beside", parent=inner["token"])
    deep = caller.upload(b"deep" * 1000, "deep.txt", folder=inner["token"])
    photo = caller.upload(PHOTO.read_bytes(), "photo.jpg", folder=top["token"])
    outside = caller.upload(b"outside", "outside.txt")
    text = page(top["share_url"])
    assert "Top &lt;b&gt;" in text and "About &amp; more" in text and "outside.txt" not in text
    assert "1 folder<" in text and "1 file<" in text
    assert text.index("Inner") < text.index("photo.jpg")
    assert photo["size"] in text
    [thumb] = re.findall(r'<img src="([^"]+)" alt="" loading="lazy"', text)
    assert fetch(at(caller.server, thumb)).content == PHOTO.read_bytes()

    [below] = [link for link in links(text, caller.server) if link.startswith(top["share_url"] + "/")][:1]
    inner_text = page(below)
    assert "Top &lt;b&gt;" in inner_text and "Beside" in inner_text and "4 KB" in inner_text
    assert top["share_url"] in links(inner_text, caller.server)
    assert not any(secret in text + inner_text for thing in (inner, deep, photo) for secret in (thing["uuid"], thing["token"]))
    rows = [link for link in links(inner_text, caller.server) if link.startswith(top["share_url"] + "/")]
    [leaf] = [link for link in rows if link != below][-1:]
    leaf_text = page(leaf)
    assert "deep.txt" in leaf_text
    [content] = [link for link in links(leaf_text, caller.server) if link.endswith("download=1")]
    assert fetch(content).content == b"deep" * 1000
    # Only what lies below, whatever else one knows of.
    page(f"{top['share_url']}/{outside['uuid']}", 404)
    page(f"{inner['share_url']}/{photo['uuid']}", 404)
    page(f"{top['share_url']}/{outside['uuid']}/content", 404)
    page(f"{top['share_url']}/{deep['token']}", 404)
    page(f"{top['share_url']}/content", 404)
    page(f"{deep['share_url']}/{deep['uuid']}x", 404)
    assert page(f"{deep['share_url']}/{deep['uuid']}") == page(deep["share_url"])


def test_an_empty_folder(caller):
    assert "This folder is empty" in page(caller.folder()["share_url"])


@pytest.mark.parametrize("name", ['"><script>alert(1)</script>', "'onerror='x", "a\x00b\x1b[31m", "&lt;", "\u202egnp.exe", "😀" * 50])
def test_names_are_text_in_pages(caller, name):
    folder = caller.folder(name, description=name.replace("\x00", ""))
    file = caller.upload(b"\xff\xd8\xff\xe0", name + ".jpg", folder=folder["token"])
    for text in (page(folder["share_url"]), page(file["share_url"])):
        assert "\x00" not in text and "\x1b" not in text
        assert html.escape(name.replace("\x00", "\ufffd").replace("\x1b", "\ufffd"), quote=True).replace("&#x27;", "&#39;") in text


def test_long_folders_come_in_pages(caller):
    folder = caller.folder("long")
    for number in range(30):
        caller.folder(f"sub {number:02}", parent=folder["token"])
    wanted = {f"sub {number:02}" for number in range(30)}
    native = caller.native()
    for batch in range(4):
        parts = [forms.Part("file", b"%d" % index, f"file {batch}-{index:02}.txt") for index in range(60)]
        for one in native.send_form(parts).json()["data"]:
            move = {"file_id": one["uuid"], "folder_token": folder["token"]}
            expect(caller.post("/api/v3/files_move/", json=move))
            wanted.add(one["filename"])
    seen, url = [], folder["share_url"]
    for _ in range(3):
        text = page(url)
        seen += re.findall(r'class="name" dir="auto">([^<]+)<', text)
        more = [link for link in links(text, caller.server) if "after=" in link]
        if not more:
            break
        [url] = more
    assert len(seen) == len(set(seen)) == 270 and set(seen) == wanted
    assert seen == sorted(name for name in wanted if name.startswith("sub")) + sorted(
        name for name in wanted if name.startswith("file")
    )
    # A place that is none is no error.
    assert page(folder["share_url"] + "?after=rubbish") == page(folder["share_url"])


@pytest.mark.parametrize(
    "path", ["/s/x", "/s/00000000-0000-4000-8000-000000000000", "/s/x/content", "/s/%00", "/s", "/s/a/b/c/d", "/s/..%2f..%2fetc"]
)
def test_links_that_lead_nowhere(shared, path):
    assert "This link leads nowhere" in page(at(shared, path), 404)


def test_only_the_token_opens_a_page(caller):
    """Neither the UUID nor the number, whoever asks."""
    file = caller.upload()
    for ref in (file["uuid"], file["file_id"]):
        page(at(caller.server, f"/s/{ref}"), 404)
        assert caller.get(at(caller.server, f"/s/{ref}")).status_code == 404


def test_pages_are_only_read(caller):
    url = caller.folder()["share_url"]
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        reply = caller.call(method, url)
        assert reply.status_code == 405 and reply.headers["Content-Type"].startswith("text/html")
    reply = caller.head(url)
    assert reply.status_code == 200 and reply.content == b"" and int(reply.headers["Content-Length"]) > 500


def test_style_and_icon(shared, caller):
    text = page(caller.folder()["share_url"])
    [style] = [link for link in links(text, shared) if "style.css" in link]
    reply = fetch(style)
    assert reply.headers["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in reply.headers["Cache-Control"]
    assert "prefers-color-scheme: dark" in reply.text
    assert "url(" not in reply.text and "@import" not in reply.text
    [icon] = [link for link in links(text, shared) if "icon" in link]
    assert fetch(icon).headers["Content-Type"] == "image/svg+xml"


# The end of sharing.


def test_a_revoked_token_shows_nothing(caller):
    folder = caller.folder()
    file = caller.upload(b"x", folder=folder["token"])
    for old, path, missing in ((file, "files", NO_FILE), (folder, "folders", NO_FOLDER)):
        assert expect(caller.get(f"/api/v3/share/{old['token']}/"))["token"] == old["token"]
        fresh = expect(caller.delete(f"/api/v3/share/{old['token']}/"))
        assert fresh["token"] != old["token"] and fresh["share_url"].endswith(fresh["token"])
        refuse(StreamVault(caller.server).get(f"/api/v3/{path}/{old['token']}/"), 404, missing)
        refuse(caller.get(f"/api/v3/{path}/{old['token']}/"), 404, missing)
        refuse(caller.get(f"/api/v3/qr/{old['token']}/"), 404, NO_FILE)
        refuse(fetch(at(caller.server, f"/storage/media/qr/{old['token']}.png")), 404, NO_FILE)
        assert "leads nowhere" in page(old["share_url"], 404)
        page(fresh["share_url"])
        expect(StreamVault(caller.server).get(f"/api/v3/{path}/{fresh['token']}/"))
    page(f"{folder['share_url']}/{file['uuid']}", 404)
    page(f"{folder['share_url']}/{file['uuid']}/content", 404)
    assert fetch(file["view_url"]).status_code == 404
    assert fetch(file["download_url"]).status_code == 404


@pytest.mark.parametrize("value", [5, True, [], {}, "", "tomorrow", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T25:00Z", "2026-01-01T00:00:00Zx", "0000-01-01T00:00:00Z"], ids=repr)
def test_ends_that_are_none(caller, value):
    folder = caller.folder()
    reply = caller.post(f"/api/v3/share/{folder['token']}/", json={"expires_at": value})
    assert refuse(reply, 400, expires_at=None)["expires_at"][0].startswith("Datetime has wrong format.")
    refuse(caller.post(f"/api/v3/share/{folder['token']}/", json={}), 400, expires_at=["This field is required."])
    assert expect(caller.get(f"/api/v3/share/{folder['token']}/"))["expires_at"] is None


@pytest.mark.parametrize(
    "value, shown",
    [("2099-01-02T03:04:05Z", "2099-01-02T03:04:05Z"), ("2099-01-02T03:04", "2099-01-02T03:04:00Z"),
     ("2099-01-02 03:04:05.678901+02:30", "2099-01-02T00:34:05Z"), ("2099-12-31T23:59:59-01:00", "2100-01-01T00:59:59Z"),
     ("1969-01-01T00:00:00Z", "1969-01-01T00:00:00Z")],
)
def test_ends_in_many_forms(caller, value, shown):
    folder = caller.folder()
    reply = expect(caller.post(f"/api/v3/share/{folder['token']}/", json={"expires_at": value}))
    assert reply["expires_at"] == shown
    page(reply["share_url"], 200 if shown > "2026" else 404)


def every_door(server, thing):
    """Where what a reader was shown for a file leads, without credentials."""
    token, uuid = thing["token"], thing["uuid"]
    day = thing["created_at"][:10].replace("-", "/")
    paths = [f"/s/{token}", f"/s/{token}/content", f"/storage/api/v3/files/{token}/", f"/storage/api/v3/qr/{token}/",
             f"/storage/media/qr/{token}.png", f"/storage/media/uploads/{day}/{uuid}_{thing['file_name']}"]
    return [at(server, path) for path in paths] + [thing["view_url"], thing["download_url"], thing["share_url"]]


@pytest.mark.parametrize("end", ["expires", "revoked", "moved"])
def test_what_a_folder_showed_ends_with_its_share(caller, end):
    """Reader and visitor know only what the folder's token led to: pages, views, tokens, folders in it."""
    top = caller.folder("top")
    inner = caller.folder("inner", parent=top["token"])
    file = caller.upload(b"child", "child.txt", folder=inner["token"])
    nobody = StreamVault(caller.server)
    [below] = expect(nobody.get(f"/api/v3/folders/{top['token']}/"))["subfolders"]
    [shown] = expect(nobody.get(f"/api/v3/folders/{below['token']}/"))["files"]
    assert shown["id"] == file["file_id"] and below["id"] == inner["id"]
    assert not {shown["token"], shown["uuid"]} & {file["token"], file["uuid"]}
    assert not {below["token"], below["uuid"]} & {inner["token"], inner["uuid"]}
    again = expect(nobody.get(f"/api/v3/files/{shown['token']}/"))
    assert again == {**shown, "folder": "inner"}
    # Somebody with an account of their own is shown the same.
    other = StreamVault.registered(caller.server)
    assert expect(other.get(f"/api/v3/folders/{below['token']}/"))["files"] == [shown]
    assert fetch(shown["view_url"]).content == fetch(shown["download_url"]).content == b"child"
    pages = [link for link in links(page(top["share_url"]), caller.server) if "/s/" in link and "style" not in link and "icon" not in link]
    doors = [*every_door(caller.server, shown), *pages, at(caller.server, f"/storage/api/v3/folders/{below['token']}/")]
    opened = [url for url in doors if fetch(url).status_code == 200]
    assert len(opened) == len(doors) - 1  # all but the media path, which knows no derived token

    if end == "expires":
        expect(caller.post(f"/api/v3/share/{top['token']}/", json={"expires_at": "2001-02-03T04:05:06Z"}))
    elif end == "revoked":
        expect(caller.delete(f"/api/v3/share/{top['token']}/"))
    else:
        expect(caller.put(f"/api/v4/folders/{inner['uuid']}/update/", json={"parent": None}))
    still = [url for url in doors if fetch(url).status_code != 404]
    assert still == ([top["share_url"]] if end == "moved" and top["share_url"] in doors else [])
    # The owner's own links are not of that share.
    assert fetch(caller.file(file["token"])["view_url"]).content == b"child"


def test_revoking_closes_every_door_of_a_file(caller):
    file = caller.upload(b"x", "f.txt")
    entry = caller.file(file["token"])
    old = {media_url(caller, file), *every_door(caller.server, entry)}
    assert {fetch(url).status_code for url in old} == {200}
    expect(caller.delete(f"/api/v3/share/{file['token']}/"))
    assert {fetch(url).status_code for url in old} == {404}
    fresh = caller.file(file["uuid"])
    assert fresh["uuid"] == entry["uuid"] and fresh["token"] != entry["token"]
    assert fetch(media_url(caller, file)).content == fetch(fresh["view_url"]).content == b"x"


def test_an_owner_sees_the_entries_own_tokens_through_the_folders(caller):
    folder = caller.folder()
    file = caller.upload(b"x", "f.txt", folder=folder["token"])
    for ref in (folder["token"], folder["uuid"], folder["id"]):
        [shown] = caller.view(ref)["files"]
        assert (shown["token"], shown["uuid"]) == (file["token"], file["uuid"])


# What a token opens, and whom.


def test_a_disabled_account_shares_nothing(launch):
    server = launch()
    caller = StreamVault.registered(server)
    folder = caller.folder("Holidays")
    caller.upload(PHOTO.read_bytes(), PHOTO.name, folder=folder["token"])
    entry = caller.files()[0]
    opened = [at(server, f"/s/{folder['token']}"), at(server, f"/s/{entry['token']}"), entry["view_url"]]
    for url in opened:
        assert fetch(url).status_code == 200, url
    for verb, status in (("disable", 404), ("enable", 200)):
        done = program.run("user", verb, caller.username, "--data", server.data)
        assert done.returncode == 0, done.stderr
        for url in opened:
            assert fetch(url).status_code == status, (verb, url)


def test_the_log_tells_no_token(launch):
    server = launch()
    caller = StreamVault.registered(server)
    folder = caller.folder("Holidays")
    caller.upload(b"private", "a.txt", folder=folder["token"])
    entry = caller.files()[0]
    secrets = {folder["token"], entry["token"], entry["uuid"]}
    for token in (folder["token"], entry["token"]):
        fetch(at(server, f"/s/{token}"))
        fetch(at(server, f"/s/{token}/{entry['uuid']}"))
        fetch(at(server, f"/storage/api/v3/folders/{token}/"))
        fetch(at(server, f"/storage/api/v3/files/{token}/"))
        fetch(at(server, f"/storage/api/v3/qr/{token}/"))
    fetch(entry["view_url"])
    # Where credentials are asked for, too: the UUID, the token and the number name the file.
    for ref in (entry["token"], entry["uuid"], entry["id"]):
        expect(caller.native().get(f"/media/{ref}"))
        caller.native().call("PUT", f"/media/{ref}/content/more")
    server.stop_well()
    log = server.log_text()
    assert "/s/{token}" in log and "/api/v1/media/{id}" in log and f"/api/v1/media/{entry['id']}" in log
    assert not [secret for secret in secrets if secret in log]
