"""StreamVault's accounts and tokens."""

import base64
import json

import pytest

from harness import program
from harness.client import Api, User, unique_name
from harness.streamvault import (
    BAD_TOKEN,
    NO_CREDENTIALS,
    PASSWORD,
    REQUIRED,
    StreamVault,
    expect,
    refuse,
)

NO_ACCOUNT = {"detail": "No active account found with the given credentials"}
BAD = {"detail": "Token is invalid or expired", "code": "token_not_valid"}


@pytest.fixture
def caller(shared):
    return StreamVault.registered(shared)


@pytest.fixture
def nobody(shared):
    return StreamVault(shared)


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_tokens_carry_the_claims_of_simplejwt(caller):
    access, refresh = claims(caller.access), claims(caller.refresh)
    assert (access["token_type"], refresh["token_type"]) == ("access", "refresh")
    assert access["exp"] - access["iat"] == 3600
    assert refresh["exp"] - refresh["iat"] == 7 * 24 * 3600
    assert access["user_id"] == refresh["user_id"] == caller.account["id"]
    assert access["jti"] and refresh["jti"] and access["jti"] != refresh["jti"]


@pytest.mark.parametrize("path", ["/api/v5/token/refresh/", "/token/refresh/", "/token/refresh"])
def test_refresh(caller, nobody, path):
    again = expect(nobody.post(path, json={"refresh": caller.refresh}))
    assert expect(StreamVault(caller.server, again["access"]).get("/api/v5/me/"))["username"] == caller.username
    wrong = {"detail": "Token has wrong type", "code": "token_not_valid"}
    refuse(nobody.post(path, json={"refresh": caller.access}), 401, wrong)
    refuse(nobody.post(path, json={"refresh": "rubbish"}), 401, BAD)
    refuse(nobody.post(path, json={}), 400, refresh=REQUIRED)
    refuse(nobody.post(path, json={"refresh": 5}), 400, refresh=["Not a valid string."])


@pytest.mark.parametrize("path", ["/api/v5/token/verify/", "/token/verify/"])
def test_verify(caller, nobody, path):
    for good in (caller.access, caller.refresh):
        assert expect(nobody.post(path, json={"token": good})) == {}
    head, body, _ = caller.access.split(".")
    for bad in ("rubbish", f"{head}.{body}.{'A' * 43}", caller.access + "\0", "x" * 10000):
        refuse(nobody.post(path, json={"token": bad}), 401, BAD)
    refuse(nobody.post(path, json={"token": ""}), 400, token=["This field may not be blank."])


def test_a_refresh_token_opens_nothing(caller):
    for path in ("/api/v5/me/", "/api/v3/all_files/"):
        refuse(StreamVault(caller.server, caller.refresh).get(path), 401, BAD_TOKEN)


def test_no_token_and_a_bad_one(nobody, shared):
    reply = nobody.get("/api/v5/me/")
    refuse(reply, 401, NO_CREDENTIALS)
    assert reply.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    refuse(StreamVault(shared, "rubbish").get("/api/v5/me/"), 401, BAD_TOKEN)


def test_a_disabled_account_is_refused_at_once(launch):
    server = launch()
    caller = StreamVault.registered(server)
    done = program.run("user", "disable", caller.username, "--data", server.data)
    assert done.returncode == 0, done.stderr
    refuse(caller.get("/api/v5/me/"), 401, {"detail": "User is inactive", "code": "user_inactive"})
    login = {"email": caller.email, "password": PASSWORD}
    refuse(StreamVault(server).post("/api/v5/login/", json=login), 401, NO_ACCOUNT)
    refuse(StreamVault(server).post("/token/refresh/", json={"refresh": caller.refresh}), 401, BAD)
    refuse(StreamVault(server).post("/token/verify/", json={"token": caller.access}), 401, BAD)


def test_log_in_by_either_name_in_either_field(caller, nobody):
    for field in ("email", "username"):
        for login in (caller.email, caller.username, caller.email.upper(), caller.username.upper()):
            tokens = expect(nobody.post("/api/v5/login/", json={field: login, "password": PASSWORD}))
            assert tokens["message"] == "Login successful"


