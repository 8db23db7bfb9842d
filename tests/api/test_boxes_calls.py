"""Boxes: projects, boxes, assets and models; two accounts; what other APIs see and do."""

import threading

import pytest

from harness import boxes, streamvault
from harness.boxes import Boxes, content, expect, fetch, refuse


@pytest.fixture
def caller(shared):
    return Boxes.registered(shared)


def names(things):
    return [thing["name"] for thing in things]


def ids(things):
    return [thing["id"] for thing in things]


def test_a_project(caller):
    project = caller.project("Film")
    assert project == {
        "id": project["id"], "name": "Film", "status": "ACTIVE", "status_display": project["status_display"],
        "aspect_ratio": "16:9", "boxes_count": 0, "boxes_approved_count": 0,
        "created_at": project["created_at"], "updated_at": project["created_at"],
    }
    path = f"/projects/{project['id']}/"
    assert caller.show(path) == project and expect(caller.get("/projects/")) == [project]
    changed = expect(caller.patch(path, json={"status": "PAUSED", "aspect_ratio": "9:16"}))
    assert (changed["name"], changed["status"], changed["aspect_ratio"]) == ("Film", "PAUSED", "9:16")
    assert changed["status_display"] != project["status_display"]
    changed = expect(caller.put(path, json={"name": "Another"}))
    assert (changed["name"], changed["status"]) == ("Another", "PAUSED")
    refuse(caller.put(path, json={"status": "ACTIVE"}), 400, name=boxes.REQUIRED)
    caller.box(project["id"], status="APPROVED")
    caller.box(project["id"])
    shown = caller.show(path)
    assert (shown["boxes_count"], shown["boxes_approved_count"]) == (2, 1)
    expect(caller.delete(path), 204)
    refuse(caller.get(path), 404, boxes.NOT_FOUND)
    assert expect(caller.get("/projects/")) == [] and expect(caller.get("/boxes/")) == []


def test_projects_come_newest_first(caller):
    made = [caller.project(f"P{number}")["id"] for number in range(3)]
    assert ids(expect(caller.get("/projects/"))) == made[::-1]


def test_a_box(caller):
    project = caller.project("Film")
    box = caller.box(project["id"], "Scene 1")
    assert box == {
        "id": box["id"], "project": project["id"], "project_name": "Film", "name": "Scene 1", "order_index": 0,
        "status": "DRAFT", "status_display": box["status_display"], "headliner": None, "headliner_url": None,
        "headliner_thumbnail_url": None, "headliner_type": None, "assets_count": 0,
        "created_at": box["created_at"], "updated_at": box["created_at"],
    }
    path = f"/boxes/{box['id']}/"
    assert caller.show(path) == box
    assert caller.box(project["id"], "Scene 1")["order_index"] == 1, "the same name twice, behind the first"
    assert caller.box(project["id"], "Scene 3", order_index=7)["order_index"] == 7
    assert caller.box(project["id"], "Scene 4")["order_index"] == 8
    changed = expect(caller.patch(path, json={"name": "Scene 1b", "status": "REVIEW", "order_index": 9}))
    assert (changed["name"], changed["status"], changed["order_index"]) == ("Scene 1b", "REVIEW", 9)
    listed = expect(caller.get("/boxes/", params={"project": project["id"]}))
    assert names(listed) == ["Scene 1", "Scene 3", "Scene 4", "Scene 1b"]
    assert listed == expect(caller.get(f"/projects/{project['id']}/boxes/"))
    expect(caller.put(path, json={"project": project["id"], "name": "x"}))
    refuse(caller.put(path, json={}), 400, name=boxes.REQUIRED, project=boxes.REQUIRED)
    other = caller.project()["id"]
    refuse(caller.patch(path, json={"project": other}), 400, project=["A box stays in its project."])
    for nowhere in (-1, 777_777):
        refuse(caller.patch(path, json={"project": nowhere}), 400,
               project=[f'Invalid pk "{nowhere}" - object does not exist.'])
    caller.upload(box["id"])
    assert caller.show(path)["assets_count"] == 1
    expect(caller.delete(path), 204)
    refuse(caller.get(path), 404, boxes.NOT_FOUND)
    assert len(expect(caller.get("/boxes/"))) == 3


