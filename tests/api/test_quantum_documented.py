"""Quantum Storage's document, call by call: every call, every shape, every row of its error table."""

import os
import platform

import pytest

from harness import forms, program
from harness.quantum import Quantum, charge, expect, is_token, refuse, unique_name


@pytest.fixture
def quantum(shared):
    return Quantum.registered(shared)


@pytest.fixture
def bucket(quantum):
    return quantum.bucket()


@pytest.fixture(params=["", "/API"])
def root(request):
    return request.param


# Every call, at both of its places.


@pytest.mark.local
def test_every_call_of_the_document(quantum, root):
    caller = quantum.twin(root)
    name = "b-" + unique_name("documented")
    status = expect(
        caller.get("/status"),
        ["system_load", "memory_free", "disk_free", "kernel_version", "upgradable_packages"],
    )["data"]
    assert status["kernel_version"] == platform.release()
    assert isinstance(status["system_load"], (int, float)) and status["system_load"] >= 0
    assert isinstance(status["memory_free"], int) and 0 < status["memory_free"] < 1 << 50
    disk = os.statvfs(quantum.server.data)
    assert abs(status["disk_free"] - disk.f_bavail * disk.f_frsize) < 4 << 30
    assert all(isinstance(package, str) for package in status["upgradable_packages"])

    expect(caller.post(f"/bucket/create/{name}"), [])
    assert expect(caller.get("/bucket"), ["Buckets"])["data"]["Buckets"] == [name]
    token = expect(caller.post(f"/token/create/{name}"), ["token"])["data"]["token"]
    assert is_token(token)
    expect(caller.add(name, "", ("a.txt", b"a")) and caller.try_add(name, "d/e", ("b.txt", b"b")), [])
    expect(caller.mkdir(name, "d/new"), [])
    download = expect(caller.get(f"/file/get/{name}/d/e/b.txt"), ["file_token"])["data"]["file_token"]
    assert is_token(download)
    assert caller.get(f"/file/download/{download}").content == b"b"
    assert isinstance(expect(caller.get("/file/quota"), ["space_left"])["data"]["space_left"], int)
    expect(caller.remove(name, "d/e/b.txt"), [])
    expect(caller.post(f"/token/remove/{token}"), [])
    expect(caller.post(f"/token/remove/b/{name}"), [])
    expect(caller.post(f"/bucket/remove/{name}"), [])
    assert caller.buckets() == []


def test_a_slash_at_the_end_means_nothing(quantum, bucket):
    expect(quantum.get("/status/"))
    expect(quantum.get("/bucket/"))
    expect(quantum.post(f"/token/create/{bucket}/"))
    expect(quantum.post(f"/file/mkdir/{bucket}/d/"))
    content_type, body = forms.encode([forms.Part("files", b"x", "f")])
    expect(quantum.post(f"/file/add/{bucket}/d/", data=body, headers={"Content-Type": content_type}))
    expect(quantum.get(f"/file/get/{bucket}/d/f/"))
    expect(quantum.get("/file/quota/"))
    expect(quantum.post(f"/bucket/remove/{bucket}/"))


def test_wrong_methods(quantum, bucket, root):
    caller = quantum.twin(root)
    gets = ["/status", "/bucket", f"/file/get/{bucket}/f", "/file/download/x", "/file/quota"]
    posts = [
        "/bucket/create/abc",
        "/bucket/remove/abc",
        "/token/create/abc",
        "/token/remove/abc",
        "/token/remove/b/abc",
        f"/file/add/{bucket}",
        f"/file/add/{bucket}/d",
        f"/file/mkdir/{bucket}/d",
        f"/file/remove/{bucket}/d",
    ]
    for path, right in [(p, "GET") for p in gets] + [(p, "POST") for p in posts]:
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {right}:
            reply = refuse(caller.call(method, path), 405, "REQ_METHOD_INVALID")
            allowed = reply.headers["Allow"].split(", ")
            assert right in allowed and method not in allowed, (method, path, allowed)


# 401 and 403.


def calls(bucket):
    """(method, path) of all that asks for a key; the first ones for a master key."""
    return [
        ("GET", "/bucket"),
        ("POST", "/bucket/create/abcd"),
        ("POST", f"/bucket/remove/{bucket}"),
        ("POST", f"/token/create/{bucket}"),
        ("POST", "/token/remove/some-token"),
        ("POST", f"/token/remove/b/{bucket}"),
    ], [
        ("POST", f"/file/add/{bucket}/d"),
        ("POST", f"/file/mkdir/{bucket}/d"),
        ("POST", f"/file/remove/{bucket}/d"),
        ("GET", f"/file/get/{bucket}/d"),
        ("GET", "/file/quota"),
    ]


