"""Comparison of jobs as both faces show it: a table of what differs and how each run ended, and sentences."""

import csv
import io
import json
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from fttui.clock import duration
from fttui.core.curve_svg import drawing_of_runs, svg
from fttui.learning import comparison
from fttui.learning.alarms import Report
from fttui.learning.checkpoints import best_step
from fttui.learning.comparison import SEED, VALIDATION_FILE, Comparison, Entry
from fttui.learning.figures import LOST, figure, signed_figure
from fttui.learning.metric_groups import LOSS, MetricGroup
from fttui.learning.run import Run
from fttui.learning.summary import summarize
from fttui.models.row import JobRow, short_id
from fttui.models.summary import Summary
from fttui.text import count, csv_cell, width

if TYPE_CHECKING:
    from fttui.core.pricing import Cost
    from fttui.models.file import File
    from fttui.models.job import Job

TRAINING_FILE = "training_file"
PROFILE = "profile"
UNKNOWN = "-"
FREE = "free"
_HEADINGS = {
    "n_epochs": "EPOCHS",
    "learning_rate_multiplier": "LR",
    "learning_rate": "LR",
    "batch_size": "BATCH",
    TRAINING_FILE: "DATA",
    VALIDATION_FILE: "VALIDATION",
}
_USUAL = ("n_epochs", "batch_size", "learning_rate_multiplier", "learning_rate")
"""Hyperparameters that come before the others."""
MOST_SAME = 6
"""Most settings that the row of equal settings names; the others are counted."""


class JobSource(Protocol):
    """The questions to a store, or to an archive, that a comparison asks. Ids are those of the rows."""

    def job(self, id: str) -> "Job | None": ...
    def run(self, id: str) -> Run: ...
    def alarms(self, id: str) -> Report: ...
    def file(self, id: str) -> "File | None": ...
    def file_digest(self, file: str) -> str: ...


class ComparedJob(NamedTuple):
    """A job with everything that a comparison shows of it."""

    row: JobRow
    entry: Entry
    run: Run
    files: Mapping[str, str]
    """Names of the job's files by id, as far as they are known."""
    alarm: str
    """Word for the most important alarm, empty without one."""
    cost: "Cost"

    @property
    def seconds(self) -> float | None:
        """Seconds from the first to the last step; else from the creation of the job to its end."""
        times = self.run.times.values
        if len(times) > 1 and times[-1] > times[0]:
            return times[-1] - times[0]
        row = self.row
        return None if row.created_at is None or row.finished_at is None else row.finished_at - row.created_at

    @property
    def throughput(self) -> float | None:
        """Trained tokens a second."""
        tokens, seconds = self.row.trained_tokens, self.seconds
        return tokens / seconds if tokens is not None and seconds else None


class TableColumn(NamedTuple):
    """Column of the table, with a cell for each run in the order of the comparison."""

    title: str
    cells: Sequence[str]
    values: Sequence[object]
    """Exact values, for programs."""
    is_right: bool = True


@dataclass(frozen=True)
class JobComparison:
    """Compared jobs, the best first."""

    jobs: Sequence[ComparedJob]
    found: Comparison
    columns: Sequence[TableColumn]
    """Columns after the one of the names, in the order of importance: a narrow table loses the last ones."""
    same: Sequence[str]
    """Settings that all jobs share, in words."""

    @property
    def result(self) -> str:
        """Sentences with the result."""
        return " ".join(self.sentences)

    @property
    def sentences(self) -> Sequence[str]:
        """Sentences with the result, the most important first."""
        found = self.found
        return [each for each in (found.sentence, *found.notes, found.repeats, found.influence) if each]

    @property
    def order(self) -> str:
        """Name of the column by which the runs are sorted, in words."""
        return "train" if self.found.metric == "train_loss" else "best"

    def same_line(self, cells: int | None = None) -> str:
        """Return what is the same for all jobs as a sentence, of at most `cells` cells; empty if nothing is."""
        for number in range(min(len(self.same), MOST_SAME), 0, -1):
            rest = len(self.same) - number
            line = f"Same for all: {', '.join(self.same[:number])}{f', and {rest} more' if rest else ''}"
            if cells is None or width(line) <= cells:
                return line
        return ""

    def is_best(self, index: int) -> bool:
        """Tell whether a run is better than the others by more than noise."""
        return self.jobs[index].entry.id == self.found.best


