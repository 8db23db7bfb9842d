"""What a picture is, told from its bytes alone."""

import struct
import time

from harness import program, shapes

# What a WebP that shows a picture and tells nothing may consist of.
WEBP_CHUNKS = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH"}


def webp_size(data):
    """(width, height) of a WebP without metadata."""
    assert data[:4] == b"RIFF" and data[8:12] == b"WEBP", data[:16]
    assert struct.unpack("<I", data[4:8])[0] + 8 == len(data)
    chunks, at = {}, 12
    while at < len(data):
        name, length = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        chunks[name] = data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    assert set(chunks) <= WEBP_CHUNKS, set(chunks)
    if b"VP8L" in chunks:
        bits = struct.unpack("<I", chunks[b"VP8L"][1:5])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    lossy = chunks[b"VP8 "]
    assert lossy[3:6] == b"\x9d\x01\x2a"
    width, height = struct.unpack("<HH", lossy[6:10])
    return width & 0x3FFF, height & 0x3FFF


def jpeg_size(data):
    """(width, height) of a JPEG without metadata."""
    assert data[:2] == b"\xff\xd8" and b"Exif" not in data[:4096]
    at = 2
    while True:
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length


def avif_size(data):
    """(width, height) of an AVIF."""
    assert data[4:8] == b"ftyp" and b"avif" in data[8:40]
    at = data.index(b"ispe")
    return struct.unpack(">II", data[at + 8 : at + 16])


def when_ready(user, media, seconds=170):
    """The media object once the file has been looked into."""
    deadline = time.monotonic() + program.patience(seconds)
    while True:
        shown = shapes.success(user.get(f"/media/{media['id']}"))
        if shown["status"] != "processing":
            return shown
        assert time.monotonic() < deadline, shown
        time.sleep(0.1)
