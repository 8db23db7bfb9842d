"""Quotas, sizes, and who the caller is behind a proxy."""

import threading

import pytest

from harness import forms, samples, shapes
from harness.client import Api
from harness.forms import Part

HEADERS = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]


def test_switched_off(user):
    reply = user.get("/users/me")
    assert not [name for name in HEADERS if name in reply.headers]


# Behind a proxy.


def from_address(server, address, **headers):
    return server.anyone().get("/users/me", headers={"X-Forwarded-For": address, **headers})


def test_a_forwarded_address_counts_from_a_trusted_proxy_only(launch):
    for trusted, distinct in [("127.0.0.0/8", True), (None, False)]:
        settings = {"rate_limits": "on", "limits.anonymous_per_minute": 2, "trusted_proxies": trusted}
        server = launch(settings, name=f"data-{distinct}")
        codes = [from_address(server, f"203.0.113.{n}").status_code for n in range(1, 7)]
        if distinct:
            assert codes == [401] * 6
        else:
            assert codes == [401] * 2 + [429] * 4


def test_only_the_nearest_address_that_is_not_a_proxys_counts(launch):
    """What a client writes into the field itself buys it no second budget."""
    server = launch(
        {"rate_limits": "on", "limits.anonymous_per_minute": 2, "trusted_proxies": "127.0.0.1,10.0.0.0/8"}
    )
    codes = [
        from_address(server, f"198.51.100.{n}, 203.0.113.1, 10.0.0.{n}").status_code for n in range(1, 7)
    ]
    assert codes == [401] * 2 + [429] * 4


@pytest.mark.parametrize("value", ["", "x", ",,,", "999.1.1.1", "203.0.113.1:99999", "\x80", "1.2.3.4, " * 2000])
def test_forwarded_rubbish(launch, value):
    server = launch({"rate_limits": "on", "trusted_proxies": "127.0.0.1"})
    reply = from_address(server, value.encode("latin-1"))
    assert reply.status_code in (400, 401, 431), reply.text


