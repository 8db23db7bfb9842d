"""What was true when a request began has to be true when it commits: the account enabled, the session or key
alive, the caller in the group, the bucket there. Every request here is recognised, loses its right while its
body is on the way, and must end as a new one with the same credentials would, with nothing kept."""

import pytest

from harness import program
from harness.client import Api, User, unique_name
from harness.fileuploader import FileUploader, auth_error, error, NOT_FOUND
from harness.forms import Part
from harness.quantum import Quantum, at, expect, refuse
from harness.slow import Slow
from harness.streamvault import StreamVault

DATA = b"the bytes of a slow upload " * 2000


# Kinds of requests. Each prepares what it needs and gives the request, half sent, by an account that is logged in.


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def native_upload(server, user):
    return Slow.form(server, "POST", "/api/v1/media/upload", [Part("file", DATA, "f.bin")], bearer(user.token))


def native_change(server, user):
    media = user.upload(b"kept", "kept.bin")["id"]
    return Slow.json(server, "PATCH", f"/api/v1/media/{media}", {"title": "changed"}, bearer(user.token))


def native_name(server, user):
    body = {"email": unique_name("changed") + "@example.com"}
    return Slow.json(server, "PATCH", "/api/v1/users/me", body, bearer(user.token))


def native_key(server, user):
    return Slow.json(server, "POST", "/api/v1/api-keys", {"name": "kept for later"}, bearer(user.token))


def raw_chunk(server, user):
    upload = StreamVault(server, user.token).begin(1, "f.bin")
    headers = {**bearer(user.token), "X-Upload-ID": upload, "X-Chunk-Index": "0"}
    return Slow(server, "POST", "/storage/api/v3/chunk_upload/", DATA, headers)


def form_chunk(server, user):
    upload = StreamVault(server, user.token).begin(1, "f.bin")
    parts = [Part("upload_id", upload.encode()), Part("chunk_number", b"1"), Part("file", DATA, "blob")]
    return Slow.form(server, "POST", "/storage/api/v3/chunk_upload/", parts, bearer(user.token))


def begin_chunks(server, user):
    body = {"file_name": "f.bin", "total_chunks": 1}
    return Slow.json(server, "POST", "/storage/api/v3/chunk_init/", body, bearer(user.token))


def complete_chunks(server, user):
    stream = StreamVault(server, user.token)
    upload = stream.begin(1, "f.bin")
    expect_ok(stream.raw_chunk(upload, 0, b"content"))
    return Slow.json(server, "POST", "/storage/api/v3/chunk_complete/", {"upload_id": upload}, bearer(user.token))


def replace_file(server, user):
    file = user.upload(b"kept", "kept.bin")["uuid"]
    target = f"/storage/api/v3/files/replace/{file}/"
    return Slow.form(server, "PUT", target, [Part("file", DATA, "new.bin")], bearer(user.token))


def make_folder(server, user):
    return Slow.json(server, "POST", "/storage/api/v3/folders/", {"name": "Music"}, bearer(user.token))


def short_link(server, user):
    return Slow.form(server, "POST", "/api/upload/private", [Part("file", DATA, "f.bin")], bearer(user.token))


def make_group(server, user):
    return Slow.json(server, "POST", "/api/create_group", {"group_name": "friends"}, bearer(user.token))


def transfer(server, user):
    left = User.registered(server.root)  # whose file it is counts for nothing: the caller is asked first
    file = FileUploader(server, left.token).upload(b"theirs", "theirs.bin")
    claim = {"data": [{"file_url": file["file_url"], "key": file["key"]}]}
    return Slow.json(server, "POST", "/api/transfer", claim, bearer(user.token))


KINDS = [
    native_upload,
    native_change,
    native_name,
    native_key,
    raw_chunk,
    form_chunk,
    begin_chunks,
    complete_chunks,
    replace_file,
    make_folder,
    short_link,
    make_group,
    transfer,
]


def expect_ok(reply):
    assert reply.status_code == 200, reply.text


# Ways to lose a right. Each gives the account as it can be looked at afterwards.


def command(server, *arguments, stdin=None):
    done = program.run("user", *arguments, "--data", server.data, stdin=stdin)
    assert done.returncode == 0, done.stderr


