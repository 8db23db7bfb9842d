"""What runs out: descriptors, threads, who reads the log, the time for an end."""

import contextlib
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
        self.data = folder / "data"
        self._key = None
        command = [*prefix, str(program.BINARY), "serve", "--data", str(self.data)]
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

    def metrics(self):
        """The text of /metrics, read with a key of the admin's."""
        self._key = self._key or program.create_key(self.data, "admin")
        reply = Api(self.url, key=self._key).get("/metrics")
        assert reply.status_code == 200, reply.text
        return reply.text

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


@pytest.mark.parametrize("proxies, served", [("127.0.0.0/8", 40), ("192.0.2.1", 20)])
def test_a_trusted_proxy_may_have_all_connections(bare, proxies, served):
    """Behind it are many clients; any other address has half at most."""
    server = bare("--http.max-connections", "40", "--trusted-proxies", proxies).ready()
    statuses = []
    clients = [socket.create_connection(server.address, 5) for _ in range(40)]
    for client in clients:
        client.settimeout(10)
        try:
            client.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        except OSError:
            pass  # it was refused
        statuses.append(client.recv(1000)[9:12])
    for client in clients:
        client.close()
    assert statuses.count(b"200") == served
    assert statuses.count(b"503") == 40 - served


def connect(server, address, timeout=5):
    return socket.create_connection(server.address, source_address=(address, 0), timeout=timeout)


