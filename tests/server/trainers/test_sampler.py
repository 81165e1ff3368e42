"""The sampler of the built-in model as a process: answers as JSON lines, cancellation, refused requests."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fttui.server.trainers.tiny.dataset import END, MAX_TOKENS, prompt_tokens
from fttui.server.trainers.tiny.generate import Options, StreamedAnswer
from fttui.server.trainers.tiny.job_files import save_model
from fttui.server.trainers.tiny.network import STANDARD, VOCABULARY, Network, base_weights

HELLO = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hällo"}]


class Worker:
    """The process, driven as the service drives it."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-m", "fttui.server.trainers.tiny.sampler"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def send(self, **members: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(members) + "\n")
        self.process.stdin.flush()

    def ask(self, id: int = 1, **members: Any) -> None:
        base = {"id": "fttui-tiny-1", "source": None}
        given = {"base": base, "model": None, "messages": HELLO, "max_tokens": 40, "temperature": 0.0, "top_p": 1.0}
        self.send(id=id, **{**given, "seed": None, "stop": [], **members})

    def read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def answer(self) -> tuple[str, dict[str, Any]]:
        """Return the text of one answer, and its last line."""
        text = ""
        while "text" in (line := self.read()):
            text += line["text"]
        return text, line


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker()
    assert worker.read() == {"type": "ready"}
    yield worker
    assert worker.process.stdin is not None
    assert worker.process.stdout is not None
    worker.process.stdin.close()
    assert worker.process.wait(30) == 0  # the end of the input ends the worker
    worker.process.stdout.close()


def test_the_worker_answers_as_the_base_and_as_a_tuned_model(worker: Worker, tmp_path: Path) -> None:
    weights = base_weights()
    weights += np.random.default_rng(1).normal(0, 0.1, weights.shape).astype(np.float32)
    tuned = str(tmp_path / "step-1.bin")
    save_model(tuned, STANDARD, weights)
    rounded = weights.astype(np.float16).astype(np.float32)
    for id, (model, flat) in enumerate([(None, base_weights()), (tuned, rounded), (None, base_weights())]):
        expected = StreamedAnswer(Network(flat), prompt_tokens(HELLO), Options(40))
        worker.ask(id, model=model)
        text, end = worker.answer()
        assert text == "".join(expected)
        assert end == {
            "id": id,
            "finish_reason": expected.finish_reason,
            "usage": {"prompt_tokens": len(prompt_tokens(HELLO)), "completion_tokens": expected.tokens},
        }
        text.encode()  # valid, also in the middle of a character of several bytes


def test_seed_repeats_a_drawn_answer_and_stop_texts_end_it(worker: Worker) -> None:
    texts = []
    for seed in (1, 1, 2):
        worker.ask(temperature=1.5, top_p=0.9, seed=seed)
        texts.append(worker.answer()[0])
    assert texts[0] == texts[1] != texts[2]
    worker.ask(temperature=1.5, top_p=0.9, seed=1, stop=[texts[0][5:7]])
    text, end = worker.answer()
    assert (texts[0][:5].startswith(text), end["finish_reason"]) == (True, "stop")


def test_cancel_ends_the_current_answer_only(worker: Worker, tmp_path: Path) -> None:
    endless = str(tmp_path / "endless.bin")
    weights = base_weights()
    weights[END - VOCABULARY] = -60_000  # the bias of the end token
    save_model(endless, STANDARD, weights)
    worker.ask(1, model=endless, max_tokens=10**9)
    worker.ask(2)
    assert worker.read()["id"] == 1
    worker.send(cancel=1)
    assert worker.answer()[1]["finish_reason"] == "stop"
    assert worker.answer()[1]["id"] == 2


def test_a_refused_request_names_the_reason_and_the_next_one_is_answered(worker: Worker, tmp_path: Path) -> None:
    (tmp_path / "torn.bin").write_bytes(b"{")
    image = [{"role": "user", "content": [{"type": "image_url"}]}]
    for members, code, param in (
        ({"messages": image}, "invalid_value", "messages"),
        ({"messages": [{"role": "user", "content": "x" * MAX_TOKENS}]}, "context_length_exceeded", "messages"),
        ({"model": str(tmp_path / "gone.bin")}, "model_not_found", "model"),
        ({"model": str(tmp_path / "torn.bin")}, "damaged_model", "model"),
        ({"max_tokens": None}, "sampler_error", None),
    ):
        worker.ask(**members)
        error = worker.read()["error"]
        assert (error["code"], error["param"]) == (code, param)
    worker.ask()
    assert worker.answer()[1]["finish_reason"] in ("stop", "length")