def is_disabled(server, user):
    command(server, "disable", user.username)

    def look():
        command(server, "enable", user.username)
        return user.again()

    return look


def session_ends(server, user):
    assert user.post("/auth/logout").status_code == 200
    return user.again


def password_changes(server, user):
    body = {"current_password": user.password, "password": "another password"}
    assert user.again().patch("/users/me", json=body).status_code == 200
    user.password = "another password"
    return user.again


def password_is_set(server, user):
    command(server, "set-password", user.username, "--password-stdin", stdin="from the admin\n")
    user.password = "from the admin"
    return user.again


LOSSES = [is_disabled, session_ends, password_changes, password_is_set]


def state(user):
    """What an account has, as far as these requests could change it."""
    server = user.root.removesuffix("/api/v1")
    return {
        "me": {name: value for name, value in user.me().items() if name != "updated_at"},
        "media": user.media(),
        "keys": user.get("/api-keys").json()["data"],
        "groups": user.get(server + "/api/get_groups").json()["groups"],
        "files": user.get(server + "/storage/api/v3/all_files/").json(),
    }


def same_refusal(reply, fresh):
    """Whether it ends as a new request with these credentials does."""
    assert reply.status_code == fresh.status_code == 401, (reply, fresh.text)
    have, wanted = reply.json(), fresh.json()
    for body in (have, wanted):
        body.pop("meta", None)  # time and id of the request
    assert have == wanted


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_who_lost_the_session_changes_nothing(shared, kind, loss):
    user = shared.user()
    slow = kind(shared, user)
    before = state(user)
    look = loss(shared, user)
    reply = slow.finish()
    fresh = {
        "/api/v1": lambda: user.get("/users/me"),
        "/storage": lambda: StreamVault(shared, user.token).get("/api/v3/all_files/"),
        "/api": lambda: FileUploader(shared, user.token).get("/api/get_groups"),
    }
    target = slow.target
    prefix = next(prefix for prefix in fresh if target.startswith(prefix))
    same_refusal(reply, fresh[prefix]())
    assert state(look()) == before


def test_an_upload_in_time_is_kept(shared):
    for kind in KINDS:
        reply = kind(shared, shared.user()).finish()
        assert reply.status_code in (200, 201), (kind.__name__, reply)


def test_a_refreshed_token_ends_no_upload(shared):
    user = FileUploader.registered(shared)
    slow = short_link(shared, user)
    reply = user.post("/api/refresh_token", json={"accessToken": user.token})
    user.become(reply.json()["accessToken"])
    assert slow.finish().status_code == 200
    assert user.names() == ["f.bin"]
    slow = short_link(shared, user)
    assert user.post("/api/logout").status_code == 200
    auth_error(slow.finish(), NOT_FOUND)


# Keys of programs.


def test_a_revoked_api_key_uploads_nothing(shared):
    user = shared.user()
    made = user.post("/api-keys", json={"name": "k"}).json()["data"]
    before = user.me()["used_bytes"]
    headers = {"X-API-Key": made["secret"]}
    slow = Slow.form(shared, "POST", "/api/v1/media/upload", [Part("file", DATA, "f.bin")], headers)
    assert user.delete(f"/api-keys/{made['id']}").status_code == 200
    same_refusal(slow.finish(), Api(shared.root, key=made["secret"]).get("/users/me"))
    assert user.media() == [] and user.me()["used_bytes"] == before


def test_an_api_key_outlives_the_password(shared):
    user = shared.user()
    made = user.post("/api-keys", json={"name": "k"}).json()["data"]
    headers = {"X-API-Key": made["secret"]}
    slow = Slow.form(shared, "POST", "/api/v1/media/upload", [Part("file", DATA, "f.bin")], headers)
    look = password_is_set(shared, user)
    assert slow.finish().status_code == 201
    assert [media["filename"] for media in look().media()] == ["f.bin"]


def test_the_session_that_changes_the_password_goes_on(shared):
    user = shared.user()
    slow = native_upload(shared, user)
    body = {"current_password": user.password, "password": "another password"}
    assert user.patch("/users/me", json=body).status_code == 200
    assert slow.finish().status_code == 201


# Buckets.


def slow_add(quantum, bucket):
    keys = {name: value for name, value in quantum.keys.items() if value is not None}
    return Slow.form(quantum.server, "POST", f"/file/add/{at(bucket, 'd')}", [Part("files", DATA, "f.bin")], keys)


