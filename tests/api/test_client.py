"""`coffer login`, `ls`, `up`, `down`, `rm`, `share`: the program as a client of a server."""

import concurrent.futures
import os
import pty
import re
import secrets
import socket
import stat
import subprocess
import termios
import time

import pytest

from harness import program
from harness.client import Api
from harness.client_program import Client, Counting, Proxy, tree
from harness.program import failed, ok


@pytest.fixture
def nobody(folder):
    return Client(folder)


@pytest.fixture
def client(nobody, user, shared):
    """Logged in as `user`."""
    return nobody.log_in(user, shared.url)


# Logging in.


def test_tokens_are_kept_for_the_user_alone(client, user, shared):
    assert stat.S_IMODE(client.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(client.file.parent.stat().st_mode) == 0o700
    stored = client.stored()
    assert stored["root"] == shared.root and stored["username"] == user.username
    assert user.password not in client.file.read_text()
    assert sorted(path.name for path in client.file.parent.iterdir()) == ["credentials.json", "credentials.json.lock"]
    client.file.chmod(0o644)
    assert "chmod 600" in failed(client.run("ls"))


def test_the_address_is_that_of_the_vault_or_of_its_api(nobody, user, shared):
    for address in (shared.url + "/", shared.root, shared.url + "/v1"):
        nobody.log_in(user, address)
        assert nobody.objects("ls") == []
    for address in ("vault.example.com", "ftp://a", "https://", "https://u:p@a", "https://a?b"):
        assert "is no address" in failed(nobody.run("login", address, "--user", "a", "--password-stdin", stdin="b\n"))


def test_what_a_log_in_lacks(nobody, user, shared):
    wrong = nobody.run("login", shared.url, "--user", user.username, "--password-stdin", stdin="not this one\n")
    assert "Wrong username or password" in failed(wrong)
    assert "--password-stdin" in failed(nobody.run("login", shared.url))
    assert "--user" in failed(nobody.run("login", shared.url, "--password-stdin", stdin="a\n"))
    failed(nobody.run("login", shared.url, "--password-stdin", "--key-stdin"), code=2)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    gone = nobody.run("login", f"http://127.0.0.1:{port}", "--key-stdin", stdin="cfa_x\n")
    assert f"127.0.0.1:{port}" in failed(gone)
    assert not nobody.file.exists()
    for words in (["ls"], ["up", "x"], ["down", "media_1"], ["rm", "media_1"], ["share", "media_1"]):
        assert "coffer login" in failed(nobody.run(*words))
    assert ok(nobody.run("logout")) == "nobody is logged in\n"


def is_alive(shared, token):
    return Api(shared.root, token=token).get("/users/me").status_code == 200


def test_log_out(client, shared):
    token = client.stored()["token"]
    ok(client.run("logout"))
    assert not client.file.exists()
    assert not is_alive(shared, token)


def test_log_out_after_the_token_has_ended(client, user):
    sessions = len(user.get("/auth/sessions").json()["data"])
    client.store(token="of yesterday")
    assert client.run("logout").stderr == ""
    assert len(user.get("/auth/sessions").json()["data"]) == sessions - 1


def test_log_out_with_what_cannot_be_read(client):
    client.file.write_text("{")
    done = client.run("logout")
    assert done.returncode == 0 and "damaged" in done.stderr and "change the password" in done.stderr
    assert not client.file.exists()
    assert ok(client.run("logout")) == "nobody is logged in\n"


def test_log_out_from_a_vault_that_is_gone(client):
    client.store(root="http://127.0.0.1:1/api/v1")
    done = client.run("logout")
    assert done.returncode == 0 and "logged out" in done.stdout and "could not be ended" in done.stderr
    assert not client.file.exists()


def test_another_log_in_ends_the_session_before(client, user, shared):
    before = client.stored()["token"]
    client.log_in(user, shared.url)
    assert not is_alive(shared, before) and is_alive(shared, client.stored()["token"])
    # Where it was cannot be read.
    client.file.write_text("{")
    client.log_in(user, shared.url)
    assert is_alive(shared, client.stored()["token"])


def test_plain_http_is_told(nobody):
    # A proxy that is not there: no name is looked up.
    nobody.variables.update(http_proxy="http://127.0.0.1:1", no_proxy="")
    for host, is_told in {
        "127.0.0.1": False, "127.9.9.9": False, "localhost": False, "vault.localhost": False, "[::1]": False,
        "127.evil.invalid": True, "localhost.invalid": True, "127.0.0.1.invalid": True, "vault.invalid": True,
    }.items():
        done = nobody.run("login", f"http://{host}:1", "--key-stdin", stdin="cfa_x\n")
        assert ("plain HTTP" in failed(done)) == is_told, host


def test_a_key_in_place_of_a_password(nobody, user, shared):
    key = user.post("/api-keys", json={"name": "laptop"}).json()["data"]
    assert user.username in ok(nobody.run("login", shared.url, "--key-stdin", stdin=key["secret"] + "\n"))
    assert nobody.objects("ls") == []
    user.delete(f"/api-keys/{key['id']}")
    failed(nobody.run("ls"))
    failed(nobody.run("login", shared.url, "--key-stdin", stdin=key["secret"] + "\n"))
    ok(nobody.run("logout"))


def test_a_token_that_is_no_longer_valid_is_renewed_by_one_of_many(client):
    before = client.stored()
    client.store(token="of yesterday")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in pool.map(lambda _: client.run("ls"), range(4)):
            assert ok(done) == ""
    after = client.stored()
    assert after["token"] not in ("of yesterday", before["token"])
    client.store(expires_at="2020-01-01T00:00:00Z")
    assert ok(client.run("ls")) == ""
    assert client.stored()["token"] != after["token"]


def test_a_session_that_has_ended(client, user):
    user.post("/auth/logout-all")
    assert "coffer login" in failed(client.run("ls"))


def test_a_run_does_not_go_on_as_somebody_else(nobody, user, shared, proxy):
    between = proxy("/upload", act=lambda _: nobody.log_in(user, shared.url))
    nobody.log_in(user, between.url)
    nobody.make("a.txt", b"mine")
    nobody.store(expires_at="2999-01-01T00:00:00Z", token="of yesterday")
    assert "logged in anew" in failed(nobody.run("up", "a.txt"))
    assert user.media() == [] and nobody.stored()["root"] == shared.root


# Files.


def test_up_ls_down_rm(client, user):
    data = secrets.token_bytes(300_000)
    client.make('sea "1".bin', data)
    [[media_id, name]] = client.lines("up", 'sea "1".bin', "--title", "By the sea", "--tag", "holiday", "--tag", "sea")
    assert name == 'sea "1".bin'
    media = user.get(f"/media/{media_id}").json()["data"]
    assert (media["filename"], media["title"], media["tags"]) == (name, "By the sea", ["holiday", "sea"])
    assert client.lines("ls")[0][:3] == [media_id, "300000", media["type"]]
    assert client.objects("ls", "--tag", "sea") == [media]
    assert client.lines("ls", "--tag", "snow") == client.lines("ls", "--search", "mountain") == []
    [[_, path]] = client.lines("down", media_id, "-o", "copy.bin")
    assert path == "copy.bin" and (client.here / path).read_bytes() == data
    assert client.lines("rm", media_id)[0][1].startswith("in the trash until 2")
    assert [each["id"] for each in user.trash()] == [media_id]
    assert client.lines("ls") == []
    assert "no such" in failed(client.run("rm", media_id))


def test_many_files_of_which_some_fail(client):
    client.make("a", b"1")
    client.make("b", b"2")
    done = client.run("up", "a", "missing", "b")
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 2
    assert "missing" in done.stderr and "No such file" in done.stderr
    ids = [each["id"] for each in client.objects("ls", "--sort", "filename")]
    done = client.run("rm", ids[0], "media_999999999", ids[1], "--permanent")
    assert done.returncode == 1 and done.stdout.count("gone for good") == 2
    assert "is a directory" in failed(client.run("up", ".")).lower()


def test_lists_go_through_all_pages(client, user):
    for number in range(103):
        user.upload(b"", f"{number:03}")
    names = [each["filename"] for each in client.objects("ls", "--sort", "-filename")]
    assert names == [f"{number:03}" for number in reversed(range(103))]


def test_a_collection(client, user):
    collection = user.post("/collections", json={"name": "Holiday"}).json()["data"]["id"]
    client.make("a.txt", b"1")
    [media] = client.objects("up", "a.txt", "--collection", collection)
    user.upload(b"2", "elsewhere.txt")
    assert [each["id"] for each in client.objects("ls", "--collection", collection)] == [media["id"]]


def test_collections_are_listed(client, user):
    assert client.lines("ls", "--collections") == []
    made = [user.post("/collections", json={"name": f"{number:03}"}).json()["data"] for number in range(101)]
    user.post(f"/collections/{made[1]['id']}/media", json={"media_id": user.upload(b"x")["id"]})
    assert [each["id"] for each in client.objects("ls", "--collections")] == [each["id"] for each in made]
    assert client.lines("ls", "--collections")[1] == [made[1]["id"], "1", made[1]["created_at"], "001"]
    failed(client.run("ls", "--collections", "--tag", "a"), code=2)


def test_what_is_wrong_is_named(client):
    client.make("a.txt", b"1")
    for words in (["ls", "--collection", "col_9999"], ["up", "a.txt", "--collection", "col_9999"], ["share", "col_9999"]):
        assert "coffer: col_9999: " in failed(client.run(*words))
    assert "coffer: media_9999: " in failed(client.run("share", "media_9999"))
    assert "comma" in failed(client.run("up", "a.txt", "--tag", "a,b"))
    assert "event_12" in failed(client.run("watch", "--since", "yesterday"), code=2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    refused = failed(client.run("login", f"https://127.0.0.1:{port}", "--key-stdin", stdin="cfa_x\n"))
    assert f"127.0.0.1:{port}" in refused and "connect" in refused


def test_an_address_without_a_vault(client, shared):
    told = failed(client.run("login", shared.url + "/elsewhere", "--key-stdin", stdin="cfa_x\n"))
    assert "no vault is at that address" in told


def test_nothing_is_stored_for_a_collection_that_is_not_there(nobody, user, proxy):
    between = proxy("/collections/col_")
    nobody.log_in(user, between.url)
    nobody.make("a.txt", b"1")
    assert "no such collection" in failed(nobody.run("up", "a.txt", "--collection", "col_999999999")).lower()
    assert user.media() == []
    # One that goes meanwhile.
    collection = user.post("/collections", json={"name": "Holiday"}).json()["data"]["id"]
    between.part, between.act = "/media", lambda request: "/collections/" in request and user.delete(f"/collections/{collection}")
    told = failed(nobody.run("up", "a.txt", "--collection", collection))
    assert f"stored as {user.media()[0]['id']}" in told


# What a form has to escape, and what looks as if it had.
NAMES = [
    'a"b.txt', "%22.txt", 'both %22 and ".txt', "%0d%0A.txt", "caf%C3%A9.txt", "%", "a\\b.txt", "end\\",
    'a\\"b.txt', '"; filename="b.txt', "a\r\nb\n.txt", "\U0001f468\u200d\U0001f469\u200d\U0001f467 100%.jpg",
]


def test_names_come_back(client):
    for number, name in enumerate(NAMES):
        client.make(name, b"%d" % number)
    assert [each["filename"] for each in client.objects("up", *NAMES)] == NAMES


def test_names_do_nothing_to_a_terminal(client, user):
    media = user.upload(b"x", "\x1b]0;title\x07\u202egpj\x9b1m\n.exe")
    shown = "\\x1b]0;title\\x07\\u202egpj\\x9b1m\\n.exe"
    assert client.lines("ls")[0][-1] == shown
    assert client.objects("ls") == [media]
    for name in ("\x1b[2J", os.fsdecode(b"caf\xe9")):
        escaped = "\\x1b[2J" if name[0] == "\x1b" else "caf\\xe9"
        told = failed(client.run("up", name))
        assert escaped in told and "\x1b" not in told
        assert told.count(escaped) == 1


def test_a_name_that_is_not_text(client, user):
    client.make(os.fsdecode(b"caf\xe9"), b"x")
    assert "UTF-8" in failed(client.run("up", os.fsdecode(b"caf\xe9"))) and user.media() == []


def test_what_is_no_file_is_not_waited_for(client):
    os.mkfifo(client.here / "pipe")
    assert "pipe" in failed(client.run("up", "pipe"))
    assert "directory" in failed(client.run("up", "/dev")) and "device" in failed(client.run("up", "/dev/null"))


def test_calls_share_a_connection(nobody, user, shared):
    counted = Counting(shared.port)
    try:
        nobody.log_in(user, counted.url)
        names = [f"{number}.txt" for number in range(5)]
        for name in names:
            nobody.make(name, name.encode())
        before = counted.connections
        ids = [words[0] for words in nobody.lines("up", *names)]
        assert counted.connections == before + 1
        nobody.lines("down", *ids, "--force")
        assert counted.connections == before + 2
    finally:
        counted.listener.close()


def test_what_is_there_is_replaced_by_force_only(client, user):
    media = user.upload(b"of the vault", "a.txt")
    path = client.make("a.txt", b"of this machine")
    assert "--force" in failed(client.run("down", media["id"]))
    assert path.read_bytes() == b"of this machine"
    ok(client.run("down", media["id"], "--force"))
    assert path.read_bytes() == b"of the vault"
    time = path.stat().st_mtime_ns
    ok(client.run("down", media["id"]))
    assert path.stat().st_mtime_ns == time


def test_names_of_the_vault_lead_nowhere_else(client, user):
    media = [user.upload(b"x", name) for name in ("../../up", "..", "a/b")]
    (client.here / "in").mkdir()
    ok(client.run("down", *[each["id"] for each in media], "-o", "in"))
    assert len(list((client.here / "in").iterdir())) == 3
    assert list(client.here.iterdir()) == [client.here / "in"]
    assert "no folder" in failed(client.run("down", media[0]["id"], media[1]["id"], "-o", "out"))


# Breaks.


@pytest.fixture
def proxy(shared):
    """`proxy(part, …)`: one in front of the shared server."""
    proxies = []

    def make(part, **faults):
        proxies.append(Proxy(shared.port, part, **faults))
        return proxies[-1]

    yield make
    for each in proxies:
        each.close()


def test_a_download_goes_on_after_a_break(nobody, user, proxy):
    data = secrets.token_bytes(1_000_000)
    media = user.upload(data, "a.bin")
    between = proxy("/content", cuts=2)
    nobody.log_in(user, between.url)
    ok(nobody.run("down", media["id"]))
    assert (nobody.here / "a.bin").read_bytes() == data
    assert [path.name for path in nobody.here.iterdir()] == ["a.bin"]
    first, *rest = [head.lower() for head in between.requests]
    assert len(rest) == 2 and "range" not in first
    assert all("\nrange: bytes=" in head and "\nif-range: " in head for head in rest)


def test_an_upload_whose_reply_is_lost_is_stored_once(nobody, user, proxy):
    between = proxy("/upload", refusals=1, cuts=1, after=60)
    nobody.log_in(user, between.url)
    nobody.make("a.bin", secrets.token_bytes(200_000))
    [[media_id, _]] = nobody.lines("up", "a.bin")
    assert [each["id"] for each in user.media()] == [media_id]
    keys = {line for head in between.requests for line in head.splitlines() if line.startswith("Idempotency-Key")}
    assert len(between.requests) == 3 and len(keys) == 1


def test_a_server_that_stays_busy_is_given_up(nobody, user, proxy):
    between = proxy("/media?", refusals=4)
    nobody.log_in(user, between.url)
    assert nobody.objects("ls") == []
    between.refusals = 100
    assert "503" in failed(nobody.run("ls"))
    assert len(between.requests) == 10


def test_another_run_goes_on_with_what_is_there(client, user):
    data = secrets.token_bytes(1_000_000)
    media = user.upload(data, "a.bin")
    for part in (data[:400_000], data, b"x" * 400_000, data + b"more", b""):
        client.make(f".a.bin.{media['id']}.coffer-part", part)
        ok(client.run("down", media["id"], "--force"))
        assert tree(client.here) == {"a.bin": data}


def test_a_download_destroys_no_file_of_the_user(nobody, user, proxy):
    media = user.upload(b"of the vault", "a.txt")
    long = user.upload(b"long", "é" * 125 + ".txt")
    between = proxy("/content")
    nobody.log_in(user, between.url)
    nobody.make("a.txt.part", b"mine")
    ok(nobody.run("down", media["id"], long["id"]))
    assert tree(nobody.here) == {"a.txt": b"of the vault", "a.txt.part": b"mine", long["filename"]: b"long"}
    # Made while it is received.
    path = nobody.here / "a.txt"
    path.unlink()
    between.act = lambda _: path.write_bytes(b"mine too")
    assert "--force" in failed(nobody.run("down", media["id"]))
    assert path.read_bytes() == b"mine too"
    # A link in place of what is received is not followed.
    elsewhere = nobody.make("elsewhere", b"precious")
    path.unlink()
    for left in nobody.here.glob(".*part"):
        left.unlink()
    (nobody.here / f".a.txt.{media['id']}.coffer-part").symlink_to(elsewhere)
    assert "coffer-part" in failed(nobody.run("down", media["id"]))
    assert elsewhere.read_bytes() == b"precious"


# Shares.


def test_share(client, user, shared):
    media = user.upload(b"shared", "a.txt")
    url = ok(client.run("share", media["id"])).strip()
    assert url.startswith(shared.url + "/s/")
    assert Api(shared.url).get(url + "/content").content == b"shared"
    [share] = client.objects(
        "share", media["id"], "--expires", "7d", "--max-downloads", "3", "--view-only", "--password-stdin", stdin="open sesame\r\n"
    )
    page = Api(shared.url).post(share["url"], data={"password": "open sesame"}, allow_redirects=False)
    assert page.status_code in (302, 303), page.status_code
    assert share["has_password"] and share["max_downloads"] == 3 and not share["allow_download"] and share["expires_at"]
    collection = user.post("/collections", json={"name": "all"}).json()["data"]["id"]
    assert client.objects("share", collection, "--expires", "2999-01-01T00:00:00Z")[0]["collection_id"] == collection
    assert "--expires" in failed(client.run("share", media["id"], "--expires", "soon"))
    assert "no such" in failed(client.run("share", "media_999999999"))
    failed(client.run("share", media["id"], "--max-downloads", "0"), code=2)


# At a terminal.


def at_terminal(client, words, typed=(), columns=80):
    """What a run shows at a terminal, whose questions are answered in turn."""
    main, other = pty.openpty()
    termios.tcsetwinsize(other, (24, columns))
    process = subprocess.Popen(
        [str(program.BINARY), *words],
        env={**program.environment(), **client.variables},
        cwd=client.here,
        stdin=other,
        stdout=other,
        stderr=other,
        start_new_session=True,
    )
    os.close(other)
    shown, answers = b"", list(typed)
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if answers and shown.rstrip(b" ").endswith(b":"):
            os.write(main, answers.pop(0).encode() + b"\n")
    os.close(main)
    return process.wait(30), shown.decode()


def test_questions_and_progress_at_a_terminal(nobody, user, shared):
    code, shown = at_terminal(nobody, ["login", shared.url], [user.username, user.password])
    assert code == 0 and "Password: " in shown and user.password not in shown, shown
    nobody.make("big.bin", bytes(20 << 20))
    code, shown = at_terminal(nobody, ["up", "big.bin"])
    assert code == 0 and "100 %" in shown and "20.0 MiB" in shown, shown
    assert "%" not in nobody.run("up", "big.bin").stderr


def test_progress_stays_on_one_line(client):
    name = "the photographs of the summer by the sea 写真写真写真.bin"
    client.make(name, bytes(1 << 20))
    for columns in (10, 20, 40, 80, 200):
        code, shown = at_terminal(client, ["up", name], columns=columns)
        lines = re.findall(r"\r\x1b\[K([^\r\n\x1b]+)", shown)
        assert code == 0 and lines, shown
        wide = [len(line) + sum(each >= "\u2e80" for each in line) for line in lines if "%" in line or "/s" in line]
        assert wide and max(wide) < columns, shown


def test_a_pause_is_told(nobody, user, proxy):
    between = proxy("/media?")
    between.pause = 1
    nobody.log_in(user, between.url)
    between.refusals = 1
    code, shown = at_terminal(nobody, ["ls"])
    assert code == 0 and "503" in shown and "again in" in shown, shown
