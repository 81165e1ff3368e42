"""Questions of the Try screen that are being answered: started, stopped, and drawn at most ten times a second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from fttui.core.try_candidates import Candidate
from fttui.core.try_model import Answer, Sampling, TryModel
from fttui.data.prompts import Prompt

INTERVAL = 0.1
"""Seconds between two drawings of an answer that is written."""


class _Question(NamedTuple):
    task: asyncio.Task[Answer]
    prompt: Prompt
    sampling: Sampling


class Asking:
    """Running questions, at most one a model."""

    def __init__(
        self,
        trying: TryModel,
        sleep: Callable[[float], Awaitable[None]],
        draw: Callable[[], None],
        crash: Callable[[Exception], None],
    ) -> None:
        """
        Args:
            draw: draws the answers.
            crash: ends the program because of an error in it.
        """
        self._trying = trying
        self._sleep = sleep
        self._draw = draw
        self._crash = crash
        self._running: dict[str, _Question] = {}
        self._drawing: asyncio.Task[None] | None = None

    def ask(self, candidate: Candidate, prompt: Prompt, sampling: Sampling) -> None:
        """Ask a model. A question to it that is still running is stopped."""
        self.stop(candidate)
        task = asyncio.create_task(self._trying.ask(candidate.model, prompt, sampling, self._changed))
        self._running[candidate.model] = _Question(task, prompt, sampling)
        task.add_done_callback(lambda done: self._ended(candidate.model, done))

    def stop(self, candidate: Candidate) -> bool:
        """Stop the answer of a model. What has arrived stays. Return False when no answer is written."""
        question = self._running.pop(candidate.model, None)
        if question is not None:
            question.task.cancel()
        return question is not None

    def drop(self) -> None:
        """Stop all answers and forget them, because nobody looks at them any more."""
        for model, question in self._running.items():
            question.task.cancel()
            self._trying.forget(model, question.prompt, question.sampling)
        self._running.clear()

    def close(self) -> None:
        """Stop everything."""
        self.drop()
        if self._drawing is not None:
            self._drawing.cancel()

    def _ended(self, model: str, task: asyncio.Task[Answer]) -> None:
        if (question := self._running.get(model)) is not None and question.task is task:
            del self._running[model]
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._crash(error)
        self._draw()

    def _changed(self, _: Answer) -> None:
        if self._drawing is None or self._drawing.done():
            self._drawing = asyncio.create_task(self._draw_soon())

    async def _draw_soon(self) -> None:
        await self._sleep(INTERVAL)
        self._draw()
