"""Boxes: the examples of its document, word for word."""

import re

import pytest

from harness import boxes
from harness.boxes import Boxes, content, expect, fetch, refuse

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def caller(shared):
    return Boxes.registered(shared)


@pytest.fixture
def box(caller):
    return caller.box(name="Scene 1")["id"]


def test_an_image(shared, caller, box):
    data = content("jpg")
    reply = caller.send(
        f"/boxes/{box}/upload/", [("image.jpg", data)], prompt_text="A beautiful sunset", is_favorite="true"
    )
    asset = boxes.asset(expect(reply, 201))
    file_url = asset.pop("file_url")
    root, told_to_caches = boxes.public_files(shared)
    assert re.fullmatch(re.escape(root) + r"[0-9a-f]{32}\.jpg", file_url)
    assert re.fullmatch(TIME, asset["created_at"]) and asset["updated_at"] == asset["created_at"]
    documented = {name: asset[name] for name in boxes.ASSET if name in asset and not name.endswith("_at")}
    assert documented == {
        "id": asset["id"],
        "box": box,
        "box_name": "Scene 1",
        "asset_type": "IMAGE",
        "thumbnail_url": "",
        "is_favorite": True,
        "prompt_text": "A beautiful sunset",
        "ai_model": None,
        "ai_model_name": None,
        "generation_config": {},
        "seed": None,
    }
    got = fetch(file_url)
    assert (got.status_code, got.content) == (200, data)
    assert got.headers["Cache-Control"] == told_to_caches
    assert got.headers["Content-Type"] == "image/jpeg"


def test_a_video(caller, box):
    asset = caller.upload(box, "video.mp4", prompt_text="Generated video")
    assert (asset["asset_type"], asset["is_favorite"]) == ("VIDEO", False)
    assert asset["prompt_text"] == "Generated video" and asset["file_url"].endswith(".mp4")


def test_with_a_model(shared, caller, box):
    admin = Boxes.admin(shared)
    model = expect(admin.post("/ai-models/", json={"name": boxes.unique_name("Model")}), 201)
    asset = caller.upload(
        box, "generated.jpg", prompt_text="Mountain landscape", ai_model=str(model["id"]), is_favorite="true"
    )
    assert (asset["ai_model"], asset["ai_model_name"]) == (model["id"], model["name"])
    # A model that is gone is named no more.
    expect(admin.delete(f"/ai-models/{model['id']}/"), 204)
    shown = caller.show(f"/assets/{asset['id']}/")
    assert (shown["ai_model"], shown["ai_model_name"]) == (None, None)


def test_what_react_sends(caller, box):
    """`formData.append('is_favorite', true)`, and an empty prompt."""
    assert caller.upload(box, is_favorite="true", prompt_text="")["is_favorite"] is True
    asset = caller.upload(box, is_favorite="false", prompt_text="")
    assert (asset["is_favorite"], asset["prompt_text"]) == (False, "")


def test_without_a_file(caller, box):
    for options in (
        {"files": {"prompt_text": (None, "x")}},
        {"json": {"prompt_text": "x"}},
        {"data": {"prompt_text": "x"}},
        {},
        {"files": {"file": (None, "no file")}},
        {"files": {"other": ("image.jpg", content("jpg"))}},
    ):
        refuse(caller.post(f"/boxes/{box}/upload/", **options), 400, {"error": "File is required"})
    # What a browser sends where nothing was chosen.
    content_type, body = boxes.raw_form([("file", b"", "")])
    reply = caller.post(f"/boxes/{box}/upload/", data=body, headers={"Content-Type": content_type})
    refuse(reply, 400, {"error": "File is required"})
    assert caller.assets() == []


def test_another_accounts_box(shared, caller, box):
    stranger = Boxes.registered(shared)
    mine = stranger.box()["id"]
    refuse(stranger.try_upload(box), 404, {"detail": "Not found."})
    for unknown in (box + 10**9, 0, 10**30, "x", "00000000-0000-0000-0000-000000000000"):
        refuse(stranger.try_upload(unknown), 404, {"detail": "Not found."})
    assert caller.assets() == [] and stranger.assets() == [] and mine != box


def test_without_credentials(shared, box):
    refuse(Boxes(shared).try_upload(box), 401, boxes.NO_CREDENTIALS)
    for token in ("0" * 40, "x", "a b", "", "0" * 39):
        reply = Boxes(shared, token).try_upload(box)
        assert reply.status_code == 401 and reply.headers["WWW-Authenticate"] == "Token", token
    refuse(Boxes(shared, "0" * 40).try_upload(box), 401, {"detail": "Invalid token."})


@pytest.mark.parametrize("extension", boxes.IMAGES + boxes.VIDEOS)
def test_the_type_follows_the_extension(caller, box, extension):
    kind = "IMAGE" if extension in boxes.IMAGES else "VIDEO"
    for name in (f"a.{extension}", f"A.{extension.upper()}"):
        asset = caller.upload(box, name, content(extension))
        assert asset["asset_type"] == kind
        assert asset["file_url"].endswith("." + extension)
        assert fetch(asset["file_url"]).headers["Content-Type"].startswith(kind.lower())


