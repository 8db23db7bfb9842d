"""`coffer sync`: a folder and a vault."""

import json
import os
import secrets
import socket
import subprocess

import pytest

from harness import program
from harness.client_program import tree
from harness.program import failed, ok
from test_client import client, nobody, proxy  # noqa: F401


def media_of(user):
    return {each["filename"]: user.get(f"/media/{each['id']}/content").content for each in user.media()}


def sync(client, *words):
    """The steps of a run."""
    return sorted((each["action"], each["name"]) for each in client.objects("sync", ".", *words))


def test_the_first_sync_makes_both_equal_and_removes_nothing(client, user):
    client.make("here.txt", b"1")
    client.make("both.txt", b"2")
    client.make("differs.txt", b"of this machine")
    client.make(".hidden", b"3")
    (client.here / "folder").mkdir()
    user.upload(b"2", "both.txt")
    user.upload(b"4", "there.txt")
    other = user.upload(b"of the vault", "differs.txt")["id"]
    assert sync(client, "--dry-run") == sync(client) == [
        ("download", f"differs ({other}).txt"), ("download", "there.txt"), ("upload", "differs.txt"), ("upload", "here.txt"),
    ]
    assert tree(client.here) == {
        "here.txt": b"1", "both.txt": b"2", "there.txt": b"4",
        "differs.txt": b"of this machine", f"differs ({other}).txt": b"of the vault",
    }
    assert len(user.media()) == 5
    assert sync(client) == []


def test_sync_follows_changes_and_removals_both_ways(client, user):
    for name in ("a", "b", "c", "d", "e"):
        client.make(name, name.encode())
    sync(client)
    ids = {each["filename"]: each["id"] for each in user.media()}
    client.make("a", b"changed here")
    user.put(f"/media/{ids['b']}/content", data=b"changed there")
    (client.here / "c").unlink()
    user.delete(f"/media/{ids['d']}")
    assert sync(client) == [("remove here", "d"), ("remove there", "c"), ("replace here", "b"), ("replace there", "a")]
    assert tree(client.here) == media_of(user) == {"a": b"changed here", "b": b"changed there", "e": b"e"}
    assert {each["id"]: each["filename"] for each in user.media()} == {ids["a"]: "a", ids["b"]: "b", ids["e"]: "e"}
    assert {each["filename"] for each in user.trash()} == {"c", "d"}
    assert tree(client.here / ".coffer-trash") == {"b": b"b", "d": b"d"}
    assert sync(client) == []


def test_sync_keeps_what_was_changed_on_both_sides(client, user):
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        client.make(name, name.encode())
    sync(client)
    ids = {each["filename"]: each["id"] for each in user.media()}
    client.make("a.txt", b"here")
    user.put(f"/media/{ids['a.txt']}/content", data=b"there")
    client.make("b.txt", b"the same")
    user.put(f"/media/{ids['b.txt']}/content", data=b"the same")
    # Changed on one side, removed on the other: the change stays.
    client.make("c.txt", b"changed")
    user.delete(f"/media/{ids['c.txt']}")
    (client.here / "d.txt").unlink()
    user.put(f"/media/{ids['d.txt']}/content", data=b"changed")
    assert sync(client) == [
        ("conflict", "a.txt"), ("download", "a.txt"), ("download", "d.txt"), ("upload", "a (conflict).txt"), ("upload", "c.txt"),
    ]
    assert tree(client.here) == media_of(user) == {
        "a.txt": b"there", "a (conflict).txt": b"here", "b.txt": b"the same", "c.txt": b"changed", "d.txt": b"changed",
    }
    assert sync(client) == []


def test_sync_with_a_collection(client, user, shared):
    collection = user.post("/collections", json={"name": "Holiday"}).json()["data"]["id"]
    user.upload(b"x", "elsewhere.txt")
    client.make("a.txt", b"1")
    client.make("b.txt", b"2")
    assert sync(client, "--collection", collection) == [("upload", "a.txt"), ("upload", "b.txt")]
    (client.here / "a.txt").unlink()
    assert sync(client, "--collection", collection) == [("remove there", "a.txt")]
    # It is taken out, and stays in the vault.
    assert set(media_of(user)) == {"elsewhere.txt", "a.txt", "b.txt"}
    [left] = user.get(f"/collections/{collection}/media").json()["data"]
    user.delete(f"/collections/{collection}/media/{left['id']}")
    assert sync(client, "--collection", collection) == [("remove here", "b.txt")]
    assert "another vault or collection" in failed(client.run("sync", "."))
    user.delete(f"/collections/{collection}")
    assert f"coffer: {collection}: there is no such collection" in failed(client.run("sync", ".", "--collection", collection))
    assert "no folder" in failed(client.run("sync", "missing"))


