"""The commands: accounts and keys beside a running server, what is shown, how runs end."""

import datetime
import json
import os
import pty
import re
import sqlite3
import subprocess
import time

import pytest

from harness import program, shapes
from harness.client import Api, User, unique_name
from harness.program import failed, ok
from harness.server import Server, StartFailed

PASSWORD = "correct horse 7"


def log_in(server, username, password):
    return server.anyone().post("/auth/login", json={"username": username, "password": password})


@pytest.fixture
def coffer(shared):
    """`coffer(words…)`: a command on the folder of the server that runs."""

    def run(*words, **options):
        return program.run(*words, "--data", shared.data, **options)

    return run


# The first start.


ADMIN = re.compile(r"The admin's name is (\S+), the password (\S+)$")


def admin_lines(server):
    return [found for line in server.output if (found := ADMIN.search(line))]


def test_the_admin_is_told_once(launch):
    server = launch()
    server.anyone().get(server.url + "/readyz")
    server.stop_well()
    (told,) = admin_lines(server)
    name, password = told.groups()
    assert len(password) >= 16
    assert password not in server.log_text()
    for path in server.data.rglob("*"):
        assert not path.is_file() or password.encode() not in path.read_bytes(), path

    server.start()
    admin = User(server.root, name, password)
    assert shapes.user(admin.me())["is_admin"] is True
    server.stop_well()
    assert admin_lines(server) == []
    assert password not in "\n".join(server.output)


def test_no_admin_is_made_where_there_is_one(launch, folder):
    program.create_user(folder / "data", "boss", PASSWORD, admin=True)
    server = launch()
    assert User(server.root, "boss", PASSWORD).me()["is_admin"] is True
    server.stop_well()
    assert admin_lines(server) == []


def test_a_name_taken_does_not_stop_the_start(launch, folder):
    program.create_user(folder / "data", "admin", PASSWORD)
    server = launch()
    assert User(server.root, "admin", PASSWORD).me()["is_admin"] is False
    server.wait_for_log(lambda entry: "admin" in json.dumps(entry) and entry["level"] == "warning")
    assert admin_lines(server) == []


def test_the_folder_is_for_its_owner_alone(launch):
    server = launch()
    server.user().upload(b"private")
    for path in [server.data, *server.data.rglob("*")]:
        assert path.stat().st_mode & 0o077 == 0, path


# One server a folder.


def test_a_second_server_is_refused(launch, folder):
    first = launch()
    user = first.user()
    alias = folder / "alias"
    alias.symlink_to(first.data)
    for path in (first.data, alias):
        with pytest.raises(StartFailed) as refused:
            Server(path).start()
        assert refused.value.code == 1
        assert "another server" in refused.value.log
        assert str(path) in refused.value.log
        assert "http://" not in refused.value.output
    assert user.upload(b"still here")["size"] == 10


def test_a_killed_server_leaves_no_lock(launch):
    server = launch()
    server.kill()
    server.start()
    assert server.anyone().get(server.url + "/readyz").status_code == 200


def test_a_second_server_on_another_folder(launch):
    first, second = launch(name="one"), launch(name="two")
    user = first.user()
    assert log_in(first, user.username, user.password).status_code == 200
    assert log_in(second, user.username, user.password).status_code == 401


def test_an_address_in_use(launch, folder):
    server = launch()
    with pytest.raises(StartFailed) as refused:
        Server(folder / "other", listen=f"127.0.0.1:{server.port}").start()
    assert refused.value.code == 1
    assert str(server.port) in refused.value.log


def test_several_addresses(launch):
    server = launch(flags=["--listen", "127.0.0.1:0"])
    deadline = time.monotonic() + program.patience(5)
    while len(urls := re.findall(r"http://\S+", "\n".join(server.output))) < 2:
        assert time.monotonic() < deadline, server.output
        time.sleep(0.01)
    assert len(set(urls)) == 2
    for url in urls:
        assert server.anyone().get(url + "/readyz").status_code == 200


@pytest.mark.parametrize("place", ["file", "below a file"])
def test_a_folder_that_cannot_be(folder, place):
    (folder / "file").write_bytes(b"")
    path = folder / "file" if place == "file" else folder / "file" / "data"
    for words in (["serve", "--listen", "127.0.0.1:0"], ["user", "create", "ann"]):
        assert str(path) in failed(program.run(*words, "--data", path))


