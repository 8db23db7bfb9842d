"""Every field that Media Vault checks: the wrong type and each bound name the field in `details`."""

import copy
import json
import re

import pytest

from harness import program, shapes
from harness.forms import Part

# What is no value of a kind. What a field takes beside its kind is left out where it is listed.
ANY = {
    "null": None,
    "true": True,
    "number": 7,
    "fraction": 1.5,
    "huge": 10**30,
    "string": "x",
    "list": [],
    "list of a number": [1],
    "list of null": [None],
    "list of lists": [["x"]],
    "object": {"a": 1},
}
KINDS = {
    "string": {"string"},
    "string or null": {"string", "null"},
    "strings": {"list"},
    "boolean": {"true"},
    "number or null": {"number", "null"},
    "time or null": {"null"},
}
PASSWORD = "correct horse 7"
URL = "https://example.com/hook"


class Place:
    """A call with fields in its JSON body. `bounds`: what is of the kind, and out of the field's bounds."""

    def __init__(self, method, path, good, kinds, bounds=None, anonymous=False):
        self.method, self.path, self.good, self.kinds = method, path, good, kinds
        self.bounds, self.anonymous = bounds or {}, anonymous

    def send(self, caller, **changes):
        body = {**copy.deepcopy(self.good), **changes}
        return caller.call(self.method, self.path, json={k: v for k, v in body.items() if v is not ...})

    def wrong(self):
        for field, kind in self.kinds.items():
            taken = KINDS[kind]
            for name, value in ANY.items():
                if name not in taken:
                    yield field, name, value
            for value in self.bounds.get(field, []):
                yield field, repr(value)[:40], value


NAMES = ["", "   ", "x" * 65, "a\nb", "a\0b", "a\x7fb", "a\u202eb"]
ADDRESSES = ["", "x", "@", "a@", "@b", "a b@example.com", "a" * 250 + "@example.com", "a@x\r\nBcc: b@example.com"]
PASSWORDS = ["", "1234567", "x" * 1025]

PLACES = {
    "register": Place(
        "POST", "/auth/register",
        {"username": "somebody", "email": "somebody@example.com", "password": PASSWORD},
        {"username": "string", "email": "string or null", "password": "string"},
        {"username": [..., *NAMES], "email": ADDRESSES, "password": [..., *PASSWORDS]},
        anonymous=True,
    ),
    "log in": Place(
        "POST", "/auth/login", {"username": "somebody", "password": PASSWORD},
        {"username": "string", "password": "string"}, {"username": [...], "password": [...]}, anonymous=True,
    ),
    "refresh": Place(
        "POST", "/auth/refresh", {"refresh_token": "x"}, {"refresh_token": "string"}, anonymous=True
    ),
    "profile": Place(
        "PATCH", "/users/me", {"current_password": PASSWORD},
        {"username": "string", "email": "string or null", "password": "string", "current_password": "string"},
        {"username": NAMES, "email": ADDRESSES, "password": PASSWORDS},
    ),
    "new password": Place(
        "PATCH", "/users/me", {"password": "another horse 8", "current_password": PASSWORD},
        {"current_password": "string"}, {"current_password": [..., "", "wrong"]},
    ),
    "end of the account": Place(
        "DELETE", "/users/me", {"password": PASSWORD}, {"password": "string"}, {"password": [..., "", "wrong"]}
    ),
    "key": Place(
        "POST", "/api-keys", {"name": "k"},
        {"name": "string", "kind": "string", "scopes": "strings", "expires_at": "time or null"},
        {
            "name": [..., "x" * 101, "a\nb"],
            "kind": ["", "application", "upload", "API"],
            "scopes": [[], ["admin"], ["read", ""], ["READ"]],
            "expires_at": ["", "tomorrow", "2020-01-01T00:00:00Z", "2030-02-30T00:00:00Z", "2030-01-01"],
        },
    ),
    "webhook": Place(
        "POST", "/webhooks", {"url": URL, "events": ["media.uploaded"]},
        {"url": "string", "events": "strings"},
        {
            "url": [..., "", "x", "ftp://example.com/", "https://", "https://a:b@example.com/", "https://example.com/#a",
                    "https://example.com/" + "x" * 2048, "https://exämple.com/"],
            "events": [..., [], ["media"], ["media.uploaded", "x"]],
        },
    ),
    "change of a webhook": Place(
        "PATCH", "/webhooks/{webhook}", {},
        {"url": "string", "events": "strings", "active": "boolean"},
        {"url": ["", "x", "https://example.com/" + "x" * 2048], "events": [[], ["x"]]},
    ),
    "media": Place(
        "PATCH", "/media/{media}", {},
        {"filename": "string", "title": "string or null", "description": "string or null", "tags": "strings"},
        {
            "filename": ["", "x" * 256],
            "title": ["x" * 256],
            "description": ["x" * 10_001],
            "tags": [["x" * 101], [str(number) for number in range(101)], [""]],
        },
    ),
    "checksums": Place(
        "POST", "/media/exists", {"checksums": []}, {"checksums": "strings"},
        {"checksums": [..., ["x"], ["sha256:00"], ["md5:" + "0" * 64], ["sha256:" + "0" * 64] * 1001]},
    ),
    "collection": Place(
        "POST", "/collections", {"name": "c"},
        {"name": "string", "description": "string or null"},
        {"name": [..., "", "   ", "x" * 256, "a\u202eb"], "description": ["x" * 10_001]},
    ),
    "change of a collection": Place(
        "PATCH", "/collections/{collection}", {},
        {"name": "string", "description": "string or null"},
        {"name": ["", "   ", "x" * 256], "description": ["x" * 10_001]},
    ),
    "media of a collection": Place(
        "POST", "/collections/{collection}/media", {},
        {"media_ids": "strings", "media_id": "string"}, {"media_ids": [..., []]},
    ),
    "place in a collection": Place(
        "PATCH", "/collections/{collection}/media/{media}", {"before": None},
        {"before": "string or null"}, {"before": [...]},
    ),
}
SHARE = {
    "password": "string or null",
    "expires_at": "time or null",
    "max_downloads": "number or null",
    "allow_download": "boolean",
}
SHARE_BOUNDS = {
    "password": ["", "x" * 1025],
    "expires_at": ["", "tomorrow", "2020-01-01T00:00:00Z", "2030-02-30T00:00:00Z"],
    "max_downloads": [0, -1, 10**18],
}
for name, method, path in (
    ("share of a medium", "POST", "/media/{media}/shares"),
    ("share of a collection", "POST", "/collections/{collection}/shares"),
    ("change of a share", "PATCH", "/shares/{share}"),
):
    PLACES[name] = Place(method, path, {}, SHARE, SHARE_BOUNDS)
