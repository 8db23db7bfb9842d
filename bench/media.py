"""Thumbnails, beside the tools that a script would call."""

import concurrent.futures
import json
import os
import subprocess
import time

import lab
from cases import Group
from harness.media import PROBE, WORKER

EDGE = 320


class Media(Group):
    """On each core one thumbnail after the other. Ours is made by a worker that runs already, in a confined
    process of its own; theirs by a run of the tool."""

    COUNT = 8  # a core and sample

    def set_up(self):
        for program in (WORKER, PROBE):
            if not program.exists():
                raise lab.Failed(f"{program} was not built")
        photo, heic, film = (self.folder / name for name in ("photo.jpg", "photo.heic", "film.mp4"))
        # Detail and noise, as lenses and sensors give.
        self.make("ffmpeg", "-f", "lavfi", "-i", "mandelbrot=s=4000x3000", "-frames:v", "1", "-vf", "noise=alls=10",
                  "-pix_fmt", "yuvj420p", "-q:v", "3", photo)
        self.make("heif-enc", "-q", "50", "-p", "preset=veryfast", photo, "-o", heic)
        self.make("ffmpeg", "-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=30:d=12", "-vf", "noise=alls=10:allf=t",
                  "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p", film)
        # Workers are at nice 10, so that what else runs takes as much from both.
        vips = ["nice", "-n", "10", "vipsthumbnail", "--size", f"{EDGE}x{EDGE}", "-o", "{out}[strip]"]
        ffmpeg = ["nice", "-n", "10", "ffmpeg", "-v", "error", "-nostdin", "-y", "-ss", "4", "-i", film, "-frames:v", "1", "-vf",
                  f"scale={EDGE}:-2", "{out}"]
        self.cases = [self.case("a 12 MP JPEG", photo, "vipsthumbnail", [*vips, photo]),
                      self.case("a 12 MP HEIC", heic, "vipsthumbnail", [*vips, heic]),
                      self.case("a 1080p film", film, "ffmpeg", ffmpeg)]

    @staticmethod
    def make(*command):
        done = subprocess.run([str(part) for part in command], capture_output=True, timeout=300, check=False)
        if done.returncode != 0:
            raise lab.Failed(f"{command[0]}: {done.stderr.decode(errors='replace').strip()}")

    def case(self, name, source, peer, command):
        rate = self.row(f"thumbnail of {name}, {lab.CORES} at a time", "1/s", "more", peer, targets=[("ratio", 0.8)])
        memory = self.row(f"thumbnail of {name}, memory", "B", "less", peer)
        return source, command, rate, memory

    def round(self, turn):
        for source, command, rate, memory in self.cases:
            ours, theirs = self.measure(turn, lambda: self.ours(source), lambda: self.theirs(command))
            rate.add(ours[0], theirs[0])
            memory.add(ours[1], theirs[1])

    def ours(self, source):
        """Thumbnails a second of all cores together, and the most memory of one job."""
        command = [PROBE, WORKER, f"--edge={EDGE}", f"--repeat={self.COUNT}", "--patience=200", source]
        probes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                  for _ in range(lab.CORES)]
        jobs = [[json.loads(line) for line in probe.communicate()[0].splitlines()] for probe in probes]
        if not all(job.get("picture") for each in jobs for job in each):
            raise lab.Failed(f"no thumbnail of {source.name}")
        rate = sum(len(each) / sum(job["milliseconds"] / 1e3 for job in each) for each in jobs)
        return rate, max(job["memory_kib"] for each in jobs for job in each) * 1024

    def theirs(self, command):
        def repeat(number):
            words = [str(word).format(out=self.folder / f"{number}.webp") for word in command]
            most = 0
            for _ in range(self.COUNT):
                process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                if process.returncode != 0:
                    raise lab.Failed(f"{words[0]} ended with {process.returncode}")
                most = max(most, usage.ru_maxrss * 1024)
            return most

        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(lab.CORES) as pool:
            memory = max(pool.map(repeat, range(lab.CORES)))
        return lab.CORES * self.COUNT / (time.monotonic() - began), memory