@pytest.mark.parametrize("name", ["a.txt", "a", "a.", ".jpg.", "a.pdf", "jpg", "a.jpg.exe", "a.heic", "a.jp g", "а.жпг"])
def test_an_extension_in_neither_list(caller, box, name):
    error = refuse(caller.try_upload(box, name, content("jpg")), 400)
    assert set(error) == {"error"} and ".webm" in error["error"]
    assert caller.assets() == [] and caller.native().me()["used_bytes"] == 0


@pytest.mark.parametrize("extension", boxes.IMAGES + boxes.VIDEOS)
def test_bytes_that_are_not_what_the_extension_says(caller, box, extension):
    others = {other: data for other, data in boxes.BYTES.items() if other != extension}
    for same in ({"jpg", "jpeg"}, {"mp4", "mov"}):
        if extension in same:
            others = {other: data for other, data in others.items() if other not in same}
    if extension == "mkv":
        others.pop("webm")  # every WebM is Matroska
    others |= {"text": b"just text", "nothing": b"", "page": b"<!doctype html><html><svg>", "binary": b"\0\1\2\3"}
    for what, data in others.items():
        error = refuse(caller.try_upload(box, "a." + extension, data), 400)
        assert error == {"error": f'File "a.{extension}" is not what its extension says'}, (what, error)
    assert caller.assets() == [] and caller.native().me()["used_bytes"] == 0


DOCTYPE = b"""<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "a>b" [<!ENTITY a "]>"> <!-- it's > --> <!ENTITY b 'x'>]>"""
SVG = {
    "mark": b"\xef\xbb\xbf<svg/>",
    "blanks": b"\n  <svg\nwidth='1'/>",
    "declaration": b"<?xml version='1.0'?>\n<!-- <html> --><svg></svg>",
    "doctype": b"<?xml version='1.0'?>" + DOCTYPE + b"<!-- a --><svg/>",
    "prefix": b"<s:svg xmlns:s='http://www.w3.org/2000/svg'/>",
    "behind the head": b"<?xml version='1.0'?><!--" + b" license" * 100 + b"--><svg/>",
}
NO_SVG = {
    "xml": b"<?xml version='1.0'?><feed><svg/></feed>",
    "comment": b"<!-- <svg> -->",
    "comment and text": b"<!-- <svg> --> text",
    "declaration": b"<?xml version='1.0'?>",
    "open comment": b"<!-- <svg/>",
    "doctype": DOCTYPE,
    "doctype of a page": DOCTYPE + b"<html><svg/></html>",
    "capitals": b"<SVG/>",
    "longer name": b"<svgz/>",
    "part of a name": b"<svg",
    "attribute": b"<a b='<svg/>'/>",
    "long page": b"<p>" + b"x" * 1000 + b"<svg/>",
}


def test_svg_is_what_its_first_element_says(caller, box):
    for what, data in SVG.items():
        reply = caller.try_upload(box, "a.svg", data)
        assert reply.status_code == 201, (what, reply.text)
        assert fetch(reply.json()["file_url"]).content == data, what
    for what, data in NO_SVG.items():
        reply = caller.try_upload(box, "a.svg", data)
        assert (reply.status_code, reply.json()) == (400, {"error": 'File "a.svg" is not what its extension says'}), what


def test_an_unknown_model(caller, box):
    for model in ("999999", "0", "-1"):
        message = [f'Invalid pk "{model}" - object does not exist.']
        refuse(caller.try_upload(box, ai_model=model), 400, ai_model=message)
    refuse(caller.try_upload(box, ai_model="x"), 400,
           ai_model=["Incorrect type. Expected pk value, received str."])
    assert caller.assets() == []


