"""What pytest asks of the files that it reads."""

import collections
import pathlib

TESTS = pathlib.Path(__file__).parent.parent


def test_no_two_files_have_one_name():
    # It takes them for one module and ends; each folder alone passes.
    names = collections.Counter(path.name for path in TESTS.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