def test_sync_goes_on_after_a_run_that_failed(nobody, user, proxy):
    between = proxy("/content", cuts=5, after=200_000)
    nobody.log_in(user, between.url)
    data = secrets.token_bytes(5_000_000)
    user.upload(data, "big.bin")
    user.upload(b"small", "small.txt")
    nobody.make("mine.txt", b"mine")
    between.refusals = 100
    failed_run = nobody.run("sync", ".")
    assert failed_run.returncode == 1
    between.refusals = 0
    ok(nobody.run("sync", "."))
    assert tree(nobody.here) == media_of(user) == {"big.bin": data, "small.txt": b"small", "mine.txt": b"mine"}
    assert sync(nobody) == []


# Folders in the folder.


def test_folders_have_their_files_in_the_vault(client, user):
    client.make("a.txt", b"1")
    client.make("sea/b.txt", b"2")
    client.make("sea/2026/c.txt", b"3")
    client.make("sea/.hidden/d.txt", b"4")
    user.upload(b"5", "hills/high/e.txt")
    assert sync(client) == [
        ("download", "hills/high/e.txt"), ("upload", "a.txt"), ("upload", "sea/2026/c.txt"), ("upload", "sea/b.txt"),
    ]
    wanted = {"a.txt": b"1", "sea/b.txt": b"2", "sea/2026/c.txt": b"3", "hills/high/e.txt": b"5"}
    assert tree(client.here) == media_of(user) == wanted
    assert sync(client) == []
    ids = {each["filename"]: each["id"] for each in user.media()}
    client.make("sea/b.txt", b"changed here")
    user.put(f"/media/{ids['sea/2026/c.txt']}/content", data=b"changed there")
    (client.here / "a.txt").unlink()
    user.delete(f"/media/{ids['hills/high/e.txt']}")
    assert sync(client) == [
        ("remove here", "hills/high/e.txt"), ("remove there", "a.txt"),
        ("replace here", "sea/2026/c.txt"), ("replace there", "sea/b.txt"),
    ]
    assert tree(client.here) == media_of(user) == {"sea/b.txt": b"changed here", "sea/2026/c.txt": b"changed there"}
    assert tree(client.here / ".coffer-trash") == {"hills/high/e.txt": b"5", "sea/2026/c.txt": b"3"}


def test_what_is_moved_is_renamed_in_the_vault(client, user):
    for name in ("a.txt", "b.txt", "c.txt"):
        client.make(name, name.encode())
    client.make("same.txt", b"c.txt")
    sync(client)
    ids = {each["filename"]: each["id"] for each in user.media()}
    (client.here / "in").mkdir()
    for old, new in (("a.txt", "in/a.txt"), ("b.txt", "other.txt"), ("c.txt", "in/c.txt")):
        (client.here / old).rename(client.here / new)
    steps = [("rename there", "in/a.txt"), ("rename there", "in/c.txt"), ("rename there", "other.txt")]
    assert sync(client, "--dry-run") == steps
    [first] = [each for each in client.objects("sync", ".", "--dry-run") if each["name"] == "in/a.txt"]
    assert first == {"action": "rename there", "name": "in/a.txt", "id": ids["a.txt"], "from": "a.txt"}
    assert sync(client) == steps
    assert {each["filename"]: each["id"] for each in user.media()} == {
        "in/a.txt": ids["a.txt"], "other.txt": ids["b.txt"], "in/c.txt": ids["c.txt"], "same.txt": ids["same.txt"],
    }
    assert user.trash() == [] and sync(client) == []
    # Moved, and changed there meanwhile: both stay.
    (client.here / "other.txt").rename(client.here / "b.txt")
    user.put(f"/media/{ids['b.txt']}/content", data=b"changed")
    assert sync(client) == [("download", "other.txt"), ("upload", "b.txt")]
    assert sync(client) == []


def test_names_of_the_vault_stay_in_the_folder(client, user):
    names = ["../up", "a/../../up", "/etc/x", "a//b", "a/", "sea/.hidden", ".coffer-sync.json", "link/x", "file/x", "a/\nb"]
    elsewhere = client.home / "elsewhere"
    elsewhere.mkdir()
    (client.here / "link").symlink_to(elsewhere)
    client.make("file", b"file")
    for number, name in enumerate(names):
        user.upload(b"%d" % number, name)
    done = client.run("sync", ".")
    assert done.returncode == 0 and "link" in done.stderr
    here = tree(client.here)
    assert sorted(here.values()) == sorted([b"file", *(b"%d" % number for number in range(len(names)))])
    assert not any("/" in name for name in here)
    assert list(elsewhere.iterdir()) == [] and not (client.here.parent / "up").exists()
    assert client.run("sync", ".").stdout == ""


