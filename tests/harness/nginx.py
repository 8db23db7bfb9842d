"""nginx in front of the server."""

import contextlib
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import time

from harness import program
from harness.client import User

CONFIGURATION = """
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log warn;
daemon off;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  {servers}
}}
"""


def free_port(host="127.0.0.1"):
    """A port that is free now, outside the ephemeral range: nobody gets it by chance before it is bound."""
    first, last = map(int, pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
    ports = range(max(1024, first - 10_000), first) or range(last + 1, 65_536)
    for _ in range(100):
        port = secrets.choice(ports)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port
    raise RuntimeError("no port is free")


class Nginx:
    """An nginx of a test's own. `servers` are the `server` blocks of its configuration, in which every
    `listen` names one of `addresses` (host and port). Use it with `with`."""

    def __init__(self, folder, servers, addresses):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.addresses = addresses
        # Its workers need the folder, which is the test's alone.
        user = "user root;" if os.geteuid() == 0 else ""
        text = CONFIGURATION.format(user=user, folder=self.folder, servers=servers)
        (self.folder / "nginx.conf").write_text(text)

    def __enter__(self):
        assert shutil.which("nginx") or pathlib.Path("/usr/sbin/nginx").exists(), "nginx is missing: apt-get install nginx-light"
        path = os.environ.get("PATH", "") + ":/usr/sbin"
        self.process = subprocess.Popen(
            ["nginx", "-p", self.folder, "-e", self.folder / "error.log", "-c", self.folder / "nginx.conf"],
            env={**os.environ, "PATH": path},
        )
        deadline = time.monotonic() + program.patience(20)
        for address in self.addresses:
            while True:
                with contextlib.suppress(OSError), socket.create_connection(address, 1):
                    break
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.__exit__()
                    raise AssertionError("nginx does not start: " + self.errors())
                time.sleep(0.02)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)

    def errors(self):
        return (self.folder / "error.log").read_text()


BELOW = """
  server {{
    listen 127.0.0.1:{port};
    location /a/vault/ {{
      proxy_pass http://127.0.0.1:{server}/;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto $scheme;
    }}
    location / {{ return 418 "outside"; }}
  }}
"""


class Below:
    """A server that nginx serves at `url`, which has a path; whatever lies elsewhere is 418.
    `launch` starts it with the settings that it is given."""

    def __init__(self, launch, folder):
        port = free_port()
        self.origin = f"http://127.0.0.1:{port}"
        self.url = self.origin + "/a/vault"
        self.root = self.url + "/api/v1"
        self.server = launch({"public_url": self.url + "/", "trusted_proxies": "127.0.0.1"})
        servers = BELOW.format(port=port, server=self.server.port)
        self.nginx = Nginx(pathlib.Path(folder) / "nginx", servers, [("127.0.0.1", port)])

    def user(self, **details):
        """A new account, logged in."""
        return User.registered(self.root, **details)

    def __enter__(self):
        self.nginx.__enter__()
        return self

    def __exit__(self, *_):
        self.nginx.__exit__()
