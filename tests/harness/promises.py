"""Writers that note what the server promised them, and the check that it kept all of it.

A reply of 2xx is a promise. A request that got no answer may have happened or not; until the next
check the model holds both outcomes, and never anything between them.
"""

import dataclasses
import itertools
import json
import os
import random
import time
from typing import Optional

import requests
import urllib3

from harness import forms, program, samples
from harness.client import Api

# No answer came. Where `requests` sends chunks it lets errors of the layers below pass.
Unanswered = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
TAGS = ["blue", "green", "red", "yellow"]
TYPES = {"bin": "other", "txt": "document", "pdf": "document", "jpg": "image", "mp3": "audio"}
PASSWORD = "a password that survives"
LIVE = 20  # media that a writer keeps, about
# (up to this chance, least size, largest size); from 32 KiB on a blob has a file of its own, and
# above 128 KiB one that takes more than one write.
SIZES = [
    (0.60, 1, 3000),
    (0.65, 32_766, 32_770),
    (0.88, 3000, 250_000),
    (0.93, 131_071, 131_074),
    (0.97, 250_000, 1 << 20),
    (1.00, 1 << 20, 6 << 20),
]
# Bytes that all accounts store again and again, so that blobs are shared, left and found again.
COMMON = [samples.noise(size, seed=size) for size in
          (0, 1, 3000, 32_767, 32_768, 131_072, 131_073, 700_000)]


@dataclasses.dataclass(frozen=True)
class State:
    """All of a media object that a client decides."""

    filename: str
    title: Optional[str]
    description: Optional[str]
    tags: tuple
    size: int
    checksum: str

    @classmethod
    def of(cls, thing):
        described = (thing["filename"], thing["title"], thing["description"], tuple(thing["tags"]))
        return cls(*described, thing["size"], thing["checksum"])


class Item:
    """One media object. Its token begins its file name for good."""

    def __init__(self, token):
        self.token = token
        self.outcomes = [None]  # what may be now, the older first; None: it is not there
        self.id = None  # once known
        self.form = None  # the upload it is part of while that has no answer


class Account:
    """An account and what is its. `emails` are outcomes as an item's."""

    def __init__(self, username, token):
        self.username = username
        self.token = token
        self.emails = [None]
        self.writers = []
        self.gone = set()  # tokens of media that are deleted, as the last check saw

    @property
    def items(self):
        return {item.token: item for writer in self.writers for item in writer.items}


class Model:
    """All that was promised. Between rounds it is one thread's."""

    def __init__(self, server, accounts, writers):
        self.accounts = []
        self.people = {}  # user names registered on the way -> whether that was answered
        self.unanswered = 0  # changes whose outcome was open at a check
        self.happened = 0  # those of them that had taken effect
        for number in range(accounts):
            username = f"keeper{number}"
            reply = register(server.root, username)
            assert reply.status_code == 201, reply.text
            account = Account(username, log_in(server.root, username).json()["token"])
            account.emails = [reply.json()["data"]["email"]]
            account.writers = [Writer(self, account, f"k{number}w{n}") for n in range(writers)]
            self.accounts.append(account)

    @property
    def writers(self):
        return [writer for account in self.accounts for writer in account.writers]

    @property
    def acknowledged(self):
        return sum(writer.acknowledged for writer in self.writers)


def register(root, username):
    details = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}
    return Api(root).post("/auth/register", json=details)


def log_in(root, username):
    return Api(root).post("/auth/login", json={"username": username, "password": PASSWORD})


