"""Fixtures, the order of the suite, and the limit on a test's time."""

import pathlib
import secrets
import shutil
import signal
import tempfile

import pytest

from harness import nginx, openapi, program
from harness.ceph import Ceph
from harness.reports import Reports
from harness.s3 import Bucket
from harness.server import Server, serving

ORDER = ["rules", "api", "e2e", "sdk", "faults", "measure"]
# What takes longest, longest first: side by side with others it begins first, or it would be what
# the end of the run waits for.
LONGEST = [
    "sdk/test_python.py", "sdk/test_javascript.py", "api/test_schemathesis.py", "e2e/test_docs_page.py", "sdk/test_go.py",
    "faults/test_media_kill.py", "api/test_s3_migration.py", "api/test_media_queue.py", "e2e/test_share_pages.py",
    "api/test_fsck.py", "faults/test_kill.py", "api/test_s3_proxy.py", "faults/test_full_disk.py",
]

REPORTS = pytest.StashKey()  # of sanitizers, where the program is built with one


def pytest_addoption(parser):
    parser.addoption(
        "--store", choices=["local", "s3"], default="local", help="where the servers of the tests keep files: local, or s3, which starts Ceph"
    )


def pytest_configure(config):
    openapi.watch()
    if program.is_sanitized():
        config.stash[REPORTS] = Reports()


def pytest_unconfigure(config):
    if REPORTS in config.stash:
        # Of what ended last, where the run was ended early.
        print(*config.stash[REPORTS].take(), sep="\n")
        config.stash[REPORTS].close()


@pytest.fixture(autouse=True)
def replies_are_as_described():
    """Every reply to `requests` is as the OpenAPI documents have it."""
    yield
    faults = openapi.WATCH.take()
    assert not faults, "not as the OpenAPI document has it:\n" + "\n".join(faults[:20])


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the sanitizer of any process reported until the test has ended fails it, and is shown
    beside what else failed: a server that ends by a report does not end well either."""
    result = (yield).get_result()
    reports = item.config.stash.get(REPORTS, None)
    if reports and call.when == "teardown" and (found := reports.take()):
        result.sections.append(("What sanitizers report", "\n".join(found)))
        if result.passed:
            result.outcome, result.longrepr = "failed", "a sanitizer reports something"


def pytest_collection_modifyitems(config, items):
    if config.getoption("--store") == "s3":
        skip = pytest.mark.skip(reason="it is about files in the data folder, or what the server itself serves of them")
        for item in items:
            if item.get_closest_marker("local"):
                item.add_marker(skip)

    is_side_by_side = hasattr(config, "workerinput")

    def place(item):
        path = pathlib.Path(item.path)
        folder = path.parent.name
        name = f"{folder}/{path.name}"
        if is_side_by_side and name in LONGEST:
            return LONGEST.index(name) - len(LONGEST)
        return ORDER.index(folder) if folder in ORDER else len(ORDER)

    items.sort(key=place)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    marker = item.get_closest_marker("seconds")
    limit = program.patience(marker.args[0] if marker else 60)

    def give_up(*_):
        raise TimeoutError(f"the test took longer than {limit} s")

    old = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(limit)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, old)


@pytest.fixture(scope="session")
def binary():
    if not program.BINARY.exists():
        pytest.fail(f"{program.BINARY} is not there: build it first")
    return program.BINARY


def make_folder():
    return pathlib.Path(tempfile.mkdtemp(prefix="coffer-test-"))


@pytest.fixture(scope="session")
def ceph():
    """An S3 service."""
    path = make_folder()
    try:
        with Ceph(path / "ceph") as service:
            yield service
    finally:
        shutil.rmtree(path, ignore_errors=True)


def make_bucket(ceph):
    name = f"coffer-{secrets.token_hex(6)}"
    return Bucket(ceph.endpoint, name, ceph.access_key, ceph.secret_key).create()


@pytest.fixture
def bucket(ceph):
    """An empty one of the test's own."""
    return make_bucket(ceph)


@pytest.fixture(scope="session", autouse=True)
def store_of_all_servers(request):
    """With --store s3, every server keeps its files in one bucket unless the test says otherwise."""
    if request.config.getoption("--store") == "s3":
        program.DEFAULTS.update(make_bucket(request.getfixturevalue("ceph")).settings())


@pytest.fixture
def folder():
    """An empty folder, gone after the test."""
    path = make_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def launch(binary, folder):
    """`launch(settings, name="data", …)`: a running server of the test's own. It must end well."""
    servers = []

    def start(settings=None, name="data", **options):
        server = Server(folder / name, settings, **options)
        servers.append(server)
        return server.start()

    yield start
    faults = []
    for server in servers:
        try:
            server.close()
        except AssertionError as fault:
            faults.append(str(fault))
    assert not faults, "\n".join(faults)


@pytest.fixture
def below(launch, folder):
    """A server that nginx serves below a path."""
    with nginx.Below(launch, folder) as vault:
        yield vault


@pytest.fixture(scope="session")
def shared(binary):
    """One server for all tests that leave it as they found it, but for accounts of their own."""
    with serving() as server:
        yield server


@pytest.fixture
def user(shared):
    """A new account on the shared server."""
    return shared.user()


@pytest.fixture
def stranger(shared):
    """Another one."""
    return shared.user()


@pytest.fixture
def anyone(shared):
    """A caller of the shared server without credentials."""
    return shared.anyone()


@pytest.fixture
def wire(shared):
    """A connection to the shared server for exact bytes."""
    with shared.wire() as connection:
        yield connection
