"""Written by `tools/asyncify.py`; do not edit."""

from __future__ import annotations

import functools
from datetime import datetime
from typing import Callable, Iterable, List, Mapping, Optional, Sequence, Union

from . import _downloads as downloads
from . import _operations as ops
from ._downloads import Download, DownloadTarget
from ._operations import UNSET, Unset
from ._pages import AsyncPages
from ._parallel import async_upload_many
from ._requests import Progress
from ._async_resources import AsyncResource
from ._sources import AsyncUploadSource, source_of
from ._streams import AsyncContentStream
from .models import (
    Collection,
    DeletedMedia,
    Downloaded,
    EmptiedTrash,
    Fit,
    Media,
    MediaKind,
    Order,
    Picture,
    PictureFormat,
    TrashedMedia,
    Uploaded,
)


class AsyncMediaFiles(AsyncResource):
    """Files, with what is known and said of them."""

    async def upload(
        self,
        source: AsyncUploadSource,
        *,
        filename: Optional[str] = None,
        size: Optional[int] = None,
        title: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Sequence[str]] = None,
        checksum: Optional[str] = None,
        progress: Optional[Progress] = None,
        idempotency_key: Optional[str] = None,
    ) -> Media:
        """Uploads a path, bytes, an open file (from where it stands) or an iterable of bytes.

        The checksum is worked out while the bytes are sent, and the server stores nothing that does
        not fit it; `checksum` (`sha256:…`) is sent in its place. `size` tells that of a stream whose
        size cannot be seen. `progress(done, total)` is called as bytes go out, and begins anew where
        the upload is sent again; an iterator cannot be sent again.
        """
        file = source_of(source, filename, size)
        call = ops.upload([file], [checksum], title, description, tags, progress, idempotency_key)
        uploaded = await self._client._call(call)
        return uploaded[0]

    async def upload_together(
        self,
        sources: Sequence[AsyncUploadSource],
        *,
        title: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Sequence[str]] = None,
        progress: Optional[Progress] = None,
        idempotency_key: Optional[str] = None,
    ) -> List[Media]:
        """Uploads up to 100 files in one request: all of them, or none."""
        files = [source_of(one) for one in sources]
        nothing = [None] * len(files)
        call = ops.upload(files, nothing, title, description, tags, progress, idempotency_key)
        return await self._client._call(call)

    async def upload_many(
        self,
        sources: Iterable[AsyncUploadSource],
        *,
        concurrency: int = 4,
        title: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Sequence[str]] = None,
        done: Optional[Callable[[Uploaded], None]] = None,
    ) -> List[Uploaded]:
        """Uploads many files, `concurrency` of them at a time; the results are in their order.

        A file that fails is told of in `error`, and the others go on. `done` is called with each
        result, one at a time.
        """
        upload = functools.partial(
            self.upload, title=title, description=description, tags=tags
        )
        return await async_upload_many(upload, sources, concurrency, done)

    async def exists(self, checksums: Sequence[str]) -> Mapping[str, Optional[str]]:
        """Each checksum (at most 1,000) with the id of a file of the caller's that has these bytes,
        or None."""
        return await self._client._call(ops.find_existing(checksums))

    def list(
        self,
        *,
        type: Optional[MediaKind] = None,
        q: Optional[str] = None,
        tag: Optional[str] = None,
        collection: Optional[str] = None,
        created_after: Optional[datetime] = None,
        created_before: Optional[datetime] = None,
        taken_after: Optional[datetime] = None,
        taken_before: Optional[datetime] = None,
        sort: Optional[str] = None,
        order: Optional[Order] = None,
        per_page: Optional[int] = None,
    ) -> AsyncPages[Media]:
        """All files that fit every filter, the newest first; page by page as one goes on.

        `sort` is `created_at`, `taken_at`, `filename` or `size`, with a minus in front for the other
        direction, or with `q` `relevance`. Moments need a time zone.
        """
        filters = {
            "type": type,
            "q": q,
            "tag": tag,
            "collection": collection,
            "created_after": created_after,
            "created_before": created_before,
            "taken_after": taken_after,
            "taken_before": taken_before,
            "sort": sort,
            "order": order,
        }
        return self._client._pages(ops.list_media(filters, per_page))

    async def get(self, id: str) -> Media:
        return await self._client._call(ops.show_media(id))

    async def get_if_changed(self, id: str, etag: str) -> Optional[Media]:
        """The file; None where it is still as `etag` says."""
        return await self._client._call(ops.media_if_changed(id, etag))

    async def update(
        self,
        id: str,
        *,
        filename: Union[str, Unset] = UNSET,
        title: Union[str, None, Unset] = UNSET,
        description: Union[str, None, Unset] = UNSET,
        tags: Union[Sequence[str], Unset] = UNSET,
        if_match: Optional[str] = None,
    ) -> Media:
        """Changes what is given; None clears it. With `if_match` only if its `etag` is that one."""
        return await self._client._call(ops.update_media(id, filename, title, description, tags, if_match))

    async def delete(
        self, id: str, *, permanent: bool = False, if_match: Optional[str] = None
    ) -> DeletedMedia:
        """Moves a file to the trash, or removes it for good."""
        return await self._client._call(ops.delete_media(id, permanent, if_match))

    async def replace(
        self,
        id: str,
        source: AsyncUploadSource,
        *,
        size: Optional[int] = None,
        checksum: Optional[str] = None,
        progress: Optional[Progress] = None,
        if_match: Optional[str] = None,
    ) -> Media:
        """Replaces the bytes; id, links, filename and texts stay. `if_match` is the `etag` of a
        download."""
        file = source_of(source, "content", size)
        return await self._client._call(ops.replace_content(id, file, checksum, progress, if_match))

    def download(self, id: str, *, progress: Optional[Progress] = None) -> AsyncContentStream:
        """The bytes as they come, to be used in `async with`; or all at once, by `read()`."""
        return AsyncContentStream(self._client, Download(self._client._core, id, progress))

    async def download_to(
        self,
        id: str,
        target: DownloadTarget,
        *,
        progress: Optional[Progress] = None,
        resume: bool = False,
    ) -> Downloaded:
        """Saves the bytes at a path, or in a file that is open for writing bytes.

        Where the connection breaks off, it goes on with the next byte; at the end the bytes are
        compared with the server's digest. The path is there only once all of it is; with `resume`
        what came before an error is kept as `<path>.part`, and the next call goes on with it.
        """
        return await self._client._run(downloads.save(self._client._core, id, target, progress, resume))

    async def thumbnail(self, id: str) -> Picture:
        """The small picture of a file. NotFoundError where there is none, ThumbnailNotReadyError
        where there is none yet."""
        return await self._client._call(ops.thumbnail(id))

    async def image(
        self,
        id: str,
        *,
        w: Optional[int] = None,
        h: Optional[int] = None,
        fit: Optional[Fit] = None,
        format: Optional[PictureFormat] = None,
        q: Optional[int] = None,
    ) -> Picture:
        """A picture of the file, `w` by `h` pixels at most, in quality `q` (1 to 100)."""
        return await self._client._call(ops.image(id, w, h, fit, format, q))

    def thumbnail_url(self, id: str) -> str:
        """The address of the small picture, for requests that carry credentials."""
        return ops.thumbnail(id).request.url(self._client._core.root)

    def image_url(
        self,
        id: str,
        *,
        w: Optional[int] = None,
        h: Optional[int] = None,
        fit: Optional[Fit] = None,
        format: Optional[PictureFormat] = None,
        q: Optional[int] = None,
    ) -> str:
        """The address of that picture, for requests that carry credentials."""
        return ops.image(id, w, h, fit, format, q).request.url(self._client._core.root)


