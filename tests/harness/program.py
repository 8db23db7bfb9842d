"""The program under test, and its command line."""

import functools
import os
import pathlib
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("COFFER_BINARY", REPOSITORY / "build/release/coffer"))

# Cheap password hashes, so that a hundred accounts cost a test nothing. What the hashes cost
# by default is looked at where it matters. Guests as the documents show them. Files are not looked
# into where no test asks for it: so nothing but the test changes what it has uploaded.
DEFAULTS = {"rate_limits": "off", "passwords.memory": "8MiB", "guests": "on", "media.enabled": "false"}


@functools.cache
def is_sanitized():
    """Whether the program carries a sanitizer: its memory and speed say nothing then."""
    program = BINARY.read_bytes() if BINARY.exists() else b""
    return b"__asan_init" in program or b"__tsan_init" in program


def patience(seconds):
    """How long to wait at most for what is to come within `seconds` of a program as it is used."""
    return seconds * 5 if is_sanitized() else seconds


def variable(setting):
    """`http.head_timeout` -> `COFFER_HTTP_HEAD_TIMEOUT`."""
    return "COFFER_" + setting.replace(".", "_").upper()


def environment(settings=None, defaults=True):
    """The environment of a run: this one's without its own settings, with those given.
    A setting whose value is None is left out."""
    result = {k: v for k, v in os.environ.items() if not k.startswith(("COFFER_", "AWS_"))}
    chosen = {**(DEFAULTS if defaults else {}), **(settings or {})}
    result.update({variable(k): str(v) for k, v in chosen.items() if v is not None})
    return result


def run(*arguments, settings=None, variables=None, stdin=None, timeout=30, cwd=None):
    """Runs a command to its end. `variables` are environment variables as they are."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        env={**environment(settings), **(variables or {})},
        input=stdin if stdin is not None else "",
        capture_output=True,
        text=True,
        timeout=patience(timeout),
        cwd=cwd,
    )


def last_line(output):
    """The last line that is not empty."""
    return [line for line in output.splitlines() if line.strip()][-1].strip()


def create_user(data, name, password=None, email=None, admin=False, settings=None):
    """`coffer user create`; gives its password."""
    flags = ["--data", data]
    if email:
        flags += ["--email", email]
    if admin:
        flags += ["--admin"]
    if password is not None:
        flags += ["--password-stdin"]
    done = run("user", "create", name, *flags, stdin=password, settings=settings)
    assert done.returncode == 0, done.stderr
    return password if password is not None else last_line(done.stdout)


def create_key(data, user, kind="api", settings=None):
    """`coffer key create`; gives the key."""
    done = run("key", "create", "--data", data, "--user", user, "--kind", kind, settings=settings)
    assert done.returncode == 0, done.stderr
    return last_line(done.stdout)


def failed(done, code=1):
    """The message of a run that failed: one that says something, and on standard error alone."""
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    assert done.stderr.strip()
    assert "terminate called" not in done.stderr
    return done.stderr


def ok(done):
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    assert done.stderr == ""
    return done.stdout
