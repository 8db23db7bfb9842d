"""The package as its registry gets it, and the examples of its pages."""

from __future__ import annotations

import ast
import contextlib
import inspect
import io
import os
import pathlib
import re
import secrets
import subprocess
import sys
import tarfile
import threading
import zipfile
from types import SimpleNamespace
from typing import Any, Dict, Iterator, List

import pytest

import mediavault
from mediavault import AsyncMediaVault, MediaVault
from support import REPOSITORY, Server, settled

ROOT = pathlib.Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs/sdk.md"


def blocks(page: pathlib.Path) -> List[str]:
    return re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def prepared(server: Server, tmp_path: pathlib.Path) -> Iterator[Dict[str, Any]]:
    """What the examples take for given: an account, files, functions; another caller of the account
    makes something happen all the time."""
    ada = f"ada-{secrets.token_hex(4)}@example.com"
    with MediaVault(server.url, trust_env=False) as vault:
        vault.auth.register(ada.partition("@")[0], "correct horse", ada)
    for name in ("photo.jpg", "a.jpg", "b.jpg", "c.jpg"):
        (tmp_path / name).write_bytes(secrets.token_bytes(3000))
    before = os.getcwd()
    os.chdir(tmp_path)
    is_over = threading.Event()

    def act() -> None:
        with MediaVault(server.url, trust_env=False) as other:
            other.auth.login(ada, "correct horse")
            while not is_over.wait(0.1):
                made = other.media.upload(b"x", filename="x")
                other.media.delete(made.id, permanent=True)

    thread = threading.Thread(target=act)
    thread.start()
    told: List[Any] = []
    yield {"ada": ada, "keep": told.append, "read_everything_again": told.append, "told": told}
    is_over.set()
    thread.join()
    os.chdir(before)


