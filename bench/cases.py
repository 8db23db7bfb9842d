"""The cases. A group sets its stage in __enter__, measures each of its rows once in a round, and
gives its rows."""

import contextlib
import os
import random
import shutil
import sqlite3
import time

import lab
from harness.filling import fill
from table import Row, Target

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


class Group:
    """`bench` has folder, load, quiet, seconds, rounds. What is measured in one round is
    measured in the other order in the next."""

    def __init__(self, bench):
        self.bench = bench
        self.load = bench.load
        self.folder = bench.folder / type(self).__name__.lower()
        self.stack = contextlib.ExitStack()
        self.rows = []

    def __enter__(self):
        self.folder.mkdir()
        with contextlib.ExitStack() as stack:
            self.stack = stack
            self.set_up()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def set_up(self):
        pass

    def row(self, *arguments, targets=(), **named):
        row = Row(*arguments, targets=[Target(*target) for target in targets], **named)
        self.rows.append(row)
        return row

    def measure(self, turn, *measures):
        """What each gives, in their order; every second turn begins with the last."""
        results = [None] * len(measures)
        order = list(enumerate(measures))
        for place, measure in order if turn % 2 == 0 else reversed(order):
            # What the sample before left to be written is no burden of this one.
            os.sync()
            self.bench.quiet.wait()
            results[place] = measure()
        return results


class Reads(Group):
    """Small replies over 64 connections, asked for by wrk."""

    CONNECTIONS = 64
    ENTRIES = 1000

    def set_up(self):
        self.vault = self.stack.enter_context(lab.Vault(self.folder / "vault"))
        user = self.vault.user
        for number in range(5):
            user.upload(os.urandom(1000), f"picture {number}.jpg", title="A title", tags=["a", "b"])
        with self.vault.stopped():
            fill(self.vault.database, self.vault.NAME, self.ENTRIES)
        media = user.upload(os.urandom(KIB), "one.jpg", title="A title", tags=["a", "b"])
        files = {"1 KiB": os.urandom(KIB), "64 KiB": os.urandom(64 * KIB)}
        constant = user.get(f"/media/{media['id']}").text
        self.nginx = self.stack.enter_context(lab.Nginx(self.folder / "nginx", constant))

        self.cases = []
        self.case("JSON of one media", f"/media/{media['id']}", "/constant",
                  "nginx, the same reply as a constant", [("ratio", 0.6)])
        self.case("list of 20 media", "/media?per_page=20", None, None, [("ours", 15000)])
        for (size, content), bound in zip(files.items(), (0.85, 0.95)):
            name = size.replace(" ", "")
            (self.nginx.folder / "files" / name).write_bytes(content)
            media = user.upload(content, f"{name}.bin")
            self.case(f"GET {size}", f"/media/{media['id']}/content", f"/files/{name}",
                      "nginx, static file", [("ratio", bound)])

    def case(self, name, path, peer_path, peer, targets):
        row = self.row(f"{name}, {self.CONNECTIONS} connections", "1/s", "more", peer, targets=targets)
        self.cases.append((row, path, peer_path))

    def round(self, turn):
        for row, path, peer_path in self.cases:
            measures = [lambda: self.ask(self.vault.root + path, self.vault.headers)]
            if peer_path:
                measures.append(lambda: self.ask(self.nginx.url + peer_path, {}))
            row.add(*self.measure(turn, *measures))

    def ask(self, url, headers):
        return self.load.wrk(url, headers, self.CONNECTIONS, self.bench.seconds)