@pytest.mark.parametrize("encoding", ["json", "data", "files"])
def test_log_in_by_json_and_by_form(caller, nobody, encoding):
    login = {"email": caller.email, "password": PASSWORD}
    if encoding == "files":
        login = {name: (None, value) for name, value in login.items()}
    expect(nobody.post("/api/v5/login/", **{encoding: login}))


def test_a_password_of_spaces_is_one_in_every_dialect(nobody, shared):
    spaces = " " * 12
    user = User.registered(shared.root, password=spaces)
    expect(nobody.post("/api/v5/login/", json={"email": user.username, "password": spaces}))
    name = unique_name()
    expect(nobody.post("/api/v5/register/", json={"username": name, "password": spaces}), 201)
    assert User(shared.root, name, spaces).me()["username"] == name
    assert expect(nobody.post("/api/v5/login/", json={"email": name, "password": ""}), 401) == NO_ACCOUNT


def test_failed_log_ins_read_the_same(caller, nobody):
    for login in (
        {"email": caller.email, "password": "not the password"},
        {"email": "nobody@example.com", "password": PASSWORD},
        {"email": "x" * 5000, "password": "y" * 5000},
        {"email": "guests", "password": PASSWORD},
        {"email": "' or 1=1 --", "password": PASSWORD},
    ):
        refuse(nobody.post("/api/v5/login/", json=login), 401, NO_ACCOUNT)


WRONG = [None, True, 5, 1.5, [], {}, ["x"]]


@pytest.mark.parametrize("value", WRONG, ids=repr)
@pytest.mark.parametrize(
    "path, field",
    [
        ("/api/v5/login/", "email"),
        ("/api/v5/login/", "password"),
        ("/api/v5/register/", "username"),
        ("/api/v5/register/", "password"),
        ("/token/verify/", "token"),
        ("/token/refresh/", "refresh"),
    ],
)
def test_values_of_another_type(nobody, path, field, value):
    body = {"email": "a@example.com", "username": unique_name(), "password": PASSWORD, field: value}
    message = "This field may not be null." if value is None else "Not a valid string."
    refuse(nobody.post(path, json=body), 400, **{field: [message]})


@pytest.mark.parametrize("value", WRONG[1:], ids=repr)
def test_an_email_address_of_another_type(nobody, value):
    body = {"email": value, "username": unique_name(), "password": PASSWORD}
    refuse(nobody.post("/api/v5/register/", json=body), 400, email=["Not a valid string."])


def test_register_tells_every_fault_at_once(nobody):
    refuse(nobody.post("/api/v5/register/", json={}), 400, username=REQUIRED, password=REQUIRED)
    wrong = {"email": "none", "username": "a\x01b", "password": "short"}
    email = ["Enter a valid email address."]
    refuse(nobody.post("/api/v5/register/", json=wrong), 400, email=email, username=None, password=None)
    wrong = {"email": "a@b", "username": "x" * 65, "password": PASSWORD}
    too_long = ["Ensure this field has no more than 64 characters."]
    refuse(nobody.post("/api/v5/register/", json=wrong), 400, username=too_long)
    wrong = {"email": "a@b", "username": "   ", "password": PASSWORD}
    blank = ["This field may not be blank."]
    refuse(nobody.post("/api/v5/register/", json=wrong), 400, username=blank)


def test_taken_names_are_faults_of_their_fields(caller, nobody):
    taken = {"email": caller.email.upper(), "username": caller.username.upper(), "password": PASSWORD}
    refuse(
        nobody.post("/api/v5/register/", json=taken),
        400,
        username=["A user with that username already exists."],
        email=["A user with that email already exists."],
    )
    for guests in ("guests", "Guests"):
        body = {"email": unique_name() + "@example.com", "username": guests, "password": PASSWORD}
        refuse(nobody.post("/api/v5/register/", json=body), 400, username=None)


def test_register_when_it_is_closed(launch):
    server = launch({"accounts.registration": "closed"})
    body = {"email": "a@example.com", "username": "a", "password": PASSWORD}
    reply = expect(StreamVault(server).post("/api/v5/register/", json=body), 403)
    assert "closed" in reply["detail"]


def test_one_account_in_both_dialects(shared, caller):
    native = User(shared.root, caller.email, PASSWORD)
    assert native.me()["username"] == caller.username
    other = User.registered(shared.root)
    login = {"email": other.username, "password": other.password}
    tokens = expect(StreamVault(shared).post("/api/v5/login/", json=login))
    for token in (tokens["access"], other.token):
        me = expect(StreamVault(shared, token).get("/api/v5/me/"))
        assert me["username"] == other.username
    assert Api(shared.root, token=tokens["access"]).me()["username"] == other.username