def test_boxes_of_all_projects(caller):
    first, second = caller.project()["id"], caller.project()["id"]
    made = [caller.box(project, f"{project} {n}")["id"] for n in range(3) for project in (first, second)]
    listed = expect(caller.get("/boxes/"))
    assert ids(listed) == made[0::2] + made[1::2]


def test_the_order_of_boxes(caller):
    project = caller.project()["id"]
    made = [caller.box(project, f"B{number}")["id"] for number in range(5)]
    assert expect(caller.post("/boxes/reorder/", json={"box_ids": made[::-1]})) == {"status": "ok"}
    listed = expect(caller.get("/boxes/"))
    assert ids(listed) == made[::-1] and [box["order_index"] for box in listed] == [0, 1, 2, 3, 4]
    assert caller.box(project)["order_index"] == 5


def test_ids_that_are_not_mine(shared, caller):
    stranger = Boxes.registered(shared)
    foreign_box = stranger.box()["id"]
    foreign_asset = stranger.upload(foreign_box)["id"]
    box = caller.box()["id"]
    asset = caller.upload(box)["id"]
    for wrong in (foreign_box, 10**12, 0, -1, asset):
        refuse(caller.post("/boxes/reorder/", json={"box_ids": [box, wrong]}), 400, boxes.FOREIGN)
    refuse(caller.post("/boxes/reorder/", json={"box_ids": [box, box]}), 400, boxes.FOREIGN)
    for wrong in (foreign_asset, 10**12, 0, -1, box):
        refuse(caller.post("/assets/reorder/", json={"asset_ids": [asset, wrong]}), 400, boxes.FOREIGN)
    message = [f'Invalid pk "{foreign_asset}" - object does not exist.']
    refuse(caller.post(f"/boxes/{box}/set_headliner/", json={"asset_id": foreign_asset}), 400, asset_id=message)
    refuse(caller.patch(f"/assets/{asset}/", json={"parent_asset": foreign_asset}), 400, parent_asset=message)
    project = stranger.show(f"/boxes/{foreign_box}/")["project"]
    refuse(caller.post("/boxes/", json={"project": project, "name": "x"}), 400,
           project=[f'Invalid pk "{project}" - object does not exist.'])
    refuse(caller.patch(f"/assets/{asset}/", json={"box": foreign_box}), 400,
           box=[f'Invalid pk "{foreign_box}" - object does not exist.'])
    calls = [
        ("GET", f"/projects/{project}/"), ("PUT", f"/projects/{project}/"), ("PATCH", f"/projects/{project}/"),
        ("DELETE", f"/projects/{project}/"), ("GET", f"/projects/{project}/boxes/"),
        ("GET", f"/boxes/{foreign_box}/"), ("PUT", f"/boxes/{foreign_box}/"), ("PATCH", f"/boxes/{foreign_box}/"),
        ("DELETE", f"/boxes/{foreign_box}/"), ("GET", f"/boxes/{foreign_box}/assets/"),
        ("POST", f"/boxes/{foreign_box}/set_headliner/"), ("POST", f"/boxes/{foreign_box}/upload/"),
        ("GET", f"/assets/{foreign_asset}/"), ("PUT", f"/assets/{foreign_asset}/"),
        ("PATCH", f"/assets/{foreign_asset}/"), ("DELETE", f"/assets/{foreign_asset}/"),
        ("POST", f"/assets/{foreign_asset}/favorite/"),
    ]
    for method, path in calls:
        refuse(caller.call(method, path, json={} if method != "GET" else None), 404, boxes.NOT_FOUND)
    for query in ({"box": foreign_box}, {"box": 10**15}):
        assert expect(caller.get("/assets/", params=query)) == []
    assert expect(caller.get("/boxes/", params={"project": project})) == []
    assert len(stranger.assets()) == 1 and len(caller.assets()) == 1


