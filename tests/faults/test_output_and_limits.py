"""A limit of a file's size is a full disk; output that nobody reads is no failure of a server."""

import contextlib
import json
import os
import resource
import socket
import subprocess
import time

import pytest
import requests

from harness import fileuploader, program, quantum, shapes, streamvault
from harness.client import Api, User
from harness.fileuploader import FileUploader
from harness.quantum import Quantum
from harness.server import Server
from harness.streamvault import StreamVault

PASSWORD = "correct horse 7"
LIMIT = 20 << 20


# A limit of a file's size (`ulimit -f`).


@contextlib.contextmanager
def file_limit(size):
    """What is started inside can make no file longer than that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.seconds(120)
def test_a_file_beyond_the_limit_is_answered_as_on_a_full_disk(launch):
    with file_limit(LIMIT):
        server = launch()
    large = os.urandom(LIMIT + (5 << 20))

    user = server.user()
    reply = user.try_upload(large)
    shapes.failure(reply, "insufficient_storage", 507)
    assert int(reply.headers["Retry-After"]) > 0
    fileuploader.some_error(FileUploader.registered(server).try_upload(large), 507)
    stream = StreamVault.registered(server)
    reply = stream.chunk(stream.begin(2), 1, large)
    streamvault.refuse(reply, 507, {"detail": "The disk of this server is full."})
    store = Quantum.registered(server)
    bucket = store.bucket()
    quantum.refuse(store.try_add(bucket, "", ("a.bin", large)), 507, "OUT_OF_STORAGE")

    assert server.anyone().get(server.url + "/readyz").status_code == 200
    for size in (1_000, 100_000, LIMIT - 1):
        media = user.upload(large[:size])
        assert user.get(f"/media/{media['id']}/content").content == large[:size]
    assert server.runs


def test_a_start_that_cannot_write_says_so(folder):
    with file_limit(64 << 10):
        done = program.run("serve", "--data", folder / "data", "--listen", "127.0.0.1:0")
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert said and said[0].startswith("coffer: ") and str(folder) in said[0], done.stderr
    assert "fsck" not in done.stderr, "nothing is damaged"
    Server(folder / "data").start().stop_well()


# Output.


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@contextlib.contextmanager
def no_reader():
    """The end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@contextlib.contextmanager
def serving(folder, before=(), **streams):
    """`(process, url)` of a server with these streams; SIGTERM must end it with exit code 0."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = subprocess.Popen(
        [*before, program.BINARY, "serve", "--data", folder / "data"],
        env=program.environment({"listen": f"127.0.0.1:{port}"}),
        stdin=subprocess.DEVNULL,
        **streams,
    )
    try:
        wait_until_it_serves(process, url)
        yield process, url
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def wait_until_it_serves(process, url):
    deadline = time.monotonic() + program.patience(30)
    while True:
        assert process.poll() is None, f"it ended with {process.returncode}"
        with contextlib.suppress(requests.ConnectionError):
            return Api(url).get("/healthz")
        assert time.monotonic() < deadline
        time.sleep(0.05)


def use(url):
    """A log-in, and files that come back as they were sent."""
    user = User.registered(url + "/api/v1")
    for size in (1_000, 1_000_000):
        content = os.urandom(size)
        media = user.upload(content)
        assert user.get(f"/media/{media['id']}/content").content == content


@pytest.mark.parametrize("full", ["stdout", "stderr", "stdout stderr"])
def test_a_full_pipe_that_nobody_reads(folder, full):
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        os.set_blocking(writer, True)
        streams = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
        streams.update(dict.fromkeys(full.split(), writer))
        with serving(folder, **streams) as (process, url):
            use(url)
            process.terminate()
            before = time.monotonic()
            assert process.wait(30) == 0
            assert time.monotonic() - before < program.patience(4)
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize("gone", ["stdout", "stderr", "stdout stderr"])
def test_readers_that_were_never_there(folder, gone):
    with no_reader() as pipe:
        streams = dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
        streams.update(dict.fromkeys(gone.split(), pipe))
        with serving(folder, **streams) as (_, url):
            use(url)


def test_readers_that_go(folder):
    """`coffer serve | head -2`"""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with serving(folder, **pipes) as (process, url):
        assert b"admin" in process.stdout.readline()
        process.stdout.readline()
        process.stdout.close()
        process.stderr.close()
        use(url)


def test_descriptors_that_are_closed_at_the_start(folder):
    """None of the vault's files takes their place."""
    before = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    with serving(folder, before) as (process, url):
        use(url)
        for number in range(3):
            assert os.readlink(f"/proc/{process.pid}/fd/{number}") == "/dev/null"
    assert program.run("fsck", "--data", folder / "data").returncode == 0


def test_an_admins_password_that_nobody_saw(folder):
    """The server serves; its log says what to do."""
    log = folder / "log"
    with open("/dev/full", "wb") as full, open(log, "wb") as stderr:
        with serving(folder, stdout=full, stderr=stderr) as (_, url):
            use(url)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (lost,) = [line for line in lines if "user set-password admin" in line.get("do", "")]
    assert lost["level"] == "warning"
    words = ["user", "set-password", "admin", "--password-stdin", "--data", folder / "data"]
    assert program.run(*words, stdin=PASSWORD).returncode == 0


@pytest.mark.parametrize(
    "words, code",
    [
        (["user", "list"], 1),
        (["user", "list", "--data", "damaged"], 1),
        (["config", "print", "--cores", "many"], 2),
        (["frobnicate"], 2),
    ],
    ids=["of a user", "of the database", "of a setting", "of the command line"],
)
def test_a_failure_that_nobody_is_told_of(folder, words, code):
    """Where SIGPIPE is ignored, as under systemd: a command ends with its own code."""
    (folder / "damaged").mkdir()
    (folder / "damaged/coffer.db").write_bytes(b"no database " * 1000)
    with no_reader() as pipe:
        done = subprocess.run(
            [program.BINARY, *words],
            env=program.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=pipe,
            restore_signals=False,  # ignored here, and so there
            cwd=folder,
            timeout=30,
        )
    assert done.returncode == code


@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_a_password_on_a_closed_output_is_no_success(folder, closed):
    command = [program.BINARY, "user", "create", "ann", "--data", folder / "data"]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", *command],
        env=program.environment(),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 1
    if "2>" not in closed:
        assert "cannot write to standard output" in done.stderr
