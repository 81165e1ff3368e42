"""Lines of the detail pane: every member of a job, grouped by topic. Pure. Imported after the first frame."""

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from fttui.clock import age, duration
from fttui.learning.alarms import Report
from fttui.learning.checkpoints import Checkpoints
from fttui.learning.engine_words import engine_words, life_words
from fttui.learning.estimates import estimate_words
from fttui.learning.figures import LOST, figure
from fttui.learning.kinds import Kind
from fttui.learning.pace import about, time_left
from fttui.learning.phase_words import phase_words
from fttui.learning.run import Run
from fttui.learning.words import check_words, gain_words
from fttui.models.progress import stage_words, stages
from fttui.models.row import EventRow, JobRow
from fttui.models.status import Status
from fttui.models.summary import EQUAL_WITHIN, Summary
from fttui.text import clean_line, count, size_words, wrap
from fttui.ui.render.detail_fields import cut, field_lines
from fttui.ui.render.glyphs import FACES, Glyphs
from fttui.ui.render.rows import Line

if TYPE_CHECKING:  # the JSON models are imported after the first frame of the list
    from fttui.models.file import File
    from fttui.models.job import Integration, Job

# What the groups below show; the rest of the object is listed at the end under its own names.
_SHOWN = frozenset(
    {
        *("id", "object", "status", "model", "fine_tuned_model", "user_provided_suffix", "suffix", "organization_id"),
        *("created_at", "finished_at", "estimated_finish", "training_file", "validation_file", "result_files"),
        *("trained_tokens", "seed", "method", "hyperparameters", "integrations", "metadata", "error"),
        *("trained_steps", "total_steps", "fttui"),
    }
)


_SHOWN_FACTS = frozenset(
    {
        *("name", "model", "method", "hyperparameters", "created_at", "ended_at", "status", "error", "host"),
        *("total_steps", "trained_steps", "epochs", "trained_tokens", "longest_wait", "told_at"),
    }
)
"""Facts about a run of another program, which the groups below show as members of its job."""
_SHORTER = {"n_epochs": "epochs", "learning_rate_multiplier": "learning rate x"}


def local_time(seconds: float) -> str:
    """Format a time in Unix seconds in the local time zone."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


class JobFacts(NamedTuple):
    """Facts about a job that are not part of its JSON."""

    first_events: Sequence[EventRow] = ()
    """The oldest events."""
    last_events: Sequence[EventRow] = ()
    """The newest events, oldest first."""
    run: Run = Run()
    """The metrics of the job as series."""
    judged: Checkpoints = Checkpoints()
    """The checkpoints with their losses, and the best of them."""
    report: Report = Report()
    """Alarms, and what was checked."""
    is_reachable: bool = True
    """The provider answers. Without it the time left is unknown."""
    files: Mapping[str, str] = MappingProxyType({})
    """Names and sizes of the job's files by id, as far as they are known."""
    costs: Sequence[tuple[str, str]] = ()
    """Billed and expected cost, as (label, text)."""


