"""What the program says of itself, and of command lines that are wrong."""

import json
import re
import subprocess

import pytest

from harness import program
from harness.program import failed, ok

PASSWORD = "correct horse 7"


def test_the_version():
    assert re.fullmatch(r"coffer \d+\.\d+\.\d+ \([\w.-]+\)\n", ok(program.run("version")))


def test_the_routes():
    routes = json.loads(ok(program.run("routes", "--json")))
    lines = [line.split() for line in ok(program.run("routes")).splitlines()]
    columns = ("method", "path", "access", "dialect")
    assert lines == [[route[column] for column in columns] for route in routes]
    assert ["POST", "/api/v1/media/upload", "account", "mediavault"] in lines
    assert ["GET", "/healthz", "anyone", "operations"] in lines


def subcommands(text):
    listed = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.MULTILINE)
    return re.findall(r"^  (\S+)", listed.group(1), re.MULTILINE) if listed else []


def walk(*path):
    """Every command with its help."""
    text = ok(program.run(*path, "--help"))
    yield path, text
    for name in subcommands(text):
        yield from walk(*path, name)


@pytest.mark.parametrize(
    "words, told",
    [
        ((), ["`coffer` needs a command", "serve", "fsck"]),
        (("user",), ["`coffer user` needs a command", "create", "delete"]),
        (("config",), ["`coffer config` needs a command", "print"]),
        (("user", "quota"), ["`coffer user quota`", "name", "--help"]),
        (("key", "revoke"), ["`coffer key revoke`", "required", "--help"]),
    ],
)
def test_a_command_line_that_lacks_something_says_what(words, told):
    done = program.run(*words)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done
    assert all(word in done.stderr for word in told), done.stderr


def test_the_help_of_every_command():
    helps = dict(walk())
    assert {
        ("serve",),
        ("user", "create"),
        ("user", "list"),
        ("user", "set-password"),
        ("user", "disable"),
        ("user", "enable"),
        ("user", "logout"),
        ("user", "delete"),
        ("key", "create"),
        ("key", "list"),
        ("key", "revoke"),
        ("fsck",),
        ("storage",),
        ("storage", "reclaim"),
        ("media", "status"),
        ("media", "retry"),
        ("events",),
        ("routes",),
        ("config", "print"),
        ("config", "reference"),
        ("version",),
        ("login",),
        ("logout",),
        ("ls",),
        ("up",),
        ("down",),
        ("rm",),
        ("share",),
        ("sync",),
        ("watch",),
    } <= set(helps)
    for path, text in helps.items():
        assert f"Usage: {' '.join(['coffer', *path])}" in text
        assert text.splitlines()[0].strip(), path
        assert ok(program.run(*path, "-h")) == text
        for name in subcommands(text):
            assert re.search(rf"^  {name} +\w.{{10,}}$", text, re.MULTILINE), (path, name)
    for path in [("user", "list"), ("key", "create"), ("serve",), ("config", "print")]:
        assert "--data" in helps[path] and "--config" in helps[path]
    assert "Exit codes" in helps[()]
    assert all(word in helps[("key", "create")] for word in ("--user", "--kind", "master", "api"))


@pytest.mark.parametrize(
    "words, named",
    [
        ([], ""),
        (["frobnicate"], "`frobnicate`"),
        (["usr", "list"], "did you mean `user`?"),
        (["user"], ""),
        (["user", "frobnicate"], "`coffer user` has no command `frobnicate`"),
        (["user", "delte", "ann"], "did you mean `delete`?"),
        (["user", "create", "one", "--passwrd-stdin"], "did you mean `--password-stdin`?"),
        (["serve", "--http.head-byte=1"], "did you mean `--http.head-bytes`?"),
        (["user", "create"], "name"),
        (["user", "create", "one", "two"], "two"),
        (["user", "create", "one", "--frobnicate"], "--frobnicate"),
        (["user", "create", "one", "--email"], "--email"),
        (["key", "create"], "--user"),
        (["key", "create", "--user", "ann", "--kind", "golden"], "golden"),
        (["key", "revoke", "--user", "ann"], "id"),
        (["serve", "now"], "now"),
        (["serve", "--listn", "127.0.0.1:0"], "--listn"),
        (["serve", "--data"], "--data"),
        (["serve", "--data", "a", "--data", "b"], "--data"),
        (["version", "--json"], "--json"),
    ],
)
def test_a_command_line_that_is_wrong(folder, words, named):
    assert named in failed(program.run(*words, cwd=folder), 2)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["version"],
        ["routes"],
        ["config", "print"],
        ["user", "create", "ann"],
        ["user", "set-password", "bob"],
        ["key", "create", "--user", "bob"],
    ],
)
def test_output_that_cannot_be_written(folder, words):
    """A password or a key that nobody saw is no success."""
    program.create_user(folder / "data", "bob", PASSWORD)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [program.BINARY, *words],
            env=program.environment({"data": folder / "data"}),
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert done.returncode == 1
    assert done.stderr
