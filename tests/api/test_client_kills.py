"""`coffer up`, `down` and `sync` after a run that was killed."""

import secrets
import signal
import subprocess

import pytest

from harness import program
from harness.client_program import tree
from harness.program import failed, ok
from test_client import client, nobody, proxy  # noqa: F401
from test_client_sync import media_of, sync

DATA = secrets.token_bytes(1_000_000)


@pytest.fixture
def killed(nobody, user, proxy):
    """`killed(part, method, *words)`: a run that loses the reply to its first request of that method for a path
    with `part` in it, all but its first bytes, and is killed before the second one."""

    def make(part, method, *words, after):
        def act(request):
            if request.startswith(method):
                seen.append(request)
                between.cuts = 1 if len(seen) == 1 else 0
                if len(seen) == 2:
                    process.kill()

        seen = []
        between = proxy(part, after=after, act=act)
        nobody.log_in(user, between.url)
        process = subprocess.Popen(
            [program.BINARY, *words], env={**program.environment(), **nobody.variables}, cwd=nobody.here, stdout=subprocess.DEVNULL
        )
        assert process.wait(30) == -signal.SIGKILL
        between.act = None
        between.requests.clear()
        return between

    return make


def parts(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(".*.coffer-part"))


def ranges(between):
    return [line for head in between.requests for line in head.lower().splitlines() if line.startswith("range:")]


def test_a_download_goes_on(nobody, user, killed):
    media = user.upload(DATA, "a.bin")
    between = killed("/content", "GET", "down", media["id"], after=400_000)
    part = nobody.here / f".a.bin.{media['id']}.coffer-part"
    began = part.stat().st_size
    assert 0 < began < 400_000 and DATA.startswith(part.read_bytes())
    ok(nobody.run("down", media["id"]))
    assert ranges(between) == [f"range: bytes={began}-"]
    assert tree(nobody.here) == {"a.bin": DATA} and parts(nobody.here) == []


def test_what_came_by_another_way_needs_no_rest(nobody, user, killed):
    media = user.upload(DATA, "a.bin")
    killed("/content", "GET", "down", media["id"], after=400_000)
    assert len(parts(nobody.here)) == 1
    nobody.make("a.bin", DATA)
    ok(nobody.run("down", media["id"]))
    assert parts(nobody.here) == []


def test_two_runs_do_not_receive_into_one_file(nobody, user, proxy):
    media = user.upload(DATA, "a.bin")
    # Asks for the same file while the first run receives it.
    seconds = []
    between = proxy("/content", act=lambda _: (setattr(between, "act", None), seconds.append(nobody.run("down", media["id"]))))
    nobody.log_in(user, between.url)
    ok(nobody.run("down", media["id"]))
    [second] = seconds
    assert "another run" in failed(second)
    assert tree(nobody.here) == {"a.bin": DATA} and parts(nobody.here) == []


def test_a_sync_goes_on(nobody, user, killed):
    user.upload(DATA, "sea/a.bin")
    between = killed("/content", "GET", "sync", ".", after=400_000)
    assert len(parts(nobody.here)) == 1
    assert sync(nobody) == [("download", "sea/a.bin")]
    assert len(ranges(between)) == 1
    assert tree(nobody.here) == {"sea/a.bin": DATA} and parts(nobody.here) == []


def test_a_sync_removes_what_it_does_not_go_on_with(nobody, user, killed):
    gone, renamed = user.upload(DATA, "sea/a.bin"), user.upload(DATA[1:], "b.bin")
    killed("/content", "GET", "sync", ".", after=400_000)
    nobody.make(f".b.bin.{renamed['id']}.coffer-part", DATA[1:400])
    user.delete(f"/media/{gone['id']}")
    user.patch(f"/media/{renamed['id']}", json={"filename": "c.bin"})
    before = parts(nobody.here)
    assert len(before) >= 2
    # Not by a run that only looks.
    ok(nobody.run("sync", ".", "--dry-run"))
    assert parts(nobody.here) == before
    # A file of the user's own, a link and a folder of such a name stay.
    nobody.make("mine.coffer-part", b"mine")
    (nobody.here / ".link.media_1.coffer-part").symlink_to("mine.coffer-part")
    (nobody.here / ".folder.media_1.coffer-part").mkdir()
    assert sync(nobody) == [("download", "c.bin"), ("upload", "mine.coffer-part")]
    assert tree(nobody.here) == media_of(user)
    assert parts(nobody.here) == [".folder.media_1.coffer-part", ".link.media_1.coffer-part"]


def test_an_upload_is_stored_once(nobody, user, killed):
    nobody.make("a.bin", DATA)
    killed("/upload", "POST", "up", "a.bin", after=0)
    [media] = user.media()
    assert nobody.lines("up", "a.bin") == [[media["id"], "a.bin"]]
    assert user.media() == [media]
    # Both runs have ended: this is another upload.
    [[another, _]] = nobody.lines("up", "a.bin")
    assert another != media["id"] and len(user.media()) == 2


def test_another_file_is_another_upload(nobody, user, killed):
    path = nobody.make("a.bin", DATA)
    killed("/upload", "POST", "up", "a.bin", after=0)
    [media] = user.media()
    [[titled, _]] = nobody.lines("up", "a.bin", "--title", "By the sea")
    assert titled != media["id"]
    path.write_bytes(DATA[::-1])
    [[changed, _]] = nobody.lines("up", "a.bin")
    assert len({media["id"], titled, changed}) == 3
    assert user.get(f"/media/{changed}/content").content == DATA[::-1]


@pytest.mark.parametrize("query", ["", "?permanent=true"])
def test_an_upload_that_was_removed_since_is_made_again(nobody, user, killed, query):
    nobody.make("a.bin", DATA)
    killed("/upload", "POST", "up", "a.bin", after=0)
    [media] = user.media()
    user.delete(f"/media/{media['id']}{query}")
    [[media_id, _]] = nobody.lines("up", "a.bin")
    assert media_id != media["id"] and [each["id"] for each in user.media()] == [media_id]


@pytest.mark.parametrize("content", ["", "[", "{}", '[1, {"upload": 1}]'])
def test_keys_that_cannot_be_read_are_passed_over(client, user, content):
    file = client.file.with_name("uploads.json")
    client.make("a.bin", b"1")
    file.write_text(content)
    [[media_id, _]] = client.lines("up", "a.bin")
    assert [each["id"] for each in user.media()] == [media_id]
    assert file.read_text() == "[]\n" and file.stat().st_mode & 0o777 == 0o600


def test_where_nothing_can_be_kept_uploads_work(client, user):
    client.make("a.bin", b"1")
    client.file.with_name("uploads.json").mkdir()
    ok(client.run("up", "a.bin"))
    assert len(user.media()) == 1
