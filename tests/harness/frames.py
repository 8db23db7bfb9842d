"""Frames of WebSockets (RFC 6455) as bytes: what no client library would send."""

import json


def frame(opcode, data, fin=True, mask=b"\1\2\3\4", reserved=0):
    """A client's frame; without a mask it is none."""
    head = bytes([(0x80 if fin else 0) | reserved | opcode])
    length = len(data)
    marked = 0x80 if mask else 0
    if length < 126:
        head += bytes([marked | length])
    elif length < 65536:
        head += bytes([marked | 126]) + length.to_bytes(2, "big")
    else:
        head += bytes([marked | 127]) + length.to_bytes(8, "big")
    if not mask:
        return head + data
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


def text(message):
    """An object as a text message."""
    return frame(1, json.dumps(message).encode())


def read(wire):
    """Opcode and payload of the next frame of the server."""
    first, second = wire.exactly(2)
    assert not second & 0x80, "a server's frames have no mask"
    length = second & 0x7F
    if length == 126:
        length = int.from_bytes(wire.exactly(2), "big")
    elif length == 127:
        length = int.from_bytes(wire.exactly(8), "big")
    return first & 0x0F, wire.exactly(length)


def read_close(wire):
    """The code of the close frame, behind whatever comes before it."""
    while True:
        opcode, data = read(wire)
        if opcode == 8:
            return int.from_bytes(data[:2], "big")