def compared_job(
    source: JobSource, row: JobRow, cost: "Cost", *, off: Container[str] = (), profile: str = ""
) -> ComparedJob:
    """Gather what a comparison shows of a job.

    Args:
        off: kinds of alarms that are turned off.
        profile: name of the job's profile, when jobs of several profiles are compared.
    """
    job, run, report = source.job(row.id), source.run(row.id), source.alarms(row.id)
    prefix = f"{row.profile}/" if row.profile else ""
    settings: dict[str, str] = {}
    identities: dict[str, str] = {}
    names: dict[str, str] = {}
    if job is not None:
        settings = settings_of(job, profile)
        for name in (TRAINING_FILE, VALIDATION_FILE):
            if id := settings.get(name):
                identities[name] = source.file_digest(prefix + id)
                if (file := source.file(id)) is not None and file.filename:
                    names[id] = file.filename
    shown = report.without(off).alarms
    entry = Entry(
        row.id,
        row.name,
        summarize(run),
        settings,
        identities.get(VALIDATION_FILE) or settings.get(VALIDATION_FILE, ""),
        kinds=frozenset(alarm.kind for alarm in report.alarms),
        checkpoint=best_step(run),
        identities=identities,
    )
    alarm = shown[0].word(is_live=row.status.is_live) if shown else ""
    return ComparedJob(row, entry, run, names, alarm, cost)


def settings_of(job: "Job", profile: str = "") -> dict[str, str]:
    """Return the settings of a job by wire name, without those that it does not have."""
    hyperparameters = {name: job.setting(name) for name in _USUAL} | job.hyperparameters
    found = {
        "model": job.model,
        "method": job.method,
        TRAINING_FILE: job.training_file,
        VALIDATION_FILE: job.validation_file,
        **hyperparameters,
        SEED: "" if job.seed is None else str(job.seed),
        PROFILE: profile,
    }
    return {name: value for name, value in found.items() if value}


def compare_jobs(jobs: Sequence[ComparedJob]) -> JobComparison:
    """Compare two to nine jobs.

    Raises:
        ValueError: fewer than two or more than nine jobs.
    """
    named = [job._replace(entry=job.entry._replace(name=name)) for job, name in zip(jobs, _names(jobs), strict=True)]
    found = comparison.compare([job.entry for job in named])
    by_id = {job.entry.id: job for job in named}
    ordered = [by_id[entry.id] for entry in found.entries]
    lone = _of_one_provider(ordered, found.differs)
    shared = [name for name in found.differs if name not in lone]
    columns = [*_setting_columns(ordered, shared), *_end_columns(ordered), *_setting_columns(ordered, lone)]
    return JobComparison(ordered, found, columns, _same(ordered, found))


def _names(jobs: Sequence[ComparedJob]) -> list[str]:
    """Return a name for each job, no two alike: jobs of one name get the end of their id."""
    names = [job.entry.name for job in jobs]
    return [
        f"{name} {short_id(job.row.id)}" if names.count(name) > 1 and name != short_id(job.row.id) else name
        for name, job in zip(names, jobs, strict=True)
    ]


def _of_one_provider(jobs: Sequence[ComparedJob], differs: Iterable[str]) -> list[str]:
    """Return the settings that the jobs of one profile alone have: they come last, and say little about the others."""
    settings = [job.entry.settings for job in jobs]
    if len({given.get(PROFILE) for given in settings}) < 2:
        return []
    having = {name: {given.get(PROFILE) for given in settings if name in given} for name in differs}
    return [name for name, profiles in having.items() if len(profiles) < 2 and name not in _USUAL]


def _setting_columns(jobs: Sequence[ComparedJob], differs: Iterable[str]) -> list[TableColumn]:
    columns, names = [], list(differs)
    headings = _HEADINGS if "learning_rate" not in names else _HEADINGS | {"learning_rate_multiplier": "LR X"}
    for name in names:
        texts = [job.entry.settings.get(name, "") for job in jobs]
        shown = [job.files.get(text, text) for job, text in zip(jobs, texts, strict=True)]
        if len(set(shown)) < len(set(texts)):
            shown = texts  # different files of one name
        heading = headings.get(name, comparison.label(name).upper())
        is_right = all(_is_number(text) for text in texts if text not in ("", "auto"))
        columns.append(TableColumn(heading, [text or UNKNOWN for text in shown], texts, is_right))
    return columns


