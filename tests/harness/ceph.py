"""A real S3 server: Ceph's object gateway over one OSD, all of it in a folder."""

import contextlib
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
import uuid

from harness.certificates import make_certificate
from harness.nginx import free_port

PROGRAMS = ["ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin"]

# One copy of everything on one disk of one machine, nobody to authenticate, and no trace outside the
# folder.
CONFIGURATION = """
[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon_port}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind msgr1 = false
auth cluster required = none
auth service required = none
auth client required = none
ms cluster mode = crc
ms service mode = crc
ms client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
ms mon client mode = crc
run dir = {folder}
admin socket = {folder}/$name.sock
log file = {folder}/$name.log
crash dir = {folder}
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
[mon.a]
mon data = {folder}/mon
[osd.0]
osd data = {folder}/osd
osd objectstore = bluestore
osd memory target = 939524096
bluestore block size = {bytes}
bluestore block wal create = false
bluestore block db create = false
bluestore cache size = 67108864
[client.rgw.a]
rgw data = {folder}/rgw
rgw frontends = beast tcp_nodelay=1 endpoint=127.0.0.1:{port} ssl_endpoint=127.0.0.1:{tls_port} ssl_certificate={certificate} ssl_private_key={key}
rgw enable usage log = false
rgw run sync thread = false
"""


def missing():
    """Programs that have to be installed first."""
    return [name for name in PROGRAMS if not shutil.which(name)]


class Ceph:
    """Use it with `with`; it starts in half a minute. `endpoint`, `access_key` and `secret_key` are
    what a client needs; `tls_endpoint` is the same with a certificate that is signed by itself,
    `certificate`."""

    def __init__(self, folder, size=8 << 30):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        for name in ["mon", "osd", "rgw"]:
            (self.folder / name).mkdir()
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        tls_port = free_port()
        self.tls_endpoint = f"https://127.0.0.1:{tls_port}"
        self.certificate, key = make_certificate(self.folder, "gateway")
        self.access_key = secrets.token_hex(10)
        self.secret_key = secrets.token_hex(20)
        self.fsid = str(uuid.uuid4())
        self.mon_port = free_port()
        self.configuration = self.folder / "ceph.conf"
        self.configuration.write_text(
            CONFIGURATION.format(
                fsid=self.fsid, mon_port=self.mon_port, folder=self.folder, bytes=size,
                port=self.port, tls_port=tls_port, certificate=self.certificate, key=key,
            )
        )
        self.daemons = {}

    def __enter__(self):
        lacking = missing()
        assert not lacking, f"{', '.join(lacking)} is missing: tools/install-packages.sh test"
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in ["radosgw", "ceph-osd", "ceph-mon"]:
            self.stop(name)

    def _start(self):
        monmap = self.folder / "monmap"
        self._run("monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", f"[v2:127.0.0.1:{self.mon_port}]", monmap)
        self._run("ceph-mon", "-i", "a", "--mkfs", "--monmap", monmap)
        self.start("ceph-mon", "-i", "a")
        self._until(lambda: self._ceph("mon", "stat"))
        osd = str(uuid.uuid4())
        self._run("ceph", "osd", "new", osd, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self.start("ceph-osd", "-i", "0")
        self._run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", "host=localhost")
        self._until(lambda: "1 up" in self._ceph("osd", "stat"))
        self.start("radosgw", "-n", "client.rgw.a")
        self._until(self._answers)
        self._run(
            *["radosgw-admin", "-n", "client.rgw.a", "user", "create", "--uid", "coffer", "--display-name", "coffer"],
            *["--access-key", self.access_key, "--secret-key", self.secret_key],
        )

    def start(self, program, *arguments):
        """Starts a daemon again that was stopped, too."""
        with (self.folder / f"{program}.out").open("ab") as out:
            self.daemons[program] = subprocess.Popen(
                [program, "-c", self.configuration, *arguments, "-f"], stdout=out, stderr=out, start_new_session=True
            )

    def stop(self, program, how=signal.SIGTERM):
        daemon = self.daemons.pop(program, None)
        if daemon is None:
            return
        daemon.send_signal(how)
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def _run(self, program, *arguments):
        done = subprocess.run(
            [program, *(["-c", self.configuration] if program != "monmaptool" else []), *arguments],
            capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "CEPH_CONF": str(self.configuration)},
        )
        assert done.returncode == 0, f"{program} failed: {done.stderr[-2000:]}"
        return done.stdout

    def _ceph(self, *arguments):
        with contextlib.suppress(AssertionError):
            return self._run("ceph", "--connect-timeout", "5", *arguments)
        return ""

    def _answers(self):
        try:
            urllib.request.urlopen(self.endpoint, timeout=2).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def _until(self, is_so, seconds=180):
        deadline = time.monotonic() + seconds
        while not is_so():
            for name, daemon in self.daemons.items():
                assert daemon.poll() is None, f"{name} has ended: {self._last_words(name)}"
            assert time.monotonic() < deadline, f"Ceph does not start: {self._last_words('radosgw')}"
            time.sleep(0.2)

    def _last_words(self, program):
        path = self.folder / f"{program}.out"
        return path.read_text()[-2000:] if path.exists() else ""