@pytest.mark.parametrize(
    "words",
    [
        ["user", "list"],
        ["user", "set-password", "ann"],
        ["user", "disable", "ann"],
        ["key", "list", "--user", "ann"],
        ["key", "create", "--user", "ann"],
    ],
)
def test_a_folder_that_is_not_there(folder, words):
    """A slip in the path makes no vault of its own."""
    assert "missing" in failed(program.run(*words, "--data", folder / "missing"))
    assert not (folder / "missing").exists()


def test_a_database_of_an_unreleased_version_is_refused(tmp_path):
    database = sqlite3.connect(tmp_path / "coffer.db")
    database.executescript(
        "CREATE TABLE schema_migration"
        " (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT;"
        "INSERT INTO schema_migration VALUES (1, 'foundation', 0), (2, 'tree', 0);"
        "CREATE TABLE account (id INTEGER PRIMARY KEY) STRICT;"
    )
    database.close()
    for command in (["serve", "--listen", "127.0.0.1:0"], ["user", "list"]):
        told = failed(program.run(*command, "--data", tmp_path))
        assert "unreleased version" in told and "foundation" in told
        # Beside what the log may say of the machine.
        assert len([line for line in told.splitlines() if not line.startswith("{")]) == 1
    with sqlite3.connect(tmp_path / "coffer.db") as untouched:
        tables = untouched.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    assert sorted(tables) == [("account",), ("schema_migration",)]


def test_a_database_of_an_earlier_baseline_is_refused(tmp_path):
    ok(program.run("user", "create", "ann", "--data", tmp_path))
    with sqlite3.connect(tmp_path / "coffer.db") as database:
        [(name,)] = database.execute("SELECT name FROM schema_migration").fetchall()
        assert re.fullmatch("baseline [0-9a-f]{8}", name)
        database.execute("UPDATE schema_migration SET name = 'baseline 01234567'")
    database.close()
    for command in (["serve", "--listen", "127.0.0.1:0"], ["user", "list"]):
        told = failed(program.run(*command, "--data", tmp_path))
        assert name in told and "01234567" in told and "another data folder" in told


# Accounts.


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\nnot this line\n"])
def test_a_user_with_a_given_password(shared, coffer, end):
    name, password = unique_name("Müller "), " spaces & “quotes” stay "
    output = ok(coffer("user", "create", name, "--password-stdin", stdin=password + end))
    assert password not in output
    assert name in output
    me = User(shared.root, name, password).me()
    assert (me["username"], me["is_admin"], me["email"]) == (name, False, None)


def test_a_user_with_a_made_password(shared, coffer):
    name, email = unique_name(), unique_name() + "@example.com"
    output = ok(coffer("user", "create", name, "--email", email, "--admin"))
    password = output.splitlines()[-1]
    assert len(password) >= 16
    me = User(shared.root, email, password).me()
    assert (me["username"], me["is_admin"], me["email"]) == (name, True, email)


def test_made_passwords_differ(coffer):
    made = {ok(coffer("user", "create", unique_name())).splitlines()[-1] for _ in range(3)}
    assert len(made) == 3


def test_users_that_cannot_be(shared, coffer):
    taken = shared.user()
    before = ok(coffer("user", "list"))
    assert "username" in failed(coffer("user", "create", taken.username))
    assert "username" in failed(coffer("user", "create", taken.username.upper()))
    assert "username" in failed(coffer("user", "create", ""))
    assert "username" in failed(coffer("user", "create", "a\nb"))
    assert "email" in failed(coffer("user", "create", unique_name(), "--email", "nobody"))
    assert "email" in failed(coffer("user", "create", unique_name(), "--email", taken.email))
    short = failed(coffer("user", "create", unique_name(), "--password-stdin", stdin="short7\n"))
    assert "password" in short and "short7" not in short
    none = failed(coffer("user", "create", unique_name(), "--password-stdin", stdin=""))
    assert "password" in none
    assert ok(coffer("user", "list")) == before


