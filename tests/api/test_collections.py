"""Collections through the native API."""

import pytest

from harness import shapes


def create(user, name="Summer", **fields):
    return shapes.success(user.post("/collections", json={"name": name, **fields}), 201)


def add(user, collection, *media):
    reply = user.post(f"/collections/{collection['id']}/media", json={"media_ids": [each["id"] for each in media]})
    return shapes.success(reply)


def names(user, collection, **parameters):
    reply = user.get(f"/collections/{collection['id']}/media", params=parameters)
    return [media["filename"] for media in shapes.success(reply)]


def test_a_collection_is_made_read_changed_and_deleted(user):
    made = create(user, "Summer", description="by the sea")
    assert made["id"].startswith("col_") and made["name"] == "Summer" and made["media_count"] == 0
    assert set(made) == {"id", "name", "description", "media_count", "user_id", "created_at", "updated_at"}
    assert shapes.success(user.get(f"/collections/{made['id']}")) == made
    assert shapes.success(user.get("/collections")) == [made]
    changed = shapes.success(user.patch(f"/collections/{made['id']}", json={"name": "Autumn", "description": None}))
    assert (changed["name"], changed["description"]) == ("Autumn", None)
    assert shapes.success(user.delete(f"/collections/{made['id']}")) == {"id": made["id"], "deleted": True}
    for reply in (user.get(f"/collections/{made['id']}"), user.delete(f"/collections/{made['id']}"),
                  user.patch(f"/collections/{made['id']}", json={"name": "x"}),
                  user.get(f"/collections/{made['id']}/media"),
                  user.post(f"/collections/{made['id']}/media", json={"media_ids": ["media_1"]})):
        shapes.failure(reply, "not_found")


def test_media_know_their_collections(user):
    one, two = create(user, "One"), create(user, "Two")
    photo, song, other = (user.upload(name.encode(), name) for name in ("a.jpg", "b.mp3", "c.txt"))
    assert photo["collections"] == []
    assert add(user, one, photo, song)["media_count"] == 2
    by_one = user.post(f"/collections/{two['id']}/media", json={"media_id": photo["uuid"]})
    assert shapes.success(by_one)["media_count"] == 1
    assert shapes.success(user.get(f"/media/{photo['id']}"))["collections"] == [one["id"], two["id"]]
    listed = {media["id"]: media["collections"] for media in shapes.success(user.get("/media"))}
    assert listed == {photo["id"]: [one["id"], two["id"]], song["id"]: [one["id"]], other["id"]: []}
    found = user.get("/media", params={"collection": one["id"]})
    assert {media["id"] for media in shapes.success(found)} == {photo["id"], song["id"]}
    assert found.json()["meta"]["pagination"]["total"] == 2
    images = user.get("/media", params={"collection": one["id"], "type": "image", "q": "a"})
    assert [media["id"] for media in shapes.success(images)] == [photo["id"]]
    for unknown in ("col_999999", "x", ""):
        assert shapes.success(user.get("/media", params={"collection": unknown})) == []
    user.delete(f"/media/{photo['id']}")
    assert shapes.success(user.get(f"/collections/{two['id']}"))["media_count"] == 0
    assert names(user, one) == ["b.mp3"]


