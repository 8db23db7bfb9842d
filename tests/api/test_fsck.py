"""`coffer fsck`: what it finds in a store that is well, and in one that was meddled with."""

import hashlib
import os
import pty
import re
import secrets
import subprocess

import pytest

from harness import program

HEADER = 64
SMALL = 10_000  # goes into a segment
LARGE = 300_000  # gets a file of its own


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Result:
    """A run of fsck: {kind: the lines of it}, the numbers of its last line."""

    def __init__(self, done):
        self.code = done.returncode
        self.error = done.stderr
        lines = done.stdout.splitlines()
        self.numbers = None
        if lines:
            last = re.fullmatch(
                r"(\d+) blobs, (\d+) bytes read: (\d+) missing, (\d+) corrupt, (\d+) unreferenced",
                lines.pop(),
            )
            self.numbers = tuple(map(int, last.groups()))
        self.lines = {}
        for line in lines:
            kind, text = re.fullmatch(r"(missing|corrupt|unreferenced|note) +(\S.*)", line).groups()
            self.lines.setdefault(kind, []).append(text)
        if self.numbers:
            for kind, number in zip(("missing", "corrupt", "unreferenced"), self.numbers[2:]):
                assert len(self.lines.get(kind, [])) == number

    def of(self, kind):
        return self.lines.get(kind, [])


def contents(data):
    """Every file of the folder with its bytes, mode and time."""
    found = {}
    for path in sorted(data.rglob("*")):
        if path.is_file():
            status = path.stat()
            found[str(path)] = (path.read_bytes(), status.st_mode, status.st_mtime_ns)
    return found


def fsck(data, changes_nothing=True):
    before = contents(data)
    result = Result(program.run("fsck", "--data", data))
    assert contents(data) == before or not changes_nothing
    return result


class Vault:
    """The data folder of a stopped server, with small and large files of one user in it."""

    def __init__(self, server, small=5, large=2):
        self.data = server.data
        self.server = server
        user = server.user()
        self.small = [secrets.token_bytes(SMALL + i) for i in range(small)]
        self.large = [secrets.token_bytes(LARGE + i) for i in range(large)]
        self.ids = {sha256(data): user.upload(data)["id"] for data in self.small + self.large}
        self.user = user

    def file(self, data):
        digest = sha256(data)
        return self.data / "blobs" / digest[:2] / digest

    def segment(self):
        (path,) = (self.data / "segments").glob("*.seg")
        return path

    def place(self, data):
        """Where the bytes stand in the segment."""
        at = self.segment().read_bytes().find(data)
        assert at > HEADER
        return at

    def flip(self, path, at):
        content = bytearray(path.read_bytes())
        content[at] ^= 0x10
        path.write_bytes(content)

    def check(self):
        return fsck(self.data)


@pytest.fixture
def vault(launch):
    made = Vault(launch())
    made.server.stop_well()
    return made


def test_all_is_well(vault):
    result = vault.check()
    assert (result.code, result.error, result.lines) == (0, "", {})
    blobs, read = result.numbers[:2]
    assert blobs == 7
    assert read >= sum(map(len, vault.small + vault.large))
    assert vault.check().numbers == result.numbers


def test_a_vault_without_files(launch):
    server = launch()
    server.stop_well()
    result = fsck(server.data)
    assert (result.code, result.numbers, result.lines) == (0, (0, 0, 0, 0, 0), {})


def test_after_a_kill(launch):
    """What the killed server left is whole, and is not made so by the check."""
    vault = Vault(launch())
    vault.server.kill()
    blobs = {path: path.read_bytes() for path in (vault.data / "segments").iterdir()}
    result = fsck(vault.data, changes_nothing=False)  # the database ends its log
    assert (result.code, result.numbers[0], result.lines) == (0, 7, {})
    assert {path: path.read_bytes() for path in (vault.data / "segments").iterdir()} == blobs

    with open(vault.segment(), "ab") as segment:
        segment.write(b"a write that was not finished")
    size = vault.segment().stat().st_size
    result = vault.check()
    assert (result.code, result.numbers[2:]) == (0, (0, 0, 0))
    assert "29 bytes" in result.of("note")[0]
    assert vault.segment().stat().st_size == size


