"""StreamVault's folders and files: by every name, moved, replaced, removed, and never another's."""

import pytest

from harness import forms, samples
from harness.client import Api
from harness.streamvault import NO_FILE, NO_FOLDER, REQUIRED, StreamVault, expect, fetch, refuse

NOBODYS = "00000000-0000-4000-8000-000000000000"
BAD_REF = ["Must be a valid id, UUID or token."]


@pytest.fixture
def caller(shared):
    return StreamVault.registered(shared)


@pytest.fixture
def other(shared):
    return StreamVault.registered(shared)


def refs(thing):
    """All that names a thing in a path."""
    return [str(thing.get("file_id", thing["id"] if "id" in thing else None)), thing["uuid"], thing["token"],
            thing["uuid"].upper()]


def test_ids_in_every_form(caller):
    folder, other = caller.folder("a"), caller.folder("b")
    file = caller.upload(b"x", "x.bin")
    for ref in refs(file):
        assert caller.file(ref)["id"] == file["file_id"]
        expect(caller.replace(ref, b"y" + ref.encode()))
        assert fetch(file["view_url"]).content == b"y" + ref.encode()
        for place in refs(folder) + [folder["id"]]:
            body = {"file_id": int(ref) if ref.isdigit() else ref, "folder_token": place}
            expect(caller.put("/api/v3/files_move/", json=body))
            assert caller.file(ref)["folder"] == "a"
            changed = expect(caller.put(f"/api/v4/files/{ref}/update/", json={"name": "n", "folder": None}))
            assert changed["folder"] is None
    for ref in refs(folder):
        assert caller.view(ref)["id"] == folder["id"]
        expect(caller.put("/api/v3/folders/update/", json={"token": ref, "name": "by " + ref}))
        changed = expect(caller.put(f"/api/v4/folders/{ref}/update/", json={"name": "c", "parent": other["id"]}))
        assert changed["parent"] == other["uuid"]
        assert expect(caller.get(f"/api/v3/qr/{ref}/"))["qr_url"].endswith(f"{folder['token']}.png")


def test_two_accounts_do_not_see_each_other(caller, other):
    folder, file = caller.folder(), caller.upload(b"mine")
    assert other.files() == []
    own = other.upload(b"theirs")
    own_folder = other.folder()
    for ref in refs(file):
        refuse(other.replace(ref, b"x"), 404, NO_FILE)
        refuse(other.post("/api/v3/files_move/", json={"file_id": ref, "folder_token": None}), 404, NO_FILE)
        refuse(other.put(f"/api/v4/files/{ref}/update/", json={"name": "x"}), 404, NO_FILE)
        refuse(other.delete(f"/api/v4/files/{ref}/delete/"), 404, NO_FILE)
        for method in ("GET", "POST", "DELETE"):
            refuse(other.call(method, f"/api/v3/share/{ref}/", json={"expires_at": None}), 404, NO_FILE)
    for ref in refs(folder):
        refuse(other.put("/api/v3/folders/update/", json={"token": ref, "name": "x"}), 404, NO_FOLDER)
        refuse(other.put(f"/api/v4/folders/{ref}/update/", json={"name": "x"}), 404, NO_FOLDER)
        refuse(other.delete(f"/api/v4/folders/{ref}/delete/"), 404, NO_FOLDER)
        refuse(other.post("/api/v3/folders/", json={"name": "x", "parent": ref}), 404, NO_FOLDER)
        move = {"file_id": own["file_id"], "folder_token": ref}
        refuse(other.post("/api/v3/files_move/", json=move), 404, NO_FOLDER)
        refuse(other.put(f"/api/v4/files/{own['uuid']}/update/", json={"name": "x", "folder": ref}), 404, NO_FOLDER)
        refuse(other.put(f"/api/v4/folders/{own_folder['uuid']}/update/", json={"parent": ref}), 404, NO_FOLDER)
    for ref in (str(file["file_id"]), file["uuid"]):
        refuse(other.get(f"/api/v3/files/{ref}/"), 404, NO_FILE)
        refuse(other.get(f"/api/v3/qr/{ref}/"), 404, NO_FILE)
    for ref in (str(folder["id"]), folder["uuid"]):
        refuse(other.get(f"/api/v3/folders/{ref}/"), 404, NO_FOLDER)
    # The token is the permission to read, for them too.
    assert other.file(file["token"])["id"] == file["file_id"]
    assert other.view(folder["token"])["id"] == folder["id"]
    assert fetch(file["view_url"]).content == b"mine"
    assert caller.view(folder["token"])["name"] == "Music"


