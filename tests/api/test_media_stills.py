"""Photos as cameras, phones and programs write them: upright, in the right colours, with their facts."""

import calendar
import struct
import zlib

import pytest

from harness import icc
from harness.media import (COLOURS, HEIGHT, MEDIA, PROBE, UPRIGHT, WIDTH, Shown, distance, ffmpeg, png,
                           png_chunk, ppm, probe, quarters, quarters_of, run)

pytestmark = [pytest.mark.seconds(300),
              pytest.mark.skipif(not PROBE.exists(), reason="the media worker was not built")]


# Turned and mirrored.

@pytest.fixture(scope="module")
def turned(tmp_path_factory):
    folder = tmp_path_factory.mktemp("turned")
    files = []
    for orientation in range(1, 9):
        stored = quarters(folder / f"{orientation}.ppm", orientation)
        made = [folder / f"{orientation}.{form}" for form in ("jpg", "png", "webp", "tif")]
        for path in made:
            run("vips", "copy", stored, f"{path}[Q=95]" if path.suffix in (".jpg", ".webp") else path)
        run("exiftool", "-q", "-overwrite_original", "-n", f"-Orientation={orientation}", *made)
        run("cjxl", "--quiet", "-e", "3", made[0], folder / f"{orientation}.jxl")
        files += [*made, folder / f"{orientation}.jxl"]
    return probe(folder, *files)


@pytest.mark.parametrize("form", ["jpg", "png", "webp", "tif", "jxl"])
def test_every_orientation_is_shown_upright(turned, form):
    for orientation in range(1, 9):
        facts = turned[f"{orientation}.{form}"]
        assert (facts["width"], facts["height"]) == (WIDTH, HEIGHT), orientation
        assert facts["picture"][:2] == [WIDTH, HEIGHT], orientation
        assert quarters_of(facts) == UPRIGHT, orientation


def rotated(rows, angle):
    """Quarters, turned to the left as often."""
    for _ in range(angle):
        rows = [list(column) for column in zip(*rows)][::-1]
    return rows


def mirrored(rows, mode):
    return {None: rows, 0: rows[::-1], 1: [row[::-1] for row in rows]}[mode]


def test_avif_is_turned_by_its_properties_and_not_again_by_exif(tmp_path):
    picture = tmp_path / "picture.png"
    run("vips", "copy", quarters(tmp_path / "picture.ppm"), picture)
    expected = {}
    for angle in range(4):
        for mode in (None, 0, 1):
            path = tmp_path / f"{angle}-{mode}.avif"
            flags = (["--irot", angle] if angle else []) + ([] if mode is None else ["--imir", mode])
            run("avifenc", "-s", "10", "--min", "0", "--max", "10", *flags, picture, path)
            expected[path] = mirrored(rotated([UPRIGHT[:2], UPRIGHT[2:]], angle), mode)
    run("exiftool", "-q", "-overwrite_original", "-n", "-Orientation=6", "-Make=Acme", *expected)
    found = probe(tmp_path, *expected)
    for path, (upper, lower) in expected.items():
        facts = found[path.name]
        size = (WIDTH, HEIGHT) if path.name[0] in "02" else (HEIGHT, WIDTH)
        assert (facts["width"], facts["height"], facts["camera_make"]) == (*size, "Acme"), path.name
        assert quarters_of(facts) == upper + lower, path.name


def test_a_turn_that_stands_before_the_size_counts(tmp_path):
    """As cameras of Sony write HIF: the properties of an item are a list, and its turn is the first of it."""
    run("vips", "copy", quarters(tmp_path / "picture.ppm"), tmp_path / "picture.png")
    files = {}
    for angle in range(4):
        path = tmp_path / f"{angle}.avif"
        run("avifenc", "-s", "10", "--min", "0", "--max", "10", "--irot", angle, "--imir", 0, tmp_path / "picture.png", path)
        data = bytearray(path.read_bytes())
        # Version and flags, one item, its number, how many properties.
        at = data.index(b"ipma") + 4
        assert data[at : at + 8] == bytes(7) + b"\1"
        count = data[at + 10]
        numbers = data[at + 11 : at + 11 + count]
        data[at + 11 : at + 11 + count] = numbers[-2:] + numbers[:-2]
        path.write_bytes(data)
        files[path.name] = mirrored(rotated([UPRIGHT[:2], UPRIGHT[2:]], angle), 0)
    found = probe(tmp_path, *(tmp_path / name for name in files))
    for name, (upper, lower) in files.items():
        size = (WIDTH, HEIGHT) if name[0] in "02" else (HEIGHT, WIDTH)
        assert (found[name]["width"], found[name]["height"]) == size, name
        assert quarters_of(found[name]) == upper + lower, name