def test_what_is_no_key_opens_nothing(shared, quantum, bucket):
    application = expect(quantum.post(f"/token/create/{bucket}"))["data"]["token"]
    native = quantum.native.post("/api-keys", json={"name": "n"}).json()["data"]["secret"]
    revoked = Quantum.registered(shared)
    listed = revoked.native.get("/api-keys").json()["data"]
    assert revoked.native.delete("/api-keys/" + listed[0]["id"]).status_code == 200
    disabled = Quantum.registered(shared)
    disabled_token = disabled.application(disabled.bucket())
    done = program.run("user", "disable", disabled.native.username, "--data", shared.data)
    assert done.returncode == 0, done.stderr
    bad = [
        {},
        {"X-API-MKEY": ""},
        {"X-API-AKEY": ""},
        {"X-API-MKEY": "x" * 47},
        {"X-API-MKEY": "x" * 5000},
        {"X-API-AKEY": quantum.master},
        {"X-API-MKEY": application},
        {"X-API-MKEY": native},
        {"X-API-AKEY": native},
        {"X-API-MKEY": revoked.master},
        {"X-API-MKEY": disabled.master},
        {"X-API-AKEY": disabled_token.keys["X-API-AKEY"]},
        {"X-API-Key": quantum.master},
        {"Authorization": f"Bearer {quantum.native.token}"},
        {"X-API-MKEY": quantum.master[:-1] + ("A" if quantum.master[-1] != "A" else "B")},
        {"X-API-MKEY": "wrong", "X-API-AKEY": application},
    ]
    for method, path in sum(calls(bucket), []):
        for headers in bad:
            reply = Quantum(shared).call(method, path, headers=headers)
            refuse(reply, 401, "UNAUTHORIZED")
            assert reply.headers["WWW-Authenticate"]
    assert quantum.buckets() == [bucket]


def test_an_application_has_no_say_over_buckets_and_tokens(quantum, bucket):
    application = quantum.application(bucket)
    masters, others = calls(bucket)
    for method, path in masters:
        refuse(application.call(method, path), 403, "UNAUTHORIZED")
    application.add(bucket, "d", ("f", b"x"))
    expect(application.mkdir(bucket, "e"))
    assert application.content(bucket, "d/f") == b"x"
    assert application.space_left() > 0
    expect(application.remove(bucket, "d"))
    assert quantum.buckets() == [bucket]


def test_keys_of_buckets_open_no_other_api(shared, quantum, bucket):
    token = expect(quantum.post(f"/token/create/{bucket}"))["data"]["token"]
    keys = [token, quantum.master]
    for headers in [{"X-API-Key": key} for key in keys] + [{"Authorization": f"Bearer {key}"} for key in keys]:
        assert shared.anyone().get("/users/me", headers=headers).status_code == 401
        assert shared.anyone().get("/media", headers=headers).status_code == 401
    assert token not in quantum.native.get("/api-keys").text


# 400 and 404.


def test_insufficient_space(quantum, bucket):
    quantum.add(bucket, "", ("f", b"x" * 600))
    quantum.leave(2 * charge(0, "g") + 400)
    refuse(quantum.try_add(bucket, "", ("g", b"x" * (charge(400, "g") + 1))), 400, "INSUFFICIENT_SPACE")
    refuse(quantum.try_add(bucket, "", ("g", b"x" * 300), ("h", b"x" * 101)), 400, "INSUFFICIENT_SPACE")
    quantum.leave(400)
    refuse(quantum.try_add(bucket, "", ("f", b"x" * 1001), force=True), 400, "INSUFFICIENT_SPACE")
    assert quantum.space_left() == 400
    quantum.add(bucket, "", ("f", b"y" * 1000), force=True)
    assert quantum.space_left() == 0
    refuse(quantum.try_add(bucket, "", ("empty", b"")), 400, "INSUFFICIENT_SPACE")
    quantum.set_quota("none")
    assert quantum.space_left() > 1 << 20


def test_bucket_exists(quantum, bucket):
    stranger = Quantum.registered(quantum.server)
    for caller in (quantum, stranger):
        refuse(caller.post(f"/bucket/create/{bucket}"), 400, "BUCKET_EXISTS")


