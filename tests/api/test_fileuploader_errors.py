"""Every row of every error table of the File Uploader document, and what it has no row for."""

import json

import pytest

from harness import forms
from harness.client import unique_name
from harness.fileuploader import (
    BAD_HEADER,
    INVALID,
    NO_HEADER,
    NOT_FOUND,
    PASSWORD,
    FileUploader,
    auth_error,
    done,
    error,
    some_error,
)

ABSENT = 99_999_998  # no test makes as many groups as to meet it


@pytest.fixture
def caller(shared):
    return FileUploader.registered(shared)


@pytest.fixture
def stranger_(shared):
    return FileUploader.registered(shared)


@pytest.fixture
def anyone_(shared):
    return FileUploader(shared)


# 1.1

CLOSED = [
    ("POST", "/api/logout"),
    ("GET", "/api/get_files/private"),
    ("GET", "/api/get_files/12345678"),
    ("GET", "/api/get_files/x"),
    ("POST", "/api/transfer"),
    ("POST", "/api/create_group"),
    ("DELETE", "/api/delete_group/12345678"),
    ("GET", "/api/generate_invite/12345678"),
    ("DELETE", "/api/generate_invite/12345678"),
    ("POST", "/api/join/x"),
    ("POST", "/api/leave/12345678"),
    ("GET", "/api/invite_info/x"),
    ("GET", "/api/get_groups"),
    ("GET", "/api/login/token"),
]


@pytest.mark.parametrize("method, path", CLOSED)
def test_credentials(anyone_, caller, method, path):
    def call(**headers):
        return anyone_.call(method, path, headers=headers)

    auth_error(call(), NO_HEADER)
    for malformed in ("", "Bearer", "Bearer ", "Basic YTpi", caller.token, f"Token {caller.token}",
                      f"Bearer {caller.token} x", f"Bearer{caller.token}"):
        auth_error(call(Authorization=malformed), BAD_HEADER)
    head, claims, signature = caller.token.split(".")
    for invalid in ("rubbish", f"{head}.{claims}.{'A' * 43}", f"{head}.{claims}", "x" * 5000):
        auth_error(call(Authorization=f"Bearer {invalid}"), INVALID)
    caller.post("/api/logout")
    auth_error(call(Authorization=f"Bearer {caller.token}"), NOT_FOUND)
    auth_error(call(**{"X-API-Key": "whatever"}), NO_HEADER)


# 1.2

def test_a_file_that_is_not_there(anyone_):
    for url in ("4yn-8yjhsu", "4yn-8yjhsu.mp4", "x", "%00", "..", "quotaquota", "x" * 5000, "%ff%fe"):
        for path in ("/file/", "/f/"):
            reply = anyone_.get(path + url)
            if url == "..":  # the client makes it the first page
                assert "Content-Disposition" not in reply.headers
            else:
                error(reply, 404, "File not found")


def test_upload_errors(caller, stranger_, anyone_):
    for parts in ([], [forms.Part("other", b"x", "a.txt")], [forms.Part("file", b"text")],
                  [forms.Part("file", b"", "")]):
        error(caller.send(parts), 400, "No file uploaded")
    error(caller.post("/api/upload/private"), 400, "No file uploaded")
    error(caller.post("/api/upload/private", json={"file": "x"}), 400, "No file uploaded")
    error(caller.post("/api/upload/private", data=b"raw"), 400, "No file uploaded")

    for group in ("abc", "12x", "-1", "1.5", "%D9%A1", "PRIVATE", "%20", "0x10"):
        error(caller.try_upload(group=group), 400, "Invalid group id")
        error(caller.get(f"/api/get_files/{group}"), 400, "Invalid group id")
    for group in (ABSENT, 1, 0, 10**30, "012345678"):
        error(caller.try_upload(group=group), 404, "Group not found")
        error(caller.get(f"/api/get_files/{group}"), 404, "Group not found")
    theirs = stranger_.group()
    error(caller.try_upload(group=theirs), 403, "You are not in the group")
    error(caller.get(f"/api/get_files/{theirs}"), 403, "You are not in the group")

    # A group takes credentials, whatever else would be wrong with the call.
    auth_error(anyone_.try_upload(group=theirs), NO_HEADER)
    auth_error(anyone_.try_upload(group=ABSENT), NO_HEADER)
    error(anyone_.try_upload(group="abc"), 400, "Invalid group id")
    error(anyone_.post("/api/upload/abc"), 400, "No file uploaded")
    reply = anyone_.try_upload(group=theirs, headers={"Authorization": "Bearer rubbish"})
    auth_error(reply, INVALID)

    error(caller.send([forms.Part("file", b"1", "a"), forms.Part("file", b"2", "b")]), 400,
          "Only one file is allowed")
    for query in ("?include_ext=yes", "?include_ext=", "?include_ext=2"):
        some_error(caller.try_upload(query=query))
    assert caller.files() == []
    assert stranger_.files(theirs) == []


