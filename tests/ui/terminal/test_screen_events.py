"""Order of keys across screens, whatever the speed of the machine."""

import asyncio
from collections.abc import Iterator
from itertools import count

from textual import events
from textual.app import App
from textual.screen import Screen

from fttui.ui.terminal.screen_events import ScreenEvents


class Level(ScreenEvents, Screen[None]):
    """Screen that records its keys. `?` opens a screen above, `q` closes this one; both wait for `gate` afterwards."""

    AUTO_FOCUS = None

    def __init__(self, typed: list[str], numbers: Iterator[int]) -> None:
        super().__init__()
        self.typed = typed
        self.numbers = numbers
        self.number = next(numbers)
        self.gate = asyncio.Event()
        self.is_waiting = asyncio.Event()

    async def on_key(self, event: events.Key) -> None:
        event.stop()
        self.typed.append(f"{self.number}{event.character}")
        if event.character == "?":
            await self.app.push_screen(Level(self.typed, self.numbers))
        elif event.character == "q":
            self.dismiss(None)
        else:
            return
        self.is_waiting.set()
        await self.gate.wait()


class Levels(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.typed: list[str] = []

    def get_default_screen(self) -> Screen[None]:
        return Level(self.typed, count())

    def level(self) -> Level:
        assert isinstance(self.screen, Level)
        return self.screen

    def send(self, text: str) -> None:
        for character in text:
            self.post_message(events.Key("question_mark" if character == "?" else character, character))


async def settle() -> None:
    """Let the queues of the application and its screens run empty."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_a_key_after_the_opening_key_stays_before_newer_keys() -> None:
    app = Levels()
    async with app.run_test():
        below = app.level()
        app.send("?a")
        await below.is_waiting.wait()
        app.send("bc")
        await settle()  # `b` and `c` leave the queue of the application while `a` waits below
        below.gate.set()
        await settle()
        assert app.typed == ["0?", "1a", "1b", "1c"]


async def test_a_key_after_the_closing_key_stays_before_newer_keys() -> None:
    app = Levels()
    async with app.run_test():
        below = app.level()
        below.gate.set()
        app.send("?")
        await below.is_waiting.wait()
        above = app.level()
        app.send("qa")
        await above.is_waiting.wait()
        app.send("bc")
        await settle()
        above.gate.set()
        await settle()
        assert app.typed == ["0?", "1q", "0a", "0b", "0c"]


async def test_keys_keep_their_order_through_two_screens_that_a_burst_opens() -> None:
    app = Levels()
    async with app.run_test():
        below = app.level()
        app.send("??a")
        await below.is_waiting.wait()
        app.send("b")
        await settle()
        middle = app.level()
        below.gate.set()
        await middle.is_waiting.wait()
        app.send("c")
        await settle()
        middle.gate.set()
        await settle()
        assert app.typed == ["0?", "1?", "2a", "2b", "2c"]
