"""The worker that draws SVG files, as the server starts it: what it shows, and what it must not do."""

import base64
import gzip
import socket
import struct
import zlib

import pytest

from harness import program
from harness.drawings import QUARTERS_SVG, SVG, difference
from harness.media import MEDIA, PROBE, SVG_WORKER, UPRIGHT, Shown, distance, png_chunk, probe, quarters, quarters_of, run

DAMAGED = "the file is empty, damaged or incomplete"
UNSUPPORTED = "the file is of no format that is looked into, or damaged from its first bytes on"
BROKEN = {DAMAGED, "the file takes longer than a media job may run", "the file needs more memory than a media job may use",
          "the decoder crashed on this file"}
BOX = 'viewBox="0 0 100 100"'

pytestmark = [pytest.mark.seconds(300),
              pytest.mark.skipif(not PROBE.exists(), reason="the media worker was not built")]


def drawn(folder, files, **options):
    for name, data in files.items():
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    found = probe(folder, *(folder / name for name in files), worker=SVG_WORKER, **options)
    assert len(found) == len(files)
    return found


def svg(content, head=BOX):
    return f"{SVG}{head}>{content}</svg>"


def embedded(data, kind):
    return f'<image width="100" height="100" preserveAspectRatio="none" xlink:href="data:image/{kind};base64,{base64.b64encode(data).decode()}"/>'


def test_drawings_look_as_rsvg_convert_draws_them(tmp_path):
    white = '<rect width="100" height="100" fill="white"/>'
    run("vips", "copy", quarters(tmp_path / "small.ppm"), tmp_path / "small.png")
    run("vips", "copy", tmp_path / "small.ppm", tmp_path / "small.jpg")
    files = {
        "quarters": svg(QUARTERS_SVG),
        "text": svg(white + '<text x="2" y="30" font-size="20">Serif</text><text x="2" y="60" font-size="20" font-family="sans-serif" '
                    'font-weight="bold">Sans</text><text x="2" y="90" font-size="20" font-family="No Such Font, monospace">Mono</text>'),
        "gradient": svg('<linearGradient id="g"><stop stop-color="red"/><stop offset="1" stop-color="blue"/></linearGradient>'
                        '<rect width="100" height="100" fill="url(#g)"/>'),
        "filter": svg(white + '<filter id="f"><feGaussianBlur stdDeviation="5"/></filter><circle cx="50" cy="50" r="30" filter="url(#f)"/>'),
        "png": svg(embedded((tmp_path / "small.png").read_bytes(), "png")),
        "jpg": svg(embedded((tmp_path / "small.jpg").read_bytes(), "jpeg")),
        "style": svg(f"<style>rect {{ fill: green }}</style>{white}"),
        "use": svg(white + '<defs><g id="a"><circle r="9"/></g></defs><use href="#a" x="20" y="20"/><use xlink:href="#a" x="70" y="70"/>'),
        "clip": svg(f'{white}<clipPath id="c"><circle cx="50" cy="50" r="40"/></clipPath><g clip-path="url(#c)">{QUARTERS_SVG}</g>'),
        "entity": f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY colour "#c81e1e">]>' + svg('<rect width="100" height="100" fill="&colour;"/>'),
    }
    found = drawn(tmp_path, files)
    for name, facts in found.items():
        assert (facts["kind"], facts["codec"], facts["width"], facts["height"]) == ("image", "svg", 100, 100), (name, facts)
        assert facts["picture"][:2] == [320, 320], (name, facts)
        run("rsvg-convert", "-w", "320", "-h", "320", "-o", tmp_path / f"{name}.png", tmp_path / name)
        assert difference(facts, tmp_path / f"{name}.png") < 3, name
    for name in ("quarters", "png", "jpg"):
        assert quarters_of(found[name]) == UPRIGHT, name
    # The text is there: without it, or with boxes in place of letters, it is another picture.
    assert min(Shown(found["text"]).pixels) < 60


def test_every_size_and_form_is_made(tmp_path):
    files = {"drawing": svg(QUARTERS_SVG)}
    for form in ("webp", "jpeg", "avif"):
        facts = drawn(tmp_path, files, edge=1000, form=form)["drawing"]
        assert facts["picture"][:2] == [1000, 1000], form
        assert quarters_of(facts) == UPRIGHT, form


