"""Boxes: every field with values of the wrong type and out of its bounds."""

import copy
import json

import pytest

from harness import boxes, program
from harness.boxes import Boxes, expect, refuse

WRONG = {
    "null": None,
    "true": True,
    "number": 7,
    "fraction": 1.5,
    "huge": 10**30,
    "text": "x",
    "list": [],
    "list of a number": [1],
    "object": {"a": 1},
}
# What a kind of field takes of these.
TAKEN = {
    "text": {"text"},
    "text or null": {"text", "null"},
    "boolean": {"true"},
    "number or null": {"number", "null"},
    "seed": {"number", "null"},
    # Numbers of things that are not there are among the bounds.
    "key": {"number"},
    "key or null": {"number", "null"},
    "choice": set(),
    "object": {"object", "null"},
    "keys": {"list of a number"},
}
NAMES = ["", "   ", "x" * 256, "a\0b"]
CALLS = {
    "project": ("POST", "/projects/", {"name": "p"}, {
        "name": ("text", [..., *NAMES, "a\nb", "a\u202eb"]),
        "status": ("choice", ["", "active", "DRAFT"]),
        "aspect_ratio": ("choice", ["", "4:3"]),
    }),
    "change of a project": ("PATCH", "/projects/{project}/", {}, {
        "name": ("text", [*NAMES, "a\u202eb"]),
        "status": ("choice", ["", "active"]),
        "aspect_ratio": ("choice", ["4:3"]),
    }),
    "box": ("POST", "/boxes/", {"project": "{project}", "name": "b"}, {
        "project": ("key", [..., "", 0, -1, 10**12, "12x"]),
        "name": ("text", [..., "", "   ", "x" * 256]),
        "order_index": ("number or null", [-1, 2**31, "1.5"]),
        "status": ("choice", ["", "draft", "ACTIVE"]),
    }),
    "change of a box": ("PATCH", "/boxes/{box}/", {}, {
        "project": ("key", ["", 0, 10**12]),
        "name": ("text", ["", "x" * 256]),
        "order_index": ("number or null", [-1, 2**31]),
        "status": ("choice", ["draft"]),
    }),
    "headliner": ("POST", "/boxes/{box}/set_headliner/", {"asset_id": None}, {
        "asset_id": ("key or null", [..., 0, -1, 10**12, "12x"]),
    }),
    "order of boxes": ("POST", "/boxes/reorder/", {"box_ids": ["{box}"]}, {
        "box_ids": ("keys", [..., ["x"], [None], [1.5], [[1]], [True], list(range(1, 1002))]),
    }),
    "order of assets": ("POST", "/assets/reorder/", {"asset_ids": ["{asset}"]}, {
        "asset_ids": ("keys", [..., ["x"], [None], [{}], list(range(1, 1002))]),
    }),
    "asset": ("PATCH", "/assets/{asset}/", {}, {
        "box": ("key", ["", 0, 10**12, "12x"]),
        "prompt_text": ("text or null", ["x" * 10_001, "a\0b"]),
        "is_favorite": ("boolean", ["maybe", 2]),
        "ai_model": ("key or null", [0, -1, 10**12, "12x"]),
        "generation_config": ("object", ["x", "[1]", "7", {"a": "x" * 20_000}]),
        "seed": ("seed", ["x", "1.5"]),
        "order_index": ("number or null", [-1, 2**31]),
        "status": ("choice", ["", "pending"]),
        "source_type": ("choice", ["", "uploaded"]),
        "parent_asset": ("key or null", [0, 10**12, "{asset}", "12x"]),
        "external_task_id": ("text or null", ["x" * 256, "a\0b"]),
        "error_message": ("text or null", ["x" * 2001, "a\0b"]),
    }),
    "favourite": ("POST", "/assets/{asset}/favorite/", {}, {"is_favorite": ("boolean", ["maybe", 2])}),
    "model": ("POST", "/ai-models/", {"name": "m"}, {"name": ("text", [..., *NAMES, "a\u202eb"])}),
    "change of a model": ("PATCH", "/ai-models/{model}/", {}, {"name": ("text", NAMES)}),
    "registration": ("POST", "/auth/register/", {
        "username": "somebody", "email": "somebody@example.com", "password": boxes.PASSWORD}, {
            "username": ("text", [..., "", "   ", "x" * 65, "a\nb", "a\0b", "a\u202eb"]),
            "email": ("text or null", ["x", "@", "a@", "a b@example.com", "a" * 250 + "@example.com"]),
            "password": ("text", [..., "", "1234567", "x" * 1025]),
            "password_confirm": ("text", ["", "another horse 8"]),
        }),
    "log-in": ("POST", "/auth/login/", {"username": "somebody", "password": "x"}, {
        "username": ("text", [...]), "password": ("text", [...])}),
    "refresh": ("POST", "/auth/token/refresh/", {"refresh": "x"}, {"refresh": ("text", [..., ""])}),
}
# Calls that are named by others of the table, or take no fields of their own.
ALIKE = {("PUT", "/projects/{}/"), ("PUT", "/boxes/{}/"), ("PUT", "/assets/{}/"), ("PUT", "/ai-models/{}/")}
FORMS = {("POST", "/boxes/{}/upload/"), ("POST", "/assets/")}


