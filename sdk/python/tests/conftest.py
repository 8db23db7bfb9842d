"""Fixtures. The tests run the server that COFFER_BINARY names."""

from __future__ import annotations

import os
import pathlib
from typing import Any, Iterator

import pytest
from anyio.from_thread import start_blocking_portal

import mediavault
from support import PASSWORD, Blocked, Proxy, Server, register, vault_of

# Programs that tests start in other folders find the package too, when this one was found by a
# relative path.
os.environ["PYTHONPATH"] = os.pathsep.join(
    [
        str(pathlib.Path(mediavault.__file__).resolve().parents[1]),
        *(os.path.abspath(one) for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one),
    ]
)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(tmp_path_factory.mktemp("server"))
    yield one
    one.stop()


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    """A proxy before the server."""
    with Proxy(server.url) as one:
        yield one


@pytest.fixture
def name(server: Server) -> str:
    """The name of an account of the test's own."""
    return register(server.url)


@pytest.fixture
def vault(server: Server, name: str) -> Iterator[mediavault.MediaVault]:
    """A client that is logged in."""
    with vault_of(server.url, name) as one:
        yield one


@pytest.fixture(scope="session")
def portal() -> Iterator[Any]:
    with start_blocking_portal() as one:
        yield one


class Clients:
    """Makes clients of one kind, which close with the test."""

    def __init__(self, portal: Any) -> None:
        self.portal, self.made = portal, []

    def __call__(self, url: str, **options: Any) -> Any:
        options.setdefault("trust_env", False)
        if self.portal is None:
            client: Any = mediavault.MediaVault(url, **options)
        else:
            async def make() -> Any:
                return mediavault.AsyncMediaVault(url, **options)

            client = Blocked(self.portal.call(make), self.portal)
        self.made.append(client)
        return client

    def logged_in(self, url: str, name: str, **options: Any) -> Any:
        client = self(url, **options)
        client.auth.login(name, PASSWORD)
        return client


@pytest.fixture(params=["sync", "async"])
def clients(request: pytest.FixtureRequest, portal: Any) -> Iterator[Clients]:
    """Each test that uses it runs with both clients."""
    made = Clients(None if request.param == "sync" else portal)
    yield made
    for client in made.made:
        client.close()


@pytest.fixture
def both(clients: Clients, server: Server, name: str) -> Any:
    """A client of either kind, logged in."""
    return clients.logged_in(server.url, name)


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path
