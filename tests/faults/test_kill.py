"""kill -9 at random moments: what was answered is there, nothing is there in part."""

import copy
import dataclasses
import pathlib
import random
import shutil
import sqlite3
import tempfile
import threading
import time

import pytest

from harness import program, promises
from harness.server import Server

# The collector works between the kills. An upload has half the grace time to be committed.
SETTINGS = {"blobs.grace": "4s", "blobs.collect_every": "1s"}
SLOWEST_START = 3.0  # seconds; what needs no repair is there at once


@dataclasses.dataclass
class Figures:
    kills: int = 0
    kills_at_start: int = 0
    losses: int = 0
    slowest_start: float = 0.0

    def line(self, model):
        return (
            f"{self.kills} kills (and {self.kills_at_start} of a server that was starting), "
            f"{model.acknowledged} acknowledged writes, {model.unanswered} without an answer "
            f"({model.happened} of them had happened), {self.losses} losses, "
            f"slowest start {self.slowest_start * 1000:.0f} ms"
        )


def load(server, model, seconds):
    """All writers at once for that long, then SIGKILL. What went wrong before it."""
    threads = []
    for writer in model.writers:
        writer.connect(server.root)
        threads.append(threading.Thread(target=writer.work, daemon=True))
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    ended = None if server.runs else f"ended by itself: {server.process.returncode}"
    killed_at = time.monotonic()
    server.kill()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive(), "a client hangs on a server that is dead"
    early = [w.name for w in model.writers if w.ended_at < killed_at]
    faults = promises.log_faults(server)
    if ended:
        faults.append(ended)
    if early:
        faults.append(f"connections of {early} broke before the kill")
    return faults


def kill_while_it_starts(server):
    server.spawn()
    time.sleep(random.uniform(0, 0.02))
    server.kill()


def run(server, kills, say, longest=1.2):
    """That many rounds of load, kill, start and check. Gives the line of figures."""
    model = promises.Model(server, accounts=3, writers=3)
    figures = Figures()
    began = time.monotonic()
    for number in range(1, kills + 1):
        faults = load(server, model, random.uniform(0.05, longest))
        figures.kills += 1
        while random.random() < 0.25:
            kill_while_it_starts(server)
            figures.kills_at_start += 1
        start = time.monotonic()
        server.start()
        figures.slowest_start = max(figures.slowest_start, time.monotonic() - start)
        faults += promises.verify(server, model)
        if number % 20 == 0 or number == kills:
            server.kill()
            faults += promises.blob_faults(server.data)
            server.start()
            say(f"{time.monotonic() - began:4.0f} s: {figures.line(model)}")
        figures.losses += len(faults)
        if faults:
            kept = tempfile.mkdtemp(prefix="coffer-damaged-")
            server.kill()
            shutil.copytree(server.data.parent, kept, dirs_exist_ok=True)
            pytest.fail(f"after kill {number}; the data is in {kept}:\n" + "\n".join(faults[:50]))
    assert figures.slowest_start < SLOWEST_START * (5 if program.is_sanitized() else 1)
    assert model.acknowledged > kills and model.unanswered > 0, "the kills met no writes"
    return figures.line(model)


@pytest.fixture
def say(capsys):
    """Prints although pytest gathers what is printed."""

    def tell(text):
        with capsys.disabled():
            print(f"\n    {text}", end="", flush=True)

    return tell


@pytest.mark.seconds(120)
def test_twelve_kills(launch, say):
    run(launch(SETTINGS), 12, say)


@pytest.mark.long
@pytest.mark.seconds(3600)
def test_two_hundred_kills(launch, say):
    say("summary: " + run(launch(SETTINGS), 200, say, longest=2.0))


# That the check sees damage: the same check after a kill, with the data meddled with.


@pytest.fixture(scope="module")
def killed(binary):
    """Data folder and model after some load and a kill; all of it was checked and is right."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="coffer-test-"))
    server = Server(folder / "data").start()
    model = promises.Model(server, accounts=1, writers=3)
    faults = load(server, model, 0.7)
    server.start()
    faults += promises.verify(server, model)
    for writer in model.writers:
        writer.connect(server.root)
        for _ in range(3):
            writer.upload(1)
    while not items_to_damage(model):
        writer.upload(1)
    writer.upload(3)
    faults += promises.verify(server, model)
    server.kill()
    yield server.data, model, faults
    shutil.rmtree(folder)


@pytest.fixture
def copied(killed, folder):
    """The same as a copy, to meddle with."""
    data, model, _ = killed
    shutil.copytree(data, folder / "data")
    model = copy.deepcopy(model)
    return Copied(folder / "data", model)


def items_to_damage(model):
    """Those with tags, and with bytes that no other has, in a file of their own."""
    items = list(model.accounts[0].items.values())
    checksums = [item.outcomes[0].checksum for item in items]
    return [
        item
        for item, checksum in zip(items, checksums)
        if checksums.count(checksum) == 1
        and item.outcomes[0].size >= 128 * 1024
        and item.outcomes[0].tags
    ]


class Copied:
    """`item` is one of items_to_damage(); `form` are the items of one form."""

    def __init__(self, data, model):
        self.data, self.model = data, model
        self.item = items_to_damage(model)[0]
        self.form = model.writers[-1].items[-3:]
        self.number = int(self.item.id.removeprefix("media_"))
        digest = self.item.outcomes[0].checksum.removeprefix("sha256:")
        self.blob = data / "blobs" / digest[:2] / digest

    def sql(self, statement):
        """Changes rows; `:id` is the item's."""
        database = sqlite3.connect(self.data / "coffer.db")
        with database:
            changed = database.execute(statement, {"id": self.number}).rowcount
        database.close()
        assert changed > 0, f"changed nothing: {statement}"

    def verify(self):
        server = Server(self.data).start()
        try:
            return promises.verify(server, self.model)
        finally:
            server.kill()


