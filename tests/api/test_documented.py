"""What the document of the Media Vault API shows, as it shows it."""

import pytest

from harness import program, samples, shapes
from harness.client import Api, unique_name


@pytest.mark.parametrize("prefix", ["/api/v1", "/v1"])
def test_the_first_steps_of_the_document(shared, prefix):
    api = Api(shared.url + prefix)
    email = unique_name("mail") + "@example.com"
    reply = api.post(
        "/auth/register",
        json={"email": email, "username": unique_name(), "password": "yourpassword"},
    )
    account = shapes.user(shapes.success(reply, 201))
    assert account["email"] == email

    reply = api.post("/auth/login", json={"username": email, "password": "yourpassword"})
    data = shapes.success(reply)
    body = reply.json()
    for place in (body, data):
        assert place["token_type"] == "Bearer"
        assert place["expires_in"] == 3600
        assert place["token"].count(".") == 2 and place["token"].startswith("eyJ")
        assert isinstance(place["refresh_token"], str) and place["refresh_token"]
    assert body["token"] == data["token"]

    me = Api(shared.url + prefix, token=body["token"])
    assert shapes.user(shapes.success(me.get("/users/me")))["id"] == account["id"]


def test_the_documented_error(anyone):
    reply = anyone.post(
        "/auth/register",
        json={"email": "not an address", "username": unique_name(), "password": "yourpassword"},
    )
    error = shapes.failure(reply, "validation_error", 400, field="email")
    assert [detail["field"] for detail in error["details"]] == ["email"]


def test_all_fields_at_fault_are_named_at_once(anyone):
    reply = anyone.post("/auth/register", json={"email": "x", "username": "", "password": "short"})
    error = shapes.failure(reply, "validation_error")
    assert {detail["field"] for detail in error["details"]} == {"email", "username", "password"}


@pytest.mark.parametrize("path", ["/auth/login", "/auth/login/"])
def test_a_trailing_slash_makes_no_difference(shared, user, path):
    reply = shared.anyone().post(path, json={"username": user.username, "password": user.password})
    shapes.success(reply)
    assert shapes.success(user.get("/users/me/"))["id"] == shapes.success(user.get("/users/me"))["id"]


def test_media_object(shared, user):
    data = samples.noise(1234)
    thing = shapes.media(
        user.upload(data, "holiday.jpg", title="Sea", description="Low tide", tags="b,a")
    )
    assert thing["filename"] == "holiday.jpg"
    assert thing["type"] == "image" and thing["media_type"] == "image/jpeg"
    assert thing["size"] == 1234 and thing["checksum"] == samples.checksum(data)
    assert thing["title"] == "Sea" and thing["description"] == "Low tide"
    assert thing["tags"] == ["a", "b"]
    assert thing["collections"] == []
    assert thing["thumbnail_url"] == ""
    assert thing["width"] is None and thing["height"] is None and thing["duration"] is None
    assert thing["user_id"] == user.me()["id"]
    assert thing["url"].startswith(shared.url + "/")
    assert user.get(thing["url"]).content == data


def test_pagination_as_documented(user):
    for number in range(5):
        user.upload(b"x", f"{number}.txt")
    reply = user.get("/media?page=2&per_page=2")
    data = shapes.success(reply)
    pagination = reply.json()["meta"]["pagination"]
    links = pagination.pop("links")
    assert len(data) == 2
    assert pagination == {
        "total": 5,
        "count": 2,
        "per_page": 2,
        "current_page": 2,
        "total_pages": 3,
    }
    assert set(links) == {"next", "prev"}
    assert links["next"].startswith("/media?page=3")
    assert links["prev"].startswith("/media?page=1")


# The table "Common Error Codes", row by row.


def test_unauthorized(anyone):
    reply = anyone.get("/users/me")
    shapes.failure(reply, "unauthorized", 401)
    assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def test_forbidden(launch):
    server = launch({"accounts.registration": "closed"})
    reply = server.anyone().post(
        "/auth/register",
        json={"email": "a@example.com", "username": "ann", "password": "yourpassword"},
    )
    shapes.failure(reply, "forbidden", 403)


@pytest.mark.parametrize("path", ["/media/media_999999999", "/nothing", "/media/media_1/nothing"])
def test_not_found(user, path):
    shapes.failure(user.get(path), "not_found", 404)


def test_validation_error(user):
    shapes.failure(user.get("/media?per_page=0"), "validation_error", 400, field="per_page")


def test_rate_limited(launch):
    server = launch({"rate_limits": "on", "limits.anonymous_per_minute": 2})
    for _ in range(2):
        shapes.any_failure(server.anyone().get("/users/me"))
    shapes.failure(server.anyone().get("/users/me"), "rate_limited", 429)


@pytest.mark.local
def test_internal_error(launch):
    """Bytes that the disk has lost are the machine's failure, and tell nothing about the machine."""
    server = launch()
    user = server.user()
    content = samples.noise(3_000_000)
    thing = user.upload(content, "lost.bin")
    user.upload(samples.noise(1_000), "kept.bin")  # a store that holds nothing stops the start
    lost = [
        path
        for path in server.data.rglob("*")
        if path.is_file() and path.stat().st_size == len(content)
    ]
    assert len(lost) == 1
    server.stop_well()
    lost[0].unlink()
    server.start()
    user = Api(server.root, token=user.token)

    reply = user.get(f"/media/{thing['id']}/content")
    error = shapes.failure(reply, "internal_error", 500)
    assert str(server.data) not in reply.text and lost[0].name not in reply.text
    assert error["details"] == []
    identity = shapes.request_id(reply)
    server.wait_for_log(lambda e: e["level"] == "error" and identity in e.values())
    assert user.get(f"/media/{thing['id']}").status_code == 200


# The rows that this product adds.


def test_method_not_allowed(user):
    reply = user.call("PUT", "/media")
    shapes.failure(reply, "method_not_allowed", 405)
    assert {"GET", "HEAD"} <= set(reply.headers["Allow"].replace(" ", "").split(","))


def test_payload_too_large(launch):
    server = launch({"uploads.max_bytes": 1 << 20})
    user = server.user()
    shapes.failure(user.try_upload(bytes((1 << 20) + 1)), "payload_too_large", 413)
    user.upload(bytes(1 << 20))
    assert len(user.media()) == 1


def test_conflict(user, anyone):
    reply = anyone.post(
        "/auth/register",
        json={"email": unique_name() + "@x.org", "username": user.username, "password": "12345678"},
    )
    shapes.failure(reply, "conflict", 409, field="username")


def test_unsupported_media_type(user):
    reply = user.post("/media/upload", json={"file": "x"})
    shapes.failure(reply, "unsupported_media_type", 415)


def test_the_documented_hash(folder):
    """Passwords are hashed with Argon2id, at a cost that hurts who guesses."""
    program.create_user(folder, "ann", "a very long password", settings={"passwords.memory": None})
    stored = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    assert b"$argon2id$v=19$m=65536," in stored
    assert b"a very long password" not in stored
