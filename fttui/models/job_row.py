"""Row of a job, read from its JSON in a fifth of the time that decoding the whole job takes.

Lists of many jobs need rows alone.
"""

from typing import Any

from fttui.models import labels, lenient
from fttui.models.job import COST, Job, kind_of, phase_of, settings_of, suffix_of
from fttui.models.lenient import line
from fttui.models.row import JobRow
from fttui.models.wire import sent_id

_NONE: dict[str, Any] = {}


def row_of(raw: Any) -> JobRow:
    """Return the row of a job as sent: `Job.read(raw).row()`."""
    id = sent_id(raw)
    if not id:  # a fault
        return Job.read(raw).row()
    status = line(raw.get("status"))
    model = line(raw.get("fine_tuned_model"))
    method = _object(raw.get("method"))
    kind = kind_of(method)
    settings = settings_of(_object(method.get(kind)).get("hyperparameters") or raw.get("hyperparameters"))
    seed = lenient.whole(raw.get("seed"))
    cost = _object(raw.get(COST))
    row = JobRow(
        id=id,
        status_text=status,
        model=line(raw.get("model")),
        suffix=line(raw.get("user_provided_suffix") or raw.get("suffix") or suffix_of(model)),
        method=kind,
        fine_tuned_model=model,
        created_at=lenient.moment(raw.get("created_at")),
        finished_at=lenient.moment(raw.get("finished_at")),
        trained_tokens=lenient.whole(raw.get("trained_tokens")),
        step=lenient.whole(raw.get("trained_steps")),
        total_steps=lenient.whole(raw.get("total_steps")),
        epochs=settings.get("n_epochs", ""),
        rate=settings.get("learning_rate_multiplier") or settings.get("learning_rate", ""),
        batch=settings.get("batch_size", ""),
        seed="" if seed is None else str(seed),
        sweep=_sweep(_object(raw.get("metadata"))),
        cost=lenient.number(cost.get("amount")),
        currency=line(cost.get("currency")),
    )
    if "fttui" in raw and row.status.is_live and (phase := phase_of(_object(raw["fttui"]).get("phase"))) is not None:
        return row._replace(phase=phase.short)
    return row


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else _NONE


def _sweep(metadata: dict[str, Any]) -> str:
    for key in reversed(metadata):
        if line(key) == labels.SWEEP:
            value = metadata[key]
            return line(lenient.paragraph(value) or line(value))
    return ""
