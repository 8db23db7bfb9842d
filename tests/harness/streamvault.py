"""Callers of the StreamVault API."""

import re

import requests

from harness import forms, program
from harness.client import Api, unique_name

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
PASSWORD = "securePassword123"
NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
BAD_TOKEN = {
    "detail": "Given token not valid for any token type",
    "code": "token_not_valid",
    "messages": [
        {
            "token_class": "AccessToken",
            "token_type": "access",
            "message": "Token is invalid or expired",
        }
    ],
}
NO_FILE = {"error": "File not found"}
NO_FOLDER = {"error": "Folder not found"}
NO_UPLOAD = {"error": "Upload session not found"}
REQUIRED = ["This field is required."]


class StreamVault(Api):
    """One caller. Paths are below /storage. Threads: one at a time; twin() gives another."""

    def __init__(self, server, access=None):
        super().__init__(server.url + "/storage", token=access)
        self.server = server
        self.access = access

    @classmethod
    def registered(cls, server):
        """A new account, logged in."""
        caller = cls(server)
        caller.username, caller.email = unique_name(), unique_name("mail") + "@example.com"
        account = {"email": caller.email, "username": caller.username, "password": PASSWORD}
        caller.account = expect(caller.post("/api/v5/register/", json=account), 201)
        login = {"email": caller.email, "password": PASSWORD}
        tokens = expect(caller.post("/api/v5/login/", json=login))
        caller.access, caller.refresh = tokens["access"], tokens["refresh"]
        caller.session.headers["Authorization"] = f"Bearer {caller.access}"
        return caller

    def twin(self):
        """The same caller for another thread."""
        return StreamVault(self.server, self.access)

    def native(self):
        """The same account through Media Vault."""
        return Api(self.server.root, token=self.access)

    def put(self, path, **options):
        return self.call("PUT", path, **options)

    def folder(self, name="Music", **fields):
        """A new folder as the document replies it."""
        return expect(self.post("/api/v3/folders/", json={"name": name, **fields}), 201)

    def view(self, token):
        """A folder by whatever names it."""
        return expect(self.get(f"/api/v3/folders/{token}/"))

    def begin(self, total=1, name="example.mp4", **fields):
        """The id of a new upload."""
        body = {"file_name": name, "total_chunks": total, **fields}
        return expect(self.post("/api/v3/chunk_init/", json=body), 201)["upload_id"]

    def send_form(self, parts, path="/api/v3/chunk_upload/", method="POST", **options):
        content_type, body = forms.encode(parts)
        return self.call(method, path, data=body, headers={"Content-Type": content_type}, **options)

    def chunk(self, upload, number, data):
        """The reply to a chunk sent as the document shows it."""
        return self.send_form(
            [
                forms.Part("upload_id", upload.encode()),
                forms.Part("chunk_number", str(number).encode()),
                forms.Part("file", data, "blob"),
            ]
        )

    def raw_chunk(self, upload, index, data, **headers):
        """The same as the web client sends it; `index` counts from 0."""
        headers = {"X-Upload-ID": upload, "X-Chunk-Index": str(index), **headers}
        return self.post("/api/v3/chunk_upload/", data=data, headers=headers)

    def complete(self, upload, **fields):
        return self.post("/api/v3/chunk_complete/", json={"upload_id": upload, **fields})

    def status(self, upload):
        return expect(self.get(f"/api/v3/chunk_status/{upload}/"))

    def upload(self, data=b"content", name="example.mp4", chunks=1, **fields):
        """What completing an upload replies."""
        upload = self.begin(chunks, name, **fields)
        size = max(1, -(-len(data) // chunks))
        for number in range(1, chunks + 1):
            expect(self.chunk(upload, number, data[(number - 1) * size : number * size]))
        return expect(self.complete(upload))

    def replace(self, ref, data, name="new.bin"):
        part = forms.Part("file", data, name)
        return self.send_form([part], f"/api/v3/files/replace/{ref}/", "PUT")

    def files(self):
        return expect(self.get("/api/v3/all_files/"))

    def file(self, ref):
        return expect(self.get(f"/api/v3/files/{ref}/"))

    def used(self):
        """Bytes that count against the account's quota."""
        return self.native().me()["used_bytes"]


def fetch(url, **options):
    """A URL without credentials."""
    with requests.Session() as session:
        session.trust_env = False
        return session.get(url, timeout=program.patience(30), allow_redirects=False, **options)


def expect(reply, status=200):
    """The JSON of a reply that must have that status."""
    assert reply.status_code == status, f"{reply.status_code} {reply.text[:500]}"
    assert reply.headers["Content-Type"] == "application/json", reply.headers
    return reply.json()


def refuse(reply, status, body=None, **fields):
    """A failure: the whole body, or the fields it must blame, each with its messages or any."""
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


def is_uuid(text):
    return isinstance(text, str) and re.fullmatch(UUID, text) is not None


def is_time(text):
    return isinstance(text, str) and re.fullmatch(TIME, text) is not None