def _end_columns(jobs: Sequence[ComparedJob]) -> list[TableColumn]:
    """Return the columns of how each run ended. A column without any cell is left out."""
    is_mixed = len({job.entry.summary.is_validation for job in jobs if job.entry.summary.metric}) > 1

    def loss(value: Callable[[Summary], float | None], *, is_last: bool = False) -> Callable[[ComparedJob], str]:
        def cell(job: ComparedJob) -> str:
            number = value(job.entry.summary)
            if is_last and job.entry.summary.is_lost:
                return LOST
            kind = " t" if is_mixed and not job.entry.summary.is_validation else ""
            return "" if number is None else figure(number) + kind

        return cell

    def text(value: float | None, format: str) -> str:
        return "" if value is None else format.format(value)

    def gain(summary: Summary) -> str:
        return "" if summary.gain is None else signed_figure(summary.gain)

    def train(summary: Summary) -> str:
        return LOST if summary.is_train_lost else "" if summary.train is None else figure(summary.train)

    def of_summary(value: Callable[[Summary], object]) -> Callable[[ComparedJob], object]:
        return lambda job: value(job.entry.summary)

    parts: list[tuple[str, Callable[[ComparedJob], str], Callable[[ComparedJob], object], bool]] = [
        ("BEST", loss(lambda each: each.best), of_summary(lambda each: each.best), True),
        ("AT", lambda job: text(job.entry.summary.best_step, "{}"), of_summary(lambda each: each.best_step), True),
        ("GAIN", lambda job: gain(job.entry.summary), of_summary(lambda each: each.gain), True),
        ("LAST", loss(lambda each: each.last, is_last=True), of_summary(lambda each: each.last), True),
        (
            "TRAIN",
            lambda job: train(job.entry.summary),
            of_summary(lambda each: each.train),
            True,
        ),
        ("GAP", lambda job: text(job.entry.summary.gap, "{:+.2f}"), of_summary(lambda each: each.gap), True),
        ("TIME", lambda job: "" if job.seconds is None else duration(job.seconds), lambda job: job.seconds, True),
        ("ALARM", lambda job: job.alarm, lambda job: job.alarm, False),
        (
            "TOKENS",
            lambda job: "" if job.row.trained_tokens is None else count(job.row.trained_tokens),
            lambda job: job.row.trained_tokens,
            True,
        ),
        ("TOK/S", lambda job: text(job.throughput, "{:,.0f}"), lambda job: job.throughput, True),
        ("COST", lambda job: job.cost.text, lambda job: job.cost.amount, True),
        ("ST", lambda job: job.row.status_text, lambda job: job.row.status_text, False),
    ]
    columns = []
    for title, cell, value, is_right in parts:
        cells = [cell(job) for job in jobs]
        is_same_cost = title == "COST" and set(cells) == {FREE}  # the row of what is the same has it
        if any(cells) and not is_same_cost:
            columns.append(TableColumn(title, [each or UNKNOWN for each in cells], list(map(value, jobs)), is_right))
    return columns


def _same(jobs: Sequence[ComparedJob], found: Comparison) -> list[str]:
    words = []
    first = jobs[0]
    usual = ("model", "method", "batch_size", SEED)
    for name in sorted(found.same, key=lambda name: usual.index(name) if name in usual else len(usual)):
        value = first.entry.settings.get(name, "")
        value = first.files.get(value, value)
        words.append(value if name in ("model", "method") else f"{comparison.label(name)} {value}")
    if all(job.cost.text == FREE for job in jobs):
        words.insert(min(4, len(words)), FREE)
    return words


def _count(number: int | None) -> str:
    return "" if number is None else count(number)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# For programs


def comparison_csv(compared: JobComparison) -> str:
    """Return the table as CSV with a header: id, name, what differs, and how each run ended. Numbers are exact."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    titles = [column.title.lower() for column in compared.columns]
    names = [*compared.found.differs, *titles[len(compared.found.differs) :]]
    writer.writerow(["id", "name", *map(csv_cell, names)])
    for index, job in enumerate(compared.jobs):
        values = (column.values[index] for column in compared.columns)
        writer.writerow([csv_cell(job.entry.id), csv_cell(job.entry.name), *map(_csv_value, values)])
    return out.getvalue()


def _csv_value(value: object) -> object:
    return "" if value is None else csv_cell(value) if isinstance(value, str) else value


def comparison_json(compared: JobComparison) -> str:
    """Return the comparison as JSON in ASCII, as `jobs compare --json` prints it."""
    return json.dumps(comparison.as_json(compared.found), indent=2) + "\n"


def comparison_svg(compared: JobComparison, group: MetricGroup = LOSS) -> str:
    """Return the curves of the compared jobs as an SVG drawing.

    Args:
        group: the metric that is drawn.
    """
    runs = [(job.entry.name, job.run) for job in compared.jobs]
    title = compared.found.sentence if group.is_loss else f"{group.label} of {len(runs)} runs"
    return svg(drawing_of_runs(runs, title, group))