def nothing_added(master, bucket):
    refuse(master.get(f"/file/get/{at(bucket, 'd/f.bin')}"), 404, "FILE_DNE")
    assert master.native.me()["used_bytes"] == 0


def test_a_revoked_application_token_adds_nothing(shared):
    master = Quantum.registered(shared)
    bucket = master.bucket()
    for call in ("one", "all"):
        application = master.application(bucket)
        slow = slow_add(application, bucket)
        token = application.keys["X-API-AKEY"]
        path = f"/token/remove/{token}" if call == "one" else f"/token/remove/b/{bucket}"
        expect(master.post(path))
        refuse(slow.finish(), 401, "UNAUTHORIZED")
        nothing_added(master, bucket)


def test_a_revoked_master_key_adds_nothing(shared):
    master = Quantum.registered(shared)
    bucket = master.bucket()
    slow = slow_add(master, bucket)
    keys = master.native.get("/api-keys").json()["data"]
    other = master.native.post("/api-keys", json={"name": "other", "kind": "master"}).json()["data"]
    assert master.native.delete(f"/api-keys/{keys[0]['id']}").status_code == 200
    refuse(slow.finish(), 401, "UNAUTHORIZED")
    again = Quantum(shared, master=other["secret"])
    again.native = master.native
    nothing_added(again, bucket)


def test_a_removed_bucket_gets_nothing(shared):
    master = Quantum.registered(shared)
    bucket = master.bucket()
    application = master.application(bucket)
    slow, other = slow_add(master, bucket), slow_add(application, bucket)
    expect(master.post(f"/bucket/remove/{bucket}"))
    refuse(slow.finish(), 404, "BUCKET_DNE")
    refuse(other.finish(), 401, "UNAUTHORIZED")  # its token went with the bucket
    assert master.native.me()["used_bytes"] == 0
    # Nor does a new bucket of that name.
    slow = slow_add(master, master.bucket(bucket))
    expect(master.post(f"/bucket/remove/{bucket}"))
    master.bucket(bucket)
    refuse(slow.finish(), 404, "BUCKET_DNE")
    nothing_added(master, bucket)


def test_who_is_disabled_adds_nothing_to_a_bucket(shared):
    master = Quantum.registered(shared)
    bucket = master.bucket()
    application = master.application(bucket)
    slow, other = slow_add(master, bucket), slow_add(application, bucket)
    command(shared, "disable", master.native.username)
    refuse(slow.finish(), 401, "UNAUTHORIZED")
    refuse(other.finish(), 401, "UNAUTHORIZED")
    command(shared, "enable", master.native.username)
    nothing_added(master, bucket)


# Groups.


def slow_share(caller, group):
    parts = [Part("file", DATA, "f.bin")]
    return Slow.form(caller.server, "POST", f"/api/upload/{group}", parts, bearer(caller.token))


def test_who_left_the_group_adds_nothing_to_it(shared):
    owner, member = FileUploader.registered(shared), FileUploader.registered(shared)
    group = owner.group()
    member.join(owner.invite(group))
    slow = slow_share(member, group)
    assert member.post(f"/api/leave/{group}").status_code == 200
    error(slow.finish(), 403, "You are not in the group")
    assert owner.names(group) == [] and member.names() == []
    assert member.native().me()["used_bytes"] == 0


def test_a_deleted_group_gets_nothing(shared):
    owner, member = FileUploader.registered(shared), FileUploader.registered(shared)
    group = owner.group()
    member.join(owner.invite(group))
    slow = slow_share(member, group)
    assert owner.delete(f"/api/delete_group/{group}").status_code == 200
    error(slow.finish(), 404, "Group not found")
    assert member.names() == [] and member.native().me()["used_bytes"] == 0


def test_who_lost_the_session_adds_nothing_to_a_group(shared):
    owner = FileUploader.registered(shared)
    group = owner.group()
    slow = slow_share(owner, group)
    assert owner.post("/api/logout").status_code == 200
    auth_error(slow.finish(), NOT_FOUND)
    owner.become(owner.post("/api/login", json={"username": owner.username, "password": owner.password}).json()["accessToken"])
    assert owner.names(group) == []
