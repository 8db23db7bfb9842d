"""Films and songs: turned, cut short, without an index, with covers, in many codecs."""

import calendar
import struct

import pytest

from harness.media import (COLOURS, HEIGHT, MEDIA, PROBE, UPRIGHT, WIDTH, Shown, distance, ffmpeg, ppm,
                           probe, quarters, quarters_of, run)

pytestmark = [pytest.mark.seconds(300),
              pytest.mark.skipif(not PROBE.exists(), reason="the media worker was not built")]

X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "12", "-pix_fmt", "yuv420p"]


def film(path, picture, *flags, seconds=1.0, codec=X264):
    ffmpeg("-loop", "1", "-r", "10", "-t", str(seconds), "-i", picture, *codec, *flags, path)
    return path


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    return quarters(tmp_path_factory.mktemp("picture") / "a.ppm")


# Turned.

# Where a step to the right, and one down, of the stored picture leads to.
STEPS = {1: ((1, 0), (0, 1)), 2: ((-1, 0), (0, 1)), 3: ((-1, 0), (0, -1)), 4: ((1, 0), (0, -1)),
         5: ((0, 1), (1, 0)), 6: ((0, 1), (-1, 0)), 7: ((0, -1), (-1, 0)), 8: ((0, -1), (1, 0))}


def with_matrix(film_bytes, orientation):
    """A film of one track whose header says that it is to be turned and mirrored so."""
    data = bytearray(film_bytes)
    at = data.index(b"tkhd") + 44
    (a, b), (c, d) = STEPS[orientation]
    width, height = (HEIGHT, WIDTH) if orientation >= 5 else (WIDTH, HEIGHT)
    left = width * (a < 0) + height * (c < 0)
    top = width * (b < 0) + height * (d < 0)
    one = 1 << 16
    struct.pack_into(">9i", data, at, a * one, b * one, 0, c * one, d * one, 0, left * one, top * one, 1 << 30)
    return bytes(data)


def test_films_are_shown_upright(tmp_path):
    for orientation in STEPS:
        path = film(tmp_path / f"{orientation}.mp4", quarters(tmp_path / f"{orientation}.ppm", orientation))
        path.write_bytes(with_matrix(path.read_bytes(), orientation))
    found = probe(tmp_path, *sorted(tmp_path.glob("*.mp4")))
    for orientation in STEPS:
        facts = found[f"{orientation}.mp4"]
        assert (facts["width"], facts["height"]) == (WIDTH, HEIGHT), orientation
        assert facts["picture"][:2] == [WIDTH, HEIGHT], orientation
        assert quarters_of(facts) == UPRIGHT, orientation


# Codecs and containers.

CODECS = {
    "h264.mp4": X264,
    "h264.mkv": X264,
    "h264.ts": X264,
    "h264.flv": X264,
    "h264_422.mov": ["-c:v", "libx264", "-crf", "10", "-pix_fmt", "yuv422p10le"],
    "hevc.mp4": ["-c:v", "libx265", "-x265-params", "log-level=none", "-crf", "10", "-pix_fmt", "yuv420p", "-tag:v",
                 "hvc1"],
    "vp8.webm": ["-c:v", "libvpx", "-crf", "4", "-b:v", "1M"],
    "vp9.webm": ["-c:v", "libvpx-vp9", "-crf", "10", "-b:v", "0", "-cpu-used", "8"],
    "av1.mp4": ["-c:v", "libaom-av1", "-crf", "20", "-cpu-used", "8"],
    "mpeg4.avi": ["-c:v", "mpeg4", "-q:v", "2"],
    "mjpeg.mov": ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"],
    "mpeg2video.mpg": ["-c:v", "mpeg2video", "-q:v", "2", "-r", "25"],
    "prores.mov": ["-c:v", "prores_ks"],
    # Frames that are all the same have no packets here.
    "theora.ogv": ["-c:v", "libtheora", "-q:v", "9", "-vf", "noise=alls=8:allf=t"],
    "wmv2.wmv": ["-c:v", "wmv2", "-q:v", "2"],
    "flv1.flv": ["-c:v", "flv", "-q:v", "2"],
    "ffv1.mkv": ["-c:v", "ffv1"],
    "dnxhd.mov": ["-c:v", "dnxhd", "-profile:v", "dnxhr_hq", "-s", "384x256", "-pix_fmt", "yuv422p"],
}