# What fails, or is no file.


def run_with_permissions(client, *words):
    """A run to which permissions mean something, also where it is root's."""
    prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*prefix, str(program.BINARY), *words], env={**program.environment(), **client.variables}, cwd=client.here,
        capture_output=True, text=True, timeout=30, check=False
    )  # fmt: skip


def failed_files(done):
    """What a run says of each file that failed."""
    assert done.returncode == 1, done
    # Details of a refusal are in lines of their own.
    *files, last = done.stderr.replace("\n  ", " ").splitlines()
    assert "next run tries again" in last
    return sorted(files)


def test_files_that_are_refused_stop_no_others(nobody, user, proxy):
    between = proxy("/nothing")
    nobody.log_in(user, between.url)
    for name in ("a.txt", "x" * 250 + "/" + "y.txt", "z.txt"):
        nobody.make(name, name.encode())
    user.upload(b"there", "there.txt")
    done = nobody.run("sync", ".")
    [told] = failed_files(done)
    assert "y.txt" in told and "255" in told
    assert sorted(media_of(user)) == ["a.txt", "there.txt", "z.txt"]
    assert nobody.here.joinpath("there.txt").exists()
    # The same again, and nothing else.
    again = nobody.run("sync", ".")
    assert len(again.stdout.splitlines()) == 1 and failed_files(again) == [told]


def test_a_vault_that_is_gone_ends_the_run(nobody, user, proxy):
    between = proxy("/upload")
    nobody.log_in(user, between.url)
    for number in range(9):
        nobody.make(f"{number}.txt", b"%d" % number)
    between.refusals = 1000
    done = nobody.run("sync", ".")
    assert done.returncode == 1 and "does not reply" in done.stderr
    assert len(between.requests) == 15 and len(done.stdout.splitlines()) == 3


def test_a_file_that_is_lost_in_a_connection_stops_no_others(nobody, user, proxy):
    """As with a proxy that ends connections at what is too long for it."""
    between = proxy("/upload")
    nobody.log_in(user, between.url)
    for number in range(5):
        nobody.make(f"{number}.txt", bytes(300_000 if number == 2 else number))

    def act(request):
        between.cuts = 1 if int(request.lower().split("content-length: ")[1].split()[0]) > 200_000 else 0
        between.after = 0

    between.act = act
    [told] = failed_files(nobody.run("sync", "."))
    assert "2.txt" in told and len(user.media()) >= 4
    between.act = None
    between.cuts = 0
    ok(nobody.run("sync", "."))
    assert media_of(user) == tree(nobody.here)


def test_names_that_are_not_text(client, user):
    client.make(os.fsdecode(b"caf\xe9.txt"), b"1")
    client.make(os.fsdecode(b"d\xe9/a.txt"), b"2")
    client.make("b.txt", b"3")
    for _ in range(2):
        first, second = failed_files(client.run("sync", "."))
        assert "caf\\xe9.txt" in first and "UTF-8" in first and "d\\xe9" in second
        assert media_of(user) == {"b.txt": b"3"}


def test_what_is_no_file_is_left_alone(client, user, monkeypatch):
    for name in ("link.txt", "in/a.txt", "b.txt"):
        client.make(name, name.encode())
    sync(client)
    # Each of them is in the vault still.
    os.rename(client.here / "link.txt", client.home / "target")
    (client.here / "link.txt").symlink_to(client.home / "target")
    os.rename(client.here / "in", client.home / "in")
    (client.here / "in").symlink_to(client.home / "in")
    os.mkfifo(client.here / "pipe")
    # The path to it may be too long for an address.
    monkeypatch.chdir(client.here)
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind("socket")
    user.put(f"/media/{next(each['id'] for each in user.media() if each['filename'] == 'in/a.txt')}/content", data=b"new")
    done = client.run("sync", ".")
    assert done.returncode == 0 and done.stdout == ""
    assert sorted(line.split(":")[1].strip() for line in done.stderr.splitlines()) == ["in", "link.txt", "pipe", "socket"]
    assert "symbolic link" in done.stderr and "named pipe" in done.stderr
    assert set(media_of(user)) == {"link.txt", "in/a.txt", "b.txt"} and user.trash() == []
    assert (client.home / "in/a.txt").read_bytes() == b"in/a.txt"
    # Back again.
    (client.here / "in").unlink()
    os.rename(client.home / "in", client.here / "in")
    assert json.loads(client.run("sync", ".", "--json").stdout)["action"] == "replace here"