# Calls that change something and take no fields in a JSON body.
WITHOUT_FIELDS = {
    ("POST", "/auth/logout"),
    ("POST", "/auth/logout-all"),
    ("POST", "/webhooks/{id}/test"),
    ("POST", "/webhooks/{id}/deliveries/{delivery}/resend"),
    ("POST", "/media/upload"),  # a form
    ("PUT", "/media/{id}/content"),  # bytes
    ("POST", "/trash/{id}/restore"),
}
QUERIES = {
    "/media": {
        "page": ["0", "-1", "x", "1.5", "", "99999999999999999999"],
        "per_page": ["0", "101", "-1", "x", "", "1e1"],
        "type": ["", "song", "folder", "Image"],
        "sort": ["", "age", "-", "--size", "position"],
        "order": ["", "up", "ASC"],
        "q": ["%ff"],
        "tag": ["%ff"],
        "created_after": ["", "yesterday", "2023-02-30T00:00:00Z", "%ff"],
        "created_before": ["", "1700000000", "%ff"],
    },
    "/collections/{collection}/media": {
        "page": ["0", "x"],
        "per_page": ["0", "101"],
        "type": ["song"],
        "sort": ["age"],
        "order": ["up"],
        "q": ["%ff"],
        "tag": ["%ff"],
    },
    "/webhooks/{webhook}/deliveries": {
        "page": ["0", "-1", "x", ""],
        "per_page": ["0", "101", "x"],
        "status": ["", "lost", "PENDING"],
    },
}


@pytest.fixture(scope="module")
def owner(shared):
    user = shared.user()
    user.paths = {
        "media": user.upload(b"content", "a.txt")["id"],
        "collection": shapes.success(user.post("/collections", json={"name": "c"}), 201)["id"],
        "webhook": shapes.success(user.post("/webhooks", json={"url": URL, "events": ["media.uploaded"]}), 201)["id"],
    }
    media = user.paths["media"]
    user.paths["share"] = shapes.success(user.post(f"/media/{media}/shares", json={}), 201)["id"]
    return user


def at(owner, path):
    return path.format(**owner.paths)


def state(owner):
    """What a refused change must leave alone."""
    paths = ("/users/me", "/api-keys", "/webhooks", "/media", "/collections", "/shares", "/auth/sessions")
    everything = json.dumps([owner.get(path).json()["data"] for path in paths])
    return re.sub(r'"last_used_at": "[^"]*"', "", everything)


@pytest.mark.parametrize("name", PLACES)
def test_a_wrong_field_is_named_and_changes_nothing(shared, owner, name):
    place = PLACES[name]
    caller = shared.anyone() if place.anonymous else owner
    here = Place(place.method, at(owner, place.path), place.good, place.kinds, place.bounds)
    before = state(owner)
    faults = []
    for field, what, value in here.wrong():
        reply = here.send(caller, **{field: value})
        named = []
        if reply.status_code == 400:
            error = shapes.failure(reply, "validation_error")
            named = [detail["field"] for detail in error["details"]]
        if field not in named:
            faults.append((field, what, reply.status_code, named))
    assert not faults
    assert state(owner) == before


