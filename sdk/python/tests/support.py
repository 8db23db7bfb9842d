"""A vault to test against, a proxy that is no friend, and AsyncMediaVault for tests that block."""

from __future__ import annotations

import collections
import contextlib
import inspect
import os
import pathlib
import re
import secrets
import socket
import struct
import subprocess
import threading
import time
from typing import Any, Callable, Deque, Dict, Iterator, List, Optional
from urllib.parse import urlsplit

import mediavault
from mediavault import AsyncContentStream, AsyncPages

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("COFFER_BINARY", REPOSITORY / "build/release/coffer")).resolve()
# Cheap hashes of passwords, and receivers of webhooks on this machine.
SETTINGS = {"rate_limits": "off", "passwords.memory": "8MiB", "webhooks.allow_private": "true"}


class Server:
    """`coffer serve` on a free port of 127.0.0.1, with a data folder of its own."""

    def __init__(self, folder: pathlib.Path, **settings: str) -> None:
        self.folder, self.settings = folder, {**SETTINGS, **settings}
        self.listen = "127.0.0.1:0"
        self.url = ""
        self.start()

    def environment(self) -> Dict[str, str]:
        result = {k: v for k, v in os.environ.items() if not k.startswith("COFFER_")}
        for name, value in self.settings.items():
            result["COFFER_" + name.replace(".", "_").upper()] = value
        return result

    def start(self) -> None:
        """On the port that it had, if it ran before."""
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [str(BINARY), "serve", "--data", str(self.folder / "data"), "--listen", self.listen],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        assert self.process.stdout
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.url = found.group(0)
                self.listen = self.url[len("http://") :]
                return
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=45)
        self.log.close()
        assert self.process.returncode == 0, (self.folder / "log").read_text()[-4000:]

    def openapi(self, name: str) -> Any:
        import json

        command = [str(BINARY), "openapi", name]
        done = subprocess.run(command, env=self.environment(), capture_output=True, check=True)
        return json.loads(done.stdout)


PASSWORD = secrets.token_urlsafe(12)


def register(url: str) -> str:
    """The name of a new account with PASSWORD."""
    name = "user-" + secrets.token_hex(6)
    with mediavault.MediaVault(url, trust_env=False) as vault:
        vault.auth.register(name, PASSWORD, name + "@example.com")
    return name


def vault_of(url: str, name: Optional[str] = None, **options: Any) -> mediavault.MediaVault:
    """A client that is logged in, to an account of its own unless a name is given."""
    vault = mediavault.MediaVault(url, trust_env=False, **options)
    vault.auth.login(name or register(url), PASSWORD)
    return vault


