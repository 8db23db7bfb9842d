"""Every call of the API, by both clients."""

from __future__ import annotations

import datetime
import hashlib
import secrets
import threading
from typing import Any

import pytest

import mediavault
from mediavault import NotFoundError, PreconditionFailedError
from support import BINARY, PASSWORD, REPOSITORY, Server, register, settled

NOW = datetime.datetime.now(datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
PHOTO = REPOSITORY / "tests/media/photos/landscape_orientation_6.jpg"


def sha(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def test_accounts(clients: Any, server: Server) -> None:
    vault = clients(server.url)
    name = "ada-" + secrets.token_hex(4)
    made = vault.auth.register(name, PASSWORD, name + "@example.com")
    assert (made.username, made.email, made.is_admin) == (name, name + "@example.com", False)
    assert made.created_at.tzinfo is datetime.timezone.utc and made.trashed is None
    tokens = vault.auth.login(name + "@example.com", PASSWORD)
    assert vault.tokens == tokens and tokens.token not in repr(tokens)
    me = vault.users.me()
    assert (me.id, me.trashed, me.quota) == (made.id, 0, None)
    other = "bob-" + secrets.token_hex(4)
    changed = vault.users.update(
        username=other, email=other + "@example.com", if_match=me.etag
    )
    with pytest.raises(PreconditionFailedError):
        vault.users.update(username="no", if_match=me.etag)
    assert (changed.username, changed.email) == (other, other + "@example.com")
    fresh = secrets.token_urlsafe(12)
    vault.users.update(password=fresh, current_password=PASSWORD)
    vault.users.delete(fresh)
    assert vault.tokens is None
    with pytest.raises(mediavault.UnauthorizedError):
        vault.auth.login(other, fresh)


def test_sessions(clients: Any, server: Server, name: str) -> None:
    one = clients.logged_in(server.url, name)
    two = clients.logged_in(server.url, name)
    (first, second) = one.auth.sessions()
    assert (first.current, second.current) == (True, False)
    assert first.user_agent.startswith("mediavault-sdk-python/")
    before = two.tokens
    assert two.auth.refresh() != before
    one.auth.end_session(second.id)
    with pytest.raises(mediavault.UnauthorizedError):
        two.users.me()
    assert two.tokens is None
    three = clients.logged_in(server.url, name)
    three.auth.logout()
    with pytest.raises(mediavault.UnauthorizedError):
        three.users.me()
    assert one.auth.logout_all() == 1 and one.tokens is None


def test_api_keys(clients: Any, server: Server, both: Any) -> None:
    end = (NOW + HOUR).replace(microsecond=0)
    made = both.api_keys.create("backup", scopes=["read"], expires_at=end)
    assert (made.name, made.kind, tuple(made.scopes)) == ("backup", "api", ("read",))
    assert made.expires_at == end and made.secret.startswith(made.prefix)
    assert made.secret not in repr(made)
    (listed,) = both.api_keys.list()
    assert listed.id == made.id and not hasattr(listed, "secret")
    program = clients(server.url, api_key=made.secret)
    assert program.users.me().id == both.users.me().id
    with pytest.raises(mediavault.ForbiddenError):
        program.collections.create("no")
    master = both.api_keys.create("master", kind="master")
    assert master.kind == "master"
    both.api_keys.delete(made.id)
    with pytest.raises(mediavault.UnauthorizedError):
        program.users.me()


def test_media(both: Any) -> None:
    data = secrets.token_bytes(1000)
    made = both.media.upload(data, filename="a.bin", title="A", description="An a", tags=["x", "y"])
    assert (made.filename, made.title, made.description) == ("a.bin", "A", "An a")
    assert tuple(made.tags) == ("x", "y") and made.size == 1000 and made.checksum == sha(data)
    seen = settled(both, made.id)
    assert seen == made and seen.etag
    assert both.media.get_if_changed(made.id, seen.etag) is None
    changed = both.media.update(made.id, title=None, tags=["z,z"], if_match=seen.etag)
    assert changed.title is None and changed.description == "An a" and tuple(changed.tags) == ("z,z",)
    assert both.media.get_if_changed(made.id, seen.etag) == changed
    with pytest.raises(PreconditionFailedError):
        both.media.update(made.id, filename="b.bin", if_match=seen.etag)
    renamed = both.media.update(made.id, filename="b.bin", description="", if_match=changed.etag)
    assert renamed.filename == "b.bin"
    assert both.media.exists([sha(data), sha(b"other")]) == {sha(data): made.id, sha(b"other"): None}
    replaced = both.media.replace(made.id, b"other", checksum=sha(b"other"))
    assert (replaced.id, replaced.filename, replaced.size) == (made.id, "b.bin", 5)
    assert both.media.download(made.id).read() == b"other"
    deleted = both.media.delete(made.id)
    assert deleted.deleted and deleted.restorable_until > NOW
    with pytest.raises(NotFoundError):
        both.media.get(made.id)


def test_trash(both: Any) -> None:
    ids = [both.media.upload(b"x", filename=f"{n}.txt").id for n in range(4)]
    for id in ids:
        both.media.delete(id)
    assert [one.id for one in both.trash.list(per_page=3)] == ids[::-1]
    first = both.trash.list().first()
    assert first.deleted_at <= first.restorable_until
    assert both.trash.restore(ids[0], idempotency_key=secrets.token_hex()).id == ids[0]
    both.trash.delete(ids[1])
    emptied = both.trash.empty()
    assert emptied.deleted == 2 and emptied.freed_bytes >= 2
    assert list(both.trash.list()) == [] and both.trash.list().first() is None
    gone = both.media.delete(ids[0], permanent=True)
    assert gone.restorable_until is None


def test_lists(both: Any) -> None:
    made = [both.media.upload(b"x" * n, filename=f"{n}.txt", tags=[f"t{n % 2}"]) for n in range(1, 8)]
    assert [one.id for one in both.media.list(per_page=3)] == [one.id for one in made][::-1]
    sizes = [one.size for one in both.media.list(sort="size", tag="t1", per_page=2)]
    assert sizes == [1, 3, 5, 7]
    assert [one.size for one in both.media.list(sort="size", order="desc", per_page=100)] == [*range(7, 0, -1)]
    pages = list(both.media.list(per_page=3).pages())
    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert pages[0].pagination.total == 7
    assert [one.filename for one in both.media.list(q="5.txt")] == ["5.txt"]
    assert list(both.media.list(type="video")) == []
    assert len(list(both.media.list(type="document"))) == 7
    assert list(both.media.list(created_before=NOW - HOUR)) == []
    assert len(list(both.media.list(created_after=NOW - HOUR, created_before=NOW + HOUR))) == 7
    with pytest.raises(ValueError):
        both.media.list(created_after=datetime.datetime.now())


def test_collections(both: Any) -> None:
    made = both.collections.create("Summer", "By the sea")
    assert made.etag and (made.name, made.description, made.media_count) == ("Summer", "By the sea", 0)
    ids = [both.media.upload(b"x", filename=f"{n}.txt").id for n in range(5)]
    one = both.collections.add_media(made.id, ids[0])
    all = both.collections.add_media(made.id, ids, if_match=one.etag)
    assert all.media_count == 5
    both.collections.move_media(made.id, ids[4], ids[0])
    both.collections.move_media(made.id, ids[0], None)
    both.collections.remove_media(made.id, ids[2])
    assert [m.id for m in both.collections.list_media(made.id, per_page=2)] == [ids[4], ids[1], ids[3], ids[0]]
    by_name = both.collections.list_media(made.id, sort="-filename", type="document", q="txt", order="desc")
    assert [m.filename for m in by_name] == ["4.txt", "3.txt", "1.txt", "0.txt"]
    assert len(list(both.media.list(collection=made.id))) == 4
    seen = both.collections.get(made.id)
    assert both.collections.get_if_changed(made.id, seen.etag) is None
    changed = both.collections.update(made.id, name="Autumn", description=None, if_match=seen.etag)
    assert (changed.name, changed.description) == ("Autumn", None)
    assert both.collections.get_if_changed(made.id, seen.etag) == changed
    with pytest.raises(PreconditionFailedError):
        both.collections.delete(made.id, if_match=seen.etag)
    others = [both.collections.create(f"c{n}").id for n in range(3)]
    assert [c.id for c in both.collections.list(per_page=2)] == [made.id, *others]
    both.collections.delete(made.id)
    with pytest.raises(NotFoundError):
        both.collections.get(made.id)


def test_shares(both: Any) -> None:
    media = both.media.upload(b"x", filename="a.txt")
    collection = both.collections.create("c")
    end = (NOW + HOUR).replace(microsecond=0)
    one = both.shares.share_media(media.id, password="open", expires_at=end, max_downloads=3)
    assert (one.media_id, one.collection_id) == (media.id, None)
    assert (one.has_password, one.expires_at, one.max_downloads) == (True, end, 3)
    two = both.shares.share_collection(collection.id, allow_download=False)
    assert (two.collection_id, two.allow_download, two.has_password) == (collection.id, False, False)
    assert [s.id for s in both.shares.list(per_page=1)] == [two.id, one.id]
    assert [s.id for s in both.shares.list_of_media(media.id)] == [one.id]
    assert [s.id for s in both.shares.list_of_collection(collection.id)] == [two.id]
    changed = both.shares.update(
        one.id, password=None, expires_at=None, max_downloads=None, if_match=one.etag
    )
    with pytest.raises(PreconditionFailedError):
        both.shares.revoke(one.id, if_match=one.etag)
    assert (changed.has_password, changed.expires_at, changed.max_downloads) == (False, None, None)
    both.shares.update(one.id, password="more", expires_at=end, max_downloads=1, allow_download=False)
    assert both.shares.get(one.id).has_password
    both.shares.revoke(one.id)
    with pytest.raises(NotFoundError):
        both.shares.get(one.id)


def test_webhooks(both: Any) -> None:
    made = both.webhooks.create("http://127.0.0.1:1/hook", ["media.uploaded"])
    assert made.secret.startswith("whsec_") and made.secret not in repr(made)
    assert [one.id for one in both.webhooks.list()] == [made.id]
    assert both.webhooks.get(made.id).active
    changed = both.webhooks.update(
        made.id,
        url="http://127.0.0.1:1/2",
        events=["media.deleted"],
        if_match=both.webhooks.get(made.id).etag,
    )
    with pytest.raises(PreconditionFailedError):
        both.webhooks.delete(made.id, if_match=made.etag)
    assert changed.url.endswith("/2") and tuple(changed.events) == ("media.deleted",)
    delivery = both.webhooks.test(made.id)
    assert delivery.event == delivery.payload.event == "webhook.test"
    dead = _dead(both, made.id)
    assert dead.id == delivery.id and dead.error
    assert [one.id for one in both.webhooks.deliveries(made.id, status="dead")] == [dead.id]
    assert both.webhooks.resend(made.id, dead.id).status == "pending"
    assert not both.webhooks.update(made.id, active=False).active
    both.webhooks.delete(made.id)
    with pytest.raises(NotFoundError):
        both.webhooks.get(made.id)


def _dead(vault: Any, id: str) -> Any:
    """The test's delivery, which is attempted once."""
    wait = threading.Event()
    for _ in range(600):
        one = vault.webhooks.deliveries(id).first()
        if one.status == "dead":
            return one
        wait.wait(0.05)
    raise AssertionError("the delivery did not end")


def test_pictures(both: Any, server: Server) -> None:
    media = both.media.upload(b"no picture", filename="a.txt")
    address = both.media.image_url(media.id, w=100, fit="cover")
    assert address == f"{server.url}/api/v1/media/{media.id}/image?w=100&fit=cover"
    assert both.media.thumbnail_url(media.id) == f"{server.url}/api/v1/media/{media.id}/thumbnail"
    with pytest.raises(mediavault.ApiError):
        both.media.image(media.id, w=0, h=1, format="webp", q=80)


def test_pictures_of_a_photo(both: Any) -> None:
    if not BINARY.with_name("coffer-media").exists() or not PHOTO.exists():
        pytest.skip("there is no coffer-media, or no photo")
    media = settled(both, both.media.upload(PHOTO).id)
    assert media.status == "ready" and media.width and media.height
    small = both.media.thumbnail(media.id)
    assert small.media_type == "image/webp" and small.content[8:12] == b"WEBP" and small.etag
    picture = both.media.image(media.id, w=64, h=64, fit="cover", format="jpeg", q=80)
    assert picture.media_type == "image/jpeg" and picture.content[:2] == b"\xff\xd8"
    with pytest.raises(mediavault.ValidationError):
        both.media.image(media.id, w=0)


def test_ids_are_data(both: Any) -> None:
    for id in ("", ".", ".."):
        with pytest.raises(ValueError):
            both.media.get(id)
    with pytest.raises(NotFoundError):
        both.media.get("a/../../b?c#d%2F é")


def test_other_options_share_the_session(both: Any) -> None:
    other = both.with_options(timeout=5.0, deadline=10.0, retry=mediavault.Retry(attempts=1))
    assert other.users.me() == both.users.me()
    other.auth.logout()
    assert both.tokens is None


@pytest.mark.parametrize("url", ["ftp://x", "vault.example", "http://a:b@x/", "http://x/?q"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError):
        mediavault.MediaVault(url)


@pytest.mark.parametrize("tail", ["", "/", "/api/v1", "/api/v1/", "/v1"])
def test_addresses(server: Server, name: str, tail: str) -> None:
    with mediavault.MediaVault(server.url + tail, trust_env=False) as vault:
        vault.auth.login(name, PASSWORD)
        assert vault.users.me().username == name


def test_nothing_is_shared_between_clients(server: Server) -> None:
    names = [register(server.url) for _ in range(2)]
    vaults = [mediavault.MediaVault(server.url, trust_env=False) for _ in names]
    for vault, name in zip(vaults, names):
        vault.auth.login(name, PASSWORD)
    assert [vault.users.me().username for vault in vaults] == names
    for vault in vaults:
        vault.close()