def test_an_account_without_an_address_shows_an_empty_one(nobody, shared):
    body = {"username": unique_name(), "password": PASSWORD}
    assert expect(nobody.post("/api/v5/register/", json=body), 201)["email"] == ""
    login = {"email": body["username"], "password": PASSWORD}
    tokens = expect(nobody.post("/api/v5/login/", json=login))
    assert expect(StreamVault(shared, tokens["access"]).get("/api/v5/me/"))["email"] == ""


def test_an_api_key_acts_for_its_account(shared, caller):
    key = program.create_key(shared.data, caller.username)
    me = expect(StreamVault(shared).get("/api/v5/me/", headers={"X-API-Key": key}))
    assert me["username"] == caller.username


@pytest.mark.parametrize("body", [b"{", b"[1", b"\xff", b'{"a":', b"nul", b'"\xed\xa0\x80"', b'{"a":"\\ud800"}', b'{"a": 1, "a": 1}'])
def test_what_is_no_json(nobody, body):
    reply = nobody.post("/api/v5/login/", data=body, headers={"Content-Type": "application/json"})
    assert expect(reply, 400)["detail"].startswith("JSON parse error - ")


@pytest.mark.parametrize("body, kind", [(b"[]", "list"), (b"1", "int"), (b'"x"', "str"), (b"null", "null"), (b"1.5", "float")])
def test_json_that_is_no_object(nobody, body, kind):
    reply = nobody.post("/api/v5/login/", data=body, headers={"Content-Type": "application/json"})
    message = f"Invalid data. Expected a dictionary, but got {kind}."
    refuse(reply, 400, non_field_errors=[message])


def test_other_types_and_no_body(nobody):
    reply = nobody.post("/api/v5/login/", data=b"<x/>", headers={"Content-Type": "text/xml"})
    refuse(reply, 415, {"detail": 'Unsupported media type "text/xml" in request.'})
    refuse(nobody.post("/api/v5/login/"), 400, email=REQUIRED, password=REQUIRED)


def test_forms_that_are_broken(nobody):
    urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}
    expect(nobody.post("/api/v5/login/", data=b"email=%zz", headers=urlencoded), 400)
    refuse(
        nobody.post("/api/v5/login/", data=b"email=%ff&password=x", headers=urlencoded),
        400,
        email=["Not a valid string."],
    )
    multipart = {"Content-Type": "multipart/form-data; boundary=x"}
    cut = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\na@b\r\n'
    assert "detail" in expect(nobody.post("/api/v5/login/", data=cut, headers=multipart), 400)


def test_too_long_a_body(nobody):
    body = {"email": "x" * (1 << 20), "password": "y"}
    assert "detail" in expect(nobody.post("/api/v5/login/", json=body), 413)


def test_the_limit_is_told_in_the_frameworks_words(launch):
    server = launch({"rate_limits": "on", "limits.anonymous_per_minute": 2, "limits.account_per_minute": 4})
    nobody = StreamVault(server)
    for _ in range(3):
        reply = nobody.post("/api/v5/login/", json={"email": "a", "password": "b"})
    wait = reply.headers["Retry-After"]
    text = f"Request was throttled. Expected available in {wait} second{'' if wait == '1' else 's'}."
    refuse(reply, 429, {"detail": text})
    assert {"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= set(reply.headers)
    # A guest's chunks count like an account's, by address.
    statuses = [nobody.get("/api/v3/all_files/").status_code for _ in range(6)]
    assert statuses == [200] * 4 + [429] * 2


def test_unknown_paths_and_wrong_methods(nobody):
    for path in ("/api/v3/nothing/", "/", "/api/v9/x", "/api/v3/files/replace"):
        body = expect(nobody.get(path), 404)
        assert body.get("detail") == "Not found." or body == {"error": "File not found"}
    for path, method in (("/api/v5/login/", "PUT"), ("/api/v3/folders/", "PUT"), ("/api/v3/folders/update/", "GET")):
        reply = nobody.call(method, path)
        refuse(reply, 405, {"detail": f'Method "{method}" not allowed.'})
        assert "Allow" in reply.headers
