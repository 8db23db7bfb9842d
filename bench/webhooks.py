"""What webhooks cost the uploads that they are about, and how fast messages go out."""

import re
import time

import lab
from cases import KIB, Group


class Webhooks(Group):
    """The receiver is nginx, which answers each message at once."""

    COUNT = 10
    CLIENTS = 16
    UPLOADS = 2000  # each a message to every webhook; as many may wait

    def set_up(self):
        settings = {"webhooks.allow_private": "true"}
        nginx = self.stack.enter_context(lab.Nginx(self.folder / "nginx"))
        self.without = self.stack.enter_context(lab.Vault(self.folder / "without", settings))
        self.vault = self.stack.enter_context(lab.Vault(self.folder / "with", settings))
        for _ in range(self.COUNT):
            body = {"url": f"{nginx.url}/constant", "events": ["media.uploaded"]}
            reply = self.vault.user.post("/webhooks", json=body)
            if reply.status_code != 201:
                raise lab.Failed(f"no webhook: {reply.text}")
        self.content = lab.small_content(4 * KIB)
        self.sent = 0
        self.uploads = self.row(
            f"upload 4 KiB, {self.CLIENTS} clients, {self.COUNT} webhooks", "1/s", "more",
            "the same without webhooks", targets=[("ratio", 0.8)])
        self.deliveries = self.row(
            f"deliveries to {self.COUNT} webhooks, from the first upload to the last message", "1/s",
            "more", None)

    def round(self, turn):
        ours, theirs = self.measure(turn, self.told, lambda: self.upload(self.without))
        rate, deliveries = ours
        self.uploads.add(rate, theirs)
        self.deliveries.add(deliveries)

    def told(self):
        before = self.delivered()
        began = time.monotonic()
        rate = self.upload(self.vault)
        while self.delivered() < before + self.UPLOADS * self.COUNT:
            if time.monotonic() - began > 120:
                raise lab.Failed("messages to webhooks are missing")
            time.sleep(0.02)
        return rate, self.UPLOADS * self.COUNT / (time.monotonic() - began)

    def upload(self, vault):
        form = self.load.file(lab.upload(vault.headers, self.content, 4 * KIB))
        result = self.load.run("requests", port=vault.port, template=form, connections=self.CLIENTS,
                               seconds=60, count=self.UPLOADS, first=self.sent)
        self.sent += result["requests"]
        return result["rate"]

    def delivered(self):
        text = self.vault.server.metrics()
        return float(re.search(r"^coffer_webhook_deliveries_total (\S+)$", text, re.MULTILINE).group(1))
