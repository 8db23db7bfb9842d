"""A receiver of webhooks: a real HTTP server that behaves, or does not, as a test tells it."""

import base64
import dataclasses
import hashlib
import hmac
import json
import socket
import ssl
import threading
import time

from harness import program


@dataclasses.dataclass
class Message:
    path: str
    headers: dict  # names in lower case
    body: bytes
    at: float = dataclasses.field(default_factory=time.monotonic)

    @property
    def id(self):
        return self.headers["webhook-id"]

    @property
    def json(self):
        return json.loads(self.body)


def signature(secret, message):
    """What `webhook-signature` has to be, by the specification of Standard Webhooks."""
    assert secret.startswith("whsec_")
    key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    signed = b".".join([message.id.encode(), message.headers["webhook-timestamp"].encode(), message.body])
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


class Receiver:
    """Answers 204, or calls `behaviours[path](connection, message)`, which gives a status or sends
    what it likes and gives None. A context manager. Threads: any."""

    def __init__(self, certificate=None, port=0):
        self.behaviours = {}
        self.connections = 0
        self._messages = []
        self._changed = threading.Condition()
        self._context = None
        if certificate:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(*certificate)
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._open = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._changed:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def url(self, path="/"):
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self.port}{path}"

    def messages(self, path=None):
        with self._changed:
            return [one for one in self._messages if path is None or one.path == path]

    def wait(self, count=1, path=None, timeout=30):
        """The messages, once there are so many."""
        def there():
            return sum(path is None or one.path == path for one in self._messages) >= count

        with self._changed:
            done = self._changed.wait_for(there, program.patience(timeout))
        found = self.messages(path)
        assert done, f"{len(found)} of {count} messages came"
        return found

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with self._changed:
            self.connections += 1
            self._open.add(connection)
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while message := self._read(stream):
                    with self._changed:
                        self._messages.append(message)
                        self._changed.notify_all()
                    behaviour = self.behaviours.get(message.path)
                    status = behaviour(connection, message) if behaviour else 204
                    if status is None:
                        return
                    connection.sendall(f"HTTP/1.1 {status} Reply\r\nContent-Length: 0\r\n\r\n".encode())
        except (OSError, ValueError):
            pass
        finally:
            with self._changed:
                self._open.discard(connection)

    @staticmethod
    def _read(stream):
        start = stream.readline()
        if not start:
            return None
        method, path, version = start.decode().split()
        assert method == "POST" and version == "HTTP/1.1", start
        headers = {}
        while (line := stream.readline().decode().rstrip("\r\n")):
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        return Message(path, headers, stream.read(int(headers["content-length"])))
