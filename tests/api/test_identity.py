"""Who somebody is: passwords and guessing them, what a key may change, names, what is sent twice."""

import sqlite3
import threading
import time

import pytest

from harness import program, shapes
from harness.boxes import Boxes
from harness.client import Api, unique_name
from harness.fileuploader import FileUploader
from harness.quantum import Quantum
from harness.streamvault import StreamVault

PASSWORD = "correct horse 7"
COMPOSED, DECOMPOSED = "Zo\u00eb's\u00a0horse", "Zoe\u0308's horse"


def log_ins(server, address=None):
    """Each API's log-in: `log_in(name, password)` gives the token, or the reply that has none."""
    headers = {"X-Forwarded-For": address} if address else {}

    def native(name, password):
        reply = Api(server.root).post(
            "/auth/login", json={"username": name, "password": password}, headers=headers
        )
        return reply.json()["token"] if reply.status_code == 200 else reply

    def streamvault(name, password):
        reply = StreamVault(server).post(
            "/api/v5/login/", json={"username": name, "password": password}, headers=headers
        )
        return reply.json()["access"] if reply.status_code == 200 else reply

    def uploader(name, password):
        reply = FileUploader(server).post(
            "/api/login", json={"username": name, "password": password}, headers=headers
        )
        return reply.json()["accessToken"] if reply.status_code == 200 else reply

    def boxes(name, password):
        reply = Boxes(server).post(
            "/auth/login/", json={"username": name, "password": password}, headers=headers
        )
        return reply.json()["token"] if reply.status_code == 200 else reply

    return {"mediavault": native, "streamvault": streamvault, "fileuploader": uploader, "boxes": boxes}


# A log-in that is on its way while something changes.


def change_by_api(server, user, wanted):
    body = {"current_password": user.password, "password": wanted}
    shapes.success(user.patch("/users/me", json=body))


def change_by_command(server, user, wanted):
    done = program.run(
        "user", "set-password", user.username, "--password-stdin", "--data", server.data, stdin=wanted
    )
    assert done.returncode == 0, done.stderr


def disable(server, user, wanted):
    done = program.run("user", "disable", user.username, "--data", server.data)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("change", [change_by_api, change_by_command, disable])
def test_no_session_of_the_old_password_outlives_its_change(launch, change):
    server = launch({"passwords.memory": "16MiB", "passwords.parallel": 4})
    user = server.user()
    tokens, guard, over = [], threading.Lock(), threading.Event()

    def run(log_in):
        while not over.is_set():
            token = log_in(user.username, user.password)
            if isinstance(token, str):
                with guard:
                    tokens.append(token)

    threads = [threading.Thread(target=run, args=(log_in,)) for log_in in log_ins(server).values()]
    threads += [threading.Thread(target=run, args=(log_in,)) for log_in in log_ins(server).values()]
    [thread.start() for thread in threads]
    deadline = time.monotonic() + program.patience(20)
    while len(tokens) < 6 and time.monotonic() < deadline:
        time.sleep(0.01)
    change(server, user, "another one 8")
    time.sleep(0.5)
    over.set()
    [thread.join() for thread in threads]
    assert len(tokens) >= 6
    alive = [token for token in tokens if Api(server.root, token=token).get("/users/me").status_code == 200]
    assert alive == []


# What a password is.


def test_passwords_fit_in_every_composition_and_every_api(shared):
    for password in (COMPOSED, DECOMPOSED):
        name = unique_name()
        reply = shared.anyone().post("/auth/register", json={"username": name, "password": password})
        shapes.success(reply, 201)
        for log_in in log_ins(shared).values():
            for typed in (COMPOSED, DECOMPOSED):
                assert isinstance(log_in(name, typed), str)
            assert not isinstance(log_in(name, DECOMPOSED.upper()), str)


def stored_hash(server, user):
    database = sqlite3.connect(f"file:{server.data / 'coffer.db'}?mode=ro", uri=True)
    (found,) = database.execute("SELECT password FROM account WHERE username = ?", [user.username])
    database.close()
    return found[0]


