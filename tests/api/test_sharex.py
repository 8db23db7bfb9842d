"""The uploader file for ShareX: a key of its own in it, good for uploads until it is revoked."""

import re

import pytest

from harness import forms, program
from harness.client import Api
from harness.fileuploader import INVALID, NO_HEADER, NOT_FOUND, FileUploader, auth_error, done, some_error

KEY = r"cfu_[\w-]{43}"


@pytest.fixture
def caller(shared):
    return FileUploader.registered(shared)


@pytest.fixture
def guest(shared):
    return FileUploader(shared)


def uploader_of(caller):
    reply = caller.get("/api/sharex")
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Disposition"] == 'attachment; filename="coffer.sxcu"'
    assert reply.headers["Cache-Control"] == "no-store"
    return reply.json()


def shoot(server, uploader, name="shot.png"):
    """The reply to an upload as the program makes it."""
    content_type, body = forms.encode([forms.Part(uploader["FileFormName"], b"shot", name)])
    headers = {"Content-Type": content_type, **uploader.get("Headers", {})}
    return FileUploader(server).call(uploader["RequestMethod"], uploader["RequestURL"], data=body, headers=headers)


def key_of(uploader):
    return re.fullmatch("Bearer (.*)", uploader["Headers"]["Authorization"]).group(1)


def keys(caller):
    return caller.native().get("/api-keys").json()["data"]


def test_the_whole_round(caller, guest, shared):
    for one, synced in ((guest, False), (caller, True)):
        uploader = uploader_of(one)
        # As ShareX reads it.
        assert int(uploader["Version"].split(".")[0]) >= 14
        assert uploader["Body"] == "MultipartFormData"
        assert ("Headers" in uploader) is synced
        answer = done(shoot(shared, uploader))
        assert answer["synced"] is synced and answer["auth_error"] == ({} if synced else NO_HEADER)

        def filled(text, values=answer):
            return re.sub(r"\{json:(\w+)\}", lambda field: str(values[field.group(1)]), text)

        program = FileUploader(shared)
        assert program.get(filled(uploader["URL"])).content == b"shot"
        done(program.get(filled(uploader["DeletionURL"])))
        assert program.get(filled(uploader["URL"])).status_code == 404
        failure = program.call("POST", uploader["RequestURL"])
        assert filled(uploader["ErrorMessage"], failure.json()) == "No file uploaded"


def test_it_names_the_public_address(launch):
    server = launch({"public_url": "https://files.example.org"})
    uploader = FileUploader(server).get("/api/sharex").json()
    assert uploader["RequestURL"] == "https://files.example.org/api/upload/private"
    file = FileUploader(server).upload()
    assert file["file_url_full"] == "https://files.example.org/file/" + file["file_url"]


def test_the_key_outlives_every_log_in(launch):
    server = launch({"sessions.access_lifetime": "2s"})
    native = server.user()
    uploader = uploader_of(FileUploader(server, native.token))
    assert re.fullmatch(KEY, key_of(uploader))
    changed = native.patch("/users/me", json={"current_password": native.password, "password": "another horse 8"})
    assert changed.status_code == 200, changed.text
    native.post("/auth/logout")
    answer = done(shoot(server, uploader))
    assert answer["synced"] is True and answer["auth_error"] == {}


def test_it_is_listed_and_revoked(caller, shared):
    first, second = uploader_of(caller), uploader_of(caller)
    listed = keys(caller)
    assert [(key["kind"], key["name"], key["prefix"]) for key in listed] == [
        ("upload", "ShareX", key_of(uploader)[:8]) for uploader in (first, second)
    ]
    assert caller.native().delete(f"/api-keys/{listed[0]['id']}").status_code == 200
    # The document keeps the file, and says that it belongs to nobody, and why.
    answer = done(shoot(shared, first))
    assert (answer["synced"], answer["auth_error"]) == (False, NOT_FOUND)
    assert done(shoot(shared, second))["synced"] is True
    assert caller.names() == ["shot.png"]


def test_without_guests_a_revoked_key_is_refused(launch):
    server = launch({"guests": "off"})
    caller = FileUploader.registered(server)
    uploader = uploader_of(caller)
    caller.native().delete(f"/api-keys/{keys(caller)[0]['id']}")
    auth_error(shoot(server, uploader), NOT_FOUND)


def test_the_key_uploads_and_does_nothing_else(caller, shared):
    group = caller.group()
    key = key_of(uploader_of(caller))
    program = FileUploader(shared, key)
    file = program.upload(b"x", "a.txt", group=str(group))
    assert file["synced"] is True
    for method, path in [
        ("GET", "/api/get_files/private"), ("GET", "/api/get_groups"), ("GET", "/api/login/token"),
        ("POST", "/api/logout"), ("POST", "/api/transfer"), ("POST", "/api/create_group"),
        ("GET", f"/api/generate_invite/{group}"), ("DELETE", f"/api/delete_group/{group}"), ("GET", "/api/sharex"),
    ]:
        auth_error(program.call(method, path), INVALID)
    auth_error(program.post("/api/refresh_token", json={"accessToken": key}), INVALID)
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
        assert Api(shared.root).get("/users/me", headers=headers).status_code == 401
        assert Api(shared.url).get("/storage/api/v3/all_files/", headers=headers).status_code == 401
    assert Api(shared.url).get("/bucket/list", headers={"X-API-MKEY": key}).status_code in (401, 404, 405)
    assert len(keys(caller)) == 1


def test_a_log_in_that_has_ended_gets_no_file_for_guests(caller, guest):
    done(caller.post("/api/logout"))
    auth_error(caller.get("/api/sharex"), NOT_FOUND)
    auth_error(guest.get("/api/sharex", headers={"Authorization": "Bearer x"}), INVALID)


def test_a_look_at_the_link_makes_no_key(caller):
    reply = caller.head("/api/sharex")
    assert reply.status_code == 405 and reply.headers["Allow"] == "GET, OPTIONS"
    assert keys(caller) == []


@pytest.mark.seconds(120)
def test_an_account_has_at_most_a_hundred(caller):
    for _ in range(100):
        uploader_of(caller)
    some_error(caller.get("/api/sharex"), 413)
    caller.native().delete(f"/api-keys/{keys(caller)[0]['id']}")
    uploader_of(caller)


def test_the_command_line_lists_and_revokes_it(launch):
    server = launch()
    caller = FileUploader.registered(server)
    uploader = uploader_of(caller)
    listed = program.run("key", "list", "--data", server.data, "--user", caller.username)
    identity, kind, hint, _scopes, _created, expires, _used, name = listed.stdout.rstrip("\n").split("\t")
    assert (kind, hint, expires, name) == ("upload", key_of(uploader)[:8] + "…", "-", "ShareX")
    gone = program.run("key", "revoke", "--data", server.data, "--user", caller.username, identity)
    assert gone.returncode == 0, gone.stderr
    assert done(shoot(server, uploader))["synced"] is False
