"""Builds and runs the SDKs' own tests, in their own runtimes.

Each SDK is copied into `build/sdk/<language>` and built there, so that the sources stay clean and what
its package manager installed is still there the next time.
"""

import filecmp
import os
import pathlib
import shutil
import subprocess

from harness import program

# What a copy has and the source has not: installed packages and results.
NEVER_COPIED = {"node_modules", "dist", "build", "__pycache__", ".pytest_cache", ".mypy_cache", "venv", ".venv"}
# The server of a suite: everything that SDKs do has to be possible from loopback.
SETTINGS = {"webhooks.allow_private": "true", "cors.origins": "*"}


def source(language):
    """Where the SDK is written."""
    return program.REPOSITORY / "sdk" / language


def workspace(language):
    """The copy in `build/sdk`, brought up to date: what has changed is copied, what is gone is deleted,
    what the package manager and the build made stays."""
    return copy_of(source(language), program.REPOSITORY / "build/sdk" / language)


def copy_of(folder, copy):
    """The same of any folder."""
    wanted = set(_files(folder))
    assert wanted, f"{folder} is empty"
    for name in wanted:
        old, new = copy / name, folder / name
        if not old.exists() or not filecmp.cmp(old, new, shallow=False):
            old.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(new, old)
    for name in set(_files(copy)) - wanted:
        (copy / name).unlink()
    return copy


def _files(folder):
    for place, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if each not in NEVER_COPIED]
        for each in files:
            yield (pathlib.Path(place) / each).relative_to(folder).as_posix()


def once(copy, inputs, name, install):
    """Calls `install()` unless the files `inputs` of the copy are what they were the last time. `name`
    tells one installation in a copy from another."""
    stamp = copy.parent / f"{copy.name}.{name}"
    now = b"\0".join((copy / each).read_bytes() for each in inputs)
    if stamp.exists() and stamp.read_bytes() == now:
        return
    stamp.unlink(missing_ok=True)
    install()
    stamp.write_bytes(now)


def environment(server=None, **more):
    """The environment of a suite: COFFER_BINARY, COFFER_URL if there is a `server`, and `more`; of the
    settings that are set here it knows nothing."""
    result = {k: v for k, v in os.environ.items() if not k.startswith("COFFER_")}
    result["COFFER_BINARY"] = str(program.BINARY)
    if server:
        result["COFFER_URL"] = server.url
    result.update({k: str(v) for k, v in more.items()})
    return result


def run(command, cwd, env=None, timeout=600):
    """Runs a command to its end and gives its output. A failure tells what was printed, the end of it
    first of all."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=cwd,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
    )
    text = done.stdout
    if done.returncode != 0:
        shown = text if len(text) < 20_000 else "…" + text[-20_000:]
        raise AssertionError(f"`{' '.join(map(str, command))}` ended with {done.returncode}:\n{shown}")
    return text


def snippets(language, page="docs/sdk.md"):
    """The examples of a page in one language (`js`, `python`, `go`), in their order."""
    found, block = [], None
    for line in (program.REPOSITORY / page).read_text(encoding="utf-8").splitlines():
        if block is None and line.strip() == f"```{language}":
            block = []
        elif block is not None and line.strip() == "```":
            found.append("\n".join(block) + "\n")
            block = None
        elif block is not None:
            block.append(line)
    return found