def test_delete_errors(caller, anyone_):
    file, other = caller.upload(), caller.upload(b"other")
    error(anyone_.get("/api/delete/4yn-8yjhsu?key=" + file["key"]), 404, "File not found")
    error(anyone_.get("/api/delete/4yn-8yjhsu"), 404, "File not found")
    for key in ("", "x", other["key"], file["key"][:-1], file["key"] + "0"):
        error(anyone_.remove(file, key), 400, "Invalid unique key")
    error(anyone_.get("/api/delete/" + file["file_url"]), 400, "Invalid unique key")
    # Nobody deletes by looking.
    reply = anyone_.head(f"/api/delete/{file['file_url']}?key={file['key']}")
    assert reply.status_code == 405
    assert len(caller.files()) == 2
    done(anyone_.remove(file))
    error(anyone_.remove(file), 404, "File not found")


WITHOUT_A_NAME_OR_PASSWORD = [
    None, "", "{", "[]", "null", '"x"', "{}", '{"username": "x"}', '{"password": "12345678"}',
    '{"username": "", "password": "12345678"}', '{"username": "x", "password": ""}',
    '{"username": 5, "password": "12345678"}', '{"username": "x", "password": null}',
    '{"username": ["x"], "password": {"a": 1}}', b'{"username": "\xff", "password": "12345678"}',
]


@pytest.mark.parametrize("body", WITHOUT_A_NAME_OR_PASSWORD)
@pytest.mark.parametrize("call", ["register", "login"])
def test_no_username_or_password(anyone_, call, body):
    headers = {"Content-Type": "application/json"}
    error(anyone_.post("/api/" + call, data=body, headers=headers), 400, "No username/password provided", 2)


def test_register_errors(anyone_, caller):
    for name in (caller.username, caller.username.upper(), "guests"):
        reply = anyone_.post("/api/register", json={"username": name, "password": PASSWORD})
        error(reply, 400, "An account with this name is already registered", 1)
    for name in ("x" * 65, "a\nb", "a\0b", "   "):
        body = some_error(anyone_.post("/api/register", json={"username": name, "password": PASSWORD}))
        assert body["errorId"] == 6 and body["message"].startswith("Username ")
    for password in ("1234567", "x" * 1025):
        body = some_error(anyone_.post("/api/register", json={"username": unique_name(), "password": password}))
        assert body["errorId"] == 7 and body["message"].startswith("Password ")
    body = {"username": unique_name(), "password": PASSWORD}
    assert some_error(anyone_.post("/api/register?bot=maybe", json=body))["errorId"] == 10
    error(anyone_.post("/api/login", json=body), 404, "User not found", 4)


def test_closed_registration(launch):
    server = launch({"accounts.registration": "closed"})
    body = {"username": unique_name(), "password": PASSWORD}
    error(FileUploader(server).post("/api/register", json=body), 400, "Registration is closed here", 8)


def test_login_errors(anyone_, caller, shared):
    body = {"username": caller.username, "password": "not the password"}
    error(anyone_.post("/api/login", json=body), 403, "Wrong password", 3)
    for name in (unique_name(), "x" * 2000, "guests", "a\0b"):
        error(anyone_.post("/api/login", json={**body, "username": name}), 404, "User not found", 4)
    from harness import program

    done_ = program.run("user", "disable", caller.username, "--data", shared.data)
    assert done_.returncode == 0, done_.stderr
    error(anyone_.post("/api/login", json=body), 403, "Wrong password", 3)
    body["password"] = caller.password
    error(anyone_.post("/api/login", json=body), 400, "The account is locked", 9)


def test_refresh_errors(anyone_, caller):
    for body in (None, "{", "{}", "[]", '{"accessToken": null}', '{"accessToken": 5}', '{"accessToken": ""}'):
        error(anyone_.post("/api/refresh_token", data=body), 400, "No access token provided", 5)
    for token in ("rubbish", f"Basic {caller.token}", caller.token + "x", "x" * 10_000):
        auth_error(anyone_.post("/api/refresh_token", json={"accessToken": token}), INVALID)
    caller.post("/api/logout")
    auth_error(anyone_.post("/api/refresh_token", json={"accessToken": caller.token}), NOT_FOUND)


def test_transfer_errors(caller):
    for body in (None, "", "{", "[]", "5", b"\xff"):
        error(caller.post("/api/transfer", data=body), 400, "Couldn't parse request body")
    for body in ({}, {"Data": []}, {"data": None}, {"data": {}}, {"data": "x"}):
        error(caller.post("/api/transfer", json=body), 400, "No data field in request body")
    odd = [5, None, "x", [], {}, {"file_url": 5, "key": []}, {"file_url": "x"}, {"key": "x"},
           {"file_url": "a\0b", "key": "c", "more": {"deep": [1]}}]
    assert done(caller.post("/api/transfer", json={"data": odd}))["unsuccess"] == odd
    assert done(caller.post("/api/transfer", json={"data": []}))["unsuccess"] == []


