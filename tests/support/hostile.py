"""Hostile data from a server: control sequences, markup, invisible and very long text."""

import json
from functools import cache
from typing import Any

from fttui.api.errors import ApiError
from fttui.models.checkpoint import Checkpoint
from fttui.models.event import Event
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.row import EventRow
from tests.support.fake_store import NOW, FakeStore

ESCAPES = "\x1b]52;c;b3duZWQ=\x07\x1b]0;owned\x07\x1b]2;owned\x1b\\\x1b[2J\x1b[31m\x1b[?1049l\x1bP+q\x1b\\\x1bc\x07\x08"
C1 = "\x9b2J\x9d0;owned\x9c\x90q\x9c\x85"
MARKUP = "[/home/x][bold][/][@click=app.exit]x[/][link=https://evil.example]x[/link]\\[ $foreground {0} %s"
BIDI = "\u202eabc\u202c\u2066def\u2069\u200f\u061c"
ZERO = "a\u200bb\u200dc\ufeff\u2060\u00ad\U000e0041e\u0301" + "\u0301" * 500
WIDE = "世界" * 40 + "\U0001f468\u200d\U0001f469\u200d\U0001f467\U0001f44d\U0001f3fd\U0001f1e9\U0001f1ea❤\ufe0f"
LINES = "one\ntwo\ttab\r\nthree\u2028four\x0b\x0c"
LONE = "\ud800\udfff"
NASTY = f"N{ESCAPES}{C1}{MARKUP}{BIDI}{ZERO}{LONE}{LINES}{WIDE}"
"""All kinds in one text."""
LONG = NASTY + "x" * 1_000_000


def text(name: str) -> str:
    """Return a hostile text that begins with a name."""
    return f"{name}-{NASTY}"


def job(number: int, status: str = "running", *, long: str = NASTY, **members: Any) -> dict[str, Any]:
    """Return a job with hostile members, some of them `long`. The status stays valid."""
    return {
        "id": text(f"job{number}"),
        "object": text("object"),
        "status": status,
        "model": text("model"),
        "fine_tuned_model": text("tuned"),
        "created_at": NOW - 60 * number,
        "organization_id": text("organization"),
        "training_file": text("training"),
        "validation_file": text("validation"),
        "result_files": [text("result"), NASTY, long],
        "user_provided_suffix": text("suffix"),
        "error": {"code": text("code"), "message": long, "param": text("param"), text("more"): NASTY},
        "hyperparameters": {text("n_epochs"): text("value"), "batch_size": NASTY},
        "method": {"type": NASTY, NASTY: {"hyperparameters": {NASTY: NASTY, "grader": {NASTY: NASTY}}}},
        "integrations": [
            {"type": "wandb", "wandb": {"entity": NASTY, "project": NASTY, "run_id": NASTY, "name": NASTY}},
            {"type": NASTY, NASTY: {"project": NASTY}},
        ],
        "metadata": {text("key"): NASTY, "long": long, NASTY: text("value")},
        "seed": NASTY,
        text("unknown"): {NASTY: [NASTY, {NASTY: long}]},
        "estimated_finish": NASTY,
    } | members


def event(seq: int, **members: Any) -> EventRow:
    """Return a hostile event as the archive stores it."""
    raw = {
        "id": text(f"event{seq}"),
        "created_at": NOW - 100 + seq,
        "level": text("level") if seq % 2 else "info",
        "type": "metrics" if seq % 3 == 0 else text("type"),
        "message": text(f"message{seq}"),
        "data": {"step": seq, "train_loss": 1.5, text("metric"): 2.5, NASTY: NASTY, "deep": {NASTY: [NASTY]}},
    } | members
    read = Event.read(raw)
    return EventRow(seq, read.id, read.created_at, read.level, read.type, read.message, json.dumps(raw["data"]))


@cache
def file(id: str) -> File:
    return File.read(
        {"id": id, "filename": NASTY, "purpose": NASTY, "status": NASTY, "status_details": NASTY, "bytes": 5}
    )


class HostileStore(FakeStore):
    """Store that returns hostile objects only."""

    def checkpoints(self, id: str) -> tuple[Checkpoint, ...]:
        raw = {"step_number": 5, "metrics": {"train_loss": 1.0, NASTY: 2.0}, "fine_tuned_model_checkpoint": NASTY}
        return (Checkpoint.read({"id": NASTY, NASTY: NASTY} | raw), Checkpoint.read({"id": "b"} | raw))

    def file(self, id: str) -> File | None:
        return file(id)

    async def models(self) -> list[Model]:
        return [Model.read({"id": text("model"), "owned_by": NASTY}), Model.read({"id": LONG})]

    async def files(self) -> list[File]:
        return [file(text("file")), file(LONG)]


def store(long: str = NASTY) -> HostileStore:
    """Return jobs in every state, each with a log. One job has a valid id and `long` members."""
    found = HostileStore(refusal=ApiError(NASTY).message)
    states = ("running", "queued", "succeeded", "failed", "cancelled", "paused", text("status"))
    for number, status in enumerate(states, 1):
        raw = job(number, status)
        found.raw[Job.read(raw).id] = raw
    found.put(job(0, id="ftjob-plain", long=long))
    found.log = {id: [event(seq) for seq in range(6)] for id in found.raw}
    found.log["ftjob-plain"].append(event(6, message=long))
    return found
