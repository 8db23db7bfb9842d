"""What stands between a server and its S3 service, and breaks what passes as a test says."""

import contextlib
import datetime
import email.utils
import http.client
import http.server
import socket
import socketserver
import struct
import threading
import time
from urllib.parse import urlsplit

from harness import program

BLOCK = 65_536
# Kinds of requests: of objects, of uploads in parts, of the bucket.
PUT, GET, SIZE, REMOVE = "put", "get", "size", "remove"
BEGIN, PART, COMPLETE, ABORT = "begin", "part", "complete", "abort"
CHECK, LIST, UPLOADS = "check", "list", "uploads"
STORING = (PUT, BEGIN, PART, COMPLETE)
# Of the connection and of one message: everything else passes.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
TOLERABLE = datetime.timedelta(minutes=15)


def kind_of(method, target):
    """One of the kinds above."""
    path, _, query = target.partition("?")
    names = {pair.partition("=")[0] for pair in query.split("&")}
    if "/" not in path.strip("/"):
        return {"HEAD": CHECK}.get(method, UPLOADS if "uploads" in names else LIST)
    if method == "POST":
        return BEGIN if "uploads" in names else COMPLETE
    if method == "DELETE":
        return ABORT if "uploadId" in names else REMOVE
    return {"PUT": PART if "partNumber" in names else PUT, "HEAD": SIZE}.get(method, GET)


class Broken(Exception):
    """The connection to the client is to end now."""


class S3Proxy:
    """Use it with `with`. Passes requests on to the service of `bucket` except where a rule is.
    `ahead`: what the clock of the service shows beyond the real time, by which requests are judged
    and replies dated; `dated_ahead`: the date of replies alone. Threads: any."""

    def __init__(self, bucket):
        self.bucket = bucket
        self.to = urlsplit(bucket.endpoint)
        self.ahead = datetime.timedelta()
        self.dated_ahead = datetime.timedelta()
        self.port = 0
        self._changed = threading.Condition()
        self._rules = []
        self._seen = []
        self._healed = 0
        self._server = None
        self._clients = set()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def settings(self):
        """As the bucket's, for a server that reaches it through here."""
        return {**self.bucket.settings(), "s3.endpoint": self.url}

    def __enter__(self):
        self.open()
        return self

    def __exit__(self, *_):
        self.heal()
        self.shut()

    def open(self):
        self._server = _Listener(("127.0.0.1", self.port), _Handler)
        self._server.proxy = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def shut(self):
        """Connections break, and new ones are refused."""
        server, self._server = self._server, None
        if server:
            server.shutdown()
            server.server_close()
        with self._changed:
            clients, self._clients = self._clients, set()
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    # Rules.

    def on(self, kinds, fault, times=None, skip=0):
        """Requests of these kinds (None: all) meet the fault: all of them or that many, the first
        `skip` excepted."""
        kinds = (kinds,) if isinstance(kinds, str) else kinds
        with self._changed:
            self._rules.append({"kinds": kinds, "fault": fault, "left": times, "skip": skip})

    def heal(self):
        """There are no rules any more, and what they hold up goes on."""
        with self._changed:
            self._rules = []
            self._healed += 1
            self._changed.notify_all()

    def count(self, *kinds):
        """Of requests of these kinds that have come; a fault's are among them."""
        with self._changed:
            return sum(kind in kinds for kind in self._seen)

    def wait_for(self, kind, count=1, seconds=20):
        """Until that many of them have come."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._seen.count(kind) >= count, program.patience(seconds)), f"no {kind} comes"

    # For exchanges.

    def fault_of(self, kind):
        with self._changed:
            self._seen.append(kind)
            self._changed.notify_all()
            for rule in self._rules:
                if (rule["kinds"] is None or kind in rule["kinds"]) and rule["left"] != 0:
                    if rule["skip"] > 0:
                        rule["skip"] -= 1
                        continue
                    if rule["left"] is not None:
                        rule["left"] -= 1
                    return rule["fault"]
        return pass_on

    def hold(self, seconds=None):
        """Until heal(), or that long."""
        with self._changed:
            before = self._healed
            self._changed.wait_for(lambda: self._healed != before, seconds)

    def add_client(self, client):
        with self._changed:
            self._clients.add(client)

    def remove_client(self, client):
        with self._changed:
            self._clients.discard(client)


class _Listener(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


class _Handler(http.server.BaseHTTPRequestHandler):
    """One connection of the server under test: its requests, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server.proxy.add_client(self.connection)

    def finish(self):
        self.server.proxy.remove_client(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self):
        with contextlib.suppress(OSError, Broken, http.client.HTTPException):
            super().handle()

    def serve(self):
        exchange = Exchange(self, self.server.proxy)
        try:
            if not exchange.is_refused_by_clock():
                self.server.proxy.fault_of(exchange.kind)(exchange)
        finally:
            exchange.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = serve

    def log_message(self, *_):
        pass