@pytest.mark.parametrize("has_index", [True, False])
@pytest.mark.parametrize("which", range(4))
def test_a_flipped_byte_of_a_record(vault, which, has_index):
    """Each but the last, whose damage cannot be told from a crash where there is no index."""
    if not has_index:
        vault.segment().with_suffix(".idx").unlink()
    data = vault.small[which]
    vault.flip(vault.segment(), vault.place(data) + 1_234)
    result = vault.check()
    assert result.code == 1
    (line,) = result.of("corrupt")
    assert sha256(data) in line and vault.segment().name in line
    # Without an index a start passes over what is damaged.
    missing = result.of("missing")
    assert [line.split(":")[0] for line in missing] == ([] if has_index else [sha256(data)])


def test_a_flipped_byte_of_the_last_record(vault):
    data = vault.small[-1]
    vault.flip(vault.segment(), vault.place(data) + len(data) - 1)
    (line,) = vault.check().of("corrupt")
    assert sha256(data) in line
    vault.segment().with_suffix(".idx").unlink()
    result = vault.check()
    assert result.code == 1
    assert len(result.of("note")) == 1 and sha256(data) in result.of("missing")[0]


@pytest.mark.parametrize("at", [0, 8, 12, 20, 30, 60])
@pytest.mark.parametrize("which", [0, 2, -1])
def test_a_flipped_byte_of_a_records_header(vault, at, which):
    data = vault.small[which]
    vault.flip(vault.segment(), vault.place(data) - HEADER + at)
    result = vault.check()
    assert result.code == 1
    (line,) = result.of("corrupt")
    assert "header" in line and sha256(data) in line
    assert result.of("missing") == [], "the index still leads to it"


@pytest.mark.parametrize("which", [0, 2])
def test_a_flipped_byte_of_a_records_header_without_an_index(vault, which):
    data = vault.small[which]
    vault.segment().with_suffix(".idx").unlink()
    vault.flip(vault.segment(), vault.place(data) - HEADER + 30)
    result = vault.check()
    assert result.code == 1
    assert len(result.of("corrupt")) == 1
    (missing,) = result.of("missing")
    assert sha256(data) in missing and str(len(data)) in missing


@pytest.mark.parametrize("at", [0, 16, 60])
@pytest.mark.parametrize("has_index", [True, False])
def test_a_flipped_byte_of_a_segments_header(vault, at, has_index):
    if not has_index:
        vault.segment().with_suffix(".idx").unlink()
    vault.flip(vault.segment(), at)
    result = vault.check()
    assert result.code == 1
    assert vault.segment().name in result.of("corrupt")[0]
    assert len(result.of("missing")) == (0 if has_index else len(vault.small))


def test_a_flipped_byte_of_an_index(vault):
    vault.flip(vault.segment().with_suffix(".idx"), 100)
    result = vault.check()
    assert result.code == 0, "the next start makes it again"
    assert ".idx" in result.of("note")[0]
    vault.server.start()
    vault.server.stop_well()
    assert vault.check().lines == {}


@pytest.mark.parametrize("how", ["flipped", "shorter", "longer", "empty", "a folder"])
def test_a_damaged_file(vault, how):
    path = vault.file(vault.large[0])
    if how == "flipped":
        vault.flip(path, 200_000)
    elif how == "a folder":
        path.unlink()
        path.mkdir()
    else:
        size = {"shorter": LARGE - 1, "longer": LARGE + 1, "empty": 0}[how]
        os.truncate(path, size)
    result = vault.check()
    assert result.code == 1
    (line,) = result.of("corrupt")
    assert path.name in line
    assert result.of("missing") == []


def test_a_missing_file(vault):
    data = vault.large[1]
    vault.file(data).unlink()
    result = vault.check()
    assert (result.code, result.of("corrupt")) == (1, [])
    (line,) = result.of("missing")
    assert sha256(data) in line and str(len(data)) in line


def test_bytes_that_were_sent_twice(launch):
    """They are stored once, and missed once."""
    server = launch()
    vault = Vault(server)
    other = server.user()
    for data in vault.small + vault.large:
        other.upload(data)
    server.stop_well()
    result = vault.check()
    assert (result.code, result.numbers[0], result.lines) == (0, 7, {})

    gone = vault.large[0]
    vault.file(gone).unlink()
    result = vault.check()
    assert (result.code, result.numbers[2:]) == (1, (1, 0, 0))
    assert result.of("missing") == [f"{sha256(gone)}: {len(gone)} bytes"]


