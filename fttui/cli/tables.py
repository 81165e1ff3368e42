"""Columns and fields of jobs, events, checkpoints, files and models."""

import time
from typing import TYPE_CHECKING

from fttui.cli.output import CUT_FIRST, CUT_LAST, CUT_LATE, CUT_NEVER, TABLE, WIDE, Column
from fttui.clock import age, duration
from fttui.learning.engine_words import engine_words, life_words
from fttui.learning.estimates import estimate_words
from fttui.learning.figures import LOST, figure, signed_figure
from fttui.learning.kinds import kinds_of, word_of
from fttui.learning.phase_words import phase_words
from fttui.learning.words import gain_words, loss_words
from fttui.models.loss_kinds import LossKinds
from fttui.models.row import short_id
from fttui.text import count, fit, size_words

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from fttui.cli.jobs.facts import JobFacts
    from fttui.cli.output import Output
    from fttui.learning.checkpoints import Checkpoints, Saved
    from fttui.models.checkpoint import Checkpoint
    from fttui.models.event import Event
    from fttui.models.file import File, Model
    from fttui.models.job import Job
    from fttui.models.row import JobRow


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


def loss(value: float | None) -> str:
    """Format a loss; empty for None."""
    return "" if value is None else figure(value)


def _validation(row: "JobRow") -> str:
    return loss_words(row.summary).removeprefix("validation ") if row.summary.is_validation else ""


def step_of(row: "JobRow") -> str:
    """Return steps done and in all: `640/900`; before the first step the phase: `get 34%`; empty if unknown."""
    if row.step is None:
        return row.phase
    return f"{row.step}/{row.total_steps}" if row.total_steps else str(row.step)


def _judged(row: "JobRow", value: float | None, losses: LossKinds) -> str:
    """Format a loss, with a `t` behind a training loss in a list with both kinds, and a space behind others."""
    mark = "" if not losses.is_mixed else " " if row.summary.is_validation else "t"
    return loss(value) + mark if value is not None else ""


def _last(row: "JobRow", losses: LossKinds) -> str:
    """Format the newest loss; `nan` while it is not finite."""
    if row.summary.is_lost:
        return LOST + (" " if losses.is_mixed else "")
    return _judged(row, row.judged_loss, losses)


def tokens(row: "JobRow") -> str:
    """Format the trained tokens in at most five cells; empty if unknown."""
    return "" if row.trained_tokens is None else count(row.trained_tokens)


def gap(row: "JobRow") -> str:
    """Format validation loss minus training loss; empty if unknown."""
    return "" if row.summary.gap is None else f"{row.summary.gap:+.2f}"


def gain(row: "JobRow") -> str:
    """Format the gain over the base model; empty if unknown."""
    return "" if row.summary.gain is None else signed_figure(row.summary.gain)


def alarm(row: "JobRow", off: "Container[str]") -> str:
    """Return the word for the most important alarm of a job; empty for none."""
    kinds = kinds_of(row.alarms, off)
    return word_of(kinds[0], is_live=row.status.is_live) if kinds else ""


def _same_method(rows: "Sequence[JobRow]") -> str:
    """Return the method that all of several jobs have; empty if they differ."""
    methods = {row.method for row in rows}
    return methods.pop() if len(rows) > 1 and len(methods) == 1 else ""


def status_word(job: "Job | JobRow") -> str:
    """Return the status as the provider sent it, or `unreadable` or `unknown`."""
    return job.status_text or ("unreadable" if job.fault else "unknown")


def changed_job_columns() -> "list[Column[Job]]":
    """Columns of jobs that a command has changed."""
    return [Column("ID", lambda job: job.id, cut=CUT_LAST), Column("STATUS", status_word, cut=CUT_LATE)]


