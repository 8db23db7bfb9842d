"""StreamVault's uploads in chunks: both forms, any order, again, cut short, over a crash."""

import concurrent.futures
import hashlib
import random
import threading
import time

import pytest
import requests

from harness import forms, samples
from harness.streamvault import NO_FOLDER, NO_UPLOAD, REQUIRED, StreamVault, expect, fetch, is_time, refuse
from harness.wire import Ended

VIDEO = samples.MEDIA / "video" / "here_we_are.mp4"
NOBODYS = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def caller(shared):
    return StreamVault.registered(shared)


@pytest.fixture
def other(shared):
    return StreamVault.registered(shared)


def content(file):
    return fetch(file["view_url"]).content


def test_the_web_clients_form(caller):
    data = samples.noise(5000)
    upload = caller.begin(2, "a.bin")
    for index, part in ((1, data[3000:]), (0, data[:3000])):
        reply = expect(caller.raw_chunk(upload, index, part))
        assert reply["message"] == f"Chunk {index + 1} uploaded successfully"
    assert content(expect(caller.complete(upload))) == data


@pytest.mark.parametrize(
    "content_type", ["application/octet-stream", "video/mp4", "application/x-www-form-urlencoded", "application/json"]
)
def test_a_raw_chunk_of_any_type(caller, content_type):
    upload = caller.begin(1)
    expect(caller.raw_chunk(upload, 0, b"a=b&%zz", **{"Content-Type": content_type}))
    assert content(expect(caller.complete(upload))) == b"a=b&%zz"


def test_both_forms_in_one_upload(caller):
    upload = caller.begin(3)
    expect(caller.chunk(upload, 2, b"bb"))
    expect(caller.raw_chunk(upload, 2, b"cc"))
    expect(caller.raw_chunk(upload, 0, b"aa"))
    assert content(expect(caller.complete(upload))) == b"aabbcc"


@pytest.mark.parametrize("order", ["file first", "file between", "file last"])
def test_the_file_may_come_before_the_fields(caller, order):
    upload = caller.begin(1)
    data = samples.noise(300_000)
    parts = [
        forms.Part("upload_id", upload.encode()),
        forms.Part("chunk_number", b"1"),
    ]
    place = {"file first": 0, "file between": 1, "file last": 2}[order]
    parts.insert(place, forms.Part("file", data, "blob"))
    parts.append(forms.Part("nobody_asked", b"x"))
    parts.append(forms.Part("other", b"y" * 100_000, "other.bin"))
    assert expect(caller.send_form(parts))["bytes"] == len(data)
    assert content(expect(caller.complete(upload))) == data


def test_again_the_last_stands(caller):
    upload = caller.begin(2)
    expect(caller.chunk(upload, 1, b"first"))
    expect(caller.chunk(upload, 2, b"end"))
    expect(caller.raw_chunk(upload, 0, b"second try"))
    assert caller.used() == len(b"second tryend")
    file = expect(caller.complete(upload))
    assert content(file) == b"second tryend"
    assert file["bytes"] == caller.used() == len(b"second tryend")


def test_completing_with_chunks_missing(caller):
    upload = caller.begin(5)
    expect(caller.chunk(upload, 2, b"2"))
    expect(caller.chunk(upload, 5, b"5"))
    body = expect(caller.complete(upload), 400)
    assert body == {"error": "Missing chunks: 1, 3, 4", "missing_chunks": [1, 3, 4]}
    assert caller.files() == []
    for number in (1, 3, 4):
        expect(caller.chunk(upload, number, str(number).encode()))
    assert content(expect(caller.complete(upload))) == b"12345"


def test_the_sentence_about_many_missing_chunks_stays_short(caller):
    upload = caller.begin(10_000)
    expect(caller.chunk(upload, 1, b"1"))
    body = expect(caller.complete(upload), 400)
    assert body["missing_chunks"] == list(range(2, 10_001))
    assert body["error"].startswith("Missing chunks: 2, 3, ") and body["error"].endswith(", 21 and 9979 more")


