"""Files that reach for others, or for more than there is. All of them have to stay without an effect."""

import os
import socket
import struct
import zlib

import pytest

from harness.media import (MEDIA, PROBE, png_chunk, probe, quarters, run)

pytestmark = [pytest.mark.seconds(300),
              pytest.mark.skipif(not PROBE.exists(), reason="the media worker was not built")]


def assert_nothing(found, count):
    assert len(found) == count
    for name, facts in found.items():
        assert facts["failure"] and not facts["bytes"], (name, facts)
        assert not {"width", "duration", "codec"} & set(facts), (name, facts)


# Names of others.

def traps(target):
    """Texts by name; `target` is what they try to open."""
    return {
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
        "hls_key": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n"
                   f'#EXT-X-KEY:METHOD=AES-128,URI="{target}"\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n',
        "hls_map": f'#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXT-X-MAP:URI="{target}"\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n',
        "concat": f"ffconcat version 1.0\nfile '{target}'\n",
        "dash":
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
            'mediaPresentationDuration="PT5S"><Period><AdaptationSet mimeType="video/mp4">'
            f'<Representation id="1" bandwidth="1"><BaseURL>{target}</BaseURL></Representation>'
            "</AdaptationSet></Period></MPD>",
        "smooth": f'<SmoothStreamingMedia><StreamIndex Url="{target}"/></SmoothStreamingMedia>',
        "imf": f'<?xml version="1.0"?><CompositionPlaylist><Id>{target}</Id></CompositionPlaylist>',
        "sdp": f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\na=control:{target}\nm=video 9 RTP/AVP 96\n",
        "pls": f"[playlist]\nFile1={target}\nNumberOfEntries=1\n",
        "asx": f'<asx version="3.0"><entry><ref href="{target}"/></entry></asx>',
        "reference": f"[Reference]\nRef1={target}\n",
        "rtsp": f"RTSPtext\n{target}\n",
        "svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{target}"/></svg>',
        "entity": f'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "{target}">]><svg>&x;</svg>',
        "laughs": '<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">'
                  + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9)) + "]><svg>&j;</svg>",
        "mvg": f'push graphic-context\nimage over 0,0 0,0 "{target}"\npop graphic-context\n',
        "msl": f'<?xml version="1.0"?><image><read filename="{target}"/></image>',
        "script": f"%!PS\n({target}) (r) file\n",
        "eps": f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({target}) run\n",
        "label": f"label:@{target}\n",
        "subtitles": f"1\n00:00:00,000 --> 00:00:09,000\n{target}\n",
    }


def test_files_that_name_others_open_nothing(tmp_path):
    """They name a listener's port, and a film and a photo that would give a picture."""
    film, photo = MEDIA / "video" / "here_we_are.mp4", MEDIA / "photos" / "gps_nikon.jpg"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        targets = [film.as_uri(), str(film), str(photo), f"concat:{film}", f"subfile,,start,0,end,9999,,:{film}",
                   f"crypto:{film}", address, address.replace("http", "tcp"), f"hls+{address}", "data:text/plain,x"]
        files = []
        for number, target in enumerate(targets):
            for kind, text in traps(target).items():
                # Under the names of what people look at, in turn.
                ending = ("mp4", "jpg", "mp3", "m3u8", "png", "mkv", "webm", "svg", "ts")[len(files) % 9]
                files.append(tmp_path / f"{kind}_{number}.{ending}")
                files[-1].write_text(text)
        found = probe(tmp_path, *files)
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert_nothing(found, len(files))


def test_a_film_whose_samples_are_in_another_file_stays_empty(tmp_path):
    """MP4 may say that its samples are in a file of some name."""
    source = (MEDIA / "video" / "here_we_are.mp4").read_bytes()
    data = bytearray(source[: source.index(b"mdat") - 4])
    assert data.count(b"url \0\0\0\1") >= 1
    # Not in this file any more: the flag that says so goes, and the type is one that has a name.
    data = data.replace(b"url \0\0\0\1", b"alis\0\0\0\0")
    (tmp_path / "here_we_are.mp4").write_bytes(source)
    (tmp_path / "elsewhere.mp4").write_bytes(data)
    assert not probe(tmp_path, tmp_path / "elsewhere.mp4")["elsewhere.mp4"]["bytes"]


# More than there is.

def huge_png(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", head) + png_chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
            + png_chunk(b"IEND", b""))


def huge_jpeg(folder, width, height):
    run("vips", "copy", quarters(folder / "small.ppm"), folder / "small.jpg")
    data = bytearray((folder / "small.jpg").read_bytes())
    at = data.index(b"\xff\xc0") + 5
    struct.pack_into(">HH", data, at, height, width)
    return bytes(data)


def huge_tiff(width, height):
    entries = [(0x100, 4, 1, width), (0x101, 4, 1, height), (0x102, 3, 1, 8), (0x103, 3, 1, 5), (0x106, 3, 1, 1),
               (0x111, 4, 1, 200), (0x115, 3, 1, 1), (0x116, 4, 1, height), (0x117, 4, 1, 100)]
    return (b"II*\0" + struct.pack("<IH", 8, len(entries))
            + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)).ljust(400, b"\0")


