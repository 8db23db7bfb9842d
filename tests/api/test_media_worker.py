"""The media worker, as the server starts it, on photos, films and songs of people."""

import struct

import pytest

from harness.media import MEDIA, PROBE, probe

pytestmark = [pytest.mark.seconds(300),
              pytest.mark.skipif(not PROBE.exists(), reason="the media worker was not built")]


def chunks(webp):
    """Names of the chunks of a WebP file."""
    assert webp[:4] == b"RIFF" and webp[8:12] == b"WEBP"
    at, names = 12, []
    while at < len(webp):
        names.append(webp[at:at + 4])
        at += 8 + (struct.unpack("<I", webp[at + 4:at + 8])[0] + 1) // 2 * 2
    return names


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    files = sorted(path for path in MEDIA.rglob("*") if path.is_file() and path.suffix != ".md")
    return probe(tmp_path_factory.mktemp("media"), *files)


def test_every_picture_is_pixels_alone(found):
    pictures = {name: facts["bytes"] for name, facts in found.items() if facts["bytes"]}
    assert len(pictures) >= 9
    for name, picture in pictures.items():
        assert set(chunks(picture)) <= {b"VP8X", b"ALPH", b"VP8 ", b"VP8L"}, name
        for mark in (b"Exif", b"http://ns.adobe.com", b"ICC_PROFILE"):
            assert mark not in picture, name


def test_orientation_turns_facts_and_picture(found):
    for name, size, picture in [
            ("landscape_orientation_1.jpg", (600, 450), [320, 240]),
            ("landscape_orientation_6.jpg", (600, 450), [320, 240]),
            ("portrait_orientation_6.jpg", (450, 600), [240, 320]),
            ("iphone.heic", (2566, 3313), [248, 320])]:
        assert (found[name]["width"], found[name]["height"]) == size, name
        assert found[name]["picture"][:2] == picture, name


def test_facts_of_a_phone(found):
    facts = found["iphone.heic"]
    assert (facts["camera_make"], facts["camera_model"]) == ("Apple", "iPhone 11 Pro Max")
    assert facts["colour_space"] == "Display P3" and facts["codec"] == "hevc"
    # 2021-04-11 15:47:53.054 -05:00
    assert facts["taken_at_local"] == 1618156073054000 and facts["offset_minutes"] == -300
    assert abs(facts["latitude"] - 39.0513444) < 1e-5 and abs(facts["longitude"] + 94.2887722) < 1e-5


def test_facts_of_films_and_sound(found):
    for name, codec in [("here_we_are.mp4", "h264"), ("here_we_are.webm", "vp8")]:
        assert found[name]["kind"] == "video" and found[name]["codec"] == codec
        assert (found[name]["width"], found[name]["height"]) == (480, 270)
        assert abs(found[name]["duration"] - 44.66) < 0.1
        assert found[name]["picture"][:2] == [320, 180]
    song = found["here_we_are.mp3"]
    assert song["kind"] == "audio" and song["codec"] == "mp3" and abs(song["duration"] - 44.64) < 0.1
    assert song["picture"][0] == 320


def test_a_broken_file_harms_its_own_job(found):
    assert found["truncated.mp4"]["failure"] == "the file is empty, damaged or incomplete"
    assert found["invalid_exif.jpg"]["picture"][:2] == [320, 90]


@pytest.mark.parametrize("form", ["jpeg", "avif"])
def test_other_formats_are_made(tmp_path, form):
    name = "landscape_orientation_6.jpg"
    facts = probe(tmp_path, MEDIA / "photos" / name, edge=480, form=form)[name]
    assert facts["picture"][:2] == [480, 360]
    assert b"Exif" not in facts["bytes"]
