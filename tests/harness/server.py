"""The server as a process of its own."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from urllib.parse import urlsplit

from harness import program
from harness.client import Api, User
from harness.wire import Wire


class StartFailed(Exception):
    """The process ended before it said where it listens."""

    def __init__(self, code, output, log):
        super().__init__(f"exit code {code}\nstdout: {output}\nstderr: {log}")
        self.code = code
        self.output = output
        self.log = log


class Server:
    """`coffer serve` on a free port of 127.0.0.1.

    `settings` go in as environment variables over the tests' defaults; one that is None takes
    a default away. `variables` are environment variables as they are. `flags` go behind the
    command line. Threads: one at a time.
    """

    def __init__(self, data, settings=None, flags=(), listen="127.0.0.1:0", variables=None):
        self.data = pathlib.Path(data)
        self.settings = dict(settings or {})
        self.variables = dict(variables or {})
        self.flags = list(flags)
        self.listen = listen
        self.process = None
        self.output = []  # lines of standard output
        self._admins_key = None
        self.log_path = self.data.parent / (self.data.name + ".log")
        self._changed = threading.Condition()

    def start(self, timeout=30.0):
        """Starts it and returns once it says where it listens. Throws StartFailed."""
        self.spawn()
        self.url = self.wait_for_url("http" if self.listen else "http[s]?", timeout)
        return self

    def spawn(self):
        """Starts it and waits for nothing; `url` stays what it was."""
        assert self.process is None or self.process.poll() is not None, "it runs already"
        command = [str(program.BINARY), "serve", "--data", str(self.data)]
        if self.listen:
            command += ["--listen", self.listen]
        self.output = []
        log = open(self.log_path, "ab")
        self._log_start = log.tell()
        self.process = subprocess.Popen(
            command + self.flags,
            env={**program.environment(self.settings), **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        log.close()
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()

    def _read(self, process):
        for line in process.stdout:
            with self._changed:
                self.output.append(line.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    def wait_for_url(self, scheme="http", timeout=30.0):
        """The first URL of that scheme that standard output tells."""
        return self.wait_for_output(rf"\b{scheme}://(127\.0\.0\.1|localhost|\[::1\]):\d+", timeout)

    def wait_for_output(self, pattern, timeout=30.0):
        """The first part of a line of standard output that matches."""
        deadline = time.monotonic() + program.patience(timeout)
        with self._changed:
            while True:
                for line in self.output:
                    if found := re.search(pattern, line):
                        return found.group(0)
                if not self._reader.is_alive():
                    break
                if time.monotonic() > deadline:
                    raise TimeoutError(f"nothing like {pattern} in {timeout} s; output: {self.output}")
                self._changed.wait(0.2)
        code = self.process.wait(10)
        raise StartFailed(code, "\n".join(self.output), self.log_text())

    # Callers.

    @property
    def root(self):
        return self.url + "/api/v1"

    @property
    def port(self):
        return urlsplit(self.url).port

    def anyone(self):
        """A caller without credentials."""
        return Api(self.root)

    def user(self, **details):
        """A new account, logged in."""
        return User.registered(self.root, **details)

    def metrics(self):
        """The text of /metrics, read with a key of the admin's."""
        if self._admins_key is None:
            self._admins_key = program.create_key(self.data, "admin")
        reply = Api(self.url, key=self._admins_key).get("/metrics")
        assert reply.status_code == 200, reply.text
        return reply.text

    def wire(self, **options):
        """A connection for exact bytes."""
        return Wire("127.0.0.1", self.port, **options)

    # The process.

    @property
    def pid(self):
        return self.process.pid

    @property
    def runs(self):
        return self.process is not None and self.process.poll() is None

    def signal(self, number):
        os.kill(self.pid, number)

    def stop(self, timeout=45.0):
        """SIGTERM; the exit code. What ended by itself gives the code it ended with."""
        if self.runs:
            self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(program.patience(timeout))
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("did not end after SIGTERM") from None
        self._reader.join(10)
        return code

    def kill(self):
        """SIGKILL, and waits until it is gone."""
        if self.runs:
            self.signal(signal.SIGKILL)
        self.process.wait(30)
        self._reader.join(10)

    def restart(self):
        self.stop_well()
        return self.start()

    def stop_well(self):
        """Stops it; everything but exit code 0 is an error with the end of the log."""
        code = self.stop()
        assert code == 0, f"exit code {code}; log ends:\n{self.log_text()[-4000:]}"

    def close(self):
        """For the end of a test: a server that still should run must end well."""
        if self.process is not None and self.process.returncode is None:
            self.stop_well()

    def _status(self, name):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
        raise KeyError(name)

    def rss(self):
        """Resident bytes now."""
        return self._status("VmRSS")

    def peak_rss(self):
        """The most resident bytes since the start or reset_peak()."""
        return self._status("VmHWM")

    def reset_peak(self):
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    # The log.

    def log_text(self):
        """Standard error since the last start."""
        with open(self.log_path, "rb") as log:
            log.seek(self._log_start)
            return log.read().decode("utf-8", "replace")

    def log_lines(self):
        """The log's lines as objects; one that is none fails."""
        lines = self.log_text().splitlines()
        return [json.loads(line) for line in lines if line.strip()]

    def wait_for_log(self, wanted, timeout=5.0):
        """The first line for which `wanted(object)` holds."""
        deadline = time.monotonic() + program.patience(timeout)
        while time.monotonic() < deadline:
            text = self.log_text()
            for line in text[: text.rfind("\n") + 1].splitlines():
                entry = json.loads(line)
                if wanted(entry):
                    return entry
            time.sleep(0.05)
        raise AssertionError(f"no such line in the log:\n{self.log_text()[-4000:]}")


@contextlib.contextmanager
def serving(settings=None):
    """A running server with a folder of its own, which is gone afterwards. It must end well."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="coffer-test-"))
    server = Server(folder / "data", settings).start()
    try:
        yield server
        server.close()
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
