"""The worker that draws first pages of PDF files, as the server starts it: what it shows, and what it must not do."""

import re
import socket
import zlib

import pytest

from harness import program
from harness.drawings import QUARTERS_PDF, deflated, difference, one_page, pdf, stream
from harness.media import MEDIA, PDF_WORKER, PROBE, UPRIGHT, Shown, probe, quarters, quarters_of, run

DAMAGED = "the file is empty, damaged or incomplete"
TIME = "the file takes longer than a media job may run"
TOO_MUCH = {TIME, "the file needs more memory than a media job may use", "the decoder crashed on this file"}

pytestmark = [pytest.mark.seconds(300),
              pytest.mark.skipif(not PROBE.exists(), reason="the media worker was not built")]


def drawn(folder, files, **options):
    for name, data in files.items():
        (folder / name).write_bytes(data)
    found = probe(folder, *(folder / name for name in files), worker=PDF_WORKER, **options)
    assert len(found) == len(files)
    return found


FONTS = b"/Font<</A<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>/B<</Type/Font/Subtype/Type1/BaseFont/Times-BoldItalic>>" \
        b"/C<</Type/Font/Subtype/TrueType/BaseFont/Arial>>/D<</Type/Font/Subtype/Type1/BaseFont/NoSuchFontAnywhere>>>>"
TEXT = b"BT /A 24 Tf 5 75 Td (Helvetica) Tj 0 -22 Td /B 20 Tf (Times) Tj 0 -22 Td /C 20 Tf (Arial) Tj " \
       b"0 -22 Td /D 20 Tf (Unknown) Tj ET"


def picture_object(folder):
    run("vips", "copy", quarters(folder / "small.ppm"), folder / "small.jpg")
    return stream((folder / "small.jpg").read_bytes(),
                  b"/Type/XObject/Subtype/Image/Width 96/Height 64/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode")


def test_pages_look_as_pdftoppm_draws_them(tmp_path):
    cropped = b"/CropBox[20 30 80 90]"
    files = {
        "text": one_page(TEXT, resources=FONTS, box=b"[0 0 140 100]"),
        "quarters": one_page(QUARTERS_PDF), "cropped": one_page(QUARTERS_PDF, cropped),
        **{f"turned{turn}": one_page(QUARTERS_PDF + TEXT, cropped + b"/Rotate %d" % turn, FONTS) for turn in (90, 180, 270)},
        "transparent": one_page(QUARTERS_PDF + b"/G gs 1 0 0 rg 10 10 80 80 re f", resources=b"/ExtGState<</G<</ca .5/BM/Multiply>>>>"),
        "picture": one_page(b"q 90 0 0 60 5 20 cm /P Do Q", resources=b"/XObject<</P 5 0 R>>", more={5: picture_object(tmp_path)}),
        "cmyk": one_page(b"1 0 0 0 k 0 0 50 100 re f 0 1 0 0 k 50 0 50 100 re f"),
        "shading": one_page(b"/S sh", resources=b"/Shading<</S<</ShadingType 2/ColorSpace/DeviceRGB/Coords[0 0 100 0]"
                                               b"/Function<</FunctionType 2/Domain[0 1]/C0[1 0 0]/C1[0 0 1]/N 1>>>>>>"),
        "note": one_page(QUARTERS_PDF, b"/Annots[5 0 R]", more={
            5: b"<</Type/Annot/Subtype/Stamp/Rect[20 20 80 80]/F 4/AP<</N 6 0 R>>>>",
            6: stream(b"0 0 0 rg 0 0 60 60 re f", b"/Type/XObject/Subtype/Form/BBox[0 0 60 60]")}),
        "objects in streams": run("qpdf", "--object-streams=generate", write(tmp_path, "plain.pdf", one_page(QUARTERS_PDF)), "-"),
    }
    found = drawn(tmp_path, files)
    for name, facts in found.items():
        assert facts["kind"] == "document" and facts["pages"] == 1 and facts["picture"], (name, facts)
        width, height = facts["picture"][:2]
        assert max(width, height) == 320, (name, facts)
        run("pdftoppm", "-cropbox", "-png", "-singlefile", "-scale-to-x", str(width), "-scale-to-y", str(height), tmp_path / name,
            tmp_path / f"reference {name}")
        # It smooths letters otherwise.
        assert difference(facts, tmp_path / f"reference {name}.png") < (8 if FONTS in files[name] else 3), name
    assert quarters_of(found["quarters"]) == UPRIGHT
    # The text is there: a page without it is white.
    assert min(Shown(found["text"]).pixels) < 40


def write(folder, name, data):
    (folder / name).write_bytes(data)
    return folder / name


def test_every_size_and_form_is_made(tmp_path):
    files = {"page": one_page(QUARTERS_PDF)}
    for form in ("webp", "jpeg", "avif"):
        facts = drawn(tmp_path, files, edge=1000, form=form)["page"]
        assert facts["picture"][:2] == [1000, 1000], form
        assert quarters_of(facts) == UPRIGHT, form


