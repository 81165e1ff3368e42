"""Wire format of Protocol Buffers, as far as event files of TensorBoard and run files of W&B need it.

The libraries behind these files bring a protobuf runtime of several megabytes and load it for some hundred
milliseconds; the parts that a run needs are four kinds of field.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

_FIXED64 = struct.Struct("<d")
_FIXED32 = struct.Struct("<f")
MOST_DIGITS = 10
"""Most bytes of a varint."""


class Malformed(ValueError):
    """The bytes are no message."""


class Field(NamedTuple):
    """One field of a message. Only the member of its kind is set."""

    number: int
    whole: int = 0
    """A varint, as an unsigned number."""
    real: float = 0.0
    """A double or a float."""
    data: bytes = b""
    """A string, bytes, a message or packed numbers."""

    @property
    def signed(self) -> int:
        """The varint as a signed number of 64 bits."""
        return self.whole - (1 << 64) if self.whole >> 63 else self.whole

    @property
    def text(self) -> str:
        """The data as text. Bytes that are not UTF-8 are replaced."""
        return self.data.decode("utf-8", "replace")


def fields(message: bytes) -> Iterator[Field]:
    """Yield the fields of a message in their order.

    Raises:
        Malformed: the message ends early, or has a field of an unknown kind.
    """
    at, end = 0, len(message)
    while at < end:
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if not number:
            raise Malformed("field number 0")
        if kind == 2:
            size, at = _varint(message, at)
            stop = at + size
            if stop > end:
                raise Malformed("a field ends early")
            yield Field(number, data=message[at:stop])
            at = stop
        elif kind == 0:
            value, at = _varint(message, at)
            yield Field(number, value)
        elif kind == 1:
            yield Field(number, real=_unpack(_FIXED64, message, at))
            at += 8
        elif kind == 5:
            yield Field(number, real=_unpack(_FIXED32, message, at))
            at += 4
        else:
            raise Malformed(f"field of kind {kind}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return a varint and the place after it."""
    value = shift = 0
    for index in range(at, at + MOST_DIGITS):
        if index >= len(message):
            raise Malformed("a number ends early")
        digit = message[index]
        value |= (digit & 127) << shift
        if digit < 128:
            return value & 0xFFFF_FFFF_FFFF_FFFF, index + 1
        shift += 7
    raise Malformed("a number is too long")


def _unpack(form: struct.Struct, message: bytes, at: int) -> float:
    try:
        return float(form.unpack_from(message, at)[0])
    except struct.error:
        raise Malformed("a number ends early") from None
