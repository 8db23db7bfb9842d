"""StreamVault's own web client: what it sends and reads, beside what the document shows."""

import pytest

from harness import forms
from harness.client import unique_name
from harness.streamvault import (
    NO_CREDENTIALS,
    NO_FILE,
    PASSWORD,
    REQUIRED,
    StreamVault,
    expect,
    fetch,
    is_time,
    is_uuid,
    refuse,
)

# As browsers send it for an <img>, and for an address that is opened.
PICTURES = [
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
    "image/webp,image/avif,image/jxl,image/heic,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
]
NAVIGATION = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def caller(shared):
    return StreamVault.registered(shared)


def log_in(caller):
    return expect(caller.post("/api/v5/login/", json={"email": caller.email, "password": PASSWORD}))


def names(reply):
    return [folder["name"] for folder in expect(reply)]


def send_file(caller, name, data, folder):
    """A file as the client sends it: raw chunks, and the folder's id as a string, twice."""
    upload = caller.begin(2, name, folder=str(folder))
    half = len(data) // 2
    for index, chunk in enumerate((data[:half], data[half:])):
        expect(caller.raw_chunk(upload, index, chunk, **{"Content-Type": "application/octet-stream"}))
    return expect(caller.complete(upload, file_name=name, folder_id=str(folder)))


# Log-in.


def test_log_in(caller):
    reply = log_in(caller)
    assert reply["tokens"] == {"access": reply["access"], "refresh": reply["refresh"]}
    assert set(reply["user"]) >= {"id", "email", "username", "date_joined"}
    assert (reply["user"]["email"], reply["user"]["username"]) == (caller.email, caller.username)
    assert reply["root_folder_token"] is None
    client = StreamVault(caller.server, reply["tokens"]["access"])
    assert expect(client.get("/api/v5/me/")) == reply["user"]


def test_the_root_folder_of_a_log_in(caller):
    caller.folder("Zoo", parent=caller.folder("Music")["id"])
    first = caller.folder("Films")
    token = log_in(caller)["root_folder_token"]
    assert token == first["token"]
    assert caller.view(token)["folder"]["name"] == "Films"


# Folders.


def test_the_view_of_a_folder(caller):
    top = caller.folder("Music", parent=None)
    inner = caller.folder("Old", parent=str(top["id"]))
    file = send_file(caller, "a.mp3", b"ID3\x03\0" + bytes(95), top["id"])
    # The client asks without credentials, by token.
    view = expect(StreamVault(caller.server).get(f"/api/v3/folders/{top['token']}/"))
    assert set(view["folder"]) >= {"id", "uuid", "name", "token", "parent", "created_at", "updated_at"}
    assert (view["folder"]["id"], view["folder"]["name"]) == (top["id"], "Music")
    assert view["folder"]["parent"] is None
    [below] = view["subfolders"]
    assert (below["id"], below["name"], below["parent"]) == (inner["id"], "Old", top["id"])
    [shown] = view["files"]
    assert (shown["id"], shown["name"], shown["type"]) == (file["file_id"], "a.mp3", "audio")
    assert shown["file_type"] == "audio" and shown["parent"] == top["id"]
    assert is_time(shown["created_at"]) and is_uuid(shown["token"])
    # What the document shows is there as before.
    assert (view["id"], view["name"], view["description"]) == (top["id"], "Music", "")
    assert shown["file_name"] == "a.mp3" and shown["folder"] == "Music"


def test_the_folders_of_the_start_page(caller, shared):
    made = [caller.folder(name) for name in ("Music", "Films")]
    caller.folder("Below", parent=made[0]["id"])
    for root in ("/storage/api/v4", "/api/v4"):
        listed = expect(caller.get(f"{shared.url}{root}/folders_root/"))
        assert [one["name"] for one in listed] == ["Films", "Music"]
        for one, folder in zip(listed, reversed(made)):
            assert one["id"] == folder["uuid"] and one["token"] == folder["token"]
            assert one["parent"] is None and is_time(one["created_at"]) and is_time(one["updated_at"])
    assert names(StreamVault.registered(shared).get("/api/v4/folders_root/")) == []


def test_many_folders_on_the_start_page(caller):
    wanted = [f"folder {number:03}" for number in range(75)]
    for name in wanted:
        caller.folder(name)
    assert names(caller.get("/api/v4/folders_root/")) == wanted
    assert names(caller.get("/api/v3/folders/")) == wanted[::-1]
    found = names(caller.get("/api/v3/folders_search/?q=folder%2007"))
    assert found == [*wanted[74:69:-1], "folder 007"], "each word is part of the name"