def change_a_byte(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def forget_a_part(copied):
    """As if the form with three files had no answer and one of them was not stored."""
    items = copied.form
    for item in items:
        item.form = items[0].token
        item.outcomes = [None, item.outcomes[0]]
    copied.number = int(items[1].id.removeprefix("media_"))
    copied.sql("DELETE FROM entry WHERE id = :id")


def repeat_a_row(copied):
    columns = "space_id, owner_id, parent_id, is_folder, levels, name, media_type, kind, size, charged, digest"
    columns += ", title, description, tags, created_at, updated_at, written_at, dated_at, search"
    copied.sql(
        f"INSERT INTO entry (uuid, share, key, {columns})"
        f" SELECT randomblob(16), randomblob(16), CAST(key || '1' AS BLOB), {columns} FROM entry WHERE id = :id"
    )
    # It counts, or a list whose last page is full would end before it.
    copied.sql(
        "UPDATE tree_total SET files = files + 1 WHERE (space_id, folder_id, owner_id, kind) ="
        " (SELECT space_id, parent_id, owner_id, kind FROM entry WHERE id = :id)"
    )


# name -> (a function or a statement, how a line of the check's begins)
DAMAGES = {
    "a blob is gone": (lambda copied: copied.blob.unlink(), "{token}: content is"),
    "a byte is another": (lambda copied: change_a_byte(copied.blob), "{token}: content is (200"),
    "a blob is cut": (lambda copied: cut(copied.blob), "{token}: content is"),
    "a form in part": (forget_a_part, "{form}: a form stored in part"),
    "a row is gone": ("DELETE FROM entry WHERE id = :id", "{token}: lost"),
    "a row comes twice": (repeat_a_row, "{token}: there twice"),
    "a title is another": ("UPDATE entry SET title = 'x' WHERE id = :id", "{token}: wrong"),
    "a size is another": ("UPDATE entry SET size = size + 1 WHERE id = :id", "{token}: wrong"),
    "a tag is not found": ("DELETE FROM entry_tag WHERE entry_id = :id", "keeper0: list of"),
    "a sum is wrong": ("UPDATE account SET used = used + 1", "keeper0: used_bytes"),
    "a count is wrong": ("UPDATE tree_total SET files = files + 1", "keeper0: total"),
    "an e-mail address is another": ("UPDATE account SET email = 'x@example.com'", "keeper0: e-mail"),
    "an account is gone": ("UPDATE login SET name = 'x' WHERE name = 'keeper0'", "keeper0: log-in"),
    "a session is gone": ("DELETE FROM session", "keeper0: the session"),
}


def test_what_is_right_is_found_right(killed, copied):
    assert killed[2] == []
    assert copied.verify() == []
    assert promises.blob_faults(copied.data) == []


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found(copied, damage):
    do, expected = DAMAGES[damage]
    if callable(do):
        do(copied)
    else:
        copied.sql(do)
    expected = expected.format(token=copied.item.token, form=copied.form[0].token)
    faults = copied.verify()
    assert [fault for fault in faults if fault.startswith(expected)], faults


def test_damaged_blobs_are_found(copied):
    change_a_byte(copied.blob)
    (copied.data / "blobs/tmp/17").touch()
    assert len(promises.blob_faults(copied.data)) == 2


def test_a_database_that_forgets_is_found(copied, folder):
    """The database of a moment ago comes back: as if commits had not been durable."""
    deleted, changed = copied.model.writers[1].items[:2]
    shutil.copytree(copied.data, folder / "old", ignore=lambda _, names: {"blobs", "segments"} & set(names))
    server = Server(copied.data).start()
    assert promises.verify(server, copied.model) == []
    writer = copied.model.writers[1]
    writer.connect(server.root)
    writer.delete(deleted)
    writer.change(changed)
    writer.upload(1)
    writer.register()
    uploaded = writer.items[-1].token
    (person,) = copied.model.people
    server.kill()
    for path in copied.data.glob("coffer.db*"):
        path.unlink()
    for path in (folder / "old").glob("coffer.db*"):
        shutil.copy(path, copied.data)
    faults = copied.verify()
    for expected in (
        f"{deleted.token}: deleted, yet there",
        f"{changed.token}: wrong",
        f"{uploaded}: lost",
        f"{person}: registration lost",
    ):
        assert [fault for fault in faults if fault.startswith(expected)], (expected, faults)
