"""A program as people write it, which mypy's strict mode checks; it is never run."""

from __future__ import annotations

from typing import List, Optional, Sequence, Union

from typing_extensions import assert_type

import mediavault
from mediavault import AsyncMediaVault, MediaVault


def keep(tokens: Optional[mediavault.Tokens]) -> None: ...


def told(done: int, total: Optional[int]) -> None: ...


def blocking(body: bytes, secret: str) -> None:
    with MediaVault("https://vault.example.com", on_tokens=keep) as vault:
        vault.auth.login("ada", "correct horse")
        media = vault.media.upload("a.jpg", tags=["sea"], progress=told)
        assert_type(media, mediavault.Media)
        assert_type(media.taken_at is None or media.taken_at.year > 2000, bool)
        assert_type(media.tags, Sequence[str])
        assert_type(vault.media.list(type="image").first(), Optional[mediavault.Media])
        for page in vault.collections.list().pages():
            assert_type(page.items, Sequence[mediavault.Collection])
        assert_type(vault.media.update(media.id, title=None).etag, Optional[str])
        results: List[mediavault.Uploaded] = vault.media.upload_many(["a.jpg", b"x"])
        assert len(results) == 2
        done = vault.media.download_to(media.id, "b.jpg")
        assert_type(done.verified, bool)
        with vault.media.download(media.id) as stream:
            assert_type(b"".join(stream), bytes)
        for event in vault.realtime(["media_updates"], resources={"media_updates": [media.id]}):
            assert_type(event, mediavault.RealtimeEvent)
        for upload in vault.realtime(["upload_updates"]):
            assert_type(upload.data, mediavault.UploadProgress)
            assert_type(upload.data.size, Optional[int])
        for any_event in vault.realtime(["media_updates", "upload_updates"]):
            assert_type(any_event, Union[mediavault.RealtimeEvent, mediavault.UploadEvent])
        message = mediavault.verify_webhook(body, {"webhook-id": "msg_1"}, [secret])
        assert_type(message.data.id, str)


async def asynchronous() -> None:
    async with AsyncMediaVault("https://vault.example.com", api_key="secret") as vault:
        assert_type(await vault.users.me(), mediavault.User)
        async for media in vault.media.list(sort="-size"):
            assert_type(media, mediavault.Media)
        assert_type(await vault.trash.list().first(), Optional[mediavault.TrashedMedia])
        async with vault.media.download("media_1") as stream:
            assert_type(await stream.read(), bytes)
        async for upload in vault.realtime(["upload_updates"]):
            assert_type(upload, mediavault.UploadEvent)
        async with vault.realtime() as events:
            async for event in events:
                assert_type(event.data, mediavault.WebhookData)
