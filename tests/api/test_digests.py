"""What was sent is what is stored: digests of bodies and of files, and what the caller has already."""

import base64
import hashlib
import secrets

import pytest

from harness import forms, samples, shapes

DATA = b"the bytes of a file"


def digest(data, algorithm="sha256", name="sha-256"):
    return f"{name}=:{base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}:"


def send(user, parts, path="/media/upload", method="POST", **headers):
    content_type, body = forms.encode(parts)
    headers = {name.replace("_", "-"): value(body) if callable(value) else value for name, value in headers.items()}
    return user.call(method, path, data=body, headers={"Content-Type": content_type, **headers})


def file(data=DATA, name="a.bin"):
    return forms.Part("file", data, name)


def checksum(data=DATA):
    return forms.Part("checksum", samples.checksum(data).encode())


def mismatch(reply):
    shapes.failure(reply, "checksum_mismatch", 422)


@pytest.fixture
def empty(user):
    """A user whose upload is refused keeps nothing."""
    before = user.me()
    yield user
    assert user.media() == []
    assert user.me()["charged_bytes"] == before["charged_bytes"]


# Of the body.


@pytest.mark.parametrize("field", ["Content_Digest", "Repr_Digest"])
@pytest.mark.parametrize("path", ["/media/upload", "/collections"])
def test_a_body_that_is_what_its_digest_says_is_taken(user, field, path):
    if path == "/collections":
        body = b'{"name": "a"}'
        headers = {"Content-Type": "application/json", field.replace("_", "-"): digest(body)}
        shapes.success(user.post(path, data=body, headers=headers), 201)
    else:
        shapes.success(send(user, [file()], **{field: digest}), 201)


@pytest.mark.parametrize("field", ["Content-Digest", "Repr-Digest"])
def test_json_that_is_something_else_changes_nothing(user, field):
    for body in (b'{"name": "a"}', b""):
        headers = {"Content-Type": "application/json", field: digest(b'{"name": "b"}')}
        mismatch(user.post("/collections", data=body, headers=headers))
    assert shapes.success(user.get("/collections")) == []


@pytest.mark.parametrize("field", ["Content_Digest", "Repr_Digest"])
@pytest.mark.parametrize("size", [0, 1, 100_000, 3_000_000])
def test_a_form_that_is_something_else_keeps_nothing(empty, field, size):
    parts = [file(samples.noise(size))]
    mismatch(send(empty, parts, **{field: lambda body: digest(body + b"x")}))


def test_a_chunked_body_is_checked_too(user):
    content_type, body = forms.encode([file()])

    def chunks():
        yield body[:50]
        yield body[50:]

    for name, status in ((digest(body), 201), (digest(body + b"x"), 422)):
        headers = {"Content-Type": content_type, "Content-Digest": name}
        assert user.post("/media/upload", data=chunks(), headers=headers).status_code == status
    assert len(user.media()) == 1


def test_the_representation_of_a_form_may_be_its_file(user):
    shapes.success(send(user, [file()], Repr_Digest=digest(DATA)), 201)
    shapes.success(send(user, [forms.Part("title", b"t"), file()], Repr_Digest=digest(DATA)), 201)
    mismatch(send(user, [file(), file(b"other")], Repr_Digest=digest(DATA)))
    mismatch(send(user, [file()], Content_Digest=digest(DATA)))
    assert len(user.media()) == 2


def test_both_digests_have_to_be_right(empty):
    right, wrong = digest, lambda body: digest(body + b"x")
    mismatch(send(empty, [file()], Content_Digest=wrong, Repr_Digest=right))
    mismatch(send(empty, [file()], Content_Digest=right, Repr_Digest=wrong))


def test_algorithms_that_are_not_known_are_ignored(user):
    for value in (digest(b"x", "sha512", "sha-512"), "unixsum=:AAE=:", ""):
        shapes.success(send(user, [file()], Content_Digest=value), 201)
    for value in (digest(b"x", "sha512", "sha-512") + ", " + digest(b"x"),):
        mismatch(send(user, [file()], Content_Digest=value))


@pytest.mark.parametrize("field", ["Content-Digest", "Repr-Digest"])
@pytest.mark.parametrize(
    "value", ["sha-256", "sha-256=abc", "sha-256=:abc", "sha-256=:YWJj:", "sha-256=:!!:", "=", "sha-512=1, ", "sha256:00"]
)
def test_a_digest_that_is_none_is_refused(empty, field, value):
    content_type, body = forms.encode([file()])
    reply = empty.post("/media/upload", data=body, headers={"Content-Type": content_type, field: value})
    shapes.failure(reply, "validation_error", field=field)


def test_every_api_checks_the_body(shared, user):
    """It is the server that does, not one of the APIs."""
    url = f"{shared.url}/storage/api/v3/folders/"
    for value, status in ((digest(b"x"), 422), (digest(b'{"name": "a"}'), 201)):
        headers = {"Content-Type": "application/json", "Content-Digest": value}
        reply = user.post(url, data=b'{"name": "a"}', headers=headers)
        assert reply.status_code == status, reply.text