def test_a_headliner(caller):
    box = caller.box()["id"]
    asset, other = caller.upload(box, "a.mp4"), caller.upload(caller.box()["id"])
    shown = expect(caller.post(f"/boxes/{box}/set_headliner/", json={"asset_id": asset["id"]}))
    assert (shown["headliner"], shown["headliner_url"], shown["headliner_type"]) == (
        asset["id"], asset["file_url"], "VIDEO")
    assert shown["headliner_thumbnail_url"] == ""
    refuse(caller.post(f"/boxes/{box}/set_headliner/", json={"asset_id": other["id"]}), 400, asset_id=None)
    refuse(caller.post(f"/boxes/{box}/set_headliner/", json={}), 400, asset_id=boxes.REQUIRED)
    assert expect(caller.post(f"/boxes/{box}/set_headliner/", json={"asset_id": None}))["headliner"] is None
    expect(caller.post(f"/boxes/{box}/set_headliner/", json={"asset_id": asset["id"]}))
    expect(caller.delete(f"/assets/{asset['id']}/"), 204)
    shown = caller.show(f"/boxes/{box}/")
    assert (shown["headliner"], shown["headliner_url"], shown["headliner_type"]) == (None, None, None)


@pytest.mark.local
def test_an_asset(caller):
    box = caller.box(name="Scene 1")["id"]
    parent = caller.upload(box)
    asset = caller.upload(
        box, "a.mp4", generation_config='{"steps": 30}', seed="42", source_type="IMG2VID", status="PROCESSING",
        parent_asset=str(parent["id"]), external_task_id="task-1", error_message="late", order_index="5",
    )
    assert asset["generation_config"] == {"steps": 30} and asset["seed"] == 42
    assert (asset["source_type"], asset["status"], asset["parent_asset"]) == ("IMG2VID", "PROCESSING", parent["id"])
    assert (asset["external_task_id"], asset["error_message"], asset["order_index"]) == ("task-1", "late", 5)
    assert asset["status_display"] and asset["source_type_display"]
    assert caller.upload(box)["order_index"] == 6
    path = f"/assets/{asset['id']}/"
    assert caller.show(path) == asset
    change = {
        "prompt_text": "a prompt", "is_favorite": True, "generation_config": {"a": [1, {"b": None}]}, "seed": None,
        "status": "FAILED", "source_type": "GENERATED", "parent_asset": None, "external_task_id": "",
        "error_message": "", "order_index": 0,
    }
    shown = expect(caller.patch(path, json=change))
    assert {name: shown[name] for name in change} == change
    # What is read-only is passed over.
    assert expect(caller.patch(path, json={"id": 1, "file_url": "x", "asset_type": "IMAGE"}))["file_url"] == asset["file_url"]
    refuse(caller.put(path, json={"prompt_text": "x"}), 400, box=boxes.REQUIRED)
    assert expect(caller.put(path, json={"box": box, "prompt_text": "x"}))["is_favorite"] is True
    expect(caller.delete(path), 204)
    refuse(caller.get(path), 404, boxes.NOT_FOUND)
    assert fetch(asset["file_url"]).status_code == 404


@pytest.mark.local
def test_moving_an_asset(caller):
    first, second = caller.box(name="first"), caller.box(name="second")
    assert first["project"] != second["project"]
    asset = caller.upload(first["id"], prompt_text="kept")
    caller.upload(second["id"])
    moved = expect(caller.patch(f"/assets/{asset['id']}/", json={"box": second["id"]}))
    assert (moved["box"], moved["box_name"], moved["prompt_text"]) == (second["id"], "second", "kept")
    assert moved["order_index"] == 1 and moved["file_url"] == asset["file_url"]
    assert caller.assets(first["id"]) == [] and len(caller.assets(second["id"])) == 2
    assert fetch(asset["file_url"]).status_code == 200
    expect(caller.delete(f"/projects/{first['project']}/"), 204)
    assert fetch(asset["file_url"]).status_code == 200
    expect(caller.delete(f"/projects/{second['project']}/"), 204)
    assert fetch(asset["file_url"]).status_code == 404
    assert caller.native().me()["charged_bytes"] == 0


