"""Every spelling of escape is INVALID_PATH: a generated list of them, sent as exact bytes."""

import itertools
import json

import pytest

from harness import forms
from harness.quantum import Quantum, refuse


def percent(text, times=1):
    """Every byte encoded, and that again."""
    data = text if isinstance(text, bytes) else text.encode()
    encoded = "".join(f"%{byte:02x}" for byte in data)
    for _ in range(times - 1):
        encoded = encoded.replace("%", "%25")
    return encoded


DOTS = [
    "..", "%2e%2e", "%2E%2E", ".%2e", "%2e.", "%252e%252e", "%25252e%25252e", "%2525252e%2525252e", "%%32%65%%32%65",
    "%u002e%u002e", "%25u002e%25u002e", "%c0%ae%c0%ae", "%25c0%25ae%25c0%25ae", "%e0%80%ae%e0%80%ae",
    "%f0%80%80%ae%f0%80%80%ae", "%ef%bc%8e%ef%bc%8e", "%e2%80%a4%e2%80%a4", "%e2%80%a5", "..%00", "%00..", "..%20",
    "%20..", "..%09", "..;", "..;a=b", "..%3b", "...", ".%2e.", "..%0d%0a", "..%5c", "%5c..", "..%255c", ".", "%2e",
    "%252e", "%c0%2e", "%fe%fe", "%ff", "%ed%a0%80", "%c1%9c", "%80", "%c3",
]  # fmt: skip
SLASHES = [
    "/", "//", "%2f", "%2F", "%252f", "%25252f", "%5c", "%5C", "%255c", "\\", "%c0%af", "%25c0%25af", "%c1%9c",
    "%e0%80%af", "%f0%80%80%af", "%u2215", "%25u002f", "%ef%bc%8f", "%%32%66", "/./", "%00/", "/%00",
]  # fmt: skip
TARGETS = ["etc", "etc/passwd", "f", "", "windows/win.ini"]
WHOLE = [
    "a//b", "//a", "/a", "a/%00", "a%00b", "%00", "a%0ab", "a%0d", "%1f", "%7f", "a%c2%85", "a%5cb", "a\\b", "a%2fb",
    "%2fetc%2fpasswd", "%2f", "%5c", "%5c%5chost%5cshare", "c:%5cwindows", "c:", "C:", "c:windows", "C%3a%5c", "file:%2f%2f%2fetc",
    "con", "CON", "nul", "nul.txt", "aux", "prn.txt", "com1", "lpt9.log", "COM1.tar.gz", "%63on", "%2563on", "%20", "%20%20",
    "%zz", "%", "%2", "a%", "%u", "%g0", "x" * 256, "%78" * 256, "%e4%b8%80" * 86,
    "/".join(["d" * 255] * 17), percent("../../etc/passwd", 1), percent("../../etc/passwd", 2), percent("../../etc/passwd", 3),
    percent("..\\..\\boot.ini", 1), percent("..\\..\\boot.ini", 2), percent(b"\xc0\xae\xc0\xae\xc0\xaf"), "a/../b", "a/./b",
    "a/..", "a/.", "./a", "../a", "a/%2e%2e/%2e%2e/b", "..%c0%af..%c0%afetc", "....//....//etc", "..%252f..%252f", "a%250ab", "a%2500",
]  # fmt: skip
RAW = [b"\xff", b"a\xc0\xafb", b"\xed\xa0\x80", b"\x80", b"a/\xf0\x80\x80\xaf", b"\xfe\xff", b"\xc3"]


def spellings():
    """At least a thousand, each of which must be refused wherever a location stands."""
    made = dict.fromkeys(WHOLE)
    for dots, slash, target in itertools.product(DOTS, SLASHES, TARGETS):
        made[f"{dots}{slash}{target}"] = None
        if target == "etc":
            made[f"a/{dots}{slash}{dots}{slash}{target}"] = None
    return [text.encode() for text in made] + RAW


def plain(made):
    """Without what a router reads as an ordinary place: nothing is left of `x/` but `x`."""
    return [text for text in made if text]


@pytest.fixture(scope="module")
def quantum(shared):
    return Quantum.registered(shared)


@pytest.fixture(scope="module")
def bucket(quantum):
    name = quantum.bucket()
    quantum.add(name, "", ("f", b"the one file"))
    return name