def test_a_missing_segment(vault):
    vault.segment().unlink()
    result = vault.check()
    assert result.code == 1
    assert {line.split(":")[0] for line in result.of("missing")} == set(map(sha256, vault.small))


@pytest.mark.parametrize("has_index", [True, False])
def test_a_segment_cut_short(vault, has_index):
    if not has_index:
        vault.segment().with_suffix(".idx").unlink()
    os.truncate(vault.segment(), vault.place(vault.small[-1]))
    result = vault.check()
    assert result.code == 1
    (line,) = result.of("missing")
    assert sha256(vault.small[-1]) in line
    assert len(result.of("corrupt")) == (1 if has_index else 0)


def test_a_segment_under_another_number(vault):
    path = vault.segment()
    path.rename(path.with_name("0000002a.seg"))
    result = vault.check()
    assert result.code == 1
    assert "00000001" in result.of("corrupt")[0]


def test_a_newer_format(vault):
    content = bytearray(vault.segment().read_bytes())
    content[8] = 2
    content[56:64] = hashlib.sha256(content[:56]).digest()[:8]
    vault.segment().write_bytes(content)
    result = vault.check()
    assert result.code == 1
    assert "format 2" in result.of("corrupt")[0]


def test_unreferenced_blobs_are_no_fault(vault):
    """Deleted, and not collected yet: the grace time goes on."""
    vault.server.start()
    user = vault.user.__class__(vault.server.root, vault.user.username, vault.user.password)
    gone = [sha256(vault.small[0]), sha256(vault.large[0])]
    for digest in gone:
        assert user.delete(f"/media/{vault.ids[digest]}?permanent=true").status_code in (200, 204)
    vault.server.stop_well()
    result = vault.check()
    assert (result.code, result.error) == (0, "")
    assert sorted(line.split(":")[0] for line in result.of("unreferenced")) == sorted(gone)
    vault.file(vault.large[0]).unlink()
    assert vault.check().code == 0, "nobody misses it"


def test_foreign_files_are_no_blobs(vault):
    (vault.data / "blobs" / "README").write_bytes(b"x")
    folder = vault.file(vault.large[0]).parent
    (folder / "x").write_bytes(b"x")
    (folder / ("f" * 63)).write_bytes(b"x")
    (vault.data / "segments" / "README").write_bytes(b"x")
    assert vault.check().lines == {}


def test_thousands_of_blobs(launch):
    server = launch()
    user = server.user()
    files = [b"%d " % i * (i % 50) + b"%d" % i for i in range(2_000)]
    for data in files:
        user.upload(data)
    server.stop_well()
    result = fsck(server.data)
    assert (result.code, result.numbers[0], result.lines) == (0, len(set(files)), {})


def test_a_server_that_runs(launch):
    server = launch()
    done = program.run("fsck", "--data", server.data)
    assert (done.returncode, done.stdout) == (1, "")
    assert "another server is running" in done.stderr and str(server.data) in done.stderr


def test_a_folder_that_is_not_there(folder):
    done = program.run("fsck", "--data", folder / "missing")
    assert (done.returncode, done.stdout) == (1, "")
    assert str(folder / "missing") in done.stderr
    assert not (folder / "missing").exists()


def test_wrong_words():
    for words in (["fsck", "now"], ["fsck", "--frobnicate"]):
        assert program.run(*words).returncode == 2


def test_the_help():
    text = program.run("fsck", "--help").stdout
    for word in ("--data", "missing", "corrupt", "unreferenced", "Exit codes"):
        assert word in text


def test_a_terminal_is_kept_up_to_date(vault):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [program.BINARY, "fsck", "--data", vault.data],
        env=program.environment(),
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    output, _ = process.communicate(timeout=30)
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    assert process.returncode == 0
    assert re.search(r"\d+ of \d+ segments and folders", shown)
    assert shown.endswith("\r\x1b[K"), "what was shown is taken away"
    assert b"\x1b" not in output
