"""Boxes: what its own web client sends and reads, and how it logs in."""

import base64
import json
import re

import pytest

from harness import boxes, program
from harness.boxes import Boxes, content, expect, fetch, refuse
from harness.client import unique_name

ORIGIN = "https://app.example.com"


@pytest.fixture
def caller(shared):
    return Boxes.registered(shared)


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def test_registration(shared):
    name, email = unique_name(), unique_name("mail") + "@example.com"
    body = {"username": name, "email": email, "password": boxes.PASSWORD, "password_confirm": boxes.PASSWORD}
    made = expect(Boxes(shared).post("/auth/register/", json=body), 201)
    assert (made["username"], made["email"]) == (name, email)
    assert re.fullmatch("[0-9a-f]{40}", made["token"])
    assert claims(made["access"])["token_type"] == "access" and claims(made["refresh"])["token_type"] == "refresh"
    assert claims(made["access"])["user_id"] == made["id"]
    refuse(Boxes(shared).post("/auth/register/", json={**body, "email": "other@example.com"}), 400,
           username=["A user with that username already exists."])
    refuse(Boxes(shared).post("/auth/register/", json={**body, "username": unique_name()}), 400,
           email=["A user with that email already exists."])
    refuse(Boxes(shared).post("/auth/register/", json={**body, "username": unique_name(), "password_confirm": "x"}),
           400, password_confirm=["The passwords do not match."])
    # Without the second one, which programs have no use for, and without an address.
    expect(Boxes(shared).post("/auth/register/", json={"username": unique_name(), "password": boxes.PASSWORD}), 201)


def test_log_in(shared, caller):
    nobody = Boxes(shared)
    login = {"username": caller.username, "password": boxes.PASSWORD}
    for body in (login, {"username": caller.email, "password": boxes.PASSWORD},
                 {"email": caller.email, "password": boxes.PASSWORD}):
        begun = expect(nobody.post("/auth/login/", json=body))
        assert begun["user"] == {"id": caller.account["id"], "username": caller.username, "email": caller.email}
        for scheme, token in (("Token", begun["token"]), ("Bearer", begun["access"]), ("token", begun["token"])):
            me = expect(Boxes(shared, token, scheme).get("/auth/me/"))
            assert me["username"] == caller.username, scheme
    reply = nobody.call("POST", shared.url + "/api-token-auth/", json=login)
    assert set(expect(reply)) == {"token"} and reply.headers["Cache-Control"] == "no-store"
    assert expect(Boxes(shared, reply.json()["token"]).get("/auth/me/"))["id"] == caller.account["id"]
    wrong = {**login, "password": "wrong horse 7"}
    refuse(nobody.post("/auth/login/", json=wrong), 401,
           {"detail": "No active account found with the given credentials"})
    refuse(nobody.call("POST", shared.url + "/api-token-auth/", json=wrong), 400,
           non_field_errors=["Unable to log in with provided credentials."])
    refuse(nobody.call("POST", shared.url + "/api-token-auth/", json={}), 400,
           username=boxes.REQUIRED, password=boxes.REQUIRED)


def test_me(shared, caller):
    me = expect(caller.get("/auth/me/"))
    assert me == {
        "id": caller.account["id"], "username": caller.username, "email": caller.email,
        "quota": {"max_projects": me["quota"]["max_projects"], "used_projects": 0,
                  "max_boxes_per_project": me["quota"]["max_boxes_per_project"],
                  "max_assets_per_box": me["quota"]["max_assets_per_box"]},
    }
    assert all(isinstance(value, int) for value in me["quota"].values())
    caller.project()
    assert expect(caller.get("/auth/me/"))["quota"]["used_projects"] == 1


def test_refresh(shared, caller):
    nobody = Boxes(shared)
    fresh = expect(nobody.post("/auth/token/refresh/", json={"refresh": caller.refresh}))
    assert set(fresh) == {"access"}
    expect(Boxes(shared, fresh["access"], "Bearer").get("/auth/me/"))
    # The client keeps the one of its log-in.
    expect(nobody.post("/auth/token/refresh/", json={"refresh": caller.refresh}))
    for wrong, detail in ((caller.access, "Token has wrong type"), ("x", "Token is invalid or expired"),
                          (caller.token, "Token is invalid or expired")):
        refuse(nobody.post("/auth/token/refresh/", json={"refresh": wrong}), 401,
               {"detail": detail, "code": "token_not_valid"})


def test_a_key_is_good_everywhere_and_ends_with_its_session(shared, caller):
    native = boxes.Api(shared.root, token=caller.token)
    assert native.get("/users/me").json()["data"]["username"] == caller.username
    twin = Boxes(shared, expect(Boxes(shared).post(
        "/auth/login/", json={"username": caller.username, "password": boxes.PASSWORD}))["token"])
    assert twin.token != caller.token
    assert native.post("/auth/logout").status_code == 200
    refuse(caller.get("/auth/me/"), 401, {"detail": "Invalid token."})
    expect(twin.get("/auth/me/"))
    # One digit another: of the number, and of the rest.
    for at in (11, 12, 39):
        forged = twin.token[:at] + ("0" if twin.token[at] != "0" else "1") + twin.token[at + 1 :]
        refuse(Boxes(shared, forged).get("/auth/me/"), 401, {"detail": "Invalid token."})
    refuse(Boxes(shared, twin.token.upper()).get("/auth/me/"), 401, {"detail": "Invalid token."})
    done = program.run("user", "disable", caller.username, "--data", shared.data)
    assert done.returncode == 0, done.stderr
    refuse(twin.get("/auth/me/"), 401, {"detail": "User inactive or deleted."})
    refuse(Boxes(shared).post("/auth/login/", json={"username": caller.username, "password": boxes.PASSWORD}), 401,
           {"detail": "No active account found with the given credentials"})


