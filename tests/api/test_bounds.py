"""What runs out: descriptors, threads, who reads the log, the time for an end."""

import json
import os
import resource
import signal
import socket
import subprocess
import time

import pytest

from harness import program, samples
from harness.client import Api




class Bare:
    """A server of the program alone, with what a parent process may hand it."""

    def __init__(self, folder, *flags, stderr=subprocess.DEVNULL, before=None, prefix=()):
        command = [*prefix, str(program.BINARY), "serve", "--data", str(folder / "data")]
        self.process = subprocess.Popen(
            command + ["--listen", "127.0.0.1:0", *flags],
            env=program.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            preexec_fn=before,
            text=True,
        )
        self.url = None

    def ready(self):
        line = next(line for line in self.process.stdout if "http://" in line)
        self.url = "http://" + line.split("http://")[1].split()[0]
        return self

    @property
    def address(self):
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)

    def end(self, within):
        """SIGTERM; how long the end took, and the exit code."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(within + 20)
        return time.monotonic() - begin, code


@pytest.fixture
def bare(folder):
    started = []

    def start(*arguments, **options):
        started.append(Bare(folder, *arguments, **options))
        return started[-1]

    yield start
    for server in started:
        if server.process.poll() is None:
            server.process.kill()
        server.process.wait()
        server.process.stdout.close()


# Descriptors.


def limited(soft, hard):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_idle_connections_leave_descriptors_for_the_rest(bare):
    server = bare("--rate-limits", "off", before=limited(256, 256)).ready()
    caller = Api(server.url + "/api/v1")
    login = {"username": "ada", "password": "correct horse 7", "email": "ada@example.com"}
    assert caller.post("/auth/register", json=login).status_code == 201
    token = caller.post("/auth/login", json=login).json()["token"]
    user = Api(server.url + "/api/v1", token=token)
    user.me()
    idle = []
    for _ in range(400):
        idle.append(socket.create_connection(server.address, 5))
    with socket.create_connection(server.address, 5) as late:
        late.settimeout(10)
        late.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        reply = late.recv(1000)
        assert reply.startswith((b"HTTP/1.1 200", b"HTTP/1.1 503")), reply
        assert reply.startswith(b"HTTP/1.1 200") or b"Retry-After: " in reply
    # On the connection that is open there is a file for every upload.
    assert user.try_upload(samples.noise(3_000_000)).status_code == 201
    time.sleep(5.5)  # until those that idle may be closed for others
    for _ in range(10):
        assert Api(server.url).get("/healthz").status_code == 200
    for connection in idle:
        connection.close()


def test_the_limit_of_open_files_is_raised(bare):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    server = bare(before=limited(128, hard)).ready()
    text = open(f"/proc/{server.process.pid}/limits").read()
    line = next(line for line in text.splitlines() if line.startswith("Max open files"))
    assert line.split()[3] == str(hard)


def test_says_that_fewer_connections_fit(bare, folder):
    log = folder / "log"
    with open(log, "wb") as file:
        server = bare(stderr=file, before=limited(2000, 2000)).ready()
    value = next(
        line
        for line in Api(server.url).get("/metrics").text.splitlines()
        if line.startswith("coffer_http_connections_max ")
    )
    assert 1000 <= float(value.split()[1]) < 2000
    server.end(2)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    told = next(line for line in lines if line["event"].startswith("fewer connections"))
    assert told["wanted"] == 20000 and told["open_files_limit"] == 2000


def test_too_few_descriptors_are_said_at_the_start(bare):
    server = bare(stderr=subprocess.PIPE, before=limited(64, 64))
    _, said = server.process.communicate(timeout=20)
    assert server.process.returncode == 1
    assert "limit of open files" in said


# Threads.


@pytest.mark.skipif(os.geteuid() != 0, reason="another user's limit of processes is needed")
@pytest.mark.parametrize("threads", [2, 8, 16, 24])
def test_too_few_threads_are_said_at_the_start(folder, bare, threads):
    folder.chmod(0o777)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data").chmod(0o777)
    prefix = ["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"]
    try:
        subprocess.run([*prefix, str(program.BINARY), "version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("the program cannot be run as another user here")
    server = bare(
        stderr=subprocess.PIPE, prefix=[*prefix, "prlimit", f"--nproc={threads}"]
    )
    _, said = server.process.communicate(timeout=20)
    assert server.process.returncode == 1, said
    assert "cannot start the thread" in said


# Who reads the log.


def test_a_log_that_nobody_reads_stops_nothing(bare):
    reader, writer = os.pipe()
    server = bare("--http.drain-timeout", "1s", "--rate-limits", "off", stderr=writer).ready()
    os.close(writer)
    caller = Api(server.url)
    for _ in range(9000):  # more than the pipe and the queue behind it hold
        assert caller.get("/healthz").status_code == 200
    text = caller.get("/metrics").text
    dropped = next(
        line for line in text.splitlines() if line.startswith("coffer_log_lines_dropped_total ")
    )
    # Somebody reads again: a line says how many are missing.
    os.set_blocking(reader, False)
    seen, deadline = b"", time.monotonic() + 10
    while b"log lines dropped" not in seen and time.monotonic() < deadline:
        try:
            seen += os.read(reader, 1 << 20)
        except BlockingIOError:
            time.sleep(0.01)
    assert b"log lines dropped" in seen
    line = next(line for line in seen.splitlines() if b"log lines dropped" in line)
    assert json.loads(line)["lines"] >= float(dropped.split()[1]) > 0
    os.close(reader)


def test_ends_while_nobody_reads_the_log(bare):
    reader, writer = os.pipe()
    server = bare("--http.drain-timeout", "1s", "--rate-limits", "off", stderr=writer).ready()
    os.close(writer)
    caller = Api(server.url)
    for _ in range(1000):
        caller.get("/healthz")
    took, code = server.end(3)
    os.close(reader)
    assert code == 0 and took < 3.5


# The time for an end.


def test_ends_in_time_whatever_is_under_way(bare):
    """Hashes that take longer than the end may, an upload that stands still, many connections."""
    server = bare(
        "--http.drain-timeout", "1s", "--rate-limits", "off", "--passwords.parallel", "1",
        "--passwords.memory", "1GiB",
    ).ready()
    held = []
    body = b'{"username":"ada","email":"ada@example.com","password":"correct horse 7"}'
    head = (
        b"POST /api/v1/auth/register HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    )
    for _ in range(6):
        connection = socket.create_connection(server.address, 5)
        connection.sendall(head + body)
        held.append(connection)
    for _ in range(200):
        connection = socket.create_connection(server.address, 5)
        connection.sendall(head + body[:10])
        held.append(connection)
    time.sleep(0.5)
    took, code = server.end(3)
    assert code == 0 and took < 4
    for connection in held:
        connection.close()


def test_a_start_that_takes_long_is_ended_at_once(bare):
    """Before it serves nothing was promised: the signal need not wait."""
    server = bare("--passwords.memory", "2GiB")
    time.sleep(0.2)
    took, code = server.end(5)
    assert code in (0, -signal.SIGTERM) and took < 5