def test_pages_of_any_size_become_pictures_of_the_size_asked_for(tmp_path):
    boxes = {"huge": b"[0 0 1000000 500000]", "tiny": b"[0 0 .01 .01]", "narrow": b"[0 0 1 1000000]", "far": b"[1e6 1e6 1000100 1000100]",
             "upside down": b"[100 100 0 0]", "empty": b"[0 0 0 0]", "no numbers": b"[/a (b) null 7]", "enormous": b"[0 0 1e30 1e30]",
             "beyond": b"[0 0 99999999999999999999 1]"}
    found = drawn(tmp_path, {name: one_page(QUARTERS_PDF, box=box) for name, box in boxes.items()})
    for name, facts in found.items():
        if "failure" in facts:
            assert facts["failure"] == DAMAGED and name in {"enormous", "beyond"}, (name, facts)
            continue
        assert max(facts["picture"][:2]) == 320, (name, facts)
    assert found["huge"]["picture"][:2] == [320, 160]


def test_what_is_broken_shows_what_there_is(tmp_path):
    page = one_page(QUARTERS_PDF)
    found = drawn(tmp_path, {
        "offsets": re.sub(rb"\d{10} 00000 n", b"0000000007 00000 n", page), "no table": page.replace(b"xref\n0 5", b"none"),
        "no end": page[: page.index(b"startxref")], "junk before": b"\n\njunk\n" + page,
        "no length": page.replace(b"/Length %d" % len(QUARTERS_PDF), b"/Length 0"),
    })
    for name, facts in found.items():
        assert quarters_of(facts) == UPRIGHT, name


