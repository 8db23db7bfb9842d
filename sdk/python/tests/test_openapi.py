"""Types and calls are those of the server's OpenAPI document: a difference fails."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping as AbcMapping
from collections.abc import Sequence as AbcSequence
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Literal, Set, Tuple, Union, get_args, get_origin

import httpx
import pytest

import mediavault
from mediavault import MediaVault, Retry
from mediavault._decode import hints_of
from support import Server

SCHEMAS: Dict[str, Any] = {
    "User": mediavault.User,
    "Tokens": mediavault.Tokens,
    "Session": mediavault.Session,
    "Media": mediavault.Media,
    "DeletedMedia": mediavault.DeletedMedia,
    "TrashedMedia": mediavault.TrashedMedia,
    "Collection": mediavault.Collection,
    "Share": mediavault.Share,
    "Key": mediavault.ApiKey,
    "NewKey": mediavault.NewApiKey,
    "Webhook": mediavault.Webhook,
    "NewWebhook": mediavault.NewWebhook,
    "WebhookPayload": mediavault.WebhookPayload,
    "Delivery": mediavault.Delivery,
    "Pagination": mediavault.Pagination,
    "EventName": mediavault.EventName,
    "MessageName": mediavault.MessageName,
}
# What is no type of its own: the envelope and the error.
ENVELOPE = {"Meta", "PageMeta", "Failure"}
# Members that are no part of a body.
OWN = {"etag"}
# Conditions that the server takes and the package has no use for: lists and settings are small and read
# anew, and what is deleted here is deleted in whatever state.
NO_USE = {
    *(("If-None-Match", id) for id in (
        "list_sessions", "show_me", "list_keys", "list_media", "list_trash", "list_collections",
        "list_collection_media", "list_shares", "list_shares_of_media", "list_shares_of_collection", "show_share",
        "list_webhooks", "show_webhook", "list_deliveries",
    )),
    ("Idempotency-Key", "find_existing_media"),
    ("If-Match", "delete_me"),
    ("If-Match", "delete_key"),
    # These lists are short, and come whole where no page is asked for.
    *((name, id) for name in ("per_page", "cursor") for id in ("list_sessions", "list_keys", "list_webhooks")),
}


@pytest.fixture(scope="module")
def document(server: Server) -> Any:
    return server.openapi("mediavault")


class Forms:
    """Schemas and type hints in one notation."""

    def __init__(self, document: Any) -> None:
        self.schemas = document["components"]["schemas"]

    def of_schema(self, schema: Any) -> str:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self.of_schema(self.schemas[name]) if name.endswith("Name") else name
        if "const" in schema:
            return "boolean" if isinstance(schema["const"], bool) else json.dumps([schema["const"]])
        if "enum" in schema:
            return json.dumps(sorted(schema["enum"]))
        if "anyOf" in schema:
            forms = [self.of_schema(one) for one in schema["anyOf"]]
            texts = sorted({text for form in forms if form[0] == "[" for text in json.loads(form)})
            others = [form for form in forms if form[0] != "["]
            return "|".join(sorted(others, key="null".__eq__) if not texts else [json.dumps(texts), *others])
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        forms = [self.of_type(one, schema) for one in types]
        return "|".join(forms)

    def of_type(self, type: str, schema: Any) -> str:
        if type == "string" and schema.get("format") == "date-time":
            return "time"
        if type == "array":
            return f"list<{self.of_schema(schema['items'])}>"
        if type == "object" and "properties" in schema:
            members = sorted(schema["properties"].items())
            return "{" + ", ".join(f"{name}: {self.of_schema(one)}" for name, one in members) + "}"
        return type

    def of_hint(self, hint: Any) -> str:
        simple = {str: "string", int: "integer", float: "number", bool: "boolean", datetime: "time"}
        if hint in simple:
            return simple[hint]
        for name, kind in SCHEMAS.items():
            if hint is kind and isinstance(kind, type):
                return name
        origin = get_origin(hint)
        if origin is Union:
            given = [self.of_hint(one) for one in get_args(hint) if one is not type(None)]
            return "|".join([*given, "null"])
        if origin is Literal:
            return json.dumps(sorted(get_args(hint)))
        if origin is AbcSequence:
            return f"list<{self.of_hint(get_args(hint)[0])}>"
        if origin is AbcMapping:
            return "object"
        if dataclasses.is_dataclass(hint):
            members = sorted(members_of(hint).items())
            return "{" + ", ".join(f"{name}: {self.of_hint(one)}" for name, one in members) + "}"
        raise AssertionError(f"{hint} is not compared")


def members_of(kind: Any) -> Dict[str, Any]:
    return {field.name: hints_of(kind)[field.name] for field in dataclasses.fields(kind)}


def differences(forms: Forms, kind: Any, schema: Any) -> List[str]:
    found, described = [], schema["properties"]
    members = {name: hint for name, hint in members_of(kind).items() if name not in OWN}
    for name in sorted(set(described) - set(members)):
        found.append(f"{kind.__name__} lacks {name}")
    for name in sorted(set(members) - set(described)):
        found.append(f"the server does not describe {kind.__name__}.{name}")
    for name in sorted(set(members) & set(described)):
        wanted, have = forms.of_schema(described[name]), forms.of_hint(members[name])
        if name not in schema.get("required", []):
            wanted += "|null"
        if have == "object" and wanted.startswith("{"):
            continue
        if wanted == '["Bearer"]':
            wanted = "string"  # A constant.
        if wanted != have:
            found.append(f"{kind.__name__}.{name} is {wanted}, not {have}")
    return found


def test_every_schema_has_its_type(document: Any) -> None:
    assert set(document["components"]["schemas"]) - ENVELOPE == set(SCHEMAS)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_types(document: Any, name: str) -> None:
    schema, kind = document["components"]["schemas"][name], SCHEMAS[name]
    forms = Forms(document)
    if not isinstance(kind, type):
        assert forms.of_schema(schema) == forms.of_hint(kind)
        return
    assert differences(forms, kind, schema) == []


def test_that_differences_are_found(document: Any) -> None:
    forms = Forms(document)
    schema = json.loads(json.dumps(document["components"]["schemas"]["Collection"]))
    schema["properties"]["new"] = {"type": "string"}
    schema["properties"]["name"] = {"type": ["string", "null"]}
    schema["properties"]["created_at"] = {"type": "string"}
    del schema["properties"]["media_count"]
    assert differences(forms, mediavault.Collection, schema) == [
        "Collection lacks new",
        "the server does not describe Collection.media_count",
        "Collection.created_at is string, not time",
        "Collection.name is string|null, not string",
    ]


# Calls. Each is made with every parameter that it has, and is answered with an example of the
# document's, which must decode.

NOW = datetime(2023, 5, 30, 10, tzinfo=timezone.utc)
FILTERS: Dict[str, Any] = {
    "type": "image",
    "q": "sea",
    "tag": "t",
    "created_after": NOW,
    "created_before": NOW,
    "taken_after": NOW,
    "taken_before": NOW,
    "sort": "size",
    "order": "asc",
    "per_page": 5,
}
POLICY: Dict[str, Any] = {
    "password": "p",
    "expires_at": NOW,
    "max_downloads": 1,
    "allow_download": False,
}
CHECKSUM = "sha256:" + "0" * 64
CALLS: Dict[str, Callable[[MediaVault], Any]] = {
    "register": lambda v: v.auth.register("u", "p", "e@x"),
    "log_in": lambda v: v.auth.login("u", "p"),
    "refresh": lambda v: (v.auth.login("u", "p"), v.auth.refresh()),
    "log_out": lambda v: v.auth.logout(),
    "log_out_everywhere": lambda v: v.auth.logout_all(),
    "list_sessions": lambda v: v.auth.sessions(),
    "end_session": lambda v: v.auth.end_session("session_9"),
    "show_me": lambda v: v.users.me(),
    "update_me": lambda v: v.users.update(
        username="u", email="e@x", password="p", current_password="q", if_match='"e"'
    ),
    "delete_me": lambda v: v.users.delete("p"),
    "create_key": lambda v: v.api_keys.create("k", kind="api", scopes=["read"], expires_at=NOW),
    "list_keys": lambda v: v.api_keys.list(),
    "delete_key": lambda v: v.api_keys.delete("key_4"),
    "upload_media": lambda v: v.media.upload(
        b"x", filename="a", title="t", description="d", tags=["t"], checksum=CHECKSUM
    ),
    "find_existing_media": lambda v: v.media.exists([CHECKSUM]),
    "list_media": lambda v: v.media.list(collection="col_3", **FILTERS).first(),
    "show_media": lambda v: v.media.get_if_changed("media_12", '"e"'),
    "update_media": lambda v: v.media.update(
        "media_12", filename="f", title="t", description="d", tags=["t"], if_match='"e"'
    ),
    "delete_media": lambda v: v.media.delete("media_12", permanent=True, if_match='"e"'),
    "download_media": lambda v: v.media.download("media_12").read(),
    "replace_content": lambda v: v.media.replace(
        "media_12", b"x", checksum=CHECKSUM, if_match='"e"'
    ),
    "show_thumbnail": lambda v: v.media.thumbnail("media_12"),
    "show_image": lambda v: v.media.image(
        "media_12", w=1, h=1, fit="cover", format="webp", q=80
    ),
    "list_trash": lambda v: v.trash.list(per_page=5).first(),
    "restore_media": lambda v: v.trash.restore("media_12"),
    "delete_trashed_media": lambda v: v.trash.delete("media_12"),
    "empty_trash": lambda v: v.trash.empty(),
    "create_collection": lambda v: v.collections.create("c", "d"),
    "list_collections": lambda v: v.collections.list(per_page=5).first(),
    "show_collection": lambda v: v.collections.get_if_changed("col_3", '"e"'),
    "update_collection": lambda v: v.collections.update(
        "col_3", name="n", description="d", if_match='"e"'
    ),
    "delete_collection": lambda v: v.collections.delete("col_3", if_match='"e"'),
    "add_to_collection": lambda v: (
        v.collections.add_media("col_3", "media_12", if_match='"e"'),
        v.collections.add_media("col_3", ["media_12", "media_13"]),
    ),
    "list_collection_media": lambda v: v.collections.list_media("col_3", **FILTERS).first(),
    "move_in_collection": lambda v: v.collections.move_media(
        "col_3", "media_12", "media_13", if_match='"e"'
    ),
    "take_out_of_collection": lambda v: v.collections.remove_media(
        "col_3", "media_12", if_match='"e"'
    ),
    "share_media": lambda v: v.shares.share_media("media_12", **POLICY),
    "share_collection": lambda v: v.shares.share_collection("col_3", **POLICY),
    "list_shares": lambda v: v.shares.list(per_page=5).first(),
    "list_shares_of_media": lambda v: v.shares.list_of_media("media_12", per_page=5).first(),
    "list_shares_of_collection": lambda v: v.shares.list_of_collection("col_3", per_page=5).first(),
    "show_share": lambda v: v.shares.get("share_6"),
    "update_share": lambda v: v.shares.update("share_6", if_match='"e"', **POLICY),
    "revoke_share": lambda v: v.shares.revoke("share_6", if_match='"e"'),
    "create_webhook": lambda v: v.webhooks.create("https://x.example/", ["media.uploaded"]),
    "list_webhooks": lambda v: v.webhooks.list(),
    "show_webhook": lambda v: v.webhooks.get("hook_5"),
    "update_webhook": lambda v: v.webhooks.update(
        "hook_5", url="https://x.example/", events=["media.uploaded"], active=True, if_match='"e"'
    ),
    "delete_webhook": lambda v: v.webhooks.delete("hook_5", if_match='"e"'),
    "test_webhook": lambda v: v.webhooks.test("hook_5"),
    "list_deliveries": lambda v: v.webhooks.deliveries("hook_5", status="dead", per_page=5).first(),
    "resend_delivery": lambda v: v.webhooks.resend("hook_5", "delivery_9"),
}


def operations(document: Any) -> Dict[str, Tuple[str, str, Any]]:
    """Each by its id: method, path, description."""
    return {
        one["operationId"]: (method.upper(), path, one)
        for path, item in document["paths"].items()
        for method, one in item.items()
    }


def example(document: Any, schema: Any) -> Any:
    """A value that fits, with every member and as few nulls as can be."""
    if "$ref" in schema:
        return example(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("examples") or schema.get("enum"):
        return (schema.get("examples") or schema["enum"])[0]
    if "anyOf" in schema:
        return example(document, schema["anyOf"][0])
    kind = schema["type"][0] if isinstance(schema["type"], list) else schema["type"]
    if kind == "object":
        members = schema.get("properties", {})
        if not members:
            return {CHECKSUM: "media_12"}
        return {name: example(document, one) for name, one in members.items()}
    if kind == "array":
        return [example(document, schema["items"])]
    if schema.get("format") == "date-time":
        return "2023-05-30T10:00:00.123Z"
    return {"string": "text", "integer": schema.get("minimum", 1), "number": 1, "boolean": True}[kind]


class Mock:
    """Answers as the document says, and keeps what it was asked."""

    def __init__(self, document: Any) -> None:
        self.document, self.asked = document, []
        self.paths = [
            (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), id, one)
            for id, (method, path, one) in operations(document).items()
        ]
        self.paths.sort(key=lambda one: one[1].pattern.count("["))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path[len("/api/v1") :]
        found = [one for one in self.paths if one[0] == request.method and one[1].fullmatch(path)]
        assert found, f"{request.method} {path} is not described"
        _, _, id, operation = found[0]
        request.read()
        self.asked.append((id, request))
        status = next(one for one in operation["responses"] if one.startswith("2"))
        content = operation["responses"][status].get("content", {})
        if "application/json" not in content:
            headers = {"Content-Type": "image/webp"}
            return httpx.Response(int(status), stream=httpx.ByteStream(b"bytes"), headers=headers)
        value = example(self.document, content["application/json"]["schema"])
        if "pagination" in value.get("meta", {}):
            value["meta"]["pagination"]["links"] = {"next": None, "prev": None, "next_cursor": None}
        return httpx.Response(int(status), json=value)


def test_every_operation_has_a_call(document: Any) -> None:
    assert set(operations(document)) == set(CALLS)


@pytest.mark.parametrize("id", sorted(CALLS))
def test_calls(document: Any, id: str) -> None:
    _, _, operation = operations(document)[id]
    mock = Mock(document)
    http = httpx.Client(transport=httpx.MockTransport(mock))
    vault = MediaVault("http://vault.example", http_client=http, retry=Retry(attempts=1))
    CALLS[id](vault)
    requests = [request for asked, request in mock.asked if asked == id]
    assert requests, f"{id} was not called, but {[asked for asked, _ in mock.asked]}"

    given = {one["in"]: set() for one in operation.get("parameters", [])}
    for one in operation.get("parameters", []):
        given[one["in"]].add(one["name"])
    query = set(given.get("query", set()))
    if "cursor" in query:
        query.discard("page")  # Lists are read by cursor.
    query = {name for name in query if (name, id) not in NO_USE}
    asked = {name for request in requests for name in request.url.params}
    if id == "download_media":
        query -= {"download"}
    assert asked == query

    for name in given.get("header", set()) & {"If-Match", "If-None-Match", "Idempotency-Key"}:
        if id not in ("download_media", "show_thumbnail", "show_image") and (name, id) not in NO_USE:
            assert any(name in request.headers for request in requests), name

    bodies = operation.get("requestBody", {}).get("content", {})
    for kind, names in body_names(requests).items():
        assert kind in bodies
        assert names == set(bodies[kind]["schema"]["properties"])
    assert bool(bodies) == bool(body_names(requests))


def body_names(requests: List[httpx.Request]) -> Dict[str, Set[str]]:
    """The members of all bodies, by their type."""
    found: Dict[str, Set[str]] = {}
    for request in requests:
        kind = request.headers.get("Content-Type", "").partition(";")[0]
        if kind == "application/json":
            found.setdefault(kind, set()).update(json.loads(request.content))
        elif kind:
            names = re.findall(rb'form-data; name="(\w+)"', request.content)
            found.setdefault(kind, set()).update(name.decode() for name in names)
    return found


def test_what_no_schema_names(document: Any) -> None:
    """The reply of one call, which has no name."""
    forms = Forms(document)
    _, _, operation = operations(document)["empty_trash"]
    envelope = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert differences(forms, mediavault.EmptiedTrash, envelope["properties"]["data"]) == []


def test_values_that_a_later_server_adds(document: Any) -> None:
    """They come as they are; members that are not known are left out."""
    mock = Mock(document)

    def answer(request: httpx.Request) -> httpx.Response:
        reply = mock(request)
        value = reply.json()
        value["data"].update({"type": "hologram", "depth": 3})
        return httpx.Response(200, json=value)

    http = httpx.Client(transport=httpx.MockTransport(answer))
    media = MediaVault("http://vault.example", http_client=http).media.get("media_12")
    assert media.type == "hologram" and not hasattr(media, "depth")
