"""Fine-tuning jobs, decoded from the different shapes that servers send."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from fttui.models import labels, lenient, run_state
from fttui.models.row import JobRow
from fttui.models.run_state import EngineLife, Environment, Phase
from fttui.models.status import Status, status_of
from fttui.models.wire import Wire

METHODS = ("supervised", "dpo", "reinforcement")
_ESTIMATED = ("tokens", "examples", "steps", "seconds", "memory_bytes")
_NOTHING = (None, "")
_LIFE = ("state", "host", "reason", "id")
TOKEN_KEY = "fttui_create"
"""Metadata key of the create token: see `store.create_once`."""
COST = "fttui.cost"
"""Member of a translated job with the `amount` that the provider billed, and its `currency`."""


class JobError(BaseModel):
    """Error of a failed job. Jobs without an error may have an empty object or one of nulls."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    code: lenient.Line = ""
    message: lenient.Paragraph = ""
    param: lenient.Line = ""


class Integration(BaseModel):
    """Service to which the provider reports the run, in practice Weights & Biases."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    type: lenient.Line = ""
    project: lenient.Line = ""
    entity: lenient.Line = ""
    name: lenient.Line = ""
    run_id: lenient.Line = ""


def _error(value: object) -> JobError | None:
    if isinstance(value, str) and value.strip():
        return JobError(message=value)
    if not isinstance(value, Mapping) or (value.get("code") in _NOTHING and value.get("message") in _NOTHING):
        return None
    error = JobError.model_validate({name: value.get(name) for name in JobError.model_fields})
    return error if error.code or error.message else None


def _lines(value: object) -> tuple[str, ...]:
    # Mistral and others send objects with an id, OpenAI sends the id.
    found = (lenient.line(item.get("id") if isinstance(item, Mapping) else item) for item in lenient.items(value))
    return tuple(text for text in found if text)


def _pairs(value: object) -> dict[str, str]:
    return {lenient.line(key): lenient.paragraph(item) or lenient.line(item) for key, item in _members(value)}


def _members(value: object) -> Iterable[tuple[object, object]]:
    return value.items() if isinstance(value, dict) else lenient.mapping(value).items()


def settings_of(value: object) -> dict[str, str]:
    """Return hyperparameters as text: `auto`, `3`, `1.8`. Azure's -1 means auto. Nested values are left out."""
    found: dict[str, str] = {}
    for key, item in _members(value):
        count = lenient.whole(item)
        text = lenient.line(item) if count is None else "auto" if count == -1 else str(count)
        if text:
            found[lenient.line(key)] = text
    return found


def kind_of(method: Mapping[str, Any]) -> str:
    """Return the training method in a member `method`: see `Job.method`."""
    return "" if method.get("type") == "" else lenient.line(method.get("type")) or "supervised"


def _integrations(value: object) -> tuple[Integration, ...]:
    found = []
    for item in lenient.items(value):
        kind = lenient.line(lenient.mapping(item).get("type"))
        inner = lenient.mapping(lenient.mapping(item).get(kind))
        found.append(Integration.model_validate({**inner, "type": kind}))
    return tuple(found)


def phase_of(value: object) -> Phase | None:
    """Return the phase in a JSON value of the embedded service, None without one."""
    sent = lenient.mapping(value)
    if not sent:
        return None
    name = lenient.line(sent.get("name"))[: run_state.LONGEST].strip()
    if not name:
        return None
    done, total = (lenient.number(sent.get(key)) for key in ("done", "total"))
    return Phase(
        name,
        None if done is None or done < 0 else done,
        None if total is None or total <= 0 else total,
        lenient.line(sent.get("unit"))[: run_state.LONGEST],
        lenient.moment(sent.get("finish")),
    )


def _estimate(value: object) -> dict[str, float]:
    sent = lenient.mapping(value)
    numbers = {name: lenient.number(sent.get(name)) for name in _ESTIMATED} if sent else {}
    return {name: number for name, number in numbers.items() if number is not None and number >= 0}


def _environment(value: object) -> Environment | None:
    sent = lenient.mapping(value)
    if not sent:
        return None
    host, device = (lenient.line(sent.get(key))[: run_state.LONGEST] for key in ("host", "device"))
    pairs = [
        (lenient.line(name)[: run_state.LONGEST], lenient.line(version)[: run_state.LONGEST])
        for name, version in list(lenient.mapping(sent.get("versions")).items())[: run_state.MOST_VERSIONS]
    ]
    versions = tuple((name, version) for name, version in pairs if name and version)
    return Environment(host, device, versions) if host or device or versions else None


def _engine_life(value: object) -> EngineLife | None:
    """Return the life in the members `engine` and `life` of the embedded service, None without an engine."""
    engine, life = (lenient.mapping(lenient.mapping(value).get(name)) for name in ("engine", "life"))
    if not engine:
        return None
    name, kind = (lenient.line(engine.get(key))[: run_state.LONGEST] for key in ("name", "kind"))
    if not name:
        return None
    state, host, reason, id = (lenient.line(life.get(key))[: run_state.LONGEST] for key in _LIFE)
    return EngineLife(
        name,
        kind,
        state,
        host,
        reason,
        lenient.whole(life.get("attempt")) or 0,
        id,
        lenient.whole(life.get("limit")),
        lenient.moment(life.get("ends_at")),
        lenient.moment(life.get("since")),
    )


