"""A path that a comment or a README of the sources names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src"
# With a slash and an ending; not the end of a longer one, an address or a pattern.
PATH = re.compile(r"(?<![\w./*<>{}:-])(?:\.{1,2}/)*\w[\w.-]*(?:/[\w.-]+)*/[\w.-]*\w\.(?:h|cc|md|sql|py)\b(?![\w/*])")


def missing(file: Path, text: str):
    if file.suffix != ".md":
        text = "\n".join(re.findall(r"//.*", text))
    folders = (SOURCE, ROOT, file.parent)
    return [path for path in PATH.findall(text) if not any((folder / path).is_file() for folder in folders)]


def test_a_wrong_path_is_seen():
    text = "// See base/text.h, docs/api/gone.md and `x.h`.\nf();  // base/gone.h\n#include \"no/comment.h\"\n"
    assert missing(SOURCE / "base" / "text.cc", text) == ["docs/api/gone.md", "base/gone.h"]
    assert missing(SOURCE / "base" / "README.md", "[a](../gone/a.cc), [b](../base/text.h)") == ["../gone/a.cc"]


def test_named_paths_exist():
    found = [
        f"{file.relative_to(ROOT)}: {path}"
        for file in sorted(SOURCE.rglob("*"))
        if file.suffix in (".h", ".cc") or file.name == "README.md"
        for path in missing(file, file.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)