def test_a_drawing_is_as_large_as_asked_whatever_its_size(tmp_path):
    wide = 'viewBox="0 0 200 100" '
    cases = {  # the head, the size that is told, the picture
        "box": (wide, (200, 100), [320, 160]), "size": ('width="48" height="24"', (48, 24), [320, 160]),
        "both": (wide + 'width="20" height="20"', (20, 20), [320, 320]), "percent": (wide + 'width="100%" height="100%"', (200, 100), [320, 160]),
        "inches": ('width="1in" height="2in"', (96, 192), [160, 320]), "width alone": (wide + 'width="50"', (200, 100), [320, 160]),
        "fraction": ('width="10.5" height="10.5"', (11, 11), [320, 320]),
        "enormous": (BOX + ' width="1000000" height="500000"', (1_000_000, 500_000), [320, 160]),
        "beyond": (BOX + ' width="1e9" height="1e9"', None, [320, 320]),
    }
    found = drawn(tmp_path, {name: svg(QUARTERS_SVG, head) for name, (head, _, _) in cases.items()})
    for name, (_, size, picture) in cases.items():
        told = (found[name]["width"], found[name]["height"]) if "width" in found[name] else None
        assert (told, found[name].get("picture", [])[:2]) == (size, picture), (name, found[name])
    # Without any size: what there is, wherever it is.
    found = drawn(tmp_path, {"none": svg(f'<g transform="translate(1000 5000)">{QUARTERS_SVG}</g>', "")})
    assert found["none"]["picture"][:2] == [320, 320] and quarters_of(found["none"]) == UPRIGHT
    assert drawn(tmp_path, {"nothing": svg("", "")})["nothing"]["picture"][:2] == [320, 160]
    for head in ('viewBox="0 0 0 0"', 'width="0" height="0"', 'width="-5" height="5"', 'viewBox="nan"', 'viewBox="0 0 1e30 1e30"'):
        facts = drawn(tmp_path, {"bad": svg(QUARTERS_SVG, head)})["bad"]
        assert facts.get("picture") or facts["failure"] == DAMAGED, (head, facts)


def test_what_is_no_drawing_says_so(tmp_path):
    found = drawn(tmp_path, {
        "text": "this is no drawing", "page": "<html><svg/></html>", "feed": "<?xml version='1.0'?><feed/>", "empty": b"",
        "photo": (MEDIA / "photos" / "gps_nikon.jpg").read_bytes(), "packed": gzip.compress(svg(QUARTERS_SVG).encode()),
        "packed bomb": gzip.compress(svg(" " * (64 << 20)).encode()), "wide": svg(QUARTERS_SVG).encode("utf-16"),
    })
    assert {name: facts["failure"] for name, facts in found.items()} == dict.fromkeys(found, UNSUPPORTED)
    found = drawn(tmp_path, {
        "cut": svg(QUARTERS_SVG)[:150], "not closed": SVG + "><g>", "unknown entity": svg("&nope;"),
        "twice": svg("") + svg(""), "bad bytes": svg("<text>").encode() + b"\xff\xfe\x80",
    })
    assert {name: facts["failure"] for name, facts in found.items()} == dict.fromkeys(found, DAMAGED)


