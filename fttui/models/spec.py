"""What a person asks for when creating a job."""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from fttui.models import lenient
from fttui.models.job import TOKEN_KEY, Job

MAX_METADATA = 16
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
"""What each method takes (api.md §7)."""
_KNOWN = frozenset(name for names in HYPERPARAMETERS.values() for name in names)


class JobSpec(BaseModel):
    """A job to be created (api.md §7). `None` and empty mean "not given"; hyperparameters may be `auto`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    training_file: str
    """A file id at the provider."""
    validation_file: str | None = None
    suffix: str | None = None
    seed: int | None = None
    method: str | None = None
    """`supervised`, `dpo` or `reinforcement`; None leaves it to the provider, which means supervised."""
    hyperparameters: dict[str, Any] = Field(default_factory=dict)
    """By name, as JSON has them; also such as only one provider knows."""
    grader: dict[str, Any] | None = None
    method_more: dict[str, Any] = Field(default_factory=dict)
    """Further members of the method's configuration, such as `response_format`."""
    metadata: dict[str, str] = Field(default_factory=dict)
    wandb_project: str | None = None
    wandb_more: dict[str, Any] = Field(default_factory=dict)
    """What is told to Weights & Biases beside the project: `entity`, `name`, `tags`."""

    def body(self) -> dict[str, Any]:
        """The request body; what was not given is left out."""
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

    def with_method(self, method: str) -> "JobSpec":
        """The same job by another method, without what only the method so far takes."""
        before = self.method or "supervised"
        if method == before:
            return self.model_copy(update={"method": method})
        lost = set(HYPERPARAMETERS.get(before, ())).difference(HYPERPARAMETERS.get(method, ()))
        left = {name: value for name, value in self.hyperparameters.items() if name not in lost}
        return self.model_copy(update={"method": method, "hyperparameters": left, "grader": None, "method_more": {}})


def like(job: Job) -> JobSpec:
    """What would create a job like this one: everything it was asked for, without what belongs to that one run
    (our token, the id of its run at W&B)."""
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
        # Not the cleaned texts: what is sent back is what was sent.
        metadata={
            key: value if isinstance(value, str) else lenient.line(value)
            for key, value in metadata.items()
            if key != TOKEN_KEY
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
    """A hyperparameter's text as the number that it is; `auto` and such stay."""
    whole, number = lenient.whole(value), lenient.number(value)
    return value if number is None else number if whole is None else whole


def _sendable(raw: object) -> dict[str, Any]:
    """A job's JSON; a half of a surrogate pair, which no request can hold, becomes a question mark."""
    try:
        text = json.dumps(lenient.mapping(raw), ensure_ascii=False)
        return lenient.mapping(json.loads(text.encode("utf-8", "replace")))
    except (RecursionError, ValueError):
        return {}
