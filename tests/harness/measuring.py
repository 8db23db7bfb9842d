"""What measures: bodies of any length, a server's memory, machines that others use too."""

import hashlib
import random
import statistics
import struct
import threading

BLOCK = 1 << 20
SAMPLE_EVERY = 0.01  # seconds


class Flow:
    """A body of `blocks` MiB, no two of them equal, hashed as it is made."""

    def __init__(self, blocks, seed=0):
        self.blocks = blocks
        self.size = blocks * BLOCK
        self._hash = hashlib.sha256()
        self._block = bytearray(random.Random(seed).randbytes(BLOCK))

    def __iter__(self):
        """The blocks in order; each is valid until the next."""
        for number in range(self.blocks):
            struct.pack_into("<Q", self._block, 0, number)
            self._hash.update(self._block)
            yield self._block

    def hexdigest(self):
        return self._hash.hexdigest()


class Memory:
    """The most that a server has resident while the block runs, over what it had before."""

    def __init__(self, server):
        self._server = server
        self._done = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self):
        self.before = self.peak = self._server.rss()
        self._server.reset_peak()
        self._sampler.start()
        return self

    def _sample(self):
        while not self._done.wait(SAMPLE_EVERY):
            self.peak = max(self.peak, self._server.rss())

    def __exit__(self, *_):
        self._done.set()
        self._sampler.join()
        self.peak = max(self.peak, self._server.peak_rss())

    @property
    def growth(self):
        return self.peak - self.before


def median(measure, times):
    return statistics.median(measure() for _ in range(times))


def below(bound, measure, attempts=3):
    """The first of several measurements that is below the bound, or else the least: what runs
    beside a measurement can only make it worse."""
    results = []
    while len(results) < attempts:
        results.append(measure())
        if results[-1] < bound:
            break
    return min(results)


def mebibytes(count):
    return f"{count / (1 << 20):.1f} MiB"


def milliseconds(seconds):
    return f"{seconds * 1000:.2f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"