def test_favourites_and_filters(caller):
    box, other = caller.box()["id"], caller.box()["id"]
    image, video = caller.upload(box, "a.jpg")["id"], caller.upload(box, "a.mp4")["id"]
    third = caller.upload(other, "b.jpg", is_favorite="1")["id"]
    assert expect(caller.post(f"/assets/{video}/favorite/"))["is_favorite"] is True
    assert expect(caller.post(f"/assets/{video}/favorite/"))["is_favorite"] is False
    assert expect(caller.post(f"/assets/{video}/favorite/", json={"is_favorite": True}))["is_favorite"] is True
    assert expect(caller.post(f"/assets/{video}/favorite/", json={"is_favorite": True}))["is_favorite"] is True
    assert ids(caller.assets()) == [image, video, third]
    for spelling in ("true", "1", "yes", "True", "YES"):
        assert ids(caller.assets(is_favorite=spelling)) == [video, third], spelling
    for spelling in ("false", "0", "no"):
        assert ids(caller.assets(is_favorite=spelling)) == [image], spelling
    assert ids(caller.assets(is_favorite="")) == [image, video, third]
    assert ids(caller.assets(asset_type="IMAGE")) == [image, third]
    assert ids(caller.assets(asset_type="VIDEO", box=box)) == [video]
    assert ids(caller.assets(box=box, asset_type="VIDEO", is_favorite="0")) == []
    assert ids(expect(caller.get(f"/boxes/{box}/assets/", params={"is_favorite": "1"}))) == [video]
    refuse(caller.get("/assets/", params={"is_favorite": "maybe"}), 400, is_favorite=None)
    refuse(caller.get("/assets/", params={"asset_type": "AUDIO"}), 400, asset_type=None)
    refuse(caller.get("/assets/", params={"box": "x"}), 400, box=["Enter a number."])
    refuse(caller.get("/boxes/", params={"project": "x"}), 400, project=["Enter a number."])


def test_the_order_of_assets(caller):
    box = caller.box()["id"]
    made = [caller.upload(box)["id"] for _ in range(4)]
    wanted = [made[2], made[0], made[3], made[1]]
    assert expect(caller.post("/assets/reorder/", json={"asset_ids": wanted})) == {"status": "ok"}
    assert ids(caller.assets(box)) == wanted
    assert [asset["order_index"] for asset in caller.assets(box)] == [0, 1, 2, 3]
    assert caller.upload(box)["order_index"] == 4


def test_pages(caller):
    box = caller.box()["id"]
    made = [caller.upload(box)["id"] for _ in range(5)]
    caller.box()
    page = expect(caller.get(f"/boxes/{box}/assets/", params={"page": 2, "page_size": 2, "is_favorite": "no"}))
    assert page["count"] == 5 and ids(page["results"]) == made[2:4]
    assert ids(expect(caller.get(page["next"]))["results"]) == made[4:]
    assert ids(expect(caller.get(page["previous"]))["results"]) == made[:2]
    assert expect(caller.get(page["next"]))["next"] is None
    assert expect(caller.get(page["previous"]))["previous"] is None
    for path, count in (("/assets/", 5), ("/boxes/", 2), ("/projects/", 2)):
        whole = expect(caller.get(path))
        assert len(whole) == count
        got = []
        url = path + "?page=1&page_size=2"
        while url:
            page = expect(caller.get(url))
            assert page["count"] == count
            got += page["results"]
            url = page["next"]
        assert got == whole
        for wrong in ("0", "-1", "x", "", "1.5", "99999999999999999999", "4"):
            refuse(caller.get(path, params={"page": wrong, "page_size": 2}), 404, {"detail": "Invalid page."})
    empty = Boxes.registered(caller.server)
    assert expect(empty.get("/assets/?page=1")) == {"count": 0, "next": None, "previous": None, "results": []}