def test_the_list_of_users(shared, coffer):
    plain, boss, gone = unique_name(), unique_name(), shared.user()
    ok(coffer("user", "create", plain))
    ok(coffer("user", "create", boss, "--admin", "--email", boss + "@example.com"))
    ok(coffer("user", "disable", gone.username))
    rows = [line.split("\t") for line in ok(coffer("user", "list")).splitlines()]
    found = {row[1]: row[2:] for row in rows}
    assert len(found) == len(rows)
    assert found[plain] == ["-", "user", "active"]
    assert found[boss] == [boss + "@example.com", "admin", "active"]
    assert found[gone.username] == [gone.email, "user", "disabled"]
    assert [int(row[0]) for row in rows] == sorted(int(row[0]) for row in rows)


def test_a_new_password(shared, coffer):
    user = shared.user()
    output = ok(
        coffer("user", "set-password", user.email, "--password-stdin", stdin="another one 8\n")
    )
    assert "another one 8" not in output
    shapes.failure(user.get("/users/me"), "unauthorized")
    shapes.failure(log_in(shared, user.username, user.password), "unauthorized")
    assert log_in(shared, user.username, "another one 8").status_code == 200

    made = ok(coffer("user", "set-password", user.username)).splitlines()[-1]
    shapes.failure(log_in(shared, user.username, "another one 8"), "unauthorized")
    assert log_in(shared, user.username, made).status_code == 200


def test_a_new_password_that_cannot_be(shared, coffer):
    user = shared.user()
    done = coffer("user", "set-password", user.username, "--password-stdin", stdin="short\n")
    assert "password" in failed(done)
    assert user.me()["username"] == user.username
    assert log_in(shared, user.username, user.password).status_code == 200


def test_a_user_is_locked_out_at_once(shared, coffer):
    user, other = shared.user(), shared.user()
    key = program.create_key(shared.data, user.username)
    media = user.upload(b"kept")
    ok(coffer("user", "disable", user.username))
    for caller in (user, Api(shared.root, key=key)):
        shapes.failure(caller.get("/users/me"), "unauthorized")
        shapes.failure(caller.get(f"/media/{media['id']}/content"), "unauthorized")
    shapes.failure(log_in(shared, user.username, user.password), "unauthorized")
    refresh = shared.anyone().post("/auth/refresh", json={"refresh_token": user.refresh_token})
    shapes.failure(refresh, "unauthorized")
    assert other.me()["username"] == other.username

    ok(coffer("user", "enable", user.username))
    assert user.again().get(f"/media/{media['id']}/content").content == b"kept"


@pytest.mark.parametrize(
    "words", [["disable"], ["enable"], ["set-password"], ["logout"], ["delete", "--yes"]]
)
def test_a_user_that_is_not_there(coffer, words):
    assert "nobody-here" in failed(coffer("user", *words, "nobody-here"))


