"""Files through the File Uploader API: names, bytes, limits, links, lists, other dialects."""

import datetime
import re
import select
from urllib.parse import quote, unquote

import pytest

from harness import forms, samples
from harness.fileuploader import NO_HEADER, FileUploader, auth_error, done, error, is_short, some_error

LIMIT = 104_857_600
TOO_LARGE = "File size exceeds the limit (100MB)"


@pytest.fixture
def caller(shared):
    return FileUploader.registered(shared)


@pytest.fixture
def guest(shared):
    return FileUploader(shared)


# Names.

NAMES = {
    "test.mp4": ".mp4",
    "noext": "",
    "archive.tar.gz": ".gz",
    "x" * 296 + ".png": ".png",
    "ж" * 300: "",
    "\u202egnp.exe": ".exe",
    "שלום עולם.txt": ".txt",
    ".bashrc": "",
    "..": "",
    "....": "",
    "a.": ".",
    'say "hi"; filename=x.html': ".html",
    "two\r\nlines\n.jpg": ".jpg",
    "../../etc/passwd": "",
    "/dev.d/null": "",
    "C:\\dir.d\\file": "",
    "a.b c": ".b c",
    "x.<script>": ".<script>",
    "%2e%2e%2f.md": ".md",
    "🌊.webp": ".webp",
    " ": None,  # no name at all
}


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("include", ["true", "false"])
def test_names(caller, name, include):
    data = b"\x01\x02" + name.encode()
    file = caller.upload(data, name, query=f"?include_ext={include}")
    wanted = "file" if NAMES[name] is None else name
    assert file["user_filename"] == wanted
    assert file["ext"] == (NAMES[name] or "")
    short, extension = file["file_url"][:10], file["file_url"][10:]
    assert is_short(short)
    plain = re.fullmatch(r"\.[A-Za-z0-9_-]{1,32}", file["ext"])
    assert extension == (file["ext"] if plain and include == "true" else "")
    # What the reply calls it is its address as it stands there.
    got = caller.get(file["file_url_full"])
    assert got.status_code == 200 and got.content == data
    disposition = got.headers["Content-Disposition"]
    assert "\n" not in disposition and "\r" not in disposition
    if encoded := re.search(r"filename\*=UTF-8''([^;]+)", disposition):
        assert unquote(encoded.group(1)) == wanted
    listed = caller.files()[0]
    assert {k: listed[k] for k in ("file_url", "key", "ext", "user_filename")} == {
        k: file[k] for k in ("file_url", "key", "ext", "user_filename")
    }
    done(caller.remove(file))


def test_names_that_are_too_long(caller):
    assert caller.upload(b"x", "n" * 512)["user_filename"] == "n" * 512
    body = some_error(caller.try_upload(b"x", "n" * 513))
    assert body["message"].startswith("File name ")
    some_error(caller.try_upload(b"x", "n" * 20_000))
    assert len(caller.files()) == 1


def test_escapes_in_the_forms_names(caller):
    def upload(disposition):
        part = forms.Part("file", b"x", disposition=disposition.encode())
        return done(caller.send([part]))["user_filename"]

    assert upload('form-data; name="file"; filename="a\\"b.txt"') == 'a"b.txt'
    assert upload('form-data; name="file"; filename="a%22%0D%0Ab.txt"') == 'a"\r\nb.txt'
    assert upload("form-data; name=file; filename*=UTF-8''%D0%96%2F.txt") == "Ж/.txt"
    assert upload("form-data; name=file; filename*=UTF-8''nul%00byte.bin") == "nul\0byte.bin"


def test_the_same_name_again(caller):
    files = [caller.upload(b"%d" % i, "same.txt") for i in range(3)]
    assert len({file["file_url"] for file in files}) == 3
    assert len({file["key"] for file in files}) == 3
    assert caller.names() == ["same.txt"] * 3
    for i, file in enumerate(files):
        assert caller.fetch(file).content == b"%d" % i


