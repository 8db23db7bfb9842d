"""The trash of the native API, seen through every API."""

from harness import samples, shapes
from harness.fileuploader import FileUploader
from harness.quantum import Quantum
from harness.streamvault import StreamVault, fetch


def trash(user, **parameters):
    return shapes.success(user.get("/trash", params=parameters))


def names(user, **parameters):
    return [media["filename"] for media in trash(user, **parameters)]


def test_a_deleted_medium_is_in_the_trash_and_comes_back(user):
    media = user.upload(b"bytes", "a.jpg", title="A title", tags="sea, sun")
    gone = shapes.success(user.delete(f"/media/{media['id']}"))
    assert gone["id"] == media["id"] and gone["deleted"] is True
    until = shapes.moment(gone["restorable_until"])
    assert (until - shapes.moment(media["created_at"])).days == 30
    for method, path in [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/content")]:
        reply = user.call(method, f"/media/{media['id']}{path}", json={} if method == "PATCH" else None)
        shapes.failure(reply, "not_found")
    for parameters in ({}, {"q": "title"}, {"tag": "sea"}, {"type": "image"}):
        reply = user.get("/media", params=parameters)
        assert shapes.success(reply) == [] and reply.json()["meta"]["pagination"]["total"] == 0

    listed = trash(user)
    assert [each["id"] for each in listed] == [media["id"]]
    assert {**listed[0], "restorable_until": 0} == {
        **media, "url": "", "thumbnail_url": "", "deleted_at": listed[0]["deleted_at"], "restorable_until": 0}
    assert (gone["url"], gone["thumbnail_url"]) == ("", ""), "nothing leads to it"
    for path in ("content", "thumbnail", "image?w=100"):
        shapes.failure(user.get(f"/media/{media['id']}/{path}"), "not_found")
    assert shapes.is_time(listed[0]["deleted_at"]) and listed[0]["restorable_until"] == gone["restorable_until"]

    back = shapes.success(user.post(f"/trash/{media['id']}/restore"))
    assert {**back, "updated_at": ""} == {**media, "updated_at": ""}
    assert user.get(media["url"]).content == b"bytes"
    assert trash(user) == []
    assert [each["id"] for each in user.media(tag="sun")] == [media["id"]]
    shapes.failure(user.post(f"/trash/{media['id']}/restore"), "not_found")


def test_a_uuid_names_it_too(user):
    media = user.upload()
    user.delete(f"/media/{media['uuid']}")
    assert shapes.success(user.post(f"/trash/{media['uuid']}/restore"))["id"] == media["id"]
    user.delete(f"/media/{media['id']}")
    assert shapes.success(user.delete(f"/trash/{media['uuid']}")) == {"id": media["id"], "deleted": True}


def test_permanent_leaves_the_trash_out(user):
    for value, stays in [("true", False), ("false", True)]:
        media = user.upload()
        gone = shapes.success(user.delete(f"/media/{media['id']}", params={"permanent": value}))
        assert gone["deleted"] is True and (gone["restorable_until"] is not None) == stays
        assert len(trash(user)) == (1 if stays else 0)
        user.delete("/trash")
    media = user.upload()
    for value in ["perhaps", "1", "0", "True", "yes", ""]:
        reply = user.delete(f"/media/{media['id']}?permanent={value}")
        assert [each["field"] for each in shapes.failure(reply, "validation_error")["details"]] == ["permanent"]
    assert user.get(f"/media/{media['id']}").ok


def test_the_quota_counts_it_and_says_so(launch):
    server = launch({"accounts.quota": 100_000})
    user = server.user()
    media = user.upload(samples.noise(60_000))
    assert user.me()["trashed"] == 0
    user.delete(f"/media/{media['id']}")
    me = user.me()
    assert me["quota"] == 100_000 and me["used"] == me["trashed"] == me["charged_bytes"] > 60_000
    assert me["used_bytes"] == 60_000
    refused = shapes.failure(user.try_upload(samples.noise(60_000)), "quota_exceeded")
    assert "trash" in refused["message"]
    assert shapes.success(user.delete("/trash")) == {"deleted": 1, "freed_bytes": me["charged_bytes"]}
    me = user.me()
    assert (me["used"], me["trashed"], me["charged_bytes"]) == (0, 0, 0)
    user.upload(samples.noise(60_000))


def test_one_or_all_are_removed_for_good(user):
    media = [user.upload(f"{n}".encode(), f"{n}.txt") for n in range(4)]
    for each in media:
        user.delete(f"/media/{each['id']}")
    assert names(user) == ["3.txt", "2.txt", "1.txt", "0.txt"]
    shapes.success(user.delete(f"/trash/{media[1]['id']}"))
    assert names(user) == ["3.txt", "2.txt", "0.txt"]
    for each in (media[1]["id"], "media_99999999", "x", "col_1"):
        shapes.failure(user.delete(f"/trash/{each}"), "not_found")
        shapes.failure(user.post(f"/trash/{each}/restore"), "not_found")
    assert shapes.success(user.delete("/trash"))["deleted"] == 3
    assert trash(user) == [] and shapes.success(user.delete("/trash"))["deleted"] == 0
    shapes.failure(user.post(f"/trash/{media[0]['id']}/restore"), "not_found")


def test_pages(user):
    for n in range(7):
        user.delete(f"/media/{user.upload(b'x', f'{n}.txt')['id']}")
    reply = user.get("/trash", params={"page": 2, "per_page": 3})
    assert [each["filename"] for each in shapes.success(reply)] == ["3.txt", "2.txt", "1.txt"]
    assert reply.json()["meta"]["pagination"] == {
        "total": 7, "count": 3, "per_page": 3, "current_page": 2, "total_pages": 3,
        "links": {"next": "/trash?page=3&per_page=3", "prev": "/trash?page=1&per_page=3"}}
    assert names(user, page=3, per_page=3) == ["0.txt"] and names(user, page=4, per_page=3) == []
    reply = user.get("/trash?page=0&per_page=101")
    assert [each["field"] for each in shapes.failure(reply, "validation_error")["details"]] == ["page", "per_page"]


def test_a_page_of_long_texts_is_whole(user):
    for n in range(40):
        media = user.upload(b"x", f"{n}.txt")
        user.patch(f"/media/{media['id']}", json={"description": "d" * 10_000})
        user.delete(f"/media/{media['id']}")
    assert names(user, per_page=100) == [f"{n}.txt" for n in reversed(range(40))]
    assert names(user, per_page=35, page=2) == ["4.txt", "3.txt", "2.txt", "1.txt", "0.txt"]


def test_it_belongs_to_one_account(user, stranger):
    media = user.upload()
    shapes.failure(stranger.delete(f"/media/{media['id']}"), "not_found")
    user.delete(f"/media/{media['id']}")
    assert trash(stranger) == [] and shapes.success(stranger.delete("/trash"))["deleted"] == 0
    shapes.failure(stranger.post(f"/trash/{media['id']}/restore"), "not_found")
    shapes.failure(stranger.delete(f"/trash/{media['id']}"), "not_found")
    assert len(trash(user)) == 1


def test_a_collection_loses_it(user):
    media = user.upload()
    collection = shapes.success(user.post("/collections", json={"name": "c"}), 201)
    user.post(f"/collections/{collection['id']}/media", json={"media_id": media["id"]})
    user.delete(f"/media/{media['id']}")
    assert shapes.success(user.get(f"/collections/{collection['id']}"))["media_count"] == 0
    back = shapes.success(user.post(f"/trash/{media['id']}/restore"))
    assert back["collections"] == []


def test_no_other_api_and_no_old_link_reaches_it(shared):
    stream = StreamVault.registered(shared)
    native = stream.native()
    folder = stream.folder("Music")
    stream.upload(b"sound", "song.mp3", folder=folder["token"])
    song = stream.files()[0]
    media = native.media()[0]
    shared_url = f"{shared.url}/s/{song['token']}"
    below = f"{shared.url}/s/{folder['token']}"
    assert fetch(f"{shared_url}/content").content == b"sound"
    assert "song.mp3" in fetch(below).text
    native.delete(f"/media/{media['id']}")
    assert fetch(f"{shared_url}/content").status_code == 404
    assert fetch(shared_url).status_code == 404
    assert "song.mp3" not in fetch(below).text
    assert stream.call("GET", f"/api/v4/files/{song['id']}/").status_code == 404

    # In its folder again, with a link that nobody has yet.
    native.post(f"/trash/{media['id']}/restore")
    assert "song.mp3" in fetch(below).text, "what the folder's share shows lies in the folder"
    assert fetch(f"{shared_url}/content").status_code == 404


def test_its_short_link_and_delete_key_end(shared):
    uploader = FileUploader.registered(shared)
    native = uploader.native()
    file = uploader.upload(b"bytes", "note.txt")
    media = native.media()[0]
    assert uploader.fetch(file).content == b"bytes"
    native.delete(f"/media/{media['id']}")
    assert uploader.fetch(file).status_code == 404 and uploader.fetch(file, "/f/").status_code == 404
    assert uploader.files() == []
    native.post(f"/trash/{media['id']}/restore")
    assert uploader.fetch(file).status_code == 404
    uploader.remove(file)
    assert native.get(media["url"]).content == b"bytes", "the old key deletes nothing"
    again = uploader.files()[0]
    assert uploader.fetch(again).content == b"bytes"


def test_deletes_of_other_apis_are_for_good(shared):
    stream = StreamVault.registered(shared)
    stream.upload(b"sound", "song.mp3")
    song = stream.files()[0]
    assert stream.call("DELETE", f"/api/v4/files/{song['id']}/delete/").status_code == 200
    assert stream.native().me()["used"] == 0 and trash(stream.native()) == []
    quantum = Quantum.registered(shared)
    bucket = quantum.bucket()
    quantum.add(bucket, "d", ("f", b"1"))
    media = quantum.native.media()[0]
    token = quantum.token(bucket, "d/f")
    quantum.native.delete(f"/media/{media['id']}")
    assert quantum.fetch(token).status_code == 400
    assert quantum.get(f"/file/get/{bucket}/d/f").status_code == 404
    quantum.native.post(f"/trash/{media['id']}/restore")
    assert quantum.content(bucket, "d/f") == b"1"
    assert quantum.fetch(token).status_code == 400


def test_without_a_trash_deletes_are_for_good(launch):
    server = launch({"trash.retention": "0"})
    user = server.user()
    media = user.upload(b"bytes")
    gone = shapes.success(user.delete(f"/media/{media['id']}"))
    assert gone["deleted"] is True and gone["restorable_until"] is None
    assert trash(user) == [] and user.me()["used"] == 0
    shapes.failure(user.post(f"/trash/{media['id']}/restore"), "not_found")


def test_it_survives_a_restart(launch):
    server = launch()
    user = server.user()
    media = user.upload(b"bytes", "a.txt")
    user.delete(f"/media/{media['id']}")
    server.kill()
    server.start()
    user = user.__class__(server.root, user.username, user.password)
    assert names(user) == ["a.txt"]
    shapes.success(user.post(f"/trash/{media['id']}/restore"))
    assert user.get(f"/media/{media['id']}/content").content == b"bytes"


def test_a_repeated_restore_is_carried_out_once(user):
    media = user.upload(b"bytes", "a.txt")
    user.delete(f"/media/{media['id']}")
    headers = {"Idempotency-Key": "restore-1"}
    first = user.post(f"/trash/{media['id']}/restore", headers=headers)
    assert shapes.success(first)["id"] == media["id"]
    assert user.post(f"/trash/{media['id']}/restore", headers=headers).json() == first.json()
    shapes.failure(user.post(f"/trash/{media['id']}/restore"), "not_found")


def test_only_what_was_seen_is_deleted(user):
    media = user.upload(b"bytes", "a.txt")
    seen = user.get(f"/media/{media['id']}").headers["ETag"]
    user.patch(f"/media/{media['id']}", json={"title": "changed"})
    assert user.delete(f"/media/{media['id']}", headers={"If-Match": seen}).status_code == 412
    assert trash(user) == []
    now = user.get(f"/media/{media['id']}").headers["ETag"]
    assert user.delete(f"/media/{media['id']}", headers={"If-Match": now}).status_code == 200