def references(target):
    """Drawings by name that show `target`, in ways that SVG, CSS and XML have for it."""
    return {
        "image": svg(f'<image width="100" height="100" href="{target}"/>'),
        "xlink": svg(f'<image width="100" height="100" xlink:href="{target}"/>'),
        "base": svg(f'<image width="100" height="100" href="{target}"/>', f'{BOX} xml:base="{target}"'),
        "filter": svg(f'<filter id="f"><feImage href="{target}"/></filter><rect width="100" height="100" filter="url(#f)" fill="none"/>'),
        "use": svg(f'<use href="{target}#a"/>'), "fill": svg(f'<rect width="100" height="100" fill="url({target}#a)"/>'),
        "mask": svg(f'<rect width="100" height="100" fill="none" mask="url({target}#a)"/>'),
        "gradient": svg(f'<linearGradient id="g" href="{target}#a"/><rect width="100" height="100" fill="url(#g)"/>'),
        "import": svg(f'<style>@import url("{target}"); @import "{target}"; text {{ }}</style>'),
        "font": svg(f'<style>@font-face {{ font-family: a; src: url("{target}") }}</style><text font-family="a"> </text>'),
        "sheet": f'<?xml-stylesheet href="{target}" type="text/css"?>' + svg(""),
        "include": svg(f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text" href="{target}"/>'),
        "include xml": svg(f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{target}"/>'),
        "entity": f'<!DOCTYPE svg [<!ENTITY x SYSTEM "{target}">]>' + svg("<text>&x;</text>"),
        "parameter": f'<!DOCTYPE svg [<!ENTITY % x SYSTEM "{target}"> %x;]>' + svg(""),
        "doctype": f'<!DOCTYPE svg SYSTEM "{target}">' + svg(""),
        "script": svg(f'<script href="{target}">fetch("{target}")</script>', f'{BOX} onload="fetch(\'{target}\')"'),
        "page": svg(f'<foreignObject width="100" height="100"><img xmlns="http://www.w3.org/1999/xhtml" src="{target}"/></foreignObject>'),
        "nested": svg(embedded(svg(f'<image width="100" height="100" href="{target}"/>').encode(), "svg+xml")),
        "cursor": svg(f'<cursor href="{target}"/><a href="{target}"/><metadata>{target}</metadata>'),
    }


def test_files_that_name_others_open_nothing(tmp_path):
    photo = MEDIA / "photos" / "gps_nikon.jpg"
    (tmp_path / "beside.svg").write_text(svg('<rect id="a" width="100" height="100"/>'))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        targets = [address, photo.as_uri(), str(photo), "beside.svg", "file:///etc/passwd", "/proc/self/fd/3", "data:image/jpeg,x"]
        files = {f"{kind} {number}": text for number, target in enumerate(targets) for kind, text in references(target).items()}
        found = drawn(tmp_path, files)
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()
    for name, facts in found.items():
        if "failure" in facts:
            assert facts["failure"] == DAMAGED, (name, facts)
            continue
        # Nothing of what is named is shown: nothing is there, or one colour in its place.
        pixels = Shown(facts).pixels
        assert max(distance(pixels[i:i + 3], pixels[:3]) for i in range(0, len(pixels), 3)) < 30, name


def laughs(depth, kind="text"):
    names = [chr(97 + i) for i in range(depth)]
    declared = '<!ENTITY a "ha ">' + "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip(names, names[1:]))
    return f"<!DOCTYPE svg [{declared}]>" + svg(f"<{kind}>&{names[-1]};</{kind}>")


def huge_png(width, height):
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + png_chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + png_chunk(b"IEND", b""))


def test_more_than_there_is_harms_its_own_job(tmp_path):
    def chain(count, one):
        return "".join(one.format(here=i, next=i + 1) for i in range(count))

    found = drawn(tmp_path, {
        "laughs": laughs(10), "itself": f"<!DOCTYPE svg [<!ENTITY a '&b;'><!ENTITY b '&a;'>]>" + svg("<text>&a;</text>"),
        "quadratic": f"<!DOCTYPE svg [<!ENTITY a '{'x' * 50_000}'>]>" + svg(f"<text>{'&a;' * 50_000}</text>"),
        "deep": svg("<g>" * 100_000 + "</g>" * 100_000), "deep style": svg(f"<style>{'@media all {' * 50_000}</style>"),
        "use itself": svg('<g id="a"><use href="#a"/></g>'), "pattern itself": svg('<pattern id="a" width="9" height="9"><rect width="9" height="9" fill="url(#a)"/>'
                                                                             '</pattern><rect width="99" height="99" fill="url(#a)"/>'),
        "uses": svg('<g id="g0"><rect width="9" height="9"/></g>' + chain(12, '<g id="g{next}">' + '<use href="#g{here}"/>' * 10 + "</g>")),
        "region": svg('<filter id="f" filterUnits="userSpaceOnUse" x="-1e9" y="-1e9" width="2e9" height="2e9"><feFlood/><feGaussianBlur stdDeviation="1e9"/>'
                      '<feMorphology radius="1e9"/></filter><rect width="9" height="9" filter="url(#f)"/>'),
        "waves": svg('<filter id="f"><feTurbulence numOctaves="2000000000" baseFrequency="9"/></filter><rect width="99" height="99" filter="url(#f)"/>'),
        "numbers": svg(f'<path d="M0 0 {"L 1e38 -1e38 " * 1000}" stroke="red" stroke-dasharray="1e-9"/>'),
        "kernel": svg('<filter id="f"><feConvolveMatrix order="100000" kernelMatrix="1"/></filter><rect width="9" height="9" filter="url(#f)"/>'),
        "attributes": svg("", BOX + "".join(f' a{i}="{i}"' for i in range(10_000))), "picture": svg(embedded(huge_png(60_000, 60_000), "png")),
        "elements": svg("<g/>" * 1_100_000),
    })
    for name, facts in found.items():
        assert facts.get("picture") or facts["failure"] in BROKEN, (name, facts)
        assert program.is_sanitized() or facts["memory_kib"] < 1200 << 10, (name, facts)
        assert facts["cpu_milliseconds"] < 17_000, (name, facts)
    for name in ("laughs", "itself", "deep", "elements"):
        assert not found[name].get("picture"), (name, found[name])
