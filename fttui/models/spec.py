"""Settings of a job to create."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from fttui.models import labels, lenient
from fttui.models.job import TOKEN_KEY, Job
from fttui.models.trainer_settings import TrainerSetting, setting_error

MAX_METADATA = 16
LONGEST_KEY, LONGEST_VALUE = 64, 512
"""Greatest lengths of keys and values of metadata, in characters."""
HYPERPARAMETERS = {
    "supervised": ("n_epochs", "batch_size", "learning_rate_multiplier"),
    "dpo": ("n_epochs", "batch_size", "learning_rate_multiplier", "beta"),
    "reinforcement": (
        "n_epochs",
        "batch_size",
        "learning_rate_multiplier",
        "compute_multiplier",
        "eval_interval",
        "eval_samples",
        "reasoning_effort",
    ),
}
"""Hyperparameters of each method, from OpenAI's API reference."""
_KNOWN = frozenset(name for names in HYPERPARAMETERS.values() for name in names)


class JobSpec(BaseModel):
    """A job to create. None and empty values are not sent. Hyperparameters may be `auto`."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    model: str
    training_file: str
    """Id of a file at the provider."""
    validation_file: str | None = None
    suffix: str | None = None
    seed: int | None = None
    method: str | None = None
    """`supervised`, `dpo` or `reinforcement`. None lets the provider choose: supervised."""
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    """JSON values by name. Names of a single provider are allowed."""
    grader: dict[str, Any] | None = None
    method_more: dict[str, Any] = Field(default_factory=dict)
    """More members of the method's configuration, such as `response_format`."""
    metadata: dict[str, str] = Field(default_factory=dict)
    wandb_project: str | None = None
    wandb_more: dict[str, Any] = Field(default_factory=dict)
    """More settings for Weights & Biases: `entity`, `name`, `tags`."""

    def body(self) -> dict[str, Any]:
        """Return the request body."""
        body: dict[str, Any] = {"model": self.model, "training_file": self.training_file}
        for name in ("validation_file", "suffix", "seed"):
            if (value := getattr(self, name)) not in (None, ""):
                body[name] = value
        method = self.method or "supervised"
        inner: dict[str, Any] = dict(self.method_more)
        if self.hyperparameters:
            inner["hyperparameters"] = self.hyperparameters
        if self.grader is not None:
            inner["grader"] = self.grader
        if self.method or inner:
            body["method"] = {"type": method, method: inner} if inner else {"type": method}
        if self.metadata:
            body["metadata"] = self.metadata
        if self.wandb_project:
            wandb = {**self.wandb_more, "project": self.wandb_project}
            body["integrations"] = [{"type": "wandb", "wandb": wandb}]
        return body

    @property
    def trainer_settings(self) -> dict[str, str]:
        """Hyperparameters that the API has no field for, as the texts that a trainer of the embedded service gets."""
        return {key.removeprefix(labels.PREFIX): value for key, value in local_pairs(self.hyperparameters).items()}

    @property
    def stop_on(self) -> str:
        """Kinds of alarms that stop the job, with commas between. Only the embedded service stops jobs."""
        return self.metadata.get(labels.STOP_ON, "")

    def with_stop_on(self, kinds: str) -> "JobSpec":
        """Return the job with other kinds that stop it; empty for none."""
        kept = {name: value for name, value in self.metadata.items() if name != labels.STOP_ON}
        return self.model_copy(update={"metadata": {**kept, labels.STOP_ON: kinds} if kinds else kept})

    def with_method(self, method: str) -> "JobSpec":
        """Return the job with a different method, without settings that only the old method has."""
        before = self.method or "supervised"
        if method == before:
            return self.model_copy(update={"method": method})
        lost = set(HYPERPARAMETERS.get(before, ())).difference(HYPERPARAMETERS.get(method, ()))
        left = {name: value for name, value in self.hyperparameters.items() if name not in lost}
        return self.model_copy(update={"method": method, "hyperparameters": left, "grader": None, "method_more": {}})

    def with_settings(self, settings: Mapping[str, Any]) -> "JobSpec":
        """Return the job with values for hyperparameters or the seed, by wire name."""
        tuned = {name: value for name, value in settings.items() if name != "seed"}
        update: dict[str, Any] = {"hyperparameters": {**self.hyperparameters, **tuned}}
        return self.model_copy(update=update | ({"seed": settings["seed"]} if "seed" in settings else {}))


