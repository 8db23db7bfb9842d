"""What the tests of the SDKs share."""

import pathlib
import tempfile

import pytest

from harness import sdk
from harness.server import Server


@pytest.fixture(scope="session")
def sdk_server(binary):
    """One server for the suites that start none of their own; accounts are theirs."""
    with tempfile.TemporaryDirectory(prefix="coffer-sdk-", ignore_cleanup_errors=True) as folder:
        server = Server(pathlib.Path(folder) / "data", sdk.SETTINGS).start()
        try:
            yield server
        finally:
            server.close()