def test_a_file_is_no_folder_and_a_folder_no_file(caller):
    folder, file = caller.folder(), caller.upload()
    for ref in refs(folder):
        refuse(caller.get(f"/api/v3/files/{ref}/"), 404, NO_FILE)
        refuse(caller.replace(ref, b"x"), 404, NO_FILE)
        refuse(caller.put(f"/api/v4/files/{ref}/update/", json={"name": "x"}), 404, NO_FILE)
        refuse(caller.delete(f"/api/v4/files/{ref}/delete/"), 404, NO_FILE)
        refuse(caller.post("/api/v3/files_move/", json={"file_id": ref, "folder_token": None}), 404, NO_FILE)
    for ref in refs(file):
        refuse(caller.get(f"/api/v3/folders/{ref}/"), 404, NO_FOLDER)
        refuse(caller.put(f"/api/v4/folders/{ref}/update/", json={"name": "x"}), 404, NO_FOLDER)
        refuse(caller.delete(f"/api/v4/folders/{ref}/delete/"), 404, NO_FOLDER)
        refuse(caller.post("/api/v3/files_move/", json={"file_id": file["file_id"], "folder_token": ref}), 404, NO_FOLDER)


@pytest.mark.parametrize("ref", ["0", "-1", "x", "1.5", "99999999999999999999", NOBODYS, "%00", "..%2f..", "1%20", "00000000", "💥"])
def test_ids_that_are_none(caller, ref):
    refuse(caller.get(f"/api/v3/files/{ref}/"), 404, NO_FILE)
    refuse(caller.get(f"/api/v3/folders/{ref}/"), 404, NO_FOLDER)
    refuse(caller.get(f"/api/v3/qr/{ref}/"), 404, NO_FILE)
    refuse(caller.replace(ref, b"x"), 404, NO_FILE)
    for version in ("/api/v4", caller.server.url + "/api/v4"):
        refuse(caller.put(f"{version}/files/{ref}/update/", json={"name": "x"}), 404, NO_FILE)
        refuse(caller.delete(f"{version}/files/{ref}/delete/"), 404, NO_FILE)
        refuse(caller.put(f"{version}/folders/{ref}/update/", json={"name": "x"}), 404, NO_FOLDER)
        refuse(caller.delete(f"{version}/folders/{ref}/delete/"), 404, NO_FOLDER)


def test_replace_keeps_everything_but_the_bytes(caller):
    folder = caller.folder()
    file = caller.upload(b"old" * 1000, "a.txt", folder=folder["token"])
    native = caller.native()
    before = caller.file(file["token"])
    new = b"\x89PNG\r\n\x1a\n" + samples.noise(2048)
    expect(caller.replace(file["file_id"], new, "other name.jpg"))
    after = caller.file(file["token"])
    for same in ("id", "uuid", "token", "file_name", "folder", "created_at", "view_url", "share_url"):
        assert after[same] == before[same], same
    assert (after["bytes"], after["size"], after["media_type"]) == (len(new), "2 KB", "image/png")
    assert fetch(file["view_url"]).content == new
    assert caller.used() == len(new)
    assert native.media()[0]["checksum"] == samples.checksum(new)


def test_replace_with_something_wrong(caller):
    file = caller.upload(b"old")
    path = f"/api/v3/files/replace/{file['file_id']}/"
    no_file = ["No file was submitted."]
    refuse(caller.put(path), 400, file=no_file)
    refuse(caller.put(path, json={"file": "x"}), 400, file=None)
    refuse(caller.send_form([forms.Part("data", b"x", "blob")], path, "PUT"), 400, file=no_file)
    refuse(caller.send_form([forms.Part("file", b"x")], path, "PUT"), 400, file=None)
    two = [forms.Part("file", b"x", "blob")] * 2
    refuse(caller.send_form(two, path, "PUT"), 400, file=["Send one file at a time."])
    content_type, body = forms.encode([forms.Part("file", b"new", "blob")], end=False)
    assert expect(caller.put(path, data=body, headers={"Content-Type": content_type}), 400)
    assert expect(caller.put(path, data=b"x", headers={"Content-Type": "text/plain"}), 415)
    assert fetch(file["view_url"]).content == b"old"
    assert caller.used() == 3


