"""Reader of terminal input: bytes to Textual's messages. Nothing that a terminal sends raises an exception."""

from __future__ import annotations

import time
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable

from textual import constants
from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.message import Message

TICK = 0.1
"""Seconds between reads while an escape character may be waiting for the rest of its sequence."""
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class KeyReader:
    """Reads keys, pastes, mouse events and reports.

    A byte that is not UTF-8 becomes a replacement character. A sequence that Textual's parser cannot read is dropped,
    with the rest of the bytes that arrived with it.
    """

    def __init__(self, *, debug: bool = False, monotonic: Callable[[], float] = time.monotonic) -> None:
        """
        Args:
            debug: let Textual log its input to a file.
        """
        self._monotonic = monotonic
        self._complete_at = float("-inf")
        self._debug = debug
        self._decoder = getincrementaldecoder("utf-8")("replace")
        self._parser = XTermParser(debug)

    def read(self, data: bytes) -> list[Message]:
        """Return the messages that `data` completes. Without data, a waiting escape character may become a key."""
        if data:
            self._complete_at = self._monotonic() + constants.ESCAPE_DELAY + 2 * TICK
        text = self._decoder.decode(data)
        found = self._parsed(self._parser.feed(text)) if text else []  # an empty text would mean the end
        return [*found, *self._parsed(self._parser.tick())]

    @property
    def patience(self) -> float | None:
        """Seconds to wait for more bytes before the next `read` without any. None for ever: no key is incomplete."""
        return TICK if self._monotonic() < self._complete_at else None

    def _parsed(self, messages: Iterable[Message]) -> list[Message]:
        found: list[Message] = []
        try:
            for message in messages:
                found.append(_encodable(message))
        except Exception:  # such as a number that is no code point: the parser has ended
            self._parser = self._new_parser()
        return found

    def _new_parser(self) -> XTermParser:
        old, new = self._parser, XTermParser(self._debug)
        new.mouse_pixels, new.terminal_size = old.mouse_pixels, old.terminal_size
        new.terminal_pixel_size = old.terminal_pixel_size
        return new


def _encodable(message: Message) -> Message:
    """Replace a surrogate, which a terminal can send as a number and which no output can encode."""
    if (
        isinstance(message, Key)
        and message.character
        and any("\ud800" <= each <= "\udfff" for each in message.character)
    ):
        return Key("replacement_character", REPLACEMENT)
    return message
