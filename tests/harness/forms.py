"""multipart bodies: forms to send, byte ranges to read."""

import dataclasses
import re
from typing import Optional

BOUNDARY = "----coffer-tests-7d91ab"


@dataclasses.dataclass
class Part:
    """A part of a form. `disposition` replaces the whole Content-Disposition value."""

    name: str
    data: bytes
    filename: Optional[str] = None
    content_type: Optional[str] = None
    disposition: Optional[bytes] = None

    def head(self):
        disposition = self.disposition
        if disposition is None:
            disposition = f'form-data; name="{escape(self.name)}"'.encode()
            if self.filename is not None:
                disposition += f'; filename="{escape(self.filename)}"'.encode()
        head = b"Content-Disposition: " + disposition + b"\r\n"
        if self.content_type:
            head += f"Content-Type: {self.content_type}\r\n".encode()
        return head + b"\r\n"


def escape(name):
    """As browsers do (HTML, multipart/form-data encoding algorithm)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def encode(parts, boundary=BOUNDARY, end=True):
    """Content type and body of a form. Without `end` its closing line is missing."""
    body = b""
    for part in parts:
        body += b"--" + boundary.encode() + b"\r\n" + part.head() + part.data + b"\r\n"
    if end:
        body += b"--" + boundary.encode() + b"--\r\n"
    return f"multipart/form-data; boundary={boundary}", body


def file_form(data, filename="file.bin", content_type=None):
    """Content type and body of a form with one file."""
    return encode([Part("file", data, filename, content_type)])


def file_frame(filename="file.bin", fields=()):
    """Content type, and what goes before and after the bytes of a file in a form."""
    marker = b"\0coffer-content\0"
    parts = [Part(name, value.encode()) for name, value in fields]
    content_type, body = encode(parts + [Part("file", marker, filename)])
    before, after = body.split(marker)
    return content_type, before, after


def chunked(data, sizes):
    """`data` as a chunked body; the chunks' sizes repeat."""
    body, at, index = b"", 0, 0
    while at < len(data):
        piece = data[at : at + sizes[index % len(sizes)]]
        body += b"%x\r\n%b\r\n" % (len(piece), piece)
        at += len(piece)
        index += 1
    return body + b"0\r\n\r\n"


def parse_byteranges(content_type, body):
    """[(Content-Range, Content-Type, bytes)] of a multipart/byteranges body, read strictly."""
    boundary = re.fullmatch(r'multipart/byteranges; ?boundary="?([^"]{1,70})"?', content_type)
    assert boundary, content_type
    delimiter = b"--" + boundary.group(1).encode()
    assert body.endswith(b"\r\n" + delimiter + b"--\r\n") or body.endswith(
        b"\r\n" + delimiter + b"--"
    ), body[-100:]
    if not body.startswith(b"\r\n"):
        body = b"\r\n" + body
    pieces = body.split(b"\r\n" + delimiter)
    assert pieces[0] == b"" and pieces[-1] in (b"--", b"--\r\n")
    ranges = []
    for piece in pieces[1:-1]:
        assert piece.startswith(b"\r\n")
        head, content = piece[2:].split(b"\r\n\r\n", 1)
        fields = {}
        for line in head.decode("latin-1").split("\r\n"):
            name, value = line.split(":", 1)
            fields[name.lower()] = value.strip()
        ranges.append((fields["content-range"], fields.get("content-type"), content))
    return ranges