def test_bucket_dne(quantum, bucket):
    stranger = Quantum.registered(quantum.server)
    for caller, name in [(quantum, "nothing-there"), (stranger, bucket), (quantum, "NO"), (quantum, "a_b")]:
        refuse(caller.post(f"/bucket/remove/{name}"), 404, "BUCKET_DNE")
        refuse(caller.post(f"/token/create/{name}"), 404, "BUCKET_DNE")
        refuse(caller.post(f"/token/remove/b/{name}"), 404, "BUCKET_DNE")
        refuse(caller.try_add(name, "", ("f", b"x")), 404, "BUCKET_DNE")
        refuse(caller.mkdir(name, "d"), 404, "BUCKET_DNE")
        refuse(caller.remove(name, "d"), 404, "BUCKET_DNE")
        refuse(caller.get(f"/file/get/{name}/d"), 404, "BUCKET_DNE")
    assert quantum.buckets() == [bucket]


def test_not_a_file(quantum, bucket):
    quantum.add(bucket, "d/e", ("f", b"x"))
    for path in ("d", "d/e", "d/e/"):
        refuse(quantum.get(f"/file/get/{bucket}/{path}"), 404, "NOT_A_FILE")
    refuse(quantum.get(f"/file/get/{bucket}"), 404, "NOT_A_FILE")
    for force in (None, False, True):
        refuse(quantum.try_add(bucket, "d", ("e", b"x"), force=force), 404, "NOT_A_FILE")


def test_file_already_exists(quantum, bucket):
    quantum.add(bucket, "d", ("f", b"old"))
    for force in (None, False, "false", "0", "no", "off", ""):
        refuse(quantum.try_add(bucket, "d", ("f", b"new"), force=force), 400, "FILE_ALREADY_EXISTS")
    assert quantum.content(bucket, "d/f") == b"old"
    for force in (True, "true", "TRUE", "1", "yes", "on"):
        quantum.add(bucket, "d", ("f", str(force).encode()), force=force)
        assert quantum.content(bucket, "d/f") == str(force).encode()


def test_file_dne(quantum, bucket):
    quantum.add(bucket, "d", ("f", b"x"))
    for path in ("f", "d/g", "d/f/g", "D", "d/F", "e/f"):
        refuse(quantum.get(f"/file/get/{bucket}/{path}"), 404, "FILE_DNE")
        refuse(quantum.remove(bucket, path), 404, "FILE_DNE")
    refuse(quantum.remove(bucket, ""), 404, "FILE_DNE")
    expect(quantum.remove(bucket, "d/f"))
    refuse(quantum.get(f"/file/get/{bucket}/d/f"), 404, "FILE_DNE")
    refuse(quantum.remove(bucket, "d/f"), 404, "FILE_DNE")


def test_token_dne(quantum, bucket):
    token = expect(quantum.post(f"/token/create/{bucket}"))["data"]["token"]
    stranger = Quantum.registered(quantum.server)
    refuse(stranger.post(f"/token/remove/{token}"), 404, "TOKEN_DNE")
    refuse(quantum.post("/token/remove/nothing"), 404, "TOKEN_DNE")
    refuse(quantum.post("/token/remove/" + "x" * 3000), 404, "TOKEN_DNE")
    refuse(quantum.post(f"/token/remove/{quantum.master}"), 404, "TOKEN_DNE")
    expect(quantum.post(f"/token/remove/{token}"))
    refuse(quantum.post(f"/token/remove/{token}"), 404, "TOKEN_DNE")
    refuse(Quantum(quantum.server, application=token).get("/file/quota"), 401, "UNAUTHORIZED")


def test_removing_all_tokens_of_a_bucket(quantum, bucket):
    ours = [quantum.application(bucket) for _ in range(3)]
    other = quantum.application(quantum.bucket())
    expect(quantum.post(f"/token/remove/b/{bucket}"))
    for application in ours:
        refuse(application.get("/file/quota"), 401, "UNAUTHORIZED")
    expect(other.get("/file/quota"))
    expect(quantum.post(f"/token/remove/b/{bucket}"))


def test_invalid_dir(quantum, bucket):
    quantum.add(bucket, "d", ("f", b"x"))
    for path in ("", "x" * 256, "d/f", "d/f/g", "nul", "d/COM1", "c:"):
        refuse(quantum.mkdir(bucket, path), 400, "INVALID_DIR")
    refuse(quantum.try_add(bucket, "d/f", ("g", b"x")), 400, "INVALID_DIR")
    expect(quantum.mkdir(bucket, "d"), [])
    assert quantum.content(bucket, "d/f") == b"x"


def test_invalid_token(quantum, bucket):
    quantum.add(bucket, "", ("f", b"x"))
    token = quantum.token(bucket, "f")
    wrong = ["x", token[:-1], token + "x", token.upper(), "x" * 3000, "%00", "..%2f..", "a/b", quantum.master]
    for text in wrong:
        refuse(quantum.fetch(text), 400, "INVALID_TOKEN")
    assert quantum.fetch(token).content == b"x"
    refuse(quantum.fetch(token), 400, "INVALID_TOKEN")


