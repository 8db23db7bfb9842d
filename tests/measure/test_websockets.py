"""What WebSockets cost while they wait, and how soon an event is everywhere."""

import resource
import time

import pytest

from harness import shapes
from harness.measuring import below, milliseconds
from harness.realtime import Crowd

SOCKET_BOUND = 8 << 10  # bytes
EVENT_BOUND = 0.05  # seconds
SPARE = 500  # descriptors for everything else
SIZES = [
    pytest.param(2_000, id="2k", marks=pytest.mark.seconds(240)),
    pytest.param(10_000, id="10k", marks=[pytest.mark.long, pytest.mark.seconds(900)]),
]


@pytest.fixture
def descriptors():
    """As many as the machine allows; how many that is."""
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (old[1], old[1]))
    yield old[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, old)


@pytest.fixture
def vault(launch):
    server = launch(
        {
            "realtime.max_connections": "20000",
            "realtime.max_connections_per_account": "10000",
            "log.access": "false",
        }
    )
    server.one = server.user()
    return server


@pytest.mark.parametrize("count", SIZES)
def test_memory_of_idle_connections(vault, figure, descriptors, count):
    # A third of the server's are for files.
    if descriptors * 2 // 3 < count + SPARE:
        pytest.skip(f"{descriptors} open files are too few for {count} connections")
    with Crowd(vault, vault.one.token, 100):
        pass
    time.sleep(2)
    before = vault.rss()
    with Crowd(vault, vault.one.token, count):
        time.sleep(1)
        each = (vault.rss() - before) / count
    figure(f"{count} idle WebSockets: {each:.0f} bytes each")
    assert each <= SOCKET_BOUND


@pytest.mark.seconds(240)
def test_an_event_reaches_a_thousand_connections(vault, figure, descriptors):
    """From the reply to the change, which comes right behind its commit; what has arrived before counts as 0."""
    media = vault.one.upload(b"x", "a.txt")
    if descriptors * 2 // 3 < 1000 + SPARE:
        pytest.skip(f"{descriptors} open files are too few")
    with Crowd(vault, vault.one.token, 1000) as crowd:

        def measure():
            shapes.success(vault.one.patch(f"/media/{media['id']}", json={"title": str(time.time())}))
            return crowd.receive()

        took = below(EVENT_BOUND, measure, attempts=20)
        figure(f"an event to 1,000 WebSockets, the last one of them: {milliseconds(took)}")
        assert took < EVENT_BOUND
