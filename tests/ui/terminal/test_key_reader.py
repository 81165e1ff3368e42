"""Terminal input: whatever the bytes are, keys are read and nothing is raised."""

import random

import pytest
from textual.events import Key, Paste

from fttui.ui.terminal.key_reader import KeyReader

END_OF_PASTE = b"\x1b[201~"
"""Sequence that ends whatever the bytes before it have begun."""


def keys(reader: KeyReader, *reads: bytes) -> list[str]:
    """Return the names of the keys in several reads."""
    return [message.key for data in reads for message in reader.read(data) if isinstance(message, Key)]


@pytest.mark.parametrize(
    ("reads", "names"),
    [
        ((b"a\xffb",), ["a", "replacement_character", "b"]),
        ((b"\xf6", b"l"), ["replacement_character", "l"]),
        (("ö".encode("latin-1") + b"\x1b[A",), ["replacement_character", "up"]),
        (("ö".encode()[:1], "ö".encode()[1:]), ["ö"]),
    ],
)
def test_byte_that_is_not_utf_8_becomes_a_replacement_character(reads: tuple[bytes, ...], names: list[str]) -> None:
    assert keys(KeyReader(), *reads) == names


def test_paste_with_a_byte_that_is_not_utf_8_keeps_the_rest() -> None:
    (paste,) = (
        message for message in KeyReader().read(b"\x1b[200~caf\xe9 au lait\x1b[201~q") if isinstance(message, Paste)
    )
    assert paste.text == "caf\ufffd au lait"


@pytest.mark.parametrize("sequence", [b"\x1b[9999999999;1u", b"\x1b[97;;1114112u", b"\x1b[48;0;0;0;0t\x1b[<0;1;1M"])
def test_sequence_that_cannot_be_read_is_dropped(sequence: bytes) -> None:
    reader = KeyReader()
    reader.read(sequence)
    assert keys(reader, b"q") == ["q"]


def test_surrogate_sent_as_a_number_becomes_a_replacement_character() -> None:
    (key,) = KeyReader().read(b"\x1b[97;1;55296u")
    assert isinstance(key, Key)
    assert key.character == "\ufffd"


def test_keys_arrive_after_any_bytes() -> None:
    dice = random.Random(15)
    pieces = [
        b"\x1b[",
        b"\x1b",
        b"<",
        b";",
        b"9" * 9,
        b"u",
        b"M",
        b"t",
        b"48;",
        b"\xff",
        b"\xe2\x82",
        b"200~",
        b"q",
        b"\x00",
    ]
    reader = KeyReader()
    for _ in range(3000):
        noise = b"".join(dice.choices(pieces, k=dice.randint(1, 9))) + dice.randbytes(dice.randint(0, 4))
        reader.read(noise)
        reader.read(END_OF_PASTE)
        assert keys(reader, b"q") == ["q"], noise