def test_films_in_many_codecs(tmp_path, picture):
    for name, codec in CODECS.items():
        film(tmp_path / name, picture, codec=codec, seconds=2)
    found = probe(tmp_path, *(tmp_path / name for name in CODECS))
    for name, facts in found.items():
        size = (384, 256) if name.startswith("dnxhd") else (WIDTH, HEIGHT)
        assert facts["kind"] == "video" and (facts["width"], facts["height"]) == size, name
        assert facts["codec"] == name.split(".")[0].split("_")[0], name
        assert abs(facts["duration"] - 2) <= 0.15, (name, facts["duration"])
        assert quarters_of(facts) == UPRIGHT, name


def test_films_as_they_are_stored(tmp_path, picture):
    """In pieces, cut short, one frame, pixels that are not square, streams in another order."""
    film(tmp_path / "pieces.mp4", picture, "-g", "5", "-movflags", "frag_keyframe+empty_moov", seconds=3)
    film(tmp_path / "live.webm", picture, "-live", "1", codec=CODECS["vp8.webm"], seconds=3)
    film(tmp_path / "one.mp4", picture, "-frames:v", "1")
    film(tmp_path / "wide.mp4", picture, "-vf", "setsar=2/1")
    film(tmp_path / "irregular.mkv", picture, "-vf", "setpts='if(lt(N,10),N,10*N-90)/10/TB'", "-vsync", "vfr",
         seconds=2)
    whole = film(tmp_path / "whole.mp4", picture, "-g", "10", "-movflags", "+faststart", seconds=10).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    (tmp_path / "text.srt").write_text("1\n00:00:00,000 --> 00:00:00,900\nHello\n")
    grey = ppm(tmp_path / "grey.ppm", 2 * WIDTH, 2 * HEIGHT, lambda x, y: COLOURS["grey"])
    ffmpeg("-i", tmp_path / "text.srt", "-loop", "1", "-r", "10", "-t", "1", "-i", picture, "-map", "0", "-map", "1",
           "-c:s", "mov_text", *X264, tmp_path / "text_first.mp4")
    # The larger one is not the one that its maker chose.
    ffmpeg("-loop", "1", "-r", "10", "-t", "1", "-i", grey, "-loop", "1", "-r", "10", "-t", "1", "-i", picture,
           "-map", "0", "-map", "1", *X264, "-disposition:v:0", "0", "-disposition:v:1", "default",
           tmp_path / "two.mkv")
    durations = {"pieces.mp4": 3, "live.webm": 3, "one.mp4": 0.1, "wide.mp4": 1, "cut.mp4": 10, "text_first.mp4": 1,
                 "two.mkv": 1, "irregular.mkv": None}
    for name, facts in probe(tmp_path, *(tmp_path / name for name in durations)).items():
        assert facts["kind"] == "video" and quarters_of(facts) == UPRIGHT, (name, facts)
        size = (2 * WIDTH, HEIGHT) if name == "wide.mp4" else (WIDTH, HEIGHT)
        assert (facts["width"], facts["height"]) == size, name
        if durations[name]:
            assert abs(facts["duration"] - durations[name]) <= 0.12, (name, facts["duration"])


def test_a_frame_that_shows_something(tmp_path, picture):
    """A third into the film there is nothing to see."""
    for colour in ("black", "0x008700", "white"):
        ffmpeg("-f", "lavfi", "-i", f"color={colour}:s={WIDTH}x{HEIGHT}:d=3:r=10", "-loop", "1", "-r", "10", "-t", "2",
               "-i", picture, "-filter_complex", "[0]setsar=1[a];[1]setsar=1[b];[a][b]concat", *X264,
               tmp_path / f"{colour}.mp4")
    for name, facts in probe(tmp_path, *tmp_path.glob("*.mp4")).items():
        assert quarters_of(facts) == UPRIGHT, name


