"""`coffer sync`: a folder and a vault."""

import json
import secrets

import pytest

from harness.program import failed, ok
from test_client import client, nobody, proxy, tree  # noqa: F401


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
    assert "no such collection" in failed(client.run("sync", ".", "--collection", collection))
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