def huge_gif(width, height):
    return (b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6)
            + b"," + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\2\2\x44\1\0;")


def huge_avif(folder, width, height):
    run("vips", "copy", quarters(folder / "small.ppm"), folder / "small.png")
    run("avifenc", "-s", "10", folder / "small.png", folder / "small.avif")
    data = bytearray((folder / "small.avif").read_bytes())
    struct.pack_into(">II", data, data.index(b"ispe") + 8, width, height)
    return bytes(data)


def test_pictures_beyond_the_limits_are_refused(tmp_path):
    files = {
        "280mp.png": huge_png(16_700, 16_700), "terapixels.png": huge_png(2_000_000, 2_000_000),
        "widest.png": huge_png(0x7FFFFFFF, 3000), "huge.jpg": huge_jpeg(tmp_path, 65_500, 65_500),
        "huge.tif": huge_tiff(1_000_000, 1_000_000), "huge.gif": huge_gif(65_535, 65_535),
        "huge.avif": huge_avif(tmp_path, 60_000, 60_000),
        "huge.bmp": b"BM" + struct.pack("<IIIIiiHHIIIIII", 99, 0, 54, 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0),
        "huge.psd": b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 300_000, 300_000, 8, 3) + bytes(14),
        "huge.ppm": b"P6 90000 90000 255\n" + bytes(100), "huge.qoi": b"qoif" + struct.pack(">IIBB", 90_000, 90_000, 3, 0),
        "empty": b"", "byte": b"\xff", "nul": b"\0",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    found = probe(tmp_path, *(tmp_path / name for name in files))
    assert len(found) == len(files)
    for name, facts in found.items():
        assert facts["failure"] and not facts["bytes"], (name, facts)
    for name in ("280mp.png", "huge.jpg", "huge.tif", "huge.gif"):
        assert found[name]["failure"] == "the picture has more pixels than the server decodes", name
    assert found["280mp.png"]["width"] == 16_700


def exif_jpeg(folder, body):
    run("vips", "copy", quarters(folder / "small.ppm"), folder / "small.jpg")
    data = (folder / "small.jpg").read_bytes()
    exif = b"Exif\0\0" + body
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]


def directory(*entries, following=0):
    return (struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
            + struct.pack("<I", following))


def test_photos_with_a_wrong_exif_are_shown_without_it(tmp_path):
    head = b"II*\0" + struct.pack("<I", 8)
    bodies = {
        # Each directory is the other's, and its own successor.
        "ring.jpg": head + directory((0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0x14A, 4, 1, 8), following=8),
        "far.jpg": head + directory((0x8769, 4, 1, 0xFFFFFFF0), (0x10F, 2, 0xFFFFFFFF, 20)),
        "many.jpg": head + struct.pack("<H", 0xFFFF) + bytes(600),
        # A thumbnail of no bytes, one of more than there are.
        "no_thumbnail.jpg": head + directory(following=14) + directory((0x201, 4, 1, 8), (0x202, 4, 1, 0)),
        "thumbnail.jpg": head + directory(following=14) + directory((0x201, 4, 1, 8), (0x202, 4, 1, 0xFFFFFFFF)),
        "orientation.jpg": head + directory((0x112, 3, 1, 99)),
        "empty.jpg": b"", "mark.jpg": b"II*",
    }
    for name, body in bodies.items():
        (tmp_path / name).write_bytes(exif_jpeg(tmp_path, body))
    found = probe(tmp_path, *(tmp_path / name for name in bodies))
    for name, facts in found.items():
        assert facts["picture"][:2] == [96, 64], (name, facts)
        assert not {"camera_make", "latitude", "taken_at_local"} & set(facts), name


def test_damaged_files_harm_their_own_job(tmp_path):
    """Good files, cut and changed in places; the pool goes on behind each."""
    sources = [MEDIA / "photos" / "gps_nikon.jpg", MEDIA / "photos" / "iphone.heic", MEDIA / "photos" / "old.tiff",
               MEDIA / "video" / "here_we_are.mp4", MEDIA / "audio" / "here_we_are.mp3"]
    files = []
    for source in sources:
        data = source.read_bytes()
        for share in (0.01, 0.3, 0.9):
            files.append(tmp_path / f"cut_{share}_{source.name}")
            files[-1].write_bytes(data[: int(len(data) * share)])
        for step in (37, 1013):
            changed = bytearray(data)
            for at in range(step, len(changed), step):
                changed[at] ^= 0x55
            files.append(tmp_path / f"changed_{step}_{source.name}")
            files[-1].write_bytes(changed)
    good = tmp_path / "good.jpg"
    good.write_bytes(sources[0].read_bytes())
    found = probe(tmp_path, *(name for file in files for name in (file, good)))
    assert len(found) == len(files) + 1
    assert found["good.jpg"]["picture"]
    for name, facts in found.items():
        # A sentence, not a sign that something went wrong on our side.
        assert facts["bytes"] or facts["failure"] != "the decoder gave an answer that breaks the rules", name


def test_noise_is_no_media(tmp_path):
    files = []
    for number in range(8):
        files.append(tmp_path / f"noise_{number}.mp4")
        files[-1].write_bytes(os.urandom(1 << (4 + number)))
    for facts in probe(tmp_path, *files).values():
        assert "width" not in facts
