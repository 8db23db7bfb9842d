"""Callers of the Quantum Storage API."""

import re
import secrets
from urllib.parse import quote

from harness import forms, program
from harness.client import Api, unique_name
from harness.streamvault import StreamVault


class Quantum(Api):
    """One caller. Threads: one at a time; twin() gives another."""

    def __init__(self, server, master=None, application=None, root=""):
        super().__init__(server.url + root)
        self.server = server
        self.keys = {"X-API-MKEY": master, "X-API-AKEY": application}
        for name, value in self.keys.items():
            if value is not None:
                self.session.headers[name] = value

    @classmethod
    def registered(cls, server, **details):
        """A new account with a master key; `native` is the same through Media Vault."""
        native = server.user(**details)
        reply = native.post("/api-keys", json={"name": "tests", "kind": "master"})
        assert reply.status_code == 201, reply.text
        caller = cls(server, master=reply.json()["data"]["secret"])
        caller.native = native
        return caller

    @property
    def master(self):
        return self.keys["X-API-MKEY"]

    def twin(self, root=""):
        """The same caller for another thread."""
        return Quantum(self.server, self.master, self.keys["X-API-AKEY"], root)

    def application(self, bucket):
        """A caller with a new token of that bucket."""
        token = expect(self.post(f"/token/create/{bucket}"))["data"]["token"]
        return Quantum(self.server, application=token)

    def bucket(self, name=None):
        """The name of a new bucket."""
        name = name or "b-" + secrets.token_hex(8)
        expect(self.post(f"/bucket/create/{name}"))
        return name

    def buckets(self):
        return expect(self.get("/bucket"))["data"]["Buckets"]

    def send(self, bucket, location, parts, **options):
        """The reply to a form of these parts."""
        content_type, body = forms.encode(parts)
        headers = {"Content-Type": content_type}
        return self.post(f"/file/add/{at(bucket, location)}", data=body, headers=headers, **options)

    def try_add(self, bucket, location, *files, force=None):
        """The reply to adding `(name, bytes)`."""
        parts = [forms.Part("files", data, name) for name, data in files]
        if force is not None:
            parts.append(forms.Part("force", str(force).encode()))
        return self.send(bucket, location, parts)

    def add(self, bucket, location, *files, force=None):
        return expect(self.try_add(bucket, location, *files, force=force))

    def mkdir(self, bucket, location):
        return self.post(f"/file/mkdir/{at(bucket, location)}")

    def remove(self, bucket, location):
        return self.post(f"/file/remove/{at(bucket, location)}")

    def token(self, bucket, location):
        """A download token."""
        reply = self.get(f"/file/get/{at(bucket, location)}")
        return expect(reply)["data"]["file_token"]

    def fetch(self, token, **options):
        """The reply to a download, without any key."""
        return Quantum(self.server).get(f"/file/download/{token}", **options)

    def content(self, bucket, location):
        """The bytes of a file that must be there."""
        reply = self.fetch(self.token(bucket, location))
        assert reply.status_code == 200, reply.text
        return reply.content

    def space_left(self):
        return expect(self.get("/file/quota"))["data"]["space_left"]

    def set_quota(self, size):
        set_quota(self.server, self.native.username, size)

    def leave(self, size):
        """Sets the quota so that it has that many bytes left."""
        self.set_quota(str(self.native.me()["charged_bytes"] + size))
        assert self.space_left() == size


class Halfway:
    """An upload whose bytes have come by half: so much is reserved."""

    def __init__(self, quantum, bucket, kind, size):
        self.wire = quantum.server.wire()
        field, fields = "file", []
        headers = {"Authorization": f"Bearer {quantum.native.token}"}
        if kind == "quantum":
            path, field = f"/file/add/{bucket}/halfway", "files"
            headers = {"X-API-MKEY": quantum.master}
        elif kind == "native":
            path = "/api/v1/media/upload"
        else:
            path = "/storage/api/v3/chunk_upload/"
            upload = StreamVault(quantum.server, quantum.native.token).begin(1, "halfway")
            fields = [forms.Part("upload_id", upload.encode()), forms.Part("chunk_number", b"1")]
        mark = b"\0mark\0"
        content_type, body = forms.encode(fields + [forms.Part(field, mark, "halfway")])
        before, self.after = body.split(mark)
        length = len(before) + 2 * size + len(self.after)
        self.wire.send(self.wire.head("POST", path, {**headers, "Content-Type": content_type, "Content-Length": length}))
        self.wire.send(before + b"h" * size)
        self.size = size

    def finish(self):
        self.wire.send(b"h" * self.size + self.after)
        return self.wire.reply("POST")

    def abandon(self):
        self.wire.abort()


def at(bucket, location=""):
    """A path of the URL; the location is text, its slashes separate."""
    return f"{bucket}/{quote(location, safe='/')}" if location else bucket


# What is charged beside the bytes: for each file, folder, bucket, group and unfinished upload, and
# for each part of one. Names and other texts come on top.
ENTRY = 1024
PART = 256


def charge(size, name):
    """Bytes of the quota that a plain file of that size and name takes."""
    return size + ENTRY + len(name.encode())


def set_quota(server, username, size):
    done = program.run("user", "quota", username, size, "--data", server.data)
    assert done.returncode == 0, done.stderr


def expect(reply, data=None):
    """The body of a success. `data`: names that its data must have, and no others."""
    assert reply.status_code == 200, f"{reply.status_code} {reply.text[:500]}"
    assert reply.headers["Content-Type"] == "application/json", reply.headers
    body = reply.json()
    assert body["status"] == "success" and isinstance(body["message"], str), body
    if data is not None:
        assert set(body) == {"status", "message"} | ({"data"} if data else set()), body
        assert set(body.get("data", {})) == set(data), body
    return body


def refuse(reply, status, code):
    """A failure, word for word."""
    assert reply.status_code == status, f"{reply.status_code} {reply.text[:500]}"
    assert reply.headers["Content-Type"] == "application/json", reply.headers
    assert reply.json() == {"status": "error", "message": code}
    return reply


def is_token(text):
    return isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]{40,}", text) is not None


__all__ = ["ENTRY", "PART", "Halfway", "Quantum", "at", "charge", "expect", "is_token", "refuse", "set_quota", "unique_name"]