def test_the_last_page(caller):
    box = caller.box()["id"]
    path = f"/boxes/{box}/assets/"
    nothing = {"count": 0, "next": None, "previous": None, "results": []}
    assert expect(caller.get(path, params={"page": "last", "page_size": 2})) == nothing
    made = [caller.upload(box)["id"] for _ in range(4)]
    for count, shown in ((4, made[2:]), (5, None)):
        if shown is None:
            made.append(caller.upload(box)["id"])
            shown = made[4:]
        page = expect(caller.get(path, params={"page": "last", "page_size": 2}))
        assert (page["count"], ids(page["results"]), page["next"]) == (count, shown, None)
        assert "page=" + str((count + 1) // 2 - 1) in page["previous"]
    for path in ("/projects/", "/boxes/", "/ai-models/"):
        assert expect(caller.get(path + "?page=last"))["next"] is None
    refuse(caller.get("/boxes/?page=Last"), 404, {"detail": "Invalid page."})


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**30, "1e400", "\u0661"])
def test_numbers_of_any_size(caller, number):
    box = caller.box()
    caller.upload(box["id"])
    for path in ("/assets/", "/boxes/"):
        for name in ("box", "project", "page_size", "is_favorite", "asset_type"):
            reply = caller.get(path, params={name: number, "page": 1})
            assert reply.status_code in (200, 400), reply.text
        assert caller.get(path, params={"page": number}).status_code == (200 if number == 1 else 404)
    for kind in ("projects", "boxes", "assets", "ai-models"):
        refuse(caller.get(f"/{kind}/{number}/"), 404)
    wrong = [caller.patch(f"/boxes/{box['id']}/", json={"order_index": number}),
             caller.post(f"/boxes/{box['id']}/set_headliner/", json={"asset_id": number}),
             caller.post("/boxes/reorder/", json={"box_ids": [number]}),
             caller.post("/boxes/", json={"name": "b", "project": number})]
    assert {reply.status_code for reply in wrong} <= {200, 400}, [reply.text for reply in wrong]


def test_long_lists(caller):
    """Longer than a piece of a reply."""
    box = caller.box()["id"]
    files = [(f"{number}.png", content("png")) for number in range(150)]
    made = expect(caller.send(f"/boxes/{box}/upload/", files, prompt_text="p" * 1000), 201)
    assert ids(caller.assets(box)) == ids(made) == ids(caller.assets())
    page = expect(caller.get("/assets/", params={"page": 2, "page_size": 100}))
    assert ids(page["results"]) == ids(made)[100:]


def test_models_are_an_admins(shared, caller):
    admin = Boxes.admin(shared)
    name = boxes.unique_name("Model")
    refuse(caller.post("/ai-models/", json={"name": name}), 403)
    model = expect(admin.post("/ai-models/", json={"name": name}), 201)
    assert model == {"id": model["id"], "name": name}
    path = f"/ai-models/{model['id']}/"
    assert caller.show(path) == model and model in expect(caller.get("/ai-models/"))
    for method in ("PUT", "PATCH", "DELETE"):
        refuse(caller.call(method, path, json={"name": "x"}), 403)
    refuse(admin.post("/ai-models/", json={"name": name}), 400, name=["ai model with this name already exists."])
    other = expect(admin.post("/ai-models/", json={"name": name + "2"}), 201)
    refuse(admin.patch(f"/ai-models/{other['id']}/", json={"name": name}), 400, name=None)
    assert expect(admin.patch(path, json={"name": name}))["name"] == name
    assert expect(admin.put(path, json={"name": name + "3"})) == {"id": model["id"], "name": name + "3"}
    assert expect(admin.patch(path, json={})) == {"id": model["id"], "name": name + "3"}
    refuse(admin.put(path, json={}), 400, name=boxes.REQUIRED)
    page = expect(caller.get("/ai-models/?page=1&page_size=1"))
    assert page["count"] >= 2 and len(page["results"]) == 1
    expect(admin.delete(path), 204)
    refuse(admin.delete(path), 404, boxes.NOT_FOUND)
    refuse(caller.get(path), 404, boxes.NOT_FOUND)


# Other APIs.


