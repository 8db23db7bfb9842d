"""Many uploads at a time: by threads, or by tasks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Awaitable, Callable, Dict, Iterable, Iterator, List, Optional, Tuple, TypeVar

import anyio

from .models import Media, Uploaded

S = TypeVar("S")
Done = Optional[Callable[[Uploaded], None]]


class _Results:
    def __init__(self, done: Done) -> None:
        self._done = done
        self._by_place: Dict[int, Uploaded] = {}

    def add(self, place: int, result: Uploaded) -> None:
        self._by_place[place] = result
        if self._done:
            self._done(result)

    def in_order(self) -> List[Uploaded]:
        return [self._by_place[place] for place in sorted(self._by_place)]


def _checked(concurrency: int) -> int:
    if concurrency < 1:
        raise ValueError("concurrency must be 1 or more")
    return concurrency


def upload_many(
    upload: Callable[[S], Media], sources: Iterable[S], concurrency: int, done: Done
) -> List[Uploaded]:
    results = _Results(done)
    waiting: Iterator[Tuple[int, S]] = enumerate(sources)
    lock = threading.Lock()
    is_stopped = False

    def work() -> None:
        while True:
            with lock:
                following = None if is_stopped else next(waiting, None)
            if following is None:
                return
            place, source = following
            try:
                result = Uploaded(source, upload(source), None)
            except Exception as error:
                result = Uploaded(source, None, error)
            with lock:
                results.add(place, result)

    with ThreadPoolExecutor(_checked(concurrency), "mediavault-upload") as pool:
        try:
            jobs = [pool.submit(work) for _ in range(concurrency)]
            for job in jobs:
                job.result()
        except BaseException:
            # An interrupt, or a failure of `sources` or `done`: what is under way may end.
            is_stopped = True
            raise
    return results.in_order()


async def async_upload_many(
    upload: Callable[[S], Awaitable[Media]], sources: Iterable[S], concurrency: int, done: Done
) -> List[Uploaded]:
    results = _Results(done)
    waiting: Iterator[Tuple[int, S]] = enumerate(sources)
    failures: List[Exception] = []

    async def work() -> None:
        try:
            for place, source in waiting:
                try:
                    result = Uploaded(source, await upload(source), None)
                except Exception as error:
                    result = Uploaded(source, None, error)
                results.add(place, result)
        except Exception as error:
            # Of `sources` or `done`; raised as it is, not in a group.
            failures.append(error)
            group.cancel_scope.cancel()

    workers = _checked(concurrency)
    async with anyio.create_task_group() as group:
        for _ in range(workers):
            group.start_soon(work)
    if failures:
        raise failures[0]
    return results.in_order()