class Exchange:
    """A request that has come, and what becomes of it."""

    def __init__(self, handler, proxy):
        self.handler = handler
        self.proxy = proxy
        self.method = handler.command
        self.target = handler.path
        self.kind = kind_of(self.method, self.target)
        self.left = int(handler.headers.get("content-length", 0))  # of the body
        self.size = self.left
        self._service = None
        self._reply = None

    def close(self):
        if self._service:
            self._service.close()

    def body(self, count=None):
        """The next blocks of the request's body: that many bytes, or all."""
        count = self.left if count is None else min(count, self.left)
        while count > 0:
            block = self.handler.rfile.read1(min(BLOCK, count))
            if not block:
                raise Broken
            self.left -= len(block)
            count -= len(block)
            yield block

    def read_body(self):
        return b"".join(self.body())

    def send_head(self):
        """To the service."""
        self._service = http.client.HTTPConnection(self.proxy.to.hostname, self.proxy.to.port, timeout=120)
        self._service.putrequest(self.method, self.target, skip_host=True, skip_accept_encoding=True)
        for name, value in self.fields_for_the_service():
            self._service.putheader(name, value)
        self._service.endheaders()

    def fields_for_the_service(self):
        fields = dict(self.handler.headers.items())
        if self.proxy.ahead:
            self.proxy.bucket.sign(self.method, self.target, fields)
        return fields.items()

    def send(self, blocks):
        for block in blocks:
            self._service.send(block)

    def reply(self):
        """The service's; its body is read from it."""
        if self._reply is None:
            self._reply = self._service.getresponse()
        return self._reply

    def answer(self, status, fields, size):
        """The head of a reply to the server under test."""
        self.handler.send_response_only(status)
        for name, value in fields:
            if name.lower() not in HOP_BY_HOP:
                self.handler.send_header(name, self.dated() if name.lower() == "date" else value)
        self.handler.send_header("Content-Length", str(size))
        self.handler.end_headers()

    def dated(self):
        now = datetime.datetime.now(datetime.timezone.utc) + self.proxy.ahead + self.proxy.dated_ahead
        return email.utils.format_datetime(now, usegmt=True)

    def blocks_back(self, size=BLOCK):
        while block := self.reply().read(size):
            yield block

    def pass_back(self, blocks=None, fields=None):
        """The service's reply, with these blocks of its body and these fields."""
        reply = self.reply()
        fields = reply.getheaders() if fields is None else fields
        length = reply.getheader("content-length")
        if length is None:  # in chunks
            blocks = [reply.read()]
            length = len(blocks[0])
        self.answer(reply.status, fields, length)
        if self.method != "HEAD":
            for block in self.blocks_back() if blocks is None else blocks:
                self.handler.wfile.write(block)

    def refuse(self, status, code, fields=(), text="of the test"):
        body = f"<Error><Code>{code}</Code><Message>{text}</Message></Error>".encode()
        self.answer(status, [("Date", ""), ("Content-Type", "application/xml"), *fields], len(body))
        if self.method != "HEAD":
            self.handler.wfile.write(body)

    def is_refused_by_clock(self):
        """Whether it was signed at a time that is too far from what the service's clock shows."""
        if not self.proxy.ahead:
            return False
        signed = datetime.datetime.strptime(self.handler.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        now = datetime.datetime.utcnow() + self.proxy.ahead
        if abs(signed - now) <= TOLERABLE:
            return False
        self.read_body()
        self.refuse(403, "RequestTimeTooSkewed")
        return True

    def reset(self):
        """The connection ends at once, with a reset."""
        self.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Not shutdown(), which would say a good end first. What reads and writes shares the socket.
        self.handler.close_connection = True
        self.handler.rfile.close()
        self.handler.wfile.close()
        self.handler.connection.close()
        raise Broken


# What may become of a request.


def pass_on(exchange):
    exchange.send_head()
    exchange.send(exchange.body())
    exchange.pass_back()


def answers(status, code, fields=()):
    """An error of S3's instead of what was asked for."""

    def fault(exchange):
        exchange.read_body()
        exchange.refuse(status, code, fields)

    return fault


def answers_early(status, code):
    """The same before the body has come, and an end of the connection."""

    def fault(exchange):
        exchange.refuse(status, code, [("Connection", "close")])
        exchange.handler.close_connection = True

    return fault


def resets_sent(after):
    """A reset after that part (0 to 1) of the request's body, which the service gets and no more."""

    def fault(exchange):
        exchange.send_head()
        exchange.send(exchange.body(int(exchange.size * after)))
        exchange.close()
        exchange.reset()

    return fault


def resets_reply(after=None):
    """A reset although the service has done it: before the reply's head, or behind that part of
    its body."""

    def fault(exchange):
        exchange.send_head()
        exchange.send(exchange.body())
        size = int(exchange.reply().getheader("content-length") or 0)
        if after is not None:
            exchange.pass_back([exchange.reply().read(int(size * after))])
            # Sent before the reset takes it away.
            exchange.handler.wfile.flush()
            time.sleep(0.1)
        exchange.reset()

    return fault


def truncates(after):
    """Part of the body, and an end of the connection that is no fault of its own."""

    def fault(exchange):
        exchange.send_head()
        exchange.send(exchange.body())
        size = int(exchange.reply().getheader("content-length"))
        exchange.pass_back([exchange.reply().read(int(size * after))])
        exchange.handler.close_connection = True

    return fault


def lies_shorter(after):
    """Part of the body, as if that were all of it."""

    def fault(exchange):
        exchange.send_head()
        exchange.send(exchange.body())
        reply = exchange.reply()
        data = reply.read()
        data = data[: int(len(data) * after)]
        exchange.answer(reply.status, reply.getheaders(), len(data))
        exchange.handler.wfile.write(data)

    return fault


def drips(blocks, seconds):
    """The request's body is taken in that many blocks, and the reply given, with a pause before each."""

    def slowly(source):
        for block in source:
            time.sleep(seconds)
            yield block

    def fault(exchange):
        exchange.send_head()
        for _ in range(blocks):
            time.sleep(seconds)
            exchange.send(exchange.body(-(-exchange.size // blocks)))
        size = int(exchange.reply().getheader("content-length") or 0)
        exchange.pass_back(slowly(exchange.blocks_back(max(1, -(-size // blocks)))))

    return fault


def stalls(after=None):
    """Takes the request, or that part of its body, and says nothing until the proxy is healed."""

    def fault(exchange):
        for _ in exchange.body(None if after is None else int(exchange.size * after)):
            pass
        exchange.proxy.hold()
        exchange.reset()

    return fault


def stalls_reply(after):
    """Gives part of the reply's body and then nothing."""

    def fault(exchange):
        exchange.send_head()
        exchange.send(exchange.body())
        size = int(exchange.reply().getheader("content-length"))
        exchange.pass_back([exchange.reply().read(int(size * after))])
        exchange.handler.wfile.flush()
        exchange.proxy.hold()
        exchange.reset()

    return fault


def comes_late(exchange):
    """The service gets it once the proxy is healed, also where nobody waits for it any more."""
    body = exchange.read_body()
    exchange.proxy.hold()
    exchange.send_head()
    exchange.send([body])
    exchange.reply().read()
    exchange.reset()


def has_etag(etag):
    """Done, and answered with that ETag."""

    def fault(exchange):
        exchange.send_head()
        exchange.send(exchange.body())
        fields = [(name, etag if name.lower() == "etag" else value) for name, value in exchange.reply().getheaders()]
        exchange.pass_back(fields=fields)

    return fault
