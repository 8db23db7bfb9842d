"""What a bench stands on: the servers, the load generators, a quiet machine."""

import contextlib
import ctypes
import hashlib
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import time

from harness import forms, frames, program
from harness.client import User
from harness.server import Server

LOAD = pathlib.Path(os.environ["COFFER_BENCH_LOAD"])
CORES = os.cpu_count()
# The settings of a vault that is measured: its peers do not log requests either, and
# connections stay when nobody uses them.
SETTINGS = {"log.access": "false", "http.idle_timeout": "1h"}
MARK = "@" * 16
CONTENT = "#" * 16


class Failed(Exception):
    """A measurement that says nothing."""


def raise_descriptors():
    """As many as are allowed; how many that is. Children inherit it."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


# The machine.


def own_network(congestion):
    """Moves this process and its children into a network namespace of their own, with loopback
    alone, where TCP uses `congestion` on both sides. Where that is not allowed, they stay. The
    congestion control that is in use then."""
    control = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
    libc = ctypes.CDLL(None, use_errno=True)
    clone_newnet = 0x40000000
    if libc.unshare(clone_newnet) == 0:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        control.write_text(congestion, encoding="ascii")
    return control.read_text(encoding="ascii").strip()


def busy_share(seconds):
    """The share of all cores that was in use for a moment."""

    def read():
        with open("/proc/stat", encoding="ascii") as file:
            times = [int(word) for word in file.readline().split()[1:9]]
        return sum(times), times[3] + times[4]

    total, idle = read()
    time.sleep(seconds)
    total_now, idle_now = read()
    return 1 - (idle_now - idle) / max(1, total_now - total)


class Quiet:
    """Waits until nothing else runs, and remembers what it could not wait for. `patience` is in
    seconds, for all waits together."""

    LIMIT = 0.1
    MOMENT = 0.2

    def __init__(self, patience):
        self.patience = patience
        self.shares = []

    def wait(self):
        while (share := busy_share(self.MOMENT)) > self.LIMIT and self.patience > 0:
            self.patience -= self.MOMENT
        self.shares.append(share)

    def text(self):
        noisy = sum(share > self.LIMIT for share in self.shares)
        return f"{noisy} of {len(self.shares)} samples began while others used over {self.LIMIT:.0%} of the CPU"


def sha256_rate():
    """Bytes a second of one core."""
    block = bytes(1 << 20)
    digest = hashlib.sha256()
    began = time.perf_counter()
    for _ in range(512):
        digest.update(block)
    return 512 * len(block) / (time.perf_counter() - began)


def free_memory():
    """Bytes that nothing uses, not even the page cache."""
    return int(re.search(r"MemFree:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) * 1024


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def rss(pids):
    """Resident bytes of the processes together."""
    total = 0
    for pid in pids:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        total += int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024
    return total


# Requests, as templates for bench_load.


def request(method, path, headers, body=b""):
    """A whole request. `body` may hold MARK, which keeps its length, and once CONTENT, whose
    bytes the header `length` of the caller counts."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def put(path, content, size):
    """`content` is what is sent, `size` what the server will see."""
    return request("PUT", path, {"Content-Length": size}, content)


def upload(headers, content, size):
    """A form with one file whose name differs from request to request."""
    content_type, before, after = forms.file_frame(f"file-{MARK}.bin")
    length = len(before) + size + len(after)
    fields = {**headers, "Content-Type": content_type, "Content-Length": length}
    return request("POST", "/api/v1/media/upload", fields, before + content + after)


def small_content(size):
    """Bytes that differ from request to request and do not compress."""
    return MARK.encode() + os.urandom(size - len(MARK)).replace(b"@", b"a").replace(b"#", b"b")


def subscribe(token, channel="media_updates"):
    """What a client sends to subscribe to events: the handshake and two messages. Two replies follow it."""
    fields = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
              "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    messages = [{"type": "auth", "token": token}, {"type": "subscribe", "channel": channel}]
    return request("GET", "/realtime", fields) + b"".join(frames.text(message) for message in messages)


# Load.


