"""Nothing is changed without asking who may: the core writes through `GuardedDatabase` alone, and requests never act
as the system."""

import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "src"
# What may name the database that asks nothing. `references` reads it for `coffer fsck`.
UNGUARDED = {"guarded_database.h", "references.h", "references.cc"}


def sources(*folders):
    for folder in folders:
        for path in sorted((SOURCE / folder).rglob("*")):
            if path.suffix in (".h", ".cc") and not path.name.endswith("_test.cc"):
                yield path, re.sub(r"//[^\n]*", "", path.read_text())


def test_the_core_has_no_other_way_to_write():
    found = [
        path.name
        for path, text in sources("vault")
        if re.search(r"\bdb::Database\b", text) and path.name not in UNGUARDED | {"fixture.h", "test_landing.h"}
    ]
    assert found == []
    for name in ("references.h", "references.cc"):
        text = (SOURCE / "vault" / name).read_text()
        assert not re.search(r"(?<!context_\.)\bdatabase\.write\(", text), name


def test_requests_never_act_as_the_system():
    found = [
        str(path.relative_to(SOURCE))
        for path, text in sources("apis", "http")
        if re.search(r"\bActor::(system|System|Anyone)\b", text)
    ]
    assert found == []