def test_completing_twice_is_the_same_answer(caller):
    upload = caller.begin(2)
    expect(caller.chunk(upload, 1, b"a"))
    expect(caller.chunk(upload, 2, b"b"))
    first = expect(caller.complete(upload))
    assert expect(caller.complete(upload)) == first
    assert expect(caller.complete(upload, file_name="other")) == first
    assert len(caller.files()) == 1
    refuse(caller.chunk(upload, 1, b"x"), 409, {"error": "Upload session is already completed"})
    refuse(caller.raw_chunk(upload, 0, b"x"), 409, {"error": "Upload session is already completed"})
    assert caller.used() == 2
    expect(caller.delete(f"/api/v4/files/{first['uuid']}/delete/"))
    refuse(caller.complete(upload), 404, NO_UPLOAD)


def test_the_status(caller):
    upload = caller.begin(4, "a.bin")
    expect(caller.chunk(upload, 3, b"333"))
    expect(caller.chunk(upload, 1, b"1"))
    status = caller.status(upload)
    assert is_time(status.pop("expires_at"))
    assert status == {
        "upload_id": upload,
        "file_name": "a.bin",
        "total_chunks": 4,
        "uploaded_chunks": [1, 3],
        "missing_chunks": [2, 4],
        "bytes": 4,
        "completed": False,
        "file_id": None,
    }
    for number in (2, 4):
        expect(caller.chunk(upload, number, b""))
    file = expect(caller.complete(upload))
    status = caller.status(upload)
    assert (status["completed"], status["file_id"]) == (True, file["file_id"])
    assert (status["uploaded_chunks"], status["missing_chunks"]) == ([1, 2, 3, 4], [])


def test_an_empty_file(caller):
    file = caller.upload(b"", "empty.txt")
    assert (file["bytes"], file["size"]) == (0, "0 B")
    assert content(file) == b""


def test_where_and_what_it_is_called(caller):
    one, two = caller.folder("one"), caller.folder("two")
    for ref in (one["token"], one["uuid"], one["id"], str(one["id"])):
        for field in ("folder", "folder_id"):
            assert caller.upload(b"x", **{field: ref})["folder"] == "one"
    upload = caller.begin(1, "first.txt", folder=one["token"])
    expect(caller.chunk(upload, 1, b"x"))
    file = expect(caller.complete(upload, folder_id=two["id"], file_name="second.txt"))
    assert (file["folder"], file["file_name"]) == ("two", "second.txt")
    upload = caller.begin(1, folder=one["token"])
    expect(caller.chunk(upload, 1, b"x"))
    assert expect(caller.complete(upload, folder_id=None))["folder"] is None


def test_others_uploads_do_not_exist(caller, other):
    upload = caller.begin(1)
    for upload in (upload, NOBODYS):
        refuse(other.chunk(upload, 1, b"x"), 404, NO_UPLOAD)
        refuse(other.raw_chunk(upload, 0, b"x"), 404, NO_UPLOAD)
        refuse(other.complete(upload), 404, NO_UPLOAD)
        refuse(other.get(f"/api/v3/chunk_status/{upload}/"), 404, NO_UPLOAD)
        parts = [
            forms.Part("file", b"x", "blob"),
            forms.Part("upload_id", upload.encode()),
            forms.Part("chunk_number", b"1"),
        ]
        refuse(other.send_form(parts), 404, NO_UPLOAD)
    for ref in ("1", "x", "%2e%2e%2fx", "%00"):
        refuse(caller.get(f"/api/v3/chunk_status/{ref}/"), 404, NO_UPLOAD)


def test_others_folders_do_not_exist(caller, other):
    folder = other.folder()
    body = {"file_name": "a", "total_chunks": 1}
    upload = caller.begin(1)
    expect(caller.chunk(upload, 1, b"x"))
    for ref in (folder["token"], folder["uuid"], folder["id"], NOBODYS, 10**15):
        for field in ("folder", "folder_id"):
            refuse(caller.post("/api/v3/chunk_init/", json={**body, field: ref}), 404, NO_FOLDER)
            refuse(caller.complete(upload, **{field: ref}), 404, NO_FOLDER)
    file = other.upload(b"x")
    refuse(caller.post("/api/v3/chunk_init/", json={**body, "folder": file["token"]}), 404, NO_FOLDER)


