"""Who comes without an account: served where the setting says so, and bound to the guests' space."""

import pytest

from harness import samples
from harness.streamvault import (
    BAD_TOKEN,
    NO_CREDENTIALS,
    NO_FILE,
    NO_FOLDER,
    StreamVault,
    expect,
    fetch,
    refuse,
)


@pytest.fixture
def guest(shared):
    return StreamVault(shared)


@pytest.fixture
def owner(shared):
    return StreamVault.registered(shared)


def test_a_guest_does_all_of_versions_3_and_4(guest):
    folder = guest.folder("Guests")
    file = guest.upload(b"from a guest", "g.txt", folder=folder["token"])
    assert file["file_id"] in [one["id"] for one in guest.files()]
    assert [one["file_name"] for one in guest.view(folder["id"])["files"]] == ["g.txt"]
    expect(guest.replace(file["file_id"], b"again"))
    assert fetch(file["view_url"]).content == b"again"
    assert expect(guest.put(f"/api/v4/files/{file['uuid']}/update/", json={"name": "h.txt", "folder": None}))
    expect(guest.delete(f"/api/v4/files/{file['uuid']}/delete/"))
    expect(guest.delete(f"/api/v4/folders/{folder['uuid']}/delete/"))
    refuse(guest.get("/api/v5/me/"), 401, NO_CREDENTIALS)


def test_a_guest_reads_an_accounts_file_by_token_and_changes_nothing(guest, owner):
    folder = owner.folder()
    file = owner.upload(b"mine", folder=folder["token"])
    assert guest.file(file["token"])["file_name"] == "example.mp4"
    assert guest.view(folder["token"])["files"][0]["id"] == file["file_id"]
    expect(guest.get(f"/api/v3/qr/{file['token']}/"))
    for ref in (file["file_id"], file["uuid"], file["token"]):
        refuse(guest.replace(ref, b"x"), 404, NO_FILE)
        refuse(guest.post("/api/v3/files_move/", json={"file_id": ref, "folder_token": None}), 404, NO_FILE)
        refuse(guest.put(f"/api/v4/files/{ref}/update/", json={"name": "x"}), 404, NO_FILE)
        refuse(guest.delete(f"/api/v4/files/{ref}/delete/"), 404, NO_FILE)
    refuse(guest.get(f"/api/v3/files/{file['file_id']}/"), 404, NO_FILE)
    refuse(guest.get(f"/api/v3/folders/{folder['id']}/"), 404, NO_FOLDER)
    refuse(guest.delete(f"/api/v4/folders/{folder['token']}/delete/"), 404, NO_FOLDER)
    body = {"file_name": "x", "total_chunks": 1, "folder": folder["token"]}
    refuse(guest.post("/api/v3/chunk_init/", json=body), 404, NO_FOLDER)
    assert fetch(file["view_url"]).content == b"mine"


def test_an_account_does_not_own_what_guests_left(guest, owner):
    file = guest.upload(b"left here")
    refuse(owner.delete(f"/api/v4/files/{file['uuid']}/delete/"), 404, NO_FILE)
    assert owner.file(file["token"])["file_name"] == "example.mp4"
    assert file["file_id"] not in [one["id"] for one in owner.files()]


BAD_HEADER = {
    "detail": "Authorization header must have the form Bearer <token>.",
    "code": "bad_authorization_header",
}


@pytest.mark.parametrize("form", ["Token {}", "{}", "Bearer\t{}", "JWT {}", "Basic {}", "Bearer:{}", "", "Bearer,{}"])
def test_credentials_that_are_not_understood_make_no_guest(shared, owner, form):
    caller = StreamVault(shared)
    header = {"Authorization": form.format(owner.access)}
    file = owner.upload(b"mine")
    refuse(caller.get("/api/v3/all_files/", headers=header), 401, BAD_HEADER)
    refuse(caller.post("/api/v3/folders/", json={"name": "x"}, headers=header), 401, BAD_HEADER)
    refuse(caller.get(f"/api/v3/files/{file['token']}/", headers=header), 401, BAD_HEADER)


