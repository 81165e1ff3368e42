"""Settings of the trainer: the table, the values of a job, and `--describe`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fttui.server.trainers.hf.describe import describe
from fttui.server.trainers.hf.options import OPTIONS, Options
from fttui.server.trainers.hf.refusal import Refusal
from tests.server.trainers.hf.test_hub import write_model


def test_table_and_values_have_the_same_names() -> None:
    assert tuple(option.name for option in OPTIONS) == Options._fields
    assert Options.read({})._asdict() == {option.name: option.default for option in OPTIONS}


def test_texts_become_values() -> None:
    options = Options.read({"lora_r": "8", "packing": "True", "quantize": "4bit", "learning_rate": "1e-4"})
    assert (options.lora_r, options.packing, options.quantize, options.learning_rate) == (8, True, "4bit", 1e-4)
    assert options.targets == "all-linear"
    assert Options.read({"lora_targets": "q_proj, v_proj"}).targets == ["q_proj", "v_proj"]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("lora_rank", "8", "has no setting 'lora_rank'. It has full_weights, quantize, lora_r"),
        ("lora_r", "0", "lora_r is '0': use a whole number from 1 to 512"),
        ("lora_r", "1.5", "use a whole number"),
        ("learning_rate", "nan", "use a number from 1e-09 to 1"),
        ("packing", "yes", "use true or false"),
        ("quantize", "8bit", "use one of none, 4bit"),
        ("lora_targets", " ", "use a text"),
    ],
)
def test_wrong_settings_are_refused_by_name(name: str, text: str, words: str) -> None:
    with pytest.raises(Refusal, match=words) as refused:
        Options.read({name: text})
    assert refused.value.param == name


def test_all_weights_in_four_bits_are_refused() -> None:
    with pytest.raises(Refusal, match="can only get an adapter"):
        Options.read({"quantize": "4bit", "full_weights": "true"})


def test_describe_prints_one_object_without_importing_torch() -> None:
    code = (
        "import runpy, sys; sys.argv = ['hf', '--describe']\n"
        "try: runpy.run_module('fttui.server.trainers.hf', run_name='__main__')\n"
        "except SystemExit as end: assert not end.code\n"
        "print(sorted({'torch', 'transformers', 'trl', 'numpy'} & sys.modules.keys()))"
    )
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    described, imported = output.splitlines()
    assert imported == "[]"
    members = json.loads(described)
    assert members["protocol"] == 2
    assert members["methods"] == ["supervised", "dpo"]
    assert members["settings"]["lora_r"] == {
        "type": "integer",
        "default": 16,
        "help": "rank of the adapter",
        "minimum": 1,
        "maximum": 512,
    }
    assert members["settings"]["quantize"]["choices"] == ["none", "4bit"]
    assert members["hub"]["reachable"] is None
    assert "devices" not in members


def test_model_on_this_machine_limits_the_length(tmp_path: Path) -> None:
    model = write_model(tmp_path / "small")
    (model / "config.json").write_text(json.dumps({"architectures": ["GPT2LMHeadModel"], "n_positions": 1024}))
    length = describe(str(model))["settings"]["max_length"]
    assert (length["default"], length["maximum"]) == (1024, 1024)
    assert Options.read({"max_length": "4096"}).limited(1024).max_length == 1024
    assert describe("org/unknown")["settings"]["max_length"]["default"] == 2048
