"""Small writers of the formats of event and run files, for records that no library would write."""

import struct
import zlib

from fttui.runs.formats import crc32c

BLOCK = 32_768


def varint(value: int) -> bytes:
    value &= 0xFFFF_FFFF_FFFF_FFFF
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def data(number: int, value: bytes | str) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def single(number: int, value: float) -> bytes:
    return varint(number << 3 | 5) + struct.pack("<f", value)


def scalar(step: int, tag: str, value: float, time: float = 1.7e9) -> bytes:
    """An event with one scalar."""
    return record(double(1, time) + whole(2, step) + data(5, data(1, data(1, tag) + single(2, value))))


def record(message: bytes) -> bytes:
    """A record of an event file."""
    head = struct.pack("<Q", len(message))
    masks = [struct.pack("<I", crc32c.masked(part)) for part in (head, message)]
    return head + masks[0] + message + masks[1]


def history(step: int, **values: str) -> bytes:
    """A record of W&B with values as JSON texts. Dots in a name separate outer and inner names."""
    items = b"".join(
        data(1, b"".join(data(2, part) for part in name.split(".")) + data(16, text)) for name, text in values.items()
    )
    return data(2, items + data(2, whole(1, step)))


def wandb_file(*messages: bytes) -> bytes:
    """A run file of W&B."""
    out = bytearray(b":W&B\xe1\xbe\x00")
    for message in messages:
        kind, rest = 0, message
        while kind not in (1, 4):
            left = BLOCK - len(out) % BLOCK
            if left < 7:
                out += bytes(left)
                left = BLOCK
            part, rest = rest[: left - 7], rest[left - 7 :]
            kind = (3 if rest else 4) if kind else (2 if rest else 1)
            out += struct.pack("<IHB", zlib.crc32(part, zlib.crc32(bytes([kind]))), len(part), kind) + part
    return bytes(out)
