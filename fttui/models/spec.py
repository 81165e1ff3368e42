"""What a person asks for when creating a job."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

MAX_METADATA = 16


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
    hyperparameters: dict[str, int | float | str] = Field(default_factory=dict)
    grader: dict[str, Any] | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    wandb_project: str | None = None

    def body(self) -> dict[str, Any]:
        """The request body; what was not given is left out."""
        body: dict[str, Any] = {"model": self.model, "training_file": self.training_file}
        for name in ("validation_file", "suffix", "seed"):
            if (value := getattr(self, name)) not in (None, ""):
                body[name] = value
        method = self.method or "supervised"
        inner: dict[str, Any] = {}
        if self.hyperparameters:
            inner["hyperparameters"] = self.hyperparameters
        if self.grader is not None:
            inner["grader"] = self.grader
        if self.method or inner:
            body["method"] = {"type": method, method: inner} if inner else {"type": method}
        if self.metadata:
            body["metadata"] = self.metadata
        if self.wandb_project:
            body["integrations"] = [{"type": "wandb", "wandb": {"project": self.wandb_project}}]
        return body