class Writer:
    """One client. `work` runs in a thread of its own until its connection breaks."""

    def __init__(self, model, account, name):
        self.model = model
        self.account = account
        self.name = name
        self.items = []
        self.acknowledged = 0
        self.faults = []  # what the server did wrong while it ran
        self.ended_at = None
        self._numbers = itertools.count(1)
        self._random = random.Random()
        self._api = None

    def connect(self, root):
        self._api = Api(root, token=self.account.token)
        self.ended_at = None

    def work(self):
        try:
            while True:
                self.step()
        except Unanswered:
            pass  # the kill; whoever killed compares the times
        except Exception as error:  # a thread has nobody to throw to
            self.faults.append(f"{self.name}: {error!r}")
        finally:
            self.ended_at = time.monotonic()

    def step(self):
        """One random write."""
        chance = self._random.random()
        present = [item for item in self.items if item.outcomes != [None]]
        if present and chance < (0.5 if len(present) > LIVE else 0.12):
            self.delete(self._random.choice(present))
        elif present and chance < 0.65:
            self.change(self._random.choice(present))
        elif chance < 0.67:
            self.register()
        elif chance < 0.69 and self.account.writers[0] is self:
            self.change_email()
        elif chance < 0.75:
            self.upload(self._random.randint(2, 4))
        else:
            self.upload(1)

    # The writes.

    def upload(self, count):
        """One form with that many files; their fields only with a single one."""
        changes, parts, fields = [], [], (None, None, ())
        if count == 1:
            fields = (self._title(), self._description(), self._tags())
            named = zip(("title", "description"), fields)
            parts = [forms.Part(name, value.encode()) for name, value in named if value is not None]
            parts += [forms.Part("tags", tag.encode()) for tag in fields[2]]
        for _ in range(count):
            data = self._content()
            item = Item(f"{self.name}n{next(self._numbers)}")
            state = State(self._filename(item), *fields, len(data), samples.checksum(data))
            changes.append((item, state))
            parts.append(forms.Part("file", data, state.filename))
        self._random.shuffle(parts)
        order = [part.filename for part in parts if part.filename]
        changes.sort(key=lambda change: order.index(change[1].filename))
        for item, _ in changes:
            item.form = changes[0][0].token if count > 1 else None
        self.items += [item for item, _ in changes]
        content_type, body = forms.encode(parts)
        # Without a length the client library sends chunks.
        data = self._pieces(body) if self._random.random() < 0.3 else body
        headers = {"Content-Type": content_type}
        self._promise(changes, 201, "POST", "/media/upload", data=data, headers=headers)

    def change(self, item):
        """A PATCH of some of the fields, of which one differs at least; all of them change, or none."""
        before = after = item.outcomes[0]
        while after == before:
            choices = {
                "filename": self._filename(item),
                "title": self._title(),
                "description": self._description(),
                "tags": list(self._tags()),
            }
            names = self._random.sample(list(choices), self._random.randint(1, 4))
            chosen = {name: choices[name] for name in names}
            fields = {**chosen, **({"tags": tuple(chosen["tags"])} if "tags" in chosen else {})}
            after = dataclasses.replace(before, **fields)
        self._promise([(item, after)], 200, "PATCH", f"/media/{item.id}", json=chosen)

    def delete(self, item):
        self._promise([(item, None)], 200, "DELETE", f"/media/{item.id}")

    def change_email(self):
        email = f"{self.name}-{next(self._numbers)}@example.com"
        self.account.emails = [self.account.emails[0], email]
        if self._send(200, "PATCH", "/users/me", json={"email": email, "current_password": PASSWORD}):
            self.account.emails = [email]

    def register(self):
        username = f"{self.name}n{next(self._numbers)}"
        details = {"username": username, "email": f"{username}@example.com", "password": PASSWORD}
        self.model.people[username] = False
        self.model.people[username] = self._send(201, "POST", "/auth/register", json=details) is not None

    def _promise(self, changes, status, *request, **options):
        """A write of media, and what its answer leaves open."""
        for item, after in changes:
            item.outcomes = [item.outcomes[0], after]
        reply = self._send(status, *request, **options)
        for item, after in changes:
            item.outcomes = [after] if reply is not None else item.outcomes[:1]
            item.form = None
        if reply is None:
            return
        # The status was the promise. What follows it may be cut off by the kill.
        things = reply.json()["data"]
        for (item, after), thing in zip(changes, things if isinstance(things, list) else [things]):
            item.id = thing["id"]
            if after is not None and State.of(thing) != after:
                self.faults.append(f"{item.token}: answered {State.of(thing)}, not {after}")

    def _send(self, status, method, path, **options):
        """The reply if it has that status; None if the server refused. Throws when none came."""
        reply = self._api.call(method, path, stream=True, **options)
        if reply.status_code == status:
            self.acknowledged += 1
            return reply
        # An upload that stalls for half the (short) grace time is refused; nothing else is.
        if reply.status_code != 408:
            self.faults.append(f"{self.name}: {method} {path}: {reply.status_code} {reply.text[:300]}")
        reply.content
        return None

    # What they write.

    def _content(self):
        kind = self._random.random()
        if kind < 0.2:
            return self._random.choice(COMMON)
        for most, low, high in SIZES:
            if kind < most:
                return os.urandom(self._random.randint(low, high))
        raise AssertionError("the last of SIZES takes all")

    def _pieces(self, body):
        at = 0
        while at < len(body):
            size = self._random.choice([1000, 16_384, 100_000, 262_144])
            yield body[at : at + size]
            at += size

    def _filename(self, item):
        return f"{item.token} {self._random.randrange(1000)}.{self._random.choice(list(TYPES))}"

    def _title(self):
        return self._random.choice([None, "A title", "Ein Tïtel " + "x" * self._random.randint(0, 200)])

    def _description(self):
        """Now and then as long as several pages of the database."""
        return self._random.choice([None, "short", "long " * self._random.randint(1, 1900) + "end"])

    def _tags(self):
        return tuple(sorted(self._random.sample(TAGS, self._random.randint(0, len(TAGS)))))


