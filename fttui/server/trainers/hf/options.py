"""Settings of a job that the API has no field for: their table, and their values in a job. Standard library only."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from fttui.server.trainers.hf.refusal import Refusal

Value = int | float | bool | str


class Option(NamedTuple):
    """One setting: type, default, limits and help."""

    name: str
    type: str
    """`integer`, `number`, `boolean`, `text` or `choice`."""
    default: Value | None
    """None: depends on the method or the model; the help says how."""
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()

    def parse(self, text: str) -> Value:
        """Return the value that a text stands for.

        Raises:
            ValueError: it is not a value of this setting. The message says what is.
        """
        text = text.strip()
        match self.type:
            case "boolean":
                if text.lower() not in ("true", "false"):
                    raise ValueError("use true or false")
                return text.lower() == "true"
            case "choice":
                if text not in self.choices:
                    raise ValueError(f"use one of {', '.join(self.choices)}")
                return text
            case "integer" | "number":
                return self._number(text)
        if not text:
            raise ValueError("use a text")
        return text

    def _number(self, text: str) -> int | float:
        kind = int if self.type == "integer" else float
        limits = f"use {'a whole number' if kind is int else 'a number'} from {self.minimum:g} to {self.maximum:g}"
        try:
            value = kind(text)
        except ValueError:
            raise ValueError(limits) from None
        assert self.minimum is not None
        assert self.maximum is not None
        if not math.isfinite(value) or not self.minimum <= value <= self.maximum:
            raise ValueError(limits)
        return value

    def described(self) -> dict[str, Any]:
        """Return the setting as a member of `--describe`."""
        members = {"type": self.type, "default": self.default, "help": self.help}
        if self.minimum is not None:
            members |= {"minimum": self.minimum, "maximum": self.maximum}
        return members | ({"choices": list(self.choices)} if self.choices else {})


OPTIONS = (
    Option(
        "full_weights", "boolean", None, "train all weights, not a LoRA adapter (default: as the model to start from)"
    ),
    Option(
        "quantize", "choice", "none", "load the base model in 4 bits: less memory, LoRA only", choices=("none", "4bit")
    ),
    Option("lora_r", "integer", 16, "rank of the adapter", 1, 512),
    Option(
        "lora_alpha", "integer", 32, "scale of the adapter; its updates are multiplied by lora_alpha / lora_r", 1, 2048
    ),
    Option("lora_dropout", "number", 0.05, "share of the adapter's inputs to drop", 0, 0.9),
    Option("lora_targets", "text", "all-linear", "layers that get an adapter: all-linear, or names like q_proj,v_proj"),
    Option(
        "learning_rate",
        "number",
        None,
        "rate that learning_rate_multiplier multiplies (default: 2e-4, full weights 2e-5, DPO 5e-6)",
        1e-9,
        1,
    ),
    Option("schedule", "choice", "cosine", "learning rate over time", choices=("cosine", "linear", "constant")),
    Option("warmup_ratio", "number", 0.03, "share of the steps in which the learning rate rises", 0, 0.9),
    Option("weight_decay", "number", 0.0, "weight decay of AdamW", 0, 1),
    Option("max_length", "integer", 2048, "tokens of an example; longer ones are cut at the end", 16, 1 << 20),
    Option("packing", "boolean", False, "put several examples into one sequence of max_length tokens"),
    Option(
        "micro_batch", "integer", 4, "examples on a device at once; gradients are accumulated up to batch_size", 1, 256
    ),
    Option("gradient_checkpointing", "boolean", False, "compute activations twice: less memory, about 30 % slower"),
    Option("devices", "integer", 0, "GPUs to use, or processes on a CPU; 0 means every GPU, or one process", 0, 64),
    Option("threads", "integer", 1, "CPU threads of each process; more may change the last digits of a loss", 1, 512),
    Option(
        "save_steps",
        "integer",
        0,
        "steps between checkpoints with validation and samples, besides the ends of epochs; 0 means none",
        0,
        1_000_000,
    ),
    Option("save_every", "number", 60, "seconds between saved states, which a kill loses at most", 0, 86400),
)
"""Settings, in the order in which they are shown."""


class Options(NamedTuple):
    """Values of the settings of a job."""

    full_weights: bool | None
    quantize: str
    lora_r: int
    lora_alpha: int
    lora_dropout: float
    lora_targets: str
    learning_rate: float | None
    schedule: str
    warmup_ratio: float
    weight_decay: float
    max_length: int
    packing: bool
    micro_batch: int
    gradient_checkpointing: bool
    devices: int
    threads: int
    save_steps: int
    save_every: float

    @classmethod
    def read(cls, settings: Mapping[str, str]) -> "Options":
        """Return the values of a job's settings; settings that are not given have their default.

        Raises:
            Refusal: a setting is unknown, or its value is not allowed.
        """
        by_name = {option.name: option for option in OPTIONS}
        values: dict[str, Any] = {option.name: option.default for option in OPTIONS}
        for name, text in settings.items():
            option = by_name.get(name)
            if option is None:
                known = ", ".join(by_name)
                raise Refusal("unknown_setting", f"The trainer hf has no setting {name!r}. It has {known}.", name)
            try:
                values[name] = option.parse(text)
            except ValueError as error:
                raise Refusal("invalid_setting", f"{name} is {text!r}: {error}.", name) from None
        options = cls(**values)
        if options.quantize == "4bit" and options.full_weights:
            message = "A model in 4 bits can only get an adapter. Leave out quantize=4bit or full_weights=true."
            raise Refusal("invalid_setting", message, "quantize")
        return options

    def limited(self, positions: int | None) -> "Options":
        """Return the values for a model that can read so many tokens."""
        return self if positions is None else self._replace(max_length=min(self.max_length, positions))

    @property
    def targets(self) -> str | list[str]:
        """Layers that get an adapter, as PEFT names them."""
        names = [name.strip() for name in self.lora_targets.split(",") if name.strip()]
        return names[0] if names == ["all-linear"] else names


def table() -> str:
    """Return the table of settings in docs/own-hardware.md."""
    rows = ["| setting | default | meaning |", "| --- | --- | --- |"]
    for option in OPTIONS:
        default = "" if option.default is None else str(option.default).lower()
        values = f" ({', '.join(option.choices)})" if option.choices else ""
        rows.append(f"| `{option.name}` | {default} | {option.help}{values} |")
    return "\n".join(rows)
