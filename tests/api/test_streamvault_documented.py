"""Every request of the StreamVault document, as it shows it, with the reply it shows."""

import re

import pytest

from harness import forms
from harness.client import unique_name
from harness.streamvault import StreamVault, expect, fetch, is_time, is_uuid


@pytest.fixture
def caller(shared):
    return StreamVault.registered(shared)


@pytest.fixture(params=["/", ""], ids=["slash", "no slash"])
def end(request):
    return request.param


def shows(reply, documented):
    """The documented fields with the documented types; the order is nobody's business."""
    for name, value in documented.items():
        assert name in reply, (name, reply)
        if isinstance(value, str) and name != "folder":
            assert isinstance(reply[name], str), (name, reply)
        else:
            assert type(reply[name]) in (type(value), type(None)), (name, reply)


def test_chunk_upload(caller, end):
    reply = caller.post("/api/v3/chunk_init" + end, json={"file_name": "example.mp4", "total_chunks": 5})
    begun = expect(reply, 201)
    assert is_uuid(begun["upload_id"])
    assert begun["message"] == "Upload session initialized successfully"
    for number in range(1, 6):
        reply = caller.send_form(
            [
                forms.Part("upload_id", begun["upload_id"].encode()),
                forms.Part("chunk_number", str(number).encode()),
                forms.Part("file", b"%d" % number * 1000, "blob"),
            ],
            "/api/v3/chunk_upload" + end,
        )
        assert expect(reply)["message"] == f"Chunk {number} uploaded successfully"
    reply = caller.post("/api/v3/chunk_complete" + end, json={"upload_id": begun["upload_id"]})
    done = expect(reply)
    shows(done, {"file_id": 15, "file_name": "example.mp4", "message": "File successfully assembled"})
    assert done["file_name"] == "example.mp4"
    assert done["message"] == "File successfully assembled"


def test_folders(caller, end):
    wanted = {"name": "Music", "description": "My favorite tracks"}
    made = expect(caller.post("/api/v3/folders" + end, json=wanted), 201)
    shows(made, {"id": 1, "name": "Music", "token": "", "message": ""})
    assert made["name"] == "Music" and is_uuid(made["token"])
    assert made["message"] == "Folder created successfully"

    change = {
        "token": made["token"],
        "name": "Music Updated",
        "description": "Updated folder description",
    }
    changed = expect(caller.put("/api/v3/folders/update" + end, json=change))
    assert changed == {"message": "Folder updated successfully"}

    view = expect(StreamVault(caller.server).get(f"/api/v3/folders/{made['token']}{end}"))
    assert view["id"] == made["id"]
    assert view["name"] == "Music Updated"
    assert view["description"] == "Updated folder description"
    assert view["files"] == [] and view["subfolders"] == []


def test_files(caller, end):
    folder = caller.folder("Music")
    file = caller.upload(b"x" * 1000, "example.mp4")
    moved = caller.post(
        "/api/v3/files_move" + end,
        json={"file_id": file["file_id"], "folder_token": folder["token"]},
    )
    assert expect(moved) == {"message": "File moved successfully"}

    view = expect(StreamVault(caller.server).get(f"/api/v3/files/{file['token']}{end}"))
    assert view["id"] == file["file_id"]
    assert view["file_name"] == "example.mp4"
    assert view["folder"] == "Music"
    assert view["size"] == "1000 B"
    assert is_time(view["created_at"])

    reply = caller.send_form(
        [forms.Part("file", b"y" * 2 * 1024 * 1024, "other.bin")],
        f"/api/v3/files/replace/{file['file_id']}{end}",
        "PUT",
    )
    assert expect(reply) == {"message": "File replaced successfully"}

    caller.upload(b"z", "song.mp3")
    listed = expect(caller.get("/api/v3/all_files" + end))
    assert [(one["file_name"], one["folder"], one["size"]) for one in listed] == [
        ("example.mp4", "Music", "2 MB"),
        ("song.mp3", None, "1 B"),
    ]
    assert all(isinstance(one["id"], int) for one in listed)