def test_what_cannot_be_read_is_left_alone(client, user):
    names = ["a.txt", "in/b.txt", "c.txt"]
    for name in names:
        client.make(name, name.encode())
    sync(client)
    client.make("d.txt", b"new")
    (client.here / "a.txt").chmod(0)
    (client.here / "in").chmod(0)
    try:
        done = run_with_permissions(client, "sync", ".")
        assert failed_files(done) == ["coffer: a.txt: Permission denied", "coffer: in: Permission denied"]
        assert sorted(media_of(user)) == sorted([*names, "d.txt"])
    finally:
        (client.here / "in").chmod(0o700)


def test_a_file_that_was_stored_but_not_added_is_added(nobody, user, proxy):
    collection = user.post("/collections", json={"name": "Holiday"}).json()["data"]["id"]
    between = proxy(f"POST /api/v1/collections/{collection}/media")
    nobody.log_in(user, between.url)
    nobody.make("a.txt", b"1")
    between.refusals = 5
    assert "503" in failed_files(nobody.run("sync", ".", "--collection", collection))[0]
    [media] = user.media()
    assert sync(nobody, "--collection", collection) == [("upload", "a.txt")]
    assert [each["id"] for each in user.media()] == [media["id"]]
    assert [each["id"] for each in user.get(f"/collections/{collection}/media").json()["data"]] == [media["id"]]
    # What lies in another collection is another file.
    other = user.post("/collections", json={"name": "Other"}).json()["data"]["id"]
    nobody.make("state-less/a.txt", b"1")
    ok(nobody.run("sync", "state-less", "--collection", other))
    assert len(user.media()) == 2


def test_a_state_that_is_damaged_removes_nothing(client, user):
    client.make("a.txt", b"1")
    sync(client)
    file = client.here / ".coffer-sync.json"
    for damage in ("{", "[]", '{"files": 1}', '{"files": [1]}'):
        text = file.read_text()
        if damage == '{"files": [1]}':
            damage = json.dumps({**json.loads(text), "files": [1]})
        file.write_text(damage)
        assert "remove it" in failed(client.run("sync", "."))
        file.write_text(text)
    assert sync(client) == []


# What happens during a run.


@pytest.fixture
def during(nobody, user, proxy):
    """`during(part, method, act)`: has `act()` done once, right before the vault gets the next such request
    for a path with `part` in it."""

    def make(part, method, act):
        def once(request):
            if request.startswith(method + " ") and not done:
                done.append(True)
                act()

        done = []
        between.part, between.act = part, once

    between = proxy("nothing")
    nobody.log_in(user, between.url)
    return make


def test_a_file_that_is_edited_here_while_its_other_version_comes(nobody, user, during):
    nobody.make("a.txt", b"1")
    sync(nobody)
    [media] = user.media()
    user.put(f"/media/{media['id']}/content", data=b"there")
    during("/content", "GET", lambda: nobody.make("a.txt", b"here"))
    assert sync(nobody) == [("conflict", "a.txt"), ("replace here", "a.txt"), ("upload", "a (conflict).txt")]
    assert tree(nobody.here) == media_of(user) == {"a.txt": b"there", "a (conflict).txt": b"here"}
    assert sync(nobody) == []


def test_a_file_that_is_made_here_while_one_of_its_name_comes(nobody, user, during):
    user.upload(b"there", "a.txt")
    during("/content", "GET", lambda: nobody.make("a.txt", b"here"))
    assert sync(nobody) == [("conflict", "a.txt"), ("download", "a.txt")]
    assert tree(nobody.here) == {"a.txt": b"there", "a (conflict).txt": b"here"}
    assert sync(nobody) == [("upload", "a (conflict).txt")]
    assert tree(nobody.here) == media_of(user)


def test_a_file_that_is_edited_here_while_it_is_to_be_removed(nobody, user, during):
    for name in ("a.txt", "b.txt"):
        nobody.make(name, name.encode())
    sync(nobody)
    ids = {each["filename"]: each["id"] for each in user.media()}
    user.put(f"/media/{ids['a.txt']}/content", data=b"there")
    user.delete(f"/media/{ids['b.txt']}")
    during("/content", "GET", lambda: nobody.make("b.txt", b"edited"))
    assert sync(nobody) == [("replace here", "a.txt"), ("upload", "b.txt")]
    assert tree(nobody.here) == media_of(user) == {"a.txt": b"there", "b.txt": b"edited"}


