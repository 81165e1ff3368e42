"""Host of the samplers: at most one worker process, which answers questions one after another.

The worker starts with the first question and ends after `IDLE_SECONDS` without one, or when a job starts to train on
the accelerator that it uses. It keeps the base model in memory, and tuned models beside it.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count
from typing import TypeVar

from fttui.clock import Clock
from fttui.server.jobs.trainer_environment import NoVariable, trainer_environment
from fttui.server.sampling.line_process import LineProcess
from fttui.server.sampling.question import Busy, End, Item, Question, SamplingError, item_of
from fttui.server.settings import Settings, Trainer

IDLE_SECONDS = 300.0
"""Seconds without a question after which the worker ends and frees its memory."""

_Result = TypeVar("_Result")

log = logging.getLogger("fttui.server")


class SamplerHost:
    """Worker of one service. All methods belong to the event loop of the service."""

    def __init__(
        self, clock: Clock, settings: Callable[[], Settings], occupant: Callable[[Trainer], str | None]
    ) -> None:
        """
        Args:
            settings: returns the current settings of the service.
            occupant: returns the job that trains on the accelerator of a trainer's sampler, in words; None for none.
        """
        self._clock = clock
        self._settings = settings
        self._occupant = occupant
        self._worker: LineProcess | None = None
        self._trainer: Trainer | None = None
        """Trainer of the worker."""
        self._ids = count(1)
        self._turn = asyncio.Lock()
        self._used_at = 0.0

    @property
    def is_answering(self) -> bool:
        """True while a question is answered."""
        return self._turn.locked()

    async def answer(self, trainer: Trainer, question: Question) -> AsyncGenerator[Item, None]:
        """Answer a question after the questions before it. The last item is an `End`.

        The answer is cancelled when the caller closes the iterator.

        Raises:
            SamplingError: the question cannot be answered, or the worker ended.
        """
        async with self._turn:
            await self._check_accelerator(trainer)
            worker = await self._worker_of(trainer)
            id = next(self._ids)
            worker.send(question.line(id))
            is_over = False
            try:
                while not is_over:
                    line = await self._read(worker, trainer)
                    if "type" not in line and line.get("id") != id:
                        continue  # the rest of a cancelled answer
                    is_over = "error" in line
                    item = item_of(line)
                    if item is not None:
                        is_over = isinstance(item, End)
                        yield item
            except SamplingError:
                is_over = True
                raise
            finally:
                self._used_at = self._clock.monotonic()
                if not is_over:
                    worker.send({"cancel": id})

    async def _check_accelerator(self, trainer: Trainer) -> None:
        job = await asyncio.to_thread(self._occupant, trainer)
        if job is not None:
            message = f"{job} is training on the accelerator that the model needs. Try again when it has ended."
            raise Busy("accelerator_in_use", message, "model")

    async def _worker_of(self, trainer: Trainer) -> LineProcess:
        """Return the worker of a trainer, started if needed. It replaces the worker of a different trainer."""
        if self._worker is not None and (self._trainer != trainer or self._worker.has_ended):
            await self._end()
        if self._worker is None:
            try:
                environment = await asyncio.to_thread(trainer_environment, trainer, self._settings())
                self._worker = await LineProcess.start(trainer.sampler, environment)
            except NoVariable as error:
                raise SamplingError("sampler_not_started", str(error)) from None
            except OSError as error:
                reason = error.strerror or str(error)
                raise SamplingError("sampler_not_started", f"The sampler could not be started: {reason}.") from None
            self._trainer = trainer
        return self._worker

    async def _read(self, worker: LineProcess, trainer: Trainer) -> dict[str, object]:
        line = await self._within(trainer.hang_after, worker.read())
        if line is not None:
            return line
        how = await self._end() or "was ended"
        message = f"The sampler of the trainer {trainer.name} {how}."
        log.warning("%s", message)
        raise SamplingError("sampler_ended", message)

    async def _within(self, seconds: float, result: Awaitable[_Result]) -> _Result | None:
        """Wait for a result, at most `seconds`. Return None when it does not arrive."""
        waiting = asyncio.ensure_future(result)
        limit = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((waiting, limit), return_when=asyncio.FIRST_COMPLETED)
            return waiting.result() if waiting.done() else None
        finally:
            waiting.cancel()
            limit.cancel()

    async def tend(self) -> None:
        """End a worker that is idle, or whose accelerator a job needs now. Call this regularly."""
        if self._worker is None or self._trainer is None or self.is_answering:
            return
        async with self._turn:
            is_idle = self._clock.monotonic() - self._used_at >= IDLE_SECONDS
            if is_idle or await asyncio.to_thread(self._occupant, self._trainer) is not None:
                await self._end()

    async def close(self) -> None:
        """End the worker."""
        await self._end()

    async def _end(self) -> str:
        worker, self._worker = self._worker, None
        return "" if worker is None else await worker.end()
