"""Callers of the Boxes API, and files that it takes."""

import io

import requests

from harness import forms, program
from harness.client import Api, unique_name

PASSWORD = "correct horse 7"
NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
NOT_FOUND = {"detail": "Not found."}
FOREIGN = {"error": "Некоторые элементы не найдены или не принадлежат вам."}
REQUIRED = ["This field is required."]
# What the document shows of an asset, with its types.
ASSET = {
    "id": int,
    "box": int,
    "box_name": str,
    "asset_type": str,
    "file_url": str,
    "thumbnail_url": str,
    "is_favorite": bool,
    "prompt_text": str,
    "ai_model": (int, type(None)),
    "ai_model_name": (str, type(None)),
    "generation_config": dict,
    "seed": (int, type(None)),
    "created_at": str,
    "updated_at": str,
}


def matroska(doc_type):
    return b"\x1a\x45\xdf\xa3" + bytes([0x80 + 3 + len(doc_type)]) + b"\x42\x82" + bytes([0x80 + len(doc_type)]) + doc_type


# By extension: how a file begins whose bytes are what that says.
BYTES = {
    "jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "gif": b"GIF89a\x01\x00\x01\x00",
    "webp": b"RIFF\x24\x00\x00\x00WEBPVP8 ",
    "bmp": b"BM\x3a\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "mp4": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2",
    "mov": b"\x00\x00\x00\x14ftypqt  \x00\x00\x02\x00qt  ",
    "avi": b"RIFF\x24\x00\x00\x00AVI LIST",
    "mkv": matroska(b"matroska"),
    "webm": matroska(b"webm"),
    "flv": b"FLV\x01\x05\x00\x00\x00\x09",
    "wmv": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c",
}
IMAGES = ("jpg", "jpeg", "png", "gif", "webp", "bmp", "svg")
VIDEOS = ("mp4", "mov", "avi", "mkv", "webm", "flv", "wmv")
# So that two files of one type have different bytes.
_numbers = iter(range(1, 1 << 30))


def content(extension):
    """The bytes of a file of that type, which no other call gives."""
    if extension == "svg":
        return BYTES["svg"] + b"<!-- %d -->" % next(_numbers)
    return BYTES[extension] + b" %d" % next(_numbers)


class Boxes(Api):
    """One caller. Paths are below /api and end with a slash. Threads: one at a time."""

    def __init__(self, server, token=None, scheme="Token"):
        super().__init__(server.url + "/api")
        self.server, self.token = server, token
        if token is not None:
            self.session.headers["Authorization"] = f"{scheme} {token}"

    @classmethod
    def registered(cls, server, username=None):
        """A new account, logged in."""
        username = username or unique_name()
        account = {
            "username": username,
            "email": unique_name("mail") + "@example.com",
            "password": PASSWORD,
            "password_confirm": PASSWORD,
        }
        made = expect(cls(server).post("/auth/register/", json=account), 201)
        caller = cls(server, made["token"])
        caller.username, caller.email, caller.account = username, account["email"], made
        caller.access, caller.refresh = made["access"], made["refresh"]
        return caller

    @classmethod
    def admin(cls, server):
        """A new account that is an admin."""
        name = unique_name("admin")
        program.create_user(server.data, name, PASSWORD, admin=True)
        login = {"username": name, "password": PASSWORD}
        return cls(server, expect(cls(server).post("/auth/login/", json=login))["token"])

    def native(self):
        """The same account through Media Vault."""
        return Api(self.server.root, token=self.access)

    def twin(self):
        """The same caller for another thread."""
        other = Boxes(self.server, self.token)
        other.access = self.access
        return other

    def project(self, name="Film", **fields):
        return expect(self.post("/projects/", json={"name": name, **fields}), 201)

    def box(self, project=None, name="Scene 1", **fields):
        """A new box, in a new project where none is named."""
        project = project or self.project()["id"]
        return expect(self.post("/boxes/", json={"project": project, "name": name, **fields}), 201)

    def send(self, path, files, **fields):
        """A form with these files, (name, bytes) each, and fields."""
        parts = [("file", (name, io.BytesIO(data))) for name, data in files]
        return self.post(path, files=parts or {"": None}, data=fields)

    def try_upload(self, box, name="image.jpg", data=None, **fields):
        data = content(name.rpartition(".")[2]) if data is None else data
        return self.send(f"/boxes/{box}/upload/", [(name, data)], **fields)

    def upload(self, box, name="image.jpg", data=None, **fields):
        """The asset of an upload that must succeed."""
        return asset(expect(self.try_upload(box, name, data, **fields), 201))

    def assets(self, box=None, **parameters):
        if box is not None:
            parameters["box"] = box
        return expect(self.get("/assets/", params=parameters))

    def show(self, path):
        return expect(self.get(path))

    def put(self, path, **options):
        return self.call("PUT", path, **options)


def expect(reply, status=200):
    """The JSON of a reply that must have that status."""
    assert reply.status_code == status, f"{reply.status_code} {reply.text[:500]}"
    if status == 204:
        assert reply.content == b""
        return None
    assert reply.headers["Content-Type"] == "application/json", reply.headers
    return reply.json()


def refuse(reply, status, body=None, /, **fields):
    """A failure: the whole body, or the fields it must blame, each with its messages or any (None)."""
    have = expect(reply, status)
    if body is not None:
        assert have == body
    for name, messages in fields.items():
        if messages is not None:
            assert have[name] == messages, have
        assert have[name] and all(isinstance(text, str) for text in have[name]), have
    if fields:
        assert set(have) == set(fields), have
    return have


def asset(thing):
    """A documented asset."""
    assert list(thing)[: len(ASSET)] == list(ASSET), "in the document's order"
    for name, kind in ASSET.items():
        assert isinstance(thing[name], kind), (name, thing[name])
    return thing


def public_files(server):
    """How the addresses of new assets begin, and what caches are told of them: the server's own or those of its bucket."""
    if program.DEFAULTS.get("blobs.store") == "s3":
        return f"{program.DEFAULTS['s3.endpoint']}/{program.DEFAULTS['s3.bucket']}/uploads/", "max-age=86400"
    return server.url + "/uploads/", "public, max-age=86400"


def fetch(url, **options):
    """A URL without credentials."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=program.patience(30), allow_redirects=False, **options)


def raw_form(parts, end=True):
    """Content type and body of a form of (name, bytes[, file name]) parts."""
    return forms.encode([forms.Part(*part) for part in parts], end=end)