@pytest.fixture(scope="module")
def owner(shared):
    caller = Boxes.admin(shared)
    box = caller.box()
    caller.paths = {
        "project": box["project"],
        "box": box["id"],
        "asset": caller.upload(box["id"], prompt_text="p", seed="1")["id"],
        "model": expect(caller.post("/ai-models/", json={"name": boxes.unique_name("Model")}), 201)["id"],
    }
    return caller


def filled(owner, value):
    """`value` with the things that it names in braces."""
    if isinstance(value, dict):
        return {name: filled(owner, one) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(owner, one) for one in value]
    if isinstance(value, str) and value.strip("{}") in owner.paths and value.startswith("{"):
        return owner.paths[value.strip("{}")]
    return value


def state(owner):
    """What a refused change must leave alone."""
    return json.dumps([owner.show(path) for path in ("/projects/", "/boxes/", "/assets/", "/ai-models/", "/auth/me/")])


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_field_is_named_and_changes_nothing(owner, name):
    method, path, good, fields = CALLS[name]
    path = path.format(**owner.paths)
    before = state(owner)
    faults = []
    for field, (kind, bounds) in fields.items():
        values = [value for what, value in WRONG.items() if what not in TAKEN[kind]] + bounds
        for value in values:
            body = filled(owner, {**copy.deepcopy(good), field: value})
            body = {key: one for key, one in body.items() if one is not ...}
            reply = owner.call(method, path, json=body)
            told = reply.json() if reply.status_code == 400 else {}
            if set(told) != {field} or not all(isinstance(text, str) for text in told.get(field, [])):
                faults.append((field, repr(value)[:40], reply.status_code, reply.text[:200]))
    assert not faults
    assert state(owner) == before


@pytest.mark.parametrize("name", CALLS)
def test_all_wrong_fields_are_named_at_once(owner, name):
    method, path, good, fields = CALLS[name]
    body = filled(owner, {**good, **{field: [["x"]] for field in fields}})
    reply = owner.call(method, path.format(**owner.paths), json=body)
    told = refuse(reply, 400)
    assert set(told) >= set(fields) - {"password_confirm"}, told


def test_wrong_fields_of_an_upload(owner):
    box = owner.paths["box"]
    before = state(owner)
    wrong = {
        "prompt_text": "x" * 10_001, "is_favorite": "maybe", "ai_model": "x", "generation_config": "{", "seed": "x",
        "order_index": "-1", "status": "pending", "source_type": "x", "parent_asset": "x",
        "external_task_id": "x" * 256, "error_message": "x" * 2001,
    }
    for field, value in wrong.items():
        refuse(owner.try_upload(box, **{field: value}), 400, **{field: None})
    refuse(owner.try_upload(box, **wrong), 400, **{field: None for field in wrong})
    # A fault of a field is not told of the file, nor its size.
    for field in ("name", "file", "prompt_text"):
        content_type, body = boxes.raw_form([(field, b"\xff"), ("file", boxes.content("jpg"), "a.jpg")])
        reply = owner.post(f"/boxes/{box}/upload/", data=body, headers={"Content-Type": content_type})
        refuse(reply, 400, {field: ["Not a valid string."]})
    error = refuse(owner.try_upload(box, prompt_text="x" * 70_000), 413)
    assert set(error) == {"error"} and "ile" not in error["error"], error
    for name in (b"\xff", b"a\xff.jpg"):
        content_type, body = boxes.raw_form([("prompt_text", name), ("file", boxes.content("jpg"), "a.jpg")])
        refuse(owner.post(f"/boxes/{box}/upload/", data=body, headers={"Content-Type": content_type}), 400)
    refuse(owner.try_upload(box, "x" * 300 + ".jpg"), 400)
    assert state(owner) == before


def test_numbers_of_any_size(owner):
    """None is kept as another one."""
    asset, box = f"/assets/{owner.paths['asset']}/", owner.paths["box"]
    largest = 2**63 - 1
    for number in (0, 1, largest, -1, -largest - 1):
        for body in ({"json": {"seed": number}}, {"data": {"seed": str(number)}}):
            assert expect(owner.patch(asset, **body))["seed"] == number, body
    above = [f"Ensure this value is less than or equal to {largest}."]
    below = [f"Ensure this value is greater than or equal to {-largest - 1}."]
    for number, told in ((2**63, above), (2**64 - 1, above), (-2**63 - 1, below), (10**30, above), (-10**30, below)):
        refuse(owner.patch(asset, data={"seed": str(number)}), 400, seed=told)
        refuse(owner.try_upload(box, seed=str(number)), 400, seed=told)
    for number in (2**63, 2**64 - 1):
        refuse(owner.patch(asset, json={"seed": number}), 400, seed=above)
        refuse(owner.patch(asset, json={"order_index": number}), 400, order_index=None)
    for number in (2**64, 10**30):  # JSON has no such integers here
        refuse(owner.patch(asset, json={"seed": number}), 400, seed=["A valid integer is required."])
    for text in ("-", "+1", "1e3", "1.5", "0x1", "1 2", "--1"):
        refuse(owner.patch(asset, data={"seed": text}), 400, seed=["A valid integer is required."])
    for field in ("ai_model", "parent_asset", "box"):
        for number in (2**63, 10**19):
            told = [f'Invalid pk "{number}" - object does not exist.']
            refuse(owner.patch(asset, json={field: number}), 400, **{field: told})
            refuse(owner.patch(asset, data={field: str(number)}), 400, **{field: told})
    expect(owner.patch(asset, json={"seed": 8}))


