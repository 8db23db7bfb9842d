"""A vault whose files are in a bucket of Ceph's gateway on this machine, beside the tools that copy files
there."""

import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

import lab
from cases import MIB, Group, lab_size
from harness.ceph import Ceph
from harness.s3 import Bucket

PARALLEL = 8
SMALL = 4 << 10
CLIENTS = 16


class S3(Group):
    """Ours streams through the whole vault, and commits; the tools read and write files in memory. Peers
    take turns within a round, and the better of the two counts."""

    def set_up(self):
        for program in ("aws", "rclone"):
            if not shutil.which(program):
                raise lab.Failed(f"{program} is not installed")
        self.ceph = self.stack.enter_context(Ceph(self.folder / "ceph", size=64 << 30))
        self.bucket = self.make_bucket("tools")
        self.vault = self.stack.enter_context(lab.Vault(self.folder / "vault", self.make_bucket("vault").settings()))
        # A folder that no disk holds up.
        self.files = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="coffer-bench-", dir="/dev/shm")))
        self.cases = [self.case(1, self.bench.large), self.case(PARALLEL, 64 * MIB)]
        # What a file costs that was not read lately: of a vault that remembers none, every read is the first.
        settings = {**self.make_bucket("first").settings(), "s3.cache": 0}
        self.forgetful = self.stack.enter_context(lab.Vault(self.folder / "first", settings))
        self.small = {vault: self.small_file(vault) for vault in (self.forgetful, self.vault)}
        assert self.bucket.call("PUT", "small", data=os.urandom(SMALL)).status_code == 200
        self.first_reads, self.further_reads = (
            self.row(f"GET 4 KiB, {CLIENTS} clients, {which}", "1/s", "more", "the gateway itself", targets=[("ratio", 0.7)])
            for which in ("first reads", "further reads")
        )

    def make_bucket(self, name):
        return Bucket(self.ceph.endpoint, name, self.ceph.access_key, self.ceph.secret_key).create()

    def small_file(self, vault):
        """A request for it."""
        media = vault.user.upload(os.urandom(SMALL))
        return self.load.file(lab.request("GET", f"/api/v1/media/{media['id']}/content", vault.headers))

    def case(self, count, size):
        folder = self.files / f"{count}"
        folder.mkdir()
        block = os.urandom(MIB)
        for number in range(count):
            with open(folder / str(number), "wb") as file:
                for _ in range(size // MIB):
                    file.write(block)
        form = self.load.file(lab.upload(self.vault.headers, lab.CONTENT.encode(), size))
        name = f"{lab_size(size)}, {count} parallel"
        peer = "the better of aws s3 cp and rclone"
        up = self.row(f"upload {name}", "B/s", "more", peer, targets=[("ratio", 0.9)])
        down = self.row(f"download {name}", "B/s", "more", peer, targets=[("ratio", 0.9)])
        return count, size, folder, form, up, down

    def round(self, turn):
        for count, size, folder, form, up, down in self.cases:
            there = f"{count}-{turn}"
            back = self.files / "back"
            sent = self.measure(
                turn,
                lambda: self.send(form, count, size),
                lambda: self.aws(count * size, folder, f"s3://tools/a-{there}"),
                lambda: self.rclone(count * size, folder, f"b:tools/r-{there}"),
            )
            up.add(sent[0], max(sent[1:]))
            media = self.vault.user.get("/media", params={"per_page": 1}).json()["data"][0]
            get = self.load.file(lab.request("GET", f"/api/v1/media/{media['id']}/content", self.vault.headers))
            got = self.measure(
                turn,
                lambda: self.take(get, count),
                lambda: self.aws(count * size, f"s3://tools/a-{there}", back),
                lambda: self.rclone(count * size, f"b:tools/r-{there}", back),
            )
            down.add(got[0], max(got[1:]))
        first, further, gateways = self.measure(
            turn,
            lambda: self.ask(self.forgetful.port, self.small[self.forgetful]),
            lambda: self.ask(self.vault.port, self.small[self.vault]),
            lambda: self.ask(self.ceph.port, self.signed()),
        )
        self.first_reads.add(first, gateways)
        self.further_reads.add(further, gateways)

    def send(self, form, count, size):
        first = random.randrange(10**12)
        return self.load.run("uploads", port=self.vault.port, template=form, connections=count, size=size, first=first)["rate"]

    def take(self, form, count):
        """Each connection gets the file once, which takes longer than that."""
        return self.load.run("downloads", port=self.vault.port, template=form, connections=count, seconds=0.01)["rate"]

    def ask(self, port, form):
        return self.load.run("requests", port=port, template=form, connections=CLIENTS, seconds=self.bench.seconds)["rate"]

    def signed(self):
        """A request to the gateway, which takes it for a quarter of an hour."""
        fields = {"host": "127.0.0.1", "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
        self.bucket.sign("GET", "/tools/small", fields)
        del fields["host"]
        return self.load.file(lab.request("GET", "/tools/small", fields))

    def aws(self, size, source, target):
        keys = {"AWS_ACCESS_KEY_ID": self.ceph.access_key, "AWS_SECRET_ACCESS_KEY": self.ceph.secret_key, "AWS_DEFAULT_REGION": "us-east-1",
                # Younger ones send checksums that the gateway does not know.
                "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required", "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required"}
        return self.copy(size, ["aws", "--endpoint-url", self.ceph.endpoint, "s3", "cp", "--quiet", "--recursive", source, target], keys)

    def rclone(self, size, source, target):
        service = {"TYPE": "s3", "PROVIDER": "Ceph", "ENDPOINT": self.ceph.endpoint, "ACCESS_KEY_ID": self.ceph.access_key,
                   "SECRET_ACCESS_KEY": self.ceph.secret_key, "NO_CHECK_BUCKET": "true"}
        keys = {f"RCLONE_CONFIG_B_{name}": value for name, value in service.items()}
        return self.copy(size, ["rclone", "--config", os.devnull, "copy", "--transfers", str(PARALLEL), source, target], keys)

    def copy(self, size, command, environment):
        """Bytes a second, the start of the tool included."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_"))}
        words = [str(word) for word in command]
        began = time.monotonic()
        done = subprocess.run(words, env={**inherited, **environment}, capture_output=True, text=True, timeout=600, check=False)
        took = time.monotonic() - began
        if done.returncode != 0:
            raise lab.Failed(f"{command[0]}: {done.stderr[-500:]}")
        shutil.rmtree(self.files / "back", ignore_errors=True)
        return size / took