def test_group_errors(caller, stranger_):
    for body in (None, "{", "[]", "{}", '{"group_name": null}', '{"group_name": 5}', '{"group_name": ""}',
                 '{"group_name": "  "}', '{"group_name": ["x"]}'):
        error(caller.post("/api/create_group", data=body), 400, "No group_name provided")
    fifty = "Ж" * 49 + "🌊"
    error(caller.post("/api/create_group", json={"group_name": fifty + "x"}), 400,
          "Group name length exceeded (50 chars)")
    some_error(caller.post("/api/create_group", json={"group_name": "a\0b"}))
    group = caller.group(fifty)
    assert caller.groups() == [{"name": fifty, "group_id": group}]

    for absent in (ABSENT, "abc", "0", "%20", 10**40):
        error(caller.delete(f"/api/delete_group/{absent}"), 404, "Group not found")
        error(caller.get(f"/api/generate_invite/{absent}"), 404, "Group not found")
        error(caller.delete(f"/api/generate_invite/{absent}"), 404, "Group not found")
        error(caller.post(f"/api/leave/{absent}"), 404, "Group not found")
    error(stranger_.delete(f"/api/delete_group/{group}"), 403,
          "You don't have any permissions to delete this group")
    error(stranger_.get(f"/api/generate_invite/{group}"), 403, "You don't have any permissions")
    error(stranger_.delete(f"/api/generate_invite/{group}"), 403, "You don't have any permissions")
    error(stranger_.post(f"/api/leave/{group}"), 400, "You are not in the group")
    error(caller.post(f"/api/leave/{group}"), 403, "The owner cannot leave the group; delete it instead")
    assert caller.head(f"/api/generate_invite/{group}").status_code == 405

    for invite in ("DSAfd4-hpoqFDFj", "x", "%00", "x" * 4000):
        error(caller.post(f"/api/join/{invite}"), 404, "Invite link not found")
        error(caller.get(f"/api/invite_info/{invite}"), 404, "Invite link not found")
        error(caller.get(f"/invite/{invite}"), 404, "Invite link not found")
    invite = caller.invite(group)
    error(caller.post(f"/api/join/{invite}"), 400, "You are already in the group")
    stranger_.join(invite)
    error(stranger_.post(f"/api/join/{invite}"), 400, "You are already in the group")
    # A member is no owner.
    error(stranger_.get(f"/api/generate_invite/{group}"), 403, "You don't have any permissions")
    error(stranger_.delete(f"/api/delete_group/{group}"), 403,
          "You don't have any permissions to delete this group")


# What every dialect owes: the shape, whatever is wrong.

def test_bodies_that_do_not_come_as_announced(shared, caller):
    big = b'{"group_name": "' + b"x" * (1 << 20) + b'"}'
    some_error(caller.post("/api/create_group", data=big), 413)
    authorization = {"Authorization": f"Bearer {caller.token}"}
    with shared.wire() as wire:
        wire.send(wire.head("POST", "/api/create_group", {**authorization, "Content-Length": "x"}))
        some_error(wire.reply(), 400)
    with shared.wire() as wire:
        head = {**authorization, "Content-Length": "5", "Transfer-Encoding": "chunked"}
        wire.send(wire.head("POST", "/api/upload/private", head))
        some_error(wire.reply(), 400)
    with shared.wire() as wire:
        head = {**authorization, "Transfer-Encoding": "chunked"}
        wire.send(wire.head("POST", "/api/create_group", head) + b"zz\r\n{}\r\n0\r\n\r\n")
        some_error(wire.reply(), 400)
    deep = "[" * 100_000
    error(caller.post("/api/transfer", data=deep), 400, "Couldn't parse request body")
    some_error(caller.call("PUT", "/api/login", json={}), 405)


def test_forms_that_are_broken(caller):
    content_type, body = forms.encode([forms.Part("file", b"content", "a.txt")], end=False)
    headers = {"Content-Type": content_type}
    some_error(caller.post("/api/upload/private", data=body, headers=headers))
    content_type, body = forms.encode([forms.Part("file", b"content", "a.txt")])
    for broken in (body.replace(b"name=", b"nome="), body.replace(b"a.txt", b"\xff\xfe.txt")):
        some_error(caller.post("/api/upload/private", data=broken, headers=headers))
    assert caller.files() == []


def test_wrong_types_everywhere(caller):
    """Nothing is a 500, and everything is in the document's shape."""
    values = [None, True, 0, -1, 1.5, 10**400, "", "x", [], [[]], {}, {"a": 1}]
    calls = {
        "/api/register": ("username", "password"),
        "/api/login": ("username", "password"),
        "/api/refresh_token": ("accessToken",),
        "/api/create_group": ("group_name",),
        "/api/transfer": ("data",),
    }
    for path, fields in calls.items():
        for field in fields:
            for value in values:
                body = {name: "12345678" for name in fields}
                body[field] = value
                reply = caller.post(path, data=json.dumps(body), headers={"Content-Type": "application/json"})
                assert reply.status_code in (200, 400, 401, 404), (path, body, reply.text)
                assert reply.json()["status"] in ("success", "error")
