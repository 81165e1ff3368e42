"""Answers of base and tuned models by the sampler, and exports that other programs load."""

import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.trainers.hf.models import CHATML, make_model, progress, write_job
from tests.server.trainers.hf.trainer_runs import run_trainer

pytestmark = pytest.mark.hf


@pytest.fixture(scope="module")
def ask(tiny_model: Path) -> Any:
    """Send requests to one sampler. Return its lines for each."""
    from fttui.server.trainers.hf.sampler import Sampler
    from fttui.server.trainers.sampling import SamplerLoop

    output = Output()
    sampler = Sampler(lambda **members: output.write(json.dumps(members) + "\n"))

    def send(model: Path | None = None, **members: Any) -> list[dict[str, Any]]:
        output.lines.clear()
        request = {
            "id": 1,
            "base": {"id": "tiny", "source": str(tiny_model)},
            "model": None if model is None else str(model),
            "messages": [{"role": "user", "content": "Question 20?"}],
            "max_tokens": 24,
            "temperature": 0.0,
            "top_p": 1.0,
            "seed": None,
            "stop": [],
            **members,
        }
        SamplerLoop(output, sampler.start).run(output.until_answered(json.dumps(request)))
        return list(output.lines)

    return send


class Output(io.StringIO):
    """Lines of the sampler. The input stays open until a request is answered: its end would end the answer."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[dict[str, Any]] = []
        self._answered = threading.Event()

    def write(self, line: str) -> int:
        self.lines.append(json.loads(line))
        if self.lines[-1].keys() & {"finish_reason", "error"}:
            self._answered.set()
        return len(line)

    def until_answered(self, request: str) -> Iterator[str]:
        self._answered.clear()
        yield request
        self._answered.wait()


def text(lines: list[dict[str, Any]]) -> str:
    return "".join(line.get("text", "") for line in lines)


def test_base_and_tuned_answer_in_turns_from_one_model_in_memory(ask: Any, trained: Path) -> None:
    first = ask()
    assert [line["type"] for line in first if "type" in line] == ["ready", "phase"]
    base, tuned = text(first), text(ask(trained / "step-12"))
    assert base != tuned
    again = ask()
    assert text(again) == base
    assert not [line for line in again if line.get("type") == "phase"]
    assert text(ask(trained / "step-3")) != tuned
    assert text(ask(trained / "step-12")) == tuned
    end = again[-1]
    assert end["usage"] == {"prompt_tokens": len("user\nQuestion 20?\nassistant\n") + 3, "completion_tokens": 24}
    assert end["finish_reason"] == "length"


def test_tuned_model_with_all_weights_takes_the_place_of_the_base_model(
    ask: Any, tiny_model: Path, tmp_path: Path
) -> None:
    settings = {"full_weights": "true", "learning_rate": "0.01"}
    job = write_job(tmp_path / "job", tiny_model, n_epochs=1, settings=settings)
    assert run_trainer(job) == 0
    base = text(ask())
    lines = ask(job / "step-3")
    assert text(lines) != base
    assert [line["phase"] for line in lines if line.get("type") == "phase"] == ["loading"]
    assert text(ask()) == base


def test_answer_is_drawn_again_by_the_same_seed(ask: Any) -> None:
    answers = [text(ask(temperature=1.0, seed=seed, max_tokens=16)) for seed in (1, 1, 2)]
    assert answers[0] == answers[1] != answers[2]


def test_answer_ends_before_a_stop_text(ask: Any) -> None:
    whole = text(ask())
    cut = next(whole[at : at + 2] for at in range(2, len(whole) - 2))
    lines = ask(stop=[cut])
    assert text(lines) == whole[: whole.index(cut)]
    assert lines[-1]["finish_reason"] == "stop"


def test_cancelled_answer_ends_with_stop(ask: Any, tiny_model: Path) -> None:
    from fttui.server.trainers.hf.sampler import Sampler

    request = {
        "id": 1,
        "base": {"id": "tiny", "source": str(tiny_model)},
        "model": None,
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 1000,
        "temperature": 0.0,
        "top_p": 1.0,
        "seed": None,
        "stop": [],
    }
    pieces: list[str] = []
    answer = Sampler(lambda **_: None).start(request, lambda: len(pieces) >= 2).answer
    for piece in answer:
        pieces.append(piece)
    assert answer.finish_reason == "stop"
    assert answer.tokens < 1000


def test_characters_of_several_tokens_are_never_divided(tiny_model: Path) -> None:
    from fttui.server.trainers.hf.load import load_tokenizer
    from fttui.server.trainers.hf.sampler import Decoder

    tokenizer = load_tokenizer(str(tiny_model), "tiny")
    words = "Käse 🧀 für 你好"
    decoder = Decoder(tokenizer)
    pieces = [decoder.feed(token) for token in tokenizer(words)["input_ids"]]
    assert "".join(pieces) + decoder.rest() == words
    assert "🧀" in pieces
    assert decoder.feed(tokenizer("é")["input_ids"][0]) == ""
    assert decoder.rest() == "\N{REPLACEMENT CHARACTER}"


def test_unusable_requests_are_refused_with_a_sentence(ask: Any, tmp_path: Path) -> None:
    error = ask(max_tokens=5000)[-1]["error"]
    assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")
    assert error["message"].endswith("The model takes 4,096. Lower max_tokens, or shorten the prompt.")
    (tmp_path / "adapter_config.json").write_text("{}")
    error = ask(tmp_path)[-1]["error"]
    assert error["code"] == "damaged_model"
    error = ask(base={"id": "org/none", "source": None})[-1]["error"]
    assert error["code"] == "model_not_here"
    assert text(ask())


def test_tools_are_part_of_the_prompt_or_refused(ask: Any, tmp_path: Path) -> None:
    tools = [{"type": "function", "function": {"name": "track"}}]
    error = ask(tools=tools)[-1]["error"]
    assert (error["code"], error["param"]) == ("invalid_value", "messages")
    assert error["message"] == "tiny cannot read this prompt: its chat template does not show tools."
    model = make_model(tmp_path / "tools", "{% for t in tools or [] %}{{ t.function.name }}\n{% endfor %}" + CHATML)
    base = {"id": "tools", "source": str(model)}
    bare, with_tools = (ask(base=base, tools=each)[-1]["usage"]["prompt_tokens"] for each in (None, tools))
    assert with_tools == bare + len("track\n")


def test_merged_model_answers_like_base_with_adapter(ask: Any, trained: Path, tiny_model: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from fttui.server.trainers.hf.export import export

    assert "model.safetensors" in export(
        str(trained / "step-12"), "tiny", str(tiny_model), str(tmp_path / "m"), merged=True
    )
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "m")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "m")
    messages = [{"role": "user", "content": "Question 20?"}]
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.inference_mode():
        made = model.generate(**prompt, max_new_tokens=24, do_sample=False)
    answer = tokenizer.decode(made[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True)
    assert answer == text(ask(trained / "step-12"))


def test_export_copies_an_adapter_and_never_overwrites(
    trained: Path, tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from fttui.server.trainers.hf.export import main

    arguments = [
        "--model",
        str(trained / "step-12"),
        "--base",
        "tiny",
        "--source",
        str(tiny_model),
        "-o",
        str(tmp_path / "a"),
    ]
    assert main(arguments) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert set(files) >= {"adapter_config.json", "adapter_model.safetensors", "tokenizer.json"}
    exported = tmp_path / "a" / "adapter_model.safetensors"
    assert exported.read_bytes() == (trained / "step-12" / "adapter_model.safetensors").read_bytes()
    assert exported.stat().st_nlink == 1
    assert main(arguments) == 1
    assert "is not empty. Choose a new directory." in json.loads(capsys.readouterr().out)["message"]
    assert progress(trained, "result")