class JobTable:
    """Columns of a list of jobs. Columns that matter less leave a narrow terminal; ids are shortened as in the cockpit.

    Without a terminal the columns are always the same: new ones are added at the end.
    """

    def __init__(self, rows: "Sequence[JobRow]", cells: int, now: float, facts: "JobFacts | None" = None) -> None:
        """
        Args:
            cells: width of the terminal.
            now: the current time in Unix seconds, for ages.
            facts: None leaves out the costs.
        """
        losses = LossKinds.of(rows)
        off = facts.alarms_off if facts is not None else frozenset[str]()
        is_wide = cells >= WIDE
        models = {row.model for row in rows}
        is_named = any(row.suffix for row in rows)
        words = {facts.words(row) for row in rows} if facts is not None else set()
        same_cost = words.pop() if len(rows) > 1 and len(words) == 1 else ""
        self.same_model = models.pop() if len(rows) > 1 and len(models) == 1 else ""
        """Model of all jobs, which has no column then; empty if they differ or there is one job."""
        columns: list[Column[JobRow]] = [
            Column("NAME", lambda row: fit(row.suffix or short_id(row.id), 40 if is_wide else 18), cut=CUT_LATE),
            Column(
                "ID", lambda row: row.id if is_wide else short_id(row.id), cut=CUT_LAST, leave=15 if is_named else 0
            ),
            Column("STATUS", status_word, cut=CUT_LATE),
            Column("STEP", step_of, right=True, leave=17),
            Column(losses.title, lambda row: _last(row, losses), right=True),
            Column("BEST", lambda row: _judged(row, row.summary.best, losses), right=True, leave=16),
            Column("AT", lambda row: text(row.summary.best_step), right=True, leave=13),
            Column("GAIN", gain, right=True, leave=13),
            Column(
                "TRAIN",
                lambda row: LOST if row.summary.is_train_lost else loss(row.summary.train),
                right=True,
                leave=12,
            ),
            Column("GAP", gap, right=True, leave=11),
            Column("EPOCHS", lambda row: row.epochs, right=True, leave=9),
            Column("LR", lambda row: row.rate, right=True, leave=8),
            Column("BATCH", lambda row: row.batch, right=True, leave=7),
            Column(
                "TOKENS",
                lambda row: "" if row.trained_tokens is None else count(row.trained_tokens),
                right=True,
                leave=5,
            ),
            Column("COST", lambda row: "" if facts is None else facts.words(row), right=True, leave=4),
            Column("AGE", lambda row: ago(row.created_at, now), right=True, leave=18),
            Column("ALARM", lambda row: alarm(row, off), leave=10),
            Column("MODEL", lambda row: row.model, cut=CUT_NEVER, leave=14),
            Column("METHOD", lambda row: row.method, leave=3),
            Column("TUNED MODEL", lambda row: row.fine_tuned_model, cut=CUT_NEVER, leave=1),
            Column("", lambda row: "gone" if row.gone else "", cut=CUT_LATE),
        ]
        same = {"MODEL": self.same_model, "COST": same_cost, "METHOD": _same_method(rows)}
        hidden = {name for name, value in same.items() if value}
        hidden |= {"NAME"} if not is_named else set()
        hidden |= {"GAIN"} if not any(row.summary.gain is not None for row in rows) else set()
        hidden |= {"GAP"} if not losses.has_validation else set()
        repeated = [column for column in columns if column.title == "TRAIN"][1:] if losses.title == "TRAIN" else []
        self.columns = [column for column in columns if column.title not in hidden and column not in repeated]
        self._same = [value for value in same.values() if value]

    def note(self, output: "Output") -> str:
        """Return a sentence about the column that is left out because all cells are equal; else an empty string."""
        is_table = output.form == TABLE and output.is_terminal
        return f"All {', '.join(self._same)}." if self._same and is_table else ""

    @staticmethod
    def piped(facts: "JobFacts | None" = None) -> "list[Column[JobRow]]":
        """Return the columns without a terminal."""
        off = facts.alarms_off if facts is not None else frozenset[str]()
        return [
            Column("ID", lambda row: row.id),
            Column("STATUS", status_word),
            Column("CREATED", lambda row: when(row.created_at)),
            Column("MODEL", lambda row: row.model),
            Column("SUFFIX", lambda row: row.suffix),
            Column("TUNED MODEL", lambda row: row.fine_tuned_model),
            Column("GONE", lambda row: "gone" if row.gone else ""),
            Column("STEP", lambda row: text(row.step)),
            Column("STEPS", lambda row: text(row.total_steps)),
            Column("LOSS", lambda row: LOST if row.summary.is_lost else text(row.judged_loss)),
            Column("METRIC", lambda row: row.summary.metric or ("train_loss" if row.loss is not None else "")),
            Column("BEST", lambda row: text(row.summary.best)),
            Column("AT", lambda row: text(row.summary.best_step)),
            Column("TRAIN", lambda row: LOST if row.summary.is_train_lost else text(row.summary.train)),
            Column("GAP", lambda row: text(row.summary.gap)),
            Column("EPOCHS", lambda row: row.epochs),
            Column("LR", lambda row: row.rate),
            Column("BATCH", lambda row: row.batch),
            Column("TOKENS", lambda row: text(row.trained_tokens)),
            Column("COST", lambda row: "" if facts is None else text(facts.amount(row))),
            Column("ALARM", lambda row: ",".join(kinds_of(row.alarms, off))),
            Column("METHOD", lambda row: row.method),
            Column("GAIN", lambda row: text(row.summary.gain)),
        ]


