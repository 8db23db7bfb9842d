"""A data folder that the server's user may not write: one sentence that names it and says what to do."""

import os
import pwd
import shutil
import subprocess
import tempfile

import pytest

from harness import program
from harness.server import Server

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="takes root, to become somebody else")
NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def place():
    """A folder that another user can reach, and a program that it can run."""
    place = tempfile.mkdtemp()
    os.chown(place, NOBODY.pw_uid, NOBODY.pw_gid)
    shutil.copy(program.BINARY, place + "/coffer")
    yield place
    shutil.rmtree(place)


def as_nobody(place, *words):
    return subprocess.run(
        [place + "/coffer", *words], user=NOBODY.pw_uid, group=NOBODY.pw_gid, extra_groups=[], cwd=place,
        env=program.environment(), capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


COMMANDS = [("serve", "--listen", "127.0.0.1:0"), ("user", "list"), ("storage",)]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize("what", ["", "/coffer.db", "/coffer.db-wal"], ids=["folder", "database", "log"])
def test_one_sentence_names_it(place, words, what):
    data = place + "/data"
    Server(data).start().stop_well()
    with open(data + "/coffer.db-wal", "ab"):
        pass  # as a kill leaves it
    for folder, _, files in os.walk(data):
        os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
        for name in files:
            os.chown(os.path.join(folder, name), NOBODY.pw_uid, NOBODY.pw_gid)
    locked = data + what
    os.chmod(locked, 0o500 if os.path.isdir(locked) else 0o400)
    done = as_nobody(place, *words, "--data", data)
    assert done.returncode == 1, done.stderr
    assert f"cannot read and write {locked}: Permission denied" in done.stderr
    assert "--data" in done.stderr and "PRAGMA" not in done.stderr and "readonly" not in done.stderr
    told = [line for line in done.stderr.splitlines() if not line.startswith("{")]  # no line of the log
    assert len(told) == 1, done.stderr


@pytest.mark.parametrize("folder", ["blobs", "segments"])
@pytest.mark.parametrize("what", ["a file", "a broken link", "somebody else's"])
def test_a_folder_inside_is_named(place, folder, what):
    data = place + "/data"
    Server(data).start().stop_well()
    for path, _, files in os.walk(data):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        for name in files:
            os.chown(os.path.join(path, name), NOBODY.pw_uid, NOBODY.pw_gid)
    inside = f"{data}/{folder}"
    if what == "somebody else's":
        os.chown(inside, 0, 0)
        os.chmod(inside, 0o700)
    else:
        shutil.rmtree(inside)
        if what == "a file":
            open(inside, "wb").close()
        else:
            os.symlink("/nowhere/at/all", inside)
    done = as_nobody(place, "serve", "--listen", "127.0.0.1:0", "--data", data)
    assert done.returncode == 1 and inside in done.stderr, done.stderr