class Pipeline:
    """Many requests on few connections, as bytes."""

    def __init__(self, quantum):
        self.quantum = quantum

    def statuses(self, method, targets, headers=b"", body=b"", at_once=20):
        """[(target, status, body)]. A connection that ends is made anew."""
        key = f"X-API-MKEY: {self.quantum.master}\r\n".encode()
        frame = b" HTTP/1.1\r\nHost: h\r\n" + key + headers
        frame += b"Content-Length: %d\r\n\r\n" % len(body) + body
        found, wire = [], None
        for target in targets:
            wire = wire or self.quantum.server.wire()
            wire.send(method + b" " + target + frame)
            reply = wire.reply()
            found.append((target, reply.status_code, reply.content))
            if reply.headers.get("Connection") == "close":
                wire.close()
                wire = None
        if wire:
            wire.close()
        return found


def all_invalid(found, codes=("INVALID_PATH",)):
    wrong = []
    for target, status, content in found:
        if status != 400 or json.loads(content) not in [{"status": "error", "message": c} for c in codes]:
            wrong.append((target, status, content[:100]))
    assert not wrong, f"{len(wrong)} of {len(found)}: {wrong[:20]}"


def test_the_list_is_long_enough():
    assert len(plain(spellings())) > 1000


@pytest.mark.parametrize(
    "method, call", [("GET", "file/get"), ("POST", "file/remove"), ("POST", "file/mkdir"), ("POST", "file/add")]
)
def test_no_spelling_of_a_location_leads_out(quantum, bucket, method, call):
    made = plain(spellings())
    if call in ("file/remove", "file/mkdir"):
        made = made[::2]
    headers, body = b"", b""
    if call == "file/add":
        content_type, body = forms.encode([forms.Part("files", b"x", "name")])
        headers = f"Content-Type: {content_type}\r\n".encode()
    targets = [f"/{call}/{bucket}/".encode() + text for text in made]
    # A directory's name that is no name is another matter than one that leads elsewhere.
    codes = ("INVALID_PATH", "INVALID_DIR") if call == "file/mkdir" else ("INVALID_PATH",)
    all_invalid(Pipeline(quantum).statuses(method.encode(), targets, headers, body), codes)
    assert [m["filename"] for m in quantum.native.media()] == ["f"]
    assert quantum.content(bucket, "f") == b"the one file"


def test_no_spelling_of_a_bucket_leads_out(quantum, bucket):
    made = plain(spellings())[::5]
    for call in ("bucket/create", "file/get"):
        method = b"GET" if call == "file/get" else b"POST"
        end = b"/f" if call == "file/get" else b""
        targets = [f"/{call}/".encode() + text + end for text in made]
        found = Pipeline(quantum).statuses(method, targets)
        # A name that some system reserves is no bucket's: not there, or not to be made.
        wrong = [f for f in found if f[1] == 400 and b"INVALID_PATH" not in f[2]]
        wrong += [f for f in found if f[1] not in (400, 404) or f[1] == 404 and b"BUCKET_DNE" not in f[2]]
        assert not wrong, wrong[:20]
    assert quantum.buckets() == [bucket]


def test_no_spelling_of_a_files_name_leads_out(quantum, bucket):
    names = ["", ".", "..", "../f", "..\\f", "/etc/passwd", "a/b", "a\\b", "C:\\f", "c:f", "a\0b", "a\nb", "\x7f", "con", "nul.txt",
             "%2e%2e%2ff", "%2e%2e", "%252e%252e%252f", "..%2f", "%00", "x" * 256, "．．／f", " ", "..;", "a%5cb"]  # fmt: skip
    for name in names:
        refuse(quantum.try_add(bucket, "", (name, b"x"), force=True), 400, "INVALID_PATH")
    for disposition in (
        b'form-data; name="files"; filename="\xc0\xae\xc0\xae"',
        b"form-data; name=\"files\"; filename*=UTF-8''%2e%2e%2ff",
        b"form-data; name=\"files\"; filename*=UTF-8''a%00b",
        b"form-data; name=\"files\"; filename*=UTF-8''%c0%ae%c0%ae",
        b'form-data; name="files"; filename="..\xf0\x80\x80\xaff"',
    ):
        reply = quantum.send(bucket, "", [forms.Part("files", b"x", "f", disposition=disposition)])
        refuse(reply, 400, "INVALID_PATH")
    assert [m["filename"] for m in quantum.native.media()] == ["f"]


def test_names_that_only_look_strange_are_names(quantum):
    bucket = quantum.bucket()
    names = ["..a", "a..", "a b", " a", "100%", "%", "%41", "é", "+", "&=?#", "💾", "ab:c", "AC／DC", "~", "-", "'", '"', "com10", "50%80 off.txt", "caf%E9.pdf", "x" * 255]
    for name in names:
        quantum.add(bucket, name, (name.replace('"', "'"), name.encode()))
        assert quantum.content(bucket, f"{name}/{name.replace(chr(34), chr(39))}") == name.encode()
    reply = quantum.post(f"/bucket/remove/{bucket}")
    assert reply.status_code == 200
