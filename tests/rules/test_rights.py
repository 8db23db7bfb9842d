"""Nothing is changed without asking who may: the core writes through `GuardedDatabase` alone, and requests never act
as the system."""

import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "src"
# What names the database that asks nothing: the guard itself, and free functions for commands that run without a
# vault (`coffer fsck`, `coffer storage`). What is made of a `Context`, as every command of the core is, has no other
# than the guarded one.
UNGUARDED = {"guarded_database.h", "consistency", "reclaim", "references", "storage_use"}


def sources(*folders):
    for folder in folders:
        for path in sorted((SOURCE / folder).rglob("*")):
            if path.suffix in (".h", ".cc") and not path.name.endswith("_test.cc"):
                yield path, re.sub(r"//[^\n]*", "", path.read_text())


def test_the_core_has_no_other_way_to_write():
    found = [
        path.name
        for path, text in sources("vault")
        if re.search(r"\bdb::Database\b", text) and not {path.name, path.stem} & (UNGUARDED | {"fixture"})
    ]
    assert found == []
    # Not even by way of the guard.
    guard = (SOURCE / "vault/model/guarded_database.h").read_text()
    assert "operator db::Database" not in guard and "db::Database& database_;" in guard.split("private:")[1]


def test_requests_never_act_as_the_system():
    found = [
        str(path.relative_to(SOURCE))
        for path, text in sources("apis", "http")
        if re.search(r"\bActor::(system|System|Anyone)\b", text)
    ]
    assert found == []