def test_urls_follow_the_host(shared, user):
    thing = user.upload()
    reply = user.get(f"/media/{thing['id']}", headers={"Host": "vault.example.com:8443"})
    assert reply.json()["data"]["url"].startswith("http://vault.example.com:8443/")
    reply = user.get(
        f"/media/{thing['id']}",
        headers={"X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "https"},
    )
    assert reply.json()["data"]["url"].startswith(shared.url + "/")


def test_urls_follow_a_trusted_proxy(launch):
    server = launch({"trusted_proxies": "127.0.0.1"})
    user = server.user()
    thing = user.upload()
    reply = user.get(
        f"/media/{thing['id']}",
        headers={"X-Forwarded-Host": "vault.example.com", "X-Forwarded-Proto": "https"},
    )
    assert reply.json()["data"]["url"].startswith("https://vault.example.com/")


@pytest.mark.parametrize("proto", ["https", "https,http", "https, http, http"])
@pytest.mark.parametrize("host", ["ex.org", "ex.org, inner.lan", "ex.org,inner.lan:8080"])
def test_urls_follow_the_outermost_of_several_proxies(launch, proto, host):
    server = launch({"trusted_proxies": "127.0.0.1"})
    user = server.user()
    headers = {"X-Forwarded-Host": host, "X-Forwarded-Proto": proto}
    thing = user.upload()
    reply = user.get(f"/media/{thing['id']}", headers=headers)
    assert reply.json()["data"]["url"].startswith("https://ex.org/api/v1/media/")


def test_an_ipv6_site_has_one_budget(launch):
    server = launch(
        {"rate_limits": "on", "limits.anonymous_per_minute": 2, "trusted_proxies": "127.0.0.1"}
    )
    addresses = ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:1::3", "2001:db8:0:2::1"]
    codes = [from_address(server, address).status_code for address in addresses]
    assert codes == [401, 401, 429, 401]
    mapped = ["203.0.113.9", "::ffff:203.0.113.9", "[::ffff:203.0.113.9]:443"]
    assert [from_address(server, one).status_code for one in mapped] == [401, 401, 429]


def test_urls_follow_the_setting(launch):
    server = launch({"public_url": "https://files.example.org/vault"})
    user = server.user()
    thing = user.upload()
    assert thing["url"].startswith("https://files.example.org/vault/")
    reply = user.get(f"/media/{thing['id']}", headers={"Host": "evil.example.com"})
    assert reply.json()["data"]["url"] == thing["url"]


@pytest.mark.parametrize("host", ["evil.example.com/path", "a b", "a\"b", "user@host", "<x>"])
def test_a_host_that_is_none_gives_no_url(shared, user, host):
    thing = user.upload()
    with shared.wire() as wire:
        head = (
            f"GET /api/v1/media/{thing['id']} HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {user.token}\r\n\r\n"
        )
        reply = wire.send(head.encode()).reply()
    assert reply.status_code == 400, reply


def test_require_https(launch):
    """Who asks from this machine is asked for the same: it may be a proxy that says nothing."""
    server = launch({"require_https": "true", "trusted_proxies": "127.0.0.1"})
    anyone = server.anyone()

    def ask(**headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return anyone.get("/users/me", headers=headers)

    for plain in (
        {},
        {"X_Forwarded_For": "127.0.0.1"},
        {"X_Forwarded_For": "203.0.113.5"},
        {"X_Forwarded_For": "203.0.113.5", "X_Forwarded_Proto": "http"},
        {"X_Forwarded_Proto": "http, https"},
        {"Forwarded": "for=203.0.113.5;proto=https"},
    ):
        shapes.failure(ask(**plain), "forbidden", 403)
    for proto in ("https", "https,http", "https, http", "HTTPS, http, http"):
        shapes.failure(ask(X_Forwarded_For="203.0.113.5", X_Forwarded_Proto=proto), "unauthorized")
    other = launch({"require_https": "true"}, name="no-proxy").anyone()
    reply = other.get("/users/me", headers={"X-Forwarded-Proto": "https"})
    shapes.failure(reply, "forbidden", 403)


# Quotas and sizes.

MIB = 1 << 20
# What the quota takes for `file.bin` beside its bytes: a fixed sum and the name.
FILE = 1024 + len("file.bin")


def test_a_quota_is_used_exactly_and_never_passed(launch):
    server = launch({"accounts.quota": MIB + FILE})
    user = server.user()
    assert user.me()["quota_bytes"] == MIB + FILE
    shapes.failure(user.try_upload(bytes(MIB + 1)), "quota_exceeded", 413)
    thing = user.upload(bytes(MIB))
    assert user.me()["used_bytes"] == MIB and user.me()["charged_bytes"] == MIB + FILE
    shapes.failure(user.try_upload(b"x"), "quota_exceeded", 413)
    shapes.failure(user.try_upload(b"", "empty.txt"), "quota_exceeded", 413)
    user.delete(f"/media/{thing['id']}?permanent=true")
    assert user.me()["used_bytes"] == 0 and user.me()["charged_bytes"] == 0
    user.upload(samples.noise(MIB))
    server.user().upload(bytes(MIB))


def test_parallel_uploads_cannot_pass_a_quota(launch):
    server = launch({"accounts.quota": MIB + 4 * FILE})
    user = server.user()
    codes, gate = [], threading.Barrier(12)

    def run(number):
        caller = user.again()
        data = samples.noise(MIB // 4, number)
        gate.wait()
        codes.append(caller.try_upload(data).status_code)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(12)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert sorted(codes) == [201] * 4 + [413] * 8
    assert user.me()["used_bytes"] == MIB and len(user.media()) == 4


def test_of_several_files_beyond_a_quota_none_is_stored(launch):
    server = launch({"accounts.quota": MIB})
    user = server.user()
    reply = user.send_form([Part("file", samples.noise(MIB // 2, n), f"{n}.bin") for n in range(3)])
    shapes.failure(reply, "quota_exceeded", 413)
    assert user.media() == [] and user.me()["used_bytes"] == 0


def test_a_body_of_unknown_length_stops_at_the_limit(launch):
    server = launch({"uploads.max_bytes": MIB})
    user = server.user()
    content_type, before, after = forms.file_frame()
    with server.wire() as wire:
        wire.send(
            wire.head(
                "POST",
                "/api/v1/media/upload",
                {
                    "Authorization": f"Bearer {user.token}",
                    "Content-Type": content_type,
                    "Transfer-Encoding": "chunked",
                },
            )
        )
        try:
            wire.send(forms.chunked(before + bytes(3 * MIB) + after, [65_536]))
        except OSError:
            pass
        shapes.failure(wire.reply(), "payload_too_large", 413)
    assert user.media() == []


def test_a_quota_holds_after_a_restart(launch):
    server = launch({"accounts.quota": MIB + FILE})
    user = server.user()
    user.upload(bytes(MIB))
    server.restart()
    user = Api(server.root, token=user.token)
    assert user.me()["used_bytes"] == MIB
    shapes.failure(user.try_upload(b"x"), "quota_exceeded")