def detail_lines(job: "Job", row: JobRow, facts: JobFacts, now: float, cells: int, glyphs: Glyphs) -> list[Line]:
    """Build the lines of the detail pane, at most `cells` wide. `now` is in Unix seconds."""
    lines: list[Line] = []
    face = FACES[job.status]

    def add(label: str, text: str, role: str = "") -> None:
        if text:
            lines.extend(field_lines(label, text, role, cells))

    for alarm in facts.report.alarms:
        role = "fail" if alarm.kind in (Kind.NON_FINITE, Kind.DIVERGING) else "warn"
        pieces = wrap(alarm.message, max(8, cells - 4))
        lines.append([(f" ! {pieces[0]}", role)])
        lines.extend([(f"   {piece}", role)] for piece in pieces[1:])
    if facts.report.alarms:
        lines.append([])
    if job.fault:
        add("unreadable", job.fault, "fail")
    add("id", job.id, "bold")
    lived = life_words(job.engine, row.step) if job.engine is not None and job.status.is_live else ""
    add(
        "status",
        " · ".join(filter(None, (f"{glyphs.status(job.status)} {job.status_text or 'not given'}", lived))),
        face.role,
    )
    if job.engine is not None:
        add("engine", engine_words(job.engine, now if facts.is_reachable else None))
    if row.gone:
        add("", "No longer listed by the provider. This is the archived copy.", "warn")
    if job.status is Status.FAILED or job.error:
        lines.extend(_failure(job, cells))
    add("progress", _progress(row, facts.run))
    if job.phase is not None and job.status.is_live:
        add("phase", phase_words(job.phase, job.model, now if facts.is_reachable else None), "run")
    add("expected", estimate_words(job.estimate))
    if job.environment is not None:
        add("runs on" if job.status.is_live else "ran on", job.environment.words)
    left = about(time_left(facts.run, now)) if facts.is_reachable and row.status is Status.RUNNING else ""
    passed = stage_words(stages(row, facts.first_events, facts.last_events[-1] if facts.last_events else None), now)
    add("time", " · ".join(part for part in (passed, left) if part))
    for label, text in _losses(row):
        add(label, text)
    checked, unchecked = check_words(facts.report)
    add("checked for", checked, "dim")
    add("not checked", unchecked, "dim")
    add("model", job.model)
    add("fine-tuned model", job.fine_tuned_model, "done")
    add("suffix", job.suffix)
    add("method", job.method)
    for name, value in sorted(job.hyperparameters.items()):
        add(_SHORTER.get(name, name.replace("_", " ")), value)
    if job.grader:
        add("grader", json.dumps(job.grader, ensure_ascii=False))
    add("seed", "" if job.seed is None else str(job.seed))
    for label, moment in (
        ("created", job.created_at),
        ("finished", job.finished_at),
        # The provider's estimate is shown where fttui has none, so that no two estimates disagree.
        ("estimated finish", job.estimated_finish if job.status.is_live and not left else None),
    ):
        if moment is not None:
            ago = now - moment
            near = f"in {duration(-ago)}" if ago < 0 else f"{age(ago)} ago"
            add(label, f"{local_time(moment)}  ({near})")
    add("trained tokens", "" if job.trained_tokens is None else f"{job.trained_tokens:,}")
    for name, words in facts.costs:
        add(name, words)
    for label, id in (
        ("training file", job.training_file),
        ("validation file", job.validation_file),
        *(("result file", id) for id in job.result_files),
    ):
        add(label, f"{id}  {facts.files.get(id, '')}".rstrip())
    add("organization", job.organization_id)
    for integration in job.integrations:
        parts = (integration.entity, integration.project, integration.run_id or integration.name)
        add(integration.type or "integration", "/".join(part for part in parts if part))
        add("", _run_address(integration))
    for number, (key, value) in enumerate(job.metadata.items()):
        add("" if number else "metadata", f"{key} = {value}")
    add("checkpoints", _checkpoint_words(facts.judged))
    rest = {key: value for key, value in _members(job.sent) if key not in _SHOWN and key not in job.hyperparameters}
    if rest:
        lines.append([])
        lines.append([(" other fields", "head")])
        for key, sent in rest.items():
            build = _ROWS_OF_RUNS.get(key)
            rows = build(sent) if build is not None else None
            for label, text in [(clean_line(key), _plain(sent))] if rows is None else rows:
                add(label, text)
    return lines


def file_words(file: "File") -> str:
    """Describe a file by name and size: `train.jsonl, 29.9 kB`."""
    return ", ".join(part for part in (file.filename, size_words(file.bytes)) if part)


def _run_address(integration: "Integration") -> str:
    """Return the web address of a Weights & Biases run, empty when a part of it is missing."""
    if integration.type != "wandb" or not (integration.entity and integration.project and integration.run_id):
        return ""
    parts = (quote(part, safe="") for part in (integration.entity, integration.project, "runs", integration.run_id))
    return "https://wandb.ai/" + "/".join(parts)


def web_address(host: str, job: "Job") -> str:
    """Return the web address of a job: its W&B run, else the provider's page, else an empty string."""
    runs = [address for integration in job.integrations if (address := _run_address(integration))]
    if runs:
        return runs[0]
    if host.endswith("api.openai.com"):
        return f"https://platform.openai.com/finetune/{quote(job.id, safe='')}"
    return ""


def raw_lines(raw: object, cells: int) -> list[Line]:
    """Build the lines of the JSON as sent: indented, cleaned, at most `cells` wide."""
    text = json.dumps(raw, indent=2, ensure_ascii=False)
    return [
        [(f" {piece}", "")] for line in text.split("\n") for piece in wrap(clean_line(cut(line)), max(8, cells - 2))
    ]


