"""Newest answer of an engine, asked for in the background and kept for some seconds."""

import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from fttui.clock import Clock
from fttui.server.launchers.base import EngineUnreachable

INTERVAL = 5.0
"""Seconds between two questions to an engine."""
_PATIENCE = 10
"""Least ratio of the time between two questions to the time that an answer takes."""
_PATIENCE_WITHOUT_ANSWER = 2
"""The same for a question that the engine did not answer: the end of an outage is to be seen soon."""

T = TypeVar("T")


class NoAnswer(Exception):
    """The engine does not answer. The message has its words."""


class Answer(NamedTuple, Generic[T]):
    """Answer of an engine."""

    asked_at: float
    """Time of the question, by the monotonic clock."""
    value: T | None
    """None when the engine did not answer."""
    trouble: str = ""
    """Reason why it did not answer."""


def in_thread(work: Callable[[], None]) -> None:
    """Do some work in a thread of its own, which does not keep the service alive."""
    threading.Thread(target=work, name="engine", daemon=True).start()


class Answers(Generic[T]):
    """Answers of one engine. Its methods may be called from any thread."""

    def __init__(
        self,
        ask: Callable[[], T],
        clock: Clock,
        *,
        interval: float = INTERVAL,
        start: Callable[[Callable[[], None]], None] = in_thread,
    ) -> None:
        """
        Args:
            ask: asks the engine, and raises `NoAnswer` when it does not answer.
            interval: seconds for which an answer is used.
            start: does work in the background: a question waits for the engine, and a look must not.
        """
        self._ask = ask
        self._clock = clock
        self._interval = self._pause = interval
        self._start = start
        self._lock = threading.Lock()
        self._newest: Answer[T] | None = None
        self._number = 0
        self._is_asking = False
        self.on_answer: Callable[[], None] = lambda: None
        """Called in any thread when an answer has arrived."""

    @property
    def newest(self) -> Answer[T] | None:
        """Newest answer; None before the first."""
        return self._newest

    def number(self) -> int:
        """Return the number of the newest answer, at once. An old one is replaced in the background."""
        with self._lock:
            newest = self._newest
            is_old = newest is None or self._clock.monotonic() - newest.asked_at >= self._pause
            if not is_old or self._is_asking:
                return self._number
            self._is_asking = True
        try:
            self._start(self._refresh)
        except BaseException:
            self._is_asking = False  # no thread can be started now; the next look tries again
            raise
        return self._number

    def require(self) -> None:
        """Do nothing, unless the newest answer says that the engine does not answer. An old one is replaced.

        Raises:
            EngineUnreachable: a request would wait for the engine.
        """
        self.number()
        if self._newest is not None and self._newest.value is None:
            raise EngineUnreachable(self._newest.trouble)

    def _refresh(self) -> None:
        try:
            self.ask()
        finally:
            self._is_asking = False
        self.on_answer()

    def ask(self) -> Answer[T]:
        """Ask the engine now, and return the newest answer. Blocks."""
        asked_at = self._clock.monotonic()
        patience = _PATIENCE
        try:
            made = Answer(asked_at, self._ask())
        except NoAnswer as error:
            made = Answer(asked_at, None, str(error))
            patience = _PATIENCE_WITHOUT_ANSWER
        took = self._clock.monotonic() - asked_at
        with self._lock:
            if self._newest is None or self._newest.asked_at <= asked_at:
                self._newest = made
                self._number += 1
                self._pause = max(self._interval, took * patience)
            return self._newest