def test_a_raised_cost_reaches_accounts_at_their_next_log_in(launch):
    server = launch({"passwords.memory": "8MiB"})
    user = server.user()
    server.stop_well()
    server.settings["passwords.memory"] = "64MiB"
    server.start()
    user.root = server.root
    assert not isinstance(log_ins(server)["mediavault"](user.username, "wrong one 8"), str)
    assert ",t=2," in stored_hash(server, user) and "m=8192," in stored_hash(server, user)
    before = user.me()
    again = user.again()
    assert "m=65536," in stored_hash(server, user)
    assert again.me() == user.me() == before


# Guessing.


@pytest.fixture
def guarded(launch):
    """A server on which five wrong passwords are enough."""
    return launch(
        {
            "rate_limits": "on",
            "limits.wrong_passwords_per_minute": 5,
            "limits.anonymous_per_minute": 1000,
            "limits.fileuploader_login_per_minute": 1000,
            "trusted_proxies": "127.0.0.1",
        }
    )


def guess(caller, number, address, password=None):
    return caller.patch(
        "/users/me",
        json={"current_password": password or f"wrong one {number}", "password": "another one 8"},
        headers={"X-Forwarded-For": address},
    )


def test_a_leaked_key_guesses_no_faster_than_a_log_in(guarded):
    user = guarded.user()
    leaked = Api(guarded.root, key=program.create_key(guarded.data, user.username))
    for number in range(5):
        reply = guess(leaked, number, "192.0.2.1")
        shapes.failure(reply, "validation_error", field="current_password")
    for address in ("192.0.2.1", "192.0.2.2"):
        reply = guess(leaked, 6, address, user.password)
        shapes.failure(reply, "rate_limited", 429)
        assert 1 <= int(reply.headers["Retry-After"]) <= 70
        assert reply.headers["X-RateLimit-Limit"] == "5"
        assert reply.headers["X-RateLimit-Remaining"] == "0"
        assert abs(int(reply.headers["X-RateLimit-Reset"]) - time.time()) < 90
        # And through no other door either.
        for log_in in log_ins(guarded, address).values():
            assert log_in(user.username, user.password).status_code == 429
    stranger = guarded.user()
    assert isinstance(log_ins(guarded, "192.0.2.3")["mediavault"](stranger.username, stranger.password), str)
    # The address at which the owner is at home is not locked out.
    assert user.again().me()["username"] == user.username


def test_one_address_guesses_at_nobody_any_more(guarded):
    victims = [guarded.user() for _ in range(7)]
    codes = []
    for victim, log_in in zip(victims, list(log_ins(guarded, "192.0.2.9").values()) * 3):
        codes.append(log_in(victim.username, "wrong one 8").status_code)
    assert 429 not in codes[:5] and codes[5:] == [429, 429]


def test_each_api_refuses_in_its_own_shape(guarded):
    user = guarded.user()
    doors = log_ins(guarded, "192.0.2.4")
    for _ in range(5):
        doors["mediavault"](user.username, "wrong one 8")
    shapes.failure(doors["mediavault"](user.username, "wrong one 8"), "rate_limited", 429)
    reply = doors["streamvault"](user.username, "wrong one 8")
    assert reply.status_code == 429 and "throttled" in reply.json()["detail"]
    reply = doors["fileuploader"](user.username, "wrong one 8")
    assert reply.status_code == 429 and reply.json()["status"] == "error"
    reply = doors["boxes"](user.username, "wrong one 8")
    assert reply.status_code == 429 and "throttled" in reply.json()["detail"]


def test_wrong_passwords_of_one_account_hold_up_nobody_else(launch):
    """Of what waits for one account, another waits for a turn, not for all of it."""
    server = launch({"passwords.memory": "64MiB", "passwords.parallel": 2})
    victim, other = server.user(), server.user()
    over, guard, done = threading.Event(), threading.Lock(), [0]

    def flood():
        door = log_ins(server)["mediavault"]
        while not over.is_set():
            door(victim.username, "wrong one 8")
            with guard:
                done[0] += 1

    threads = [threading.Thread(target=flood) for _ in range(24)]
    [thread.start() for thread in threads]
    time.sleep(1)
    waited_for = []
    for _ in range(5):
        before = done[0]
        assert isinstance(log_ins(server)["mediavault"](other.username, other.password), str)
        waited_for.append(done[0] - before)
    over.set()
    [thread.join() for thread in threads]
    assert sorted(waited_for)[2] < 12, waited_for