@pytest.mark.local
def test_other_apis_see_it(caller):
    box = caller.box(name="Scene 1")
    data = content("jpg")
    asset = caller.upload(box["id"], "sunset.jpg", data, prompt_text="A beautiful sunset")
    native = caller.native()
    media = native.media()
    assert [(m["id"], m["filename"], m["description"], m["size"]) for m in media] == [
        (f"media_{asset['id']}", "sunset.jpg", "A beautiful sunset", len(data))]
    assert native.media(q="beautiful") == media, "by its prompt"
    stream = streamvault.StreamVault(caller.server, caller.access)
    view = stream.view(box["id"])
    assert view["name"] == "Scene 1" and [file["id"] for file in view["files"]] == [asset["id"]]
    # Changes of theirs.
    expect(stream.call("PATCH", f"/folders/{view['uuid']}/update/", json={"name": "Scene 2"}))
    assert caller.show(f"/boxes/{box['id']}/")["name"] == "Scene 2"
    assert caller.show(f"/boxes/{view['uuid']}/")["id"] == box["id"], "by its UUID"
    assert native.patch(f"/media/media_{asset['id']}", json={"description": "told anew"}).status_code == 200
    assert caller.show(f"/assets/{asset['id']}/")["prompt_text"] == "told anew"
    # A file of theirs is an asset, another kind of file is none.
    picture = stream.upload(content("png"), "b.png", folder_id=box["id"])
    stream.upload(b"text", "c.txt", folder_id=box["id"])
    listed = caller.assets(box["id"])
    assert {a["id"] for a in listed} == {asset["id"], picture["file_id"]}
    assert caller.show(f"/boxes/{box['id']}/")["assets_count"] == 2
    theirs = caller.show(f"/assets/{picture['file_id']}/")
    assert (theirs["status"], theirs["is_favorite"], theirs["generation_config"]) == ("COMPLETED", False, {})
    assert expect(caller.post(f"/assets/{theirs['id']}/favorite/"))["is_favorite"] is True
    # A file that is renamed keeps its public address, and is shown with the new extension.
    address = caller.show(f"/assets/{asset['id']}/")["file_url"]
    assert native.patch(f"/media/media_{asset['id']}", json={"filename": "sunset.jpeg"}).status_code == 200
    renamed = caller.show(f"/assets/{asset['id']}/")["file_url"]
    assert renamed == address.removesuffix(".jpg") + ".jpeg"
    assert fetch(address).content == data == fetch(renamed).content
    # A share that is revoked takes the public address along.
    old = caller.show(f"/assets/{asset['id']}/")["file_url"]
    expect(stream.delete(f"/api/v3/share/{asset['id']}/"))
    new = caller.show(f"/assets/{asset['id']}/")["file_url"]
    assert new != old and fetch(old).status_code == 404 and fetch(new).content == data


def test_uuids_in_bodies(caller):
    project = caller.project()["id"]
    boxes_there = [caller.box(project, f"Scene {n}") for n in range(2)]
    stream = streamvault.StreamVault(caller.server, caller.access)
    box_uuids = [stream.view(box["id"])["uuid"] for box in boxes_there]
    assets = [caller.upload(boxes_there[0]["id"]) for _ in range(3)]
    by_id = {file["id"]: file for file in stream.view(boxes_there[0]["id"])["files"]}
    uuids = [by_id[asset["id"]]["uuid"] for asset in assets]
    path = f"/assets/{assets[0]['id']}/"
    assert expect(caller.patch(path, json={"parent_asset": uuids[1]}))["parent_asset"] == assets[1]["id"]
    assert expect(caller.patch(path, json={"parent_asset": by_id[assets[2]["id"]]["token"]}))["parent_asset"] == assets[2]["id"]
    assert expect(caller.post("/assets/reorder/", json={"asset_ids": [uuids[2], assets[0]["id"], uuids[1]]}))
    assert ids(caller.assets(boxes_there[0]["id"])) == [assets[n]["id"] for n in (2, 0, 1)]
    expect(caller.post("/boxes/reorder/", json={"box_ids": box_uuids[::-1]}))
    assert ids(expect(caller.get(f"/projects/{project}/boxes/"))) == ids(boxes_there)[::-1]
    shown = expect(caller.post(f"/boxes/{box_uuids[0]}/set_headliner/", json={"asset_id": uuids[0]}))
    assert shown["headliner"] == assets[0]["id"]
    assert expect(caller.patch(path, json={"box": box_uuids[1]}))["box"] == boxes_there[1]["id"]
    made = expect(caller.send("/assets/", [("a.png", content("png"))], box=box_uuids[1], parent_asset=uuids[1]), 201)
    assert (made["box"], made["parent_asset"]) == (boxes_there[1]["id"], assets[1]["id"])
    # What is not there, or somebody else's, or of the other kind.
    other = Boxes.registered(caller.server)
    foreign = streamvault.StreamVault(other.server, other.access).view(other.box()["id"])["uuid"]
    for uuid in (foreign, "00000000-0000-4000-8000-000000000000", uuids[0]):
        told = [f'Invalid pk "{uuid}" - object does not exist.']
        refuse(caller.patch(path, json={"box": uuid}), 400, box=told)
        refuse(caller.post("/boxes/reorder/", json={"box_ids": [uuid]}), 400, boxes.FOREIGN)
    refuse(caller.patch(path, json={"parent_asset": box_uuids[0]}), 400,
           parent_asset=[f'Invalid pk "{box_uuids[0]}" - object does not exist.'])