def test_all_folders(caller, shared):
    top = caller.folder("Music")
    caller.folder("Old", parent=top["id"])
    caller.folder("Films")
    listed = expect(caller.get("/api/v3/folders/"))
    assert [(one["name"], one["parent"]) for one in listed] == [("Films", None), ("Old", top["id"]), ("Music", None)]
    assert names(StreamVault.registered(shared).get("/api/v3/folders/")) == []
    # What lies in a removed folder is not there, though it is cleared away later.
    expect(caller.delete(f"/folders/{top['uuid']}/delete/"))
    assert names(caller.get("/api/v3/folders/")) == ["Films"]
    assert names(caller.get("/api/v3/folders_search/?q=old")) == []


def test_search_for_folders(caller, shared):
    caller.folder("Music")
    caller.folder("Old Музыка", parent=caller.folder("Films")["id"])
    for word, found in [("mus", ["Music"]), ("МУЗ", ["Old Музыка"]), ("m", ["Films", "Music"]), ("zzz", []), ("%", []), ("_", [])]:
        assert sorted(names(caller.post("/api/v3/folders_search/", json={"name": word}))) == found, word
        assert sorted(names(caller.get("/api/v3/folders_search/", params={"q": word}))) == found, word
    assert names(StreamVault.registered(shared).post("/api/v3/folders_search/", json={"name": "mus"})) == []
    refuse(caller.post("/api/v3/folders_search/", json={}), 400, name=REQUIRED)
    refuse(caller.post("/api/v3/folders_search/", json={"name": " "}), 400, name=["This field may not be blank."])
    refuse(caller.get("/api/v3/folders_search/"), 400, name=REQUIRED)
    long = ["Ensure this field has no more than 255 characters."]
    refuse(caller.get("/api/v3/folders_search/", params={"q": "x" * 256, "name": "music"}), 400, q=long)
    refuse(caller.get("/api/v3/folders_search/", params={"q": "music", "name": "x" * 256}), 400, name=long)


def test_the_lists_are_closed_without_guests(launch):
    nobody = StreamVault(launch({"guests": "off"}))
    for path in ("/api/v3/folders/", "/api/v4/folders_root/", "/api/v3/folders_search/?q=x"):
        refuse(nobody.get(path), 401, NO_CREDENTIALS)


# Files.


def test_the_view_of_a_file(caller):
    folder = caller.folder("Music")
    file = send_file(caller, "a.mp3", b"ID3\x03\0" + bytes(95), folder["id"])
    view = expect(StreamVault(caller.server).get(f"/api/v3/files/{file['token']}/"))
    assert (view["name"], view["type"], view["parent"]) == ("a.mp3", "audio", folder["id"])
    # It stands in an <iframe> or an <img>; the other one is fetched and saved.
    for url in (view["download_url"], view["view_url"]):
        shown = fetch(url)
        assert shown.content.startswith(b"ID3") and shown.headers["Content-Disposition"].startswith("inline")


def test_a_file_is_replaced(caller):
    file = caller.upload(b"old", "a.mp3")
    parts = [forms.Part("file", PNG, "b.png", "image/png")]
    for ref in (file["file_id"], file["uuid"], file["token"]):
        reply = expect(caller.send_form(parts, f"/api/v3/files_replace/{ref}/", "PUT"))
        assert reply["message"] == "File replaced successfully"
        assert (reply["name"], reply["file_type"], reply["bytes"]) == ("a.mp3", "image", len(PNG))
        assert (reply["id"], reply["token"]) == (file["file_id"], file["token"])
    assert fetch(file["view_url"]).content == PNG
    refuse(caller.send_form([], f"/api/v3/files_replace/{file['uuid']}/", "PUT"), 400, file=["No file was submitted."])
    refuse(caller.send_form(parts, "/api/v3/files_replace/99999999/", "PUT"), 404, NO_FILE)


