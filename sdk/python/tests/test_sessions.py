"""Tokens that end while calls are under way."""

from __future__ import annotations

import threading
import time
from typing import Any, Iterator, List, Tuple

import anyio
import pytest

import mediavault
from mediavault import AsyncMediaVault, MediaVault, UnauthorizedError
from support import PASSWORD, QUICK, Proxy, Server, lost, register

CALLS = 16


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose tokens end after two seconds."""
    one = Server(tmp_path_factory.mktemp("hasty"), **{"sessions.access_lifetime": "2s"})
    yield one
    one.stop()


class Expired:
    """A server, and sessions whose tokens have ended; those that follow them live for an hour."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.sessions: List[Tuple[str, mediavault.Tokens]] = []
        for _ in range(8):
            name = register(server.url)
            with MediaVault(server.url, trust_env=False) as vault:
                self.sessions.append((name, vault.auth.login(name, PASSWORD)))
        time.sleep(1.1)
        server.stop()
        del server.settings["sessions.access_lifetime"]
        server.start()


@pytest.fixture(scope="module")
def expired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Expired]:
    folder = tmp_path_factory.mktemp("expired")
    one = Expired(Server(folder, **{"sessions.access_lifetime": "1s"}))
    yield one
    one.server.stop()


def test_one_refresh_for_many_threads(expired: Expired) -> None:
    name, tokens = expired.sessions.pop()
    with Proxy(expired.server.url) as proxy:
        told: List[Any] = []
        vault = MediaVault(
            proxy.url,
            token=tokens.token,
            refresh_token=tokens.refresh_token,
            on_tokens=told.append,
            trust_env=False,
        )
        start, names = threading.Barrier(CALLS), []

        def call() -> None:
            start.wait()
            names.append(vault.users.me().username)

        threads = [threading.Thread(target=call) for _ in range(CALLS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert names == [name] * CALLS
        assert proxy.count("POST /api/v1/auth/refresh") == 1
        assert told == [vault.tokens] and told[0].token != tokens.token
        vault.close()


def test_one_refresh_for_many_tasks(expired: Expired) -> None:
    async def main() -> None:
        name, tokens = expired.sessions.pop()
        with Proxy(expired.server.url) as proxy:
            async with AsyncMediaVault(
                proxy.url, token=tokens.token, refresh_token=tokens.refresh_token, trust_env=False
            ) as vault:
                names = []

                async def call() -> None:
                    names.append((await vault.users.me()).username)

                async with anyio.create_task_group() as group:
                    for _ in range(CALLS):
                        group.start_soon(call)
                assert names == [name] * CALLS
                assert proxy.count("POST /api/v1/auth/refresh") == 1

    anyio.run(main)
    anyio.run(main, backend="trio")


def test_refreshed_before_they_end(clients: Any, hasty: Server) -> None:
    name = register(hasty.url)
    with Proxy(hasty.url) as proxy:
        vault = clients.logged_in(proxy.url, name)
        end = time.monotonic() + 3
        while time.monotonic() < end:
            vault.users.me()
            time.sleep(0.1)
        assert proxy.count("POST /api/v1/auth/refresh") >= 1


def test_a_refresh_whose_reply_is_lost(clients: Any, server: Server, proxy: Proxy, name: str) -> None:
    vault = clients.logged_in(proxy.url, name, retry=QUICK)
    proxy.plan.append(lost)
    vault.auth.refresh()
    vault.auth.refresh()
    assert proxy.count("POST /api/v1/auth/refresh") == 3
    assert vault.users.me().username == name


def test_a_session_that_has_ended(clients: Any, server: Server, name: str) -> None:
    told: List[Any] = []
    vault = clients.logged_in(server.url, name, on_tokens=told.append)
    other = clients.logged_in(server.url, name)
    other.auth.logout_all()
    with pytest.raises(UnauthorizedError):
        vault.users.me()
    assert vault.tokens is None and told[-1] is None and len(told) == 2
    with pytest.raises(UnauthorizedError):
        vault.users.me()
    with pytest.raises(ValueError):
        vault.auth.refresh()


def test_a_log_out_whose_reply_is_lost(clients: Any, proxy: Proxy, name: str) -> None:
    vault = clients.logged_in(proxy.url, name, retry=QUICK)
    proxy.plan.append(lost)
    vault.auth.logout()
    assert vault.tokens is None
    vault.auth.login(name, PASSWORD)
    proxy.plan.append(lost)
    vault.users.delete(PASSWORD)
    assert vault.tokens is None
    with pytest.raises(UnauthorizedError):
        vault.auth.logout()


def test_without_a_refresh_token(clients: Any, server: Server, vault: MediaVault) -> None:
    assert vault.tokens
    other = clients(server.url, token=vault.tokens.token)
    assert other.users.me() == vault.users.me()
    vault.auth.logout()
    with pytest.raises(UnauthorizedError):
        other.users.me()


def test_an_upload_with_a_token_that_has_ended(clients: Any, expired: Expired) -> None:
    _, tokens = expired.sessions.pop()
    url = expired.server.url
    vault = clients(url, token=tokens.token, refresh_token=tokens.refresh_token)
    data = b"x" * 3_000_000
    assert vault.media.upload(data, filename="a").size == len(data)


def test_a_wrong_password_is_no_expired_token(clients: Any, server: Server, proxy: Proxy, name: str) -> None:
    vault = clients.logged_in(proxy.url, name)
    with pytest.raises(UnauthorizedError):
        vault.auth.login(name, "wrong password")
    assert proxy.count("POST /api/v1/auth/refresh") == 0
    assert vault.users.me().username == name
    assert isinstance(vault.tokens, mediavault.Tokens)