def test_what_others_move_comes_behind_the_others(caller):
    project = caller.project()["id"]
    first, second = (caller.box(project, name) for name in ("Scene 1", "Scene 2"))
    moved = [caller.upload(first["id"]) for _ in range(3)][0]
    there = [caller.upload(second["id"]) for _ in range(2)]
    stream = streamvault.StreamVault(caller.server, caller.access)
    expect(stream.post("/api/v3/files_move/", json={"file_id": moved["id"], "folder_token": second["id"]}))
    assert ids(caller.assets(second["id"])) == ids(there) + [moved["id"]]
    assert [a["order_index"] for a in caller.assets(second["id"])] == [0, 1, 2]
    assert caller.upload(second["id"])["order_index"] == 3
    # A folder goes into a box, which makes it none, and comes back.
    uuid = stream.view(first["id"])["uuid"]
    expect(stream.call("PATCH", f"/folders/{uuid}/update/", json={"parent": second["id"]}))
    assert ids(expect(caller.get(f"/projects/{project}/boxes/"))) == [second["id"]]
    expect(stream.call("PUT", f"/folders/{uuid}/update/", json={"name": "Scene 1", "parent": None}))
    listed = expect(caller.get(f"/projects/{project}/boxes/"))
    assert ids(listed) == [second["id"], first["id"]] and [b["order_index"] for b in listed] == [1, 2]
    assert caller.box(project)["order_index"] == 3


def test_texts_at_their_longest_however_they_are_escaped(caller):
    asset = caller.upload(caller.box()["id"])
    config = {"a": "x" * (16_384 - len('{"a":""}'))}
    fields = {"prompt_text": "\U0001f600" * 10_000, "error_message": "я" * 2_000, "external_task_id": "я" * 255,
              "generation_config": config}

    def escaped(value):
        return '"' + "".join(
            "".join(f"\\u{unit:04x}" for unit in memoryview(c.encode("utf-16-le")).cast("H")) for c in value) + '"'

    texts = {name: escaped(value) for name, value in fields.items() if isinstance(value, str)}
    texts["generation_config"] = '{"a":' + escaped(config["a"]) + "}"
    body = "{" + ",".join(f'"{name}":{text}' for name, text in texts.items()) + "}"
    assert len(body) > 200_000
    for method in ("PATCH", "PUT"):
        whole = body if method == "PATCH" else body[:-1] + f',"box":{asset["box"]}}}'
        reply = caller.call(method, f"/assets/{asset['id']}/", data=whole, headers={"Content-Type": "application/json"})
        changed = expect(reply)
        assert {name: changed[name] for name in fields} == fields