def test_the_order_is_that_of_adding_or_by_hand(user):
    collection = create(user)
    media = [user.upload(name.encode(), name) for name in ("b.txt", "a.txt", "c.txt")]
    add(user, collection, *media)
    assert names(user, collection) == ["b.txt", "a.txt", "c.txt"]
    path = f"/collections/{collection['id']}/media/"
    shapes.success(user.patch(path + media[2]["id"], json={"before": media[0]["id"]}))
    assert names(user, collection) == ["c.txt", "b.txt", "a.txt"]
    shapes.success(user.patch(path + media[2]["uuid"], json={"before": None}))
    assert names(user, collection) == ["b.txt", "a.txt", "c.txt"]
    assert names(user, collection, sort="-position") == ["c.txt", "a.txt", "b.txt"]
    assert names(user, collection, sort="filename") == ["a.txt", "b.txt", "c.txt"]
    assert names(user, collection, per_page=2, page=2) == ["c.txt"]
    links = user.get(f"/collections/{collection['id']}/media", params={"per_page": 2}).json()["meta"]["pagination"]
    following = user.get(links["links"]["next"])
    assert [each["filename"] for each in shapes.success(following)] == ["c.txt"]
    assert shapes.success(user.delete(path + media[0]["id"]))["media_count"] == 2
    shapes.failure(user.delete(path + media[0]["id"]), "not_found")
    shapes.failure(user.patch(path + media[0]["id"], json={"before": None}), "not_found")
    assert user.get(f"/media/{media[0]['id']}").status_code == 200
    shapes.failure(user.get("/media", params={"sort": "position"}), "validation_error")


def test_adding_again_is_success_and_adding_anothers_is_not(user, stranger):
    collection = create(user)
    own, theirs = user.upload(b"1", "own.txt"), stranger.upload(b"2", "theirs.txt")
    add(user, collection, own)
    assert add(user, collection, own)["media_count"] == 1
    reply = user.post(f"/collections/{collection['id']}/media", json={"media_ids": [own["id"], theirs["id"]]})
    shapes.failure(reply, "not_found")
    for call in (stranger.get, stranger.delete):
        shapes.failure(call(f"/collections/{collection['id']}"), "not_found")
    shapes.failure(stranger.post(f"/collections/{collection['id']}/media", json={"media_ids": [theirs["id"]]}),
                   "not_found")
    assert shapes.success(stranger.get("/collections")) == []


def test_media_that_are_not_there_are_named_as_they_were_sent(user, stranger):
    collection, own = create(user), user.upload(b"1", "own.txt")
    theirs = stranger.upload(b"2", "theirs.txt")["id"]
    path = f"/collections/{collection['id']}/media"
    add(user, collection, own)
    for missing in ("media_999999", theirs, "media_x", stranger.upload(b"3", "x.txt")["uuid"]):
        for body in ({"media_ids": [own["id"], missing]}, {"media_id": missing}):
            error = shapes.failure(user.post(path, json=body), "not_found")
            assert error["message"] == "There is no such media"
            assert [fault["field"] for fault in error["details"]] == list(body)
        error = shapes.failure(user.patch(f"{path}/{missing}", json={"before": None}), "not_found")
        assert error["details"] == [], "the caller sent no such field"
        assert error["message"].startswith("There is no such media")
        for good, wrong, fields in (
            ([own["id"]], missing, ["media_id"]),
            ([own["id"], missing], own["id"], ["media_ids"]),
            ([missing], missing, ["media_ids", "media_id"]),
        ):
            error = shapes.failure(user.post(path, json={"media_ids": good, "media_id": wrong}), "not_found")
            assert [fault["field"] for fault in error["details"]] == fields
        error = shapes.failure(user.patch(f"{path}/{own['id']}", json={"before": missing}), "not_found")
        assert [fault["field"] for fault in error["details"]] == ["before"]
    outside = user.upload(b"4", "outside.txt")["id"]
    error = shapes.failure(user.patch(f"{path}/{own['id']}", json={"before": outside}), "not_found")
    assert [fault["field"] for fault in error["details"]] == ["before"]
    assert error["message"] == "There is no such media in this collection"
    error = shapes.failure(user.patch(f"{path}/{outside}", json={"before": None}), "not_found")
    assert error["details"] == [] and error["message"] == "There is no such media in this collection"


def test_collections_are_listed_in_pages(user):
    made = [create(user, str(number)) for number in range(45)]
    first = user.get("/collections")
    assert shapes.success(first) == made[:20]
    pages = first.json()["meta"]["pagination"]
    assert (pages["total"], pages["count"], pages["per_page"], pages["total_pages"]) == (45, 20, 20, 3)
    assert pages["links"] == {"next": "/collections?page=2", "prev": None}
    last = user.get("/collections", params={"page": 2, "per_page": 40})
    assert shapes.success(last) == made[40:]
    assert last.json()["meta"]["pagination"]["links"] == {"next": None, "prev": "/collections?page=1&per_page=40"}
    # More than is read at a time.
    assert shapes.success(user.get("/collections", params={"per_page": 100})) == made
    past = user.get("/collections", params={"page": 1_000_000})
    assert shapes.success(past) == [] and past.json()["meta"]["pagination"]["total"] == 45