def test_what_no_decoder_reads_shows_no_wrong_picture(tmp_path):
    """Planes in tiles: libvips says so, and FFmpeg shows a black picture."""
    planes = b"".join(bytes([value]) * 256 for value in COLOURS["red"])
    entries = [(0x100, 3, 1, 16), (0x101, 3, 1, 16), (0x102, 3, 3, 200), (0x103, 3, 1, 1), (0x106, 3, 1, 2), (0x115, 3, 1, 3),
               (0x11C, 3, 1, 2), (0x142, 3, 1, 16), (0x143, 3, 1, 16), (0x144, 4, 3, 206), (0x145, 4, 3, 218)]
    data = b"II*\0" + struct.pack("<IH", 8, len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + bytes(4)
    data = data.ljust(200, b"\0") + struct.pack("<3H6I", 8, 8, 8, 300, 556, 812, 256, 256, 256)
    (tmp_path / "planes.tif").write_bytes(data.ljust(300, b"\0") + planes)
    facts = probe(tmp_path, tmp_path / "planes.tif")["planes.tif"]
    assert (facts["width"], facts["height"], facts["codec"]) == (16, 16, "tiff")
    assert facts["failure"] == "the server has no decoder for this format" and not facts["bytes"]


def test_what_is_cut_off_is_not_shown(tmp_path):
    run("vips", "copy", quarters(tmp_path / "picture.ppm"), tmp_path / "picture.png")
    # The left half.
    clap = f"{WIDTH // 2},1,{HEIGHT},1,{-WIDTH // 4},1,0,1"
    run("avifenc", "-s", "10", "--min", "0", "--max", "10", "--clap", clap, tmp_path / "picture.png",
        tmp_path / "half.avif")
    facts = probe(tmp_path, tmp_path / "half.avif")["half.avif"]
    assert (facts["width"], facts["height"]) == (WIDTH // 2, HEIGHT)
    assert quarters_of(facts) == ["red", "red", "blue", "blue"]


# Colours.

PATCHES = [(200, 60, 60), (60, 160, 80), (70, 80, 190), (220, 210, 150), (128, 128, 128), (30, 30, 30)]
EDGE = 60


def patch_at(x, y):
    return PATCHES[x // EDGE + 3 * (y // EDGE)]


def shown_patches(facts):
    shown = Shown(facts)
    return [shown.at((column + 0.5) / 3, (row + 0.5) / 2) for row in range(2) for column in range(3)]


@pytest.fixture(scope="module")
def coloured(tmp_path_factory):
    """The patches in many kinds of samples; each was made of the same sRGB colours."""
    folder = tmp_path_factory.mktemp("colours")
    plain = folder / "plain.png"
    run("vips", "copy", ppm(folder / "plain.ppm", 3 * EDGE, 2 * EDGE, patch_at), plain)
    for name, primaries in [("adobe", icc.ADOBE_RGB), ("bt2020", icc.BT2020), ("swapped", icc.SRGB[::-1])]:
        (folder / f"{name}.icc").write_bytes(icc.rgb(name, primaries, 2.2))
    (folder / "grey.icc").write_bytes(icc.grey("grey", 2.2))

    def converted(target, profile, *flags):
        run("vips", "icc_transform", plain, folder / target, profile, "--input-profile", "srgb", *flags)

    converted("p3.jpg[Q=98]", "p3")
    converted("p3_16.png", "p3", "--depth", "16")
    converted("p3.webp[lossless]", "p3")
    converted("adobe.tif", folder / "adobe.icc")
    converted("adobe.jpg[Q=98]", folder / "adobe.icc")
    converted("bt2020.png", folder / "bt2020.icc")
    converted("swapped.png", folder / "swapped.icc")
    converted("cmyk.jpg[Q=98]", "cmyk")
    converted("cmyk.tif", "cmyk")
    run("vips", "colourspace", plain, folder / "lab.tif", "lab")
    run("vips", "colourspace", plain, folder / "linear.tif", "scrgb")
    run("vips", "colourspace", plain, folder / "wide.png", "rgb16")
    run("vips", "colourspace", plain, folder / "wide.tif[compression=lzw]", "rgb16")
    run("vips", "copy", plain, f"{folder}/wrong.jpg[Q=98,profile={folder}/grey.icc]")
    run("heif-enc", "-q", "95", "-p", "chroma=444", folder / "p3_16.png", "-o", folder / "p3.heic")
    run("heif-enc", "-q", "95", "-b", "10", "-p", "chroma=422", folder / "p3_16.png", "-o", folder / "p3_10.heic")
    run("avifenc", "-s", "8", "--min", "0", "--max", "4", folder / "p3_16.png", "-d", "10", folder / "p3.avif")
    run("cjxl", "--quiet", "-e", "3", "-d", "0.5", folder / "p3_16.png", folder / "p3.jxl")
    hdr_picture(folder / "hdr.png")
    run("avifenc", "-s", "8", "--min", "0", "--max", "4", "-d", "10", "-y", "444", "--cicp", "9/16/9",
        folder / "hdr.png", folder / "hdr.avif")
    ffmpeg("-loop", "1", "-t", "0.4", "-r", "5", "-i", folder / "hdr.png", "-vf",
           "scale=out_color_matrix=bt2020nc:out_range=tv,format=yuv420p10le", "-c:v", "libx265", "-x265-params",
           "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", "-crf", "8",
           "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc", "-tag:v", "hvc1",
           folder / "hdr.mp4")
    run("vips", "colourspace", plain, folder / "grey.jpg", "b-w")
    run("vips", "copy", folder / "cmyk.tif", f"{folder}/no_profile.jpg[Q=98,strip]")
    found = probe(folder, *(path for path in sorted(folder.iterdir())
                            if path.is_file() and path.suffix not in (".icc", ".ppm") and path.name != "hdr.png"))
    return {name: {**facts, "folder": folder} for name, facts in found.items()}


def hdr_picture(path):
    """The patches as BT.2020 with the PQ curve, white at 203 cd/m² (ITU-R BT.2408), 16 bits."""

    def linear(value):
        value /= 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    def pq(value):
        power = (max(value, 0) * 203 / 10000) ** 0.1593017578125
        return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375

    matrix = ((0.627404, 0.329283, 0.043313), (0.069097, 0.919540, 0.011362), (0.016391, 0.088013, 0.895595))
    codes = [struct.pack(">3H", *(round(65535 * pq(sum(m * linear(c) for m, c in zip(row, colour)))) for row in matrix))
             for colour in PATCHES]
    rows = [b"".join(codes[x // EDGE + 3 * (y // EDGE)] for x in range(3 * EDGE)) for y in range(2 * EDGE)]
    png(path, 3 * EDGE, 2 * EDGE, rows, depth=16)


@pytest.mark.parametrize("name, tolerance, space", [
    ("plain.png", 4, "sRGB"),
    ("p3.jpg", 5, "Display P3"), ("p3_16.png", 5, "Display P3"), ("p3.webp", 5, "Display P3"),
    ("p3.heic", 6, "Display P3"), ("p3_10.heic", 8, "Display P3"), ("p3.avif", 6, "Display P3"),
    ("p3.jxl", 8, None),
    ("adobe.tif", 5, "adobe"), ("adobe.jpg", 6, "adobe"), ("bt2020.png", 5, "bt2020"), ("swapped.png", 5, "swapped"),
    ("lab.tif", 5, "Lab"), ("linear.tif", 4, None), ("wide.png", 4, None), ("wide.tif", 4, None),
    # A profile that cannot be this picture's.
    ("wrong.jpg", 5, None),
    ("hdr.avif", 9, "BT.2020 PQ"), ("hdr.mp4", 14, "BT.2020 PQ"),
])
def test_colours_are_brought_to_srgb(coloured, name, tolerance, space):
    facts = coloured[name]
    for wanted, shown in zip(PATCHES, shown_patches(facts)):
        assert distance(wanted, shown) <= tolerance, (name, wanted, shown)
    if space:
        assert facts["colour_space"] == space


@pytest.mark.parametrize("name", ["cmyk.jpg", "cmyk.tif", "no_profile.jpg"])
def test_inks_are_brought_to_srgb(coloured, name):
    """Not all colours can be printed: they come back as another program has them."""
    folder = coloured[name]["folder"]
    run("vips", "icc_transform", folder / "cmyk.tif", folder / "back.ppm", "srgb", "--embedded", "--intent",
        "perceptual", "--black-point-compensation")
    pixels = (folder / "back.ppm").read_bytes()[-6 * EDGE * EDGE * 3 :]
    for number, shown in enumerate(shown_patches(coloured[name])):
        at = ((EDGE // 2 + EDGE * (number // 3)) * 3 * EDGE + EDGE // 2 + EDGE * (number % 3)) * 3
        assert distance(tuple(pixels[at : at + 3]), shown) <= 6, (name, number)


def test_grey_stays_grey(coloured):
    for red, green, blue in shown_patches(coloured["grey.jpg"]):
        assert max(red, green, blue) - min(red, green, blue) <= 3


# What they tell.

TELL = ["-DateTimeOriginal=2023:05:06 07:08:09", "-OffsetTimeOriginal=+02:00", "-SubSecTimeOriginal=25",
        "-Make=Acme", "-Model=Pinhole 3", "-GPSLatitude=48.2082", "-GPSLatitudeRef=N", "-GPSLongitude=16.3738",
        "-GPSLongitudeRef=W"]


def test_facts_in_every_format(tmp_path):
    stored = quarters(tmp_path / "picture.ppm")
    jpeg = tmp_path / "a.jpg"
    run("vips", "copy", stored, jpeg)
    run("exiftool", "-q", "-overwrite_original", *TELL, jpeg)
    files = [jpeg]
    for form in ("png", "webp", "tif"):
        files.append(tmp_path / f"a.{form}")
        run("vips", "copy", stored, files[-1])
    run("avifenc", "-s", "10", tmp_path / "a.png", tmp_path / "a.avif")
    run("heif-enc", tmp_path / "a.png", "-o", tmp_path / "a.heic")
    run("cjxl", "--quiet", "-e", "3", jpeg, tmp_path / "a.jxl")
    files += [tmp_path / "a.avif", tmp_path / "a.heic"]
    run("exiftool", "-q", "-overwrite_original", *TELL, *files[1:])
    files.append(tmp_path / "a.jxl")
    found = probe(tmp_path, *files)
    for name, facts in found.items():
        assert facts.get("taken_at_local") == calendar.timegm((2023, 5, 6, 7, 8, 9)) * 10**6 + 250_000, name
        assert facts["offset_minutes"] == 120, name
        assert (facts["camera_make"], facts["camera_model"]) == ("Acme", "Pinhole 3"), name
        assert abs(facts["latitude"] - 48.2082) < 1e-4 and abs(facts["longitude"] + 16.3738) < 1e-4, name
        assert (facts["width"], facts["height"], facts["kind"]) == (WIDTH, HEIGHT, "image"), name
        assert quarters_of(facts) == UPRIGHT, name
        assert not any(word in facts["bytes"] for word in (b"Exif", b"EXIF", b"Acme", b"ICCP")), name


def test_empty_fields_are_no_facts(tmp_path):
    jpeg = tmp_path / "a.jpg"
    run("vips", "copy", quarters(tmp_path / "picture.ppm"), jpeg)
    run("exiftool", "-q", "-overwrite_original", "-GPSVersionID=2.3.0.0", "-GPSDateStamp=2020:01:01", "-Make=  ",
        "-DateTimeOriginal=0000:00:00 00:00:00", jpeg)
    facts = probe(tmp_path, jpeg)["a.jpg"]
    assert not {"latitude", "longitude", "taken_at_local", "camera_make"} & set(facts)


# More than one picture in a file, and other names than it should have.

def test_the_first_picture_is_shown(tmp_path):
    stored = quarters(tmp_path / "picture.ppm")
    other = ppm(tmp_path / "other.ppm", WIDTH, HEIGHT, lambda x, y: COLOURS["grey"])
    for name, source in [("first", stored), ("other", other)]:
        run("vips", "copy", source, f"{tmp_path}/{name}.jpg[Q=95]")
    first, second = (tmp_path / f"{name}.jpg" for name in ("first", "other"))
    film = MEDIA / "video" / "here_we_are.mp4"
    # Two pictures behind each other, as 3D cameras write them, and a film behind one, as phones do.
    (tmp_path / "two.mpo").write_bytes(first.read_bytes() + second.read_bytes())
    (tmp_path / "motion.jpg").write_bytes(first.read_bytes() + film.read_bytes())
    for name, flags in [("a.gif", []), ("a.webp", ["-lossless", "1"]), ("a.png", ["-f", "apng"])]:
        ffmpeg("-i", first, "-i", second, "-filter_complex", "[0][1]concat,settb=1/10,setpts=N", *flags,
               tmp_path / name)
    run("vips", "copy", first, tmp_path / "first.tif")
    run("vips", "copy", second, tmp_path / "other.tif")
    run("vips", "arrayjoin", f"{tmp_path}/first.tif {tmp_path}/other.tif", tmp_path / "pages.v", "--across", "1")
    run("vips", "copy", tmp_path / "pages.v", f"{tmp_path}/pages.tif[page_height={HEIGHT}]")
    (tmp_path / "song.mp3").write_bytes(first.read_bytes())
    (tmp_path / "letter.txt").write_bytes((tmp_path / "a.webp").read_bytes())
    names = ["two.mpo", "motion.jpg", "a.gif", "a.webp", "a.png", "pages.tif", "song.mp3", "letter.txt"]
    for name, facts in probe(tmp_path, *(tmp_path / name for name in names)).items():
        assert facts["kind"] == "image" and (facts["width"], facts["height"]) == (WIDTH, HEIGHT), (name, facts)
        assert quarters_of(facts) == UPRIGHT, name


FLAGS = {"a.jp2": ["-c:v", "jpeg2000", "-q:v", "1"], "lossless.jpg": ["-c:v", "ljpeg", "-pix_fmt", "bgr24"]}


@pytest.mark.parametrize("name", ["lossless.jpg", "a.bmp", "a.qoi", "a.ppm", "a.jp2", "a.ico", "a.psd"])
def test_what_libvips_leaves_to_others_is_decoded(tmp_path, name):
    stored = quarters(tmp_path / "picture.ppm")
    path = tmp_path / name
    if name == "a.psd":
        path.write_bytes(psd(stored.read_bytes()[-WIDTH * HEIGHT * 3 :]))
    elif name == "a.ppm":
        path.write_bytes(stored.read_bytes())
    else:
        ffmpeg("-i", stored, *FLAGS.get(name, []), path)
    facts = probe(tmp_path, path)[name]
    assert (facts["width"], facts["height"], facts["kind"]) == (WIDTH, HEIGHT, "image")
    assert quarters_of(facts) == UPRIGHT


def psd(pixels):
    """A Photoshop file without layers."""
    planes = b"".join(pixels[channel::3] for channel in range(3))
    return (b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, HEIGHT, WIDTH, 8, 3) + struct.pack(">III", 0, 0, 0)
            + struct.pack(">H", 0) + planes)


# Raw files of cameras: the preview that they have inside.

def tiff(entries, at=0, more=b""):
    """A TIFF structure, little-endian, of one directory: `entries` are (tag, type, count, value or bytes)."""
    head = b"II*\0" + struct.pack("<I", 8)
    size = 2 + 12 * len(entries) + 4
    table, body = b"", b""
    for tag, kind, count, value in sorted(entries):
        if isinstance(value, bytes) and len(value) > 4:
            offset = 8 + size + len(body)
            body += value + bytes(len(value) % 2)
            table += struct.pack("<HHII", tag, kind, count, at + offset)
        else:
            table += struct.pack("<HHI", tag, kind, count) + (
                value.ljust(4, b"\0") if isinstance(value, bytes) else struct.pack("<I", value))
    return head + struct.pack("<H", len(entries)) + table + struct.pack("<I", 0) + body + more


@pytest.fixture(scope="module")
def preview(tmp_path_factory):
    """A JPEG that is to be turned to the right."""
    folder = tmp_path_factory.mktemp("preview")
    run("vips", "copy", quarters(folder / "a.ppm", 6), f"{folder}/a.jpg[Q=95]")
    return (folder / "a.jpg").read_bytes()


ASCII, SHORT, LONG = 2, 3, 4


def told(orientation=6):
    return [(0x10F, ASCII, 5, b"Acme\0"), (0x110, ASCII, 4, b"Raw\0"), (0x112, SHORT, 1, orientation)]


def raw_of_tiff(preview):
    """As DNG: a preview, and data of the sensor that nobody decodes here."""

    def made(offset):
        return tiff([*told(), (0x100, LONG, 1, 6000), (0x101, LONG, 1, 9000), (0x103, SHORT, 1, 1),
                     (0x106, SHORT, 1, 32803), (0xC612, 1, 4, b"\1\4\0\0"), (0x201, LONG, 1, offset),
                     (0x202, LONG, 1, len(preview))])

    return made(len(made(0))) + preview


def raw_of_fujifilm(preview):
    # The preview has all that is told.
    exif = b"Exif\0\0" + tiff(told())
    preview = preview[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + preview[2:]
    head = b"FUJIFILMCCD-RAW 0201FF389501".ljust(84, b"\0") + struct.pack(">II", 160, len(preview))
    return head.ljust(160, b"\0") + preview


def box(kind, body):
    return struct.pack(">I", len(body) + 8) + kind + body


def raw_of_canon(preview):
    metadata = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48") + box(
        b"CMT1", tiff([*told(), (0x100, LONG, 1, 6000), (0x101, LONG, 1, 9000)])) + box(
        b"CMT2", tiff([(0x9003, ASCII, 20, b"2023:05:06 07:08:09\0")])) + box(b"CMT4", tiff([(0, 1, 4, 2)]))
    shown = struct.pack(">IHHHHI", 0, 1, HEIGHT, WIDTH, 1, len(preview)) + preview
    outer = bytes.fromhex("eaf42b5e1c984b88b9fbb7dc406e4d16") + bytes(8) + box(b"PRVW", shown)
    return (box(b"ftyp", b"crx \0\0\0\1crx isom") + box(b"moov", box(b"uuid", metadata)) + box(b"uuid", outer)
            + box(b"mdat", bytes(100)))


@pytest.mark.parametrize("make, size", [(raw_of_tiff, (9000, 6000)), (raw_of_fujifilm, (WIDTH, HEIGHT)),
                                        (raw_of_canon, (9000, 6000))])
def test_raw_files_show_their_preview(tmp_path, preview, make, size):
    (tmp_path / "a.raw").write_bytes(make(preview))
    facts = probe(tmp_path, tmp_path / "a.raw")["a.raw"]
    assert facts["codec"] == "raw" and (facts["width"], facts["height"]) == size
    assert (facts["camera_make"], facts["camera_model"]) == ("Acme", "Raw")
    assert quarters_of(facts) == UPRIGHT


def test_pages_of_a_document(tmp_path):
    page = b"<< /Type /Page /Parent 2 0 R >>"
    text = b"%PDF-1.4\n1 0 obj << /Type /Catalog /Pages 2 0 R >> endobj\n2 0 obj << /Type /Pages /Count 3 >> endobj\n"
    text += b"".join(b"%d 0 obj %s endobj\n" % (number, page) for number in (3, 4, 5)) + b"%%EOF\n"
    (tmp_path / "a.pdf").write_bytes(text)
    facts = probe(tmp_path, tmp_path / "a.pdf")["a.pdf"]
    assert (facts["kind"], facts["pages"]) == ("document", 3)
    assert facts["failure"] == "the file has nothing to show as a picture"


def test_what_png_files_had_before_there_was_a_chunk_for_exif(tmp_path):
    rows = [b"\x80" * WIDTH * 3] * HEIGHT
    exif = b"Exif\0\0" + tiff(told())
    digits = f"\nexif\n{len(exif):8}\n".encode() + b"\n".join(
        exif.hex().encode()[at : at + 72] for at in range(0, 2 * len(exif), 72)) + b"\n"
    keyword = b"Raw profile type exif\0"
    texts = {"text.png": png_chunk(b"tEXt", keyword + digits),
             "short.png": png_chunk(b"zTXt", keyword + b"\0" + zlib.compress(digits)),
             "damaged.png": png_chunk(b"zTXt", keyword + b"\0zzzz")}
    for name, chunk in texts.items():
        png(tmp_path / name, WIDTH, HEIGHT, rows, chunks=chunk)
    found = probe(tmp_path, *(tmp_path / name for name in texts))
    assert "camera_make" not in found.pop("damaged.png")
    for facts in found.values():
        assert (facts["camera_make"], facts["width"], facts["height"]) == ("Acme", HEIGHT, WIDTH)