@pytest.mark.parametrize("field", ["X-API-MKEY", "X-API-AKEY"])
def test_another_dialects_credentials_make_no_guest(shared, field):
    refuse(StreamVault(shared).get("/api/v3/all_files/", headers={field: "cfm_x"}), 401, BAD_HEADER)


def test_a_bad_token_makes_no_guest(shared):
    for token in ("rubbish", ""):
        caller = StreamVault(shared)
        header = {"Authorization": f"Bearer {token}"}
        refuse(caller.get("/api/v3/all_files/", headers=header), 401, BAD_TOKEN)
        refuse(caller.post("/api/v3/folders/", json={"name": "x"}, headers=header), 401, BAD_TOKEN)


def test_guests_off(launch):
    server = launch({"guests": "off"})
    guest, owner = StreamVault(server), StreamVault.registered(server)
    folder = owner.folder()
    file = owner.upload(b"mine", "m.txt", folder=folder["token"])
    for reply in (
        guest.post("/api/v3/chunk_init/", json={"file_name": "a", "total_chunks": 1}),
        guest.post("/api/v3/chunk_upload/", data=b"x"),
        guest.post("/api/v3/folders/", json={"name": "x"}),
        guest.get("/api/v3/all_files/"),
        guest.replace(file["token"], b"x"),
        guest.delete(f"/api/v4/files/{file['token']}/delete/"),
        guest.put(server.url + f"/api/v4/files/{file['token']}/update/", json={"name": "x"}),
        guest.get(f"/api/v3/files/{file['file_id']}/"),
        guest.get(f"/api/v3/folders/{folder['id']}/"),
    ):
        refuse(reply, 401, NO_CREDENTIALS)
    # What is read by a capability needs none.
    assert guest.file(file["token"])["file_name"] == "m.txt"
    assert guest.view(folder["token"])["files"][0]["file_name"] == "m.txt"
    expect(guest.get(f"/api/v3/qr/{file['token']}/"))
    refuse(guest.get(f"/api/v3/files/{file['uuid']}/"), 404, NO_FILE)
    for url in (file["view_url"], file["share_url"]):
        assert fetch(url).status_code == 200
    assert fetch(file["view_url"]).content == b"mine"


def test_guests_share_one_quota(launch):
    server = launch({"accounts.guest_quota": "10KiB"})
    guest, owner = StreamVault(server), StreamVault.registered(server)
    guest.upload(samples.noise(8000))
    upload = guest.begin(1)
    assert "detail" in expect(guest.raw_chunk(upload, 0, samples.noise(8000)), 413)
    owner.upload(samples.noise(8000))


def test_what_guests_write_down_counts_in_it(launch):
    server = launch({"accounts.guest_quota": "100KiB"})
    guest, owner = StreamVault(server), StreamVault.registered(server)
    made = 0
    while (reply := guest.post("/api/v3/folders/", json={"name": "f", "description": "d" * 9000})).status_code == 201:
        made += 1
        assert made < 100
    assert "detail" in expect(reply, 413)
    assert made == (100 << 10) // (1024 + 1 + 9000)
    owner.folder("f", description="d" * 9000)


def test_guests_are_off_by_default(launch):
    guest = StreamVault(launch({"guests": None}))
    refuse(guest.get("/api/v3/all_files/"), 401, NO_CREDENTIALS)
    refuse(guest.post("/api/v3/folders/", json={"name": "x"}), 401, NO_CREDENTIALS)


def test_what_guests_make_is_open_to_all_guests(guest, shared):
    """As the document has it: its calls show no credentials."""
    file = guest.upload(b"from a guest", "open.txt")
    another = StreamVault(shared)
    assert file["file_id"] in [one["id"] for one in another.files()]
    expect(another.replace(file["file_id"], b"from another"))
    assert fetch(file["view_url"]).content == b"from another"
    expect(another.delete(f"/api/v4/files/{file['uuid']}/delete/"))
