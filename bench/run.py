"""Measures the server beside its peers; see README.md for what the table says."""

import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
BASELINE = "baseline"  # the name of what later runs are compared with
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

# ruff: noqa: E402 (the path comes first)
import cases
import lab
import media
import realtime
import s3
import table
import webhooks

GROUPS = {group.__name__.lower(): group
          for group in (*cases.GROUPS, webhooks.Webhooks, realtime.Realtime, media.Media, s3.S3)}


class Bench:
    """The settings of a run and what its groups share."""

    def __init__(self, environment):
        self.rounds = int(environment.get("BENCH_ROUNDS", "5"))
        self.seconds = float(environment.get("BENCH_SECONDS", "3"))
        self.large = int(environment.get("BENCH_LARGE_MIB", "1024")) << 20
        self.growth = [int(n) for n in environment.get("BENCH_GROWTH", "1000 100000 1000000").split()]
        self.only = environment.get("BENCH_ONLY", " ".join(GROUPS)).split()
        self.name = environment.get("BENCH_NAME", time.strftime("%Y-%m-%d-%H%M%S"))
        self.congestion = lab.own_network(environment.get("BENCH_CONGESTION", "reno"))
        self.quiet = lab.Quiet(float(environment.get("BENCH_PATIENCE", "120")))
        self.descriptors = lab.raise_descriptors()
        self.folder = HERE.parent / "build" / "bench" / f"run-{os.getpid()}"
        self.folder.mkdir(parents=True)
        self.load = lab.Load(self.folder / "load")
        self.failures = []

    def run(self):
        rows = []
        for name in self.only:
            began = time.monotonic()
            print(f"{name} …", end="", flush=True, file=sys.stderr)
            try:
                self.run_group(GROUPS[name], rows)
            except KeyboardInterrupt:
                self.failures.append(f"STOPPED in {name}")
                break
            finally:
                print(f" {time.monotonic() - began:.0f} s", file=sys.stderr)
        return rows

    def run_group(self, kind, rows):
        """Adds its rows. What fails is told in the notes and costs no other group its turn."""
        group = kind(self)
        try:
            with group:
                for turn in range(self.rounds):
                    group.round(turn)
        except (lab.Failed, AssertionError, OSError, subprocess.SubprocessError) as error:
            self.failures.append(f"FAILED: {kind.__name__.lower()}: {error}")
        finally:
            rows += [row for row in group.rows if row.ours]

    def about(self):
        with open("/proc/cpuinfo", encoding="ascii") as file:
            model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
        nginx = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
        return {
            "measured": time.strftime("%Y-%m-%d %H:%M:%S"),
            "coffer": lab.version(),
            "peer": nginx.split(":")[1].strip(),
            "machine": f"{lab.CORES} × {model}, Linux {platform.release()}",
            "congestion control": self.congestion,
            "rounds": self.rounds,
            "seconds a sample": self.seconds,
            "quiet": self.quiet.text(),
        }


def main():
    # Also where a shell has them ignored: what was started has to be ended.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    bench = Bench(os.environ)
    unknown = set(bench.only) - set(GROUPS)
    if unknown:
        sys.exit(f"no such group: {' '.join(unknown)}; there are {' '.join(GROUPS)}")
    results = HERE / "results"
    recorded = table.read(results / f"{BASELINE}.json")
    try:
        rows = bench.run()
        changes = table.changes(rows, recorded) if recorded else []
        # A table that others will be compared with tells of none that it takes the place of.
        kept = [] if bench.name == BASELINE else changes
        table.write(results, bench.name, bench.about(), rows, bench.failures + kept)
        print(table.as_text(rows))
        print("\n" + "\n".join([bench.quiet.text(), *bench.failures, *changes]))
        print(f"Written to bench/results/{bench.name}.json and .md")
    finally:
        shutil.rmtree(bench.folder)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    sys.exit(main())