def run_blocks(page: pathlib.Path, prepared: Dict[str, Any], server: Server) -> str:
    """What they print."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        for block in blocks(page):
            code = block.replace("https://vault.example.com", server.url)
            code = code.replace("ada@example.com", prepared["ada"])
            code = code.replace("https://me.example.com", "http://127.0.0.1:1")  # nobody listens
            if "photo" in prepared:
                settled(prepared["vault"], prepared["photo"].id)
            exec(compile(code, str(page), "exec"), prepared)
    return printed.getvalue()


def test_the_readme(prepared: Dict[str, Any], server: Server) -> None:
    printed = run_blocks(ROOT / "README.md", prepared, server)
    assert "3000 of 3000 bytes" in printed and " media_" in printed and "name " in printed
    assert isinstance(prepared["told"][0], mediavault.Tokens)
    import anyio

    with contextlib.redirect_stdout(io.StringIO()) as listed:
        anyio.run(prepared["main"])
    assert pathlib.Path("copy.jpg").read_bytes() == prepared["content"]
    assert listed.getvalue() != ""
    headers, body = signed(prepared["webhook"].secret)
    prepared["receive"](headers, body)
    for name in ("vault", "backup"):
        prepared[name].close()


@pytest.mark.skipif(not PAGE.exists(), reason="outside of the repository of the server")
def test_the_page_of_all_sdks(prepared: Dict[str, Any], server: Server) -> None:
    assert len(blocks(PAGE)) == 10
    printed = run_blocks(PAGE, prepared, server)
    assert "media.deleted" in printed and "photo.jpg" in printed
    assert pathlib.Path("copy.jpg").read_bytes() == pathlib.Path("photo.jpg").read_bytes()
    secret = prepared["vault"].webhooks.create("http://127.0.0.1:1/", ["media.uploaded"]).secret
    headers, body = signed(secret)
    prepared["receive"](SimpleNamespace(headers=headers), body, secret)
    for name in ("vault", "backup"):
        prepared[name].close()


def signed(secret: str) -> Any:
    import json
    import time

    data = {"id": "media_1", "type": "image", "user_id": "user_1"}
    body = json.dumps(
        {"event": "media.uploaded", "data": data, "timestamp": "2023-05-30T10:00:00Z"}
    ).encode()
    now = int(time.time())
    signature = mediavault.sign_webhook(secret, "msg_1", now, body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": signature}
    return headers, body


def test_both_clients_have_the_same_calls(server: Server) -> None:
    import anyio

    async def make() -> AsyncMediaVault:
        return AsyncMediaVault(server.url, trust_env=False)

    other = anyio.run(make)
    with MediaVault(server.url, trust_env=False) as vault:
        for name in ("", "auth", "users", "api_keys", "media", "trash", "collections", "shares", "webhooks"):
            pair = [getattr(one, name) if name else one for one in (vault, other)]
            calls = [public(one) for one in pair]
            assert calls[0].keys() == calls[1].keys()
            for call in calls[0]:
                signatures = [inspect.signature(one[call]) for one in calls]
                assert list(signatures[0].parameters) == list(signatures[1].parameters), call
                for before, after in zip(*(one.parameters.values() for one in signatures)):
                    assert (before.kind, before.default) == (after.kind, after.default), call
                assert calls[0][call].__doc__ or name, call


def public(thing: Any) -> Dict[str, Any]:
    members = {
        ("close" if name == "aclose" else name): getattr(thing, name)
        for name, _ in inspect.getmembers(type(thing), callable)
        if not name.startswith("_")
    }
    return members


def test_the_asynchronous_modules_are_as_written() -> None:
    subprocess.run([sys.executable, ROOT / "tools/asyncify.py", "--check"], check=True)


def test_everything_public_is_exported() -> None:
    for name in mediavault.__all__:
        assert hasattr(mediavault, name), name
    assert len(mediavault.__all__) == len(set(mediavault.__all__))


def test_no_module_keeps_state() -> None:
    """No name of a module is bound anew, and none is a container that is changed."""
    for path in (ROOT / "src/mediavault").glob("*.py"):
        tree = ast.parse(path.read_text())
        assert not any(isinstance(node, ast.Global) for node in ast.walk(tree)), path
        assert len(path.read_text().splitlines()) < 600, path


def test_the_wheel(tmp_path: pathlib.Path) -> None:
    from flit_core import buildapi
    from packaging.metadata import Metadata

    before = os.getcwd()
    os.chdir(ROOT)
    try:
        wheel = buildapi.build_wheel(str(tmp_path))
        source = buildapi.build_sdist(str(tmp_path))
    finally:
        os.chdir(before)
    assert source == f"mediavault_sdk-{mediavault.__version__}.tar.gz"
    # What pip makes of the source, without the repository around it, is the same.
    with tarfile.open(tmp_path / source) as archive:
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    unpacked = tmp_path / source[: -len(".tar.gz")]
    make = "from flit_core.buildapi import build_wheel; build_wheel('..')"
    (tmp_path / wheel).rename(tmp_path / "first.whl")
    subprocess.run([sys.executable, "-c", make], cwd=unpacked, check=True)
    assert (tmp_path / wheel).read_bytes() == (tmp_path / "first.whl").read_bytes()
    with zipfile.ZipFile(tmp_path / wheel) as archive:
        names = archive.namelist()
        info = f"mediavault_sdk-{mediavault.__version__}.dist-info"
        assert {"mediavault/py.typed", f"{info}/licenses/LICENSE"} <= set(names)
        modules = {path.name for path in (ROOT / "src/mediavault").glob("*.py")}
        assert {f"mediavault/{name}" for name in modules} <= set(names)
        assert not any("test" in name for name in names)
        metadata = Metadata.from_email(archive.read(f"{info}/METADATA"), validate=True)
        archive.extractall(tmp_path / "site")
    assert metadata.name == "mediavault-sdk" and str(metadata.version) == mediavault.__version__
    assert str(metadata.requires_python) == ">=3.9" and metadata.license_expression == "Apache-2.0"
    assert {str(one).split("<")[0].split(">")[0] for one in metadata.requires_dist or []} >= {"anyio", "httpx"}
    assert "realtime" in (metadata.provides_extra or [])
    code = "import mediavault; print(mediavault.__file__, mediavault.__version__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(tmp_path / "site/mediavault/__init__.py"), mediavault.__version__]
