"""Nobody overwrites what he has not seen; and bytes are replaced."""

import base64
import concurrent.futures
import hashlib
import json
import re
import threading

import pytest

from harness import forms, program, samples, shapes

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 100


def etag(user, path):
    reply = user.get(path)
    assert reply.status_code == 200
    tag = reply.headers["ETag"]
    assert tag.startswith('"') and tag.endswith('"')
    return tag


def path_of(thing):
    return ("/collections/" if thing["id"].startswith("col_") else "/media/") + thing["id"]


@pytest.fixture(params=["media", "collection"])
def thing(request, user):
    if request.param == "media":
        return user.upload(b"bytes", "a.txt")
    return shapes.success(user.post("/collections", json={"name": "a"}), 201)


def failed(reply):
    shapes.failure(reply, "precondition_failed", 412)


def test_the_object_has_a_tag_that_answers_304(user, thing):
    path = path_of(thing)
    tag = etag(user, path)
    assert etag(user, path) == tag
    for field in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        reply = user.get(path, headers={"If-None-Match": field})
        assert (reply.status_code, reply.content, reply.headers["ETag"]) == (304, b"", tag), field
        assert user.head(path, headers={"If-None-Match": field}).status_code == 304
    assert user.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    failed(user.get(path, headers={"If-Match": '"other"'}))


def test_a_change_is_made_only_to_what_was_seen(user, thing):
    path = path_of(thing)
    changes = {"description": "new"}
    old = etag(user, path)
    changed = user.patch(path, json=changes, headers={"If-Match": old})
    shapes.success(changed)
    new = etag(user, path)
    assert changed.headers["ETag"] == new != old
    for method, body in (("PATCH", {"description": "newer"}), ("PATCH", {}), ("DELETE", None)):
        for field in (old, '"x"', f"W/{new}", new.strip('"'), ""):
            failed(user.call(method, path, json=body, headers={"If-Match": field}))
    assert etag(user, path) == new, "nothing of that happened"
    shapes.success(user.patch(path, json={}, headers={"If-Match": new}))
    assert etag(user, path) == new, "a change of nothing is none"
    shapes.success(user.patch(path, json={"description": None}, headers={"If-Match": "*"}))
    shapes.success(user.delete(path, headers={"If-Match": f'"x", {etag(user, path)}'}))
    assert user.delete(path, headers={"If-Match": "*"}).status_code == 404


def test_everything_about_a_medium_changes_its_tag(user):
    media = user.upload(b"bytes", "a.txt")
    path = path_of(media)
    collection = shapes.success(user.post("/collections", json={"name": "a"}), 201)
    listed = f"/collections/{collection['id']}/media"
    seen = [etag(user, path)]
    for change in (
        lambda: user.patch(path, json={"filename": "b.txt"}),
        lambda: user.patch(path, json={"title": "t"}),
        lambda: user.patch(path, json={"tags": ["x"]}),
        lambda: user.post(listed, json={"media_id": media["id"]}),
        lambda: user.put(f"{path}/content", b"other bytes"),
        lambda: user.delete(f"{listed}/{media['id']}"),
    ):
        shapes.success(change())
        seen.append(etag(user, path))
    assert len(set(seen)) == len(seen)


def test_what_is_in_a_collection_changes_its_tag(user):
    media = [user.upload(b"%d" % number)["id"] for number in range(2)]
    collection = shapes.success(user.post("/collections", json={"name": "a"}), 201)
    path = path_of(collection)
    seen = [etag(user, path)]
    shapes.success(user.post(f"{path}/media", json={"media_ids": media}))
    seen.append(etag(user, path))
    shapes.success(user.patch(f"{path}/media/{media[1]}", json={"before": media[0]}))
    seen.append(etag(user, path))
    shapes.success(user.delete(f"/media/{media[0]}"))
    seen.append(etag(user, path))
    assert len(set(seen)) == len(seen)


