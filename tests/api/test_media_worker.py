"""The media worker, as the server starts it: facts, pictures, and files that try to reach others."""

import json
import os
import socket
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

from harness.program import BINARY

FOLDER = Path(BINARY).parent
MEDIA = Path(__file__).resolve().parents[1] / "media"
WORKER = FOLDER / "coffer-media"
PROBE = FOLDER / "coffer-media-probe"

pytestmark = [pytest.mark.seconds(180),
              pytest.mark.skipif(not PROBE.exists(), reason="the media worker was not built")]


def probe(folder, *files, edge=320, form="webp"):
    """What the worker finds in files, {name: facts}, with `bytes` of the pictures."""
    out = folder / "pictures"
    out.mkdir(exist_ok=True)
    result = subprocess.run(
        [PROBE, WORKER, f"--thumbnails={out}", f"--edge={edge}", f"--format={form}", *files],
        capture_output=True, text=True, check=True, timeout=170)
    found = {}
    for line in result.stdout.splitlines():
        facts = json.loads(line)
        path = facts["file"]
        picture = out / (path.replace("/", "_") + {"webp": ".webp", "jpeg": ".jpg", "avif": ".avif"}[form])
        facts["bytes"] = picture.read_bytes() if picture.exists() else None
        found[os.path.basename(path)] = facts
    return found


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
    assert found["truncated.mp4"]["failure"] == "the file is damaged or incomplete"
    assert found["invalid_exif.jpg"]["picture"][:2] == [320, 90]


def png(width, height):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
            + chunk(b"IEND", b""))


def test_files_that_name_others_open_nothing(tmp_path):
    """Their names are those of a listener's port, and of a film that would give a picture."""
    film = MEDIA / "video" / "here_we_are.mp4"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        texts = {}
        for kind, target in [("file", film.as_uri()), ("plain", str(film)), ("http", address)]:
            texts |= {
                f"hls_{kind}.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
                f"concat_{kind}.mp4": f"ffconcat version 1.0\nfile '{target}'\n",
                f"dash_{kind}.mp4":
                    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
                    'mediaPresentationDuration="PT5S"><Period><AdaptationSet mimeType="video/mp4">'
                    f'<Representation id="1" bandwidth="1"><BaseURL>{target}</BaseURL></Representation>'
                    "</AdaptationSet></Period></MPD>",
                f"svg_{kind}.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{target}"/></svg>',
                f"entity_{kind}.jpg":
                    f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "{target}">]><svg>&x;</svg>',
                f"mvg_{kind}.png": f'push graphic-context\nimage over 0,0 0,0 "{target}"\npop graphic-context\n',
                f"script_{kind}.jpg": f"%!PS\n({target}) (r) file\n",
            }
        for name, text in texts.items():
            (tmp_path / name).write_text(text)
        found = probe(tmp_path, *sorted(tmp_path.glob("*_*.*")))
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert len(found) == len(texts)
    for name, facts in found.items():
        assert facts["failure"] and not facts["bytes"] and "width" not in facts, name


def test_pictures_beyond_the_limits_are_refused(tmp_path):
    sizes = {"280mp.png": (16_700, 16_700), "terapixels.png": (2_000_000, 2_000_000),
             "widest.png": (0x7FFFFFFF, 3000)}
    for name, size in sizes.items():
        (tmp_path / name).write_bytes(png(*size))
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "byte").write_bytes(b"\xff")
    found = probe(tmp_path, *(tmp_path / name for name in [*sizes, "empty", "byte"]))
    for facts in found.values():
        assert facts["failure"] and not facts["bytes"]
    assert found["280mp.png"]["failure"] == "the picture has more pixels than the server decodes"
    assert found["280mp.png"]["width"] == 16_700


@pytest.mark.parametrize("form", ["jpeg", "avif"])
def test_other_formats_are_made(tmp_path, form):
    name = "landscape_orientation_6.jpg"
    facts = probe(tmp_path, MEDIA / "photos" / name, edge=480, form=form)[name]
    assert facts["picture"][:2] == [480, 360]
    assert b"Exif" not in facts["bytes"]
