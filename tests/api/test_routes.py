"""The walk over the route table: who may call what, and with what method."""

import json
import re

import pytest

from harness import program, shapes
from harness.client import Api, unique_name
from harness.server import Server

# What anyone may call. A route that is not here and says so has been opened by mistake.
OPEN = {
    ("POST", "/auth/register"),
    ("POST", "/auth/login"),
    ("POST", "/auth/refresh"),
    # Credentials come in a message, once it is a WebSocket.
    ("GET", "/realtime"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("POST", "/storage/api/v5/register"),
    ("POST", "/storage/api/v5/login"),
    ("POST", "/storage/api/v5/token/refresh"),
    ("POST", "/storage/api/v5/token/verify"),
    ("POST", "/storage/token/refresh"),
    ("POST", "/storage/token/verify"),
    # What is in these paths is the permission.
    ("GET", "/storage/media/uploads/{year}/{month}/{day}/{file}"),
    ("GET", "/storage/media/qr/{file}"),
    ("POST", "/api/auth/register"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/token/refresh"),
    ("POST", "/api-token-auth"),
    ("GET", "/uploads/{file}"),
    ("GET", "/uploads/thumbnails/{file}"),
    ("POST", "/api/register"),
    ("POST", "/api/login"),
    ("POST", "/api/refresh_token"),
    ("GET", "/file/{url}"),
    ("GET", "/f/{url}"),
    ("GET", "/api/delete/{url}"),
    ("POST", "/api/rotate/{url}"),
    ("GET", "/invite/{invite}"),
    ("GET", "/file/download/{token...}"),
    ("GET", "/API/file/download/{token...}"),
    ("GET", "/"),
    ("GET", "/favicon.ico"),
    # What is told of the APIs.
    ("GET", "/openapi/{document}"),
    ("GET", "/docs"),
    ("GET", "/docs/{name}"),
    ("GET", "/s/style.css"),
    ("GET", "/s/icon.svg"),
    ("GET", "/s/{token}"),
    ("POST", "/s/{token}"),
    ("GET", "/s/{token}/content"),
    ("GET", "/s/{token}/{entry}"),
    ("GET", "/s/{token}/{entry}/content"),
    ("GET", "/s/{token}/thumbnail"),
    ("GET", "/s/{token}/image"),
    ("GET", "/s/{token}/{entry}/thumbnail"),
    ("GET", "/s/{token}/{entry}/image"),
}
# The least that must be there and closed.
CLOSED = {
    ("POST", "/auth/logout"),
    ("GET", "/users/me"),
    ("PATCH", "/users/me"),
    ("POST", "/media/upload"),
    ("GET", "/media"),
    ("GET", "/media/{id}"),
    ("PATCH", "/media/{id}"),
    ("DELETE", "/media/{id}"),
    ("GET", "/media/{id}/content"),
    ("PUT", "/media/{id}/content"),
    ("POST", "/media/exists"),
}


def bare(path):
    """A route's path without the API's prefix."""
    return re.sub(r"^(/api)?/v1(?=/)", "", path)


# What a key that only writes may call: no reply of these shows what was there before, and none gives
# or widens a way to read it. A route that is not here needs `read` too.
WRITE_ONLY = {
    ("POST", "/auth/logout"),
    ("POST", "/auth/logout-all"),
    ("DELETE", "/auth/sessions/{id}"),
    ("DELETE", "/users/me"),
    ("POST", "/api-keys"),
    ("DELETE", "/api-keys/{id}"),
    ("DELETE", "/webhooks/{id}"),
    ("POST", "/media/upload"),
    ("DELETE", "/trash"),
    ("DELETE", "/trash/{id}"),
    ("DELETE", "/shares/{id}"),
    ("POST", "/collections"),
    ("DELETE", "/collections/{id}"),
    ("POST", "/storage/api/v3/chunk_init"),
    ("POST", "/storage/api/v3/chunk_upload"),
    ("POST", "/storage/api/v3/chunk_complete"),
    ("PUT", "/storage/api/v3/files/replace/{id}"),
    ("DELETE", "/storage/files/{id}/delete"),
    ("DELETE", "/storage/folders/{id}/delete"),
    ("DELETE", "/storage/api/v4/files/{id}/delete"),
    ("DELETE", "/storage/api/v4/folders/{id}/delete"),
    ("DELETE", "/api/v4/files/{id}/delete"),
    ("DELETE", "/api/v4/folders/{id}/delete"),
    ("POST", "/api/upload/{group}"),
    ("GET", "/api/sharex"),
    ("POST", "/api/logout"),
    ("POST", "/api/create_group"),
    ("DELETE", "/api/delete_group/{group}"),
    ("POST", "/api/leave/{group}"),
    ("DELETE", "/api/generate_invite/{group}"),
    ("POST", "/api/projects"),
    ("DELETE", "/api/projects/{id}"),
    ("POST", "/api/boxes/reorder"),
    ("DELETE", "/api/boxes/{id}"),
    ("POST", "/api/boxes/{id}/upload"),
    ("POST", "/api/assets"),
    ("POST", "/api/assets/reorder"),
    ("DELETE", "/api/assets/{id}"),
    ("POST", "/api/ai-models"),
    ("DELETE", "/api/ai-models/{id}"),
    ("POST", "/bucket/create/{path...}"),
    ("POST", "/bucket/remove/{path...}"),
    ("POST", "/token/remove/{token}"),
    ("POST", "/token/remove/b/{path...}"),
    ("POST", "/file/add/{path...}"),
    ("POST", "/file/mkdir/{path...}"),
    ("POST", "/file/remove/{path...}"),
}


@pytest.fixture(scope="module")
def routes(binary):
    done = program.run("routes", "--json")
    assert done.returncode == 0, done.stderr
    table = json.loads(done.stdout)
    for route in table:
        assert {"method", "path", "access", "scope", "dialect", "rate", "body_limit"} <= set(route), route
    return table


def with_access(routes, *access):
    """The routes of that access, as (dialect, method, path to call)."""
    return [
        (route["dialect"], route["method"], concrete(route["path"]))
        for route in routes
        if route["access"] in access
    ]


@pytest.fixture(scope="module")
def closed(routes):
    """The routes that ask everybody for credentials."""
    return with_access(routes, "account", "admin")


@pytest.fixture(scope="module")
def guest(routes):
    """The routes that guests may call, where there are any."""
    return with_access(routes, "guest", "shared")


@pytest.fixture(scope="module")
def optional(routes):
    """The routes that take everybody, and tell who shows bad credentials or none."""
    return with_access(routes, "optional")


def refused(reply, dialect):
    """A 401 in the dialect's shape."""
    if dialect == "mediavault":
        return shapes.failure(reply, "unauthorized")
    assert reply.status_code == 401, reply.text
    if dialect == "fileuploader":
        body = shapes.is_json(reply)
        assert body["message"] == "Auth error" and body["auth_error"]["errorId"] in range(-5, 0)
        return body["auth_error"]["message"]
    if dialect == "quantum":
        assert shapes.is_json(reply) == {"status": "error", "message": "UNAUTHORIZED"}
        return "UNAUTHORIZED"
    if dialect == "operations":
        return shapes.is_json(reply)["error"]
    return shapes.is_json(reply)["detail"]


def wrong_method(reply, dialect, method):
    """A 405 in the dialect's shape."""
    assert reply.status_code == 405, (method, reply.url)
    if dialect == "mediavault":
        shapes.failure(reply, "method_not_allowed", 405)
    elif dialect in ("streamvault", "boxes"):
        assert shapes.is_json(reply) == {"detail": f'Method "{method}" not allowed.'}
    elif dialect == "fileuploader":
        assert shapes.is_json(reply)["status"] == "error"
    elif dialect == "quantum":
        assert shapes.is_json(reply) == {"status": "error", "message": "REQ_METHOD_INVALID"}


def concrete(path):
    """A path that the pattern matches, for both prefixes' sake the one of the table."""
    path = re.sub(r"\{\w+\.\.\.\}", "a/b", path)
    path = re.sub(r"\{\w+:int\}", "1", path)
    return re.sub(r"\{\w+\}", "1", path)


def whole(server, path):
    """A table's path as a URL; one below no prefix and no root of its own is the native API's."""
    return server.url + path


def test_the_table_is_what_the_first_slice_documents(routes):
    have = {(route["method"], bare(route["path"])) for route in routes}
    assert CLOSED | OPEN <= have


def test_nothing_is_open_but_what_must_be(routes):
    opened = {(r["method"], bare(r["path"])) for r in routes if r["access"] == "anyone"}
    assert opened <= OPEN
    assert not {(r["method"], bare(r["path"])) for r in routes if r["access"] == "anyone"} & CLOSED


def test_only_what_shows_nothing_is_for_keys_that_only_write(routes):
    alone = {
        (route["method"], bare(route["path"]).removeprefix("/API"))
        for route in routes
        if route["access"] != "anyone" and route["scope"] == "write"
    }
    assert alone == WRITE_ONLY


def test_a_key_that_only_writes_reads_nothing(shared, user, routes):
    headers = {}
    for kind, header in (("api", "X-API-Key"), ("master", "X-API-MKEY")):
        wanted = {"name": "writer", "kind": kind, "scopes": ["write"]}
        made = shapes.success(user.post("/api-keys", json=wanted), 201)
        headers[kind] = {header: made["secret"]}
    called = 0
    for route in routes:
        # No key with scopes is taken by File Uploader.
        if route["access"] == "anyone" or route["dialect"] == "fileuploader" or "read" not in route["scope"]:
            continue
        kind = "master" if route["dialect"] == "quantum" else "api"
        reply = shared.anyone().call(route["method"], whole(shared, concrete(route["path"])), headers=headers[kind])
        assert reply.status_code == 403, (route, reply.status_code, reply.text[:300])
        if route["dialect"] == "mediavault":
            shapes.failure(reply, "forbidden", 403)
        called += 1
    assert called > 80


def test_the_name_of_a_folder_is_for_keys_that_read(shared, user):
    owner = Api(shared.url + "/storage/api/v3", token=user.token)
    folder = owner.post("/folders", json={"name": "secret plans"}).json()
    for scopes, shown in ((["write"], None), (["read", "write"], "secret plans")):
        made = shapes.success(user.post("/api-keys", json={"name": "key", "scopes": scopes}), 201)
        key = Api(shared.url + "/storage/api/v3", key=made["secret"])
        begun = key.post("/chunk_init", json={"file_name": "a.txt", "total_chunks": 1, "folder": folder["id"]})
        upload = begun.json()["upload_id"]
        form = {"upload_id": upload, "chunk_number": "1"}
        assert key.post("/chunk_upload", data=form, files={"file": ("a.txt", b"a")}).status_code == 200
        done = key.post("/chunk_complete", json={"upload_id": upload})
        assert done.status_code == 200 and done.json()["folder"] == shown, done.text


def test_both_prefixes_are_served(shared, user):
    for prefix in ("/api/v1", "/v1"):
        shapes.success(Api(shared.url + prefix, token=user.token).get("/users/me"))


def make_bad_credentials(shared):
    """Names to headers, each of which must open nothing."""
    user = shared.user()
    gone = shared.user()
    shapes.success(gone.post("/auth/logout"))
    disabled = shared.user()
    key = program.create_key(shared.data, disabled.username)
    revoked_owner = shared.user()
    revoked = program.create_key(shared.data, revoked_owner.username)
    done = program.run("user", "disable", disabled.username, "--data", shared.data)
    assert done.returncode == 0, done.stderr
    listed = program.run("key", "list", "--data", shared.data, "--user", revoked_owner.username)
    identity = re.search(r"key_\d+", listed.stdout).group(0)
    done = program.run(
        "key", "revoke", identity, "--data", shared.data, "--user", revoked_owner.username
    )
    assert done.returncode == 0, done.stderr
    head, claims, _ = user.token.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"

    def bearer(token):
        return {"Authorization": f"Bearer {token}"}

    return {
        "none": {},
        "rubbish": bearer("rubbish"),
        "forged, alg none": bearer(f"{none}.{claims}."),
        "forged signature": bearer(f"{head}.{claims}.{'A' * 43}"),
        "refresh token": bearer(user.refresh_token),
        "logged out": bearer(gone.token),
        "disabled user": bearer(disabled.token),
        "disabled user's key": {"X-API-Key": key},
        "revoked key": {"X-API-Key": revoked},
        "unknown key": {"X-API-Key": "x" * 40},
        "empty key": {"X-API-Key": ""},
        "basic": {"Authorization": "Basic YWRtaW46YWRtaW4="},
        "another scheme": {"Authorization": f"Token {user.token}"},
        "its old scheme": {"Authorization": f"JWT {user.token}"},
        "bare token": {"Authorization": user.token},
        "tab": {"Authorization": f"Bearer\t{user.token}"},
        "two tokens": {"Authorization": f"Bearer {user.token} {user.token}"},
        "comma": {"Authorization": f"Bearer,{user.token}"},
        "quoted token": {"Authorization": f'Bearer "{user.token}"'},
        "no token": {"Authorization": "Bearer"},
        "empty header": {"Authorization": ""},
        "token as key": {"X-API-Key": user.token},
        "key as token": bearer(program.create_key(shared.data, user.username)),
        "forwarded": {"X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1;proto=https"},
        "name as key": {"X-API-Key": user.username},
    }


@pytest.fixture(scope="module")
def bad_credentials(shared):
    return make_bad_credentials(shared)


@pytest.fixture(scope="module")
def without_guests(binary, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("closed") / "data", {"guests": "off"}).start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def bad_credentials_without_guests(without_guests):
    return make_bad_credentials(without_guests)


KINDS = [
    "none",
    "rubbish",
    "forged, alg none",
    "forged signature",
    "refresh token",
    "logged out",
    "disabled user",
    "disabled user's key",
    "revoked key",
    "unknown key",
    "empty key",
    "basic",
    "another scheme",
    "its old scheme",
    "bare token",
    "tab",
    "two tokens",
    "comma",
    "quoted token",
    "no token",
    "empty header",
    "token as key",
    "key as token",
    "forwarded",
    "name as key",
]
# Nothing in them is a credential.
NOTHING = ("none", "forwarded")


@pytest.mark.parametrize("kind", KINDS)
def test_every_closed_route_refuses_bad_credentials(shared, closed, bad_credentials, kind):
    assert len(closed) >= len(CLOSED)
    for dialect, method, path in closed:
        reply = shared.anyone().call(method, whole(shared, path), headers=bad_credentials[kind])
        if (dialect, kind) == ("operations", "key as token"):
            assert reply.status_code == 403  # taken there, but for admins only
            continue
        assert reply.status_code == 401, (method, path, reply.status_code, reply.text[:300])
        refused(reply, dialect)


@pytest.mark.parametrize("kind", KINDS)
def test_without_guests_their_routes_are_closed(
    without_guests, guest, bad_credentials_without_guests, kind
):
    assert len(guest) > 20
    headers = bad_credentials_without_guests[kind]
    for dialect, method, path in guest:
        reply = without_guests.anyone().call(method, whole(without_guests, path), headers=headers)
        assert reply.status_code == 401, (method, path, reply.status_code, reply.text[:300])
        refused(reply, dialect)


@pytest.mark.parametrize("kind", KINDS)
def test_without_guests_what_takes_everybody_takes_accounts(
    without_guests, optional, bad_credentials_without_guests, kind
):
    assert len(optional) >= 2
    headers = bad_credentials_without_guests[kind]
    for dialect, method, path in optional:
        reply = without_guests.anyone().call(method, whole(without_guests, path), headers=headers)
        refused(reply, dialect)


@pytest.mark.parametrize("kind", KINDS)
def test_bad_credentials_make_nobody_a_guest(shared, guest, bad_credentials, kind):
    """Only who shows none is one, in whatever field or scheme they are."""
    for dialect, method, path in guest:
        reply = shared.anyone().call(method, whole(shared, path), headers=bad_credentials[kind])
        if kind in NOTHING:
            assert reply.status_code in (200, 400, 404), (method, path, reply.text[:300])
        else:
            assert reply.status_code == 401, (method, path, reply.status_code, reply.text[:300])
            refused(reply, dialect)


@pytest.mark.parametrize("field", ["X-API-Key", "X-API-MKEY", "X-API-AKEY"])
def test_a_key_that_is_not_understood_makes_nobody_a_guest(shared, field):
    """Also where a request without credentials, or with wrong ones, is served."""
    nobody = Api(shared.url)
    headers = {field: "not understood here"}
    assert nobody.get("/api/sharex", headers=headers).status_code == 401
    reply = nobody.post("/api/upload/private", headers=headers, files={"file": ("a.txt", b"a")}).json()
    assert reply["synced"] is False and reply["auth_error"]["errorId"] == -2, reply


@pytest.mark.parametrize("second", ["disabled user's key", "unknown key", "empty key", "its own"])
def test_two_credentials_are_refused(shared, user, closed, bad_credentials, second):
    """Of two, the one that is not looked at may be wrong, or somebody else's."""
    keys = [shapes.success(user.post("/api-keys", json={"name": "a", "kind": kind}), 201)["secret"]
            for kind in ("api", "master")]
    token = {"Authorization": f"Bearer {user.token}"}
    shapes.success(user.get("/users/me"))
    for dialect, method, path in closed:
        headers = {"X-API-MKEY": keys[1]} if dialect == "quantum" else token
        other = {"X-API-Key": keys[0]} if second == "its own" else bad_credentials[second]
        reply = shared.anyone().call(method, whole(shared, path), headers={**headers, **other})
        assert reply.status_code == 401, (method, path, reply.status_code, reply.text[:300])
        refused(reply, dialect)
    assert user.me()["username"] == user.username


def test_every_route_that_anyone_may_call_asks_for_no_credentials(shared, routes):
    for route in routes:
        if route["access"] != "anyone" or bare(route["path"]) == "/auth/refresh":
            continue
        reply = shared.anyone().call(route["method"], whole(shared, concrete(route["path"])))
        missing = "{" in route["path"] and reply.status_code == 404
        assert reply.status_code not in (401, 403, 405) and reply.status_code < 500, route
        assert missing or reply.status_code != 404, route


def test_every_path_tells_its_methods(shared, routes, user):
    methods, dialects = {}, {}
    for route in routes:
        path = concrete(route["path"])
        methods.setdefault(path, set()).add(route["method"])
        dialects[path] = route["dialect"]
    for path, known in methods.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - known:
            reply = user.call(method, whole(shared, path))
            wrong_method(reply, dialects[path], method)
            allowed = set(reply.headers["Allow"].replace(" ", "").split(","))
            assert known <= allowed and method not in allowed, (method, path, reply.headers)
            assert ("HEAD" in allowed) == ("GET" in allowed)


def test_wrong_methods_need_no_credentials_to_be_told(shared, anyone):
    shapes.failure(anyone.call("PUT", "/auth/login"), "method_not_allowed", 405)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/users",
        "/users/me/x",
        "/users//me",
        "/media/1/content/x",
        "/media/../users/me/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/media%2f1",
        "/MEDIA",
        "/media/" + "x" * 5000,
    ],
)
def test_unknown_paths(shared, user, path):
    with shared.wire() as wire:
        reply = wire.request("GET", "/api/v1" + path, {"Authorization": f"Bearer {user.token}"})
    assert reply.status_code in (400, 404), reply
    shapes.any_failure(reply)


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/v2/media", "/api/v1", "/.env", "/index.html", "//"])
def test_unknown_paths_outside_of_any_api(shared, path):
    with shared.wire() as wire:
        reply = wire.request("GET", path)
    assert reply.status_code == 404, reply
    shapes.request_id(reply)


