"""Keys of programs through the native API."""

import pytest

from harness import program, shapes
from harness.client import Api


def test_a_key_is_made_used_listed_and_revoked(shared, user):
    made = shapes.success(user.post("/api-keys", json={"name": "backup"}), 201)
    assert made["id"].startswith("key_") and made["name"] == "backup" and made["kind"] == "api"
    assert made["secret"].startswith(made["prefix"]) and len(made["secret"]) > 40
    key = Api(shared.root, key=made["secret"])
    assert key.me()["username"] == user.username

    listed = shapes.success(user.get("/api-keys"))
    used = listed[0].pop("last_used_at")
    assert made.pop("last_used_at") is None and shapes.is_time(used)
    assert listed == [{k: v for k, v in made.items() if k != "secret"}]
    assert made["secret"] not in user.get("/api-keys").text
    done = program.run("key", "list", "--data", shared.data, "--user", user.username)
    assert made["id"] in done.stdout and "backup" in done.stdout

    assert shapes.success(user.delete(f"/api-keys/{made['id']}")) == {"id": made["id"], "deleted": True}
    shapes.failure(key.get("/users/me"), "unauthorized")
    shapes.failure(user.delete(f"/api-keys/{made['id']}"), "not_found")
    assert shapes.success(user.get("/api-keys")) == []


def test_master_keys_are_several_named_and_their_own(shared, user, stranger):
    names = ["one", "two", "Ключ 3", ""]
    made = [
        shapes.success(user.post("/api-keys", json={"name": name, "kind": "master"}), 201)
        for name in names
    ]
    assert len({key["secret"] for key in made}) == len({key["id"] for key in made}) == 4
    listed = shapes.success(user.get("/api-keys"))
    assert [(key["name"], key["kind"]) for key in listed] == [(name, "master") for name in names]
    assert shapes.success(stranger.get("/api-keys")) == []
    shapes.failure(stranger.delete(f"/api-keys/{made[0]['id']}"), "not_found")
    shapes.success(user.delete(f"/api-keys/{made[1]['id']}"))
    bucket = Api(shared.url)
    for number, key in enumerate(made):
        reply = bucket.get("/bucket", headers={"X-API-MKEY": key["secret"]})
        assert reply.status_code == (401 if number == 1 else 200)


def test_a_key_makes_no_keys(shared, user):
    for kind, code, status in (("api", "forbidden", 403), ("master", "unauthorized", 401)):
        secret = shapes.success(user.post("/api-keys", json={"name": "k", "kind": kind}), 201)["secret"]
        key = Api(shared.root, key=secret)
        for reply in (
            key.post("/api-keys", json={"name": "another"}),
            key.get("/api-keys"),
            key.delete("/api-keys/key_1"),
        ):
            shapes.failure(reply, code, status)
    assert len(shapes.success(user.get("/api-keys"))) == 2


@pytest.mark.parametrize(
    "body, field",
    [
        ({}, "name"),
        ({"name": None}, "name"),
        ({"name": 1}, "name"),
        ({"name": ["a"]}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "k", "kind": "application"}, "kind"),
        ({"name": "k", "kind": ""}, "kind"),
        ({"name": "k", "kind": 1}, "kind"),
        ({"name": "k", "kind": None}, "kind"),
    ],
)
def test_faulty_fields(user, body, field):
    failure = shapes.failure(user.post("/api-keys", json=body), "validation_error")
    assert [detail["field"] for detail in failure["details"]] == [field]
    assert shapes.success(user.get("/api-keys")) == []


@pytest.mark.parametrize("identity", ["1", "key_", "key_x", "key_-1", "key_99999999999999999999", "media_1", "key_1x"])
def test_ids_that_are_none(user, identity):
    shapes.failure(user.delete(f"/api-keys/{identity}"), "not_found")


def test_a_key_as_a_bearer_is_told_how_to_come(shared, user):
    made = shapes.success(user.post("/api-keys", json={"name": "k"}), 201)
    failure = shapes.failure(Api(shared.root, token=made["secret"]).get("/users/me"), "unauthorized")
    assert failure["message"] == "This is an API key; send it as X-API-Key: <key>, without Authorization"
    assert Api(shared.root, token="nothing").get("/users/me").json()["error"]["message"] != failure["message"]
    shapes.success(Api(shared.root, key=made["secret"]).get("/users/me"))
