"""Model, method and settings from the files beside a trained model: its configuration, its adapter, its model card."""

import os
from collections.abc import Mapping, Sequence

from fttui.bounded import read_file
from fttui.lean_typing import Any
from fttui.runs.formats.training_args import CLASS, read_settings
from fttui.runs.formats.values import json_object

LARGEST = 4 << 20
_ARGS, _ADAPTER, _CONFIG, _CARD = "training_args.bin", "adapter_config.json", "config.json", "README.md"
_SETTINGS = (
    *("num_train_epochs", "per_device_train_batch_size", "learning_rate", "gradient_accumulation_steps"),
    *("weight_decay", "warmup_ratio", "warmup_steps", "max_grad_norm", "max_length", "max_seq_length", "packing"),
    *("beta", "num_generations", "loss_type", "seed"),
)
"""Settings of the Trainer that are read."""
_ADAPTER_SETTINGS = {"r": "lora_rank", "lora_alpha": "lora_alpha", "lora_dropout": "lora_dropout"}
_BASE = r"^base_model:[ \t]*(?:\n[ \t]*-[ \t]*)?['\"]?([^'\"\n#]+)"
_TITLE = r"^model_name:[ \t]*['\"]?([^'\"\n#]+)"
_REINFORCEMENT = ("GRPO", "PPO", "RLOO", "Reward", "OnlineDPO", "XPO", "NashMD")
_PREFERENCE = ("DPO", "KTO", "ORPO", "CPO")


class ModelFacts:
    """Facts about the run of one output directory. Files that have not changed are not read again."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._seen: dict[str, tuple[int, int]] = {}
        self._found: dict[str, dict[str, Any]] = {}
        self.problems: list[str] = []
        """Sentences about files that the last read could not read."""

    def read(self, steps: Sequence[int]) -> dict[str, Any]:
        """Return the facts that are known now.

        Args:
            steps: steps of the checkpoints: the newest has the files that the directory itself does not have yet.
        """
        self.problems = []
        args = self._read(_ARGS, steps, read_settings)
        adapter = self._read(_ADAPTER, steps, _json)
        config = self._read(_CONFIG, steps, _json)
        card = self._read(_CARD, steps, _card)
        settings = {name: args[name] for name in _SETTINGS if _is_plain(args.get(name))}
        settings |= {ours: adapter[name] for name, ours in _ADAPTER_SETTINGS.items() if _is_plain(adapter.get(name))}
        if settings.get("warmup_steps") == 0:
            del settings["warmup_steps"]
        name = args.get("run_name") if args.get("run_name") != args.get("output_dir") else None
        found = {
            "name": _text(name) or _text(card.get("title")),
            "model": _model(adapter, card, config),
            "method": _method(str(args.get(CLASS, ""))),
            "hyperparameters": settings,
            "epochs": settings.get("num_train_epochs"),
        }
        return {key: value for key, value in found.items() if value}

    def _read(self, name: str, steps: Sequence[int], parse: Any) -> Mapping[str, Any]:
        folders = [self._directory, *(os.path.join(self._directory, f"checkpoint-{step}") for step in steps[-1:])]
        for folder in folders:
            path = os.path.join(folder, name)
            try:
                status = os.stat(path)
                mark = (status.st_mtime_ns, status.st_size)
                if self._seen.get(path) != mark:
                    self._found[path] = parse(path)
                    self._seen[path] = mark
            except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
                continue
            except OSError as error:
                self.problems.append(f"Cannot read {path}: {error.strerror or error}.")
                continue
            if self._found[path]:
                return self._found[path]
        return {}


def _model(adapter: Mapping[str, Any], card: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Return the base model: that of the adapter, else that of the card, else the one the configuration came from."""
    named = adapter.get("base_model_name_or_path"), card.get("base"), config.get("_name_or_path")
    return next((text for value in named if (text := _text(value))), _text(config.get("model_type")))


def _method(name: str) -> str:
    if any(word in name for word in _REINFORCEMENT):
        return "reinforcement"
    return "dpo" if any(word in name for word in _PREFERENCE) else ""


def _json(path: str) -> dict[str, Any]:
    return json_object(read_file(path, LARGEST)) or {}


def _card(path: str) -> dict[str, Any]:
    """Return base model and title from the first block of a model card, which is YAML."""
    text = read_file(path, LARGEST).decode("utf-8", "replace")
    if not text.startswith("---"):
        return {}
    head = text[3:].partition("\n---")[0]
    import re  # late, as the patterns: few directories have a card, and the first look waits for them

    base, title = re.search(_BASE, head, re.M), re.search(_TITLE, head, re.M)
    return {"base": base[1].strip() if base else "", "title": title[1].strip() if title else ""}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _is_plain(value: object) -> bool:
    return isinstance(value, int | float | str) and value != ""
