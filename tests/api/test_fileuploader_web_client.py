"""File Uploader's own front-end: how it keeps a log-in, shares a group, and uploads."""

import base64
import json
import time

import pytest

from harness import forms
from harness.fileuploader import INVALID, NOT_FOUND, FileUploader, auth_error, done, error

EARLY = 3 * 86400  # seconds before the end at which it asks for a new token


@pytest.fixture
def caller(shared):
    return FileUploader.registered(shared)


@pytest.fixture
def guest(shared):
    return FileUploader(shared)


def claims(token):
    """As the front-end reads them, without looking at the signature."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def is_fresh(token):
    return int(claims(token)["ExpiresAt"]) - EARLY > time.time()


def refresh(caller, token):
    return caller.post("/api/refresh_token", json={"accessToken": token})


@pytest.mark.parametrize("bot, days", [(None, 5), ("true", 180)])
def test_a_token_says_when_it_ends(shared, bot, days):
    caller = FileUploader.registered(shared, bot=bot)
    have = claims(caller.token)
    assert have["ExpiresAt"] == have["exp"] == have["iat"] + days * 86400
    assert is_fresh(caller.token)
    # Every log-in's does, whatever API gave it: the front-end may be handed any.
    native = shared.user()
    assert claims(native.token)["ExpiresAt"] == claims(native.token)["exp"]
    assert "ExpiresAt" not in claims(native.refresh_token)


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", ""])
def test_a_token_is_renewed_with_and_without_its_scheme(caller, scheme):
    renewed = done(refresh(caller, scheme + caller.token))["accessToken"]
    assert renewed.count(".") == 2 and is_fresh(renewed)
    auth_error(caller.get("/api/get_groups"), NOT_FOUND)
    caller.become(renewed)
    assert caller.groups() == []


@pytest.mark.parametrize("token", ["Bearer ", "Bearer", "Bearer Bearer x", "Basic x", "Bearer\tx", "null", "Bearer null"])
def test_what_is_no_token_is_not_renewed(caller, token):
    auth_error(refresh(caller, token), INVALID)


def test_a_log_in_that_has_ended_is_told(launch):
    caller = FileUploader.registered(launch())
    done(caller.post("/api/logout"))
    auth_error(refresh(caller, "Bearer " + caller.token), NOT_FOUND)


def test_uploads_of_whoever_is_logged_out(guest):
    """The front-end sends what it has, which is nothing: `Bearer null`."""
    content_type, body = forms.file_form(b"x", "a.txt")
    headers = {"Content-Type": content_type, "Authorization": "Bearer null"}
    file = done(guest.post("/api/upload/private?include_ext=false", data=body, headers=headers))
    assert (file["synced"], file["auth_error"]) == (False, INVALID)
    # It keeps the reply whole, and hands all of it over once its user has logged in.
    owner = FileUploader.registered(guest.server)
    moved = done(owner.post("/api/transfer", json={"data": [file, {**file, "file_url": "nosuchfile"}]}))
    assert [left["file_url"] for left in moved["unsuccess"]] == ["nosuchfile"]
    assert owner.names() == ["a.txt"]


def test_a_group_that_is_shared_by_its_number(caller, guest):
    """`?share_group=<number>` makes the front-end list that group, with the token that it has."""
    number = caller.group("Friends")
    caller.upload(b"x", "a.txt", group=str(number))
    shown = done(caller.get(f"/api/get_files/{number}"))
    assert shown["username"] == caller.username and shown["is_group_owner"] is True
    assert [file["user_filename"] for file in shown["data"]] == ["a.txt"]
    other = FileUploader.registered(caller.server)
    error(other.get(f"/api/get_files/{number}"), 403, "You are not in the group")
    auth_error(guest.get(f"/api/get_files/{number}", headers={"Authorization": "Bearer null"}), INVALID)
