"""Writes the modules of AsyncMediaVault from those of MediaVault: `python tools/asyncify.py [--check]`.

What differs by more than `await` and names is written by hand: `_streams`, `_parallel`, `_sockets`,
the clients.
"""

from __future__ import annotations

import pathlib
import re
import sys

PACKAGE = pathlib.Path(__file__).resolve().parents[1] / "src" / "mediavault"
MODULES = {"_resources.py": "_async_resources.py", "_media.py": "_async_media.py"}
CLASSES = [
    "Resource",
    "Auth",
    "Users",
    "ApiKeys",
    "Shares",
    "Webhooks",
    "MediaFiles",
    "Trash",
    "Collections",
    "MediaVault",
    "Pages",
    "ContentStream",
    "UploadSource",
]
AWAITED = re.compile(r"(self\._client\._(?:call|run)\(|async_upload_many\()")


def renamed(text: str) -> str:
    for name in CLASSES:
        text = re.sub(rf"(?<![\w.]){name}\b", "Async" + name, text)
    text = re.sub(r"(?<!def )\bupload_many\b(?=[(\n])", "async_upload_many", text)
    text = text.replace("from ._client import", "from ._async_client import")
    text = text.replace("used in `with`", "used in `async with`")
    return text.replace("from ._resources import", "from ._async_resources import")


def asynchronous(text: str) -> str:
    """A function's text, which awaits what its body runs."""
    head, colon, body = text.partition(":\n        ")
    if not AWAITED.search(body):
        return text
    return head.replace("def ", "async def ", 1) + colon + AWAITED.sub(r"await \1", body)


def converted(text: str) -> str:
    header, rest = renamed(text).split("\n\nclass ", 1)
    about = '"""Written by `tools/asyncify.py`; do not edit."""'
    header = re.sub(r'\A""".*?"""', about, header, flags=re.DOTALL)
    parts = re.split(r"(?m)^(?= {4}def )", "\n\nclass " + rest)
    return header + "".join(asynchronous(part) for part in parts)


def main() -> int:
    stale = []
    for source, target in MODULES.items():
        text = converted((PACKAGE / source).read_text())
        path = PACKAGE / target
        if not path.exists() or path.read_text() != text:
            stale.append(target)
            if "--check" not in sys.argv:
                path.write_text(text)
    if stale and "--check" in sys.argv:
        print("not as tools/asyncify.py writes them:", ", ".join(stale))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
