"""The Go SDK: its sources, and its own tests and examples against the server."""

import functools
import re
import subprocess

import pytest

from harness import program, sdk

FOLDER = sdk.source("go")
OLDEST = "go1.22.12"  # of what sdk/go/go.mod promises
PHOTO = program.REPOSITORY / "tests/media/photos/landscape_orientation_6.jpg"


@functools.cache
def go():
    """The go command."""
    done = subprocess.run([program.REPOSITORY / "tools/go.sh"], capture_output=True, text=True)
    assert done.returncode == 0, f"no Go 1.23 or later:\n{done.stderr}"
    return done.stdout.strip()


def run(*command, **more):
    return sdk.run([go(), *command], FOLDER, sdk.environment(GOFLAGS="-mod=readonly", **more), timeout=900)


def unindented(code):
    return "\n".join(line.strip() for line in code.splitlines() if line.strip())


def test_the_sources_are_formatted():
    gofmt = re.sub(r"go$", "gofmt", go())
    assert sdk.run([gofmt, "-l", "."], FOLDER) == ""


def test_the_page_of_all_sdks_shows_examples_that_run():
    examples = unindented((FOLDER / "example_test.go").read_text())
    blocks = sdk.snippets("go")
    assert len(blocks) == 10
    for block in blocks:
        assert unindented(block) in examples, f"no example has this:\n{block}"


def test_every_error_code_of_the_api_is_known():
    page = (program.REPOSITORY / "docs/api/mediavault.md").read_text()
    section = re.search(r"^## Error codes$(.*?)^## ", page, re.M | re.S)[1]
    codes = {code for cell in re.findall(r"^\| (`.*?) \|", section, re.M) for code in re.findall(r"`([a-z_]+)`", cell)}
    codes -= {"details"}
    assert len(codes) > 15
    known = set(re.findall(r'Code = "(\w+)"', (FOLDER / "errors.go").read_text()))
    assert codes <= known


def test_the_oldest_go_is_the_one_that_is_promised():
    assert re.search(r"^go (\S+)$", (FOLDER / "go.mod").read_text(), re.M)[1] == OLDEST[2:].rpartition(".")[0]


# Under a later Go alone are: the examples, which loop over functions.
@pytest.mark.parametrize("toolchain", ["local", OLDEST])
@pytest.mark.seconds(900)
@pytest.mark.skipif(program.BINARY.exists() and program.is_sanitized(), reason="they are about the SDK")
def test_the_sdk_s_own_tests(binary, toolchain):
    print(run("vet", "./...", GOTOOLCHAIN=toolchain))
    print(run("test", "-vet=off", "-count=1", "./...", GOTOOLCHAIN=toolchain, MEDIAVAULT_TEST_PHOTO=PHOTO))


@pytest.mark.long
@pytest.mark.seconds(3600)
def test_races_and_files_of_2_gib(binary):
    print(run("test", "-vet=off", "-count=1", "-race", "-timeout=30m", "./...", MEDIAVAULT_LONG="1"))
