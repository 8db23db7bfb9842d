"""Every request of the File Uploader document, as it shows it, with the reply it shows."""

import datetime
import re

import pytest

from harness import forms
from harness.client import unique_name
from harness.fileuploader import FileUploader, done, is_key, is_short


@pytest.fixture
def caller(shared):
    return FileUploader.registered(shared)


@pytest.fixture(params=["", "/"], ids=["no slash", "slash"])
def end(request):
    return request.param


def shows(reply, documented):
    """The documented fields with the documented types."""
    for name, value in documented.items():
        assert type(reply[name]) is type(value), (name, reply)


UPLOADED = {
    "status": "success",
    "message": "File uploaded successfully",
    "file_url": "4yn-8yjhsu",
    "file_url_full": "https://fu.andcool.ru/file/4yn-8yjhsu",
    "key": "6b9a1c1b-5594-4cb9-8d49-99a4c28782a1",
    "ext": ".mp4",
    "user_filename": "test.mp4",
    "synced": True,
    "auth_error": {},
}
LISTED = {
    "file_url": "4yn-8yjhsu",
    "file_url_full": "https://fu.andcool.ru/file/4yn-8yjhsu",
    "key": "6b9a1c1b-5594-4cb9-8d49-99a4c28782a1",
    "ext": ".mp4",
    "user_filename": "test.mp4",
    "creation_date": "1.1.1971",
    "synced": True,
}


def test_upload_and_retrieve(caller, end):
    content_type, body = forms.file_form(b"\0video" * 1000, "test.mp4")
    reply = caller.post(
        f"/api/upload/private{end}?include_ext=false", data=body, headers={"Content-Type": content_type}
    )
    file = done(reply)
    shows(file, UPLOADED)
    assert file["message"] == "File uploaded successfully"
    assert is_short(file["file_url"]) and is_key(file["key"])
    assert file["file_url_full"] == f"{caller.root}/file/{file['file_url']}"
    assert (file["ext"], file["user_filename"]) == (".mp4", "test.mp4")
    assert file["synced"] is True and file["auth_error"] == {}
    for path in ("/file/", "/f/"):
        got = caller.get(path + file["file_url"] + end, headers={"Authorization": ""})
        assert got.status_code == 200 and got.content == b"\0video" * 1000
        assert got.headers["Content-Type"] == "video/mp4"
    assert caller.get(file["file_url_full"]).content == b"\0video" * 1000


def test_upload_without_an_account(shared):
    guest = FileUploader(shared)
    file = guest.upload(b"loose", "test.mp4")
    assert file["synced"] is False
    assert file["auth_error"] == {"message": "No Authorization header provided", "errorId": -1}
    assert guest.fetch(file).content == b"loose"


def test_upload_with_the_extension_in_the_address(caller):
    file = caller.upload(b"x", "test.mp4", query="?include_ext=true")
    assert re.fullmatch(r"[A-Za-z0-9_-]{10}\.mp4", file["file_url"]), file
    assert file["file_url_full"].endswith("/file/" + file["file_url"])
    assert caller.fetch(file).content == b"x"
    assert caller.fetch(file["file_url"][:10]).content == b"x"
    assert caller.files()[0]["file_url"] == file["file_url"]


def test_delete(caller, end):
    file = caller.upload()
    done(caller.get(f"/api/delete/{file['file_url']}{end}?key={file['key']}"))
    assert caller.fetch(file).status_code == 404
    assert caller.files() == []


@pytest.mark.parametrize("bot", ["", "?bot=true", "?bot=false"])
def test_register_and_login(shared, end, bot):
    caller = FileUploader(shared)
    body = {"username": "My cool " + unique_name(), "password": "My cool password"}
    for call in ("/api/register", "/api/login"):
        reply = done(caller.post(call + end + bot, json=body))
        assert reply["username"] == body["username"]
        assert reply["message"] == "logged in with password"
        caller.become(reply["accessToken"])
        assert caller.groups() == []


def test_refresh_and_logout(caller, end):
    old = caller.token
    new = done(caller.post("/api/refresh_token" + end, json={"accessToken": old}))["accessToken"]
    assert new != old
    caller.become(new)
    done(caller.post("/api/logout" + end))
    assert caller.get("/api/get_groups").status_code == 401


def test_get_files(caller, end):
    for name in ("test.mp4", "test1.mp4"):
        caller.upload(b"x", name)
    reply = done(caller.get("/api/get_files/private" + end))
    assert reply["message"] == "files got successfully"
    assert reply["username"] == caller.username
    assert type(reply["is_group_owner"]) is bool
    assert [file["user_filename"] for file in reply["data"]] == ["test.mp4", "test1.mp4"]
    today = datetime.datetime.now(datetime.timezone.utc)
    for file in reply["data"]:
        shows(file, LISTED)
        assert file["creation_date"] == f"{today.day}.{today.month}.{today.year}"


def test_transfer(caller, shared, end):
    guest = FileUploader(shared)
    one, other = guest.upload(b"1"), guest.upload(b"2")
    data = [
        {"file_url": one["file_url"], "key": one["key"]},
        {"file_url": other["file_url"], "key": "6b9a1c1b-5594-4cb9-8d49-99a4c28782a1"},
    ]
    reply = done(caller.post("/api/transfer" + end, json={"data": data}))
    assert reply["message"] == "transferred"
    assert reply["unsuccess"] == [data[1]]
    assert [file["file_url"] for file in caller.files()] == [one["file_url"]]


def test_groups(caller, shared, end):
    made = done(caller.post("/api/create_group" + end, json={"group_name": "New group"}))
    assert made["message"] == "created" and made["name"] == "New group"
    group = made["group_id"]
    assert type(group) is int and 10_000_000 <= group <= 99_999_999

    reply = done(caller.get(f"/api/generate_invite/{group}{end}"))
    assert reply["message"] == "created"
    link = reply["invite_link"]
    assert link.startswith(caller.root + "/invite/")
    invite = link.rsplit("/", 1)[1]
    assert re.fullmatch(r"[A-Za-z0-9_-]{15,64}", invite)

    other = FileUploader.registered(shared)
    info = done(other.get(f"/api/invite_info/{invite}{end}"))
    assert (info["message"], info["name"], info["group_id"]) == ("Info got successfully", "New group", group)
    joined = done(other.post(f"/api/join/{invite}{end}"))
    assert (joined["message"], joined["name"], joined["group_id"]) == ("created", "New group", group)

    reply = done(other.get("/api/get_groups" + end))
    assert reply["message"] == "groups got successfully"
    assert reply["groups"] == [{"name": "New group", "group_id": group}]

    file = other.upload(b"shared", "test.mp4", group=group)
    listed = done(caller.get(f"/api/get_files/{group}{end}"))
    shows(listed["data"][0], LISTED)
    assert listed["is_group_owner"] is True
    # The group's key, which ends with the group, and not the uploader's.
    assert is_key(listed["data"][0]["key"]) and listed["data"][0]["key"] != file["key"]
    assert done(other.get(f"/api/get_files/{group}"))["is_group_owner"] is False

    assert done(other.post(f"/api/leave/{group}{end}"))["message"] == "leaved"
    assert other.groups() == []
    assert done(caller.delete(f"/api/delete_group/{group}{end}"))["message"] == "deleted"
    assert caller.groups() == []
    assert other.names() == ["test.mp4"]