@pytest.mark.parametrize("method", ["HEAD", "PUT"])
def test_a_file_that_is_edited_there_while_this_version_goes(nobody, user, during, method):
    nobody.make("a.txt", b"1")
    sync(nobody)
    [media] = user.media()
    nobody.make("a.txt", b"here")
    during("/content", method, lambda: user.put(f"/media/{media['id']}/content", data=b"there"))
    assert sync(nobody) == [("conflict", "a.txt"), ("download", "a.txt"), ("replace there", "a.txt"), ("upload", "a (conflict).txt")]
    assert tree(nobody.here) == media_of(user) == {"a.txt": b"there", "a (conflict).txt": b"here"}
    assert sync(nobody) == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_file_that_is_edited_there_while_it_is_to_be_removed(nobody, user, during, method):
    path = nobody.make("a.txt", b"1")
    sync(nobody)
    [media] = user.media()
    path.unlink()
    during(f"/media/{media['id']}", method, lambda: user.put(f"/media/{media['id']}/content", data=b"there"))
    assert sync(nobody) == [("download", "a.txt"), ("remove there", "a.txt")]
    assert tree(nobody.here) == media_of(user) == {"a.txt": b"there"}
    # A new title is no reason to keep it.
    path.unlink()
    during(f"/media/{media['id']}", "DELETE", lambda: user.patch(f"/media/{media['id']}", json={"title": "By the sea"}))
    assert sync(nobody) == [("remove there", "a.txt")]
    assert user.media() == []


def test_a_file_that_is_edited_there_while_it_is_renamed(nobody, user, during):
    path = nobody.make("a.txt", b"1")
    sync(nobody)
    [media] = user.media()
    path.rename(nobody.here / "b.txt")
    during(f"/media/{media['id']}", "PATCH", lambda: user.put(f"/media/{media['id']}/content", data=b"there"))
    assert sync(nobody) == [("rename there", "b.txt")]
    assert media_of(user) == {"b.txt": b"there"}
    assert sync(nobody) == [("replace here", "b.txt")]
    assert tree(nobody.here) == media_of(user) == {"b.txt": b"there"}
    assert sync(nobody) == []


def test_a_file_that_is_edited_there_before_it_is_added(nobody, user, during):
    """It was stored by a run that could not add it to the collection."""
    media = user.upload(b"1", "a.txt")
    collection = user.post("/collections", json={"name": "Holiday"}).json()["data"]["id"]
    nobody.make("a.txt", b"1")
    during(f"/media/{media['id']}", "GET", lambda: user.put(f"/media/{media['id']}/content", data=b"there"))
    assert sync(nobody, "--collection", collection) == [("upload", "a.txt")]
    [added] = user.get(f"/collections/{collection}/media").json()["data"]
    assert added["id"] != media["id"]
    assert sync(nobody, "--collection", collection) == []
    assert sorted(each["size"] for each in user.media()) == [1, 5]


# Names and identities.


def test_a_numbered_name_is_a_free_one(client, user):
    media = user.upload(b"there", "n.txt")
    mine = {"n.txt": b"mine", f"n ({media['id']}).txt": b"mine too", "n.txt.part": b"part"}
    for name, content in mine.items():
        client.make(name, content)
    sync(client)
    assert tree(client.here) == {**mine, f"n ({media['id']} 2).txt": b"there"}
    assert sync(client) == []


def test_another_file_with_the_id_of_one_is_another_file(client, user):
    """As after a restore of the vault from a backup."""
    client.make("mine.txt", b"the only copy")
    sync(client)
    file = client.here / ".coffer-sync.json"
    state = json.loads(file.read_text())
    mine = state["files"][0]["id"]
    other = user.upload(b"another", "other.txt")
    user.delete(f"/media/{mine}")
    state["files"][0]["id"] = other["id"]
    file.write_text(json.dumps(state))
    assert sync(client) == [("download", "other.txt"), ("remove here", "mine.txt")]
    assert tree(client.here) == {"other.txt": b"another"}
    assert tree(client.here / ".coffer-trash") == {"mine.txt": b"the only copy"}
    assert [each["id"] for each in user.media()] == [other["id"]]


def test_a_folder_is_of_one_account(client, user, shared):
    client.make("a.txt", b"1")
    sync(client)
    client.log_in(shared.user(), shared.url)
    assert "of another account" in failed(client.run("sync", "."))
    client.log_in(user, shared.url)
    assert sync(client) == []