# Keys.


@pytest.mark.parametrize("kind", ["api", "master"])
@pytest.mark.parametrize(
    "change",
    [{"username": "eve"}, {"email": "eve@example.com"}, {"password": "another one 8"}],
    ids=["name", "address", "password"],
)
def test_a_key_does_not_change_who_the_account_is(shared, user, kind, change):
    key = program.create_key(shared.data, user.username, kind)
    caller = Api(shared.root, key=key)
    if "password" in change:
        change = {**change, "current_password": user.password}
    before = user.me()
    reply = caller.patch("/users/me", json=change)
    if kind == "api":
        shapes.failure(reply, "forbidden", 403)
    else:
        assert reply.status_code in (401, 403)
    assert user.me() == before
    assert user.again().me() == before


# Names.

UNSEEN = {
    "zero width space": "a\u200bb",
    "joiner": "a\u200db",
    "non-joiner": "a\u200cb",
    "right-to-left override": "\u202eanna",
    "isolate": "\u2066anna",
    "right-to-left mark": "anna\u200f",
    "Arabic letter mark": "a\u061cb",
    "soft hyphen": "an\u00adna",
    "byte order mark": "\ufeffanna",
    "word joiner": "an\u2060na",
    "Hangul filler": "\u3164",
    "tag": "anna\U000e0041",
    "line separator": "an\u2028na",
}


@pytest.mark.parametrize("kind", UNSEEN)
def test_names_that_nobody_can_tell_apart(shared, user, kind):
    name = UNSEEN[kind]
    anyone = shared.anyone()
    body = {"username": name + unique_name(), "password": PASSWORD}
    shapes.failure(anyone.post("/auth/register", json=body), "validation_error", field="username")
    assert FileUploader(shared).post("/api/register", json=body).status_code == 400
    account = {**body, "email": unique_name() + "@example.com"}
    assert StreamVault(shared).post("/api/v5/register/", json=account).status_code == 400
    assert set(Boxes(shared).post("/auth/register/", json=account).json()) == {"username"}
    shapes.failure(user.patch("/users/me", json={"username": body["username"]}), "validation_error")
    shapes.failure(user.post("/api-keys", json={"name": name}), "validation_error")
    member = FileUploader(shared, user.token)
    assert member.post("/api/create_group", json={"group_name": name}).status_code == 400
    failed = program.run("user", "create", body["username"], "--data", shared.data)
    assert failed.returncode == 1 and "username" in failed.stderr


@pytest.mark.parametrize("name", ["Семья 👩‍👩‍👧", "❤️", "نمی‌خواهم"])
def test_names_of_groups_that_are_good(shared, name):
    FileUploader.registered(shared).group(name)


# What is sent twice.


CREDENTIALS = {
    "mediavault": ("GET", "/api/v1/users/me", "Authorization"),
    "mediavault key": ("GET", "/api/v1/users/me", "X-API-Key"),
    "mediavault, anyone's": ("POST", "/api/v1/auth/login", "Authorization"),
    "streamvault": ("GET", "/storage/api/v5/me/", "Authorization"),
    "fileuploader": ("GET", "/api/get_files/private", "Authorization"),
    "fileuploader upload": ("POST", "/api/upload/private", "Authorization"),
    "boxes": ("GET", "/api/auth/me/", "Authorization"),
    "boxes upload": ("POST", "/api/boxes/1/upload/", "Authorization"),
    "quantum master": ("GET", "/bucket", "X-API-MKEY"),
    "quantum application": ("GET", "/file/quota", "X-API-AKEY"),
}


