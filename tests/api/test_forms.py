"""Forms as browsers, curl and aiohttp send them, and what is said of those that nobody can read."""

import pytest

from harness import forms, shapes
from harness.fileuploader import FileUploader
from harness.forms import Part
from harness.quantum import Quantum, refuse
from harness.streamvault import StreamVault


def name_of(user, disposition, **headers):
    """The name that a file got."""
    part = Part("file", b"x", disposition=b'form-data; name="file"; ' + disposition.encode())
    content_type, body = forms.encode([part])
    reply = user.post("/media/upload", data=body, headers={"Content-Type": content_type, **headers})
    return shapes.success(reply, 201)["filename"]


@pytest.mark.parametrize("name", ["report\\", "a\\b.txt", "a\\\\b.txt", "\\", "ends in two\\\\", "\\\\server\\share\\x.txt"])
def test_browsers_write_a_backslash_as_it_is(user, name):
    assert name_of(user, f'filename="{name}"') == name
    part = Part("file", b"x", disposition=f'form-data; filename="{name}"; name="file"'.encode())
    content_type, body = forms.encode([part])
    reply = user.post("/media/upload", data=body, headers={"Content-Type": content_type})
    assert shapes.success(reply, 201)["filename"] == name


@pytest.mark.parametrize(
    "sent, name",
    [
        ("say %22hi%22.txt", 'say "hi".txt'),  # browsers, curl from 7.81 on
        ('say \\"hi\\".txt', 'say "hi".txt'),  # curl up to 7.80
        ('\\"', '"'),
        ("100%.txt", "100%.txt"),
        ("a%20b.txt", "a%20b.txt"),  # a browser's file of that name
        ("%E6%BC%A2%20a.txt", "漢 a.txt"),  # aiohttp
        ("%E6%BC%A2 a.txt", "%E6%BC%A2 a.txt"),
    ],
)
def test_quotes_and_escapes(user, sent, name):
    assert name_of(user, f'filename="{sent}"') == name


def test_aiohttp_encodes_the_whole_name(user):
    agent = {"User-Agent": "Python/3.11 aiohttp/3.9.1"}
    assert name_of(user, 'filename="my%20file%20%281%29.txt"', **agent) == "my file (1).txt"
    assert name_of(user, 'filename="plain.txt"', **agent) == "plain.txt"
    assert name_of(user, "filename=\"my%20file.txt\"; filename*=utf-8''my%20file.txt", **agent) == "my file.txt"


TYPES = ["multipart/form-data", "multipart/form-data; charset=utf-8", "multipart/form-data; boundary="]


@pytest.mark.parametrize("content_type", [*TYPES, "multipart/form-data; boundary=another"])
def test_a_missing_or_wrong_boundary_is_said(shared, user, content_type):
    _, body = forms.encode([Part("file", b"x", "a.txt")])
    headers = {"Content-Type": content_type}
    reply = user.post("/media/upload", data=body, headers=headers)
    assert "boundary" in shapes.failure(reply, "validation_error")["message"]
    assert user.media() == []

    caller = StreamVault.registered(shared)
    for path in ("/api/v3/chunk_upload/", "/api/v3/chunk_init/"):
        reply = caller.post(path, data=body, headers=headers)
        assert reply.status_code == 400
        assert reply.json()["detail"].startswith("Multipart form parse error - Invalid boundary in multipart")

    reply = FileUploader.registered(shared).post("/api/upload/private", data=body, headers=headers)
    assert reply.status_code == 400 and "boundary" in reply.json()["message"]

    quantum = Quantum.registered(shared)
    refuse(quantum.post(f"/file/add/{quantum.bucket()}", data=body, headers=headers), 400, "INVALID_FORM")


@pytest.fixture
def few(launch):
    return launch({"uploads.max_parts": 5, "rate_limits": "off"})


def test_the_number_of_parts_is_bounded_and_said(few):
    quantum = Quantum.registered(few)
    bucket = quantum.bucket()
    parts = [Part("files", b"%d" % n, f"{n}.txt") for n in range(4)] + [Part("force", b"true")]
    assert quantum.send(bucket, "", parts).status_code == 200
    refuse(quantum.send(bucket, "more", parts + parts[:1]), 400, "TOO_MANY_PARTS")
    refuse(quantum.get(f"/file/get/{bucket}/more/0.txt"), 404, "FILE_DNE")

    user = few.user()
    files = [Part("file", b"%d" % n, f"{n}.txt") for n in range(6)]
    assert user.send_form(files[:5]).status_code == 201
    failure = shapes.failure(user.send_form(files), "validation_error")
    assert "5 parts" in failure["message"] and "uploads.max_parts" in failure["message"]
    assert len(user.media()) == 5

    fields = [Part(f"f{n}", b"x") for n in range(5)]
    caller = StreamVault.registered(few)
    content_type, body = forms.encode(fields + [Part("name", b"Music")])
    reply = caller.post("/api/v3/folders/", data=body, headers={"Content-Type": content_type})
    assert reply.status_code == 400 and "uploads.max_parts" in reply.json()["detail"]

    reply = FileUploader.registered(few).send([Part("file", b"x", "a.txt"), *fields])
    assert reply.status_code == 400 and "uploads.max_parts" in reply.json()["message"]


def test_a_thousand_parts_are_taken(shared):
    quantum = Quantum.registered(shared)
    bucket = quantum.bucket()
    parts = [Part("files", b"%d" % n, f"IMG_{n:04}.jpg") for n in range(1000)]
    assert quantum.send(bucket, "photos", parts).status_code == 200
    refuse(quantum.send(bucket, "more", [*parts, Part("force", b"true")]), 400, "TOO_MANY_PARTS")
