"""Boxes with the files in a bucket: each asset is a public object, whose address is its `file_url`."""

import json
import re
import subprocess
import time

import pytest

from harness import program
from harness.boxes import Boxes, content, expect, fetch
from harness.server import StartFailed
from harness.streamvault import StreamVault

# The first of these starts Ceph.
pytestmark = pytest.mark.seconds(120)

QUICK = {"blobs.grace": "4s", "blobs.collect_every": "1s"}


def wait_for(what, seconds=30):
    deadline = time.monotonic() + program.patience(seconds)
    while not what():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.2)


@pytest.fixture
def server(launch, bucket):
    return launch({**bucket.settings(), **QUICK})


@pytest.fixture
def caller(server):
    return Boxes.registered(server)


@pytest.fixture
def box(caller):
    return caller.box(name="Scene 1")["id"]


def public_keys(bucket):
    return [key for key in bucket.keys() if key.startswith("uploads/")]


def set_policy(bucket, effect, action):
    """Of everybody, about public objects."""
    resource = f"arn:aws:s3:::{bucket.name}/uploads/*"
    statement = {"Effect": effect, "Principal": "*", "Action": action, "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    assert bucket.call("PUT", query={"policy": ""}, data=policy.encode()).status_code in (200, 204)


def address_of(bucket, key):
    return f"{bucket.endpoint}/{bucket.name}/{key}"


def test_everybody_reads_the_object(bucket, caller, box):
    data = content("jpg")
    asset = caller.upload(box, "Sun Set.JPG", data, prompt_text="kept")
    assert re.fullmatch(re.escape(address_of(bucket, "uploads/")) + r"[0-9a-f]{32}\.jpg", asset["file_url"])
    got = fetch(asset["file_url"])
    assert (got.status_code, got.content) == (200, data)
    assert got.headers["Cache-Control"] == "max-age=86400"
    assert got.headers["Content-Type"] == "image/jpeg"
    part = fetch(asset["file_url"], headers={"Range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, data[1:4])
    [blob] = [key for key in bucket.keys() if key.startswith("blobs/")]
    assert fetch(address_of(bucket, blob)).status_code == 403, "what other APIs read is nobody's"
    # Wherever the asset is shown.
    assert caller.show(f"/assets/{asset['id']}/")["file_url"] == asset["file_url"]
    assert [shown["file_url"] for shown in caller.assets(box)] == [asset["file_url"]]
    shown = expect(caller.post(f"/boxes/{box}/set_headliner/", json={"asset_id": asset["id"]}))
    assert shown["headliner_url"] == asset["file_url"]
    # The other APIs have the file as any other.
    assert caller.native().get(f"/media/media_{asset['id']}/content").content == data


def test_each_upload_has_an_address_of_its_own(bucket, caller, box):
    data = content("png")
    assets = [caller.upload(box, data=data, name="same.png") for _ in range(3)]
    urls = [asset["file_url"] for asset in assets]
    assert len(set(urls)) == 3
    wait_for(lambda: len(bucket.keys()) == 1 + 3)
    expect(caller.delete(f"/assets/{assets[1]['id']}/"), 204)
    wait_for(lambda: fetch(urls[1]).status_code == 403)
    assert [fetch(url).content for url in (urls[0], urls[2])] == [data, data]
    assert len(bucket.keys()) == 1 + 2


def test_several_files_are_all_or_none(bucket, caller, box):
    files = [(f"{number}.png", content("png")) for number in range(4)]
    made = expect(caller.send(f"/boxes/{box}/upload/", files), 201)
    assert [fetch(asset["file_url"]).content for asset in made] == [data for _, data in files]
    assert caller.send(f"/boxes/{box}/upload/", [*files, ("bad.png", b"no image")]).status_code == 400
    assert caller.send(f"/boxes/{box}/upload/", files, ai_model="999").status_code == 400
    assert len(caller.assets(box)) == 4
    wait_for(lambda: len(bucket.keys()) == 4 + 4)


def trash(caller, box, asset):
    assert caller.native().delete(f"/media/media_{asset['id']}").status_code == 200


def trash_and_restore(caller, box, asset):
    trash(caller, box, asset)
    assert caller.native().post(f"/trash/media_{asset['id']}/restore").status_code == 200


def delete_for_good(caller, box, asset):
    assert caller.native().delete(f"/media/media_{asset['id']}?permanent=true").status_code == 200


def delete_the_folder(caller, box, asset):
    stream = StreamVault(caller.server, caller.access)
    expect(stream.call("DELETE", f"/folders/{stream.view(box)['uuid']}/delete/"))


def delete_the_box(caller, box, asset):
    expect(caller.delete(f"/boxes/{box}/"), 204)


def delete_the_project(caller, box, asset):
    expect(caller.delete(f"/projects/{caller.show(f'/boxes/{box}/')['project']}/"), 204)


def delete_the_account(caller, box, asset):
    program.ok(program.run("user", "delete", caller.username, "--yes", "--data", caller.server.data))


def replace_the_bytes(caller, box, asset):
    reply = caller.native().put(f"/media/media_{asset['id']}/content", data=content("jpg"))
    assert reply.status_code == 200, reply.text


def revoke_the_share(caller, box, asset):
    stream = StreamVault(caller.server, caller.access)
    expect(stream.delete(f"/api/v3/share/{asset['id']}/"))


WAYS = [trash, trash_and_restore, delete_for_good, delete_the_folder, delete_the_box, delete_the_project,
        delete_the_account, replace_the_bytes, revoke_the_share]
LEFT = [trash_and_restore, replace_the_bytes, revoke_the_share]


def test_the_object_goes_with_the_asset(bucket, server):
    """In each way, and within seconds; the address of another asset with the same bytes stays."""
    other = Boxes.registered(server)
    kept = other.upload(other.box()["id"], data=b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01the same")
    for way in WAYS:
        caller = Boxes.registered(server)
        box = caller.box()["id"]
        asset = caller.upload(box, data=b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01the same")
        assert fetch(asset["file_url"]).status_code == 200
        way(caller, box, asset)
        wait_for(lambda: fetch(asset["file_url"]).status_code == 403)
        if way in LEFT:
            shown = caller.show(f"/assets/{asset['id']}/")["file_url"]
            assert shown.startswith(server.url + "/uploads/"), way
            assert fetch(shown).status_code == 200
    assert fetch(kept["file_url"]).status_code == 200
    assert len(public_keys(bucket)) == 1


def test_what_another_api_uploads_is_served_by_the_vault(bucket, server, caller, box):
    stream = StreamVault(server, caller.access)
    file = stream.upload(content("jpg"), "other.jpg", folder_id=box)
    [shown] = caller.assets(box)
    assert shown["file_url"].startswith(server.url + "/uploads/"), file
    assert public_keys(bucket) == []


def test_another_host(launch, bucket):
    settings = {**bucket.settings(), **QUICK}
    for number, (domain, root) in enumerate([
        ("cdn.example.org", "https://cdn.example.org/"),
        (address_of(bucket, ""), address_of(bucket, "")),
    ]):
        server = launch({**settings, "s3.custom_domain": domain}, name=f"{number}")
        caller = Boxes.registered(server)
        url = caller.upload(caller.box()["id"])["file_url"]
        assert url.startswith(root + "uploads/")
        assert url.removeprefix(root) in bucket.keys()
    server = launch(settings, variables={"AWS_S3_CUSTOM_DOMAIN": "files.example.org"}, name="documented")
    caller = Boxes.registered(server)
    assert caller.upload(caller.box()["id"])["file_url"].startswith("https://files.example.org/uploads/")


def test_no_public_objects(launch, bucket):
    server = launch({**bucket.settings(), **QUICK}, variables={"AWS_DEFAULT_ACL": "private"})
    caller = Boxes.registered(server)
    data = content("jpg")
    url = caller.upload(caller.box()["id"], data=data)["file_url"]
    assert url.startswith(server.url + "/uploads/")
    assert fetch(url).content == data
    assert public_keys(bucket) == []


def test_a_vault_that_has_none_any_more(launch, bucket, folder):
    settings = {**bucket.settings(), **QUICK}
    server = launch(settings)
    caller = Boxes.registered(server)
    asset = caller.upload(caller.box()["id"])
    server.stop_well()
    server = launch({**settings, "s3.acl": "private"})
    caller = Boxes(server, caller.token)
    shown = caller.show(f"/assets/{asset['id']}/")["file_url"]
    assert shown.startswith(server.url + "/uploads/")
    assert fetch(shown).content == fetch(asset["file_url"]).content
    expect(caller.delete(f"/assets/{asset['id']}/"), 204)
    wait_for(lambda: public_keys(bucket) == [])


def test_no_acl_is_sent_where_the_policy_decides(launch, bucket):
    caller = Boxes.registered(launch({**bucket.settings(), "s3.acl": "none"}))
    asset = caller.upload(caller.box()["id"])
    assert fetch(asset["file_url"]).status_code == 403
    set_policy(bucket, "Allow", "s3:GetObject")
    assert fetch(asset["file_url"]).status_code == 200


def test_a_bucket_that_refuses_public_objects(launch, bucket):
    server = launch({**bucket.settings(), **QUICK})
    caller = Boxes.registered(server)
    box = caller.box()["id"]
    set_policy(bucket, "Deny", "s3:PutObject")
    for files in ([("a.jpg", content("jpg"))], [("a.jpg", content("jpg")), ("b.jpg", content("jpg"))]):
        failed = caller.send(f"/boxes/{box}/upload/", files)
        assert expect(failed, 500) == {"error": "Failed to upload file: the storage failed"}
    assert caller.assets(box) == []
    wait_for(lambda: bucket.keys() == [])
    server.stop_well()
    with pytest.raises(StartFailed) as failure:
        server.start()
    assert f"the bucket {bucket.name} of {bucket.endpoint} takes no public object: " in failure.value.log
    assert "set s3.acl to private" in failure.value.log
    assert bucket.call("DELETE", query={"policy": ""}).status_code in (200, 204)
    server.start()
    caller = Boxes(server, caller.token)
    assert fetch(caller.upload(box)["file_url"]).status_code == 200
    wait_for(lambda: len(bucket.keys()) == 2)


@pytest.mark.skipif(not program.BINARY.with_name("coffer-media").exists(), reason="coffer-media is not built")
def test_images_that_are_made_smaller(launch, bucket, folder):
    server = launch({**bucket.settings(), **QUICK, "media.enabled": "true"})
    caller = Boxes.registered(server)
    box = caller.box()["id"]
    # A PNG that nobody has compressed.
    picture = folder / "large.png"
    command = "ffmpeg -v error -f lavfi -i testsrc2=s=640x480 -frames:v 1 -compression_level 0".split()
    subprocess.run([*command, str(picture)], check=True, timeout=60)
    data = picture.read_bytes()
    asset = caller.upload(box, "screen.png", data, optimize="true", keep_original="true")
    assert asset["optimization"]["optimized"], asset["optimization"]
    small = fetch(asset["file_url"])
    assert small.headers["Content-Type"] == "image/png" and len(small.content) < len(data) / 2
    original = caller.show(f"/assets/{asset['optimization']['original']}/")
    assert fetch(original["file_url"]).content == data
    assert len(public_keys(bucket)) == 2
    # Thumbnails stay with the vault.
    wait_for(lambda: caller.show(f"/assets/{asset['id']}/")["thumbnail_url"] != "")
    assert caller.show(f"/assets/{asset['id']}/")["thumbnail_url"].startswith(server.url + "/uploads/thumbnails/")


def test_fsck_knows_public_objects(launch, bucket):
    server = launch({**bucket.settings(), "blobs.grace": "1h"})
    caller = Boxes.registered(server)
    box = caller.box()["id"]
    data = content("jpg")
    assets = [caller.upload(box, data=data) for _ in range(2)]
    wait_for(lambda: len(bucket.keys()) == 3)
    server.stop_well()

    def fsck(*flags):
        return program.run("fsck", "--data", server.data, *flags, settings=bucket.settings())

    for flags in ((), ("--deep",)):
        done = fsck(*flags)
        assert done.returncode == 0, done.stdout
        assert "3 blobs, " in done.stdout and "0 missing, 0 corrupt, 0 unreferenced" in done.stdout
    lost, damaged = ["uploads/" + asset["file_url"].rpartition("/")[2] for asset in assets]
    assert bucket.call("DELETE", lost).status_code == 204
    assert bucket.call("PUT", damaged, data=b"x" * len(data)).status_code == 200
    assert bucket.call("PUT", "uploads/of-somebody.jpg", data=b"xy").status_code == 200
    done = fsck("--deep")
    assert done.returncode == 1
    assert f"missing       {lost}: {len(data)} bytes" in done.stdout
    assert f"corrupt       {damaged}: its bytes are damaged" in done.stdout
    assert "unreferenced  uploads/of-somebody.jpg (not of this database): 2 bytes" in done.stdout