def settled(vault: Any, id: str) -> Any:
    """The file, once the server has looked into it: from then on it stays as it is."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        media = vault.media.get(id)
        if media.status != "processing":
            return media
        time.sleep(0.05)
    raise AssertionError(f"{id} was not looked into")


# Retries that cost a test next to no time.
QUICK = mediavault.Retry(base=0.01, max_delay=0.05)


class Blocked:
    """An object of the asynchronous client as one that blocks; its coroutines run in a portal."""

    def __init__(self, target: Any, portal: Any) -> None:
        self._target, self._portal = target, portal

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if inspect.ismethod(value):
            return lambda *args, **named: self._called(value, args, named)
        if type(value).__module__.startswith("mediavault._async"):
            return Blocked(value, self._portal)
        return value

    def _called(self, function: Callable[..., Any], args: Any, named: Any) -> Any:
        async def call() -> Any:
            result = function(*args, **named)
            return await result if inspect.isawaitable(result) else result

        result = self._portal.call(call)
        if isinstance(result, (AsyncPages, AsyncContentStream)) or hasattr(result, "aclose"):
            return Blocked(result, self._portal)
        if isinstance(result, mediavault.AsyncMediaVault):
            return Blocked(result, self._portal)
        return result

    def pages(self) -> Iterator[Any]:
        return self._drained(self._target.pages())

    def close(self) -> None:
        self._portal.call(self._target.aclose)

    def __iter__(self) -> Iterator[Any]:
        return self._drained(self._target.__aiter__())

    def _drained(self, source: Any) -> Iterator[Any]:
        end = object()

        async def following() -> Any:
            try:
                return await source.__anext__()
            except StopAsyncIteration:
                return end

        while (item := self._portal.call(following)) is not end:
            yield item

    def __next__(self) -> Any:
        return self._portal.call(self._target.__anext__)

    def __enter__(self) -> "Blocked":
        entered = self._portal.call(self._target.__aenter__)
        return self if entered is self._target else Blocked(entered, self._portal)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._portal.call(self._target.__aexit__, kind, error, trace)


class Proxy:
    """Stands before a server and does to each request what `plan` says next, then `otherwise`.

    A fault gets (proxy, client's socket, head of the request). One request a connection.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.upstream = (parts.hostname, parts.port)
        self.plan: Deque[Callable[..., None]] = collections.deque()
        self.otherwise: Callable[..., None] = passed
        self.heads: List[str] = []
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Proxy":
        return self

    def __exit__(self, *_: Any) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def count(self, start: str) -> int:
        """How many requests began with that, such as `POST /api/v1/auth/refresh`."""
        return sum(head.startswith(start) for head in self.heads)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                data = client.recv(65536)
                if not data:
                    return
                head += data
            with self.lock:
                self.heads.append(head.partition(b"\r\n\r\n")[0].decode("latin-1"))
                fault = self.plan.popleft() if self.plan else self.otherwise
            fault(self, client, head)
            # A thread that waits for bytes of it would keep it open.
            client.shutdown(socket.SHUT_RDWR)

    def connected(self, client: socket.socket, head: bytes) -> socket.socket:
        """The upstream connection, to which the request goes on being sent."""
        server = socket.create_connection(self.upstream)
        if b"upgrade: websocket" not in head.lower():
            first, rest = head.split(b"\r\n", 1)
            rest = re.sub(rb"(?i)connection: keep-alive\r\n", b"", rest)
            head = first + b"\r\nConnection: close\r\n" + rest
        server.sendall(head)
        threading.Thread(target=self._send_on, args=(client, server), daemon=True).start()
        return server

    @staticmethod
    def _send_on(client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                server.sendall(data)


def cut(client: socket.socket) -> None:
    """Resets the connection."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # A thread that waits for bytes of it would keep it open.
    client.shutdown(socket.SHUT_RD)
    client.close()


def passed(proxy: Proxy, client: socket.socket, head: bytes) -> None:
    with proxy.connected(client, head) as server:
        while data := server.recv(65536):
            client.sendall(data)


def reset(proxy: Proxy, client: socket.socket, head: bytes) -> None:
    """Nothing reaches the server."""
    cut(client)


def lost(proxy: Proxy, client: socket.socket, head: bytes) -> None:
    """The server answers, and nobody hears it."""
    with proxy.connected(client, head) as server:
        while server.recv(65536):
            pass
    cut(client)


def cut_after(count: int, then: Callable[[], object] = lambda: None) -> Callable[..., None]:
    """So many bytes of the reply's body come; `then` is called before the cut."""

    def fault(proxy: Proxy, client: socket.socket, head: bytes) -> None:
        with proxy.connected(client, head) as server:
            reply = b""
            while b"\r\n\r\n" not in reply:
                reply += server.recv(65536)
            left = reply.index(b"\r\n\r\n") + 4 + count
            while reply and left > 0:
                client.sendall(reply[:left])
                left -= len(reply[:left])
                reply = server.recv(65536)
        then()
        time.sleep(0.05)  # What was sent should be read before the reset.
        cut(client)

    return fault


def answered(status: int, *headers: str, body: bytes = b"<h1>busy</h1>") -> Callable[..., None]:
    def fault(proxy: Proxy, client: socket.socket, head: bytes) -> None:
        lines = [f"HTTP/1.1 {status} No", "Content-Type: text/html", "Connection: close", *headers]
        lines += [f"Content-Length: {len(body)}", "", ""]
        client.sendall("\r\n".join(lines).encode() + body)
        # What was not read would reset the connection, and the reply with it.
        client.shutdown(socket.SHUT_WR)
        client.settimeout(5)
        while client.recv(65536):
            pass

    return fault


def silent(proxy: Proxy, client: socket.socket, head: bytes) -> None:
    """No reply ever comes."""
    client.settimeout(30)
    while client.recv(65536):
        pass
