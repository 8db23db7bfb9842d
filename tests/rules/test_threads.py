"""Threads are started by base/thread alone: it says what to do where the machine has none left, and
keeps an exception from ending the program."""

import pathlib
import re

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "src"
STARTS = re.compile(r"std::j?thread\s*[({]|std::j?thread \w+\s*[({]|threads?_?\.emplace_back\(|std::async|pthread_create")


def test_threads_are_started_in_one_place():
    found = []
    for path in sorted(SOURCES.rglob("*.cc")) + sorted(SOURCES.rglob("*.h")):
        name = path.relative_to(SOURCES).as_posix()
        if name in ("base/thread.cc", "base/thread.h") or name.endswith("_test.cc") or "/contract/" in name or name == "vault/test/support.h":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if STARTS.search(line):
                found.append(f"src/{name}:{number}: {line.strip()}")
    assert not found, "use start_thread() (base/thread.h):\n" + "\n".join(found)