def test_folders_in_folders(caller):
    top = caller.folder("top")
    middle = caller.folder("middle", parent=top["token"])
    bottom = caller.folder("bottom", parent=middle["id"], description=None)
    file = caller.upload(b"x", "deep.txt", folder=bottom["uuid"])
    view = caller.view(top["token"])
    assert [one["name"] for one in view["subfolders"]] == ["middle"] and view["files"] == []
    [shown] = caller.view(bottom["token"])["files"]
    assert {**shown, "id": file["file_id"]} == shown and shown["folder"] == "bottom"

    for version in ("/api/v4", caller.server.url + "/api/v4"):
        for below in (top, middle, bottom):
            reply = caller.put(f"{version}/folders/{top['uuid']}/update/", json={"name": "top", "parent": below["uuid"]})
            refuse(reply, 400, parent=["A folder cannot be moved into itself or one of its subfolders."])
    reply = caller.put("/api/v3/folders/update/", json={"token": top["token"], "parent": bottom["token"]})
    refuse(reply, 400, parent=None)

    moved = expect(caller.put(f"/api/v4/folders/{middle['uuid']}/update/", json={"parent": None}))
    assert (moved["parent"], moved["name"]) == (None, "middle")
    assert caller.view(top["token"])["subfolders"] == []
    assert [one["name"] for one in caller.view(middle["token"])["subfolders"]] == ["bottom"]
    expect(caller.put(f"/api/v4/folders/{top['uuid']}/update/", json={"parent": bottom["uuid"]}))
    assert caller.file(file["token"])["folder"] == "bottom"

    expect(caller.delete(f"/api/v4/folders/{middle['uuid']}/delete/"))
    for gone in (top, middle, bottom):
        refuse(caller.get(f"/api/v3/folders/{gone['token']}/"), 404, NO_FOLDER)
    refuse(caller.get(f"/api/v3/files/{file['token']}/"), 404, NO_FILE)
    assert fetch(file["view_url"]).status_code == 404
    assert caller.files() == [] and caller.used() == 0
    refuse(caller.delete(f"/api/v4/folders/{middle['uuid']}/delete/"), 404, NO_FOLDER)


def test_a_folder_changes_in_part(caller):
    folder = caller.folder("a", description="about")
    expect(caller.put("/api/v3/folders/update/", json={"token": folder["token"], "name": "b"}))
    assert (caller.view(folder["id"])["name"], caller.view(folder["id"])["description"]) == ("b", "about")
    for empty in ("", None):
        expect(caller.put("/api/v3/folders/update/", json={"token": folder["token"], "description": empty}))
        assert (caller.view(folder["id"])["name"], caller.view(folder["id"])["description"]) == ("b", "")
    expect(caller.put("/api/v3/folders/update/", data={"token": folder["token"], "name": "by form"}))
    assert caller.view(folder["id"])["name"] == "by form"