class Downloads(Group):
    """1 GiB from the page cache, taken and thrown away."""

    BOUNDS = {1: 1.2, 8: 1.1}

    def set_up(self):
        size = self.bench.large
        self.vault = self.stack.enter_context(lab.Vault(self.folder / "vault"))
        self.nginx = self.stack.enter_context(lab.Nginx(self.folder / "nginx"))
        form = self.load.file(lab.upload(self.vault.headers, lab.CONTENT.encode(), size))
        self.load.run("uploads", port=self.vault.port, template=form, connections=1, size=size)
        media = self.vault.user.get("/media").json()["data"][0]
        path = f"/api/v1/media/{media['id']}/content"
        with open(self.nginx.folder / "files/large", "wb") as file:
            block = os.urandom(MIB)
            for _ in range(size // MIB):
                file.write(block)
        self.sides = [
            (self.vault.port, self.load.file(lab.request("GET", path, self.vault.headers))),
            (self.nginx.port, self.load.file(lab.request("GET", "/files/large", {}))),
        ]
        for side in self.sides:
            self.get(side, 1)
        name = lab_size(size)
        self.cases = [
            (count, self.row(f"GET {name}, {count} parallel", "B/s", "more", "nginx, static file",
                             targets=[("ratio", bound)]))
            for count, bound in self.BOUNDS.items()
        ]

    def get(self, side, count):
        port, form = side
        return self.load.run("downloads", port=port, template=form, connections=count,
                             seconds=self.bench.seconds)["rate"]

    def round(self, turn):
        for count, row in self.cases:
            row.add(*self.measure(turn, *(lambda side=side: self.get(side, count) for side in self.sides)))


class Uploads(Group):
    """4 KiB, each with bytes of its own: ours through the whole vault and durable."""

    SIZE = 4 * KIB
    TARGETS = {
        1: ([], [("ours", 1500)], None),
        16: ([], [], None),
        64: ([("ratio", 1.0)], [("ours", 12000)], 0.025),
    }

    def set_up(self):
        self.vault = self.stack.enter_context(lab.Vault(self.folder / "vault"))
        self.nginx = self.stack.enter_context(lab.Nginx(self.folder / "nginx"))
        content = lab.small_content(self.SIZE)
        self.form = self.load.file(lab.upload(self.vault.headers, content, self.SIZE))
        self.content = content
        self.sent = 0
        self.cases = []
        for clients, (ratio, ours, slowest) in self.TARGETS.items():
            name = f"upload 4 KiB, {clients} client{'s' if clients > 1 else ''}"
            self.cases.append((
                clients,
                self.row(name, "1/s", "more", "nginx, PUT, nothing synced", targets=ratio + ours),
                self.row(name, "1/s", "more", "a durable file each"),
                self.row(name + ": 99th percentile", "s", "less", "nginx, PUT, nothing synced",
                         targets=[("ours", slowest)] if slowest else []),
            ))

    def round(self, turn):
        for clients, rate, raw_rate, slowest in self.cases:
            mark = f"{turn}-{clients}"
            put = self.load.file(lab.put(f"/put/{mark}-{lab.MARK}", self.content, self.SIZE))
            ours, theirs, raw = self.measure(
                turn,
                lambda: self.send(self.vault.port, self.form, clients),
                lambda: self.send(self.nginx.port, put, clients),
                lambda: self.load.run("files", folder=self.folder / mark, clients=clients,
                                      seconds=self.bench.seconds),
            )
            rate.add(ours["rate"], theirs["rate"])
            raw_rate.add(ours["rate"], raw["rate"])
            slowest.add(ours["p99_ms"] / 1e3, theirs["p99_ms"] / 1e3)

    def send(self, port, form, clients):
        result = self.load.run("requests", port=port, template=form, connections=clients,
                               seconds=self.bench.seconds, first=self.sent)
        self.sent += result["requests"]
        return result


class Large(Group):
    """1 GiB uploads: ours hashed and durable, each on a fresh server.

    What a peer writes through the page cache costs several times more in memory that the machine
    has not touched yet than in memory that was freed just before. So nothing that filled it is
    removed before the end, and there are only as many rounds as there is fresh memory."""

    PARALLEL = (1, 4)
    SPARE = 2 * GIB  # memory for everything else

    def set_up(self):
        name = lab_size(self.bench.large)
        needed = sum(self.PARALLEL) * self.bench.large
        self.rounds = max(1, (lab.free_memory() - self.SPARE) // needed)
        self.cases = [
            (count,
             self.row(f"upload {name}, {count} parallel", "B/s", "more",
                      "nginx, PUT, neither hashed nor synced", targets=[("ratio", 1.5)]),
             self.row(f"upload {name}, {count} parallel", "B/s", "more",
                      "the slower of synced disk and SHA-256"))
            for count in self.PARALLEL
        ]

    def round(self, turn):
        if turn >= self.rounds:
            return
        for count, row, limit in self.cases:
            ours, theirs, disk = self.measure(
                turn,
                lambda: self.ours(count),
                lambda: self.theirs(count, f"nginx-{turn}-{count}"),
                lambda: self.disk(count),
            )
            row.add(ours, theirs)
            limit.add(ours, min(disk, lab.sha256_rate() * min(count, lab.CORES)))

    def ours(self, count):
        folder = self.folder / "vault"
        try:
            with lab.Vault(folder) as vault:
                return self.send(vault.port, count, lambda size: lab.upload(
                    vault.headers, lab.CONTENT.encode(), size))
        finally:
            shutil.rmtree(folder)

    def theirs(self, count, folder):
        with lab.Nginx(self.folder / folder) as nginx:
            return self.send(nginx.port, count, lambda size: lab.put(
                f"/put/{lab.MARK}", lab.CONTENT.encode(), size))

    def send(self, port, count, form):
        """Once small, so that what a server makes once is there, then large."""
        for size in (16 * MIB, self.bench.large):
            result = self.load.run("uploads", port=port, template=self.load.file(form(size)),
                                   connections=count, size=size, first=random.randrange(10**12))
        return result["rate"]

    def disk(self, count):
        folder = self.folder / "disk"
        folder.mkdir()
        try:
            return self.load.run("disk", folder=folder, files=count, size=self.bench.large)["rate"]
        finally:
            shutil.rmtree(folder)


class Idle(Group):
    """Connections that asked once and wait. Each sample is that of a fresh server, which has
    served a little before."""

    def set_up(self):
        self.count = min(10_000, self.bench.descriptors - 1500)
        self.memory = self.row(f"{self.count:,} idle connections, memory of one", "B", "less", "nginx",
                               targets=[("ours", 6 * KIB)])

    def round(self, turn):
        if turn < 3:
            self.memory.add(*self.measure(turn, lambda: self.ours(turn), lambda: self.theirs(turn)))

    def ours(self, turn):
        with lab.Vault(self.folder / f"vault-{turn}") as vault:
            media = vault.user.upload(b"x")
            form = lab.request("GET", f"/api/v1/media/{media['id']}", vault.headers)
            return self.grown(vault.port, form, lambda: lab.rss([vault.server.pid]))

    def theirs(self, turn):
        with lab.Nginx(self.folder / f"nginx-{turn}") as nginx:
            form = lab.request("GET", "/constant", {})
            return self.grown(nginx.port, form, lambda: lab.rss(nginx.workers()))

    def grown(self, port, form, memory):
        form = self.load.file(form)
        self.load.run("requests", port=port, template=form, connections=64, seconds=5, count=2000)
        time.sleep(0.2)
        before = memory()
        with self.load.idle(port=port, template=form, connections=self.count, count=self.count):
            time.sleep(0.5)
            return (memory() - before) / self.count


class Growth(Group):
    """What list, read, upload and delete cost where there are many, against where there are few."""

    CLIENTS = 16
    CHANGES = 500  # uploaded and deleted again in each round
    IDS = 20_000

    def set_up(self):
        self.vaults = {}
        for size in self.bench.growth:
            vault = self.stack.enter_context(lab.Vault(self.folder / str(size)))
            for number in range(5):
                vault.user.upload(os.urandom(1000), f"picture {number}.jpg", title="A title", tags=["a"])
            with vault.stopped():
                fill(vault.database, vault.NAME, size)
            self.vaults[size] = vault
        few, *more = self.bench.growth
        self.names = {"list of 20": self.list, "read": self.read, "upload": self.upload,
                      "delete": self.delete}
        self.cases = {
            (name, size): self.row(f"{name}, cost at {size:,} entries", "s", "less",
                                   f"at {few:,} entries", targets=[("ratio", 1.5)])
            for name in self.names
            for size in more
        }
        self.ids = {size: self.load.file(self.some_ids(vault)) for size, vault in self.vaults.items()}
        self.content = lab.small_content(KIB)
        self.uploaded = 0

    @staticmethod
    def lines(numbers):
        return "".join(f"{number:016}\n" for number in numbers).encode()

    def query(self, vault, statement):
        with contextlib.closing(sqlite3.connect(vault.database)) as database:
            return [row[0] for row in database.execute(statement)]

    def some_ids(self, vault):
        ids = self.query(vault, "SELECT id FROM entry")
        random.shuffle(ids)
        return self.lines(ids[: self.IDS])

    def round(self, turn):
        for name, measure in self.names.items():
            costs = self.measure(
                turn, *(lambda s=size: measure(self.vaults[s], s) for size in self.bench.growth)
            )
            for size, cost in zip(self.bench.growth[1:], costs[1:]):
                self.cases[name, size].add(cost, costs[0])

    def cost(self, vault, form, **options):
        result = self.load.run("requests", port=vault.port, template=self.load.file(form),
                               connections=self.CLIENTS, seconds=self.bench.seconds, **options)
        return 1 / result["rate"]

    def list(self, vault, _):
        return self.cost(vault, lab.request("GET", "/api/v1/media?per_page=20", vault.headers))

    def read(self, vault, size):
        form = lab.request("GET", f"/api/v1/media/{lab.MARK}", vault.headers)
        return self.cost(vault, form, values=self.ids[size])

    def upload(self, vault, _):
        self.uploaded += self.CHANGES
        form = lab.upload(vault.headers, self.content, KIB)
        return self.cost(vault, form, first=self.uploaded, count=self.CHANGES)

    def delete(self, vault, _):
        newest = self.query(vault, f"SELECT id FROM entry ORDER BY id DESC LIMIT {self.CHANGES}")
        form = lab.request("DELETE", f"/api/v1/media/{lab.MARK}", vault.headers)
        return self.cost(vault, form, values=self.load.file(self.lines(newest)), count=self.CHANGES)


def lab_size(size):
    return f"{size // GIB} GiB" if size >= GIB else f"{size // MIB} MiB"


GROUPS = (Large, Reads, Downloads, Uploads, Idle, Growth)