# How a file is sent.

def test_known_types_show_and_unknown_download(caller):
    for name, data, shown in (
        ("a.mp4", b"\0", True), ("a.png", b"\x89PNG\r\n\x1a\n", True), ("a.pdf", b"%PDF-1.4", True),
        ("a.txt", b"text", True), ("a.bin", b"\1\2", False), ("noext", b"\1\2", False),
        ("a.unheardof", b"\1\2", False),
    ):
        for path in ("/file/", "/f/"):
            got = caller.fetch(caller.upload(data, name), path)
            kind = got.headers["Content-Disposition"].split(";")[0]
            assert kind == ("inline" if shown else "attachment"), (name, kind)
            assert got.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name, type_", [
    ("a.html", "text/html"), ("a.htm", "text/html"), ("a.svg", "image/svg+xml"), ("a.xml", "xml"),
    ("a.xhtml", "application/xhtml+xml"), ("noname", "text/html"),
])
def test_what_can_carry_script_is_in_a_sandbox(caller, name, type_):
    file = caller.upload(b"<!doctype html><html><script>alert(1)</script></html>", name)
    for headers in ({}, {"Range": "bytes=0-3"}, {"If-None-Match": '"x"'}):
        got = caller.fetch(file, headers=headers)
        if type_ in got.headers["Content-Type"]:
            assert got.headers["Content-Security-Policy"] == "sandbox"
        else:
            assert "attachment" in got.headers["Content-Disposition"]
        assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_ranges_and_conditions(guest):
    data = samples.noise(100_000)
    file = guest.upload(data, "noise.bin")
    whole = guest.fetch(file)
    assert whole.content == data and whole.headers["Accept-Ranges"] == "bytes"
    etag = whole.headers["ETag"]
    assert etag.startswith('"') and whole.headers["Last-Modified"].endswith(" GMT")
    part = guest.fetch(file, headers={"Range": "bytes=1000-1999"})
    assert part.status_code == 206 and part.content == data[1000:2000]
    several = guest.fetch(file, "/f/", headers={"Range": "bytes=0-9,-10"})
    ranges = forms.parse_byteranges(several.headers["Content-Type"], several.content)
    assert [r[2] for r in ranges] == [data[:10], data[-10:]]
    beyond = guest.fetch(file, headers={"Range": "bytes=100000-"})
    assert beyond.status_code == 416 and beyond.headers["Content-Range"] == "bytes */100000"
    assert beyond.json()["status"] == "error" and beyond.json()["message"]
    page = guest.fetch(file, headers={"If-Match": '"other"', "Accept": "text/html"})
    assert page.status_code == 412 and page.headers["Content-Type"].startswith("text/html") and page.text
    assert guest.fetch(file, headers={"If-None-Match": etag}).status_code == 304
    assert guest.fetch(file, headers={"If-Range": '"x"', "Range": "bytes=0-1"}).status_code == 200
    head = guest.head("/file/" + file["file_url"])
    assert head.status_code == 200 and head.headers["Content-Length"] == "100000" and not head.content