INTEGER = ["A valid integer is required."]


@pytest.mark.parametrize(
    "body, faults",
    [
        ({}, {"file_name": REQUIRED, "total_chunks": REQUIRED}),
        ({"file_name": "", "total_chunks": 1}, {"file_name": ["This field may not be blank."]}),
        ({"file_name": " \t", "total_chunks": 1}, {"file_name": ["This field may not be blank."]}),
        ({"file_name": None, "total_chunks": None}, {"file_name": ["This field may not be null."], "total_chunks": ["This field may not be null."]}),
        ({"file_name": 5, "total_chunks": "x"}, {"file_name": ["Not a valid string."], "total_chunks": INTEGER}),
        ({"file_name": ["a"], "total_chunks": []}, {"file_name": ["Not a valid string."], "total_chunks": INTEGER}),
        ({"file_name": {}, "total_chunks": True}, {"file_name": ["Not a valid string."], "total_chunks": INTEGER}),
        ({"file_name": "a", "total_chunks": 1.5}, {"total_chunks": INTEGER}),
        ({"file_name": "a", "total_chunks": {}}, {"total_chunks": INTEGER}),
        ({"file_name": "a", "total_chunks": 0}, {"total_chunks": ["Ensure this value is greater than or equal to 1."]}),
        ({"file_name": "a", "total_chunks": -5}, {"total_chunks": ["Ensure this value is greater than or equal to 1."]}),
        ({"file_name": "a", "total_chunks": 10001}, {"total_chunks": ["Ensure this value is less than or equal to 10000."]}),
        ({"file_name": "a", "total_chunks": 10**30}, {"total_chunks": INTEGER}),
        ({"file_name": "a", "total_chunks": 2**63 + 5}, {"total_chunks": ["Ensure this value is less than or equal to 10000."]}),
        ({"file_name": "a" * 256, "total_chunks": 1}, {"file_name": ["Ensure this field has no more than 255 characters."]}),
        ({"file_name": "a", "total_chunks": 1, "folder": "x"}, {"folder": ["Must be a valid id, UUID or token."]}),
        ({"file_name": "a", "total_chunks": 1, "folder_id": True}, {"folder_id": ["Must be a valid id, UUID or token."]}),
        ({"file_name": "a", "total_chunks": 1, "folder_id": [1]}, {"folder_id": ["Must be a valid id, UUID or token."]}),
        ({"file_name": "a", "total_chunks": 1, "folder_id": -1}, {"folder_id": ["Must be a valid id, UUID or token."]}),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_init_with_bad_fields(caller, body, faults):
    refuse(caller.post("/api/v3/chunk_init/", json=body), 400, **faults)


def test_numbers_may_come_as_text(caller):
    body = {"file_name": "a", "total_chunks": "2"}
    for reply in (
        caller.post("/api/v3/chunk_init/", json=body),
        caller.post("/api/v3/chunk_init/", data=body),
        caller.post("/api/v3/chunk_init/", files={name: (None, text) for name, text in body.items()}),
    ):
        assert expect(reply, 201)["total_chunks"] == 2


@pytest.mark.parametrize("number", ["0", "-1", "3", "10001", "x", "", "1.5", "99999999999999999999"])
def test_chunk_numbers_that_are_none(caller, number):
    upload = caller.begin(2)
    fields = [forms.Part("upload_id", upload.encode()), forms.Part("chunk_number", number.encode())]
    file = forms.Part("file", b"x" * 1000, "blob")
    for parts in (fields + [file], [file] + fields):
        refuse(caller.send_form(parts), 400, chunk_number=None)
    assert caller.used() == 0
    assert caller.status(upload)["uploaded_chunks"] == []


@pytest.mark.parametrize("index", ["-1", "2", "10000", "x", "", "0x1", None])
def test_chunk_indexes_that_are_none(caller, index):
    upload = caller.begin(2)
    headers = {"X-Upload-ID": upload}
    if index is not None:
        headers["X-Chunk-Index"] = index
    reply = caller.post("/api/v3/chunk_upload/", data=b"x", headers=headers)
    refuse(reply, 400, **{"X-Chunk-Index": None})
    assert caller.used() == 0


def test_an_index_behind_the_last_is_told_as_it_counts(caller):
    reply = caller.raw_chunk(caller.begin(2), 2, b"x")
    refuse(reply, 400, **{"X-Chunk-Index": ["Must be less than the number of chunks."]})


def test_an_index_without_an_upload(caller):
    reply = caller.post("/api/v3/chunk_upload/", data=b"x", headers={"X-Chunk-Index": "0"})
    refuse(reply, 400, **{"X-Upload-ID": REQUIRED})


def test_a_film_of_many_chunks_meets_no_limit(launch):
    server = launch({"rate_limits": "on", "limits.anonymous_per_minute": 6, "limits.account_per_minute": 10})
    caller = StreamVault.registered(server)
    film = caller.upload(bytes(30), "film.mp4", chunks=30)
    assert film["bytes"] == 30
    assert [caller.get("/api/v3/all_files/").status_code for _ in range(9)][-1] == 429
    # Guests are counted, and with them who has no good token.
    guest = StreamVault(server)
    statuses = [guest.raw_chunk(NOBODYS, 0, b"x").status_code for _ in range(12)]
    assert statuses == [404] * 10 + [429] * 2
    guesser = StreamVault(server, "rubbish")
    assert guesser.raw_chunk(NOBODYS, 0, b"x").status_code == 429


def test_chunks_with_something_missing(caller):
    upload = caller.begin(1)
    fields = {"upload_id": upload, "chunk_number": "1"}
    path = "/api/v3/chunk_upload/"
    no_file = ["No file was submitted."]
    refuse(caller.post(path, data=fields), 400, file=no_file)
    refuse(caller.post(path, json=fields), 400, file=no_file)
    refuse(caller.post(path), 400, upload_id=REQUIRED, chunk_number=REQUIRED, file=no_file)
    parts = [forms.Part(name, value.encode()) for name, value in fields.items()]
    refuse(caller.send_form(parts), 400, file=no_file)
    not_a_file = ["The submitted data was not a file. Check the encoding type on the form."]
    refuse(caller.send_form(parts + [forms.Part("file", b"x")]), 400, file=not_a_file)
    file = forms.Part("file", b"x", "blob")
    refuse(caller.send_form([file]), 400, upload_id=REQUIRED, chunk_number=REQUIRED)
    refuse(caller.send_form([parts[0], file]), 400, chunk_number=REQUIRED)
    refuse(caller.send_form([forms.Part("upload_id", b"x"), parts[1], file]), 400, upload_id=["Must be a valid UUID."])
    refuse(caller.send_form(parts + [file, file]), 400, file=["Send one file at a time."])
    refuse(caller.raw_chunk("x", 0, b"x"), 400, **{"X-Upload-ID": ["Must be a valid UUID."]})
    reply = caller.post(path, data=b"x", headers={"Content-Type": "application/octet-stream"})
    assert "detail" in expect(reply, 415)
    assert caller.used() == 0 and caller.status(upload)["uploaded_chunks"] == []


@pytest.mark.parametrize("value", [None, 5, True, [], {}, "x", ""], ids=repr)
def test_upload_ids_that_are_none(caller, value):
    refuse(caller.post("/api/v3/chunk_complete/", json={"upload_id": value}), 400, upload_id=None)


def test_complete_with_bad_fields(caller):
    upload = caller.begin(1)
    expect(caller.chunk(upload, 1, b"x"))
    refuse(caller.complete(upload, file_name=5), 400, file_name=["Not a valid string."])
    refuse(caller.complete(upload, file_name="x" * 256), 400, file_name=None)
    refuse(caller.complete(upload, folder_id={}), 400, folder_id=None)
    refuse(caller.post("/api/v3/chunk_complete/", json={}), 400, upload_id=REQUIRED)
    assert caller.files() == []
    expect(caller.complete(upload, file_name="ok", folder_id=None))


def test_forms_cut_short_store_nothing(caller, shared):
    upload = caller.begin(1)
    parts = [
        forms.Part("upload_id", upload.encode()),
        forms.Part("chunk_number", b"1"),
        forms.Part("file", samples.noise(50_000), "blob"),
    ]
    content_type, whole = forms.encode(parts)
    _, unclosed = forms.encode(parts, end=False)
    auth = {"Authorization": f"Bearer {caller.access}", "Content-Type": content_type}
    path = "/storage/api/v3/chunk_upload/"
    with shared.wire() as wire:
        reply = wire.request("POST", path, auth, unclosed)
        assert reply.status_code == 400 and "detail" in reply.json()
    for cut in (len(whole) - 1, len(whole) // 2, 200):
        with shared.wire() as wire:
            wire.send(wire.head("POST", path, {**auth, "Content-Length": str(len(whole))}) + whole[:cut])
            wire.abort()
    raw = {"Authorization": auth["Authorization"], "X-Upload-ID": upload, "X-Chunk-Index": "0"}
    with shared.wire() as wire:
        wire.send(wire.head("POST", path, {**raw, "Content-Length": "1000"}) + b"x" * 999)
        wire.abort()
    time.sleep(0.3)
    assert caller.status(upload)["uploaded_chunks"] == []
    assert caller.used() == 0


def test_the_quota_holds_unfinished_uploads_too(launch):
    server = launch({"accounts.quota": "100KiB"})
    caller = StreamVault.registered(server)
    upload = caller.begin(3)
    expect(caller.raw_chunk(upload, 0, samples.noise(60_000)))
    for reply in (
        caller.raw_chunk(upload, 1, samples.noise(60_000, 1)),
        caller.chunk(upload, 2, samples.noise(60_000, 1)),
    ):
        assert "detail" in expect(reply, 413)
    assert caller.used() == 60_000
    expect(caller.raw_chunk(upload, 0, samples.noise(90_000, 2)))
    expect(caller.raw_chunk(upload, 1, b""))
    expect(caller.raw_chunk(upload, 2, samples.noise(10_000, 3)))
    file = expect(caller.complete(upload))
    assert file["bytes"] == caller.used() == 100_000
    assert "detail" in expect(caller.replace(file["file_id"], samples.noise(110_000)), 413)
    expect(caller.replace(file["file_id"], samples.noise(101_000)))
    expect(caller.delete(f"/api/v4/files/{file['uuid']}/delete/"))
    assert caller.used() == 0


def test_the_largest_file(launch):
    server = launch({"uploads.max_bytes": "64KiB"})
    caller = StreamVault.registered(server)
    upload = caller.begin(2)
    expect(caller.raw_chunk(upload, 0, samples.noise(40_000)))
    assert "detail" in expect(caller.raw_chunk(upload, 1, samples.noise(40_000)), 413)
    expect(caller.raw_chunk(upload, 1, samples.noise(20_000)))
    expect(caller.complete(upload))


@pytest.mark.parametrize(
    "name",
    ["музыка 😀.mp3", "..", ".", "a/b", "/etc/passwd", "..\\..\\x", "a\u0000b", "x" * 255, "😀" * 255, "CON", " lead",
     "line\nbreak", "\u202egnp.exe", "e\u0301", "<script>alert(1)</script>", "%2e%2e%2f"],
)
def test_names_are_kept_as_they_are(caller, name):
    file = caller.upload(b"x", name)
    assert file["file_name"] == name
    assert caller.file(file["token"])["file_name"] == name
    assert [one["file_name"] for one in caller.files()] == [name]
    assert content(file) == b"x"


def test_the_same_name_twice(caller):
    first, second = caller.upload(b"1", "a.txt"), caller.upload(b"2", "a.txt")
    assert first["file_id"] != second["file_id"]
    assert [one["file_name"] for one in caller.files()] == ["a.txt", "a.txt"]
    assert (content(first), content(second)) == (b"1", b"2")


def test_ranges_across_the_borders_of_chunks(caller):
    data = samples.noise(10_000)
    file = caller.upload(data, "a.bin", chunks=7)
    for first, last in [(0, 0), (1427, 1430), (1428, 1429), (0, 9999), (2000, 9000), (9999, 9999)]:
        reply = fetch(file["view_url"], headers={"Range": f"bytes={first}-{last}"})
        assert reply.status_code == 206
        assert reply.content == data[first : last + 1]
        assert reply.headers["Content-Range"] == f"bytes {first}-{last}/10000"
    assert fetch(file["view_url"], headers={"Range": "bytes=-5"}).content == data[-5:]
    many = fetch(file["view_url"], headers={"Range": "bytes=0-9,1425-1435,9990-"})
    pieces = forms.parse_byteranges(many.headers["Content-Type"], many.content)
    assert [piece[-1] for piece in pieces] == [data[:10], data[1425:1436], data[9990:]]
    beyond = fetch(file["view_url"], headers={"Range": "bytes=10000-"})
    assert beyond.status_code == 416 and beyond.text and "Content-Range" in beyond.headers


def test_completing_many_chunks_is_quick(caller):
    upload = caller.begin(2000)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        twins = [caller.twin() for _ in range(4)]

        def send(lane):
            for index in range(lane, 2000, 4):
                expect(twins[lane].raw_chunk(upload, index, b"%08d" % index))

        list(pool.map(send, range(4)))
    started = time.monotonic()
    file = expect(caller.complete(upload))
    assert time.monotonic() - started < 2
    assert content(file) == b"".join(b"%08d" % index for index in range(2000))


@pytest.mark.seconds(120)
def test_a_video_in_parallel_over_a_crash(launch):
    """Random order, duplicates, SIGKILL in the middle; what was answered need not be sent again."""
    server = launch()
    caller = StreamVault.registered(server)
    data = VIDEO.read_bytes()
    total = 60
    size = -(-len(data) // total)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    total = len(pieces)
    upload = caller.begin(total, "here_we_are.mp4")
    dice = random.Random(4)
    answered, lock = set(), threading.Lock()

    def send(numbers, stop_at=None):
        twin = StreamVault(server, caller.access)
        for number in numbers:
            try:
                if number % 2:
                    reply = twin.chunk(upload, number, pieces[number - 1])
                else:
                    reply = twin.raw_chunk(upload, number - 1, pieces[number - 1])
            except (requests.RequestException, Ended):
                return
            expect(reply)
            with lock:
                answered.add(number)
                if stop_at and len(answered) == stop_at:
                    server.kill()
                    return

    def send_all(numbers, stop_at=None):
        numbers = numbers + dice.sample(numbers, len(numbers) // 3)
        dice.shuffle(numbers)
        lanes = [threading.Thread(target=send, args=(numbers[lane::4], stop_at)) for lane in range(4)]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()

    send_all(list(range(1, total + 1)), stop_at=total // 2)
    assert not server.runs
    server.start()
    caller = StreamVault(server, caller.access)
    status = caller.status(upload)
    assert answered <= set(status["uploaded_chunks"])
    assert sorted(status["uploaded_chunks"] + status["missing_chunks"]) == list(range(1, total + 1))
    missing = status["missing_chunks"]
    assert missing
    assert expect(caller.complete(upload), 400)["missing_chunks"] == missing
    send_all(missing)
    file = expect(caller.complete(upload))
    got = content(file)
    assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest()
    assert file["bytes"] == caller.used() == len(data)
    borders = dice.sample(range(1, total), 10)
    for border in borders:
        first, last = border * size - 3, border * size + 3
        reply = fetch(file["view_url"], headers={"Range": f"bytes={first}-{last}"})
        assert reply.content == data[first : last + 1]