NAMES = ["музыка 😀", "..", ".", "a/b", "a\u0000b", "x" * 255, "😀" * 255, " lead", "line\nbreak", "\u202eabc", "<b>", "update"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_folders_and_files(caller, name):
    folder = caller.folder(name)
    assert caller.view(folder["token"])["name"] == name
    inner = caller.folder("inner", parent=folder["token"])
    expect(caller.put(f"/api/v4/folders/{inner['uuid']}/update/", json={"name": name}))
    file = caller.upload(b"x", "plain", folder=folder["token"])
    changed = expect(caller.put(f"/api/v4/files/{file['uuid']}/update/", json={"name": name}))
    assert changed["name"] == name
    view = caller.view(folder["token"])
    assert [one["file_name"] for one in view["files"]] == [name]
    assert [one["name"] for one in view["subfolders"]] == [name]
    assert view["files"][0]["folder"] == name
    address = f"{caller.server.url}/storage/media/{changed['file']}"
    assert fetch(address).content == b"x", changed["file"]
    assert caller.native().media()[0]["filename"] == name


def test_the_same_name_twice(caller):
    one, two = caller.folder("same"), caller.folder("same")
    assert one["id"] != two["id"]
    for folder in (one, two):
        caller.upload(b"1", "a", folder=folder["token"])
        caller.upload(b"2", "a", folder=folder["token"])
        assert [file["file_name"] for file in caller.view(folder["token"])["files"]] == ["a", "a"]
    file = caller.upload(b"3", "a")
    expect(caller.post("/api/v3/files_move/", json={"file_id": file["file_id"], "folder_token": one["token"]}))
    assert len(caller.view(one["token"])["files"]) == 3
    assert caller.view(one["token"])["name"] == caller.view(two["token"])["name"] == "same"


@pytest.mark.parametrize("value", [None, True, 5, 1.5, [], {}, "", "  ", "x" * 256], ids=lambda value: repr(value)[:20])
def test_names_that_are_none(caller, value):
    folder, file = caller.folder(), caller.upload()
    refuse(caller.post("/api/v3/folders/", json={"name": value}), 400, name=None)
    refuse(caller.put("/api/v3/folders/update/", json={"token": folder["token"], "name": value}), 400, name=None)
    refuse(caller.put(f"/api/v4/folders/{folder['uuid']}/update/", json={"name": value}), 400, name=None)
    refuse(caller.put(f"/api/v4/files/{file['uuid']}/update/", json={"name": value}), 400, name=None)


@pytest.mark.parametrize("value", [True, 1.5, [], {}, [1], "x", "-1", 0, -5, 2**64], ids=repr)
def test_references_that_are_none(caller, value):
    folder, file = caller.folder(), caller.upload()
    refuse(caller.post("/api/v3/folders/", json={"name": "a", "parent": value}), 400, parent=BAD_REF)
    refuse(caller.put("/api/v3/folders/update/", json={"token": value, "name": "a"}), 400, token=BAD_REF)
    refuse(caller.put(f"/api/v4/folders/{folder['uuid']}/update/", json={"parent": value}), 400, parent=BAD_REF)
    refuse(caller.put(f"/api/v4/files/{file['uuid']}/update/", json={"folder": value}), 400, folder=BAD_REF)
    move = {"file_id": value, "folder_token": folder["token"]}
    refuse(caller.post("/api/v3/files_move/", json=move), 400, file_id=BAD_REF)
    move = {"file_id": file["file_id"], "folder_token": value}
    refuse(caller.put("/api/v3/files_move/", json=move), 400, folder_token=BAD_REF)


@pytest.mark.parametrize("value", [True, 5, [], {}, "x" * 10_001], ids=lambda value: repr(value)[:20])
def test_descriptions_that_are_none(caller, value):
    refuse(caller.post("/api/v3/folders/", json={"name": "a", "description": value}), 400, description=None)


def test_fields_that_are_missing(caller):
    folder, file = caller.folder(), caller.upload()
    refuse(caller.post("/api/v3/folders/", json={}), 400, name=REQUIRED)
    refuse(caller.put("/api/v3/folders/update/", json={"name": "a"}), 400, token=REQUIRED)
    refuse(caller.put(f"/api/v4/folders/{folder['uuid']}/update/", json={}), 400, name=REQUIRED)
    refuse(caller.put(f"/api/v4/files/{file['uuid']}/update/", json={}), 400, name=REQUIRED)
    refuse(caller.post("/api/v3/files_move/", json={}), 400, file_id=REQUIRED, folder_token=REQUIRED)
    null = ["This field may not be null."]
    refuse(caller.post("/api/v3/files_move/", json={"file_id": None, "folder_token": None}), 400, file_id=null)


def test_moving_out_of_all_folders(caller):
    folder = caller.folder()
    file = caller.upload(b"x", folder=folder["token"])
    expect(caller.post("/api/v3/files_move/", json={"file_id": file["file_id"], "folder_token": None}))
    assert caller.file(file["token"])["folder"] is None
    assert caller.view(folder["token"])["files"] == []


@pytest.mark.parametrize(
    "size, text",
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KB"), (1535, "1 KB"), (1536, "2 KB"), (1024 * 1024 - 1, "1 MB"),
     (1048576, "1 MB"), (1572863, "1 MB"), (1572864, "2 MB")],
)
def test_sizes_for_people(caller, size, text):
    assert caller.upload(b"\0" * size)["size"] == text


def test_long_lists_are_whole(caller):
    native = caller.native()
    folder = caller.folder("many")
    for number in range(12):
        parts = [forms.Part("file", b"%d" % index, f"{number:02}-{index:02}") for index in range(100)]
        assert native.send_form(parts).status_code == 201
    listed = caller.files()
    assert len(listed) == 1200
    assert [one["id"] for one in listed] == sorted(one["id"] for one in listed)
    assert all(one["folder"] is None for one in listed)
    for one in listed[:1010]:
        expect(caller.post("/api/v3/files_move/", json={"file_id": one["id"], "folder_token": folder["id"]}))
    names = [one["file_name"] for one in caller.view(folder["token"])["files"]]
    assert names == sorted(one["file_name"] for one in listed[:1010])
    rest = expect(caller.get(f"/api/v3/folders/{folder['token']}/", params={"files_after": names[-3]}))
    assert [one["file_name"] for one in rest["files"]] == names[-2:]
    after = expect(caller.get("/api/v3/all_files/", params={"after": listed[-2]["id"]}))
    assert [one["id"] for one in after] == [listed[-1]["id"]]
    refuse(caller.get("/api/v3/all_files/", params={"after": "x"}), 400, after=None)


def test_collections_and_native_changes_show(caller):
    """What Media Vault renames is renamed here."""
    file = caller.upload(b"x", "before.txt")
    native = caller.native()
    [media] = native.media()
    assert native.patch(f"/media/{media['id']}", json={"filename": "after.txt"}).status_code == 200
    assert caller.file(file["uuid"])["file_name"] == "after.txt"


def test_the_native_api_needs_credentials_still(shared):
    assert Api(shared.root).get("/media").status_code == 401
