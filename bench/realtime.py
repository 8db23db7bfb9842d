"""Events to WebSockets."""

import time

import lab
from cases import KIB, Group


class Realtime(Group):
    """Events to WebSockets: from the request that changes a file to each of them."""

    SOCKETS = 1000
    EVENTS = 50

    def set_up(self):
        self.vault = self.stack.enter_context(lab.Vault(self.folder / "vault", self.settings(self.SOCKETS)))
        # WebSockets are three quarters of all connections at most, and one address has half of them.
        self.count = min(10_000, (self.bench.descriptors - 2500) * 3 // 8)
        media = self.vault.user.upload(b"x", "a.txt")
        body = f'{{"title": "{lab.MARK}"}}'.encode()
        fields = {**self.vault.headers, "Content-Type": "application/json", "Content-Length": len(body)}
        self.change = self.load.file(lab.request("PATCH", f"/api/v1/media/{media['id']}", fields, body))
        name = f"event to {self.SOCKETS:,} WebSockets"
        self.half = self.row(name, "s", "less")
        self.most = self.row(name + ": 99th percentile", "s", "less", targets=[("ours", 0.05)])
        self.memory = self.row(f"{self.count:,} idle WebSockets, memory of one", "B", "less",
                               targets=[("ours", 8 * KIB)])

    @staticmethod
    def settings(count):
        # One address may have half of them.
        return {"realtime.max_connections": 2 * count, "realtime.max_connections_per_account": count}

    def round(self, turn):
        (result,) = self.measure(turn, lambda: self.load.run(
            "sockets", port=self.vault.port, opening=self.opening(self.vault), replies=2,
            connections=self.SOCKETS, template=self.change, count=self.EVENTS))
        self.half.add(result["p50_ms"] / 1e3)
        self.most.add(result["p99_ms"] / 1e3)
        if turn < 3:
            self.memory.add(self.idle(turn))

    def opening(self, vault):
        return self.load.file(lab.subscribe(vault.user.token))

    def idle(self, turn):
        """Of a fresh server, which has served a little before."""
        with lab.Vault(self.folder / f"idle-{turn}", self.settings(self.count)) as vault:
            options = {"port": vault.port, "opening": self.opening(vault), "replies": 2}
            self.load.run("sockets", connections=64, **options)
            time.sleep(1)
            before = lab.rss([vault.server.pid])
            with self.load.sockets(connections=self.count, **options):
                time.sleep(0.5)
                return (lab.rss([vault.server.pid]) - before) / self.count