class Load:
    """The load generators. `folder` holds their templates."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self._names = 0

    def file(self, data):
        self._names += 1
        path = self.folder / str(self._names)
        path.write_bytes(data)
        return path

    def command(self, kind, options):
        words = [str(LOAD), kind]
        for name, value in options.items():
            words += ["--" + name, str(value)]
        return words

    def run(self, kind, **options):
        """What a load of bench_load reports."""
        done = subprocess.run(
            self.command(kind, options), capture_output=True, text=True, timeout=600, check=False
        )
        if done.returncode != 0:
            raise Failed(f"bench_load {kind}: {done.stderr.strip()}")
        result = json.loads(done.stdout)
        if result.get("failed"):
            raise Failed(f"{result['failed']} requests were refused, the first with {result['first_failure']}")
        return result

    def idle(self, **options):
        """The connections stay open, idle, while the block runs."""
        return self.held("idle", "requests", options)

    def sockets(self, **options):
        """The same of WebSockets."""
        return self.held("sockets", "connections", {**options, "hold": 1})

    @contextlib.contextmanager
    def held(self, kind, counted, options):
        process = subprocess.Popen(
            self.command(kind, options), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            line = process.stdout.readline()
            if not line or json.loads(line)[counted] != options["connections"]:
                raise Failed("not every connection was answered")
            yield
        finally:
            process.stdin.close()
            process.wait(60)

    def wrk(self, url, headers, connections, seconds):
        """Requests a second."""
        words = ["wrk", f"-t{min(2, connections)}", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
        for name, value in headers.items():
            words += ["-H", f"{name}: {value}"]
        done = subprocess.run(words + [url], capture_output=True, text=True, timeout=120, check=True)
        if "Non-2xx" in done.stdout or "Socket errors" in done.stdout:
            raise Failed(f"wrk {url}: {done.stdout}")
        return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))


# Servers.

NGINX = """
{user}
worker_processes {cores};
worker_rlimit_nofile {descriptors};
pid {folder}/pid;
error_log {folder}/error.log warn;
daemon off;
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 3600s;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{port} reuseport backlog=16384;
    location = /constant {{ default_type application/json; return 200 '{constant}'; }}
    location /files/ {{
      root {folder};
      open_file_cache max=1000 inactive=3600s;
      open_file_cache_valid 3600s;
    }}
    location /put/ {{ root {folder}; dav_methods PUT; create_full_put_path on; }}
  }}
}}
"""


class Nginx:
    """nginx as fast as it goes: a worker a core, files by sendfile from its descriptor cache, PUT
    without a sync. Below `folder`, `files/` is served and `put/` written."""

    def __init__(self, folder, constant="{}"):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        for name in ("files", "put"):
            (folder / name).mkdir(parents=True)
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        text = NGINX.format(
            user="user root;" if os.geteuid() == 0 else "",
            cores=CORES,
            descriptors=descriptors,
            connections=descriptors - 1000,
            folder=folder,
            port=self.port,
            constant=constant.replace("\\", "\\\\").replace("'", "\\'"),
        )
        (folder / "nginx.conf").write_text(text)

    def __enter__(self):
        self.process = subprocess.Popen(
            ["nginx", "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c",
             str(self.folder / "nginx.conf")],
            start_new_session=True,
        )
        deadline = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Failed("nginx does not start: " + (self.folder / "error.log").read_text())
            time.sleep(0.02)

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def workers(self):
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


class Vault:
    """A coffer server over a fresh folder, with one account that is logged in."""

    NAME, PASSWORD = "bench", "correct horse 7"

    def __init__(self, folder, settings=None):
        self.server = Server(folder, {**SETTINGS, **(settings or {})})

    def __enter__(self):
        self.server.start()
        self.user = User.registered(self.server.root, username=self.NAME, password=self.PASSWORD)
        self.headers = {"Authorization": f"Bearer {self.user.token}"}
        return self

    def __exit__(self, *_):
        self.server.kill()

    @property
    def database(self):
        return self.server.data / "coffer.db"

    @property
    def port(self):
        return self.server.port

    @property
    def root(self):
        return self.server.root

    @contextlib.contextmanager
    def stopped(self):
        """The server rests while the block runs."""
        self.server.stop_well()
        yield
        self.server.start()
        self.user.root = self.server.root


def version():
    return program.last_line(program.run("version").stdout)
