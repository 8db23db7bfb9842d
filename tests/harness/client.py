"""Callers of the Media Vault API."""

import itertools
import secrets

import requests

from harness import forms, program

_numbers = itertools.count(1)


def unique_name(prefix="user"):
    return f"{prefix}-{next(_numbers)}-{secrets.token_hex(3)}"


class Api:
    """One caller of one API root. Threads: one at a time."""

    def __init__(self, root, token=None, key=None, verify=True):
        self.root = root
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = verify
        if token is not None:
            self.session.headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            self.session.headers["X-API-Key"] = key

    def call(self, method, path, **options):
        """`path` is below the root, or a whole URL."""
        url = path if path.startswith("http") else self.root + path
        options.setdefault("timeout", program.patience(30))
        options.setdefault("allow_redirects", False)
        return self.session.request(method, url, **options)

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def head(self, path, **options):
        return self.call("HEAD", path, **options)

    def post(self, path, **options):
        return self.call("POST", path, **options)

    def put(self, path, data=None, **options):
        return self.call("PUT", path, data=data, **options)

    def patch(self, path, **options):
        return self.call("PATCH", path, **options)

    def delete(self, path, **options):
        return self.call("DELETE", path, **options)

    def send_form(self, parts, **options):
        """POST /media/upload with these parts."""
        content_type, body = forms.encode(parts)
        return self.post(
            "/media/upload", data=body, headers={"Content-Type": content_type}, **options
        )

    def try_upload(self, data=b"content", filename="file.bin", content_type=None, **fields):
        """The reply to the upload of one file; a field that is a list is sent repeatedly."""
        parts = []
        for name, value in fields.items():
            for one in value if isinstance(value, list) else [value]:
                parts.append(forms.Part(name, one.encode()))
        parts.append(forms.Part("file", data, filename, content_type))
        return self.send_form(parts)

    def upload(self, data=b"content", filename="file.bin", content_type=None, **fields):
        """The media object of an upload that must succeed."""
        reply = self.try_upload(data, filename, content_type, **fields)
        assert reply.status_code == 201, reply.text
        return reply.json()["data"]

    def media(self, **parameters):
        """All media of a listing, page by page."""
        return self._pages("/media", parameters)

    def trash(self):
        """All that was deleted and can be restored."""
        return self._pages("/trash", {})

    def _pages(self, path, parameters):
        found = []
        for page in itertools.count(1):
            reply = self.get(path, params={"per_page": 100, **parameters, "page": page})
            assert reply.status_code == 200, reply.text
            body = reply.json()
            found += body["data"]
            if body["meta"]["pagination"]["links"]["next"] is None:
                return found

    def me(self):
        reply = self.get("/users/me")
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]


class User(Api):
    """An account, logged in."""

    def __init__(self, root, username, password, email=None, verify=True):
        """Logs in."""
        reply = Api(root, verify=verify).post(
            "/auth/login", json={"username": username, "password": password}
        )
        assert reply.status_code == 200, reply.text
        self.username, self.password, self.email = username, password, email
        self.login = reply.json()
        self.token = self.login["token"]
        self.refresh_token = self.login["refresh_token"]
        super().__init__(root, token=self.token, verify=verify)

    @classmethod
    def registered(cls, root, username=None, password="correct horse 7", email=None, verify=True):
        username = username or unique_name()
        email = email or unique_name("mail") + "@example.com"
        reply = Api(root, verify=verify).post(
            "/auth/register", json={"username": username, "email": email, "password": password}
        )
        assert reply.status_code == 201, reply.text
        return cls(root, username, password, email, verify)

    def again(self):
        """The same account through a session of its own."""
        return User(self.root, self.username, self.password, self.email)