@pytest.mark.parametrize("which", CREDENTIALS)
def test_two_credentials_are_no_request(shared, user, which):
    method, path, name = CREDENTIALS[which]
    key = program.create_key(shared.data, user.username, "master" if "MKEY" in name else "api")
    good = f"Bearer {user.token}" if name == "Authorization" else key
    for values in ((good, good), (good, "Bearer x"), ("x", good)):
        lines = "".join(f"{name}: {value}\r\n" for value in values)
        with shared.wire() as wire:
            head = f"{method} {path} HTTP/1.1\r\nHost: {wire.host}\r\nContent-Length: 0\r\n{lines}\r\n"
            reply = wire.send(head.encode()).reply(method)
        assert reply.status_code == 400, reply
        body = reply.json()
        if which.startswith("mediavault"):
            shapes.failure(reply, "validation_error", 400)
        elif which.startswith(("streamvault", "boxes")):
            assert name in body["detail"]
        elif which.startswith("fileuploader"):
            assert body["status"] == "error" and name in body["message"]
        else:
            assert "status" in body or "error" in str(body).lower()


def test_a_name_twice_in_json_is_refused(shared, user):
    twice = b'{"username": "anna", "password": "wrong one 8", "password": "%s"}' % user.password.encode()
    nested = b'{"username": "anna", "password": "x", "more": [{"a": 1, "a": 2}]}'
    replaced = b'{"username": {"a": 1}, "username": "anna", "password": "x"}'
    escaped = b'{"username": "anna", "password": "x", "p\\u0061ssword": "y"}'
    headers = {"Content-Type": "application/json"}
    for body in (twice, nested, replaced, escaped):
        reply = shared.anyone().post("/auth/login", data=body, headers=headers)
        shapes.failure(reply, "validation_error", 400)
        reply = StreamVault(shared).post("/api/v5/login/", data=body, headers=headers)
        assert reply.status_code == 400, reply.text
        reply = Boxes(shared).post("/auth/login/", data=body, headers=headers)
        assert reply.status_code == 400, reply.text
        reply = FileUploader(shared).post("/api/login", data=body, headers=headers)
        assert reply.status_code == 400 and reply.json()["status"] == "error"
    fine = b'{"username": "anna", "password": "x", "more": [{"a": 1}, {"a": 2}]}'
    reply = shared.anyone().post("/auth/login", data=fine, headers=headers)
    assert reply.status_code == 401


# What answers with a secret.


def test_no_cache_keeps_a_secret(shared):
    member = FileUploader.registered(shared)
    owner = Quantum.registered(shared)
    bucket = owner.bucket()
    group = member.group()
    stream = StreamVault.registered(shared)
    folder = stream.folder()
    replies = {
        "mediavault log-in": shared.anyone().post(
            "/auth/login", json={"username": member.username, "password": member.password}
        ),
        "mediavault key": owner.native.post("/api-keys", json={"name": "x"}),
        "streamvault log-in": stream.post(
            "/api/v5/login/", json={"username": member.username, "password": member.password}
        ),
        "streamvault refresh": stream.post("/api/v5/token/refresh/", json={"refresh": stream.refresh}),
        "streamvault folder": stream.get(f"/api/v3/folders/{folder['token']}/"),
        "fileuploader register": FileUploader(shared).post(
            "/api/register", json={"username": unique_name(), "password": PASSWORD}
        ),
        "fileuploader upload": member.try_upload(),
        "fileuploader files": member.get("/api/get_files/private"),
        "fileuploader invite": member.get(f"/api/generate_invite/{group}"),
        "fileuploader sharex": member.get("/api/sharex"),
        "boxes register": Boxes(shared).post(
            "/auth/register/", json={"username": unique_name(), "password": PASSWORD}
        ),
        "boxes log-in": Boxes(shared).post(
            "/auth/login/", json={"username": member.username, "password": member.password}
        ),
        "boxes project": Boxes(shared, member.token, "Bearer").post("/projects/", json={"name": "x"}),
        "quantum token": owner.post(f"/token/create/{bucket}"),
    }
    for which, reply in replies.items():
        assert "no-store" in reply.headers.get("Cache-Control", ""), (which, reply.status_code)


def test_content_may_be_kept(user):
    media = user.upload(b"bytes")
    reply = user.get(f"/media/{media['id']}/content")
    assert reply.headers["Cache-Control"] == "private, no-cache"
