"""Measures builds of the server beside each other; README.md, "Two builds".

    bench/builds.py NAME=BINARY NAME=BINARY...

Every round measures each case with each build right after the others, in changing order. The
figures are compared with those of the first build within a round.
"""

import contextlib
import os
import pathlib
import random
import shutil
import statistics
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

# ruff: noqa: E402 (the path comes first)
import lab
from harness import program

KIB, MIB = 1 << 10, 1 << 20


class Build:
    """One build over a folder of its own, with what the cases ask for."""

    def __init__(self, name, binary, folder, load, quiet):
        self.name, self.binary, self.folder, self.load = name, pathlib.Path(binary), folder, load
        self.quiet = quiet
        self.sent = 0

    @contextlib.contextmanager
    def running(self):
        program.BINARY = self.binary
        with lab.Vault(self.folder) as self.vault:
            ids = [self.vault.user.upload(os.urandom(KIB), f"{n}.jpg", title="A title", tags=["a"])["id"]
                   for n in range(30)]
            medium = self.vault.user.upload(os.urandom(64 * KIB), "medium.bin")["id"]
            large = self.vault.user.upload(os.urandom(256 * MIB), "large.bin")["id"]
            self.paths = {"media": f"/media/{ids[0]}", "content": f"/media/{ids[0]}/content",
                          "64 KiB": f"/media/{medium}/content", "list": "/media?per_page=20"}
            self.get_large = self.load.file(
                lab.request("GET", f"/api/v1/media/{large}/content", self.vault.headers))
            self.upload_large = self.load.file(lab.upload(self.vault.headers, lab.CONTENT.encode(), 256 * MIB))
            self.form = self.load.file(lab.upload(self.vault.headers, lab.small_content(4 * KIB), 4 * KIB))
            yield self

    def read(self, what, seconds):
        return self.load.wrk(self.vault.root + self.paths[what], self.vault.headers, 64, seconds)

    def upload(self, clients, seconds):
        result = self.load.run("requests", port=self.vault.port, template=self.form, connections=clients,
                               seconds=seconds, first=self.sent)
        self.sent += result["requests"]
        return result["rate"]

    def large_download(self, count, seconds):
        return self.load.run("downloads", port=self.vault.port, template=self.get_large, connections=count,
                             seconds=seconds)["rate"] / MIB

    def large_upload(self):
        """One, whatever the seconds of a sample are."""
        return self.load.run("uploads", port=self.vault.port, template=self.upload_large, connections=1,
                             size=256 * MIB, first=random.randrange(10**12))["rate"] / MIB

    def delete(self, clients, seconds):
        """Of a thousand small files."""
        media = [self.vault.user.upload(b"x%d" % n, f"{n}.bin")["id"] for n in range(1000)]
        form = self.load.file(lab.request("DELETE", f"/api/v1/media/{lab.MARK}", self.vault.headers))
        # As long as the mark.
        ids = self.load.file("".join(f"media_{id[6:]:0>10}\n" for id in media).encode())
        self.quiet.wait()
        return self.load.run("requests", port=self.vault.port, template=form, connections=clients,
                             values=ids, count=len(media), seconds=seconds)["rate"]


CASES = {
    "JSON of one media": lambda build, seconds: build.read("media", seconds),
    "list of 20 media": lambda build, seconds: build.read("list", seconds),
    "GET 1 KiB": lambda build, seconds: build.read("content", seconds),
    "GET 64 KiB": lambda build, seconds: build.read("64 KiB", seconds),
    "GET 256 MiB, 8 parallel, MiB/s": lambda build, seconds: build.large_download(8, seconds),
    "upload 4 KiB, 1 client": lambda build, seconds: build.upload(1, seconds),
    "upload 4 KiB, 16 clients": lambda build, seconds: build.upload(16, seconds),
    "upload 4 KiB, 64 clients": lambda build, seconds: build.upload(64, seconds),
    "upload 256 MiB, MiB/s": lambda build, _: build.large_upload(),
    "delete, 16 clients": lambda build, seconds: build.delete(16, seconds),
}


def main():
    if len(sys.argv) < 3 or any("=" not in word for word in sys.argv[1:]):
        sys.exit(__doc__)
    rounds = int(os.environ.get("BENCH_ROUNDS", "5"))
    seconds = float(os.environ.get("BENCH_SECONDS", "3"))
    print("congestion control:", lab.own_network(os.environ.get("BENCH_CONGESTION", "reno")))
    lab.raise_descriptors()
    quiet = lab.Quiet(float(os.environ.get("BENCH_PATIENCE", "120")))
    folder = HERE.parent / "build" / "bench" / f"builds-{os.getpid()}"
    folder.mkdir(parents=True)
    try:
        with contextlib.ExitStack() as stack:
            load = lab.Load(folder / "load")
            builds = [
                stack.enter_context(Build(name, binary, folder / name, load, quiet).running())
                for name, binary in (word.split("=", 1) for word in sys.argv[1:])
            ]
            figures = {case: {build.name: [] for build in builds} for case in CASES}
            for _ in range(rounds):
                for case, measure in CASES.items():
                    for build in random.sample(builds, len(builds)):
                        os.sync()
                        quiet.wait()  # also until the other builds have done what they do afterwards
                        figures[case][build.name].append(measure(build, seconds))
    finally:
        shutil.rmtree(folder)
    first = builds[0].name
    print(quiet.text())
    print(f"{'':32}" + "".join(f"{build.name:>26}" for build in builds))
    for case, measured in figures.items():
        cells = []
        for build in builds:
            ratios = [ours / theirs for ours, theirs in zip(measured[build.name], measured[first])]
            cells.append(f"{statistics.median(measured[build.name]):10,.0f} {statistics.median(ratios):5.2f}"
                         f" {min(ratios):.2f}-{max(ratios):.2f}")
        print(f"{case:32}" + "".join(f"{cell:>26}" for cell in cells))


if __name__ == "__main__":
    main()
