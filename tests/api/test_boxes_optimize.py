"""Boxes' uploads with `optimize`: images in fewer bytes, as alike as FFmpeg's filter `ssim` measures, without metadata."""

import json
import re
import struct
import subprocess
import zlib

import pytest

from harness import program, samples
from harness.boxes import Boxes, expect
from harness.server import serving
from harness.streamvault import fetch

PHOTOS = samples.MEDIA / "photos"
ALIKE = 0.98

pytestmark = [
    pytest.mark.seconds(400),
    pytest.mark.skipif(not program.BINARY.with_name("coffer-media").exists(), reason="coffer-media is not built"),
]


@pytest.fixture(scope="module")
def shared(binary):
    """A server that looks into files."""
    with serving({"media.enabled": "true"}) as server:
        yield server


@pytest.fixture(scope="module")
def caller(shared):
    return Boxes.registered(shared)


@pytest.fixture(scope="module")
def box(caller):
    return caller.box()["id"]


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True, timeout=200)


def with_chunk(png, name, body):
    """The PNG file with one more chunk behind its head, which ends at byte 33."""
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return png[:33] + chunk + png[33:]


def alike(folder, original, stored):
    """The SSIM of both as people see them, upright: of the luma, and of all planes."""
    shown = []
    for number, (name, data) in enumerate((original, stored)):
        (folder / f"{number}-{name}").write_bytes(data)
        run("vips", "autorot", folder / f"{number}-{name}", folder / f"{number}.png")
        shown.append(folder / f"{number}.png")
    graph = "[0]format=yuv420p[a];[1]format=yuv420p[b];[a][b]ssim"
    told = run("ffmpeg", "-i", shown[0], "-i", shown[1], "-lavfi", graph, "-f", "null", "-").stderr
    luma, every = re.search(r"SSIM Y:([0-9.]+).* All:([0-9.]+)", told).groups()
    return float(luma), float(every)


def tags(folder, name, data):
    (folder / name).write_bytes(data)
    return json.loads(run("exiftool", "-j", "-G", folder / name).stdout)[0]


def stored(made):
    reply = fetch(made["file_url"])
    assert reply.status_code == 200
    return reply.content


def large(folder, name):
    """A photo as cameras write it: in sRGB, with all that it tells, at a quality that nobody sees the end of."""
    run("vips", "icc_transform", PHOTOS / name, f"{folder / 'large.jpg'}[Q=97]", "srgb")
    return (folder / "large.jpg").read_bytes()


def screenshot(folder, name, *options):
    """A picture with flat colours and noise, not well compressed."""
    run("ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=640x480", "-frames:v", "1", *options, folder / name)
    return (folder / name).read_bytes()


@pytest.mark.parametrize("name", ["gps_nikon.jpg", "landscape_orientation_1.jpg", "landscape_orientation_6.jpg", "portrait_orientation_6.jpg"])
def test_photos_become_smaller_and_look_the_same(tmp_path, caller, box, name):
    data = large(tmp_path, name)
    made = caller.upload(box, name, data, optimize="true")
    optimization = made["optimization"]
    assert optimization == {"optimized": True, "original_size": len(data), "original": None, "reason": None}
    small = stored(made)
    assert len(small) <= 0.9 * len(data) and small[:3] == b"\xff\xd8\xff"
    luma, every = alike(tmp_path, ("original.jpg", data), ("stored.jpg", small))
    assert luma >= ALIKE and every >= ALIKE, (luma, every)
    assert name != "gps_nikon.jpg" or "EXIF:GPSLatitude" in tags(tmp_path, "told.jpg", data)
    left = tags(tmp_path, "left.jpg", small)
    assert not [tag for tag in left if re.match(r"(EXIF|XMP|ICC_Profile|IPTC|MakerNotes|Composite:GPS)", tag)], left


def test_png_stays_the_same_to_the_pixel(tmp_path, caller, box):
    data = screenshot(tmp_path, "large.png", "-compression_level", "0")
    made = caller.upload(box, "screen.png", data, optimize="1")
    small = stored(made)
    assert made["optimization"]["optimized"] and len(small) < len(data) / 2 and small[:4] == b"\x89PNG"
    (tmp_path / "small.png").write_bytes(small)
    for name in ("large", "small"):
        run("vips", "rawsave", tmp_path / f"{name}.png", tmp_path / f"{name}.raw")
    assert (tmp_path / "large.raw").read_bytes() == (tmp_path / "small.raw").read_bytes()


def test_webp_becomes_smaller(tmp_path, caller, box):
    run("vips", "webpsave", PHOTOS / "gps_nikon.jpg", tmp_path / "large.webp", "--Q", "98")
    data = (tmp_path / "large.webp").read_bytes()
    made = caller.upload(box, "photo.webp", data, optimize="yes")
    small = stored(made)
    assert made["optimization"]["optimized"] and len(small) < len(data) and small[8:12] == b"WEBP"
    luma, every = alike(tmp_path, ("original.webp", data), ("stored.webp", small))
    assert luma >= ALIKE and every >= ALIKE, (luma, every)


