"""What sanitizers report, of every process that a test has started.

A report ends its process, but not every test looks at how a process ended: a server may have been
killed on purpose, and a file whose media worker ended looks damaged.
"""

import os
import pathlib
import shutil
import tempfile

from harness import program

VARIABLES = ["ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"]


class Reports:
    """Has the sanitizers write to a folder of this process, as long as it lives."""

    def __init__(self):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="coffer-reports-"))
        for variable in VARIABLES:
            options = [os.environ[variable]] if os.environ.get(variable) else []
            os.environ[variable] = ":".join([*options, f"log_path={self._folder}/report"])

    def take(self):
        """The texts that have come since the last call."""
        files = sorted(self._folder.iterdir())
        texts = [file.read_text(errors="replace") for file in files]
        for file in files:
            file.unlink()
        return texts

    def close(self):
        shutil.rmtree(self._folder, ignore_errors=True)
