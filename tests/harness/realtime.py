"""WebSocket clients: real libraries at /realtime."""

import asyncio
import json
import os
import select
import shutil
import socket
import subprocess
import threading
import time

import websockets

from harness import frames, program

NODE_MODULES = "/usr/share/nodejs"  # Debian's


class Closed(Exception):
    """The server has closed the connection."""

    def __init__(self, code, reason):
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class _Loop:
    """The event loop of all sockets, on a thread of its own: a browser that an earlier test of this
    process opened has one on the main thread."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, task, timeout=30):
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(task, program.patience(timeout)), self.loop).result()


_loop = None


def run(task, timeout=30):
    """What `task`, a coroutine of asyncio, gives."""
    global _loop
    _loop = _loop or _Loop()
    return _loop.run(task, timeout)


def address(url):
    """http://host:port -> ws://host:port/realtime"""
    return url.replace("http", "ws", 1) + "/realtime"


class Socket:
    """A connection by Python's `websockets`. `token` or `key`: authenticates. Threads: one at a time."""

    def __init__(self, url, token=None, key=None, **options):
        options.setdefault("max_size", 1 << 20)
        self.socket = run(self._connect(address(url), options))
        if token or key:
            secret = {"token": token} if token else {"api_key": key}
            self.send({"type": "auth", **secret})
            self.authenticated = self.receive()
            assert self.authenticated["type"] == "authenticated", self.authenticated

    @staticmethod
    async def _connect(url, options):
        return await websockets.connect(url, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, message):
        """An object as JSON; texts and bytes as they are."""
        self.send_raw(json.dumps(message) if isinstance(message, dict) else message)

    def send_raw(self, data):
        try:
            run(self.socket.send(data))
        except websockets.ConnectionClosed as closed:
            raise Closed(closed.code, closed.reason) from None

    def receive(self, timeout=20):
        """The next message. Throws Closed, or TimeoutError."""
        try:
            text = run(asyncio.wait_for(self.socket.recv(), program.patience(timeout)), timeout + 10)
        except websockets.ConnectionClosed as closed:
            raise Closed(closed.code, closed.reason) from None
        except asyncio.TimeoutError:
            raise TimeoutError(f"nothing came in {timeout} s") from None
        return json.loads(text)

    def ask(self, **message):
        self.send(message)
        return self.receive()

    def subscribe(self, channel="media_updates", resource_id=None, **more):
        """The reply, which has to be a success."""
        if resource_id:
            more["resource_id"] = resource_id
        reply = self.ask(type="subscribe", channel=channel, **more)
        assert reply["type"] == "subscribed", reply
        return reply

    def error(self, code, **message):
        """The reply, which has to be an error with that code."""
        reply = self.ask(**message)
        assert (reply["type"], reply["code"]) == ("error", code), reply
        return reply

    def is_quiet(self, seconds=0.3):
        """Whether nothing comes for that long, and the connection lives."""
        try:
            message = self.receive(seconds)
        except TimeoutError:
            return True
        raise AssertionError(f"a message came: {message}")

    def close_code(self, timeout=20):
        """Reads up to the end; the code that the server closed with."""
        try:
            while True:
                self.receive(timeout)
        except Closed as closed:
            return closed.code

    def close(self):
        run(self.socket.close())


class Crowd:
    """Many connections at little cost: sockets without a library, subscribed to all media of an account.
    A context manager."""

    def __init__(self, server, token, count):
        head = (
            "GET /realtime HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        self.opening = (
            head.encode()
            + frames.text({"type": "auth", "token": token})
            + frames.text({"type": "subscribe", "channel": "media_updates"})
        )
        self.server = server
        self.sockets = [self._open(number) for number in range(count)]
        self.poll = select.epoll()
        for one in self.sockets:
            self.poll.register(one.fileno(), select.EPOLLIN)

    def _open(self, number):
        # The server bounds the connections of one address.
        one = socket.create_connection(
            ("127.0.0.1", self.server.port), timeout=program.patience(30), source_address=(f"127.0.0.{1 + number % 16}", 0)
        )
        one.sendall(self.opening)
        received = b""
        while b'"subscribed"' not in received or not received.endswith(b"}"):
            data = one.recv(4096)
            assert data, received
            received += data
        return one

    def receive(self, timeout=30):
        """Reads the next event everywhere; how long the last connection had to wait for it."""
        began = time.perf_counter()
        waiting = {one.fileno(): one for one in self.sockets}
        while waiting:
            ready = self.poll.poll(program.patience(timeout))
            assert ready, f"{len(waiting)} connections have heard nothing"
            for number, _ in ready:
                data = waiting.pop(number).recv(4096)
                assert data.count(b'"type":"event"') == 1, data
        return time.perf_counter() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.poll.close()
        for one in self.sockets:
            one.close()


NODE = """
const WebSocket = require('ws');
const [url, token, channel] = process.argv.slice(1);
const socket = new WebSocket(url, {ca: process.env.CA ? require('fs').readFileSync(process.env.CA) : undefined});
socket.on('open', () => socket.send(JSON.stringify({type: 'auth', token})));
socket.on('message', (data) => {
  const message = JSON.parse(data);
  console.log(JSON.stringify(message));
  if (message.type === 'authenticated') socket.send(JSON.stringify({type: 'subscribe', channel}));
});
socket.on('ping', () => console.log(JSON.stringify({type: 'ping'})));
socket.on('close', (code, reason) => console.log(JSON.stringify({type: 'close', code, reason: reason.toString()})));
socket.on('error', (error) => console.log(JSON.stringify({type: 'failure', message: error.message})));
"""


class NodeSocket:
    """A connection by Node's `ws`, which authenticates and subscribes as the document shows it."""

    def __init__(self, url, token, channel="media_updates", certificate=None):
        assert shutil.which("node"), "node is missing: apt-get install node-ws"
        variables = {"NODE_PATH": NODE_MODULES, **({"CA": str(certificate)} if certificate else {})}
        self.process = subprocess.Popen(
            ["node", "-e", NODE, address(url), token, channel],
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(10)
        self.process.stdout.close()

    def receive(self):
        line = self.process.stdout.readline()
        assert line, "it has ended"
        return json.loads(line)