def local_pairs(hyperparameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the hyperparameters that the API has no field for as metadata of the embedded service."""
    return {
        f"{labels.PREFIX}{name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in hyperparameters.items()
        if name not in _KNOWN
    }


def pairs_error(spec: JobSpec, *, is_local: bool) -> str:
    """Return why the metadata and settings of a job cannot be sent together; empty when they can."""
    settings = local_pairs(spec.hyperparameters) if is_local else {}
    for key, value in settings.items():
        name = key.removeprefix(labels.PREFIX)
        if key in labels.OWN_KEYS:
            return f"{name} is not a setting: fttui uses the metadata key {key} itself"
        if len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE:
            return f"{name}: a name has at most {LONGEST_KEY - len(labels.PREFIX)} characters, a value {LONGEST_VALUE}"
    number = len({**spec.metadata, **settings})
    is_own = bool(settings) or any(key in spec.metadata for key in labels.OWN_KEYS)
    if number > MAX_METADATA - is_own:
        return f"{number} pairs of metadata and settings; {MAX_METADATA - 1} fit beside the create token"
    return ""


def trainer_settings_error(spec: JobSpec, known: Mapping[str, TrainerSetting], trainer: str) -> str:
    """Return why a trainer does not take a setting of a job, without a full stop; empty when it takes all.

    Args:
        known: settings of the trainer, by name.
    """
    reasons = (setting_error(name, text, known, trainer) for name, text in spec.trainer_settings.items())
    return next(filter(None, reasons), "")


def like(job: Job) -> JobSpec:
    """Return the settings of an existing job, without its create token, its sweep and its run id at W&B."""
    raw = _sendable(job.raw)
    method = lenient.mapping(raw.get("method"))
    inside = lenient.mapping(method.get(job.method))
    settings = lenient.mapping(inside.pop("hyperparameters", None) or raw.get("hyperparameters"))
    grader = lenient.mapping(inside.pop("grader", None))
    metadata = lenient.mapping(raw.get("metadata"))
    wandb = _wandb(raw)
    return JobSpec(
        model=job.model,
        training_file=job.training_file,
        validation_file=job.validation_file or None,
        suffix=job.suffix or None,
        seed=job.seed,
        method=job.method if method else None,
        hyperparameters={
            name: _number(job.hyperparameters.get(name, value)) if name in _KNOWN else value
            for name, value in settings.items()
            if value is not None
        },
        grader=grader or None,
        method_more=_given(inside),
        # Text as sent, not the cleaned text of the model.
        metadata={
            key: value if isinstance(value, str) else lenient.line(value)
            for key, value in metadata.items()
            if key not in (TOKEN_KEY, labels.SWEEP)
        },
        wandb_project=lenient.line(wandb.pop("project", None)) or None,
        wandb_more=_given(wandb, but="run_id"),
    )


def _given(members: dict[str, Any], *, but: str = "") -> dict[str, Any]:
    return {name: value for name, value in members.items() if value not in (None, "", [], {}) and name != but}


def _wandb(raw: dict[str, Any]) -> dict[str, Any]:
    for item in map(lenient.mapping, lenient.items(raw.get("integrations"))):
        if item.get("type") == "wandb":
            return lenient.mapping(item.get("wandb"))
    return {}


def _number(value: Any) -> Any:
    """Convert a hyperparameter's text to a number, if it is one."""
    whole, number = lenient.whole(value), lenient.number(value)
    return value if number is None else number if whole is None else whole


def _sendable(raw: object) -> dict[str, Any]:
    """Return a job's JSON with lone surrogates, which no request can hold, replaced by question marks."""
    try:
        text = json.dumps(lenient.mapping(raw), ensure_ascii=False)
        return lenient.mapping(json.loads(text.encode("utf-8", "replace")))
    except (RecursionError, ValueError):
        return {}
