"""Lists that are read page by page, as one goes through them."""

from __future__ import annotations

from typing import AsyncIterator, Awaitable, Callable, Generic, Iterator, Optional, TypeVar

from ._operations import PageList
from ._requests import Call
from .models import Page

T = TypeVar("T")


class Pages(Generic[T]):
    """All items of a list; each `for` begins it anew. A page is asked for when it is needed."""

    def __init__(self, run: Callable[[Call[Page[T]]], Page[T]], pages: PageList[T]) -> None:
        self._run, self._list = run, pages

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[T]]:
        """Page by page, with `pagination.total` and the like."""
        cursor: Optional[str] = ""
        while cursor is not None:
            page = self._run(self._list.call(cursor))
            yield page
            cursor = self._list.next(page)

    def first(self) -> Optional[T]:
        """The first item; None: there is none."""
        return next(iter(self), None)


class AsyncPages(Generic[T]):
    """As Pages, for `async for`."""

    def __init__(
        self, run: Callable[[Call[Page[T]]], Awaitable[Page[T]]], pages: PageList[T]
    ) -> None:
        self._run, self._list = run, pages

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self) -> AsyncIterator[Page[T]]:
        """Page by page, with `pagination.total` and the like."""
        cursor: Optional[str] = ""
        while cursor is not None:
            page = await self._run(self._list.call(cursor))
            yield page
            cursor = self._list.next(page)

    async def first(self) -> Optional[T]:
        """The first item; None: there is none."""
        async for page in self.pages():
            for item in page.items:
                return item
        return None