def test_of_many_at_once_one_change_is_made(user):
    for _ in range(5):
        media = user.upload()
        path = path_of(media)
        tag = etag(user, path)
        users = [user.again() for _ in range(8)]
        start = threading.Barrier(len(users))

        def change(number):
            start.wait()  # noqa: B023
            return users[number].patch(path, json={"title": str(number)}, headers={"If-Match": tag})  # noqa: B023

        with concurrent.futures.ThreadPoolExecutor(len(users)) as pool:
            replies = list(pool.map(change, range(len(users))))
        assert sorted(reply.status_code for reply in replies) == [200] + [412] * 7


def test_what_is_in_a_collection_is_changed_only_as_it_was_seen(user):
    media = [user.upload(b"%d" % number)["id"] for number in range(2)]
    path = path_of(shapes.success(user.post("/collections", json={"name": "a"}), 201))
    seen = etag(user, path)
    for method, below, body in (
        ("POST", "", {"media_ids": media}),
        ("PATCH", f"/{media[1]}", {"before": media[0]}),
        ("DELETE", f"/{media[0]}", None),
    ):
        for field in ('"x"', f"W/{seen}", ""):
            failed(user.call(method, f"{path}/media{below}", json=body, headers={"If-Match": field}))
        assert etag(user, path) == seen, "nothing of that happened"
        old = seen
        changed = user.call(method, f"{path}/media{below}", json=body, headers={"If-Match": seen})
        shapes.success(changed)
        seen = changed.headers["ETag"]
        assert etag(user, path) == seen != old
        if method != "DELETE":
            failed(user.call(method, f"{path}/media{below}", json=body, headers={"If-Match": old}))
    shapes.success(user.post(f"{path}/media", json={"media_id": media[0]}, headers={"If-Match": "*"}))


# A condition that is not looked at must not look like one that was kept.

COMPARED = {
    ("PATCH", "/media/{id}"),
    ("DELETE", "/media/{id}"),
    ("PUT", "/media/{id}/content"),
    ("PATCH", "/collections/{id}"),
    ("DELETE", "/collections/{id}"),
    ("POST", "/collections/{id}/media"),
    ("PATCH", "/collections/{id}/media/{media}"),
    ("DELETE", "/collections/{id}/media/{media}"),
    ("PATCH", "/shares/{id}"),
    ("DELETE", "/shares/{id}"),
    ("PATCH", "/webhooks/{id}"),
    ("DELETE", "/webhooks/{id}"),
    ("PATCH", "/users/me"),
    ("DELETE", "/users/me"),
    ("DELETE", "/api-keys/{id}"),
}


def test_every_other_change_refuses_a_tag(user):
    routes = json.loads(program.run("routes", "--json").stdout)
    others = [
        (route["method"], route["path"].removeprefix("/api/v1"))
        for route in routes
        if route["dialect"] == "mediavault"
        and route["path"].startswith("/api/v1/")
        and "write" in route["scope"]
    ]
    assert set(others) > COMPARED
    for method, path in sorted(set(others) - COMPARED):
        concrete = re.sub(r"\{\w+\}", "1", path)
        for field in ('"x"', '"x", "y"', 'W/"x"', ""):
            failed(user.call(method, concrete, json={}, headers={"If-Match": field}))
    assert user.me()["username"] == user.username, "not even logged out"


def test_a_refused_tag_changes_nothing(user):
    media = user.upload(b"bytes", "a.txt")
    share = shapes.success(user.post(path_of(media) + "/shares", json={}), 201)
    path = f"/shares/{share['id']}"
    stale = {"If-Match": etag(user, path_of(media))}
    failed(user.patch(path, json={"allow_download": False}, headers=stale))
    failed(user.delete(path, headers=stale))
    assert shapes.success(user.get(path)) == share
    trashed = user.upload(b"other", "b.txt")
    shapes.success(user.delete(path_of(trashed)))
    failed(user.delete("/trash", headers=stale))
    failed(user.delete(f"/trash/{trashed['id']}", headers=stale))
    failed(user.post(f"/trash/{trashed['id']}/restore", headers=stale))
    assert [each["id"] for each in shapes.success(user.get("/trash"))] == [trashed["id"]]
    # Any state of what is there, and nothing of what is not.
    anything = {"If-Match": "*"}
    assert shapes.success(user.patch(path, json={"max_downloads": 3}, headers=anything))["max_downloads"] == 3
    shapes.success(user.post(f"/trash/{trashed['id']}/restore", headers=anything))
    shapes.success(user.delete(path, headers=anything))
    shapes.failure(user.delete(path, headers=anything), "not_found")