TRUE = ["t", "T", "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "tRuE", "yES", "on", "On", "ON", "1"]
FALSE = ["f", "F", "n", "N", "no", "No", "NO", "false", "False", "FALSE", "fAlse", "nO", "off", "Off", "OFF", "0", ""]


def test_every_spelling_of_a_boolean(caller, box):
    for spelling in TRUE + FALSE:
        assert caller.upload(box, is_favorite=spelling)["is_favorite"] is (spelling in TRUE), spelling
    for wrong in ("maybe", "truee", "2", "null"):
        refuse(caller.try_upload(box, is_favorite=wrong), 400, is_favorite=["Must be a valid boolean."])
    asset = caller.upload(box)["id"]
    for value in (True, 1, 1.0, "yes", False, 0, 0.0, "off"):
        shown = expect(caller.patch(f"/assets/{asset}/", json={"is_favorite": value}))
        assert shown["is_favorite"] is (value in (True, "yes")), value
    for wrong in (2, [], {}, 0.5):
        reply = caller.patch(f"/assets/{asset}/", json={"is_favorite": wrong})
        refuse(reply, 400, is_favorite=["Must be a valid boolean."])
    refuse(caller.patch(f"/assets/{asset}/", json={"is_favorite": None}), 400,
           is_favorite=["This field may not be null."])


def test_several_files_make_several_assets(caller, box):
    files = [(f"{number}.png", content("png")) for number in range(5)]
    made = expect(caller.send(f"/boxes/{box}/upload/", files, prompt_text="five"), 201)
    assert [asset["prompt_text"] for asset in made] == ["five"] * 5
    assert [fetch(asset["file_url"]).content for asset in made] == [data for _, data in files]
    assert [asset["id"] for asset in caller.assets(box)] == [asset["id"] for asset in made]
    # All or none.
    for bad in (("bad.txt", b"x"), ("bad.png", b"no image")):
        for sent in ([*files, bad], [bad, *files]):
            error = refuse(caller.send(f"/boxes/{box}/upload/", sent), 400)
            assert error["error"].startswith(f'File "{bad[0]}" is '), error
    assert len(caller.assets(box)) == 5
    assert caller.native().me()["used_bytes"] == sum(len(data) for _, data in files)


def test_places_of_several_files_end_with_the_largest_number(caller, box):
    largest = 2**31 - 1
    files = [(f"{number}.png", content("png")) for number in range(3)]
    made = expect(caller.send(f"/boxes/{box}/upload/", files, order_index=str(largest - 1)), 201)
    assert [asset["order_index"] for asset in made] == [largest - 1, largest, largest]
    made = expect(caller.send(f"/boxes/{box}/upload/", files), 201)
    assert [asset["order_index"] for asset in made] == [largest] * 3
    for asset in caller.assets(box):
        expect(caller.patch(f"/assets/{asset['id']}/", json={"order_index": asset["order_index"]}))


def test_names_are_never_used_twice(caller, box):
    """`AWS_S3_FILE_OVERWRITE = False`."""
    first, second = content("jpg"), content("jpg")
    one, other = caller.upload(box, data=first), caller.upload(box, data=second)
    assert one["file_url"] != other["file_url"]
    assert fetch(one["file_url"]).content == first and fetch(other["file_url"]).content == second


def test_a_broken_form(caller, box):
    path = f"/boxes/{box}/upload/"
    content_type, body = boxes.raw_form([("file", content("jpg"), "a.jpg")], end=False)
    refuse(caller.post(path, data=body, headers={"Content-Type": content_type}), 400)
    refuse(caller.post(path, data=body, headers={"Content-Type": "multipart/form-data"}), 400)
    refuse(caller.post(path, data=b"x", headers={"Content-Type": "text/plain"}), 415,
           {"detail": 'Unsupported media type "text/plain" in request.'})
    refuse(caller.post(path, data=b"{", headers={"Content-Type": "application/json"}), 400)
    assert caller.assets() == [] and caller.native().me()["used_bytes"] == 0


def test_the_public_file(launch):
    """As the server serves it, wherever the bytes are."""
    shared = launch({"s3.acl": "private"})
    caller = Boxes.registered(shared)
    box = caller.box()["id"]
    data = content("png")
    url = caller.upload(box, "a.png", data)["file_url"]
    head = shared.anyone().head(url)
    assert head.status_code == 200 and int(head.headers["Content-Length"]) == len(data)
    part = fetch(url, headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, data[1:4])
    assert part.headers["Cache-Control"] == "public, max-age=86400"
    again = fetch(url, headers={"If-None-Match": head.headers["ETag"]})
    assert again.status_code == 304 and again.headers["Cache-Control"] == "public, max-age=86400"
    other = fetch(url, headers={"If-Match": '"other"'})
    assert other.status_code == 412 and set(other.json()) == {"detail"} and "ETag" in other.headers
    name = url.rpartition("/")[2]
    for same in (name[:-4], name.replace(".png", ".jpg"), name[:-4] + "."):
        assert fetch(f"{shared.url}/uploads/{same}").content == data, "the digits are the permission"
    for wrong in ("0" * 32 + ".png", name[:31] + ".png", name[:32] + "0.png", "-" + name, "x"):
        refuse(fetch(f"{shared.url}/uploads/{wrong}"), 404, {"detail": "Not found."})
    svg = fetch(caller.upload(box, "a.svg")["file_url"])
    assert svg.headers["Content-Security-Policy"] == "sandbox"


def test_upload_of_a_whole_box(launch):
    """The bound of a box, and of an account's bytes."""
    server = launch({"uploads.max_bytes": "1000"})
    caller = Boxes.registered(server)
    box = caller.box()["id"]
    big = content("jpg") + b"x" * 1000
    refuse(caller.try_upload(box, data=big), 413, {"error": "File is too large."})
    caller.upload(box)
    done = boxes.program.run("user", "quota", caller.username, "3000", "--data", server.data)
    assert done.returncode == 0, done.stderr
    error = refuse(caller.send(f"/boxes/{box}/upload/", [(f"{n}.jpg", content("jpg") + b"x" * 800) for n in range(4)]), 413)
    assert "quota" in error["error"]
    assert len(caller.assets()) == 1