class Job(Wire):
    """A job. Times are Unix seconds, or None (sent as 0 or null)."""

    object: lenient.Line = ""
    status_text: lenient.Line = ""
    model: lenient.Line = ""
    fine_tuned_model: lenient.Line = ""
    suffix: lenient.Line = ""
    organization_id: lenient.Line = ""
    created_at: lenient.Moment = None
    finished_at: lenient.Moment = None
    estimated_finish: lenient.Moment = None
    training_file: lenient.Line = ""
    validation_file: lenient.Line = ""
    result_files: Annotated[tuple[str, ...], BeforeValidator(_lines)] = ()
    trained_tokens: lenient.Whole = None
    seed: lenient.Whole = None
    method: lenient.Line = ""
    """Training method. `supervised` if the server names none; empty if it names the empty text: it is unknown."""
    hyperparameters: Annotated[dict[str, str], BeforeValidator(settings_of)] = {}
    """Effective hyperparameters as text, from the method or from the deprecated top-level member."""
    grader: dict[str, Any] = {}
    """Grader of a reinforcement job, as sent. Must not be shown without `clean`."""
    integrations: Annotated[tuple[Integration, ...], BeforeValidator(_integrations)] = ()
    metadata: Annotated[dict[str, str], BeforeValidator(_pairs)] = {}
    error: Annotated[JobError | None, BeforeValidator(_error)] = None
    trained_steps: lenient.Whole = None
    total_steps: lenient.Whole = None
    phase: Annotated[Phase | None, BeforeValidator(phase_of)] = None
    """Work of the trainer before its next step. Only the embedded service sends it."""
    estimate: Annotated[dict[str, float], BeforeValidator(_estimate)] = {}
    """Numbers that the trainer expected of the job before it was queued: `tokens`, `steps`, `seconds`, `memory_bytes`.

    Only the embedded service sends them.
    """
    environment: Annotated[Environment | None, BeforeValidator(_environment)] = None
    """Machine and software of the trainer. Only the embedded service sends it."""
    engine: Annotated[EngineLife | None, BeforeValidator(_engine_life)] = None
    """Engine that runs the job, and the life of its trainer there. Only the embedded service sends it."""
    cost: lenient.Number = None
    """Amount that the provider billed, in `currency`."""
    currency: lenient.Line = ""

    @classmethod
    def members(cls, raw: dict[str, Any]) -> dict[str, Any]:
        members = super().members(raw)
        members["status_text"] = raw.get("status")
        method = lenient.mapping(raw.get("method"))
        kind = kind_of(method)
        inside = lenient.mapping(method.get(kind))
        members["method"] = kind
        members["hyperparameters"] = inside.get("hyperparameters") or raw.get("hyperparameters")
        own = lenient.mapping(raw.get("fttui"))
        members |= {name: own.get(name) for name in ("phase", "environment", "estimate")}
        members["engine"] = own
        cost = lenient.mapping(raw.get(COST))
        members |= {"cost": cost.get("amount"), "currency": cost.get("currency")}
        members["grader"] = lenient.mapping(inside.get("grader"))
        members["training_file"] = training_file_of(raw)
        if not members.get("validation_file"):
            members["validation_file"] = next(iter(_lines(raw.get("validation_files"))), "")
        members["suffix"] = (
            raw.get("user_provided_suffix") or raw.get("suffix") or suffix_of(lenient.line(raw.get("fine_tuned_model")))
        )
        return members

    @property
    def status(self) -> Status:
        """State of the job."""
        return status_of(self.status_text)

    @property
    def can_act(self) -> bool:
        """The object is a fine-tuning job, so it can be cancelled, paused and resumed."""
        return not self.fault and self.object in ("", "fine_tuning.job", "fine-tune")

    @property
    def lacks_validation_file(self) -> bool:
        """The job has a training file and no validation file. False where no file is known, as for runs of scripts."""
        return bool(self.training_file) and not self.validation_file

    @property
    def problems(self) -> tuple[str, ...]:
        """Sentences about what could not be read of a run that another program started."""
        return problems_of(self.sent)

    def setting(self, name: str) -> str:
        """Return a hyperparameter as text, empty for one that the server did not send."""
        return self.hyperparameters.get(name, "")

    def row(self) -> JobRow:
        """Return the job as a row of the list. Losses come from the job's events."""
        return JobRow(
            id=self.id,
            status_text=self.status_text,
            model=self.model,
            suffix=self.suffix,
            method=self.method,
            fine_tuned_model=self.fine_tuned_model,
            created_at=self.created_at,
            finished_at=self.finished_at,
            trained_tokens=self.trained_tokens,
            step=self.trained_steps,
            total_steps=self.total_steps,
            fault=self.fault,
            epochs=self.setting("n_epochs"),
            rate=self.setting("learning_rate_multiplier") or self.setting("learning_rate"),
            batch=self.setting("batch_size"),
            seed="" if self.seed is None else str(self.seed),
            sweep=lenient.line(self.metadata.get(labels.SWEEP)),
            phase="" if self.phase is None or not self.status.is_live else self.phase.short,
            cost=self.cost,
            currency=self.currency,
        )


def training_file_of(raw: Any) -> str:
    """Return the id of the training file of a job as sent, or an empty string. Some servers send a list of files."""
    members = lenient.mapping(raw)
    return lenient.line(members.get("training_file")) or next(iter(_lines(members.get("training_files"))), "")


def suffix_of(fine_tuned_model: str) -> str:
    """Return the suffix in a name such as `ft:gpt-4o-mini-2024-07-18:acme:support-v3:8J6LXhXG`, or an empty string."""
    parts = fine_tuned_model.split(":")
    return parts[3] if len(parts) >= 5 and parts[0] == "ft" else ""


def problems_of(sent: object) -> tuple[str, ...]:
    """Return the sentences about what could not be read of a run, from its JSON as sent."""
    facts = sent.get("facts") if isinstance(sent, dict) else None
    found = facts.get("problems") if isinstance(facts, dict) else None
    return tuple(map(lenient.line, found)) if isinstance(found, list) else ()