def _failure(job: "Job", cells: int) -> list[Line]:
    if job.error is None:
        return field_lines("error", "no reason given", "fail", cells) if job.status is Status.FAILED else []
    lines = field_lines("error", job.error.message or job.error.code, "fail", cells)
    if job.error.message and job.error.code:
        lines += field_lines("error code", job.error.code, "fail", cells)
    if job.error.param:
        lines += field_lines("error param", job.error.param, "fail", cells)
    return lines


def _progress(row: JobRow, run: Run) -> str:
    if row.step is None:
        return ""
    if not row.total_steps:
        return f"step {row.step}"
    epochs = f" · epoch {run.epoch} of {run.n_epochs:g}" if run.epoch and run.n_epochs else ""
    return f"step {row.step} of {row.total_steps} · {row.step * 100 // row.total_steps} %{epochs}"


def _losses(row: JobRow) -> Iterable[tuple[str, str]]:
    """Return label and text of the losses by which the job is judged."""
    summary = row.summary
    if summary.last is None and not summary.metric:
        yield "loss", LOST if summary.is_lost else "" if row.loss is None else figure(row.loss)
        return
    if summary.is_validation and summary.best is not None:
        last = LOST if summary.last is None else figure(summary.last)
        yield "validation loss", f"{last} · {_best_words(summary, summary.best)}"
    if gain := gain_words(summary):
        yield "gain", gain
    if summary.is_train_lost:
        yield "training loss", LOST
    elif summary.train is not None and summary.train_last is not None:
        yield "training loss", f"{figure(summary.train)} smoothed · last {figure(summary.train_last)}"


def _best_words(summary: Summary, best: float) -> str:
    """Say how the last loss compares with the best: `the best`, `best 1.738 at step 360, equal within noise`."""
    if summary.last == best:
        return "the best"
    noise = f", equal within noise (±{figure(EQUAL_WITHIN * summary.noise)})" if summary.is_last_best else ""
    return f"best {figure(best)} at step {summary.best_step}{noise}"


def _checkpoint_words(judged: Checkpoints) -> str:
    """Return the number of checkpoints and the best: `7 · best at step 360`. The checkpoints pane lists them."""
    if not judged.rows:
        return ""
    steps = [f"best at step {judged.best.step}"] if judged.best is not None and judged.best.step is not None else []
    return " · ".join([str(len(judged.rows)), *steps])


def _members(raw: object) -> Iterable[tuple[str, object]]:
    return raw.items() if isinstance(raw, Mapping) else ()


def _source_rows(value: object) -> list[tuple[str, str]] | None:
    """Return format, path and key of each source of a run; None for a value of another form."""
    rows = value if isinstance(value, list) else []
    found = [[row.get(name) for name in ("format", "path", "key")] for row in rows if isinstance(row, Mapping)]
    if len(found) < len(rows) or not all(isinstance(part, str) for parts in found for part in parts):
        return None
    words = ("  ".join(part for part in parts if part) for parts in found)
    return [("" if number else "sources", text) for number, text in enumerate(words)]


def _fact_rows(value: object) -> list[tuple[str, str]] | None:
    """Return the facts about a run that no other line shows; None for a value of another form."""
    if not isinstance(value, Mapping):
        return None
    rows: list[tuple[str, str]] = []
    for name, each in value.items():
        match name, each:
            case (_, None) | (_, []):
                continue
            case "pid", _:
                rows.append(("process", _plain(each)))
            case "longest_wait", int() | float() if 0 < each < math.inf:
                rows.append(("longest wait", f"{duration(each)} between two changes"))
            case "problems", list():
                rows += [("" if number else "problems", _plain(problem)) for number, problem in enumerate(each)]
            case _ if name not in _SHOWN_FACTS:
                rows.append((clean_line(str(name)).replace("_", " "), _plain(each)))
    return rows


_ROWS_OF_RUNS = {"sources": _source_rows, "facts": _fact_rows}
"""Rows for members of runs that other programs started."""


def _plain(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            return value
        case int() if not isinstance(value, bool) and abs(value) < 10_000:
            return count(value)
    return json.dumps(value, ensure_ascii=False)
