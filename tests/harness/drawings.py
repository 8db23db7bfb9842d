"""PDF and SVG files that tests make, and what they look like to other tools."""

import zlib

from harness.media import Shown, run

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
# A red, a green, a blue and a yellow quarter of what is 100 by 100.
QUARTERS_SVG = ('<rect width="50" height="50" fill="#c81e1e"/><rect x="50" width="50" height="50" fill="#1e963c"/>'
                '<rect y="50" width="50" height="50" fill="#283cc8"/><rect x="50" y="50" width="50" height="50" fill="#dcc828"/>')
# The same of a page: its origin is below.
QUARTERS_PDF = (b".784 .118 .118 rg 0 50 50 50 re f .118 .588 .235 rg 50 50 50 50 re f "
                b".157 .235 .784 rg 0 0 50 50 re f .863 .784 .157 rg 50 0 50 50 re f ")


def stream(data, entries=b""):
    return b"<</Length %d%s>>stream\n" % (len(data), entries) + data + b"\nendstream"


def deflated(data, entries=b""):
    return stream(zlib.compress(data), b"/Filter/FlateDecode" + entries)


def pdf(objects, trailer=b""):
    """A PDF file of objects by number, {1: bytes of the catalogue, …}."""
    out, offsets = b"%PDF-1.5\n", {}
    for number, body in sorted(objects.items()):
        offsets[number] = len(out)
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 %s \n" % (offsets.get(number, 0), b"n" if number in offsets else b"f")
    return out + b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)


def one_page(content, entries=b"", resources=b"", box=b"[0 0 100 100]", more=None, catalogue=b""):
    """A PDF file of one page. `more`: further objects, from number 5 on."""
    return pdf({1: b"<</Type/Catalog/Pages 2 0 R%s>>" % catalogue, 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                3: b"<</Type/Page/Parent 2 0 R/MediaBox%s/Contents 4 0 R/Resources<<%s>>%s>>" % (box, resources, entries),
                4: stream(content), **(more or {})})


def difference(facts, reference):
    """How much a picture differs from a PNG file of the same size, on average, of 255."""
    shown = Shown(facts)
    other = run("ffmpeg", "-v", "error", "-i", reference, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")
    assert len(other) == len(shown.pixels), (facts["picture"], len(other))
    return sum(abs(a - b) for a, b in zip(shown.pixels, other)) / len(other)