def test_a_key_outlives_a_restart(launch):
    server = launch()
    caller = Boxes.registered(server)
    server.restart()
    expect(Boxes(server, caller.token).get("/auth/me/"))


def test_credentials_that_are_none(shared):
    refuse(Boxes(shared).get("/auth/me/"), 401, boxes.NO_CREDENTIALS)
    for field, detail in (("Token", "Invalid token header."), ("Token a b", "Invalid token header."),
                          ("Token x", "Invalid token.")):
        refuse(Boxes(shared).get("/auth/me/", headers={"Authorization": field}), 401, {"detail": detail})
    told = refuse(Boxes(shared, "x", "Bearer").get("/auth/me/"), 401)
    assert told["code"] == "token_not_valid"


@pytest.mark.local
def test_its_way_through_a_project(launch):
    """From another origin: log in, make a project with boxes, upload, order, choose, approve, delete."""
    server = launch({"cors.origins": ORIGIN})
    client = Boxes(server)
    client.session.headers["Origin"] = ORIGIN

    def welcome(reply):
        assert reply.headers["Access-Control-Allow-Origin"] == ORIGIN, reply.headers
        return reply

    preflight = client.call("OPTIONS", "/boxes/1/upload/", headers={
        "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"})
    assert welcome(preflight).status_code == 204
    assert "authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]

    account = {"username": "ada", "email": "ada@example.com", "password": boxes.PASSWORD,
               "password_confirm": boxes.PASSWORD}
    tokens = expect(welcome(client.post("/auth/register/", json=account)), 201)
    client.session.headers["Authorization"] = "Bearer " + tokens["access"]
    assert expect(welcome(client.get("/auth/me/")))["quota"]["used_projects"] == 0
    project = expect(client.post("/projects/", json={"name": "Film", "aspect_ratio": "9:16"}), 201)
    made = [expect(client.post("/boxes/", json={"project": project["id"], "name": f"Scene {n}", "order_index": n}), 201)
            for n in range(3)]
    order = [made[2]["id"], made[0]["id"], made[1]["id"]]
    assert expect(client.post("/boxes/reorder/", json={"box_ids": order})) == {"status": "ok"}
    listed = expect(client.get("/boxes/", params={"project": project["id"]}))
    assert [box["id"] for box in listed] == order
    box = order[0]
    assets = [client.upload(box, f"{n}.jpg") for n in range(2)]
    assert [asset["source_type"] for asset in assets] == ["UPLOADED"] * 2
    expect(client.post("/assets/reorder/", json={"asset_ids": [assets[1]["id"], assets[0]["id"]]}))
    assert [asset["id"] for asset in client.assets(box)] == [assets[1]["id"], assets[0]["id"]]
    expect(client.post(f"/boxes/{box}/set_headliner/", json={"asset_id": assets[1]["id"]}))
    expect(client.post(f"/assets/{assets[0]['id']}/favorite/", json={}))
    expect(client.patch(f"/boxes/{box}/", json={"status": "APPROVED"}))
    shown = expect(client.get(f"/projects/{project['id']}/"))
    assert (shown["boxes_count"], shown["boxes_approved_count"]) == (3, 1)
    picture = welcome(fetch(assets[1]["file_url"], headers={"Origin": ORIGIN}))
    assert picture.headers["Cache-Control"] == "public, max-age=86400"
    # The access token has to be made anew some time.
    fresh = expect(welcome(client.post("/auth/token/refresh/", json={"refresh": tokens["refresh"]})))
    client.session.headers["Authorization"] = "Bearer " + fresh["access"]
    expect(client.delete(f"/assets/{assets[0]['id']}/"), 204)
    expect(client.delete(f"/boxes/{order[1]}/"), 204)
    expect(client.delete(f"/projects/{project['id']}/"), 204)
    assert expect(client.get("/projects/")) == [] and client.assets() == []
    refused = welcome(Boxes(server).get("/projects/", headers={"Origin": ORIGIN}))
    refuse(refused, 401, boxes.NO_CREDENTIALS)
    stranger = Boxes(server).get("/projects/", headers={"Origin": "https://evil.example.com"})
    assert "Access-Control-Allow-Origin" not in stranger.headers


@pytest.mark.local
def test_deleting_the_account(shared, caller):
    asset = caller.upload(caller.box()["id"], generation_config='{"a": 1}')
    native = caller.native()
    assert native.delete("/users/me", json={"password": boxes.PASSWORD}).status_code == 200
    refuse(caller.get("/auth/me/"), 401)
    assert fetch(asset["file_url"]).status_code == 404


@pytest.mark.local
def test_below_a_path(below):
    """`file_url` has the path of the public address."""
    caller = Boxes.registered(below)
    data = content("png")
    asset = caller.upload(caller.box()["id"], "a.png", data)
    assert asset["file_url"].startswith(below.url + "/uploads/")
    assert fetch(asset["file_url"]).content == data
    page = expect(caller.get("/assets/?page=1&page_size=1"))
    assert page["next"] is None