def made(user, kind):
    if kind == "webhook":
        body = {"url": "https://example.com/a", "events": ["media.uploaded"]}
        return "/webhooks/" + shapes.success(user.post("/webhooks", json=body), 201)["id"]
    media = user.upload(b"bytes", "a.txt")
    return "/shares/" + shapes.success(user.post(path_of(media) + "/shares", json={}), 201)["id"]


def what_is_set(tag):
    """The part of a tag that changes of counts leave as it is."""
    return tag.partition(".")[0]


@pytest.mark.parametrize("kind, changes", [
    ("webhook", {"active": False}), ("share", {"max_downloads": 3}), ("user", {"username": None}),
])
def test_settings_are_changed_only_as_they_were_seen(shared, user, kind, changes):
    path = "/users/me" if kind == "user" else made(user, kind)
    if kind == "user":
        changes = {"username": user.username + "-new"}
    before = user.get(path)
    old = before.headers["ETag"]
    # What others do to it is no change of it.
    user.upload(b"more", "b.txt")
    if kind == "share":
        url = shapes.success(user.get(path))["url"]
        assert shared.anyone().get(url + "/content").status_code == 200
    # It is shown with other counts, sooner or later: for them a copy is out of date.
    now = user.get(path, headers={"If-None-Match": old})
    if kind == "user":
        assert now.status_code == 200 and now.headers["ETag"] != old
    elif now.status_code == 200:
        assert shapes.success(now) != shapes.success(before)
    else:
        assert (now.status_code, now.headers["ETag"]) == (304, old)
    changed = user.patch(path, json=changes, headers={"If-Match": f'"x", {old}'})
    shapes.success(changed)
    new = changed.headers["ETag"]
    assert what_is_set(etag(user, path)) == what_is_set(new) != what_is_set(old)
    for field in (old, f"W/{new}", '"x"'):
        failed(user.patch(path, json=changes, headers={"If-Match": field}))
        if kind != "user":
            failed(user.delete(path, headers={"If-Match": field}))
    assert what_is_set(etag(user, path)) == what_is_set(new)
    shapes.success(user.patch(path, json=changes, headers={"If-Match": "*"}))
    if kind != "user":
        shapes.success(user.delete(path, headers={"If-Match": etag(user, path)}))
        assert user.get(path).status_code == 404


# GETs of bytes, whose conditions their own tests have.
BYTES = {"/media/{id}/content", "/media/{id}/thumbnail", "/media/{id}/image"}


@pytest.fixture
def readable(user):
    """The paths of all GETs of JSON, of things that are there."""
    media = user.upload(b"bytes", "a.txt")
    collection = shapes.success(user.post("/collections", json={"name": "a"}), 201)
    hook = made(user, "webhook")
    share = shapes.success(user.post(path_of(media) + "/shares", json={}), 201)
    shapes.success(user.post("/api-keys", json={"name": "a"}), 201)
    known = {
        "/media/{id}": path_of(media), "/media/{id}/shares": path_of(media) + "/shares",
        "/collections/{id}": path_of(collection), "/collections/{id}/media": path_of(collection) + "/media",
        "/collections/{id}/shares": path_of(collection) + "/shares", "/webhooks/{id}": hook,
        "/webhooks/{id}/deliveries": hook + "/deliveries", "/shares/{id}": f"/shares/{share['id']}",
    }
    routes = json.loads(program.run("routes", "--json").stdout)
    gets = {
        route["path"].removeprefix("/api/v1")
        for route in routes
        if route["dialect"] == "mediavault" and route["path"].startswith("/api/v1/") and route["method"] == "GET"
    }
    return [known.get(path, path) for path in sorted(gets - BYTES)]