# The form field.


@pytest.mark.parametrize(
    "parts",
    [
        [file(), checksum()],
        [checksum(), file()],
        [checksum(), file(), forms.Part("title", b"t"), file(b"2"), checksum(b"2")],
        [checksum(), file(), checksum(b"2"), file(b"2")],
        [file(), checksum(), file(b"2"), checksum(b"2")],
        [file(), checksum(), checksum(b"2"), file(b"2")],
        [file(), file(b"2"), checksum(b"2")],
        [file(b""), checksum(b"")],
        [file(), forms.Part("checksum", samples.checksum(DATA).upper().replace("SHA256", "sha256").encode())],
    ],
)
def test_files_that_are_what_their_checksums_say_are_taken(user, parts):
    reply = send(user, parts)
    assert reply.status_code == 201, reply.text


@pytest.mark.parametrize(
    "parts",
    [
        [file(), checksum(b"other")],
        [checksum(b"other"), file()],
        [file(), checksum(), file(b"2"), checksum(b"3")],
        [checksum(), file(), checksum(), file(b"2")],
        [file(), checksum(b"2"), file(b"2")],
    ],
)
def test_a_file_that_is_not_what_its_checksum_says_keeps_nothing(empty, parts):
    mismatch(send(empty, parts))


@pytest.mark.parametrize(
    "parts",
    [
        [file(), forms.Part("checksum", b"sha256:abc")],
        [file(), forms.Part("checksum", b"md5:00000000000000000000000000000000")],
        [file(), forms.Part("checksum", b"")],
        [file(), checksum(), checksum()],
        [checksum(), checksum(), file()],
    ],
)
def test_a_checksum_that_is_none_or_nobodys_is_refused(empty, parts):
    shapes.failure(send(empty, parts), "validation_error", field="checksum")


def test_a_mismatch_is_not_remembered(user):
    """The client sends again what the way has spoilt, with the same key."""
    key = secrets.token_hex(8)
    mismatch(send(user, [file(b"spoilt"), checksum()], Idempotency_Key=key))
    first = send(user, [file(), checksum()], Idempotency_Key=key)
    shapes.success(first, 201)
    assert send(user, [file(), checksum()], Idempotency_Key=key).content == first.content


# Downloads.


def test_downloads_say_what_they_are(user):
    data = samples.noise(100_000)
    media = user.upload(data)
    path = f"/media/{media['id']}/content"
    for reply, status in (
        (user.get(path), 200),
        (user.head(path), 200),
        (user.get(path, headers={"Range": "bytes=5-10"}), 206),
        (user.get(path, headers={"Want-Repr-Digest": "sha-512=3, sha-256=1"}), 200),
    ):
        assert reply.status_code == status
        assert reply.headers["Repr-Digest"] == digest(data)
    etag = user.head(path).headers["ETag"]
    assert user.get(path, headers={"If-None-Match": etag}).status_code == 304
    assert "Repr-Digest" not in user.get(path, headers={"Want-Repr-Digest": "sha-256=0"}).headers
    assert "Repr-Digest" not in user.get(path, headers={"Range": "bytes=200000-"}).headers


# What the caller has.


def exists(user, checksums):
    return user.post("/media/exists", json={"checksums": checksums})


def test_tells_what_the_caller_has(user, stranger):
    mine, theirs = [samples.noise(50, seed=seed) for seed in (1, 2)]
    first = user.upload(mine)
    user.upload(mine)
    stranger.upload(theirs)
    sums = [samples.checksum(data) for data in (mine, theirs, b"nobody's")]
    assert shapes.success(exists(user, sums)) == {sums[0]: first["id"], sums[1]: None, sums[2]: None}
    loud = "sha256:" + sums[0][7:].upper()
    assert shapes.success(exists(user, [loud, loud])) == {loud: first["id"]}
    assert shapes.success(exists(user, [])) == {}
    shapes.success(user.delete(f"/media/{first['id']}"))
    left = [media["id"] for media in user.media()]
    assert shapes.success(exists(user, sums[:1])) == {sums[0]: left[0]}


def test_a_thousand_checksums_are_answered_and_no_more(user):
    data = [samples.noise(20, seed=seed) for seed in range(20)]
    made = {samples.checksum(one): user.upload(one)["id"] for one in data}
    many = list(made) + [samples.checksum(b"%d" % number) for number in range(980)]
    found = shapes.success(exists(user, many))
    assert len(found) == 1000
    assert {name: media for name, media in found.items() if media} == made
    shapes.failure(exists(user, many + [samples.checksum(b"one more")]), "validation_error", field="checksums")


@pytest.mark.parametrize("body", [{}, {"checksums": "sha256:"}, {"checksums": [1]}, {"checksums": ["sha256:00"]},
                                  {"checksums": ["0" * 64]}, {"checksums": None}])
def test_what_are_no_checksums_is_refused(user, body):
    shapes.failure(user.post("/media/exists", json=body), "validation_error", field="checksums")
