"""What several test files of the APIs share."""

import pytest

from harness.realtime import Socket


@pytest.fixture
def open_socket(shared):
    """`open_socket(user, …)`: a socket of the user's, closed after the test."""
    sockets = []

    def connect(user=None, **options):
        sockets.append(Socket(shared.url, user.token if user else None, **options))
        return sockets[-1]

    yield connect
    for one in sockets:
        one.close()
