"""TLS served directly."""

import signal
import socket
import ssl
import time

import pytest

from harness import program, samples, shapes
from harness.certificates import make_certificate
from harness.client import Api, User
from harness.wire import Wire


class Secure:
    """A server with TLS beside its plain port."""

    def __init__(self, launch, folder, settings=None):
        self.folder = folder
        self.certificate, self.key = folder / "server.pem", folder / "server.key"
        self.install("first")
        self.server = launch(
            {
                "tls.listen": "127.0.0.1:0",
                "tls.certificate": self.certificate,
                "tls.key": self.key,
                **(settings or {}),
            }
        )
        self.url = self.server.wait_for_url("https")
        self.port = int(self.url.rsplit(":", 1)[1])
        self.root = self.url + "/api/v1"

    def install(self, name):
        made = make_certificate(self.folder, name)
        self.certificate.write_bytes(made[0].read_bytes())
        self.key.write_bytes(made[1].read_bytes())

    def context(self):
        return ssl.create_default_context(cafile=str(self.certificate))

    def wire(self, context=None):
        return Wire("127.0.0.1", self.port, context=context or self.context())

    def presented(self):
        """The certificate that new connections are shown, as DER."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with self.wire(context) as wire:
            return wire.socket.getpeercert(binary_form=True)

    def installed(self):
        return ssl.PEM_cert_to_DER_cert(self.certificate.read_text())


@pytest.fixture
def secure(launch, folder):
    return Secure(launch, folder)


def test_everything_works_over_tls(secure):
    user = User.registered(secure.root, verify=str(secure.certificate))
    data = samples.noise(3_000_000)
    thing = user.upload(data, "a.bin")
    assert thing["url"].startswith(secure.url + "/")
    assert user.get(thing["url"]).content == data
    reply = user.get(thing["url"], headers={"Range": "bytes=1000000-2999999"})
    assert reply.status_code == 206 and reply.content == data[1_000_000:]
    with secure.wire() as wire:
        for _ in range(10):
            assert wire.request("GET", "/healthz").status_code == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_versions(secure, version):
    context = secure.context()
    context.minimum_version = context.maximum_version = version
    with secure.wire(context) as wire:
        assert wire.request("GET", "/healthz").status_code == 200


def test_old_versions_are_refused(secure):
    context = secure.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        secure.wire(context)


def test_http_1_1_is_what_is_agreed_on(secure):
    context = secure.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with secure.wire(context) as wire:
        assert wire.socket.selected_alpn_protocol() in (None, "http/1.1")
        assert wire.request("GET", "/healthz").status_code == 200


def test_no_protocol_in_common_is_said(secure):
    context = secure.context()
    context.set_alpn_protocols(["h2", "spdy/3"])
    with pytest.raises(ssl.SSLError, match="no_application_protocol|NO_APPLICATION_PROTOCOL|no application protocol"):
        secure.wire(context)
    context = secure.context()
    context.set_alpn_protocols(["http/1.0"])
    with secure.wire(context) as wire:
        assert wire.request("GET", "/healthz").status_code == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/media", "/bucket"])
def test_plain_http_is_told_to_come_securely(secure, path):
    with Wire("127.0.0.1", secure.port) as wire:
        wire.send(f"GET {path} HTTP/1.1\r\n".encode())
        time.sleep(0.05)
        reply = wire.send(b"Host: x\r\n\r\n").reply()
        assert reply.status_code == 400 and reply.headers["Connection"] == "close"
        assert path == "/bucket" or b"https://" in reply.content
        assert wire.ends()
    with secure.wire() as wire:
        assert wire.request("GET", "/healthz").status_code == 200


def test_plain_bytes_and_rubbish_do_no_harm(secure):
    for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01" + bytes(500), samples.noise(5000)):
        with Wire("127.0.0.1", secure.port) as wire:
            wire.send(data)
            wire.rest()
    with secure.wire() as wire:
        assert wire.request("GET", "/healthz").status_code == 200


def test_handshakes_that_stand_still_hold_up_nobody(secure):
    stuck = [socket.create_connection(("127.0.0.1", secure.port)) for _ in range(50)]
    begin = time.monotonic()
    with secure.wire() as wire:
        assert wire.request("GET", "/healthz").status_code == 200
    assert time.monotonic() - begin < 1
    [s.close() for s in stuck]


def test_a_new_certificate_is_taken_without_a_restart(secure):
    old = secure.wire()
    assert old.request("GET", "/healthz").status_code == 200
    assert secure.presented() == secure.installed()
    secure.install("second")
    assert secure.presented() != secure.installed()
    secure.server.signal(signal.SIGHUP)
    deadline = time.monotonic() + program.patience(5)
    while secure.presented() != secure.installed() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert secure.presented() == secure.installed()
    assert old.request("GET", "/healthz").status_code == 200
    with secure.wire() as wire:
        assert wire.request("GET", "/healthz").status_code == 200


@pytest.mark.parametrize("damage", ["rubbish", "gone", "another key"])
def test_a_bad_new_certificate_leaves_the_old_one(secure, damage):
    before = secure.presented()
    if damage == "rubbish":
        secure.certificate.write_text("rubbish")
    elif damage == "gone":
        secure.key.unlink()
    else:
        secure.certificate.write_bytes(make_certificate(secure.folder, "other")[0].read_bytes())
    secure.server.signal(signal.SIGHUP)
    secure.server.wait_for_log(lambda e: e["level"] in ("error", "warning"))
    assert secure.presented() == before
    assert secure.server.runs


def test_the_plain_port_goes_on_beside_it(secure):
    shapes.failure(Api(secure.server.root).get("/users/me"), "unauthorized")


def test_a_hangup_without_tls_ends_nothing(launch):
    server = launch()
    server.signal(signal.SIGHUP)
    time.sleep(0.2)
    assert server.runs and server.anyone().get(server.url + "/healthz").status_code == 200


def test_a_strange_token_disturbs_no_other_connection(secure):
    """Errors that its check leaves in OpenSSL's queue are not those of the next connection."""
    strange = "eyJhbGciOiJSUzI1NiJ9.e30.x"  # {"alg":"RS256"}
    head = f"GET /api/v1/users/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {strange}\r\n"
    waiting = [secure.wire() for _ in range(8)]
    for wire in waiting:
        wire.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    for _ in range(8):
        with secure.wire() as wire:
            wire.send(head.encode() + b"Connection: close\r\n\r\n")
            assert wire.reply().status_code == 401
    for wire in waiting:
        wire.send(b"X-Rest: y\r\n\r\n")
        assert wire.reply().status_code == 200
        wire.close()


def test_handshakes_that_stand_still_leave_memory_for_others(launch, folder):
    """They share http.memory_budget: an address gets half of it."""
    secure = Secure(launch, folder, {"http.memory_budget": "1MiB", "http.head_timeout": "30s"})
    held = []
    for _ in range(100):
        connection = socket.create_connection(("127.0.0.1", secure.port), 5)
        connection.sendall(b"\x16\x03\x01\x02\x00\x01")
        held.append(connection)
    cut = 0
    for connection in held:
        connection.settimeout(0.05)
        try:
            cut += connection.recv(1) == b""
        except TimeoutError:
            pass
        except OSError:
            cut += 1
    assert cut > 50
    other = socket.create_connection(("127.0.0.1", secure.port), 5, source_address=("127.0.0.2", 0))
    with secure.context().wrap_socket(other, server_hostname="127.0.0.1") as wire:
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        assert wire.recv(1000).startswith(b"HTTP/1.1 200")
    for connection in held:
        connection.close()
