"""What is sent again, when, and what is not."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, List

import pytest

import mediavault
from mediavault import BusyError, Hooks, MediaVault, Retry, logging_hooks
from support import PASSWORD, QUICK, Proxy, Server, answered, lost, passed, reset, settled, silent, vault_of


@pytest.mark.parametrize(
    "fault",
    [answered(429), answered(503), answered(502), answered(504), answered(408), reset, lost],
)
def test_sent_again(clients: Any, server: Server, proxy: Proxy, name: str, fault: Any) -> None:
    vault = clients.logged_in(proxy.url, name, retry=QUICK)
    proxy.plan.extend([fault, fault])
    assert vault.users.me().username == name
    proxy.plan.append(fault)
    assert vault.collections.create("one").name == "one"
    assert len(list(vault.collections.list())) == 1


def test_every_call_through_a_flaky_proxy(clients: Any, server: Server, proxy: Proxy, name: str) -> None:
    vault = clients.logged_in(proxy.url, name, retry=QUICK)
    for fault in (reset, lost, answered(503), answered(429, "Retry-After: 0")):

        def flaky() -> None:
            proxy.plan.append(fault)

        flaky()
        collection = vault.collections.create("c")
        flaky()
        media = vault.media.upload(b"x", filename="a.txt")
        flaky()
        vault.collections.add_media(collection.id, media.id)
        flaky()
        vault.media.update(media.id, title="t")
        flaky()
        share = vault.shares.share_media(media.id)
        flaky()
        vault.shares.revoke(share.id)  # Gone, where the reply was lost.
        flaky()
        assert vault.media.get(media.id).title == "t"
        flaky()
        assert [one.id for one in vault.collections.list_media(collection.id)] == [media.id]
        flaky()
        assert vault.media.download(media.id).read() == b"x"
        flaky()
        vault.collections.delete(collection.id)
        proxy.plan.clear()
        assert list(vault.collections.list()) == [] and list(vault.shares.list()) == []
        vault.media.delete(media.id, permanent=True)


def test_what_was_deleted_by_the_lost_request(clients: Any, proxy: Proxy, name: str) -> None:
    vault = clients.logged_in(proxy.url, name, retry=QUICK)
    media = vault.media.upload(b"x", filename="a")
    proxy.plan.append(lost)
    with pytest.raises(mediavault.NotFoundError):
        vault.media.delete(media.id)  # What it was cannot be told any more.
    with pytest.raises(mediavault.NotFoundError):
        vault.collections.delete("col_1")  # It never was there.


def test_a_condition_is_not_sent_again_where_the_reply_is_lost(clients: Any, proxy: Proxy, name: str) -> None:
    vault = clients.logged_in(proxy.url, name, retry=QUICK)
    media = settled(vault, vault.media.upload(b"x", filename="a").id)
    proxy.plan.append(lost)
    with pytest.raises(mediavault.ConnectionError):
        vault.media.update(media.id, title="t", if_match=media.etag)
    media = vault.media.get(media.id)
    assert media.title == "t"
    proxy.plan.append(answered(503))
    assert vault.media.update(media.id, title="u", if_match=media.etag).title == "u"


def test_registering_is_not_sent_again_where_the_reply_is_lost(clients: Any, proxy: Proxy) -> None:
    vault = clients(proxy.url, retry=QUICK)
    proxy.plan.append(lost)
    with pytest.raises(mediavault.ConnectionError):
        vault.auth.register("lost-" + str(time.time_ns()), PASSWORD)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500, 507])
def test_not_sent_again(clients: Any, proxy: Proxy, status: int) -> None:
    vault = clients(proxy.url, api_key="none", retry=QUICK)
    proxy.otherwise = answered(status)
    with pytest.raises(mediavault.ApiError) as caught:
        vault.users.me()
    assert (caught.value.status, caught.value.code) == (status, f"http_{status}")
    assert len(proxy.heads) == 1


def test_it_gives_up(clients: Any, proxy: Proxy) -> None:
    vault = clients(proxy.url, api_key="none", retry=Retry(attempts=3, base=0.01))
    proxy.otherwise = answered(503)
    with pytest.raises(BusyError):
        vault.users.me()
    assert len(proxy.heads) == 3
    proxy.otherwise = reset
    with pytest.raises(mediavault.ConnectionError):
        vault.users.me()
    assert len(proxy.heads) == 6


def test_retry_after_is_waited_for(clients: Any, proxy: Proxy, name: str) -> None:
    vault = clients.logged_in(proxy.url, name, retry=QUICK)
    proxy.plan.append(answered(429, "Retry-After: 1"))
    began = time.monotonic()
    vault.users.me()
    assert 1 <= time.monotonic() - began < 20
    proxy.plan.append(answered(503, "Retry-After: 3600"))
    with pytest.raises(BusyError) as caught:
        vault.users.me()
    assert caught.value.retry_after == 3600


def test_the_servers_own_limit(clients: Any, tmp_path: Any) -> None:
    limited = Server(tmp_path, **{"rate_limits": "on", "limits.account_per_minute": "5"})
    try:
        name = "ada"
        with MediaVault(limited.url, trust_env=False) as vault:
            vault.auth.register(name, PASSWORD)
        seen: List[Any] = []
        vault = clients.logged_in(limited.url, name, hooks=Hooks(on_response=seen.append))
        vault = vault.with_options(retry=Retry(attempts=1))
        with pytest.raises(mediavault.RateLimitedError) as caught:
            for _ in range(10):
                vault.users.me()
        assert caught.value.retry_after and caught.value.code == "rate_limited"
        assert seen[-1].rate_limit.limit == 5 and seen[-1].rate_limit.remaining == 0
        assert seen[-1].request_id == caught.value.request_id
    finally:
        limited.stop()


def test_timeouts(clients: Any, proxy: Proxy, name: str) -> None:
    vault = clients.logged_in(proxy.url, name, retry=Retry(attempts=2, base=0.01))
    proxy.plan.extend([silent, silent])
    with pytest.raises(mediavault.TimeoutError):
        vault.with_options(timeout=0.3).users.me()
    assert proxy.count("GET") == 2
    proxy.plan.append(silent)
    patient = vault.with_options(timeout=1.0, retry=Retry(attempts=6, base=0.01))
    assert patient.users.me().username == name


def test_a_deadline_bounds_the_whole(clients: Any, proxy: Proxy, name: str) -> None:
    patient = clients.logged_in(proxy.url, name, retry=Retry(attempts=1000, base=0.1))
    vault = patient.with_options(deadline=0.6)
    proxy.otherwise = answered(503)
    began = time.monotonic()
    with pytest.raises(mediavault.MediaVaultError):
        vault.users.me()
    proxy.otherwise = silent
    with pytest.raises(mediavault.TimeoutError):
        vault.users.me()
    assert time.monotonic() - began < 10
    proxy.otherwise = passed
    assert patient.with_options(deadline=60.0).users.me().username == name


def test_nothing_listens(clients: Any) -> None:
    vault = clients("http://127.0.0.1:1", api_key="none", retry=QUICK)
    with pytest.raises(mediavault.ConnectionError) as caught:
        vault.users.me()
    assert not caught.value.sent


def test_delays_grow_and_differ() -> None:
    vault = MediaVault("http://127.0.0.1:1", retry=Retry(base=1.0, max_delay=8.0), trust_env=False)
    error = mediavault.ConnectionError("broken")
    for attempt, bound in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 8.0), (100, 8.0)):
        delays = [vault._core.delay(attempt, error) or 0 for _ in range(200)]
        assert 0 <= min(delays) < bound / 2 < max(delays) <= bound
    vault.close()


def test_cancelled_at_once(server: Server, proxy: Proxy, name: str) -> None:
    import anyio

    async def main() -> None:
        async with mediavault.AsyncMediaVault(proxy.url, trust_env=False) as vault:
            await vault.auth.login(name, PASSWORD)
            proxy.otherwise = silent
            with anyio.move_on_after(0.2) as scope:
                await vault.users.me()
            assert scope.cancelled_caught
            proxy.otherwise = passed
            assert (await vault.users.me()).username == name

    anyio.run(main)
    proxy.otherwise = passed
    anyio.run(main, backend="trio")


def test_hooks(server: Server, proxy: Proxy, name: str, caplog: Any) -> None:
    seen: List[Any] = []
    hooks = Hooks(on_request=seen.append, on_response=seen.append, on_retry=seen.append)
    with vault_of(proxy.url, name, retry=QUICK, hooks=hooks) as vault:
        seen.clear()
        proxy.plan.append(answered(503))
        vault.media.list(q="secret words").first()
        kinds = [type(one).__name__ for one in seen]
        assert kinds == ["RequestInfo", "ResponseInfo", "RetryInfo", "RequestInfo", "ResponseInfo"]
        assert (seen[0].method, seen[0].path, seen[3].attempt) == ("GET", "/media", 2)
        assert seen[4].status == 200 and seen[4].elapsed > 0 and not seen[4].replayed
        logger = logging.getLogger("test of hooks")
        with caplog.at_level(logging.DEBUG, "test of hooks"):
            proxy.plan.append(reset)
            vault.with_options(hooks=logging_hooks(logger)).media.list(q="secret words").first()
        assert "GET /media again in" in caplog.text and ": 200 in" in caplog.text
        assert vault.tokens and vault.tokens.token not in caplog.text and "secret" not in caplog.text


def test_threads_share_a_client(vault: MediaVault) -> None:
    made: List[str] = []

    def work(number: int) -> None:
        made.append(vault.media.upload(str(number).encode(), filename=str(number)).id)
        assert vault.media.download(made[-1]).read()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == sorted(one.id for one in vault.media.list())