def test_previews(caller):
    picture, paper = caller.upload(PNG + bytes(50), "a.png"), caller.upload(b"%PDF-1.4\n", "a.pdf")
    nobody = StreamVault(caller.server)
    shown = expect(nobody.get(f"/api/v3/files_preview/{picture['token']}/"))
    assert shown["view_urls"] == [shown["view_url"]] and shown["name"] == "a.png"
    # Pages of documents are not drawn.
    assert expect(nobody.get(f"/api/v3/files_preview/{paper['token']}/"))["view_urls"] == []
    refuse(nobody.get(f"/api/v3/files_preview/{picture['uuid']}/"), 404, NO_FILE)
    expect(caller.get(f"/api/v3/files_preview/{picture['uuid']}/"))


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_names_are_changed_below_storage(caller, method):
    top = caller.folder("Music")
    inner = caller.folder("Old", parent=top["id"])
    file = caller.upload(b"x", "a.mp3", folder=inner["token"])
    for ref in (file["uuid"], file["file_id"]):
        reply = expect(caller.call(method, f"/files/{ref}/update/", json={"name": "b.mp3"}))
        assert (reply["id"], reply["name"], reply["folder"]) == (file["uuid"], "b.mp3", inner["uuid"])
    for ref in (inner["uuid"], inner["id"]):
        reply = expect(caller.call(method, f"/folders/{ref}/update/", json={"name": "New"}))
        assert (reply["id"], reply["name"], reply["parent"]) == (inner["uuid"], "New", top["uuid"])
    refuse(caller.call(method, f"/folders/{inner['uuid']}/update/", json={}), 400, name=REQUIRED)
    refuse(StreamVault.registered(caller.server).call(method, f"/files/{file['uuid']}/update/", json={"name": "x"}), 404, NO_FILE)


def test_a_folder_is_renamed_where_it_is(caller):
    """The client renames with a null parent, wherever the folder lies."""
    top = caller.folder("Music")
    inner = caller.folder("Old", parent=top["id"])
    path = f"/folders/{inner['id']}/update/"
    assert expect(caller.patch(path, json={"name": "New", "parent": None}))["parent"] == top["uuid"]
    refuse(caller.patch(path, json={"parent": None}), 400, name=REQUIRED)
    # The document's PUT means what it says, and so does an empty text.
    assert expect(caller.put(path, json={"name": "New", "parent": None}))["parent"] is None
    assert expect(caller.patch(path, json={"parent": top["token"]}))["parent"] == top["uuid"]
    assert expect(caller.patch(path, json={"parent": ""}))["parent"] is None

    file = caller.upload(b"x", "a.mp3", folder=top["token"])
    path = f"/files/{file['file_id']}/update/"
    assert expect(caller.patch(path, json={"name": "b.mp3", "folder": None}))["folder"] == top["uuid"]
    assert expect(caller.put(path, json={"folder": None}))["folder"] is None


def test_files_and_folders_are_deleted_below_storage(caller):
    folder = caller.folder("Music")
    file = caller.upload(b"x", "a.mp3", folder=folder["token"])
    assert expect(caller.delete(f"/files/{file['uuid']}/delete/")) == {"message": "Файл успешно удалён"}
    assert expect(caller.delete(f"/folders/{folder['uuid']}/delete/")) == {"message": "Папка и все вложения успешно удалены"}
    refuse(caller.delete(f"/files/{file['uuid']}/delete/"), 404, NO_FILE)
    assert names(caller.get("/api/v3/folders/")) == []


# QR codes.


@pytest.mark.parametrize("accept", PICTURES)
def test_a_qr_code_is_the_picture_for_a_picture(caller, accept):
    folder = caller.folder()
    path = f"/api/v3/qr/{folder['token']}/"
    shown = StreamVault(caller.server).get(path, headers={"Accept": accept})
    assert shown.status_code == 200 and shown.headers["Content-Type"] == "image/png"
    assert shown.content == fetch(expect(caller.get(path))["qr_url"]).content
    drawn = StreamVault(caller.server).get(path + "?format=svg", headers={"Accept": accept})
    assert drawn.headers["Content-Type"] == "image/svg+xml" and b"<svg" in drawn.content
    refuse(caller.get(f"/api/v3/qr/{unique_name()}/", headers={"Accept": accept}), 404, NO_FILE)


@pytest.mark.parametrize("accept", ["*/*", "application/json", NAVIGATION, "application/json, image/png", ""])
def test_a_qr_code_is_a_document_for_all_others(caller, accept):
    folder = caller.folder()
    reply = StreamVault(caller.server).get(f"/api/v3/qr/{folder['token']}/", headers={"Accept": accept})
    assert expect(reply)["qr_url"].endswith(".png") and "Accept" in reply.headers["Vary"]