def test_a_config_that_cannot_be_shown_as_it_came(owner):
    path, json_type = f"/assets/{owner.paths['asset']}/", {"Content-Type": "application/json"}
    kept = expect(owner.patch(path, json={"generation_config": {"a": [1e300, {"b": -1.5}]}}))["generation_config"]
    assert kept == {"a": [1e300, {"b": -1.5}]}
    wrong = ["Value must be valid JSON."]
    for config in ('{"a": 1e400}', '{"a": [1, {"b": -1e999}]}'):
        body = f'{{"generation_config": {config}}}'
        refuse(owner.patch(path, data=body, headers=json_type), 400, generation_config=wrong)
        refuse(owner.patch(path, data={"generation_config": config}), 400, generation_config=wrong)
        refuse(owner.try_upload(owner.paths["box"], generation_config=config), 400, generation_config=wrong)
    for config in ('{"a": 1, "a": 2}', '{"b": {"a": 1, "a": 2}}'):
        refuse(owner.patch(path, data={"generation_config": config}), 400, generation_config=wrong)
    for config, kind in (("[1]", "list"), ("7", "int"), ("true", "bool"), ('"x"', "str")):
        message = f'Expected a dictionary of items but got type "{kind}".'
        refuse(owner.patch(path, data={"generation_config": config}), 400, generation_config=[message])
    assert owner.show(path)["generation_config"] == kept


def test_the_form_that_names_its_box(owner):
    before = state(owner)
    files = [("a.jpg", boxes.content("jpg"))]
    refuse(owner.send("/assets/", files), 400, box=boxes.REQUIRED)
    refuse(owner.send("/assets/", [], box=owner.paths["box"]), 400, file=["No file was submitted."])
    refuse(owner.post("/assets/", json={"box": owner.paths["box"]}), 400, file=["No file was submitted."])
    refuse(owner.send("/assets/", files, box="999999999"), 400,
           box=['Invalid pk "999999999" - object does not exist.'])
    refuse(owner.send("/assets/", files, box="x"), 400, box=None)
    assert state(owner) == before
    other = owner.box()["id"]
    made = boxes.asset(expect(owner.send("/assets/", files, box=other, prompt_text="here"), 201))
    assert (made["box"], made["prompt_text"]) == (other, "here")
    expect(owner.delete(f"/assets/{made['id']}/"), 204)
    expect(owner.delete(f"/boxes/{other}/"), 204)


def test_fields_may_come_as_a_form(owner):
    asset = owner.paths["asset"]
    shown = expect(owner.patch(f"/assets/{asset}/", data={"is_favorite": "on", "seed": "8", "prompt_text": "form"}))
    assert (shown["is_favorite"], shown["seed"], shown["prompt_text"]) == (True, 8, "form")
    shown = expect(owner.patch(f"/assets/{asset}/", data={"seed": "", "ai_model": ""}))
    assert (shown["seed"], shown["ai_model"]) == (None, None)


def test_no_body_and_broken_bodies(owner):
    for body, status in ((b"{", 400), (b"[]", 400), (b'{"name": "a", "name": "b"}', 400), (b"\xff", 400)):
        reply = owner.post("/projects/", data=body, headers={"Content-Type": "application/json"})
        refuse(reply, status)
    refuse(owner.post("/projects/"), 400, name=boxes.REQUIRED)
    refuse(owner.post("/projects/", data=b"x", headers={"Content-Type": "text/plain"}), 415)


def test_every_call_with_fields_is_in_the_table(binary):
    """Whoever adds a call adds its fields here."""
    done = program.run("routes", "--json")
    calls = {
        (route["method"], route["path"].removeprefix("/api") + "/")
        for route in json.loads(done.stdout)
        if route["dialect"] == "boxes" and route["method"] in ("POST", "PUT", "PATCH")
    }
    tested = {(method, path) for method, path, _, _ in CALLS.values()}

    def bare(path):
        return "/".join("{}" if piece.startswith("{") else piece for piece in path.split("/"))

    missing = {(method, bare(path)) for method, path in calls} - {(m, bare(p)) for m, p in tested} - ALIKE - FORMS
    assert missing == {("POST", "-token-auth/")}
