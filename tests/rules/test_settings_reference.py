"""docs/settings.md is what the program prints: every setting of the table is in it, and no other.

tests/api/test_settings.py compares the whole page; this needs no build.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
AGAIN = "write docs/settings.md again: `make settings`, or `coffer config reference > docs/settings.md`"


def table():
    """Name -> (default, description) of the settings in the program's table."""
    text = (ROOT / "src/config/settings_table.cc").read_text(encoding="utf-8")
    found = {}
    for definition in re.findall(r'\bdefine\(\s*("[a-z].*?)\[\]\(auto& all\)', text, re.DOTALL):
        name = re.match(r'"([^"]+)"', definition).group(1)
        strings = re.search(r'((?:"(?:[^"\\]|\\.)*"\s*)+),\s*((?:"(?:[^"\\]|\\.)*"\s*)+),\s*$', definition)
        found[name] = ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', part)) for part in strings.groups()]
    return found


def test_the_reference_is_current():
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.*) \|$", page, re.MULTILINE))
    known = table()
    assert len(known) > 40
    assert set(rows) == set(known), AGAIN
    for name, (default, description) in known.items():
        cells = rows[name].replace("\\|", "|")
        assert cells.startswith(f"`{default}` |" if default else "empty |"), f"{name}: {AGAIN}"
        assert cells.endswith(f"| {description}"), f"{name}: {AGAIN}"