def test_a_page_for_people_and_a_document_for_programs(guest):
    for path in ("/file/4yn-8yjhsu", "/f/4yn-8yjhsu", "/invite/4yn-8yjhsu"):
        page = guest.get(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert page.status_code == 404 and page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "not found" in page.text and "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["Vary"] == "Accept"
        for accept in ("application/json", "*/*", "image/png,*/*", ""):
            reply = guest.get(path, headers={"Accept": accept})
            assert reply.status_code == 404 and reply.json()["status"] == "error"
            assert reply.headers["Vary"] == "Accept"


def test_paths_that_are_nearly_those_of_the_document(guest):
    people = {"Accept": "text/html"}
    for path in ("/file/4yn-8yjhsu/more", "/f/", "/f/4yn-8yjhsu/more/", "/invite/", "/invite/4yn-8yjhsu/x", "/file"):
        page = guest.get(path, headers=people)
        assert page.status_code == 404 and page.headers["Content-Type"] == "text/html; charset=utf-8", path
        error(guest.get(path), 404, "There is nothing at this path")
    for path in ("/api/upload", "/api/delete/a/b", "/api/get_files/", "/api/join", "/api/login/x", "/api/sharex/x"):
        error(guest.get(path), 404, "There is nothing at this path")
        page = guest.get(path, headers=people)
        assert page.status_code == 404 and page.headers["Content-Type"] == "text/html; charset=utf-8", path


# The link shortener.

LINKS = {
    b"https://example.org": "https://example.org",
    b"http://example.org/a?b=c#d\n": "http://example.org/a?b=c#d",
    b"HTTPS://Example.org/x\r\n": "HTTPS://Example.org/x",
    "https://пример.рф/путь".encode(): "https://" + quote("пример.рф/путь"),
    b'https://example.org/"<>\\^`{|}': "https://example.org/%22%3C%3E%5C%5E%60%7B%7C%7D",
    b"https://example.org/" + b"x" * 2028: "https://example.org/" + "x" * 2028,
    b"https://[::1]:8080/": "https://[::1]:8080/",
    b"https://user@example.org/%41": "https://user@example.org/%41",
    b"\xef\xbb\xbfhttps://example.org\r\n": "https://example.org",
    b"\xff\xfe" + "https://example.org/\u0436\U0001f30a\r\n".encode("utf-16-le"): "https://example.org/%D0%B6%F0%9F%8C%8A",
    b"\xfe\xff" + "https://example.org/\u0436".encode("utf-16-be"): "https://example.org/%D0%B6",
    b"\xff\xfe" + ("https://example.org/" + "x" * 2028).encode("utf-16-le"): "https://example.org/" + "x" * 2028,
}
NO_LINKS = [
    b"", b"\n", b"https://", b"http:///x", b"https://?x", b"https://#x", b"https:/example.org", b"https:example.org",
    b"//example.org", b"example.org", b"ftp://example.org", b"javascript:alert(1)//http://x",
    b"data:text/html,https://x", b"file:///etc/passwd", b" https://example.org",
    b"https://example.org x", b"https://example.org\nhttps://example.com", b"https://example.org\n\nx",
    b"https://exam\0ple.org", b"https://example.org/\r\nSet-Cookie: x=1", b"https://example.org/\tx",
    b"https://example.org/\x7f", b"https://example.org/\xff", b"see https://example.org",
    b"https://example.org/" + b"x" * 2029, b"https://:80/", b"https://@x/",
    b"\xef\xbb\xbf\xef\xbb\xbfhttps://example.org", b"\xff\xfe" + "https://example.org".encode("utf-16-le") + b"x",
    b"\xff\xfe" + "https://example.org/x y".encode("utf-16-le"), "https://example.org".encode("utf-16-le"),
    b"\xfe\xff" + "https://example.org".encode("utf-16-le"), b"\xff\xfeh\0t\0t\0p\0:\0/\0/\0a\0\0\xd8",
    b"\xff\xfeh\0t\0t\0p\0:\0/\0/\0a\0\0\xdc\0\xd8", b"\xff\xfe", b"\xef\xbb\xbf",
]


@pytest.mark.parametrize("text", LINKS, ids=range(len(LINKS)))
def test_a_text_that_is_a_link_leads_there(guest, text):
    file = guest.upload(text, "link.txt", query="?include_ext=true")
    for path in ("/file/", "/f/"):
        for reply in (guest.fetch(file, path), guest.head(path + file["file_url"])):
            assert reply.status_code == 302
            assert reply.headers["Location"] == LINKS[text]
            assert "Set-Cookie" not in reply.headers


@pytest.mark.parametrize("text", NO_LINKS, ids=range(len(NO_LINKS)))
def test_any_other_text_is_a_text(guest, text):
    reply = guest.fetch(guest.upload(text, "link.txt"))
    assert reply.status_code == 200 and reply.content == text
    assert "Location" not in reply.headers and "Set-Cookie" not in reply.headers


def test_a_link_can_be_kept_as_the_text_that_it_is(guest):
    link = b"https://example.org"
    file = guest.upload(link, "link.txt")
    reply = guest.fetch(file["file_url"] + "?download=1")
    assert reply.status_code == 200 and reply.content == link
    assert reply.headers["Content-Disposition"].startswith("attachment")
    for value in ("0", "false"):
        assert guest.fetch(file["file_url"] + f"?download={value}").status_code == 302


def test_only_texts_lead_anywhere(guest):
    link = b"https://example.org"
    assert guest.fetch(guest.upload(link, "LINK.TXT")).status_code == 302
    for name in ("link.md", "link", "txt", "link.txt.html", "link.txt "):
        assert guest.fetch(guest.upload(link, name)).status_code == 200, name


# The limit of 100 MB.

class Stream:
    """A form with a file of `size` bytes, made as it is sent; how much was asked for."""

    def __init__(self, size, chunk=1 << 20):
        self.content_type, self.before, self.after = forms.file_frame("big.bin")
        self.size, self.chunk, self.sent = size, chunk, 0

    def __len__(self):
        return len(self.before) + self.size + len(self.after)

    def __iter__(self):
        yield self.before
        while self.sent < self.size:
            piece = min(self.chunk, self.size - self.sent)
            self.sent += piece
            yield b"\0" * piece
        yield self.after


@pytest.mark.local
def test_a_file_of_exactly_the_limit(launch):
    server = launch()
    caller = FileUploader.registered(server)
    stream = Stream(LIMIT)
    file = done(caller.post("/api/upload/private", data=stream, headers={"Content-Type": stream.content_type}))
    assert caller.head("/file/" + file["file_url"]).headers["Content-Length"] == str(LIMIT)
    done(caller.remove(file))

    # One byte more, of announced length: known at the last byte.
    stream = Stream(LIMIT + 1)
    reply = caller.post("/api/upload/private", data=stream, headers={"Content-Type": stream.content_type})
    error(reply, 413, TOO_LARGE)
    # The same of unknown length.
    stream = Stream(LIMIT + 1)
    headers = {"Content-Type": stream.content_type}
    error(caller.post("/api/upload/private", data=iter(stream), headers=headers), 413, TOO_LARGE)
    assert caller.files() == []
    assert not list((server.data / "blobs/tmp").iterdir())


def test_what_cannot_fit_is_refused_unread(shared, caller):
    content_type, before, _ = forms.file_frame("big.bin")
    for expect in ({}, {"Expect": "100-continue"}):
        with shared.wire() as wire:
            head = {"Content-Type": content_type, "Content-Length": str(LIMIT + (2 << 20)), **expect}
            wire.send(wire.head("POST", "/api/upload/private", head))
            if not expect:
                wire.send(before)
            error(wire.reply(), 413, TOO_LARGE)


def test_an_endless_body_ends_at_the_limit(shared):
    content_type, before, _ = forms.file_frame("big.bin")
    sent = 0
    with shared.wire() as wire:
        head = {"Content-Type": content_type, "Transfer-Encoding": "chunked"}
        wire.send(wire.head("POST", "/api/upload/private", head))
        chunk = b"%x\r\n%b\r\n" % (1 << 20, b"\0" * (1 << 20))
        wire.send(b"%x\r\n%b\r\n" % (len(before), before))
        while sent < 2 * LIMIT and not select.select([wire.socket], [], [], 0)[0]:
            wire.send(chunk)
            sent += 1 << 20
        assert LIMIT - (1 << 20) <= sent < LIMIT + (30 << 20)  # what sockets hold comes on top
        error(wire.reply(), 413, TOO_LARGE)


# Guests.

def test_without_guests(launch):
    server = launch({"guests": "off"})
    caller, guest = FileUploader.registered(server), FileUploader(server)
    for group in ("private", "abc", caller.group()):
        auth_error(guest.try_upload(group=group), NO_HEADER)
    auth_error(guest.get("/api/sharex"), NO_HEADER)
    # What a link permits takes no credentials.
    file = caller.upload(b"x", "a.txt")
    assert guest.fetch(file).content == b"x"
    done(guest.remove(file))


def test_a_bad_token_uploads_without_an_account(caller, guest):
    for header, identity in (
        ("Bearer rubbish", -4),
        ("Basic YTpi", -2),
        (f"Token {caller.token}", -2),
        (caller.token, -2),
        (f"Bearer\t{caller.token}", -2),
        (f"Bearer {caller.token} x", -2),
        ("Bearer", -2),
        ("", -2),
    ):
        file = guest.try_upload(headers={"Authorization": header}).json()
        assert file["synced"] is False and file["auth_error"]["errorId"] == identity, header
        reply = guest.get("/api/get_files/private", headers={"Authorization": header})
        assert reply.status_code == 401 and reply.json()["auth_error"]["errorId"] == identity, header
    assert caller.files() == []


def stranger_tries(server, names):
    """What a caller without credentials finds of files of those names, and does to them."""
    from harness.streamvault import StreamVault

    stranger = StreamVault(server)
    listed = [one for one in stranger.files() if one["file_name"] in names]
    tries = []
    for number in range(1, 30):  # ids are counted from 1
        tries.append(stranger.get(f"/api/v3/files/{number}/"))
        tries.append(stranger.get(f"/api/v3/share/{number}/"))
        tries.append(stranger.get(f"/api/v3/qr/{number}/"))
        tries.append(stranger.replace(number, b"MZ"))
        body = {"file_id": number, "folder_token": None}
        tries.append(stranger.post("/api/v3/files_move/", json=body))
        tries.append(stranger.put(f"/api/v4/files/{number}/update/", json={"name": "x"}))
        tries.append(stranger.delete(f"/api/v4/files/{number}/delete/"))
    return listed, {reply.status_code for reply in tries}


def test_a_guests_file_is_known_to_who_has_its_link(launch):
    server = launch()
    guest, user = FileUploader(server), FileUploader.registered(server)
    files = {name: guest.upload(name.encode(), name) for name in ("a.png", "b.txt")}
    # As a ShareX with a token that has ended.
    stale = {"Authorization": "Bearer stale.token.x"}
    files["c.png"] = done(guest.try_upload(b"c.png", "c.png", headers=stale))
    own = user.upload(b"d", "d.png")
    assert stranger_tries(server, set(files)) == ([], {404})
    # Nor an account in any dialect.
    assert user.names() == ["d.png"] and [one["filename"] for one in user.native().media()] == ["d.png"]
    for number in range(1, 30):
        reply = user.native().get(f"/media/media_{number}")
        assert reply.status_code == 404 or reply.json()["data"]["filename"] == "d.png"
    assert guest.remove(files["a.png"], key=own["key"]).status_code == 400
    for name, file in files.items():
        assert guest.fetch(file).content == name.encode()
    # With its key it can be had, and be deleted.
    claim = [{"file_url": files["b.txt"]["file_url"], "key": files["b.txt"]["key"]}]
    assert done(user.post("/api/transfer", json={"data": claim}))["unsuccess"] == []
    assert sorted(user.names()) == ["b.txt", "d.png"]
    done(guest.remove(files["a.png"]))
    assert guest.fetch(files["a.png"]).status_code == 404


def test_all_guests_have_one_quota(launch):
    from harness.streamvault import StreamVault

    server = launch({"accounts.guest_quota": "10KiB"})
    guest, other = FileUploader(server), StreamVault(server)
    file = guest.upload(samples.noise(6000), "a.bin")
    upload = other.begin(1)
    assert other.raw_chunk(upload, 0, samples.noise(6000)).status_code == 413
    done(guest.remove(file))
    assert other.raw_chunk(upload, 0, samples.noise(6000)).status_code == 200
    assert guest.try_upload(samples.noise(6000)).status_code == 413


# Lists, and the other dialects.

def test_dates_have_no_leading_zeros(caller):
    date = caller.upload() and caller.files()[0]["creation_date"]
    today = datetime.datetime.now(datetime.timezone.utc)
    assert date == f"{today.day}.{today.month}.{today.year}"


def test_a_file_is_one_file_in_every_dialect(caller, shared):
    from harness.streamvault import StreamVault

    data = samples.noise(5000)
    file = caller.upload(data, "song.mp3")
    media = caller.get(shared.root + "/media").json()["data"]
    assert len(media) == 1 and media[0]["filename"] == "song.mp3"
    assert media[0]["checksum"] == samples.checksum(data) and media[0]["size"] == 5000
    stream = StreamVault(shared, caller.token)
    listed = stream.get("/api/v3/all_files/").json()
    assert len(listed) == 1

    # And the other way round: what comes through another has an address here.
    stream.upload(b"from elsewhere", "other.txt")
    files = {f["user_filename"]: f for f in caller.files()}
    assert set(files) == {"song.mp3", "other.txt"}
    assert FileUploader(shared).fetch(files["other.txt"]).content == b"from elsewhere"

    # Replaced elsewhere: the address stays and gives the new bytes. Deleted here: gone everywhere.
    reply = stream.send_form([forms.Part("file", b"new bytes", "x.mp3")],
                             f"/api/v3/files/replace/{media[0]['id'].split('_')[1]}/", "PUT")
    assert reply.status_code == 200, reply.text
    assert caller.fetch(file).content == b"new bytes"
    done(caller.remove(file))
    assert [m["filename"] for m in caller.get(shared.root + "/media").json()["data"]] == ["other.txt"]


def test_one_account_everywhere(shared):
    native = shared.user()
    caller = FileUploader(shared)
    for login in (native.username, native.email, native.username.upper()):
        reply = caller.post("/api/login", json={"username": login, "password": native.password})
        assert done(reply)["username"] == native.username
    caller.become(done(reply)["accessToken"])
    assert caller.get(shared.root + "/users/me").json()["data"]["username"] == native.username


def test_a_disabled_accounts_files_are_closed(launch):
    from harness import program

    server = launch()
    caller, guest = FileUploader.registered(server), FileUploader(server)
    file = caller.upload()
    for command, status in (("disable", 404), ("enable", 200)):
        assert program.run("user", command, caller.username, "--data", server.data).returncode == 0
        assert guest.fetch(file).status_code == status
    done(guest.remove(file))


def test_long_lists(launch):
    """More than one page of the store, with holes."""
    server = launch()
    caller, other = FileUploader.registered(server), FileUploader.registered(server)
    group = caller.group()
    kept = []
    for i in range(520):
        if i % 40 == 7:
            other.upload(b"o", "other")
            caller.upload(b"%d" % i, f"g{i:03}", group=group)
        kept.append(caller.upload(b"%d" % i, f"f{i:03}")["user_filename"])
    assert caller.names() == kept
    assert len(caller.names(group)) == 13


def test_addresses_tell_nothing_of_each_other(guest):
    urls = [guest.upload(b"%d" % i, "a.bin")["file_url"] for i in range(30)]
    same = sum(a[i] == b[i] for a, b in zip(urls, urls[1:]) for i in range(10))
    assert same < 20, urls
    for url in urls[:5]:
        flipped = url[:9] + ("A" if url[9] != "A" else "B")
        error(guest.get("/file/" + flipped), 404, "File not found")


def test_the_log_tells_no_capability(launch):
    server = launch()
    caller = FileUploader.registered(server)
    group = caller.group()
    invite = caller.invite(group)
    file = caller.upload()
    caller.fetch(file)
    caller.get(f"/api/invite_info/{invite}")
    caller.post(f"/api/join/{invite}")
    caller.get(f"/invite/{invite}")
    done(caller.remove(file))
    server.wait_for_log(lambda line: line.get("route") == "/api/delete/{url}")
    log = server.log_text()
    for secret in (invite, file["key"], file["file_url"], caller.token, caller.password):
        assert secret not in log


def test_the_log_tells_no_capability_that_is_asked_for_wrongly(launch):
    server = launch({"require_https": "true", "trusted_proxies": "127.0.0.1"})
    guest = FileUploader(server)
    here = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https"}
    plain = {**here, "X-Forwarded-Proto": "http"}
    preflight = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    for path in ("/invite/{}", "/invite/{}/x", "/x/%0a/INVITE/{}", "//file/{}", "/f/{}/x/y", "/api/join/{}",
                 "/api/delete/{}/x", "/%66ile/{}/x", "/s/{}/x/y/z", "/{}", "/fil/{}", "/ss/{}/content",
                 "/v1/media/x/{}", "/storage/{}/x", "/storage/medai/uploads/2025/10/19/{}_x"):
        path = path.format("4yn-8yjhsu")
        with server.wire() as wire:  # as it stands: other clients tidy paths
            wire.send(wire.head("GET", path, here))
            assert wire.reply().status_code in (404, 405), path
        assert guest.get(path, headers=plain).status_code == 403
        assert guest.call("OPTIONS", path, headers=preflight).status_code == 204
        assert guest.call("PUT", path, headers=here).status_code in (404, 405)
    guest.get("/nothing/media/here", headers=here)
    server.wait_for_log(lambda line: line.get("path") == "/…/media/…")
    assert "4yn-8yjhsu" not in server.log_text()


def test_nothing_secret_lies_in_the_data(launch):
    server = launch()
    caller = FileUploader.registered(server)
    group = caller.group()
    invite = caller.invite(group)
    file = caller.upload(b"x" * 40_000, "a.bin")
    server.stop_well()
    data = b"".join(p.read_bytes() for p in server.data.glob("coffer.db*"))
    for secret in (invite, file["key"], file["file_url"], caller.token):
        assert secret.encode() not in data
        assert bytes.fromhex(file["key"].replace("-", "")) not in data


def test_what_was_answered_survives_a_kill(launch):
    server = launch()
    caller, other = FileUploader.registered(server), FileUploader.registered(server)
    guest = FileUploader(server)
    group = caller.group("kept")
    other.join(caller.invite(group))
    shared_file = other.upload(b"shared", "s.txt", group=group, query="?include_ext=true")
    loose = guest.upload(b"loose", "l.txt")
    claim = [{"file_url": loose["file_url"], "key": loose["key"]}]
    assert done(caller.post("/api/transfer", json={"data": claim}))["unsuccess"] == []
    gone = caller.upload(b"gone", "g.txt")
    done(caller.remove(gone))
    server.kill()
    server.start()
    for one in (caller, other, guest):
        one.root = server.url
    assert caller.names() == ["l.txt"] and caller.fetch(gone).status_code == 404
    assert caller.groups() == other.groups() == [{"name": "kept", "group_id": group}]
    assert guest.fetch(shared_file["file_url"]).content == b"shared"
    done(caller.delete(f"/api/delete_group/{group}"))
    server.kill()
    server.start()
    caller.root = other.root = guest.root = server.url
    assert other.names() == ["s.txt"] and other.files()[0]["file_url"] == shared_file["file_url"]
    assert guest.fetch(shared_file).content == b"shared"