def test_the_trash_keeps_what_is_said_of_an_asset(caller):
    box = caller.box()["id"]
    asset = caller.upload(box, prompt_text="kept", is_favorite="true", seed="7", generation_config='{"a": 1}')
    native = caller.native()
    media = f"/media/media_{asset['id']}"
    charged = native.me()["charged_bytes"]
    assert native.delete(media).status_code == 200
    refuse(caller.get(f"/assets/{asset['id']}/"), 404)
    assert caller.assets() == [] and caller.show(f"/boxes/{box}/")["assets_count"] == 0
    assert native.post(f"/trash/media_{asset['id']}/restore").status_code == 200
    back = caller.show(f"/assets/{asset['id']}/")
    for name in ("prompt_text", "is_favorite", "seed", "generation_config", "box"):
        assert back[name] == asset[name], name
    assert back["file_url"] != asset["file_url"], "links of restored files are new"
    assert native.me()["charged_bytes"] == charged
    assert native.delete(media).status_code == 200
    assert native.delete("/trash").status_code == 200
    expect(caller.delete(f"/projects/{expect(caller.get('/projects/'))[0]['id']}/"), 204)


@pytest.mark.local
def test_what_others_delete_is_gone(caller):
    box = caller.box()
    assets = [caller.upload(box["id"], generation_config='{"a": 1}') for _ in range(3)]
    native = caller.native()
    assert native.delete(f"/media/media_{assets[0]['id']}?permanent=true").status_code == 200
    assert ids(caller.assets()) == ids(assets[1:])
    stream = streamvault.StreamVault(caller.server, caller.access)
    folder = stream.view(box["id"])
    expect(stream.call("DELETE", f"/folders/{folder['uuid']}/delete/"))
    assert expect(caller.get("/boxes/")) == [] and caller.assets() == []
    refuse(caller.get(f"/assets/{assets[1]['id']}/"), 404)
    refuse(caller.try_upload(box["id"]), 404, boxes.NOT_FOUND)
    assert fetch(assets[1]["file_url"]).status_code == 404
    assert caller.show(f"/projects/{box['project']}/")["boxes_count"] == 0


def test_a_nested_folder_is_no_box(caller):
    box = caller.box()
    stream = streamvault.StreamVault(caller.server, caller.access)
    folder = stream.folder("inside", parent=box["id"])
    stream.upload(content("jpg"), "deep.jpg", folder_id=folder["id"])
    refuse(caller.get(f"/boxes/{folder['id']}/"), 404)
    refuse(caller.try_upload(folder["id"]), 404, boxes.NOT_FOUND)
    assert caller.assets() == [] and caller.show(f"/boxes/{box['id']}/")["assets_count"] == 0
    # A folder of the account's own, elsewhere, is none either.
    outside = stream.folder("outside")
    refuse(caller.get(f"/boxes/{outside['id']}/"), 404)
    assert len(expect(caller.get("/boxes/"))) == 1


def test_a_key_that_only_writes(shared, caller):
    model = expect(Boxes.admin(shared).post("/ai-models/", json={"name": boxes.unique_name("Model")}), 201)
    box = caller.box(name="Secret plans")["id"]
    wanted = {"name": "writer", "scopes": ["write"]}
    secret = caller.native().post("/api-keys", json=wanted).json()["data"]["secret"]
    writer = Boxes(caller.server)
    writer.session.headers["X-API-Key"] = secret
    made = writer.upload(box, ai_model=str(model["id"]))
    assert (made["box_name"], made["ai_model"], made["ai_model_name"]) == ("", model["id"], "")
    assert caller.show(f"/assets/{made['id']}/")["ai_model_name"] == model["name"]
    refuse(writer.get(f"/assets/{made['id']}/"), 403)
    refuse(writer.patch(f"/assets/{made['id']}/", json={}), 403)
    refuse(writer.patch(f"/boxes/{box}/", json={}), 403)
    expect(writer.post("/boxes/reorder/", json={"box_ids": [box]}))
    expect(writer.delete(f"/assets/{made['id']}/"), 204)


def test_parallel_uploads(caller):
    box = caller.box()["id"]
    made, faults = [], []

    def upload(one):
        try:
            for _ in range(8):
                made.append(one.upload(box))
        except Exception as fault:  # pylint: disable=broad-except
            faults.append(fault)

    threads = [threading.Thread(target=upload, args=(caller.twin(),)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    listed = caller.assets(box)
    assert {asset["id"] for asset in listed} == {asset["id"] for asset in made} and len(listed) == 48
    assert [asset["order_index"] for asset in listed] == list(range(48)), "each has a place of its own"
    assert caller.show(f"/boxes/{box}/")["assets_count"] == 48
