"""Columns and fields of jobs, events, checkpoints, files and models."""

import time
from typing import TYPE_CHECKING

from fttui.cli.output import CUT_FIRST, CUT_LAST, CUT_LATE, Column
from fttui.clock import age, duration
from fttui.text import size_words

if TYPE_CHECKING:
    from fttui.models.checkpoint import Checkpoint
    from fttui.models.event import Event
    from fttui.models.file import File, Model
    from fttui.models.job import Job


def when(moment: float | None) -> str:
    """Format a time for programs: ISO 8601 in UTC; empty for None."""
    return "" if moment is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def local(moment: float | None) -> str:
    """Format a time for users: local date and time; empty for None."""
    return "" if moment is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))


def ago(moment: float | None, now: float) -> str:
    """Format an age for users, such as `3h`; empty for None."""
    return "" if moment is None else age(now - moment)


def text(value: object) -> str:
    """Return a value as text; empty for None."""
    return "" if value is None else str(value)


def status_word(job: "Job") -> str:
    """Return the status as the provider sent it, or `unreadable` or `unknown`."""
    return job.status_text or ("unreadable" if job.fault else "unknown")


def job_columns(now: float) -> "list[Column[Job]]":
    return [
        Column("ID", lambda job: job.id, cut=CUT_LAST),
        Column("STATUS", status_word, cut=CUT_LATE),
        Column("AGE", lambda job: ago(job.created_at, now), lambda job: when(job.created_at), right=True),
        Column("MODEL", lambda job: job.model),
        Column("SUFFIX", lambda job: job.suffix),
        # First to be cut: it repeats model and suffix, which have columns of their own.
        Column("TUNED MODEL", lambda job: job.fine_tuned_model, cut=CUT_FIRST),
    ]


def event_columns() -> "list[Column[Event]]":
    return [
        Column("TIME", lambda event: local(event.created_at) or "-", lambda event: when(event.created_at)),
        Column("LEVEL", lambda event: f"{event.level:<5}", lambda event: event.level),
        Column("MESSAGE", lambda event: event.message),
    ]


def checkpoint_columns() -> "list[Column[Checkpoint]]":
    def metrics(checkpoint: "Checkpoint") -> str:
        return " ".join(f"{name}={value:g}" for name, value in checkpoint.metrics.items())

    return [
        Column("ID", lambda item: item.id, cut=CUT_LAST),
        Column("STEP", lambda item: text(item.step_number), right=True),
        Column("CREATED", lambda item: local(item.created_at), lambda item: when(item.created_at)),
        Column("MODEL", lambda item: item.fine_tuned_model_checkpoint, cut=CUT_FIRST),
        Column("METRICS", metrics),
    ]


def file_columns(now: float) -> "list[Column[File]]":
    return [
        Column("ID", lambda file: file.id, cut=CUT_LAST),
        Column("SIZE", lambda file: size_words(file.bytes), lambda file: text(file.bytes), right=True),
        Column("AGE", lambda file: ago(file.created_at, now), lambda file: when(file.created_at), right=True),
        Column("PURPOSE", lambda file: file.purpose, cut=CUT_FIRST),
        Column("STATUS", lambda file: file.status, cut=CUT_FIRST),
        Column("NAME", lambda file: file.filename),
    ]


def model_columns(now: float) -> "list[Column[Model]]":
    return [
        Column("ID", lambda model: model.id, cut=CUT_LAST),
        Column("AGE", lambda model: ago(model.created_at, now), lambda model: when(model.created_at), right=True),
        Column("OWNER", lambda model: model.owned_by, cut=CUT_FIRST),
        Column("SHUTDOWN", lambda model: model.shutdown_date),
    ]


def job_fields(job: "Job", now: float) -> list[tuple[str, str]]:
    """Return names and values of a job's members, without empty ones."""
    from fttui.models.job import TOKEN_KEY

    took = ""
    if job.created_at is not None and job.finished_at is not None:
        took = duration(job.finished_at - job.created_at)
    step = "" if job.trained_steps is None else f"{job.trained_steps}/{text(job.total_steps) or '?'}"
    fields = [
        ("id", job.id),
        ("status", status_word(job)),
        ("error", " ".join(filter(None, (job.error.code, job.error.message))) if job.error else ""),
        ("fault", job.fault),
        ("model", job.model),
        ("tuned model", job.fine_tuned_model),
        ("suffix", job.suffix),
        ("method", job.method),
        *[(name.replace("_", " "), value) for name, value in job.hyperparameters.items()],
        ("seed", text(job.seed)),
        ("step", step),
        ("trained tokens", text(job.trained_tokens)),
        ("created", when(job.created_at)),
        ("finished", when(job.finished_at)),
        ("took", took),
        ("estimated finish", when(job.estimated_finish) if not job.status.is_final else ""),
        ("training file", job.training_file),
        ("validation file", job.validation_file),
        ("result files", " ".join(job.result_files)),
        ("organization", job.organization_id),
        *[("integration", " ".join(filter(None, (item.type, item.project, item.run_id)))) for item in job.integrations],
        *[("metadata", f"{key}={value}") for key, value in job.metadata.items() if key != TOKEN_KEY],
    ]
    return [(name, value) for name, value in fields if value]


def file_fields(file: "File") -> list[tuple[str, str]]:
    fields = [
        ("id", file.id),
        ("name", file.filename),
        ("purpose", file.purpose),
        ("size", text(file.bytes)),
        ("status", file.status),
        ("details", file.status_details),
        ("created", when(file.created_at)),
        ("expires", when(file.expires_at)),
    ]
    return [(name, value) for name, value in fields if value]
