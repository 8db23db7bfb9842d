"""Behind nginx: two of them in a row, and one that serves the vault below a path."""

import json
import re

import pytest
from requests.adapters import HTTPAdapter

from harness import samples, shapes
from harness.certificates import make_certificate
from harness.client import Api, User
from harness.fileuploader import FileUploader
from harness.nginx import Nginx, free_port
from harness.quantum import Quantum
from harness.streamvault import StreamVault, expect, fetch

# From the client to the outer proxy, which speaks TLS, to the inner one, to the server. All of them
# are on this machine, at addresses of their own.
OUTER, INNER, CLIENT, OTHER = "127.0.0.2", "127.0.0.3", "127.0.0.8", "127.0.0.9"

ROW = """
  server {{
    listen 127.0.0.1:{outer} ssl;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location / {{
      proxy_pass http://127.0.0.1:{inner};
      proxy_bind {OUTER};
      proxy_http_version 1.1;
      proxy_set_header Host inner.lan;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
    }}
  }}
  server {{
    listen 127.0.0.1:{inner};
    location / {{
      proxy_pass http://127.0.0.1:{server};
      proxy_bind {INNER};
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Host server.lan;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto "$http_x_forwarded_proto, $scheme";
      proxy_set_header X-Forwarded-Host "$http_x_forwarded_host, $http_host";
    }}
  }}
"""


class From(HTTPAdapter):
    """Connections from that address of this machine."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *arguments, **options):
        super().init_poolmanager(*arguments, source_address=(self.address, 0), **options)


def come_from(caller, address):
    for scheme in ("http://", "https://"):
        caller.session.mount(scheme, From(address))
    return caller


class Row:
    """A server behind two proxies; `url` is the outer one's."""

    def __init__(self, server, nginx, url, certificate):
        self.server, self.nginx, self.url, self.certificate = server, nginx, url, str(certificate)
        self.root = url + "/api/v1"

    def anyone(self, address=CLIENT):
        return come_from(Api(self.root, verify=self.certificate), address)

    def user(self):
        return come_from(User.registered(self.root, verify=self.certificate), CLIENT)


@pytest.fixture
def row(launch, folder):
    """`row(settings)`: a Row of a server with these settings."""
    certificate, key = make_certificate(folder, "outer")
    started = []

    def start(settings=None):
        server = launch({"trusted_proxies": f"{OUTER},{INNER}", **(settings or {})})
        outer, inner = free_port(), free_port()
        servers = ROW.format(
            outer=outer, inner=inner, server=server.port, certificate=certificate, key=key, OUTER=OUTER, INNER=INNER
        )
        nginx = Nginx(folder / "nginx", servers, [("127.0.0.1", outer), ("127.0.0.1", inner)])
        started.append(nginx.__enter__())
        return Row(server, nginx, f"https://127.0.0.1:{outer}", certificate)

    yield start
    for nginx in started:
        nginx.__exit__()


def test_through_two_proxies(row):
    vault = row()
    user = vault.user()
    data = samples.noise(300_000)
    thing = user.upload(data)
    assert thing["url"].startswith(vault.root + "/media/")
    assert user.get(thing["url"]).content == data
    identity = shapes.request_id(user.get("/users/me"))
    line = vault.server.wait_for_log(lambda entry: entry.get("request_id") == identity)
    assert line["address"] == CLIENT


def test_limits_count_the_client_behind_two_proxies(row):
    vault = row({"rate_limits": "on", "limits.anonymous_per_minute": 3})
    one, other = vault.anyone(CLIENT), vault.anyone(OTHER)
    # What a client writes into the fields buys it nothing.
    lies = [{"X-Forwarded-For": f"198.51.100.{n}", "Forwarded": f"for=198.51.100.{n}"} for n in range(6)]
    assert [one.get("/users/me", headers=lie).status_code for lie in lies] == [401] * 3 + [429] * 3
    assert [other.get("/users/me").status_code for _ in range(4)] == [401] * 3 + [429]


