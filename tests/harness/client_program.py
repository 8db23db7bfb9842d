"""`coffer` as the client of a server: a user's folders, and what may stand between the two."""

import json
import socket
import threading

from harness import program
from harness.program import ok


class Client:
    """The program as one user runs it: with a configuration folder and a working folder of its own."""

    def __init__(self, folder):
        self.home = folder / "home"
        self.here = folder / "here"
        for each in (self.home, self.here):
            each.mkdir()
        self.variables = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / "config")}
        self.file = self.home / "config/coffer/credentials.json"

    def run(self, *words, **options):
        return program.run(*words, variables=self.variables, cwd=self.here, **options)

    def lines(self, *words, **options):
        return [line.split("\t") for line in ok(self.run(*words, **options)).splitlines()]

    def objects(self, *words, **options):
        return [json.loads(line) for line in ok(self.run(*words, "--json", **options)).splitlines()]

    def log_in(self, user, url):
        ok(self.run("login", url, "--user", user.username, "--password-stdin", stdin=user.password + "\n"))
        return self

    def stored(self):
        return json.loads(self.file.read_text())

    def store(self, **changes):
        self.file.write_text(json.dumps({**self.stored(), **changes}))

    def make(self, name, content):
        path = self.here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


def tree(folder):
    """The files of a folder and of those in it that are not hidden, with their bytes."""
    names = {path: path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for path, name in names.items() if "/." not in "/" + name}


class Proxy:
    """Between a client and the server, which ends each connection after a reply: for paths with `part` in them it answers the first `refusals`
    requests with 503, and ends the connections of the next `cuts` after so many bytes of the reply. `act` is
    called with the head of each of these requests before it is passed on."""

    def __init__(self, port, part, refusals=0, cuts=0, after=200_000, act=None):
        self.port, self.part, self.refusals, self.cuts, self.after = port, part, refusals, cuts, after
        self.act = act
        self.pause = 0
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.relay, args=(here,), daemon=True).start()

    def relay(self, here):
        with here, socket.create_connection(("127.0.0.1", self.port)) as there:
            head = b""
            while b"\r\n\r\n" not in head:
                if not (piece := here.recv(65536)):
                    return
                head += piece
            request = head.decode("latin-1")
            left = None
            if self.part in request.splitlines()[0]:
                self.requests.append(request)
                if self.act:
                    self.act(request)
                if self.refusals > 0:
                    self.refusals -= 1
                    head = f"HTTP/1.1 503 Busy\r\nRetry-After: {self.pause}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    here.sendall(head.encode())
                    return
                if self.cuts > 0:
                    self.cuts -= 1
                    left = self.after
            if "upgrade: " not in request.lower():
                head = head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1)
            there.sendall(head)
            threading.Thread(target=self.copy, args=(here, there), daemon=True).start()
            self.copy(there, here, left)

    @staticmethod
    def copy(source, target, left=None):
        try:
            while piece := source.recv(65536):
                target.sendall(piece if left is None else piece[:left])
                if left is not None and (left := left - len(piece)) <= 0:
                    break
        except OSError:
            pass
        for each in (source, target):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


class Counting(Proxy):
    """Passes everything on, and counts the connections."""

    def __init__(self, port):
        self.connections = 0
        super().__init__(port, "")

    def relay(self, here):
        self.connections += 1
        with here, socket.create_connection(("127.0.0.1", self.port)) as there:
            threading.Thread(target=self.copy, args=(here, there), daemon=True).start()
            self.copy(there, here)