@pytest.mark.parametrize("name", PLACES)
def test_all_wrong_fields_are_named_at_once(shared, owner, name):
    place = PLACES[name]
    caller = shared.anyone() if place.anonymous else owner
    wrong = {field: {"a": 1} for field in place.kinds}
    reply = caller.call(place.method, at(owner, place.path), json={**place.good, **wrong})
    error = shapes.failure(reply, "validation_error")
    assert {detail["field"] for detail in error["details"]} == set(wrong)


@pytest.mark.parametrize("name", PLACES)
def test_a_wrong_value_is_named_beside_a_wrong_type(shared, owner, name):
    """Each field in turn is of the wrong type, and all others have a value out of their bounds."""
    place = PLACES[name]
    caller = shared.anyone() if place.anonymous else owner
    bounded = {field: values[-1] for field, values in place.bounds.items() if values[-1] is not ...}
    if name in ("new password", "end of the account", "media of a collection"):
        bounded = {}  # these are wrong by what is stored, or by what else is there
    for field in place.kinds:
        wrong = {**bounded, field: {"a": 1}}
        reply = caller.call(place.method, at(owner, place.path), json={**place.good, **wrong})
        error = shapes.failure(reply, "validation_error")
        assert {detail["field"] for detail in error["details"]} == set(wrong), (field, error)


@pytest.mark.parametrize("path", QUERIES)
def test_a_wrong_parameter_is_named(owner, path):
    for name, values in QUERIES[path].items():
        for value in values:
            reply = owner.get(f"{at(owner, path)}?{name}={value}")
            error = shapes.failure(reply, "validation_error")
            assert [detail["field"] for detail in error["details"]] == [name], (value, error)
    reply = owner.get(at(owner, path) + "?" + "&".join(f"{name}={values[-1]}" for name, values in QUERIES[path].items()))
    error = shapes.failure(reply, "validation_error")
    assert {detail["field"] for detail in error["details"]} == set(QUERIES[path]), "all at once"


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%ff", "cursor=&page=1"])
def test_a_wrong_cursor_is_named(owner, query):
    shapes.failure(owner.get(f"/media?{query}"), "validation_error", field="cursor")


@pytest.mark.parametrize(
    "field, value",
    [
        ("title", b"x" * 256),
        ("title", b"\xff"),
        ("description", b"x" * 10_001),
        ("description", b"\xff"),
        ("tags", b"x" * 101),
        ("tags", b",".join(b"%d" % number for number in range(101))),
        ("tags", b"\xff"),
    ],
)
def test_a_wrong_field_of_a_form_is_named_and_nothing_is_kept(user, field, value):
    reply = user.send_form([Part(field, value), Part("file", b"content", "a.txt")])
    shapes.failure(reply, "validation_error", field=field)
    assert user.media() == [] and user.me()["used_bytes"] == 0


def test_all_wrong_fields_of_a_form_are_named_at_once(user):
    wrong = [
        Part("title", b"x" * 256), Part("description", b"\xff"), Part("tags", b"x" * 101), Part("checksum", b"md5:0")
    ]
    fields = {"title", "description", "tags", "checksum"}
    file = Part("file", b"content", "x" * 256)
    for parts, named in (([*wrong, file], {*fields, "filename"}), ([Part("file", b"content", "a.txt"), *wrong], fields)):
        error = shapes.failure(user.send_form(parts), "validation_error")
        assert {detail["field"] for detail in error["details"]} == named
    assert user.media() == [] and user.me()["used_bytes"] == 0


@pytest.mark.parametrize("filename", ["x" * 256, "ü" * 256])
def test_a_wrong_name_in_a_form_is_named(user, filename):
    shapes.failure(user.try_upload(b"content", filename), "validation_error", field="filename")
    assert user.media() == []


def test_the_form_without_a_file(user):
    shapes.failure(user.send_form([Part("title", b"x")]), "validation_error", field="file")
    files = [Part("file", b"x", f"{number}.txt") for number in range(101)]
    shapes.failure(user.send_form(files), "validation_error", field="file")
    assert user.media() == []


def test_every_call_with_fields_is_in_the_table(binary):
    """Whoever adds a call adds its fields here."""
    done = program.run("routes", "--json")
    calls = {
        (route["method"], route["path"].removeprefix("/api/v1"))
        for route in json.loads(done.stdout)
        if route["dialect"] == "mediavault" and route["path"].startswith("/api/v1/")
        and route["method"] in ("POST", "PUT", "PATCH")
    }
    blank = re.compile(r"\{\w+\}")
    tested = {(place.method, blank.sub("{}", place.path)) for place in PLACES.values()}
    missing = {call for call in calls - WITHOUT_FIELDS if (call[0], blank.sub("{}", call[1])) not in tested}
    assert not missing
