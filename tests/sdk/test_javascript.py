"""The JavaScript SDK: built as it is published, and its own tests in Node and Chromium."""

import shutil

import pytest

from harness import program, sdk


@pytest.fixture(scope="module")
def built(binary):
    """The SDK in `build/sdk/javascript`, with what its lock file pins."""
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    assert not missing, f"{' and '.join(missing)} missing: tools/install-packages.sh test"
    copy = sdk.workspace("javascript")
    install = ["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"]
    sdk.once(copy, ["package-lock.json"], "installed", lambda: sdk.run(install, copy))
    sdk.run(["npm", "run", "build"], copy)
    return copy


def run_tests(copy, *names, timeout, **variables):
    files = [f"test/{name}.test.mjs" for name in names] or sorted(
        path.relative_to(copy).as_posix() for path in copy.glob("test/*.test.mjs")
    )
    command = ["node", "--test", "--test-reporter=spec", *files]
    return sdk.run(command, copy, sdk.environment(**variables), timeout)


@pytest.mark.seconds(1800)
def test_the_suite(built):
    """Every call, every error, faults of the network, examples, the package itself, Chromium."""
    run_tests(built, timeout=1780)


@pytest.mark.long
@pytest.mark.seconds(1800)
def test_two_gibibytes(built):
    if program.is_sanitized():
        pytest.skip("memory under a sanitizer says nothing")
    run_tests(built, "transfer", timeout=1780, COFFER_SDK_LONG=1)
