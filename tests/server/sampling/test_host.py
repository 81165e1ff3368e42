"""The host of samplers with a worker that needs no model: one worker, in turn, ended in time, its death named."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from fttui.server.sampling.host import IDLE_SECONDS, SamplerHost
from fttui.server.sampling.question import Busy, End, Item, Loading, Question, Refused, SamplingError, Text
from fttui.server.settings import Settings, Trainer
from tests.server.conftest import SAMPLER
from tests.support.clock import FakeClock

FAKE = Trainer("fake", ("train",), ("base-1",), ("supervised",), sampler=SAMPLER)


def question(words: str, **members: Any) -> Question:
    given = {"base": "base-1", "source": None, "model": None, "max_tokens": 9, "temperature": 0.0, "top_p": 1.0}
    messages = [{"role": "user", "content": words}]
    return Question(**{**given, "messages": messages, "tools": None, "seed": None, "stop": (), **members})


class Bench:
    """Host with a fake clock, and the job that occupies the accelerator."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.job: str | None = None
        self.host = SamplerHost(self.clock, Settings, lambda trainer: self.job)

    async def ask(self, words: str, trainer: Trainer = FAKE, **members: Any) -> list[Item]:
        async with aclosing(self.host.answer(trainer, question(words, **members))) as items:
            return [item async for item in items]

    async def text(self, words: str, trainer: Trainer = FAKE, **members: Any) -> str:
        return "".join(item.text for item in await self.ask(words, trainer, **members) if isinstance(item, Text))

    def process(self) -> int | None:
        """Return the id of the worker's process."""
        return self.host._worker and self.host._worker._process.pid


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    await bench.host.close()


async def test_one_worker_is_started_when_asked_and_answers_in_turn(bench: Bench) -> None:
    assert bench.process() is None
    first = await bench.ask("Good day", model="/jobs/model-2", max_tokens=2)
    loading, *texts, end = first
    assert loading == Loading({"name": "loading", "done": 1, "total": 2, "unit": "bytes"})
    assert texts == [Text("Good "), Text("day ")]
    assert end == End("length", 1, 3)
    process = bench.process()
    assert process is not None
    assert os.getpgid(process) == process  # a group of its own
    assert os.getpriority(os.PRIO_PROCESS, process) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    both = await asyncio.gather(bench.text("one"), bench.text("two"))
    assert both == ["one None ", "two None "]
    assert bench.process() == process


async def test_the_worker_gets_the_whole_question(bench: Bench) -> None:
    text = await bench.text("question", source="/models/base", temperature=0.5, top_p=0.9, seed=3, stop=("x",))
    for part in ('"base": {"id": "base-1", "source": "/models/base"}', '"temperature": 0.5', '"stop": ["x"]'):
        assert part in text


async def test_an_idle_worker_ends_after_five_minutes(bench: Bench) -> None:
    await bench.ask("hello")
    bench.clock.advance(IDLE_SECONDS - 1)
    await bench.host.tend()
    assert bench.process() is not None
    await bench.ask("hello")  # counts from the last question
    bench.clock.advance(IDLE_SECONDS - 1)
    await bench.host.tend()
    assert bench.process() is not None
    bench.clock.advance(1)
    await bench.host.tend()
    assert bench.process() is None
    assert await bench.text("again") == "again None "


async def test_a_closed_answer_is_cancelled_and_the_next_one_is_answered(bench: Bench) -> None:
    async with aclosing(bench.host.answer(FAKE, question("endless"))) as items:
        async for item in items:
            if isinstance(item, Text):
                break
    process = bench.process()
    assert await bench.text("next") == "next None "
    assert bench.process() == process


async def test_a_cancelled_task_cancels_its_answer(bench: Bench) -> None:
    task = asyncio.create_task(bench.ask("endless"))
    while bench.process() is None:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await bench.text("next") == "next None "


async def test_the_end_of_the_worker_is_named_and_the_next_question_starts_it_again(bench: Bench) -> None:
    with pytest.raises(SamplingError, match=r"The sampler of the trainer fake exited with code 7: out of memory"):
        await bench.ask("die")
    assert await bench.text("hello") == "hello None "


async def test_a_silent_worker_is_killed_after_hang_after(bench: Bench) -> None:
    asked = asyncio.create_task(bench.ask("hang", FAKE._replace(hang_after=60)))
    while bench.clock.slept.count(60) < 3:  # loading and ready have arrived
        await asyncio.sleep(0)
    await bench.clock.run(60)
    with pytest.raises(SamplingError, match="was killed by signal 9"):
        await asked
    assert bench.process() is None


async def test_refusals_of_the_sampler_are_passed_on_and_the_worker_stays(bench: Bench) -> None:
    with pytest.raises(Refused, match="Too long") as caught:
        await bench.ask("refuse")
    assert (caught.value.code, caught.value.param) == ("context_length_exceeded", "messages")
    process = bench.process()
    assert await bench.text("babble") == "babble None "  # an unreadable line is skipped
    assert bench.process() == process


async def test_a_job_on_the_same_accelerator_refuses_questions_and_ends_the_worker(bench: Bench) -> None:
    await bench.ask("hello")
    bench.job = "support-v5 (ftjob-1)"
    await bench.host.tend()
    assert bench.process() is None
    with pytest.raises(Busy, match=r"^support-v5 \(ftjob-1\) is training on the accelerator"):
        await bench.ask("hello")
    assert bench.process() is None


async def test_a_different_trainer_replaces_the_worker(bench: Bench) -> None:
    await bench.ask("hello")
    process = bench.process()
    await bench.ask("hello", FAKE._replace(name="other"))
    assert bench.process() not in (None, process)
    with pytest.raises(SamplingError, match="exited with code 127"):
        await bench.ask("hello", FAKE._replace(sampler=("/no/such/program",)))