def test_what_has_nothing_to_show_says_why(tmp_path):
    catalogue = {1: b"<</Type/Catalog/Pages 2 0 R>>"}
    found = drawn(tmp_path, {
        "no pages": pdf({**catalogue, 2: b"<</Type/Pages/Kids[]/Count 0>>"}), "no tree": pdf(catalogue),
        "tree of itself": pdf({**catalogue, 2: b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 9>>"}),
        "cut": one_page(QUARTERS_PDF)[:400], "head": b"%PDF-1.7\n", "zeros": b"%PDF-1.7\n" + bytes(100_000),
        "noise": b"%PDF-1.7\n" + bytes((i * 7919) % 251 for i in range(100_000)),
    })
    assert {name: facts.get("failure") for name, facts in found.items()} == dict.fromkeys(found, DAMAGED)
    other = drawn(tmp_path, {"photo": (MEDIA / "photos" / "gps_nikon.jpg").read_bytes(), "empty": b""})
    assert all("kind" not in facts and facts["failure"] for facts in other.values()), other


def test_a_password_is_said_to_be_needed(tmp_path):
    page = write(tmp_path, "page.pdf", one_page(QUARTERS_PDF))
    found = drawn(tmp_path, {
        **{f"{bits}": run("qpdf", "--allow-weak-crypto", "--encrypt", "secret", "owner", bits, "--", page, "-")
           for bits in ("40", "128", "256")},
        # Whoever has the file may read it; the password is for changes.
        "owner": run("qpdf", "--encrypt", "", "owner", "256", "--", page, "-"),
    })
    assert quarters_of(found.pop("owner")) == UPRIGHT
    for name, facts in found.items():
        assert facts["failure"] == "the file is protected by a password" and facts["kind"] == "document", (name, facts)


def test_ten_thousand_pages_cost_as_much_as_one(tmp_path):
    count = 10_000
    objects = {1: b"<</Type/Catalog/Pages 2 0 R>>", 3: stream(QUARTERS_PDF),
               2: b"<</Type/Pages/MediaBox[0 0 100 100]/Count %d/Kids[%s]>>" % (count, b" ".join(b"%d 0 R" % (4 + i) for i in range(count)))}
    for number in range(count):
        objects[4 + number] = b"<</Type/Page/Parent 2 0 R/Contents 3 0 R>>"
    facts = drawn(tmp_path, {"book": pdf(objects)})["book"]
    assert facts["pages"] == count and quarters_of(facts) == UPRIGHT
    assert facts["cpu_milliseconds"] < 5000


def test_files_that_name_others_open_nothing(tmp_path):
    photo = MEDIA / "photos" / "gps_nikon.jpg"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = b"http://127.0.0.1:%d/x" % listener.getsockname()[1]
        files = {}
        for number, target in enumerate([address, str(photo).encode(), photo.as_uri().encode(), b"/etc/passwd"]):
            named = b"<</Type/Filespec/FS/%s/F(%s)/UF(%s)>>" % (b"URL" if number == 0 else b"Unix", target, target)
            action = b"/OpenAction<</S/%s>>"
            files |= {
                f"stream {number}": one_page(b"q 100 0 0 100 0 0 cm /P Do Q", resources=b"/XObject<</P 5 0 R>>", more={
                    5: stream(b"", b"/Type/XObject/Subtype/Image/Width 9/Height 9/ColorSpace/DeviceRGB/BitsPerComponent 8"
                                   b"/FFilter/DCTDecode/F" + named)}),
                f"script {number}": one_page(b"", catalogue=action % b"JavaScript/JS(app.launchURL\\('%s'\\))" % target),
                f"launch {number}": one_page(b"", catalogue=action % b"Launch/F %s" % named),
                f"address {number}": one_page(b"", catalogue=action % b"URI/URI(%s)" % target),
                f"form {number}": one_page(b"", catalogue=action % b"SubmitForm/F %s" % named),
                f"import {number}": one_page(b"", catalogue=action % b"ImportData/F %s" % named),
                f"elsewhere {number}": one_page(b"", catalogue=action % b"GoToR/D[0/Fit]/F %s" % named),
                f"film {number}": one_page(b"", b"/Annots[<</Type/Annot/Subtype/Movie/Rect[0 0 99 99]/Movie<</F %s/Poster true>>/A true>>]" % named),
                f"reference {number}": one_page(b"/P Do", resources=b"/XObject<</P 5 0 R>>", more={
                    5: stream(b"", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Ref<</F %s/Page 0>>" % named)}),
                f"font {number}": one_page(b"BT /F 50 Tf 9 9 Td (x) Tj ET", resources=
                    b"/Font<</F<</Type/Font/Subtype/TrueType/BaseFont/%s/FontDescriptor<</Type/FontDescriptor/FontName/x"
                    b"/FontFile2<</F %s/Length 0>>>>>>>>" % (target.replace(b"/", b"#2f"), named)),
                f"table {number}": one_page(b"BT /F 50 Tf 9 9 Td (x) Tj ET", resources=
                    b"/Font<</F<</Type/Font/Subtype/Type0/BaseFont/x/Encoding/%s/DescendantFonts[<</Type/Font/Subtype/CIDFontType0"
                    b"/BaseFont/x/CIDSystemInfo<</Registry(..)/Ordering(%s)>>>>]>>>>" % (target.replace(b"/", b"#2f"), target)),
            }
        found = drawn(tmp_path, files)
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()
    for name, facts in found.items():
        # Whatever they name, what they show is a page with next to nothing on it.
        assert facts["picture"][:2] == [320, 320], (name, facts)
        pixels = Shown(facts).pixels
        assert sum(pixels) / len(pixels) > 235 or name.startswith("film"), name


def test_more_than_there_is_harms_its_own_job(tmp_path):
    bomb = zlib.compress(zlib.compress(bytes(512 << 20)))
    calls = {number: deflated(b"/F Do " * 20, b"/Type/XObject/Subtype/Form/BBox[0 0 100 100]/Resources<</XObject<</F %d 0 R>>>>" % (number + 1))
             for number in range(6, 20)}
    image = b"/Type/XObject/Subtype/Image/ColorSpace/DeviceRGB/BitsPerComponent 8/Width %d/Height %d"
    draw = b"q 100 0 0 100 0 0 cm /P Do Q"
    of_image = {"content": draw, "resources": b"/XObject<</P 5 0 R>>"}
    found = drawn(tmp_path, {
        "itself": one_page(b"/F Do", resources=b"/XObject<</F 5 0 R>>",
                           more={5: stream(b"/F Do", b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 5 0 R>>>>")}),
        "calls": one_page(b"/F Do", resources=b"/XObject<</F 6 0 R>>",
                          more={**calls, 20: deflated(QUARTERS_PDF, b"/Type/XObject/Subtype/Form/BBox[0 0 100 100]")}),
        "wide": one_page(**of_image, more={5: deflated(b"x" * 1000, image % (2_000_000_000, 3))}),
        "large": one_page(**of_image, more={5: deflated(b"x" * 1000, image % (200_000, 200_000))}),
        "bomb": one_page(**of_image, more={5: stream(bomb, b"/Filter[/FlateDecode/FlateDecode]" + image % (9000, 9000))}),
        "states": one_page(b"q " * 1_000_000), "arrays": one_page(b"[" * 1_000_000), "trailers": b"%PDF-1.5\n" + b"trailer<</Root 1 0 R>>\n" * 50_000,
        "dictionaries": pdf({1: b"<</Pages " * 100_000}), "text": one_page(b"BT /A 1e30 Tf 1e30 1e30 Td (x) Tj ET" * 1000, resources=FONTS),
        "lines": one_page(b".0001 w [.00001] 0 d 0 0 m " + b"1e9 1e9 l -1e9 1e9 l " * 100 + b"S"),
    })
    for name, facts in found.items():
        assert facts.get("picture") or facts["failure"] in {DAMAGED} | TOO_MUCH, (name, facts)
        assert program.is_sanitized() or facts["memory_kib"] < 1200 << 10, (name, facts)
        assert facts["cpu_milliseconds"] < 17_000, (name, facts)
    assert found["itself"].get("picture"), found["itself"]
    assert found["calls"].get("failure") == TIME, found["calls"]