def test_the_fields_beside_the_documented_ones(caller):
    file = caller.upload(b"\xff\xd8\xff\xe0 picture", "p.jpg")
    for view in (caller.files()[0], caller.file(file["token"])):
        assert is_uuid(view["uuid"]) and is_uuid(view["token"]) and view["uuid"] != view["token"]
        assert (view["file_type"], view["media_type"]) == ("image", "image/jpeg")
        assert view["bytes"] == len(b"\xff\xd8\xff\xe0 picture")
        assert fetch(view["view_url"]).content == b"\xff\xd8\xff\xe0 picture"
        shown = fetch(view["download_url"])
        assert shown.content == b"\xff\xd8\xff\xe0 picture"
        assert shown.headers["Content-Disposition"].startswith("inline")
        kept = fetch(view["download_url"] + "?download=1")
        assert kept.headers["Content-Disposition"].startswith("attachment")


def test_qr(caller, end):
    folder = caller.folder()
    reply = expect(StreamVault(caller.server).get(f"/api/v3/qr/{folder['token']}{end}"))
    base = caller.server.url + "/storage/media/qr/"
    assert reply["qr_url"].startswith(base) and reply["qr_url"].endswith(".png")
    image = fetch(reply["qr_url"])
    assert image.headers["Content-Type"] == "image/png"
    assert image.content.startswith(b"\x89PNG\r\n\x1a\n")


def test_accounts(shared, end):
    caller = StreamVault(shared)
    email, username = unique_name("user") + "@example.com", unique_name("user")
    account = {"email": email, "username": username, "password": "securePassword123"}
    made = expect(caller.post("/api/v5/register" + end, json=account), 201)
    assert made == {
        "id": made["id"],
        "email": email,
        "username": username,
        "message": "User registered successfully",
    }
    assert isinstance(made["id"], int)

    login = {"email": email, "password": "securePassword123"}
    tokens = expect(caller.post("/api/v5/login" + end, json=login))
    assert {"access", "refresh", "message"} <= set(tokens)
    assert tokens["message"] == "Login successful"
    for kind in ("access", "refresh"):
        assert re.fullmatch(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", tokens[kind])

    me = expect(StreamVault(shared, tokens["access"]).get("/api/v5/me" + end))
    assert set(me) == {"id", "email", "username", "date_joined"}
    assert (me["id"], me["email"], me["username"]) == (made["id"], email, username)
    assert is_time(me["date_joined"])


@pytest.fixture(params=["/storage/api/v4", "/api/v4"])
def v4(request, shared):
    return shared.url + request.param


def test_version_4_files(caller, v4, end):
    folder = caller.folder("Inside")
    data = b"ID3\x03" + b"\0" * (1048576 - 4)
    file = caller.upload(data, "old.mp3")
    change = {"name": "new_file_name.mp3", "folder": folder["uuid"]}
    changed = expect(caller.put(f"{v4}/files/{file['uuid']}/update{end}", json=change))
    day = file["created_at"][:10].replace("-", "/")
    assert changed == {
        "id": file["uuid"],
        "name": "new_file_name.mp3",
        "token": file["token"],
        "file_type": "audio",
        "folder": folder["uuid"],
        "file": f"uploads/{day}/{file['uuid']}_new_file_name.mp3",
        "size": 1048576,
    }
    assert fetch(f"{caller.server.url}/storage/media/{changed['file']}").content == data
    removed = expect(caller.delete(f"{v4}/files/{file['uuid']}/delete{end}"))
    assert removed == {"message": "Файл успешно удалён"}
    assert caller.files() == []


def test_version_4_folders(caller, v4, end):
    parent, folder = caller.folder("Parent"), caller.folder("Folder")
    for wanted in (parent["uuid"], None):
        change = {"name": "New Folder Name", "parent": wanted}
        changed = expect(caller.put(f"{v4}/folders/{folder['uuid']}/update{end}", json=change))
        assert changed == {
            "id": folder["uuid"],
            "name": "New Folder Name",
            "token": folder["token"],
            "parent": wanted,
        }
    removed = expect(caller.delete(f"{v4}/folders/{folder['uuid']}/delete{end}"))
    assert removed == {"message": "Папка и все вложения успешно удалены"}
