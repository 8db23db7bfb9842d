"""Real media, and bytes made up."""

import hashlib
import os
import pathlib
import random

MEDIA = pathlib.Path(os.environ.get("COFFER_TEST_MEDIA", pathlib.Path(__file__).parents[1] / "media"))


def media_files():
    """Every real media file there is."""
    return sorted(
        path
        for path in MEDIA.rglob("*")
        if path.is_file() and path.suffix not in (".md", ".txt") and path.name != "LICENSE"
    )


def noise(size, seed=0):
    """Bytes that are the same for the same seed."""
    return random.Random(seed).randbytes(size)


def checksum(data):
    """As the API writes it."""
    return "sha256:" + hashlib.sha256(data).hexdigest()