def unchanged(user, path, form, method="GET"):
    """The reply to a caller that has what is there. Times of use and of deliveries may change it in between."""
    for _ in range(5):
        tag = etag(user, path)
        reply = user.call(method, path, headers={"If-None-Match": form.format(tag)})
        if reply.headers["ETag"] == tag:
            break
    return tag, reply


def test_every_get_answers_304(user, readable):
    assert {"/users/me", "/api-keys", "/auth/sessions", "/webhooks", "/shares", "/media", "/trash"} < set(readable)
    for path in readable:
        for form in ("{}", '"other", W/{}', "*"):
            tag, reply = unchanged(user, path, form)
            assert (reply.status_code, reply.content, reply.headers["ETag"]) == (304, b"", tag), (path, form)
            assert "no-store" not in reply.headers["Cache-Control"]
            assert unchanged(user, path, form, "HEAD")[1].status_code == 304
        assert user.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
        failed(user.get(path, headers={"If-Match": '"other"'}))


def test_a_list_that_changed_is_sent_again(user):
    for path, add in {
        "/api-keys": lambda: user.post("/api-keys", json={"name": "b"}),
        "/shares": lambda: user.post(path_of(user.upload(b"more", "c.txt")) + "/shares", json={}),
        "/media?q=d": lambda: user.upload(b"d", "d.txt"),
        "/webhooks": lambda: made(user, "webhook"),
    }.items():
        old = etag(user, path)
        add()
        reply = user.get(path, headers={"If-None-Match": old})
        assert reply.status_code == 200 and reply.headers["ETag"] != old, path


def test_a_key_is_revoked_as_it_was_made(user):
    first, second = (user.post("/api-keys", json={"name": name}) for name in ("a", "b"))
    path = f"/api-keys/{shapes.success(first, 201)['id']}"
    for field in (second.headers["ETag"], f"W/{first.headers['ETag']}", '"x"'):
        failed(user.delete(path, headers={"If-Match": field}))
    # Its use is no change of it.
    key = shapes.success(first, 201)["secret"]
    shapes.success(user.get("/users/me", headers={"Authorization": None, "X-API-Key": key}))
    shapes.success(user.delete(path, headers={"If-Match": first.headers["ETag"]}))
    shapes.failure(user.delete(path, headers={"If-Match": "*"}), "not_found")


def test_an_account_is_deleted_as_it_was_seen(shared):
    user = shared.user()
    old = etag(user, "/users/me")
    shapes.success(user.patch("/users/me", json={"username": user.username + "-new"}))
    body = {"password": user.password}
    failed(user.call("DELETE", "/users/me", json=body, headers={"If-Match": old}))
    now = etag(user, "/users/me")
    user.upload(b"bytes", "a.txt")
    shapes.success(user.call("DELETE", "/users/me", json=body, headers={"If-Match": now}))


# Replacing bytes.


