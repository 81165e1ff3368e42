"""A store without a network, and a page-object that reads the screen as a person does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from fttui.models.checkpoint import Checkpoint
from fttui.models.file import File, Model
from fttui.models.job import Job
from fttui.models.metric import Point
from fttui.models.row import EventRow
from fttui.models.spec import JobSpec
from fttui.store.health import Health, State
from fttui.store.snapshot import Change, Outcome, Snapshot
from fttui.ui.app import FttuiApp
from fttui.ui.cockpit.screen import MainScreen
from fttui.ui.preferences import Preferences
from fttui.ui.render.glyphs import UNICODE, Glyphs
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.saved_view import SavedView
from fttui.ui.terminal.escape_codes import Title

NOW = 1_800_000_000.0
SHORT_RUN = 3
"""Letters in a row that are keys of their own; more of them are a text."""


class StillClock:
    """Time that moves only when a test says so."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def job(number: int, status: str = "running", **members: Any) -> dict[str, Any]:
    """The JSON of a job as a provider sends it; a higher number is an older job."""
    return {
        "id": f"ftjob-{number:08d}",
        "object": "fine_tuning.job",
        "status": status,
        "model": "gpt-4o-mini-2024-07-18",
        "created_at": NOW - 60 * (number + 1),
        "training_file": "file-train",
        "user_provided_suffix": f"run-{number}",
        "error": {},
    } | members


def event(seq: int, message: str, level: str = "info") -> EventRow:
    return EventRow(seq, f"ftevent-{seq}", NOW - 1000 + seq, level, "message", message, "")


@dataclass
class FakeStore:
    """What the screen needs of a store; it records the intents."""

    raw: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: dict[str, list[EventRow]] = field(default_factory=dict)
    sent: list[tuple[Any, ...]] = field(default_factory=list)
    refusal: str = ""
    snapshot: Snapshot = field(default_factory=Snapshot)
    listener: Callable[[Snapshot, Change], None] | None = None
    looked_at: str | None = None
    not_offered: frozenset[str] = frozenset()
    notices: tuple[str, ...] = ()
    answers: bool = True
    """Whether an intent is ever answered."""

    def put(self, *jobs: dict[str, Any]) -> "FakeStore":
        self.raw |= {item["id"]: item for item in jobs}
        return self

    def publish(
        self,
        *,
        why: str = "",
        state: State = State.LIVE,
        as_of: float = NOW,
        reason: str = "",
        unsent: bool = False,
    ) -> None:
        """Say what is known now, as the store does after a poll."""
        before = self.snapshot.rows
        rows = {id: Job.read(raw).row() for id, raw in self.raw.items()}
        health = Health(state=state, since=NOW, why=why, reason=reason, unsent=unsent)
        self.snapshot = Snapshot(rows=rows, health=health, as_of=as_of, complete=True, notices=self.notices)
        change = Change(
            added=frozenset(rows.keys() - before.keys()),
            removed=frozenset(before.keys() - rows.keys()),
            updated=frozenset(id for id in rows.keys() & before.keys() if rows[id] != before[id]),
            events=frozenset(self.log),
            health=True,
        )
        if self.listener is not None:
            self.listener(self.snapshot, change)

    def subscribe(self, listener: Callable[[Snapshot, Change], None]) -> Callable[[], None]:
        self.listener = listener
        return lambda: None

    def job(self, id: str) -> Job | None:
        return Job.read(self.raw[id]) if id in self.raw else None

    def events(
        self, id: str, *, before: int | None = None, after: int | None = None, limit: int = 500
    ) -> list[EventRow]:
        found = [item for item in self.log.get(id, []) if after is None or item.seq > after]
        return [item for item in found if before is None or item.seq < before][-limit:]

    def has_read_events(self, id: str) -> bool:
        return id in self.log

    def checkpoints(self, id: str) -> tuple[Checkpoint, ...]:
        return ()

    def file(self, id: str) -> File | None:
        return File.read({"id": id, "filename": "train.jsonl", "bytes": 29_900}) if id == "file-train" else None

    def has_file(self, id: str) -> bool | None:
        return None

    def points(self, id: str) -> list[Point]:
        return [Point(1, {"train_loss": 2.0}), Point(2, {"train_loss": 1.0}), Point(3, {"valid_loss": 9.0})]

    def look_at(self, id: str | None) -> None:
        self.looked_at = id

    async def cancel(self, ids: list[str]) -> dict[str, Outcome]:
        self.sent.append(("cancel", *ids))
        if not self.answers:
            await asyncio.Event().wait()
        if self.refusal:
            return {id: Outcome(False, self.refusal, id) for id in ids}
        for id in ids:
            self.raw[id] = self.raw[id] | {"status": "cancelled"}
        self.publish()
        return {id: Outcome(True, "", id) for id in ids}

    async def pause(self, ids: list[str]) -> dict[str, Outcome]:
        self.sent.append(("pause", *ids))
        for id in ids:
            self.raw[id] = self.raw[id] | {"status": "paused"}
        self.publish()
        return {id: Outcome(True, "", id) for id in ids}

    async def resume(self, ids: list[str]) -> dict[str, Outcome]:
        self.sent.append(("resume", *ids))
        return {id: Outcome(True, "", id) for id in ids}

    async def delete_files(self, ids: list[str]) -> dict[str, Outcome]:
        self.sent.append(("delete_files", *ids))
        return {id: Outcome(not self.refusal, self.refusal, id) for id in ids}

    async def delete_model(self, name: str) -> Outcome:
        self.sent.append(("delete_model", name))
        return Outcome(not self.refusal, self.refusal, name)

    async def forget(self, ids: list[str]) -> dict[str, Outcome]:
        self.sent.append(("forget", *ids))
        return {id: Outcome(not self.refusal, self.refusal, id) for id in ids}

    async def download(self, id: str, path: str, *, overwrite: bool = False, as_csv: bool = False) -> Outcome:
        self.sent.append(("download", id, path, "as CSV" if as_csv else "as sent"))
        return Outcome(not self.refusal, self.refusal, id)

    async def models(self) -> list[Model]:
        return [Model.read({"id": name}) for name in ("gpt-4.1-mini", "fttui-tiny-1")]

    async def files(self) -> list[File]:
        return [File.read({"id": "file-known"})]

    async def upload(self, path: str, progress: Callable[[int, int], None]) -> Outcome:
        self.sent.append(("upload", path))
        return Outcome(True, "", f"file-{len(self.sent)}")

    async def create(self, spec: JobSpec) -> Outcome:
        self.sent.append(("create", spec))
        if self.refusal:
            return Outcome(False, self.refusal)
        self.raw = {"ftjob-new": job(-1, "queued", id="ftjob-new", model=spec.model)} | self.raw
        self.publish()
        return Outcome(True, "", "ftjob-new")


