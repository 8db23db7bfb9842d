"""Files of any size take a bounded part of memory."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Iterator

import pytest

from support import PASSWORD, Server

MIB = 1 << 20
# What the process may take beyond what it has after its first call.
BOUND = 16 * MIB

PROGRAM = r"""
import asyncio, re, sys
import mediavault

kind, url, name, password, size, path = sys.argv[1:]
BLOCK = bytes(range(256)) * 4096
pieces = [BLOCK] * (int(size) // len(BLOCK))


def memory(name):
    return int(re.search(name + r":\s+(\d+) kB", open("/proc/self/status").read())[1]) * 1024


def begin():
    # From here on the peak counts anew.
    open("/proc/self/clear_refs", "w").write("5")
    return memory("VmRSS")


def result(before, media, done):
    assert done.verified and done.size == int(size) and done.checksum == media.checksum
    print(memory("VmHWM") - before)


def blocking():
    with mediavault.MediaVault(url, trust_env=False) as vault:
        vault.auth.login(name, password)
        vault.media.upload(b"x", filename="x")
        before = begin()
        media = vault.media.upload(pieces, filename="big")
        done = vault.media.download_to(media.id, path)
        again = vault.media.upload(path)
        with vault.media.download(again.id) as stream:
            for piece in stream:
                pass
        result(before, media, done)


async def asynchronous():
    async with mediavault.AsyncMediaVault(url, trust_env=False) as vault:
        await vault.auth.login(name, password)
        await vault.media.upload(b"x", filename="x")
        before = begin()
        media = await vault.media.upload(pieces, filename="big")
        done = await vault.media.download_to(media.id, path)
        again = await vault.media.upload(path)
        async with vault.media.download(again.id) as stream:
            async for piece in stream:
                pass
        result(before, media, done)


blocking() if kind == "sync" else asyncio.run(asynchronous())
"""


@pytest.fixture
def target(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    path = tmp_path / "copy"
    yield path
    path.unlink()


def growth(server: Server, name: str, kind: str, size: int, target: pathlib.Path) -> int:
    """By how many bytes a process of its own grows that sends and gets a file of that size."""
    command = [sys.executable, "-c", PROGRAM, kind, server.url, name, PASSWORD, str(size), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    print(f"{kind}: {int(done.stdout) / MIB:.1f} MiB")
    return int(done.stdout)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_200_mib(server: Server, name: str, kind: str, target: pathlib.Path) -> None:
    assert growth(server, name, kind, 200 * MIB, target) < BOUND


@pytest.mark.long
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_2_gib(server: Server, name: str, kind: str, target: pathlib.Path) -> None:
    assert growth(server, name, kind, 2048 * MIB, target) < BOUND
