"""Colour profiles (ICC.1, version 2) of a few hundred bytes: three primaries and a gamma, or grey."""

import struct

# Red, green, blue as XYZ under D50.
ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
BT2020 = ((0.67346, 0.27903, -0.00193), (0.16566, 0.67534, 0.02998), (0.12510, 0.04563, 0.79713))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
WHITE = (0.9642, 1.0, 0.8249)


def _xyz(values):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def _text(kind, name):
    data = name.encode() + b"\0"
    if kind == b"text":
        return b"text\0\0\0\0" + data
    return b"desc\0\0\0\0" + struct.pack(">I", len(data)) + data + bytes(4 + 4 + 2 + 1 + 67)


def _profile(space, tags):
    table, body = b"", b""
    offset = 128 + 4 + 12 * len(tags)
    for name, data in tags:
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"\0\0\0\0", 0x02100000, b"mntr", space, b"XYZ ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + _xyz(WHITE)[8:]
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def rgb(name, primaries, gamma):
    return _profile(b"RGB ", [
        (b"desc", _text(b"desc", name)), (b"cprt", _text(b"text", "none")), (b"wtpt", _xyz(WHITE)),
        *((bytes([letter]) + b"XYZ", _xyz(primary)) for letter, primary in zip(b"rgb", primaries)),
        *((bytes([letter]) + b"TRC", _gamma(gamma)) for letter in b"rgb")])


def grey(name, gamma):
    return _profile(b"GRAY", [(b"desc", _text(b"desc", name)), (b"cprt", _text(b"text", "none")),
                              (b"wtpt", _xyz(WHITE)), (b"kTRC", _gamma(gamma))])
