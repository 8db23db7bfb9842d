"""What others wrote and stands in the tree is what they published."""

import hashlib
import re
from pathlib import Path

FOLDERS = sorted((Path(__file__).resolve().parents[2] / "third_party").iterdir())


def test_files_are_as_published():
    for folder in FOLDERS:
        hashes = re.findall(r"^([0-9a-f]{64})  (\S+)$", (folder / "README.md").read_text(), re.MULTILINE)
        assert hashes, folder
        for expected, name in hashes:
            assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected, folder / name


def test_each_has_its_licence():
    for folder in FOLDERS:
        assert (folder / "LICENSE").stat().st_size > 0, folder