@pytest.mark.parametrize("path", ["/collections", "/trash", "/shares", "/webhooks/{hook}/deliveries"])
def test_lists_refuse_what_they_do_not_read(user, path):
    if "{hook}" in path:
        hook = user.post("/webhooks", json={"url": "https://example.com/x", "events": ["media.uploaded"]})
        path = path.format(hook=shapes.success(hook, 201)["id"])
    for name, value in (("page", "abc"), ("page", "0"), ("per_page", "101"), ("cursor", "abc")):
        error = shapes.failure(user.get(path, params={name: value}), "validation_error")
        assert [fault["field"] for fault in error["details"]] == [name], (name, value)
    assert shapes.success(user.get(path, params={"page": 1, "per_page": 100})) == []


@pytest.mark.parametrize("body, field", [
    ({}, "name"), ({"name": ""}, "name"), ({"name": 1}, "name"), ({"name": None}, "name"), ({"name": "x" * 256}, "name"),
    ({"name": "a\nb"}, "name"), ({"name": "x", "description": []}, "description"),
    ({"name": "x", "description": "d" * 10_001}, "description"),
])
def test_wrong_fields_of_a_collection(user, body, field):
    error = shapes.failure(user.post("/collections", json=body), "validation_error")
    assert [fault["field"] for fault in error["details"]] == [field]


@pytest.mark.parametrize("body, field", [
    ({}, "media_ids"), ({"media_ids": []}, "media_ids"), ({"media_ids": "media_1"}, "media_ids"),
    ({"media_ids": [1]}, "media_ids"), ({"media_id": 1}, "media_id"), ({"media_id": None}, "media_id"),
])
def test_wrong_fields_of_an_addition(user, body, field):
    collection = create(user)
    error = shapes.failure(user.post(f"/collections/{collection['id']}/media", json=body), "validation_error")
    assert [fault["field"] for fault in error["details"]] == [field]


def test_ids_that_are_none(user):
    for text in ("col_", "col_x", "x", "media_1", "col_99999999999999999999", "col_-1", "%00"):
        shapes.failure(user.get(f"/collections/{text}"), "not_found")
    collection = create(user)
    for text in ("media_", "x", "media_99999999999999999999", "00000000-0000-7000-8000-000000000000"):
        shapes.failure(user.delete(f"/collections/{collection['id']}/media/{text}"), "not_found")


def test_a_collection_of_its_most_media_and_no_more(user):
    """Ten thousand ids fit into one call; each more is told what is wrong."""
    collection = create(user)
    media = user.upload(b"1", "1.txt")
    many = user.post(f"/collections/{collection['id']}/media", json={"media_ids": [media["id"]] * 10_000})
    assert shapes.success(many)["media_count"] == 1
    error = shapes.failure(
        user.post(f"/collections/{collection['id']}/media", json={"media_ids": [media["id"]] * 10_001}),
        "validation_error")
    assert error["details"][0]["field"] == "media_ids"


def test_too_many_collections_of_a_medium_are_a_matter_of_quota(user):
    media = user.upload(b"1", "1.txt")
    made = [create(user, str(number)) for number in range(101)]
    for collection in made[:100]:
        add(user, collection, media)
    path = f"/collections/{made[100]['id']}/media"
    error = shapes.failure(user.post(path, json={"media_id": media["id"]}), "quota_exceeded")
    assert error["message"] == "a file is in at most 100 collections; take it out of one"
    shapes.success(user.delete(f"/collections/{made[0]['id']}/media/{media['id']}"))
    shapes.success(user.post(path, json={"media_id": media["id"]}))
