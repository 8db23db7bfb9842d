"""Callers of the File Uploader API."""

import re
from urllib.parse import quote, urlsplit

from harness import forms
from harness.client import Api, unique_name

PASSWORD = "My cool password"
KEY = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
SHORT = r"[A-Za-z0-9_-]{10}"

NO_HEADER = {"message": "No Authorization header provided", "errorId": -1}
BAD_HEADER = {"message": "Authorization header must have Bearer <token> format", "errorId": -2}
INVALID = {"message": "Invalid access token", "errorId": -4}
NOT_FOUND = {"message": "Token not found", "errorId": -5}


class FileUploader(Api):
    """One caller. Paths are the document's. Threads: one at a time; twin() gives another."""

    def __init__(self, server, token=None):
        super().__init__(server.url, token=token)
        self.server = server
        self.token = token

    @classmethod
    def registered(cls, server, username=None, password=PASSWORD, bot=None):
        """A new account, logged in."""
        caller = cls(server)
        body = {"username": username or unique_name(), "password": password}
        query = "" if bot is None else f"?bot={bot}"
        caller.login = done(caller.post("/api/register" + query, json=body))
        caller.username, caller.password = caller.login["username"], password
        caller.become(caller.login["accessToken"])
        return caller

    def become(self, token):
        self.token = token
        self.session.headers["Authorization"] = f"Bearer {token}"

    def twin(self):
        """The same caller for another thread."""
        return FileUploader(self.server, self.token)

    def native(self):
        """The same account through Media Vault."""
        return Api(self.server.root, token=self.token)

    def send(self, parts, group="private", query="", **options):
        content_type, body = forms.encode(parts)
        headers = {"Content-Type": content_type, **options.pop("headers", {})}
        return self.post(f"/api/upload/{group}{query}", data=body, headers=headers, **options)

    def try_upload(self, data=b"content", filename="test.mp4", group="private", query="", **options):
        return self.send([forms.Part("file", data, filename)], group, query, **options)

    def upload(self, data=b"content", filename="test.mp4", group="private", query=""):
        """What the document's reply says of a file that must have come."""
        return done(self.try_upload(data, filename, group, query))

    def files(self, group="private"):
        return done(self.get(f"/api/get_files/{group}"))["data"]

    def names(self, group="private"):
        return [file["user_filename"] for file in self.files(group)]

    def fetch(self, file, path="/file/", **options):
        """The reply to the file's address; `file` is an address or what an upload replied."""
        url = file if isinstance(file, str) else file["file_url"]
        return self.get(path + url, **options)

    def remove(self, file, key=None):
        key = file["key"] if key is None else key
        return self.get(f"/api/delete/{file['file_url']}", params={"key": key})

    def group(self, name="New group"):
        """The number of a new group."""
        return done(self.post("/api/create_group", json={"group_name": name}))["group_id"]

    def invite(self, group):
        """The last part of a new invite's address."""
        link = done(self.get(f"/api/generate_invite/{group}"))["invite_link"]
        return urlsplit(link).path.removeprefix("/invite/")

    def join(self, invite):
        return done(self.post(f"/api/join/{quote(invite, safe='')}"))

    def groups(self):
        return done(self.get("/api/get_groups"))["groups"]


def done(reply):
    """The document of a success."""
    assert reply.status_code == 200, (reply.status_code, reply.text[:500])
    assert reply.headers["Content-Type"].startswith("application/json"), reply.headers
    body = reply.json()
    assert body["status"] == "success", body
    return body


def error(reply, status, message, identity=None):
    """An error in the document's shape, word for word."""
    assert reply.status_code == status, (reply.status_code, reply.text[:500])
    wanted = {"status": "error", "message": message}
    if identity is not None:
        wanted["errorId"] = identity
    assert reply.json() == wanted, reply.text


def some_error(reply, *statuses):
    """An error that the document has no words for, in its shape."""
    assert reply.status_code in (statuses or (400,)), (reply.status_code, reply.text[:500])
    body = reply.json()
    assert body["status"] == "error" and isinstance(body["message"], str) and body["message"], body
    assert set(body) <= {"status", "message", "errorId"}, body
    return body


def auth_error(reply, wanted):
    """Section 1.1."""
    assert reply.status_code == 401, (reply.status_code, reply.text[:500])
    assert reply.json() == {"status": "error", "message": "Auth error", "auth_error": wanted}
    assert reply.headers["WWW-Authenticate"] == "Bearer"


def is_short(text):
    return re.fullmatch(SHORT, text) is not None


def is_key(text):
    return re.fullmatch(KEY, text) is not None