def test_https_at_the_outer_proxy_is_https(row):
    vault = row({"require_https": "true"})
    shapes.failure(vault.anyone().get("/users/me"), "unauthorized")
    # Who comes past the proxies is not believed, not even from this machine.
    direct = come_from(Api(vault.server.root), CLIENT)
    lie = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "Forwarded": "proto=https"}
    for headers in ({}, lie):
        shapes.failure(direct.get("/users/me", headers=headers), "forbidden", 403)


def test_nothing_is_opened_by_proxies_on_this_machine(row):
    vault = row()
    for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}):
        assert vault.anyone().get(vault.url + "/metrics", headers=headers).status_code == 401


# Below a path.

def urls_in(value):
    """The URLs in a JSON document, wherever they stand."""
    return re.findall(r'https?://[^"\s]+', json.dumps(value))


def follow(below, document, least=1):
    """Every URL of the document lies below the path, and leads to something without credentials."""
    urls = urls_in(document)
    assert len(urls) >= least, document
    for url in urls:
        assert url.startswith(below.url + "/"), url
        assert fetch(url).status_code == 200, url
    return urls


def links_of(page):
    """What the HTML of a page refers to."""
    return re.findall(r'(?:href|src|action)="([^"#][^"]*)"', page)


def test_every_dialects_urls_have_the_path(below):
    user = User.registered(below.root)
    thing = user.upload(b"native")
    assert thing["url"].startswith(below.root + "/media/") and user.get(thing["url"]).content == b"native"

    film = StreamVault.registered(below)
    folder = film.folder("Films")
    follow(below, folder)
    file = film.upload(b"film", "film.mp4", chunks=2, folder=folder["token"])
    follow(below, file, 3)
    assert fetch(file["download_url"]).content == b"film"
    for reply in (film.file(file["token"]), film.view(folder["token"]), film.files()):
        follow(below, reply, 3)
    for query in ("", "?format=svg"):
        follow(below, expect(film.get(f"/api/v3/qr/{file['token']}/{query}")), 2)
    follow(below, expect(film.get(f"/api/v3/share/{file['file_id']}/")), 2)

    up = FileUploader.registered(below)
    follow(below, up.upload(b"up", "up.txt"))
    follow(below, up.files())
    invite = up.get(f"/api/generate_invite/{up.group()}").json()
    follow(below, invite)
    sharex = up.get("/api/sharex").json()
    assert all(url.startswith(below.url + "/api/") for url in urls_in(sharex)) and len(urls_in(sharex)) == 2

    store = Quantum.registered(below)
    bucket = store.bucket()
    store.add(bucket, "", ("f", b"x"))
    assert store.fetch(store.token(bucket, "f")).content == b"x"


def test_every_link_of_every_page_has_the_path(below):
    film = StreamVault.registered(below)
    top = film.folder("Top")
    inner = film.folder("Inner", parent=top["token"])
    film.upload(samples.MEDIA.joinpath("photos/gps_nikon.jpg").read_bytes(), "a.jpg", folder=top["token"])
    film.upload(b"text", "b.txt", folder=inner["token"])
    up = FileUploader.registered(below)
    invite = up.get(f"/api/generate_invite/{up.group()}").json()["invite_link"]
    nowhere = [below.url + path for path in ("/s/nothing", "/file/4yn-8yjhsu", "/invite/nothing")]
    seen, todo = set(), [top["share_url"], invite, *nowhere]
    while todo:
        url = todo.pop()
        if url in seen:
            continue
        seen.add(url)
        reply = fetch(url, headers={"Accept": "text/html"})
        assert reply.status_code == (404 if url in nowhere else 200), url
        if not reply.headers["Content-Type"].startswith("text/html"):
            continue
        links = links_of(reply.text)
        assert len(links) >= 2, url
        for link in links:
            assert link.startswith("/a/vault/"), (url, link)
            todo.append(below.origin + link.replace("&amp;", "&"))
    assert len(seen) > 12, seen