class AsyncTrash(AsyncResource):
    """Files that were deleted and can be restored for a while."""

    def list(self, *, per_page: Optional[int] = None) -> AsyncPages[TrashedMedia]:
        """What can be restored, the last deleted first."""
        return self._client._pages(ops.list_trash(per_page))

    async def restore(self, id: str, *, idempotency_key: Optional[str] = None) -> Media:
        return await self._client._call(ops.restore(id, idempotency_key))

    async def delete(self, id: str) -> None:
        """Deletes a file for good."""
        await self._client._call(ops.delete_trashed(id))

    async def empty(self) -> EmptiedTrash:
        """Deletes all of it for good."""
        return await self._client._call(ops.empty_trash())


class AsyncCollections(AsyncResource):
    """Lists of files, in an order of their own."""

    async def create(
        self,
        name: str,
        description: Optional[str] = None,
        *,
        idempotency_key: Optional[str] = None,
    ) -> Collection:
        return await self._client._call(ops.create_collection(name, description, idempotency_key))

    def list(self, *, per_page: Optional[int] = None) -> AsyncPages[Collection]:
        """All collections, the oldest first."""
        return self._client._pages(ops.list_collections(per_page))

    async def get(self, id: str) -> Collection:
        return await self._client._call(ops.show_collection(id))

    async def get_if_changed(self, id: str, etag: str) -> Optional[Collection]:
        """The collection; None where it is still as `etag` says."""
        return await self._client._call(ops.collection_if_changed(id, etag))

    async def update(
        self,
        id: str,
        *,
        name: Union[str, Unset] = UNSET,
        description: Union[str, None, Unset] = UNSET,
        if_match: Optional[str] = None,
    ) -> Collection:
        """Changes what is given; None clears the description."""
        return await self._client._call(ops.update_collection(id, name, description, if_match))

    async def delete(self, id: str, *, if_match: Optional[str] = None) -> None:
        """Deletes the collection; its files stay."""
        await self._client._call(ops.delete_collection(id, if_match))

    async def add_media(
        self,
        id: str,
        media_ids: Union[str, Sequence[str]],
        *,
        if_match: Optional[str] = None,
        idempotency_key: Optional[str] = None,
    ) -> Collection:
        """Adds files at the end, all or none; what is in it already stays where it is."""
        ids = [media_ids] if isinstance(media_ids, str) else list(media_ids)
        return await self._client._call(ops.add_to_collection(id, ids, if_match, idempotency_key))

    def list_media(
        self,
        id: str,
        *,
        type: Optional[MediaKind] = None,
        q: Optional[str] = None,
        tag: Optional[str] = None,
        created_after: Optional[datetime] = None,
        created_before: Optional[datetime] = None,
        taken_after: Optional[datetime] = None,
        taken_before: Optional[datetime] = None,
        sort: Optional[str] = None,
        order: Optional[Order] = None,
        per_page: Optional[int] = None,
    ) -> AsyncPages[Media]:
        """The files of the collection, in its order. `sort` may also be `position`, `added_at`."""
        filters = {
            "type": type,
            "q": q,
            "tag": tag,
            "created_after": created_after,
            "created_before": created_before,
            "taken_after": taken_after,
            "taken_before": taken_before,
            "sort": sort,
            "order": order,
        }
        return self._client._pages(ops.list_collection_media(id, filters, per_page))

    async def move_media(
        self, id: str, media_id: str, before: Optional[str], *, if_match: Optional[str] = None
    ) -> Collection:
        """Moves a file right before another one of the collection; None: to the end."""
        return await self._client._call(ops.move_in_collection(id, media_id, before, if_match))

    async def remove_media(
        self, id: str, media_id: str, *, if_match: Optional[str] = None
    ) -> Collection:
        """Takes a file out of the collection; it stays."""
        return await self._client._call(ops.take_out_of_collection(id, media_id, if_match))
