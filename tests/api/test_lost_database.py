"""A data folder with stored files and no database: no command begins a new vault over them."""

import os
import shutil
import sqlite3

import pytest

from harness import program
from harness.client import User
from harness.server import Server, StartFailed

PASSWORD = "correct horse 7"
LARGE = os.urandom(100_000)
SMALL = os.urandom(1_000)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """The data folder of a stopped server."""
    data = tmp_path_factory.mktemp("lost") / "data"
    server = Server(data).start()
    user = User.registered(server.root, "ada", PASSWORD)
    user.upload(LARGE, "large.bin")
    user.upload(SMALL, "small.bin")
    server.stop_well()
    return data


def lose(data, how):
    path = data / "coffer.db"
    if how == "missing":
        path.unlink()
    elif how == "empty":
        os.truncate(path, 0)
    else:
        path.unlink()
        database = sqlite3.connect(path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("VACUUM")
        database.close()


def contents(data):
    """Every file, but for the room that the database keeps."""
    files = [path for path in data.rglob("*") if path.is_file() and not path.name.endswith("-reserve")]
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture(params=["missing", "empty", "without tables"])
def data(request, original, folder):
    copy = folder / "data"
    shutil.copytree(original, copy)
    lose(copy, request.param)
    return copy


def refusal(text, data):
    assert str(data) in text and "coffer.db" in text, text
    assert "missing" in text or "empty" in text
    assert "backup" in text and "--new" in text
    return True


def test_no_server_starts(data):
    before = contents(data)
    with pytest.raises(StartFailed) as failed:
        Server(data).start()
    assert failed.value.code == 1
    assert "password" not in failed.value.output
    assert refusal(failed.value.log, data)
    assert contents(data) == before


@pytest.mark.parametrize(
    "words",
    [
        ("user", "create", "eve"),
        ("user", "list"),
        ("key", "create", "--user", "ada"),
        ("key", "list", "--user", "ada"),
        ("fsck",),
    ],
)
def test_no_command_begins_a_vault(data, words):
    before = contents(data)
    done = program.run(*words, "--data", data)
    assert (done.returncode, done.stdout) == (1, "")
    assert refusal(done.stderr, data)
    assert contents(data) == before


@pytest.mark.parametrize("kept", ["blobs", "segments"])
def test_either_kind_of_stored_file_counts(original, folder, kept):
    data = folder / "data"
    data.mkdir()
    shutil.copytree(original / kept, data / kept)
    with pytest.raises(StartFailed) as failed:
        Server(data).start()
    assert refusal(failed.value.log, data)


def test_new_begins_an_empty_vault(data):
    server = Server(data, flags=["--new"]).start()
    assert any("The admin's name" in line for line in server.output)
    user = User.registered(server.root, "ada", PASSWORD)
    assert user.media() == []
    assert user.upload(LARGE, "again.bin")["size"] == len(LARGE)
    server.stop_well()
    # From now on without it, and with it nothing is lost.
    for flags in ([], ["--new"]):
        server = Server(data, flags=flags).start()
        assert [media["filename"] for media in User(server.root, "ada", PASSWORD).media()] == ["again.bin"]
        server.stop_well()


@pytest.mark.parametrize("there", ["nothing", "empty folder", "folders of a store", "foreign files"])
def test_a_folder_without_stored_files_is_a_new_one(folder, there):
    data = folder / "data"
    if there != "nothing":
        data.mkdir()
    if there in ("folders of a store", "foreign files"):
        for name in ("blobs/3f", "segments", "tmp"):
            (data / name).mkdir(parents=True)
    if there == "foreign files":
        for name in ("lost+found", "blobs/@eaDir", "segments/.stfolder"):
            (data / name).mkdir(parents=True)
        for name in ("blobs/README", "blobs/3f/Thumbs.db", "segments/.DS_Store"):
            (data / name).write_text("not ours")
    server = Server(data).start()
    assert server.anyone().get(server.url + "/readyz").status_code == 200
    server.stop_well()


def test_a_first_start_that_was_cut_short(folder):
    """The database was made and nothing is in it yet."""
    data = folder / "data"
    data.mkdir()
    (data / "coffer.db").touch(0o600)
    program.create_user(data, "ada", PASSWORD)
    server = Server(data).start()
    User(server.root, "ada", PASSWORD)
    server.stop_well()


def test_help_says_what_new_does():
    text = " ".join(program.run("serve", "--help").stdout.split())
    assert "--new" in text and "empty vault" in text and "removed" in text


def test_the_admin_is_there_before_the_first_connection(folder):
    """Else whoever connects first could take the name."""
    server = Server(folder / "data").start()
    (admin,) = [i for i, line in enumerate(server.output) if "The admin's name" in line]
    (ready,) = [i for i, line in enumerate(server.output) if "Coffer is ready" in line]
    assert admin < ready
    server.stop_well()