def test_invalid_bucket(quantum, bucket):
    application = quantum.application(bucket)
    other = quantum.bucket()
    foreign = Quantum.registered(quantum.server).bucket()
    for name in (other, foreign, "nothing-there"):
        refuse(application.try_add(name, "", ("f", b"x")), 400, "INVALID_BUCKET")
        refuse(application.mkdir(name, "d"), 400, "INVALID_BUCKET")
        refuse(application.remove(name, "d"), 400, "INVALID_BUCKET")
        refuse(application.get(f"/file/get/{name}/f"), 400, "INVALID_BUCKET")


@pytest.mark.parametrize(
    "name", ["ab", "x" * 64, "Abc", "a_b", "-abc", "abc-", "a..b", "192.168.1.1", "caf%C3%A9", "a%20b", "a/b"]
)
def test_names_that_no_bucket_can_have(quantum, name):
    refuse(quantum.post(f"/bucket/create/{name}"), 400, "INVALID_PATH")
    assert quantum.buckets() == []


# What the table has no row for.


def test_forms_that_are_none(quantum, bucket):
    content_type, body = forms.encode([forms.Part("files", b"x", "f")])
    path = f"/file/add/{bucket}/d"
    field = forms.Part("files", b"x")
    for options in (
        {},
        {"json": {"files": "x"}},
        {"data": {"files": "x"}},
        {"data": b"", "headers": {"Content-Type": content_type}},
        {"data": body[:-5], "headers": {"Content-Type": content_type}},
        {"data": body, "headers": {"Content-Type": "multipart/form-data"}},
        {"data": body, "headers": {"Content-Type": "multipart/mixed; boundary=x"}},
    ):
        refuse(quantum.post(path, **options), 400, "INVALID_FORM")
    for parts in (
        [],
        [forms.Part("force", b"true")],
        [field],
        [forms.Part("file", b"x", "f")],
        [forms.Part("files", b"x", "f"), forms.Part("force", b"maybe")],
        [forms.Part("files", b"x", "f"), forms.Part("force", b"\xff")],
        [forms.Part("files", b"x", "f"), field],
    ):
        refuse(quantum.send(bucket, "d", parts), 400, "INVALID_FORM")
    refuse(quantum.get(f"/file/get/{bucket}/d"), 404, "FILE_DNE")
    reply = quantum.send(bucket, "d", [forms.Part("files", b"x", "f"), forms.Part("note", b"x" * 70000)])
    refuse(reply, 413, "FILE_TOO_LARGE")


def test_unknown_paths(quantum):
    for path in ("/bucket/x", "/bucket/create", "/token/x", "/API", "/API/x", "/API/file/x", "/API/file/add"):
        refuse(quantum.get(path), 404, "NOT_FOUND")


def test_rate_limits_have_the_shape(launch):
    server = launch({"rate_limits": "on", "limits.api_key_per_minute": "5"})
    caller = Quantum.registered(server)
    for _ in range(5):
        expect(caller.get("/bucket"))
    reply = refuse(caller.get("/bucket"), 429, "TOO_MANY_REQUESTS")
    assert {"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= set(reply.headers)


def test_too_large_a_file(launch):
    server = launch({"uploads.max_bytes": "10KiB"})
    caller = Quantum.registered(server)
    bucket = caller.bucket()
    refuse(caller.try_add(bucket, "", ("f", b"x" * 10241)), 413, "FILE_TOO_LARGE")
    caller.add(bucket, "", ("f", b"x" * 10240))


# Guests.


def test_status_is_for_guests_where_there_are_any(shared, launch):
    expect(Quantum(shared).get("/status"))
    refuse(Quantum(shared, master="wrong").get("/status"), 401, "UNAUTHORIZED")
    for other in ({"Authorization": "Bearer x"}, {"Authorization": ""}, {"X-API-Key": "x"}):
        refuse(Quantum(shared).get("/status", headers=other), 401, "UNAUTHORIZED")
    server = launch({"guests": None})
    refuse(Quantum(server).get("/status"), 401, "UNAUTHORIZED")
    refuse(Quantum(server).get("/API/status"), 401, "UNAUTHORIZED")
    caller = Quantum.registered(server)
    bucket = caller.bucket()
    expect(caller.get("/status"))
    expect(caller.application(bucket).get("/status"))
    caller.add(bucket, "", ("f", b"x"))
    assert caller.fetch(caller.token(bucket, "f")).content == b"x"
    refuse(caller.fetch("wrong"), 400, "INVALID_TOKEN")