def at_terminal(*words, answers):
    """(exit code, all that the terminal showed) of a run that is typed these lines."""
    leader, terminal = pty.openpty()
    process = subprocess.Popen(
        [program.BINARY, *map(str, words)],
        env=program.environment(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    for prompt, answer in [*answers, (None, b"")]:
        while prompt is None or prompt not in shown:
            try:
                more = os.read(leader, 4096)
            except OSError:  # what Linux says at the end of a terminal
                more = b""
            if not more:
                break
            shown += more
        if prompt:
            # It stops showing what is typed before it asks.
            os.write(leader, answer + b"\n")
    os.close(leader)
    return process.wait(30), shown.decode()


def test_a_new_password_asked_at_the_terminal(shared):
    user = shared.user()
    words = ["user", "set-password", user.username, "--data", shared.data]
    typed = [(b"New password: ", b"another one 8"), (b"once more: ", b"another one 8")]
    code, shown = at_terminal(*words, answers=typed)
    assert code == 0, shown
    assert "another one" not in shown
    assert "logout" in shown and "keys" in shown
    assert log_in(shared, user.username, "another one 8").status_code == 200

    typed = [(b"New password: ", b"one of these"), (b"once more: ", b"is not the other")]
    code, shown = at_terminal(*words, answers=typed)
    assert code == 1 and "differ" in shown
    assert log_in(shared, user.username, "another one 8").status_code == 200

    code, shown = at_terminal(*words, "--generate", answers=[])
    assert code == 0
    assert log_in(shared, user.username, shown.split()[-1]).status_code == 200


def test_all_sessions_end(shared, coffer):
    user, other = shared.user(), shared.user()
    twin = user.again()
    key = Api(shared.root, key=program.create_key(shared.data, user.username))
    assert "ended: 2" in ok(coffer("user", "logout", user.username))
    for caller in (user, twin):
        shapes.failure(caller.get("/users/me"), "unauthorized")
    refresh = shared.anyone().post("/auth/refresh", json={"refresh_token": user.refresh_token})
    shapes.failure(refresh, "unauthorized")
    assert key.me()["username"] == user.username
    again = user.again()
    output = ok(coffer("user", "logout", user.email, "--keys"))
    assert "ended: 1" in output and "revoked: 1" in output
    for caller in (again, key):
        shapes.failure(caller.get("/users/me"), "unauthorized")
    assert user.again().me()["username"] == user.username
    assert other.me()["username"] == other.username


def test_a_user_is_deleted_with_everything_in_it(shared, coffer):
    user, other = shared.user(), shared.user()
    key = Api(shared.root, key=program.create_key(shared.data, user.username))
    media = user.upload(b"hers alone")
    assert user.get(media["url"]).status_code == 200
    unsaid = coffer("user", "delete", user.username)
    assert unsaid.returncode == 2 and "--yes" in unsaid.stderr
    assert user.me()["username"] == user.username, "nobody said yes"

    assert user.username in ok(coffer("user", "delete", user.username, "--yes"))
    for caller in (user, key):
        shapes.failure(caller.get("/users/me"), "unauthorized")
    shapes.failure(log_in(shared, user.username, user.password), "unauthorized")
    assert shared.anyone().get(media["url"]).status_code in (401, 404)
    assert user.username not in ok(coffer("user", "list"))
    failed(coffer("user", "delete", user.username, "--yes"))
    heir = shared.user(username=user.username, email=user.email)
    assert heir.me()["used_bytes"] == 0 and heir.media() == []
    assert other.me()["username"] == other.username


def test_whether_a_user_is_deleted_is_asked_at_the_terminal(shared):
    user = shared.user()
    words = ["user", "delete", user.username, "--data", shared.data]
    for answer in (b"", b"n", b"maybe"):
        code, shown = at_terminal(*words, answers=[(b"[y/N] ", answer)])
        assert code == 1 and user.username in shown
        assert user.me()["username"] == user.username
    code, shown = at_terminal(*words, answers=[(b"[y/N] ", b"yes")])
    assert code == 0, shown
    shapes.failure(user.get("/users/me"), "unauthorized")


def test_a_user_is_deleted_without_a_server(launch, tmp_path):
    server = launch()
    user = server.user()
    for number in range(20):
        user.upload(b"bytes %d" % number)
    server.stop_well()
    ok(program.run("user", "delete", user.username, "--yes", "--data", server.data))
    with sqlite3.connect(f"file:{server.data / 'coffer.db'}?mode=ro", uri=True) as database:
        assert database.execute("SELECT count(*) FROM entry").fetchone() == (0,)
    ok(program.run("fsck", "--data", server.data))
    server.start()


# Keys.


def test_a_key_made_while_the_server_runs(shared, coffer):
    user = shared.user()
    output = ok(coffer("key", "create", "--user", user.username))
    key = output.splitlines()[-1]
    assert re.fullmatch(r"[\x21-\x7e]{32,}", key)
    assert key not in "\n".join(output.splitlines()[:-1])
    caller = Api(shared.root, key=key)
    assert caller.me()["username"] == user.username
    assert caller.upload(b"by key")["user_id"] == user.me()["id"]
    shapes.failure(Api(shared.root, key=key[:-1]).get("/users/me"), "unauthorized")
    shapes.failure(Api(shared.root, key=key.swapcase()).get("/users/me"), "unauthorized")


@pytest.mark.parametrize("scope, may", [("read", (200, 403)), ("write", (403, 201))])
def test_a_key_with_one_scope(shared, coffer, scope, may):
    user = shared.user()
    key = ok(coffer("key", "create", "--user", user.username, "--scope", scope)).splitlines()[-1]
    caller = Api(shared.root, key=key)
    assert (caller.get("/users/me").status_code, caller.try_upload(b"x").status_code) == may


def keys_of(coffer, user):
    """{id: [kind, hint, scopes, made, end, last use, label]}"""
    rows = [line.split("\t") for line in ok(coffer("key", "list", "--user", user)).splitlines()]
    return {row[0]: row[1:] for row in rows}


def test_the_list_of_keys(shared, coffer):
    user = shared.user()
    assert keys_of(coffer, user.username) == {}
    made = {}
    for label, kind in (("the camera", "api"), ("-", "master")):
        words = ["--user", user.email, "--kind", kind]
        if label != "-":
            words += ["--label", label]
        made[label] = ok(coffer("key", "create", *words)).splitlines()[-1]
    listed = keys_of(coffer, user.username)
    shown = sorted((row[-1], row[0]) for row in listed.values())
    assert shown == [("-", "master"), ("the camera", "api")]
    for _, hint, scopes, time, end, used, label in listed.values():
        key = made[label]
        assert key.startswith(hint.removesuffix("…"))
        assert len(hint) < len(key) / 2
        assert shapes.is_time(time)
        assert (scopes, end, used) == ("read,write", "-", "-")


def test_the_list_of_keys_has_scopes_end_and_last_use(shared, coffer):
    user = shared.user()
    words = ["--user", user.username, "--scope", "read", "--expires", "2999-12-31T23:00:00+01:00"]
    key = ok(coffer("key", "create", *words)).splitlines()[-1]
    assert Api(shared.root, key=key).get("/users/me").status_code == 200
    # The server tells its uses when it is asked, and writes them down about once a minute.
    [told] = shapes.success(user.get("/api-keys"))
    [(kind, _, scopes, _, end, used, _)] = keys_of(coffer, user.username).values()
    assert (kind, scopes, end) == ("api", "read", "2999-12-31T22:00:00Z")
    assert (told["scopes"], told["expires_at"]) == (["read"], "2999-12-31T22:00:00Z")
    assert used == "-" or shapes.is_time(used)


def test_a_key_that_ends(shared, coffer):
    user = shared.user()
    before = time.time()
    ok(coffer("key", "create", "--user", user.username, "--expires", "90d"))
    after = time.time()
    [told] = shapes.success(user.get("/api-keys"))
    end = datetime.datetime.fromisoformat(told["expires_at"].replace("Z", "+00:00")).timestamp()
    assert before - 1 <= end - 90 * 86400 <= after + 1
    key = ok(coffer("key", "create", "--user", user.username, "--expires", "2s")).splitlines()[-1]
    caller = Api(shared.root, key=key)
    deadline = time.monotonic() + program.patience(20)
    while caller.get("/users/me").status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    shapes.failure(caller.get("/users/me"), "unauthorized")


@pytest.mark.parametrize("end", ["soon", "0s", "-1d", "90", "2030-02-30", "1000000d", "2001-01-01T00:00:00Z"])
def test_an_end_that_is_none(shared, coffer, end):
    user = shared.user()
    failed(coffer("key", "create", "--user", user.username, f"--expires={end}"))
    assert keys_of(coffer, user.username) == {}


def test_a_revoked_key(shared, coffer):
    user, other = shared.user(), shared.user()
    keys = [program.create_key(shared.data, user.username) for _ in range(2)]
    callers = [Api(shared.root, key=key) for key in keys]
    for caller in callers:
        assert caller.get("/users/me").status_code == 200
    first, second = sorted(keys_of(coffer, user.username), key=lambda name: int(name[4:]))

    failed(coffer("key", "revoke", "--user", other.username, first))
    assert callers[0].get("/users/me").status_code == 200

    ok(coffer("key", "revoke", "--user", user.username, first))
    shapes.failure(callers[0].get("/users/me"), "unauthorized")
    assert callers[1].get("/users/me").status_code == 200
    assert list(keys_of(coffer, user.username)) == [second]
    failed(coffer("key", "revoke", "--user", user.username, first))

    ok(coffer("key", "revoke", "--user", user.username, second[4:]))
    shapes.failure(callers[1].get("/users/me"), "unauthorized")


@pytest.mark.parametrize("name", ["", "key_", "key_x", "key_-1", "-1x", "9" * 20, "key_999999"])
def test_a_key_that_is_not_there(shared, coffer, name):
    user = shared.user()
    done = coffer("key", "revoke", "--user", user.username, "--", name)
    assert done.returncode in (1, 2)
    assert done.stdout == "" and done.stderr


@pytest.mark.parametrize("words", [["create"], ["list"], ["revoke", "key_1"]])
def test_keys_of_nobody(coffer, words):
    assert "nobody-here" in failed(coffer("key", *words, "--user", "nobody-here"))
