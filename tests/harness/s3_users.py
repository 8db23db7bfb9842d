"""A user of each API, for what all of them do with a store that fails."""

from harness import boxes
from harness.boxes import Boxes
from harness.fileuploader import FileUploader
from harness.quantum import Quantum
from harness.streamvault import StreamVault

DATA = bytes(range(256)) * 2_000


class StoreUser:
    """upload(), download() and remove() give replies, stored() uploads what download() reads and remove()
    deletes for good, count() files.
    refused() checks a reply that says "later", failed() one that says that the store is broken."""

    def refused(self, reply):
        assert reply.status_code == 503, reply.text
        assert reply.headers["Retry-After"] == "10"
        self.says(reply, "busy")

    def failed(self, reply):
        assert reply.status_code == 500, reply.text
        self.says(reply, "internal")


class MediaVaultUser(StoreUser):
    def __init__(self, server):
        self.user = server.user()

    def upload(self, data=DATA):
        return self.user.try_upload(data, "film.mp4")

    def stored(self, data=DATA):
        self.file = self.user.upload(data)

    def download(self):
        return self.user.get(f"/media/{self.file['id']}/content")

    def remove(self):
        return self.user.delete(f"/media/{self.file['id']}", params={"permanent": "true"})

    def count(self):
        return len(self.user.media())

    def says(self, reply, what):
        assert reply.json()["error"]["code"] == {"busy": "busy", "internal": "internal_error"}[what]


class StreamVaultUser(StoreUser):
    def __init__(self, server):
        self.user = StreamVault.registered(server)
        self.under_way = self.user.begin(1)

    def upload(self, data=DATA):
        return self.user.chunk(self.under_way, 1, data)

    def stored(self, data=DATA):
        self.file = self.user.upload(data)

    def download(self):
        return self.user.native().get(f"/media/{self.user.native().media()[0]['id']}/content")

    def remove(self):
        return self.user.delete(f"/api/v4/files/{self.user.files()[0]['id']}/delete/")

    def count(self):
        return len(self.user.native().media())

    def says(self, reply, what):
        body = reply.json()
        if reply.request.method == "GET":  # its download is Media Vault's
            assert body["error"]["code"] == {"busy": "busy", "internal": "internal_error"}[what]
        else:
            assert list(body) in (["error"], ["detail"]) and all(body.values())


class FileUploaderUser(StoreUser):
    def __init__(self, server):
        self.user = FileUploader.registered(server)

    def upload(self, data=DATA):
        return self.user.try_upload(data)

    def stored(self, data=DATA):
        self.file = self.user.upload(data)

    def download(self):
        return self.user.fetch(self.file)

    def remove(self):
        return self.user.remove(self.file)

    def count(self):
        return len(self.user.files())

    def says(self, reply, what):
        assert reply.json()["status"] == "error"


class QuantumUser(StoreUser):
    def __init__(self, server):
        self.user = Quantum.registered(server)
        self.bucket = self.user.bucket()

    def upload(self, data=DATA):
        return self.user.try_add(self.bucket, "", ("new.bin", data))

    def stored(self, data=DATA):
        self.user.add(self.bucket, "", ("old.bin", data))
        self.token = self.user.token(self.bucket, "old.bin")

    def download(self):
        return self.user.fetch(self.token)

    def remove(self):
        return self.user.remove(self.bucket, "old.bin")

    def count(self):
        return len(self.user.native.media())

    def says(self, reply, what):
        assert reply.json() == {"status": "error", "message": {"busy": "BUSY", "internal": "INTERNAL_ERROR"}[what]}


class BoxesUser(StoreUser):
    def __init__(self, server):
        self.user = Boxes.registered(server)
        self.box = self.user.box()["id"]

    def upload(self, data=DATA):
        return self.user.try_upload(self.box, data=boxes.content("jpg") + data)

    def stored(self, data=DATA):
        self.file = self.user.upload(self.box, data=boxes.content("jpg") + data)

    def download(self):
        return self.user.native().get(f"/media/media_{self.file['id']}/content")

    def remove(self):
        return self.user.delete(f"/assets/{self.file['id']}/")

    def count(self):
        return len(self.user.assets(self.box))

    def refused(self, reply):
        if reply.request.method == "GET":
            assert reply.status_code == 503, reply.text
        else:
            self.failed(reply)
            assert reply.headers["Retry-After"] == "10"

    def failed(self, reply):
        """As it is documented, word for word."""
        assert reply.status_code == 500, reply.text
        assert reply.headers["Content-Type"] == "application/json"
        body = reply.json()
        assert list(body) == ["error"] and body["error"].startswith("Failed to upload file: "), body
        assert body["error"].removeprefix("Failed to upload file: ").strip()


USERS = [MediaVaultUser, StreamVaultUser, FileUploaderUser, QuantumUser, BoxesUser]
