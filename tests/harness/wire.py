"""HTTP as exact bytes: a client that sends what it is told and reads what comes."""

import json
import socket
import struct

from requests.structures import CaseInsensitiveDict

from harness import program


class Reply:
    """One response. The names are those of `requests`, so that the same checks fit both."""

    def __init__(self, version, status, reason, fields, content):
        self.version = version
        self.status_code = status
        self.reason = reason
        self.fields = fields  # (name, value) in order
        self.headers = CaseInsensitiveDict(fields)
        self.content = content

    @property
    def text(self):
        return self.content.decode("utf-8", "replace")

    def json(self):
        return json.loads(self.content)

    def __repr__(self):
        return f"<{self.version} {self.status_code} {self.fields} {self.content[:300]!r}>"


class Ended(Exception):
    """The server closed the connection where a reply was due."""


class Wire:
    """A connection. `context` makes it TLS."""

    def __init__(self, host, port, timeout=10.0, context=None):
        self.host = f"{host}:{port}"
        self.socket = socket.create_connection((host, port), timeout=program.patience(timeout))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context:
            self.socket = context.wrap_socket(self.socket, server_hostname=host)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def abort(self):
        """Ends the connection with a reset, as a crashed client does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def head(self, method, target, headers=(), version="HTTP/1.1", host=True):
        """The bytes of a head."""
        lines = [f"{method} {target} {version}"]
        if host:
            lines.append(f"Host: {self.host}")
        lines += [f"{name}: {value}" for name, value in dict(headers).items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def request(self, method, target, headers=(), body=None, version="HTTP/1.1"):
        """Sends a whole request and reads the reply."""
        headers = dict(headers)
        if body is not None:
            headers.setdefault("Content-Length", str(len(body)))
        self.send(self.head(method, target, headers, version) + (body or b""))
        return self.reply(method)

    def _more(self):
        data = self.socket.recv(1 << 18)
        if not data:
            return False
        self._buffer += data
        return True

    def _line(self):
        while b"\r\n" not in self._buffer:
            if not self._more():
                raise Ended(f"in the middle of a line: {self._buffer[:200]!r}")
        line, self._buffer = self._buffer.split(b"\r\n", 1)
        return line.decode("latin-1")

    def _exactly(self, count):
        pieces = [self._buffer[:count]]
        self._buffer = self._buffer[count:]
        have = len(pieces[0])
        while have < count:
            data = self.socket.recv(min(1 << 20, count - have))
            if not data:
                raise Ended(f"{count - have} bytes of a body are missing")
            pieces.append(data)
            have += len(data)
        return b"".join(pieces)

    def exactly(self, count):
        """The next bytes. Throws Ended."""
        return self._exactly(count)

    def reply(self, method="GET"):
        """The next response, also an interim one (1xx). `method` is the request's. Throws Ended."""
        reply = self.reply_head()
        if method == "HEAD" or reply.status_code < 200 or reply.status_code in (204, 304):
            return reply
        if "chunked" in reply.headers.get("transfer-encoding", "").lower():
            reply.content = self._chunks()
        elif "content-length" in reply.headers:
            reply.content = self._exactly(int(reply.headers["content-length"]))
        else:
            reply.content = self.rest()
        return reply

    def reply_head(self):
        """The next response without its content, which pieces() can read. Throws Ended."""
        if not self._buffer and not self._more():
            raise Ended("no reply")
        version, status, reason = (self._line().split(" ", 2) + [""])[:3]
        fields = []
        while line := self._line():
            name, value = line.split(":", 1)
            fields.append((name, value.strip(" \t")))
        return Reply(version, int(status), reason, fields, b"")

    def pieces(self, count):
        """The next `count` bytes, piece by piece; each is valid until the next. Throws Ended."""
        first, self._buffer = self._buffer[:count], self._buffer[count:]
        if first:
            yield first
        left = count - len(first)
        room = memoryview(bytearray(1 << 20))
        while left > 0:
            got = self.socket.recv_into(room, min(left, len(room)))
            if not got:
                raise Ended(f"{left} bytes of a body are missing")
            left -= got
            yield room[:got]

    def _chunks(self):
        chunks = []
        while size := int(self._line().split(";")[0], 16):
            chunks.append(self._exactly(size))
            assert self._exactly(2) == b"\r\n"
        while self._line():
            pass
        return b"".join(chunks)

    def rest(self):
        """All bytes to the end of the connection; a timeout is an error."""
        try:
            while self._more():
                pass
        except ConnectionResetError:
            pass
        rest, self._buffer = self._buffer, b""
        return rest

    def ends(self):
        """Whether the connection ends here without another byte, before the timeout."""
        try:
            return self.rest() == b""
        except TimeoutError:
            return False
