"""What is said of files that cannot be looked into: each says what is wrong with it."""

import pytest

from harness.media import MEDIA, PROBE, probe

DAMAGED = "the file is empty, damaged or incomplete"
UNSUPPORTED = "the file is of no format that is looked into, or damaged from its first bytes on"

pytestmark = [pytest.mark.seconds(300),
              pytest.mark.skipif(not PROBE.exists(), reason="the media worker was not built")]


def reasons(folder, files):
    for name, data in files.items():
        (folder / name).write_bytes(data)
    found = probe(folder, *(folder / name for name in files))
    return {name: facts.get("failure") for name, facts in found.items()}


@pytest.mark.parametrize("name", ["photos/gps_nikon.jpg", "photos/iphone.heic", "photos/old.tiff", "video/here_we_are.mp4",
                                  "video/here_we_are.webm", "audio/here_we_are.mp3"])
def test_what_is_cut_is_damaged_or_shows_what_there_is(tmp_path, name):
    data = (MEDIA / name).read_bytes()
    ending = name[name.rindex("."):]
    lengths = [64, 200, 1000, 5000, len(data) // 2]
    found = reasons(tmp_path, {f"{length}{ending}": data[:length] for length in lengths})
    # A film of which no frame is left, but whose head is there, has nothing to show.
    assert set(found.values()) <= {DAMAGED, None, "the file has nothing to show as a picture"}, found
    assert found[f"64{ending}"] == DAMAGED
    # What is left of these is too little to tell them by.
    short = reasons(tmp_path, {f"{length}{ending}": data[:length] for length in (1, 2, 3)})
    assert set(short.values()) <= {DAMAGED, UNSUPPORTED}, short


@pytest.mark.parametrize("name", ["photos/gps_nikon.jpg", "photos/iphone.heic", "photos/old.tiff", "video/here_we_are.mp4",
                                  "video/here_we_are.webm"])
def test_what_is_overwritten_is_damaged(tmp_path, name):
    data = (MEDIA / name).read_bytes()
    assert reasons(tmp_path, {"zeros": data[:16] + bytes(len(data) - 16)}) == {"zeros": DAMAGED}


def test_heads_without_a_body_are_damaged(tmp_path):
    files = {
        "a.png": b"\x89PNG\r\n\x1a\n", "a.gif": b"GIF89a\1\0\1\0", "a.webp": b"RIFF\x20\0\0\0WEBPVP8 ", "a.psd": b"8BPS\0\1",
        "a.jxl": b"\xff\x0a", "a.wav": b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0", "a.flac": b"fLaC\0\0\0\x22" + bytes(34),
        "a.avi": b"RIFF\0\0\1\0AVI LIST" + bytes(50), "cut.jpg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    }
    assert set(reasons(tmp_path, files).values()) == {DAMAGED}


def test_other_bytes_under_the_names_of_media(tmp_path):
    files = {
        "text.jpg": b"this is no picture at all\n" * 20, "page.jpg": b"<!DOCTYPE html><html><body>404</body></html>",
        "error.mp4": b'{"error": "not found"}', "zeros.jpg": bytes(5000), "zeros.mp4": bytes(500_000), "zip.jpg": b"PK\3\4" + bytes(99),
        "program.mp4": b"MZ" + bytes(1000), "list.mp4": b"#EXTM3U\n#EXTINF:9,\nfile:///etc/passwd\n", "script.png": b"%!PS-Adobe-3.0\n",
    }
    assert set(reasons(tmp_path, files).values()) == {UNSUPPORTED}
    assert reasons(tmp_path, {"nothing.jpg": b""}) == {"nothing.jpg": DAMAGED}


def test_formats_that_nothing_reads(tmp_path):
    files = {"a.mid": b"MThd\0\0\0\6" + bytes(50), "a.xcf": b"gimp xcf v011\0" + bytes(50),
             "a.exr": b"v/1\1\2\0\0\0" + bytes(50)}
    assert set(reasons(tmp_path, files).values()) == {UNSUPPORTED}
