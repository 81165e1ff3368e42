"""docs/own-hardware.md, run as written: on a CPU, with a tiny model in the place of the real one, without the hub."""

import json
import re
import tomllib
from collections.abc import Iterator

import pytest

from tests.server.trainers.hf.models import conversation, make_model
from tests.support.shell import ROOT, Shell, new_shell

pytestmark = pytest.mark.hf

PAGE = ROOT / "docs" / "own-hardware.md"
MODEL = "Qwen/Qwen3-0.6B"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def shell() -> Iterator[Shell]:
    with new_shell(HF_HUB_OFFLINE="1") as found:
        yield found


def test_install_lines_are_those_of_the_package() -> None:
    install, *_ = blocks("sh")
    torch = re.search(r"torch==[\d.]+", install)
    assert torch is not None
    assert f"pip install -q {torch[0]}\n" in (ROOT / "Makefile").read_text()
    assert f"pip install {torch[0]}\npip install -e '.[local,hf]'" in (ROOT / "README.md").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert {"local", "hf"} <= extras.keys()


def test_steps_lead_from_a_model_in_the_cache_to_an_export(shell: Shell) -> None:
    cached = shell.home / ".cache" / "huggingface" / "hub" / f"models--{MODEL.replace('/', '--')}"
    snapshot = make_model(cached / "snapshots" / "0123")
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("0123")
    own = make_model(shell.home / "my-llama")
    for name, numbers in (("train", range(12)), ("valid", range(20, 27))):
        lines = [json.dumps(conversation(number)) + "\n" for number in numbers]
        (shell.home / f"{name}.jsonl").write_text("".join(lines))
    [settings] = blocks("toml")
    assert "/data/models/my-llama" in settings
    (shell.home / "c.toml").write_text(settings.replace("/data/models/my-llama", str(own)))

    listed = shell("fttui models list")
    assert {MODEL, "my-llama"} <= {line.split("\t")[0] for line in listed.stdout.splitlines()}

    _, *steps = blocks("sh")
    output = {}
    for step in steps:
        for line in step.splitlines():
            done = shell(line)
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
            output[line.partition(" support-v4")[0]] = done.stdout + done.stderr

    assert "torch" in output["fttui doctor"]
    assert "lora_r" in output["python -m fttui.server.trainers.hf --describe"]
    created = next(text for line, text in output.items() if line.startswith("fttui jobs create"))
    assert "succeeded" in created
    answers = [line.split("\t")[:2] for line in output["fttui models try"].splitlines() if "\t" in line]
    assert [number for number, _ in answers] == ["1", "1", "2", "2"]
    assert {model.startswith("ft:") for _, model in answers} == {True, False}
    exported = output["fttui models export"]
    assert "vllm serve" in exported
    assert str(snapshot) not in exported  # merged: it needs no base model
    assert {"adapter_model.safetensors", "chat_template.jinja"} <= {
        path.name for path in (shell.home / "tuned").iterdir()
    }
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= {
        path.name for path in (shell.home / "merged").iterdir()
    }