class FakePoller:
    def __init__(self, store: FakeStore) -> None:
        self.store = store
        self.blurred = False
        self.pokes = 0
        self.held = False
        self.interval = 0.0

    async def run(self) -> None:
        self.store.publish()

    def hold(self) -> None:
        self.held = True

    def release(self) -> None:
        self.held = False

    def pace(self, interval: float) -> None:
        self.interval = interval

    def poke(self) -> None:
        self.pokes += 1


@dataclass
class FakeCore:
    store: FakeStore
    poller: FakePoller

    async def close(self) -> None:
        pass


class Ui:
    """The cockpit as the person at the keyboard has it."""

    def __init__(
        self,
        app: FttuiApp,
        pilot: Pilot[None],
        store: FakeStore,
        core: FakeCore,
        clock: StillClock,
        opened: list[str | None] | None = None,
    ) -> None:
        self.app, self.pilot, self.store, self.core, self.clock = app, pilot, store, core, clock
        self.opened = opened or []

    @property
    def main(self) -> MainScreen:
        return self.app.main

    async def press(self, *keys: str) -> None:
        """Press keys, each once the one before it has been answered; a text of some letters arrives at once, as it does
        over a slow line."""
        for is_letter, run in groupby(keys, key=lambda key: len(key) == 1):
            run_keys = list(run)
            if is_letter and len(run_keys) > SHORT_RUN:
                for character in run_keys:
                    self.app.post_message(events.Key(_character_to_key(character), character))
                await self.pilot.pause()
            else:
                await self.pilot.press(*run_keys)
        await self.pilot.pause()

    async def publish(self, **how: Any) -> None:
        self.store.publish(**how)
        await self.pilot.pause()

    @property
    def cursor(self) -> str | None:
        return self.main.jobs.list.cursor

    @property
    def shown(self) -> list[str]:
        """Ids in the list, top to bottom."""
        return list(self.main.jobs.list.keys)

    @property
    def prompt(self) -> str:
        return self.main.prompt.text.strip()

    @property
    def status(self) -> str:
        return self.main.status_row.text

    @property
    def detail(self) -> str:
        return "\n".join(self.main.side.detail.text_lines)

    @property
    def log(self) -> list[str]:
        return list(self.main.log_view.text_lines)

    @property
    def form(self) -> dict[str, str]:
        return {entry.id or "": entry.value for entry in self.app.screen.query(Input)}

    @property
    def screen(self) -> list[str]:
        """Every line of the terminal."""
        return ["".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()]


@contextlib.asynccontextmanager
async def cockpit(
    store: FakeStore | None = None,
    *,
    size: tuple[int, int] = (80, 24),
    local: bool = True,
    read_only: bool = False,
    glyphs: Glyphs = UNICODE,
    preferences: Preferences | None = None,
    remembered: SavedView | None = None,
    place: ServiceInfo | None = None,
    title: Title | None = None,
    kept: Snapshot | None = None,
    connects: bool = True,
) -> AsyncIterator[Ui]:
    """The real application over a fake store; `kept` is what its archive holds. It may never connect."""
    store = store or FakeStore()
    core = FakeCore(store, FakePoller(store))
    clock = StillClock()
    opened: list[str | None] = []

    async def open_core(profile: str | None) -> Any:
        opened.append(profile)
        if not connects:
            await asyncio.Event().wait()
        return core

    place = place or ServiceInfo("local", "this machine", local, read_only, "")
    app = FttuiApp(
        open_core,
        place,
        kept or Snapshot(),
        glyphs,
        clock=clock,
        preferences=preferences,
        remembered=remembered,
        title=title,
    )
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        yield Ui(app, pilot, store, core, clock, opened)
