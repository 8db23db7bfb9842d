"""Compares every reply that a test gets with what the OpenAPI documents say of it.

`watch()` makes each reply that comes through `requests` be looked at: its status and its type must be
described, and a body of JSON must have every member that its schema requires and no other. What does
not fit is a fault of the test in which it was seen.
"""

import functools
import importlib.util
import json
import re
import threading
from urllib.parse import urlsplit

import requests

from harness import program

AVAILABLE = importlib.util.find_spec("jsonschema_rs") is not None
# Bytes of a body above which it is not looked at.
LARGEST = 16 << 20
# Header fields that a reply has only where its description has them.
TOLD = (
    "Accept-Ranges", "Allow", "Cache-Control", "Content-Disposition", "Content-Range", "ETag", "Idempotency-Replayed",
    "Last-Modified", "Repr-Digest", "Retry-After", "WWW-Authenticate", "X-RateLimit-Limit", "X-Request-Id",
)


@functools.cache
def names():
    """The APIs that are described."""
    done = program.run("openapi")
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@functools.cache
def document(name, postman=False, base_url="http://localhost:8080"):
    """The document of an API."""
    flags = ["--postman"] if postman else []
    done = program.run("openapi", name, "--base-url", base_url, *flags)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def resolved(document, value):
    """`value`, or what it refers to."""
    while "$ref" in value:
        place = document
        for name in value["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        value = place
    return value


def strict(schema):
    """The schema with no members but those that it names."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        name: value if name in ("examples", "const", "enum", "default") else strict(value)
        for name, value in schema.items()
    }
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        result["properties"] = {name: strict(value) for name, value in schema["properties"].items()}
        result.setdefault("additionalProperties", False)
    return result


class Validators:
    """The validators of one document's schemas, each made once."""

    def __init__(self, document, strictly):
        change = strict if strictly else lambda schema: schema
        self.change = change
        self.schemas = {
            name: change(schema) for name, schema in document["components"]["schemas"].items()
        }
        self.known = {}

    def of(self, schema):
        import jsonschema_rs

        key = json.dumps(schema, sort_keys=True)
        if key not in self.known:
            whole = {**self.change(schema), "components": {"schemas": self.schemas}}
            self.known[key] = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        return self.known[key]

    def faults(self, schema, value):
        return [
            f"{'/'.join(map(str, error.instance_path)) or 'the body'}: {error.message[:300]}"
            for error in self.of(schema).iter_errors(value)
        ][:5]


class Path:
    """A path of a document, below one of its servers."""

    def __init__(self, name, document, validators, prefix, path, item):
        self.name, self.document, self.validators, self.item = name, document, validators, item
        many = {
            parameter["name"]
            for operation in item.values()
            for parameter in operation.get("parameters", [])
            if parameter.get("x-multi-segment")
        }
        pattern, self.rank = "", []
        for segment in (prefix + path).strip("/").split("/"):
            parameter = re.fullmatch(r"\{(\w+)\}", segment)
            rest = parameter is not None and parameter[1] in many
            # As the router has it: a literal goes before a parameter, that before a rest.
            self.rank.append(2 if rest else 1 if parameter else 0)
            pattern += "/" + (".+" if rest else "[^/]+" if parameter else re.escape(segment))
        self.pattern = re.compile(pattern if pattern != "/" else "/?")


class Documents:
    """All documents, and which path of which stands for a URL."""

    def __init__(self):
        self.paths = []
        for name in names():
            text = document(name)
            validators = Validators(text, strictly=True)
            for server in text["servers"]:
                prefix = urlsplit(server["url"]).path
                for path, item in text["paths"].items():
                    self.paths.append(Path(name, text, validators, prefix, path, item))
        self.paths.sort(key=lambda path: path.rank)

    def find(self, path):
        path = path.rstrip("/") or "/"
        return next((known for known in self.paths if known.pattern.fullmatch(path)), None)


@functools.cache
def documents():
    return Documents()


def described(responses, status):
    """What is said of that status, or None."""
    return responses.get(str(status)) or responses.get(f"{status // 100}XX")


def check(reply, body_is_read):
    """What does not fit in a reply of `requests`; a list of sentences."""
    method = reply.request.method.lower()
    url = urlsplit(reply.url)
    known = documents().find(url.path)
    if known is None:
        return []
    operation = known.item.get("get" if method == "head" else method)
    if operation is None:
        return []
    about = f"{reply.request.method} {url.path}: {reply.status_code} of {known.name}'s {operation['operationId']}"
    response = described(operation["responses"], reply.status_code)
    if response is None:
        return [f"{about} is not described: {reply.text[:200] if body_is_read else ''}"]
    response = resolved(known.document, response)
    headers = response.get("headers", {})
    untold = [name for name in TOLD if name in reply.headers and name not in headers]
    if untold:
        return [f"{about} has the headers {', '.join(untold)}, which are not described"]
    if method == "head" or reply.status_code in (204, 304):
        return []
    content = response.get("content", {})
    kind = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if not content:
        empty = not body_is_read or not reply.content
        return [] if empty else [f"{about} has a body, of the type {kind}"]
    media = content.get(kind, content.get("*/*"))
    if media is None:
        return [f"{about} is of the type {kind}, not of {', '.join(content)}"]
    readable = body_is_read and kind == "application/json" and len(reply.content) <= LARGEST
    if not readable or "schema" not in media:
        return []
    try:
        value = reply.json()
    except ValueError:
        return [f"{about} is no JSON: {reply.text[:200]}"]
    return [f"{about}: {fault}" for fault in known.validators.faults(media["schema"], value)]


class Watch:
    """The faults since they were last taken. Threads: any."""

    def __init__(self):
        self.lock = threading.Lock()
        self.found = []
        self.looked_at = 0
        self.others = set()  # addresses, as in URLs, where something else answers

    def look(self, reply, body_is_read):
        # Every reply of the server has one, and no other program's.
        if "X-Request-Id" not in reply.headers or urlsplit(reply.url).netloc in self.others:
            return
        faults = check(reply, body_is_read)
        with self.lock:
            self.looked_at += 1
            self.found += faults

    def take(self):
        with self.lock:
            found, self.found = self.found, []
        return found


WATCH = Watch()


def watch():
    """From now on, once. Without the validator (tools/python.sh installs it) nothing is looked at."""
    if not AVAILABLE or getattr(requests.Session.send, "is_watched", False):
        return
    send = requests.Session.send

    @functools.wraps(send)
    def watched(session, request, **options):
        reply = send(session, request, **options)
        WATCH.look(reply, not options.get("stream"))
        return reply

    watched.is_watched = True
    requests.Session.send = watched