def event_columns() -> "list[Column[Event]]":
    return [
        Column("TIME", lambda event: local(event.created_at) or "-", lambda event: when(event.created_at)),
        Column("LEVEL", lambda event: f"{event.level:<5}", lambda event: event.level),
        Column("MESSAGE", lambda event: event.message),
    ]


def checkpoint_columns() -> "list[Column[Checkpoint]]":
    """Columns of checkpoints without a terminal."""

    def metrics(checkpoint: "Checkpoint") -> str:
        return " ".join(f"{name}={value:g}" for name, value in checkpoint.metrics.items())

    return [
        Column("ID", lambda item: item.id),
        Column("STEP", lambda item: text(item.step_number)),
        Column("CREATED", lambda item: when(item.created_at)),
        Column("MODEL", lambda item: item.fine_tuned_model_checkpoint),
        Column("METRICS", metrics),
    ]


def judged_checkpoint_columns(judged: "Checkpoints") -> "list[Column[Saved]]":
    """Columns of checkpoints on a terminal. The best is marked."""
    digits = max([len("STEP"), *(len(text(row.step)) for row in judged.rows)])

    def step(row: "Saved") -> str:
        return f"{'✶' if row == judged.best else ' '} {text(row.step):>{digits}}"

    sizes: list[Column[Saved]] = [Column("SIZE", lambda row: size_words(row.size), right=True, leave=2)]
    return [
        Column("STEP", step, right=True),
        Column("EPOCH", lambda row: text(row.epoch), right=True, leave=1),
        Column("VALID" if judged.is_loss else "REWARD", lambda row: loss(row.valid), right=True),
        *(sizes if any(row.size is not None for row in judged.rows) else []),
        Column("MODEL", lambda row: row.model or row.id, cut=CUT_NEVER),
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
        Column("ID", lambda model: model.id, cut=CUT_NEVER),
        Column(
            "AGE", lambda model: ago(model.created_at, now), lambda model: when(model.created_at), right=True, leave=2
        ),
        Column("OWNER", lambda model: model.owned_by, leave=1),
        Column("SHUTDOWN", lambda model: model.shutdown_date, leave=3),
    ]


def engine_parts(job: "Job", row: "JobRow") -> list[str]:
    """Return the engine of a job, and the life of a live job there."""
    if job.engine is None:
        return []
    lived = life_words(job.engine, row.step) if job.status.is_live else ""
    return [part for part in (engine_words(job.engine), lived) if part]


def job_fields(job: "Job", row: "JobRow") -> list[tuple[str, str]]:
    """Return names and values of a job's members, without empty ones.

    Args:
        row: the same job with step and loss as far as they are known.
    """
    from fttui.models.job import TOKEN_KEY

    took = ""
    if job.created_at is not None and job.finished_at is not None:
        took = duration(job.finished_at - job.created_at)
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
        ("engine", " · ".join(engine_parts(job, row))),
        ("phase", phase_words(job.phase, job.model, None) if job.phase and job.status.is_live else ""),
        ("expected", estimate_words(job.estimate)),
        ("runs on" if job.status.is_live else "ran on", job.environment.words if job.environment else ""),
        ("step", "" if row.step is None else step_of(row)),
        ("validation loss", _validation(row)),
        ("gain", gain_words(row.summary)),
        ("loss", "" if row.summary.is_validation else _last(row, LossKinds())),
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