def put(user, media, data, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return user.put(f"/media/{media['id']}/content", data, headers=headers)


def content(user, media):
    return user.get(f"/media/{media['id']}/content").content


def test_bytes_are_replaced_and_the_rest_stays(user):
    old = user.upload(b"text", "a.txt", title="t", tags="x")
    reply = put(user, old, b"other text", Content_Type="application/octet-stream")
    new = shapes.success(reply)
    shapes.media(new)
    assert content(user, old) == b"other text"
    assert new["checksum"] == samples.checksum(b"other text") and new["size"] == 10
    for name in ("id", "uuid", "url", "filename", "title", "tags", "created_at", "user_id"):
        assert new[name] == old[name], name
    assert reply.headers["ETag"] == user.head(f"/media/{old['id']}/content").headers["ETag"]
    assert user.me()["used_bytes"] == 10
    assert len(user.media()) == 1


def test_the_type_is_worked_out_anew(user):
    media = user.upload(b"no name says what", "thing")
    assert media["type"] == "other" or media["type"] == "document"
    assert shapes.success(put(user, media, PNG, Content_Type="text/plain"))["media_type"] == "image/png"


def test_bytes_come_as_a_form_too(user):
    media = user.upload(b"old", "a.txt")
    content_type, body = forms.encode(
        [forms.Part("file", b"new", "b.txt"), forms.Part("checksum", samples.checksum(b"new").encode())]
    )
    new = shapes.success(put(user, media, body, Content_Type=content_type))
    assert content(user, media) == b"new" and new["filename"] == "a.txt"
    for parts, field in (
        ([], "file"),
        ([forms.Part("file", b"1", "a"), forms.Part("file", b"2", "a")], "file"),
        ([forms.Part("file", b"1", "a"), forms.Part("checksum", b"x")], "checksum"),
    ):
        content_type, body = forms.encode(parts)
        shapes.failure(put(user, media, body, Content_Type=content_type), "validation_error", field=field)
    content_type, body = forms.encode(
        [forms.Part("file", b"1", "a"), forms.Part("checksum", samples.checksum(b"2").encode())]
    )
    shapes.failure(put(user, media, body, Content_Type=content_type), "checksum_mismatch", 422)
    assert content(user, media) == b"new"


def test_only_the_bytes_that_were_seen_are_replaced(user):
    media = user.upload(b"first")
    tag = user.head(f"/media/{media['id']}/content").headers["ETag"]
    shapes.success(put(user, media, b"second", If_Match=tag))
    for field in (tag, etag(user, path_of(media)), '"x"'):
        failed(put(user, media, b"third", If_Match=field))
    assert content(user, media) == b"second"
    reply = put(user, media, b"third", If_Match=etag(user, path_of(media)))
    error = shapes.failure(reply, "precondition_failed", 412)
    assert "GET /media/{id}/content" in error["message"], "the tag of the object is another's"
    # Other things about it may change meanwhile.
    tag = user.head(f"/media/{media['id']}/content").headers["ETag"]
    shapes.success(user.patch(path_of(media), json={"title": "t"}))
    shapes.success(put(user, media, b"third", If_Match=tag))
    shapes.success(put(user, media, b"fourth", If_Match="*"))


def test_of_many_replacements_at_once_one_is_made(user):
    media = user.upload(b"first")
    tag = user.head(f"/media/{media['id']}/content").headers["ETag"]
    users = [user.again() for _ in range(6)]
    start = threading.Barrier(len(users))

    def replace(number):
        start.wait()
        return put(users[number], media, samples.noise(50_000, seed=number), If_Match=tag)

    with concurrent.futures.ThreadPoolExecutor(len(users)) as pool:
        replies = list(pool.map(replace, range(len(users))))
    assert sorted(reply.status_code for reply in replies) == [200] + [412] * 5
    (winner,) = [number for number, reply in enumerate(replies) if reply.status_code == 200]
    assert content(user, media) == samples.noise(50_000, seed=winner)


def test_a_digest_is_checked_before_bytes_are_replaced(user):
    media = user.upload(b"old")
    named = "sha-256=:" + base64.b64encode(hashlib.sha256(b"new").digest()).decode() + ":"
    for field in ("Content_Digest", "Repr_Digest"):
        shapes.failure(put(user, media, b"now", **{field: named}), "checksum_mismatch", 422)
        assert content(user, media) == b"old"
    shapes.success(put(user, media, b"new", Repr_Digest=named, Content_Digest=named))


def test_the_quota_counts_the_difference(launch):
    server = launch({"accounts.quota": "1MiB"})
    user = server.user()
    media = user.upload(samples.noise(600_000))
    shapes.success(put(user, media, samples.noise(900_000, seed=1)))
    shapes.failure(put(user, media, samples.noise(1_100_000, seed=2)), "quota_exceeded")
    assert user.me()["used_bytes"] == 900_000
    assert content(user, media) == samples.noise(900_000, seed=1)


def test_only_its_owner_replaces_bytes(user, stranger):
    media = user.upload(b"mine")
    assert put(stranger, media, b"yours").status_code == 404
    assert put(user, {"id": "media_999999"}, b"x").status_code == 404
    assert content(user, media) == b"mine"