def slow_upload(server, token, address):
    """A connection that has sent 1.5 of 9 MB of a file."""
    connection = connect(server, address, timeout=1)
    head = (
        f"POST /api/v1/media/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    )
    with contextlib.suppress(OSError):
        connection.sendall(head.encode() + bytes(1_500_000))
    return connection


def test_slow_uploads_leave_descriptors_to_others(bare, folder):
    log = folder / "log"
    with open(log, "wb") as file:
        server = bare("--rate-limits", "off", stderr=file, before=limited(192, 192)).ready()
    anyone = Api(server.url + "/api/v1")
    tokens = []
    for name in ("ada", "bob", "cyd", "dan", "eve", "fay"):
        login = {"username": name, "password": "correct horse 7", "email": f"{name}@example.com"}
        assert anyone.post("/auth/register", json=login).status_code == 201
        tokens.append(anyone.post("/auth/login", json=login).json()["token"])
    with contextlib.ExitStack() as stack:
        for number in range(70):
            stack.enter_context(slow_upload(server, tokens[number % 5], f"127.0.1.{number + 1}"))
        time.sleep(1)
        for number in range(3):
            with connect(server, f"127.0.2.{number + 1}") as other:
                other.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
                assert other.recv(4096).startswith(b"HTTP/1.1 200"), number
        honest = Api(server.url + "/api/v1", token=tokens[5])
        reply = honest.post("/media/upload", files={"file": ("a.bin", os.urandom(100_000))})
        assert reply.status_code == 201, reply.text
        media = reply.json()["data"]["id"]
        assert len(honest.get(f"/media/{media}/content").content) == 100_000
        assert len(os.listdir(f"/proc/{server.process.pid}/fd")) < 192
    assert b"connection not taken" not in log.read_bytes()


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
        for line in server.metrics().splitlines()
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


# Memory of requests.


def metric(server, name):
    for line in server.metrics().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no {name} in /metrics")


def stalled(server, count, text):
    """`count` connections that have sent `text`."""
    held = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", server.port), 5)
        connection.settimeout(5)
        try:
            connection.sendall(text)
        except OSError:
            pass  # it has heard enough
        held.append(connection)
    return held


def reply_of(connection):
    """What came, or nothing."""
    connection.settimeout(0.01)
    try:
        return connection.recv(4000)
    except OSError:
        return b""


def json_head(length, token=None):
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    return (
        f"PATCH /api/v1/users/me HTTP/1.1\r\nHost: h\r\n{bearer}Content-Type: application/json\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def test_bodies_that_are_read_whole_share_a_budget(launch):
    server = launch({"http.memory_budget": "8MiB", "http.body_timeout": "60s"})
    user, other = server.user(), server.user()
    before = server.rss()
    text = json_head(64_000, user.token) + b'{"username":"' + b"x" * 60_000
    held = stalled(server, 300, text)
    time.sleep(1)
    replies = [reply for reply in map(reply_of, held) if reply]
    assert len(replies) > 150
    for reply in replies:
        assert reply.startswith(b"HTTP/1.1 503") and b"\r\nRetry-After: " in reply, reply
    assert metric(server, "coffer_request_memory_bytes") <= 4 << 20
    assert metric(server, "coffer_request_memory_refusals_total") >= len(replies)
    if not program.is_sanitized():
        assert server.rss() - before < 48 << 20
    begin = time.monotonic()
    assert other.patch("/users/me", json={"username": other.username}).status_code == 200
    assert other.try_upload(b"honest", title="here").status_code == 201
    assert time.monotonic() - begin < 5
    for connection in held:
        connection.close()
    deadline = time.monotonic() + program.patience(10)
    while metric(server, "coffer_request_memory_bytes") > 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert metric(server, "coffer_request_memory_bytes") == 0


def test_fields_of_forms_share_it(launch):
    server = launch({"http.memory_budget": "1MiB"})
    user = server.user()
    body = b'--B\r\nContent-Disposition: form-data; name="description"\r\n\r\n' + b"x" * 50_000
    text = (
        f"POST /api/v1/media/upload HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {user.token}\r\n"
        "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 100000\r\n\r\n"
    ).encode()
    held = stalled(server, 60, text + body)
    time.sleep(0.7)
    replies = [reply for reply in map(reply_of, held) if reply]
    assert len(replies) > 30
    assert all(reply.startswith(b"HTTP/1.1 503") for reply in replies)
    for connection in held:
        connection.close()


@pytest.mark.parametrize("framing", ["known", "chunked"])
def test_a_small_body_has_a_time_for_all_of_it(launch, framing):
    """Bytes that keep coming, each in time, do not keep it open."""
    server = launch({"http.body_timeout": "1s"})
    user = server.user()
    wire = server.wire()
    head = {"Authorization": f"Bearer {user.token}", "Content-Type": "application/json"}
    head |= {"Content-Length": "7000"} if framing == "known" else {"Transfer-Encoding": "chunked"}
    wire.send(wire.head("PATCH", "/api/v1/users/me", head))
    begin = time.monotonic()
    wire.socket.settimeout(0.05)
    reply = b""
    while not reply and time.monotonic() - begin < 30:
        try:
            wire.send(b"x" if framing == "known" else b"1\r\nx\r\n")
            reply = wire.socket.recv(1000)
        except TimeoutError:
            pass
    assert reply.startswith(b"HTTP/1.1 408"), reply
    limit = 1 if framing == "known" else 9
    assert limit - 0.1 < time.monotonic() - begin < limit + 5


def test_json_is_small_unless_a_call_takes_lists(launch):
    server = launch()
    user = server.user()
    much = {"username": "x" * 70_000}
    assert user.patch("/users/me", json=much).status_code == 413
    claims = [{"file_url": "x" * 10, "key": "y" * 36} for _ in range(4000)]
    reply = user.post(server.url + "/api/transfer", json={"data": claims})
    assert reply.status_code == 200 and len(reply.json()["unsuccess"]) == 4000


def test_heads_that_come_slowly_share_it(launch):
    server = launch({"http.memory_budget": "2MiB", "http.head_timeout": "30s"})
    before = server.rss()
    text = b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-Long: " + b"x" * 30_000
    held = stalled(server, 200, text)
    time.sleep(0.5)
    replies = [reply for reply in map(reply_of, held) if reply]
    assert len(replies) > 100
    for reply in replies:
        assert reply.startswith(b"HTTP/1.1 503") and b"\r\nRetry-After: " in reply, reply
    if not program.is_sanitized():
        assert server.rss() - before < 24 << 20
    assert server.wire().request("GET", "/healthz").status_code == 200
    for connection in held:
        connection.close()


def test_a_head_that_is_hardly_begun_holds_little(launch):
    server = launch({"http.head_timeout": "30s"})
    stalled(server, 50, b"GET ")
    before = server.rss()
    held = stalled(server, 1000, b"GET /healthz HTTP/1.1\r\nHost: h\r\nX")
    time.sleep(0.5)
    if not program.is_sanitized():
        assert (server.rss() - before) / 1000 < 8 << 10
    for connection in held:
        connection.sendall(b": y\r\n\r\n")
    assert all(connection.recv(1000).startswith(b"HTTP/1.1 200") for connection in held)


# Threads.


@pytest.mark.local
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
    text = server.metrics()
    dropped = next(
        line for line in text.splitlines() if line.startswith("coffer_log_lines_dropped_total ")
    )
    # Somebody reads again: a line says how many are missing.
    os.set_blocking(reader, False)
    seen, deadline = b"", time.monotonic() + program.patience(10)
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