@pytest.mark.parametrize("raw", ["%", "%zz", "%f", "\x00", "%00", "%ff", "a%00b", "a%0d%0ab"])
def test_broken_escapes_and_control_characters_in_paths(shared, user, raw):
    with shared.wire() as wire:
        reply = wire.request("GET", "/api/v1/media/" + raw, {"Authorization": f"Bearer {user.token}"})
        assert reply.status_code in (400, 404), reply


@pytest.mark.parametrize(
    "identity",
    ["0", "-1", "media_", "media_0", "media_-1", "media_x", "media_1x", "user_1", "1e3", "0x1", "media_01",
     "9223372036854775807", "9223372036854775808", "99999999999999999999999", "media_99999999999999999999999",
     "%D9%A1", "1%20", "+1", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
     "not-a-uuid-at-all", "'%20or%201=1--"],
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE", "content"])
def test_ids_that_are_none(user, identity, method):
    if method == "content":
        reply = user.get(f"/media/{identity}/content")
    else:
        reply = user.call(method, f"/media/{identity}", json={} if method == "PATCH" else None)
    shapes.any_failure(reply, 400, 404)


def test_request_ids_are_unique(anyone):
    identities = {shapes.request_id(anyone.get("/users/me")) for _ in range(50)}
    assert len(identities) == 50


def test_a_clients_own_request_id_does_not_reach_into_the_reply(anyone):
    reply = anyone.get("/users/me", headers={"X-Request-Id": "req_mine\"}"})
    assert shapes.request_id(reply) != "req_mine\"}"


def test_the_options_of_a_path(shared):
    reply = shared.anyone().call("OPTIONS", "/media")
    assert reply.status_code in (200, 204)
    assert "GET" in reply.headers["Allow"]


def test_cors_is_for_listed_origins_only(launch):
    server = launch({"cors.origins": "https://app.example.com"})
    user = server.user(username=unique_name())
    preflight = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization"}
    for origin, welcome in [("https://app.example.com", True), ("https://evil.example.com", False), ("null", False)]:
        for reply in (
            user.get("/users/me", headers={"Origin": origin}),
            server.anyone().call("OPTIONS", "/users/me", headers={"Origin": origin, **preflight}),
        ):
            allowed = reply.headers.get("Access-Control-Allow-Origin")
            assert allowed == (origin if welcome else None), (origin, reply.headers)
            if welcome:
                assert "Origin" in reply.headers.get("Vary", "")
        if welcome:
            exposed = user.get("/users/me", headers={"Origin": origin}).headers["Access-Control-Expose-Headers"]
            assert {"Link", "ETag", "Retry-After"} <= set(exposed.split(", "))
