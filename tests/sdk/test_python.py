"""The Python SDK: its types, its package, its own tests and examples against the server."""

import concurrent.futures
import functools
import subprocess

import pytest

from harness import program, sdk

FOLDER = sdk.source("python")
SUITES = sorted(path.name for path in (FOLDER / "tests").glob("test_*.py"))

pytestmark = pytest.mark.skipif(
    program.BINARY.exists() and program.is_sanitized(), reason="they are about the SDK"
)


@functools.cache
def python():
    """The Python that has what sdk/python/requirements.txt asks for."""
    command = [program.REPOSITORY / "tools/python.sh", "sdk"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def run(*command, timeout=300, **more):
    build = program.REPOSITORY / "build"
    environment = sdk.environment(
        PYTHONPATH=FOLDER / "src",
        PYTHONDONTWRITEBYTECODE="1",
        MYPY_CACHE_DIR=build / "mypy-sdk",
        **more,
    )
    return sdk.run([python(), *command], FOLDER, environment, timeout=timeout)


@pytest.mark.seconds(300)
def test_types_are_strict():
    print(run("-m", "mypy"))


@pytest.fixture(scope="module")
def outputs(binary):
    """What each suite is going to print. They wait more than they compute, so some run at a time."""
    with concurrent.futures.ThreadPoolExecutor(max_workers=3) as pool:
        python()
        yield {suite: pool.submit(run, "-m", "pytest", "-q", f"tests/{suite}") for suite in SUITES}


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.seconds(300)
def test_its_own(outputs, suite):
    print(outputs[suite].result())


@pytest.mark.long
@pytest.mark.seconds(1800)
def test_files_of_2_gib(binary):
    print(run("-m", "pytest", "-q", "-m", "long", timeout=1700))