# The check.


def verify(server, model):
    """What is not as it was promised, one line each; none is good. From then on the model holds
    what was seen, so that a fault is told once."""
    faults = []
    for account in model.accounts:
        try:
            _verify_account(server, model, account, faults)
        except (AssertionError, KeyError, *Unanswered) as error:
            faults.append(f"{account.username}: {error!r}")
    for username, was_answered in model.people.items():
        _verify_person(server.root, username, was_answered, faults)
    model.people = {}
    for writer in model.writers:
        faults += writer.faults
        writer.faults = []
    return faults + log_faults(server)


# What the log warns of because of the machine's own limits.
OF_THE_MACHINE = {"fewer connections than http.max_connections"}


def log_faults(server):
    """What the log of this run complains about. The kill may have cut its last line."""
    text = server.log_text()
    faults = []
    for line in text[: text.rfind("\n") + 1].splitlines():
        try:
            entry = json.loads(line)
            is_bad = entry["level"] in ("warning", "error") and entry["event"] not in OF_THE_MACHINE
        except (ValueError, KeyError, TypeError):
            is_bad = True  # a sanitizer speaks, or the runtime
        if is_bad:
            faults.append(f"log: {line}")
    return faults


def _verify_person(root, username, was_answered, faults):
    status = log_in(root, username).status_code
    if status == 401 and not was_answered:
        # Nothing of a registration that did not happen may be in its way.
        if (status := register(root, username).status_code) == 201:
            status = log_in(root, username).status_code
    if status != 200:
        faults.append(f"{username}: registration lost or in part ({status})")


def _verify_account(server, model, account, faults):
    reply = log_in(server.root, account.username)
    if reply.status_code != 200:
        faults.append(f"{account.username}: log-in gives {reply.status_code}")
        return
    # A session from before the kill is as good as the new one.
    old = Api(server.root, token=account.token)
    if old.get("/users/me").status_code != 200:
        faults.append(f"{account.username}: the session is gone")
    account.token = reply.json()["token"]
    api = Api(server.root, token=account.token)

    me = api.me()
    if me["email"] not in account.emails:
        faults.append(f"{account.username}: e-mail address {me['email']}, promised {account.emails}")
    if len(account.emails) > 1:
        model.unanswered += 1
        model.happened += me["email"] == account.emails[1]
    account.emails = [me["email"]]

    things = api.media(sort="created_at")
    _verify_sums(api, account, me, things, faults)
    items = account.items
    seen = {}
    for thing in things:
        token = thing["filename"].split(" ")[0]
        if token in seen:
            faults.append(f"{token}: there twice")
        elif token not in items:
            why = "deleted, yet there" if token in account.gone else "nobody wrote it"
            faults.append(f"{token}: {why}")
        seen[token] = thing
    _verify_forms(items, seen, faults)
    for token, item in items.items():
        _verify_item(api, model, item, seen.get(token), faults)
    for writer in account.writers:
        account.gone.update(item.token for item in writer.items if item.outcomes == [None])
        writer.items = [item for item in writer.items if item.outcomes != [None]]