def test_the_original_is_kept_only_if_asked(tmp_path, caller):
    box = caller.box()["id"]
    data = large(tmp_path, "gps_nikon.jpg")
    made = caller.upload(box, "sea.jpg", data, optimize="true", keep_original="true")
    small, original = caller.assets(box)
    assert small["id"] == made["id"] and original["id"] == made["optimization"]["original"]
    assert stored(original) == data and len(stored(small)) < len(data)
    native = caller.native().get(f"/media/media_{original['id']}").json()["data"]
    assert native["filename"] == "sea (original).jpg"
    caller.upload(box, "again.jpg", data, optimize="true")
    assert len(caller.assets(box)) == 3
    # The longest name is as good as any other.
    made = caller.upload(box, "ü" * 251 + ".jpg", data, optimize="true", keep_original="true")
    native = caller.native().get(f"/media/media_{made['optimization']['original']}").json()["data"]
    assert native["filename"] == "ü" * 240 + " (original).jpg"


def test_what_cannot_become_smaller_is_kept_as_it_came(tmp_path, caller, box):
    run("vips", "copy", PHOTOS / "gps_nikon.jpg", f"{tmp_path / 'small.jpg'}[Q=40,strip]")
    film = samples.MEDIA / "video" / "here_we_are.mp4"
    run("vips", "copy", PHOTOS / "gps_nikon.jpg", f"{tmp_path / 'large.jpg'}[Q=100]")
    for other in ("png", "webp"):
        run("vips", "copy", PHOTOS / "gps_nikon.jpg", f"{tmp_path / 'large'}.{other}" + ("[compression=1]" if other == "png" else "[lossless]"))
    large = {name: (tmp_path / f"large.{name}").read_bytes() for name in ("jpg", "png", "webp")}
    files = {
        # Another program may show what this one cannot.
        "noisy.jpg": (large["jpg"][:20_000] + samples.noise(4000) + large["jpg"][24_000:], "damaged"),
        **{f"cut.{name}": (data[: len(data) // 2], "damaged") for name, data in large.items()},
        # A photo that moves.
        "moving.jpg": (large["jpg"] + film.read_bytes(), "without animation"),
        "moving.png": (with_chunk(large["png"], b"acTL", struct.pack(">II", 2, 0)), "without animation"),
        # Without its gamma it would look otherwise.
        "linear.png": (with_chunk(large["png"], b"gAMA", struct.pack(">I", 100_000)), "in sRGB"),
        "small.jpg": ((tmp_path / "small.jpg").read_bytes(), "cannot be made smaller"),
        "broken.jpg": (b"\xff\xd8\xff\xe0" + samples.noise(3000), "damaged"),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "only JPEG, PNG and WebP"),
        "moving.gif": (screenshot(tmp_path, "moving.gif"), "only JPEG, PNG and WebP"),
        "deep.png": (screenshot(tmp_path, "deep.png", "-pix_fmt", "rgb48be"), "only JPEG, PNG and WebP"),
        # In colours that need their profile.
        "apple.jpg": ((PHOTOS / "landscape_orientation_6.jpg").read_bytes(), "only JPEG, PNG and WebP"),
        "film.mp4": (film.read_bytes(), "videos"),
    }
    for name, (data, reason) in files.items():
        made = caller.upload(box, name, data, optimize="true", keep_original="true")
        told = made["optimization"]
        assert (told["optimized"], told["original_size"], told["original"]) == (False, len(data), None), name
        assert reason in told["reason"], (name, told)
        assert stored(made) == data, name


def test_several_files_are_told_of_one_by_one(tmp_path, caller, box):
    data = large(tmp_path, "landscape_orientation_6.jpg")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    files = [("a.jpg", data), ("b.svg", svg)]
    made = expect(caller.send(f"/boxes/{box}/upload/", files, optimize="true", keep_original="true"), 201)
    assert [each["optimization"]["optimized"] for each in made] == [True, False]
    assert made[0]["optimization"]["original"] not in (None, made[0]["id"], made[1]["id"]) and stored(made[1]) == svg


def test_without_optimize_nothing_changes_and_wrong_words_are_named(caller, box):
    data = (PHOTOS / "gps_nikon.jpg").read_bytes()
    for fields in ({}, {"optimize": "false"}, {"keep_original": "true"}):
        made = caller.upload(box, "plain.jpg", data, **fields)
        assert "optimization" not in made and stored(made) == data
    count = len(caller.assets(box))
    for field in ("optimize", "keep_original"):
        reply = caller.try_upload(box, "plain.jpg", data, **{field: "perhaps"})
        assert reply.status_code == 400 and list(reply.json()) == [field]
    assert len(caller.assets(box)) == count


def test_without_a_worker_the_original_is_stored(launch):
    server = launch({"media.enabled": "true", "media.program": "/nowhere/coffer-media"})
    caller = Boxes.registered(server)
    box = caller.box()["id"]
    data = (PHOTOS / "gps_nikon.jpg").read_bytes()
    made = caller.upload(box, "sea.jpg", data, optimize="true")
    assert made["optimization"]["optimized"] is False and made["optimization"]["reason"]
    assert stored(made) == data
