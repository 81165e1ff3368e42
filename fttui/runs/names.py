"""Names of metrics and settings: the spellings of training libraries, and the names that providers use.

Hugging Face, Lightning, Keras and others log `loss` and `eval_loss`, `train/loss` and `val/loss`, `train_loss_step`. An
evaluation there covers the whole validation set, so that its loss is `full_valid_loss`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from fttui.lean_typing import Any

_VALIDATION = r"(?:eval|val|valid|validation|test|dev)"
_TRAINING = r"(?:train|training)"
_SPLIT = re.compile(rf"^(?:({_VALIDATION})|{_TRAINING})[/_.\-](.+)$", re.I)
_WORDS = {
    "lr": "learning_rate",
    "lr-adamw": "learning_rate",
    "lr-sgd": "learning_rate",
    "gradient_norm": "grad_norm",
    "acc": "accuracy",
    "reward": "mean_reward",
    "cross_entropy_loss": "loss",
    "nll_loss": "loss",
    "total_loss": "loss",
}
_WITHOUT_SPLIT = frozenset({"learning_rate", "grad_norm", "num_tokens", "entropy", "kl"})
"""Numbers of the training that no validation has. They keep their names."""
_PACE = frozenset(
    {
        *("runtime", "samples_per_second", "steps_per_second", "total_flos", "model_preparation_time", "epoch"),
        *("jit_compilation_time", "global_step", "step", "_step", "_runtime", "_timestamp", "trainer/global_step"),
    }
)
"""Numbers about the process, not about the model."""

SETTINGS = {
    "num_train_epochs": "n_epochs",
    "num_epochs": "n_epochs",
    "epochs": "n_epochs",
    "max_epochs": "n_epochs",
    "per_device_train_batch_size": "batch_size",
    "train_batch_size": "batch_size",
    "lr": "learning_rate",
}
"""Names of settings that differ."""
_KNOWN = (
    *("n_epochs", "batch_size", "learning_rate", "gradient_accumulation_steps", "max_steps", "weight_decay", "seed"),
    *("warmup_ratio", "warmup_steps", "lr_scheduler_type", "max_grad_norm", "max_length", "max_seq_length", "packing"),
    *("beta", "num_generations", "loss_type", "lora_rank", "lora_alpha", "lora_dropout", "optim"),
)
"""Settings that tell trainings apart, in the order in which they are shown."""
MOST_SETTINGS = 40
"""Settings that are shown all. Of more, such as a whole configuration of transformers, only the known ones are."""


def settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under the names that providers use, the known ones first. Of two spellings the first counts."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, str | int | float) and value not in ("", -1):  # -1 means unset, as in max_steps
            found.setdefault(SETTINGS.get(name, name), value)
    known = {name: found[name] for name in _KNOWN if name in found}
    return known if len(found) > MOST_SETTINGS else known | found


def canonical(values: Mapping[str, float]) -> dict[str, float]:
    """Return values under the names that providers use. Of two spellings of one name the first counts."""
    found: dict[str, float] = {}
    for name, value in values.items():
        if ours := canonical_name(name):
            found.setdefault(ours, value)
    return found


@lru_cache(maxsize=4096)
def canonical_name(name: str) -> str:
    """Return the name of a metric as providers use it; empty for a number that is not about the model."""
    split = _SPLIT.match(name.strip())
    is_validation, word = (bool(split[1]), split[2]) if split else (False, name.strip())
    word = word.removesuffix("_step") if word != "_step" else word
    if word.lower() in _PACE or name in _PACE:
        return ""
    if name in ("train/train_loss", "train/total_flos"):  # the mean of the run, which the Trainer logs at its end
        return ""
    word = _WORDS.get(word.lower(), word)
    word = re.sub(r"[/\s]+", "_", word)
    if is_validation:
        return f"full_valid_{word}"
    if word in _WITHOUT_SPLIT:
        return word
    return f"train_{word}" if split or word in ("loss", "accuracy", "mean_token_accuracy", "mean_reward") else word