def _verify_sums(api, account, me, things, faults):
    """Sums, counts and the other lists agree with the list."""

    def expect(what, got, wanted):
        if got != wanted:
            faults.append(f"{account.username}: {what}: {got}, by the list {wanted}")

    def total(**parameters):
        reply = api.get("/media", params={"per_page": 1, **parameters})
        return reply.json()["meta"]["pagination"]["total"]

    trashed = sum(thing["size"] for thing in api.trash())
    expect("used_bytes", me["used_bytes"], sum(thing["size"] for thing in things) + trashed)
    expect("total", total(), len(things))
    for kind in sorted(set(TYPES.values())):
        expect(f"total of {kind}", total(type=kind), sum(t["type"] == kind for t in things))
    ids = sorted(thing["id"] for thing in things)
    for sort in ("filename", "size"):
        expect(f"list by {sort}", sorted(t["id"] for t in api.media(sort=sort)), ids)
    for tag in TAGS:
        tagged = sorted(thing["id"] for thing in things if tag in thing["tags"])
        expect(f"list of {tag}", sorted(t["id"] for t in api.media(tag=tag)), tagged)


def _verify_forms(items, seen, faults):
    """The files of one form come together or not at all."""
    together = {}
    for item in items.values():
        if item.form:
            together.setdefault(item.form, set()).add(item.token in seen)
            item.form = None
    faults += [f"{form}: a form stored in part" for form, there in together.items() if len(there) > 1]


def _verify_item(api, model, item, thing, faults):
    outcomes, state = item.outcomes, State.of(thing) if thing else None
    item.outcomes = [state]
    if len(outcomes) > 1:
        model.unanswered += 1
        model.happened += state == outcomes[1]
    if state not in outcomes:
        what = "lost" if thing is None else "deleted, yet there" if outcomes == [None] else "wrong"
        faults.append(f"{item.token}: {what}: {state}, promised {outcomes}")
    if thing is None:
        if item.id is not None:
            for path in (f"/media/{item.id}", f"/media/{item.id}/content"):
                if (status := api.get(path).status_code) != 404:
                    faults.append(f"{item.token}: gone from the list, {path} gives {status}")
        return
    if item.id not in (None, thing["id"]):
        faults.append(f"{item.token}: was {item.id}, is {thing['id']}")
    item.id = thing["id"]
    if api.get(f"/media/{item.id}").json().get("data") != thing:
        faults.append(f"{item.token}: differs from its line in the list")
    try:
        reply = api.get(thing["url"])
        # The client library takes a body cut short for a whole one: the length tells.
        got = (reply.status_code, len(reply.content), samples.checksum(reply.content))
    except Unanswered as error:
        got = repr(error)
    if got != (200, thing["size"], thing["checksum"]):
        faults.append(f"{item.token}: content is {got}, listed {thing['size']} {thing['checksum']}")


def blob_faults(data):
    """Every stored byte checked, and each reference. The server was idle when it was killed."""
    done = program.run("fsck", "--data", data, timeout=300)
    bad = [line for line in done.stdout.splitlines() if line.startswith(("missing", "corrupt"))]
    if done.returncode != bool(bad):
        bad.append(f"fsck: exit code {done.returncode}, {done.stderr}")
    temporary = data / "blobs/tmp"
    left = temporary.iterdir() if temporary.exists() else []
    return bad + [f"temporary {path.name} was left" for path in left]
