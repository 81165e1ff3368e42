"""Question to a sampler, and the items of its answer: lines of the sampler protocol (trainers/README.md)."""

from typing import Any, NamedTuple

from fttui.server.jobs.progress_reports import phase_of


class Question(NamedTuple):
    """Validated request for one answer."""

    base: str
    """Id of the base model."""
    source: str | None
    """Directory of the base model; None for one that the sampler finds by its id."""
    model: str | None
    """File or directory of a tuned model; None for the base model."""
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None
    """Functions that the prompt describes."""
    max_tokens: int
    temperature: float
    top_p: float
    seed: int | None
    stop: tuple[str, ...]

    def line(self, id: int) -> dict[str, Any]:
        """Return the question as the sampler reads it."""
        base = {"id": self.base, "source": self.source}
        members = {name: value for name, value in self._asdict().items() if name not in ("base", "source")}
        return {"id": id, "base": base, **members}


class Loading(NamedTuple):
    """Progress of a worker that loads a model."""

    phase: dict[str, Any]
    """Members `name`, `done`, `total` and `unit`; the last three are optional."""


class Text(NamedTuple):
    """Next piece of the answer."""

    text: str


class End(NamedTuple):
    """Last item of a complete answer."""

    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


Item = Loading | Text | End


class SamplingError(Exception):
    """Failure to answer. The message is for the user."""

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.param = param


class Refused(SamplingError):
    """Refusal by the sampler: the request or its model cannot be used."""


class Busy(SamplingError):
    """Refusal because a job trains on the accelerator that the model needs."""


def item_of(line: dict[str, Any]) -> Item | None:
    """Return the item in a line of a sampler; None for a line of an unknown kind.

    Raises:
        Refused: the line is an error.
    """
    if line.get("type") == "phase":
        phase = phase_of(line)
        return Loading(phase.body) if phase else None
    if isinstance(text := line.get("text"), str):
        return Text(text)
    if isinstance(error := line.get("error"), dict):
        code, message, param = (error.get(name) for name in ("code", "message", "param"))
        words = str(message or "The sampler gave no reason.")
        raise Refused(str(code or "sampler_error"), words, param if isinstance(param, str) else None)
    if "finish_reason" in line:
        usage = line.get("usage")
        counts = usage if isinstance(usage, dict) else {}
        prompt, completion = (_count(counts.get(name)) for name in ("prompt_tokens", "completion_tokens"))
        return End("length" if line["finish_reason"] == "length" else "stop", prompt, completion)
    return None


def _count(value: object) -> int:
    return value if isinstance(value, int) and value >= 0 else 0
