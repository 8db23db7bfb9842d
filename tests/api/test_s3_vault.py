"""A vault whose files are in a bucket: Ceph's object gateway."""

import random

import pytest

from harness import program
from harness.nginx import free_port
from harness.s3 import Bucket, wait_for
from harness.server import StartFailed

# The first of these starts Ceph.
pytestmark = pytest.mark.seconds(120)

QUICK = {"blobs.grace": "4s", "blobs.collect_every": "1s"}


def some_bytes(size, seed=1):
    return random.Random(seed).randbytes(size)


def content(user, media, **options):
    return user.get(f"/media/{media['id']}/content", **options)


def refusal(launch, settings, **options):
    """What a server says that does not start."""
    with pytest.raises(StartFailed) as failure:
        launch(settings, **options)
    assert failure.value.code == 1, failure.value
    lines = [line for line in failure.value.log.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, failure.value.log
    return lines[0]


def test_files_are_stored_read_and_removed(launch, bucket):
    server = launch({**bucket.settings(), **QUICK})
    user = server.user()
    assert bucket.keys() == [], "what the start tries out is removed"
    # In one request, through a scratch file, in parts.
    files = {size: some_bytes(size, size) for size in (0, 10, 200_000, 20_000_001)}
    stored = {size: user.upload(data) for size, data in files.items()}
    assert len(bucket.keys()) == len(files)
    assert all(key.startswith("blobs/") for key in bucket.keys())
    server.restart()
    user.root = server.root
    for size, data in files.items():
        assert content(user, stored[size]).content == data
    big = stored[20_000_001]
    part = content(user, big, headers={"Range": "bytes=9999990-10000009"})
    assert part.status_code == 206
    assert part.content == files[20_000_001][9_999_990:10_000_010]
    for media in stored.values():
        assert user.delete(f"/media/{media['id']}").status_code == 200
        assert user.delete(f"/trash/{media['id']}").status_code == 200
    wait_for(lambda: bucket.keys() == [])
    assert bucket.unfinished() == []
    assert not list(server.data.glob("blobs*")), "nothing is stored in the data folder"
    assert bucket.secret_key not in server.log_path.read_text()


def test_equal_files_are_stored_once(launch, bucket):
    user = launch({**bucket.settings(), **QUICK}).user()
    data = some_bytes(100_000)
    media = [user.upload(data) for _ in range(3)]
    wait_for(lambda: len(bucket.keys()) == 1)
    for one in media:
        assert content(user, one).content == data


def test_a_vault_keeps_to_its_store(launch, bucket):
    launch(bucket.settings(), name="data").stop_well()
    said = refusal(launch, {"blobs.store": "local"}, name="data")
    assert "store of the kind s3, and blobs.store is local: set it to s3" in said
    launch({"blobs.store": "local"}, name="other").stop_well()
    said = refusal(launch, bucket.settings(), name="other")
    assert "store of the kind local, and blobs.store is s3: set it to local" in said


def test_a_start_says_what_is_wrong_with_the_bucket(launch, bucket):
    settings = bucket.settings()
    nowhere = f"http://127.0.0.1:{free_port()}"
    for name, value, reason in [
        ("s3.bucket", "coffer-is-not-there", "404"),
        ("s3.secret_key", "another", "403"),
        ("s3.endpoint", nowhere, "it accepts no connection"),
    ]:
        changed = {**settings, name: value}
        said = refusal(launch, changed, name=name)
        assert f"the bucket {changed['s3.bucket']} of {changed['s3.endpoint']} cannot be used: " in said
        assert reason in said
        assert bucket.secret_key not in said


def test_a_start_with_another_bucket_is_refused(launch, bucket, ceph):
    server = launch(bucket.settings(), name="data")
    server.user().upload(b"somewhere")
    server.stop_well()
    other = Bucket(ceph.endpoint, bucket.name + "-2", ceph.access_key, ceph.secret_key).create()
    said = refusal(launch, other.settings(), name="data")
    assert f"the bucket {other.name} of {ceph.endpoint} does not give the files" in said
    assert other.keys() == []


def test_a_lost_file_keeps_no_other_from_being_served(launch, bucket):
    server = launch(bucket.settings(), name="data")
    user = server.user()
    files = {user.upload(data)["checksum"]: data for data in (b"one" * 100, b"two" * 100)}
    lost = files[min(files)]  # the one that a start asks for first
    [key] = [key for key in bucket.keys() if bucket.call("GET", key).content == lost]
    server.stop_well()
    assert bucket.call("DELETE", key).status_code == 204
    server.start()
    user.root = server.root
    statuses = {each["checksum"]: user.get(f"/media/{each['id']}/content").status_code
                for each in user.get("/media").json()["data"]}
    assert statuses.pop(min(files)) >= 500
    assert list(statuses.values()) == [200]


def test_two_vaults_in_one_bucket(launch, bucket):
    users = [launch({**bucket.settings(), **QUICK}, name=name).user() for name in ("one", "two")]
    media = [user.upload(b"the same bytes") for user in users]
    assert len(bucket.keys()) == 2
    assert users[0].delete(f"/media/{media[0]['id']}").status_code == 200
    assert users[0].delete(f"/trash/{media[0]['id']}").status_code == 200
    wait_for(lambda: len(bucket.keys()) == 1)
    assert content(users[1], media[1]).content == b"the same bytes"


def test_keys_from_a_file_over_tls(launch, bucket, ceph, folder):
    keys = folder / "credentials"
    keys.write_text(f"[vault]\naws_access_key_id = {ceph.access_key}\naws_secret_access_key = {ceph.secret_key}\n")
    settings = {
        "blobs.store": "s3",
        "s3.endpoint": ceph.tls_endpoint,
        "s3.bucket": bucket.name,
        "s3.credentials_file": keys,
        "s3.profile": "vault",
    }
    assert "certificate" in refusal(launch, settings, name="careful")
    user = launch({**settings, "s3.certificates": ceph.certificate}).user()
    data = some_bytes(9_000_000)
    assert content(user, user.upload(data)).content == data


def test_the_documented_variables_are_enough(launch, bucket, ceph):
    variables = {
        "AWS_S3_ENDPOINT_URL": ceph.endpoint,
        "AWS_STORAGE_BUCKET_NAME": bucket.name,
        "AWS_ACCESS_KEY_ID": ceph.access_key,
        "AWS_SECRET_ACCESS_KEY": ceph.secret_key,
    }
    none = dict.fromkeys(bucket.settings())
    user = launch({**none, "blobs.store": "s3"}, variables=variables).user()
    user.upload(b"bytes")
    assert len(bucket.keys()) == 1


def test_commands_beside_the_server_and_without_it(launch, bucket):
    server = launch({**bucket.settings(), "blobs.grace": "1h"})
    user = server.user()
    media = user.upload(some_bytes(50_000))
    assert user.delete(f"/media/{media['id']}").status_code == 200
    assert user.delete(f"/trash/{media['id']}").status_code == 200
    server.stop_well()
    shown = program.ok(program.run("storage", "--data", server.data, settings=bucket.settings()))
    assert "waiting" in shown
    assert len(bucket.keys()) == 1
    freed = program.ok(program.run("storage", "reclaim", "--data", server.data, settings=bucket.settings()))
    assert "1 blobs" in freed
    assert bucket.keys() == []


def test_a_kill_in_the_middle_of_an_upload_leaves_nothing(launch, bucket):
    server = launch({**bucket.settings(), **QUICK})
    user = server.user()
    kept = user.upload(some_bytes(300_000))
    # Its first parts are in the bucket, its end never comes.
    connection = server.wire()
    headers = {
        "Authorization": f"Bearer {user.token}",
        "Content-Type": "multipart/form-data; boundary=b",
        "Content-Length": "100000000",
    }
    connection.send(connection.head("POST", "/api/v1/media/upload", headers))
    connection.send(b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n' + some_bytes(30_000_000))
    wait_for(lambda: bucket.unfinished() != [])
    server.kill()
    connection.close()
    assert bucket.unfinished() != []
    server.start()
    user.root = server.root
    wait_for(lambda: bucket.unfinished() == [])
    assert content(user, kept).content == some_bytes(300_000)
    assert len(user.media()) == 1
    wait_for(lambda: len(bucket.keys()) == 1)