def test_the_frame_is_a_third_into_the_film(tmp_path, picture):
    parts = ";".join(f"[{number}]setsar=1[p{number}]" for number in range(3))
    inputs = []
    for name in ("red", "blue", "yellow"):
        # Not of one colour alone, which would be passed over.
        path = ppm(tmp_path / f"{name}.ppm", WIDTH, HEIGHT,
                   lambda x, y, name=name: COLOURS[name] if x < WIDTH * 3 // 4 else COLOURS["black"])
        inputs += ["-loop", "1", "-r", "10", "-t", "2", "-i", path]
    ffmpeg(*inputs, "-filter_complex", f"{parts};[p0][p1][p2]concat=n=3", *X264, tmp_path / "a.mp4")
    assert quarters_of(probe(tmp_path, tmp_path / "a.mp4")["a.mp4"]) == ["blue", "black"] * 2


def test_a_codec_that_nobody_knows_gives_facts_alone(tmp_path, picture):
    path = film(tmp_path / "a.mp4", picture)
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz1"))
    facts = probe(tmp_path, path)["a.mp4"]
    assert facts["kind"] == "video" and (facts["width"], facts["height"]) == (WIDTH, HEIGHT)
    assert abs(facts["duration"] - 1) <= 0.1
    assert facts["failure"] == "the server has no decoder for this format" and not facts["bytes"]


def test_a_codec_that_nobody_films_with_is_not_decoded(tmp_path, picture):
    """FFmpeg has a decoder, but few files of people are of it."""
    film(tmp_path / "a.avi", picture, codec=["-c:v", "zmbv"])
    facts = probe(tmp_path, tmp_path / "a.avi")["a.avi"]
    assert (facts["codec"], facts["width"], facts["height"]) == ("zmbv", WIDTH, HEIGHT)
    assert facts["failure"] == "the server has no decoder for this format" and not facts["bytes"]


def test_what_a_film_tells(tmp_path, picture):
    film(tmp_path / "a.mov", picture, "-metadata", "title=Holiday", "-metadata", "creation_time=2023-05-06T05:08:09Z",
         "-metadata", "location=+48.2082-016.3738/")
    film(tmp_path / "apple.mov", picture, "-movflags", "use_metadata_tags",
         "-metadata", "com.apple.quicktime.creationdate=2023-05-06T07:08:09+0200",
         "-metadata", "com.apple.quicktime.location.ISO6709=+48.2082-016.3738+151/",
         "-metadata", "com.apple.quicktime.make=Acme", "-metadata", "com.apple.quicktime.model=Phone 3")
    found = probe(tmp_path, tmp_path / "a.mov", tmp_path / "apple.mov")
    taken = calendar.timegm((2023, 5, 6, 5, 8, 9)) * 10**6
    assert (found["a.mov"]["taken_at_local"], found["a.mov"]["offset_minutes"]) == (taken, 0)
    assert found["a.mov"]["title"] == "Holiday"
    apple = found["apple.mov"]
    assert (apple["taken_at_local"], apple["offset_minutes"]) == (taken + 7200 * 10**6, 120)
    assert (apple["camera_make"], apple["camera_model"]) == ("Acme", "Phone 3")
    for facts in found.values():
        assert abs(facts["latitude"] - 48.2082) < 1e-4 and abs(facts["longitude"] + 16.3738) < 1e-4


# Sound.

SONGS = {
    "mp3.mp3": ["-c:a", "libmp3lame", "-b:a", "96k"],
    "flac.flac": ["-c:a", "flac"],
    "vorbis.ogg": ["-c:a", "libvorbis"],
    "opus.opus": ["-c:a", "libopus"],
    "aac.m4a": ["-c:a", "aac"],
    "alac.m4a": ["-c:a", "alac"],
    "aac.aac": ["-c:a", "aac"],
    "pcm_s16le.wav": ["-c:a", "pcm_s16le"],
    "pcm_s16be.aiff": ["-c:a", "pcm_s16be"],
    "wmav2.wma": ["-c:a", "wmav2"],
    "ac3.ac3": ["-c:a", "ac3"],
    "mp2.mp2": ["-c:a", "mp2"],
    "aac.mka": ["-c:a", "aac"],
}
LOUD_AND_QUIET = "aevalsrc='sin(880*PI*t)*(0.1+0.6*lt(mod(t,2),1))*random(0)':s=44100:d=12"


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "a.wav"
    ffmpeg("-f", "lavfi", "-i", LOUD_AND_QUIET, path)
    return path


def test_songs_in_many_codecs(tmp_path, sound):
    tags = ["-metadata", "title=Lied", "-metadata", "artist=Chor", "-metadata", "album=Abend", "-metadata",
            "track=3/12", "-metadata", "date=1999-05-06"]
    for name, codec in SONGS.items():
        ffmpeg("-i", sound, *codec, *tags, tmp_path / name)
    for name, facts in probe(tmp_path, *(tmp_path / name for name in SONGS)).items():
        assert (facts["kind"], facts["codec"]) == ("audio", name.split(".")[0]), name
        assert abs(facts["duration"] - 12) <= 0.15, (name, facts["duration"])
        assert facts["picture"][:2] == [320, 160] and "width" not in facts, name
        if name in ("aac.aac", "ac3.ac3", "mp2.mp2"):
            continue
        assert facts["title"] == "Lied", name
        if name != "pcm_s16be.aiff":  # which has no fields for the others
            assert (facts["artist"], facts["album"], facts["track"]) == ("Chor", "Abend", 3), name
            assert facts["taken_at_local"] == calendar.timegm((1999, 5, 6, 0, 0, 0)) * 10**6, name


def test_length_is_counted_where_nothing_tells_it(tmp_path, sound):
    """Variable rate and no index: the rate of the beginning is not that of the whole."""
    ffmpeg("-f", "lavfi", "-i", "aevalsrc='gt(t,15)*random(0)':s=44100:d=60", "-c:a", "libmp3lame", "-q:a", "4",
           "-write_xing", "0", "-id3v2_version", "0", tmp_path / "vbr.mp3")
    assert abs(probe(tmp_path, tmp_path / "vbr.mp3")["vbr.mp3"]["duration"] - 60) <= 0.1


def test_covers(tmp_path, sound, picture):
    run("vips", "copy", picture, f"{tmp_path}/cover.jpg[Q=95]")
    for name, flags in {"a.mp3": ["-c:a", "libmp3lame"], "a.flac": ["-c:a", "flac"], "a.m4a": ["-c:a", "aac"]}.items():
        ffmpeg("-i", sound, "-i", tmp_path / "cover.jpg", "-map", "0", "-map", "1", *flags, "-c:v", "copy",
               "-disposition:v", "attached_pic", tmp_path / name)
    for name, facts in probe(tmp_path, *(tmp_path / f"a.{form}" for form in ("mp3", "flac", "m4a"))).items():
        assert facts["kind"] == "audio" and "width" not in facts, name
        assert quarters_of(facts) == UPRIGHT, name


def test_old_tags_are_read_as_latin(tmp_path, sound):
    ffmpeg("-i", sound, "-c:a", "libmp3lame", "-id3v2_version", "0", tmp_path / "a.mp3")
    tag = b"TAG" + "Déjà vu".encode("latin-1").ljust(30, b"\0") + "Björk".encode("latin-1").ljust(30, b"\0")
    with open(tmp_path / "a.mp3", "ab") as file:
        file.write(tag.ljust(128, b"\0"))
    facts = probe(tmp_path, tmp_path / "a.mp3")["a.mp3"]
    assert (facts["title"], facts["artist"]) == ("Déjà vu", "Björk")


def test_a_song_is_drawn(tmp_path, sound):
    """Loud and quiet seconds take turns."""
    facts = probe(tmp_path, sound)["a.wav"]
    shown = Shown(facts)
    background = shown.at(0.5, 0.02)
    drawn = [sum(distance(shown.at((x + 0.5) / shown.width, (y + 0.5) / shown.height), background) > 60
                 for y in range(shown.height)) for x in range(shown.width)]
    assert max(drawn) > shown.height * 0.7
    for second in range(12):
        middle = int((second + 0.5) / 12 * shown.width)
        around = max(drawn[middle - 4 : middle + 5])
        assert (around > shown.height * 0.5) == (second % 2 == 0), (second, around)


def test_a_film_of_the_shelf(tmp_path):
    """What is on the disk of a phone: sound beside the picture, the index at the end."""
    source = MEDIA / "video" / "here_we_are.mp4"
    ffmpeg("-i", source, "-c", "copy", "-movflags", "-faststart", tmp_path / "last.mp4")
    facts = probe(tmp_path, tmp_path / "last.mp4")["last.mp4"]
    assert facts["codec"] == "h264" and abs(facts["duration"] - 44.66) < 0.1
