"""Photos, films and songs that tests make with other people's tools, and what the media worker finds in them.

The test picture has a colour in each quarter, so that turning and mirroring it shows."""

import json
import pathlib
import struct
import subprocess
import zlib

from harness.program import BINARY, patience

MEDIA = pathlib.Path(__file__).resolve().parents[1] / "media"
WORKER = pathlib.Path(BINARY).parent / "coffer-media"
PROBE = pathlib.Path(BINARY).parent / "coffer-media-probe"
PDF_WORKER = pathlib.Path(BINARY).parent / "coffer-media-pdf"
SVG_WORKER = pathlib.Path(BINARY).parent / "coffer-media-svg"

COLOURS = {"red": (200, 30, 30), "green": (30, 150, 60), "blue": (40, 60, 200), "yellow": (220, 200, 40),
           "black": (0, 0, 0), "white": (255, 255, 255), "grey": (128, 128, 128)}
UPRIGHT = ["red", "green", "blue", "yellow"]  # from the left, the upper row first
WIDTH, HEIGHT = 96, 64

# Where the pixel in `row` and `column` of a stored picture is seen, by its orientation: what the
# first row and the first column are, as EXIF (CIPA DC-008, 4.6.5) defines it.
SEEN_AT = {
    1: lambda row, column: (column, row),
    2: lambda row, column: (WIDTH - 1 - column, row),
    3: lambda row, column: (WIDTH - 1 - column, HEIGHT - 1 - row),
    4: lambda row, column: (column, HEIGHT - 1 - row),
    5: lambda row, column: (row, column),
    6: lambda row, column: (WIDTH - 1 - row, column),
    7: lambda row, column: (WIDTH - 1 - row, HEIGHT - 1 - column),
    8: lambda row, column: (row, HEIGHT - 1 - column),
}


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, timeout=120, check=False, **options)
    assert done.returncode == 0, (command, done.stderr.decode(errors="replace"))
    return done.stdout


def ffmpeg(*arguments):
    return run("ffmpeg", "-v", "error", "-nostdin", "-y", *arguments)


def ppm(path, width, height, colour_at):
    """A picture of width times height, with the colour that `colour_at(x, y)` gives."""
    pixels = bytes(value for y in range(height) for x in range(width) for value in colour_at(x, y))
    path.write_bytes(b"P6 %d %d 255\n" % (width, height) + pixels)
    return path


def quarters(path, orientation=1):
    """The test picture, stored so that it is upright when it is turned by `orientation`."""
    width, height = (HEIGHT, WIDTH) if orientation >= 5 else (WIDTH, HEIGHT)

    def colour_at(column, row):
        x, y = SEEN_AT[orientation](row, column)
        return COLOURS[UPRIGHT[(x >= WIDTH // 2) + 2 * (y >= HEIGHT // 2)]]

    return ppm(path, width, height, colour_at)


def png(path, width, height, rows, depth=8, chunks=b""):
    """A PNG file of RGB samples. `rows`: bytes of each."""
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0))
                     + chunks + png_chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
                     + png_chunk(b"IEND", b""))
    return path


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def probe(folder, *files, edge=320, form="webp", worker=WORKER):
    """What a worker finds in files, {name: facts}, with `bytes` of the pictures."""
    out = folder / "pictures"
    out.mkdir(exist_ok=True)
    # Workers are at nice 10: on a machine that is busy, a second of theirs takes a minute.
    result = subprocess.run(
        [PROBE, worker, f"--patience={patience(150)}", f"--thumbnails={out}", f"--edge={edge}", f"--format={form}", *files],
        capture_output=True, text=True, check=True, timeout=patience(280))
    # Of a sanitizer's build. A decoder that is stopped by it looks like a file that is damaged.
    assert "Sanitizer" not in result.stderr and "runtime error" not in result.stderr, result.stderr
    found = {}
    for line in result.stdout.splitlines():
        facts = json.loads(line)
        path = facts["file"]
        picture = out / (path.replace("/", "_") + {"webp": ".webp", "jpeg": ".jpg", "avif": ".avif"}[form])
        facts["bytes"] = picture.read_bytes() if picture.exists() else None
        found[pathlib.Path(path).name] = facts
    return found


class Shown:
    """The pixels of a thumbnail, as FFmpeg's own decoder sees them."""

    def __init__(self, facts):
        assert facts["bytes"], facts
        self.width, self.height = facts["picture"][:2]
        self.pixels = run("ffmpeg", "-v", "error", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1",
                          input=facts["bytes"])
        assert len(self.pixels) == self.width * self.height * 3

    def at(self, x, y):
        """The colour at a place that is told by parts of width and height."""
        place = (int(y * self.height) * self.width + int(x * self.width)) * 3
        return tuple(self.pixels[place : place + 3])


def distance(one, other):
    return max(abs(a - b) for a, b in zip(one, other))


def name_of(colour):
    return min(COLOURS, key=lambda name: sum((a - b) ** 2 for a, b in zip(COLOURS[name], colour)))


def quarters_of(facts):
    """The names of the colours in the middle of each quarter of the thumbnail."""
    shown = Shown(facts)
    return [name_of(shown.at(x, y)) for y in (0.25, 0.75) for x in (0.25, 0.75)]
