"""What the screen knows, and how it gets onto the panes: the ground that the keys of the main screen stand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

from textual import getters
from textual.app import ComposeResult
from textual.containers import Container

from fttui.commands import BY_ID, COMMANDS, Command
from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.store.snapshot import Snapshot
from fttui.text import wrap
from fttui.ui.cockpit.job_actions import JobActions
from fttui.ui.cockpit.job_facts import JobFactsLoader, silence
from fttui.ui.cockpit.layout import Layout
from fttui.ui.panes.files import file_rows
from fttui.ui.render.detail_lines import JobFacts, detail_lines, raw_lines, row_lines
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.headline import headline
from fttui.ui.render.rows import Line, counts_line, short_id
from fttui.ui.render.status_line import ServiceInfo, empty_words, status_line
from fttui.ui.saved_view import SavedView
from fttui.ui.widgets.footer import Footer
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import TextRow
from fttui.ui.widgets.prompt import PromptRow

if TYPE_CHECKING:
    from fttui.models.file import File
    from fttui.store.port import StorePort

LEAST = (40, 10)
"""The smallest terminal that is drawn on."""
TICK = 5.0
"""Seconds between looks at what changes by time alone: ages."""


class Desk(Layout):
    """Keeps what the person looks at and puts it on the panes; what comes in, and what keys do, is above it."""

    status_row = getters.query_one("#status", TextRow)
    footer = getters.query_one("#footer", Footer)

    def __init__(
        self,
        place: ServiceInfo,
        snapshot: Snapshot,
        glyphs: Glyphs,
        now: Callable[[], float],
        *,
        commands: tuple[Command, ...] = COMMANDS,
        remembered: SavedView = SavedView(),  # noqa: B008  (a value)
    ) -> None:
        super().__init__(glyphs, now, remembered)
        self._commands = commands
        self._place = place
        self._glyphs = glyphs
        self._now = now
        self._store: StorePort | None = None
        self._snapshot = snapshot
        self._list.change(
            remember=False,
            sort=remembered.sort,
            reverse=remembered.reverse,
            filter=remembered.filter,
            status=remembered.status,
        )
        self._saved = remembered
        self._raw = False
        self._files: list[File] = []
        self._deleted: set[str] = set()
        """Files that are no more at the provider, and which their jobs still name."""
        self._history: list[str] = []
        self._watched: set[str] = set()
        self._troubles: list[tuple[float, str]] = []
        self._held = False
        self._telling = JobFactsLoader(place)
        self._told: JobFacts | None = None
        """What was last said of the job that is shown: where time alone has passed nothing else is known."""
        self._counted: tuple[Mapping[str, JobRow], Line] = ({}, [])
        self._shown: str | None = None
        self._behind = False
        """The other panes still show the job before."""
        self.prompt = PromptRow()
        # Not exclusive: a half-sent cancel must finish and report.
        self._hands = JobActions(
            place,
            self.prompt,
            partial(self.run_worker, group="action", exit_on_error=False),
            self._acted,
            self._remember_trouble,
        )

    def compose(self) -> ComposeResult:
        self._arrange_first()
        yield TextRow(id="status")
        with Container(id="body"):
            yield self.jobs
            yield self.side
        yield self.prompt
        yield Footer(self._commands, self.refusal, lambda: self._pane)

    def on_mount(self) -> None:
        self._derive()
        self.set_interval(TICK, self._tick)
        if self._place.hint and not self._snapshot.rows:
            self.prompt.say(self._place.hint, "dim", lasting=True)
        self._show_around()

    # What keys may be done to

    def refusal(self, command: Command) -> str:
        """Why a command would be refused now; empty when it would not."""
        group, _, verb = command.id.partition(".")
        if group != "job":
            return ""
        if verb == "delete":
            return self._hands.refusal(verb, ())
        if verb == "clone" and self._shown is None:
            return "no job is selected"
        return self._hands.refusal("create" if verb == "clone" else verb, self._targets())

    def _refuse(self, id: str) -> bool:
        """Say why a command is refused now; False when it is not."""
        command = BY_ID[id]
        if reason := self.refusal(command):
            self.prompt.say(f"{command.title.split()[0].rstrip(':')}: {reason}", "warn")
        return bool(reason)

    def _targets(self) -> list[JobRow]:
        """The jobs that a key acts on: those that are marked, else the one under the cursor."""
        rows = self._rows()
        marks = self._list.view.marks
        ids = self.jobs.list.in_order(marks) if marks else [self._shown or ""]
        return [rows[id] for id in ids if id in rows]

    def _move(self, lines: int) -> None:
        """Move in the pane that has the keys."""
        view = self._view
        if isinstance(view, LineList):
            view.move_by(lines)
        else:
            view.scroll_lines(lines)
            self._show_titles()
        if view is self.jobs.list:
            if self._list.is_ranging and self.jobs.list.cursor is not None:
                self._list.extend_range(self.jobs.list.keys, self.jobs.list.cursor)
                self._show_marks()
            self._follow_cursor()

    def _rows(self) -> Mapping[str, JobRow]:
        return self._hands.rows(self._snapshot.rows)

    def _remember_trouble(self, text: str) -> None:
        self._troubles = [*self._troubles[-200:], (self._now(), text)]

    def _acted(self, ids: frozenset[str]) -> None:
        """Something was done to these jobs; their marks have served."""
        self._list.change(remember=False, marks=self._list.view.marks - ids)
        self.jobs.list.show_marks(self._list.view.marks)
        self._update(ids)
        self._show_around()

    # The list

    def _derive(self) -> None:
        """Which rows are shown, in which order, anew."""
        rows = self._rows()
        self._list.forget(rows)
        shown = self._list.derive(rows.values(), self._now(), self.jobs.list.cost)
        words = empty_words(self._place, self._snapshot, self._list.words, connected=self._store is not None)
        cells = max(20, self.jobs.list.outer_size.width - 2)
        hint = [piece for line in words for piece in wrap(line, cells)]
        self.jobs.list.show_rows(shown, self._list.view.marks, hint)
        self._show_job()
        self._show_foot()

    def _update(self, ids: frozenset[str]) -> None:
        """These rows are others now; where that cannot move them, only their lines are drawn again."""
        if self._list.is_stable:
            rows = self._rows()
            self.jobs.list.update_rows({id: rows[id] for id in ids if id in rows})
            self._show_foot()
        else:
            self._derive()

    def _change_view(self, **members: Any) -> None:
        self._list.change(**members)
        self._view_changed()

    def _view_changed(self) -> None:
        self._derive()
        self._show_titles()

    def _show_marks(self) -> None:
        self.jobs.list.show_marks(self._list.view.marks)
        self._show_foot()
        self.footer.update_entries()

    def _tick(self) -> None:
        self._catch_up()
        self.prompt.tick()
        self.jobs.list.tick()
        if (row := self._rows().get(self._shown or "")) is not None and row.status.is_live:
            self._show_detail(top=False, told=self._told)
        self._show_status()

    # The job under the cursor

    def _follow_cursor(self) -> None:
        """Keys act on the cursor's job from now on. Its detail comes when the keys that are there already are through:
        in the same frame still, and of a hundred keys at once only that of the last."""
        if self.jobs.list.cursor != self._shown:
            self._shown = self.jobs.list.cursor
            self._behind = True
            self.call_later(self._catch_up)

    def _catch_up(self) -> None:
        """The panes show the job under the cursor, if they do not yet."""
        if self._behind:
            self._show_panes()

    def _show_job(self) -> None:
        """The job under the cursor in the other panes, in this very message: one frame, not two."""
        id = self.jobs.list.cursor
        if id != self._shown or id is None or self._behind:
            self._shown = id
            self._show_panes()

    def _show_panes(self) -> None:
        id, self._behind = self._shown, False
        self.side.files.start_over()
        self._show_detail(top=True)
        if id is None or self._store is None:
            self.log_view.show_events([], "No job selected." if id is None else "connecting…")
        else:
            self._store.look_at(id)
            self.log_view.show_events(self._store.events(id), silence(self._store, self._rows()[id], self._place))
        self._show_files()
        self._show_titles()

    def _show_detail(self, *, top: bool, told: JobFacts | None = None) -> None:
        id, self._told = self._shown, None
        row = self._rows().get(id) if id is not None else None
        if row is None:
            self.side.detail.show([], top=True)
            self.prompt.rest(())
            return
        cells = max(20, self.side.detail.outer_size.width - 1)
        job = self._store.job(row.id) if self._store is not None else None
        if job is None or self._store is None:
            self.side.detail.show(row_lines(row, self._now(), cells, self._glyphs), top=top)
            return
        now, told = self._now(), told or self._telling.told(self._store, job, row.id)
        self._told = told
        if row.status.is_live and self._snapshot.health.why:
            told = told._replace(last_events=())  # how long it still takes is not known while nothing is heard of it
        ahead = self._ahead(row) if self._place.is_local and row.status is Status.QUEUED else 0
        self.prompt.rest(headline(job, row, told, now, self._glyphs, ahead=ahead))
        lines = raw_lines(job.raw, cells) if self._raw else detail_lines(job, row, told, now, cells, self._glyphs)
        self.side.detail.show(lines, top=top)

    def _ahead(self, row: JobRow) -> int:
        """Jobs that have their turn before this one."""
        older = dropwhile(lambda each: each.id != row.id, self._snapshot.rows.values())
        return sum(each.status.is_live and each.status is not Status.PAUSED for each in older) - 1

    def on_detail_view_resized(self) -> None:
        self._show_detail(top=False)

    def _show_new_events(self) -> None:
        if self._store is None or self._shown is None:
            return
        self.log_view.add_events(self._store.events(self._shown, after=self.log_view.last_seq))
        self._show_titles()

    def _show_files(self) -> None:
        """The job's files, and the provider's others as far as they were asked for."""
        if not self._is_seen("files"):
            return
        job = self._store.job(self._shown) if self._store is not None and self._shown is not None else None
        known = self._store.file if self._store is not None else (lambda _: None)
        row = self._rows().get(self._shown or "")
        prefix = f"{row.profile}/" if row is not None and row.profile else ""
        self.side.files.show_files(file_rows(job, known, self._files, self._deleted, prefix=prefix), self._now())

    def _ask_for_files(self) -> None:
        """What else the provider has, files of other jobs and of none, where one looks at them."""
        if self._is_seen("files") or self._pane == "files":
            self.run_worker(self._learn_files(), group="files", exclusive=True, exit_on_error=False)

    async def _learn_files(self) -> None:
        if self._store is not None:
            self._files = await self._store.files()
            self._show_files()
            self._show_titles()

    def _fit(self) -> None:
        if not self.jobs.list.keys:
            self._derive()
        self._show_files()
        self._show_around()

    # The rows around the panes

    def _show_around(self) -> None:
        self._show_status()
        self._show_titles()
        self._show_foot()

    def _show_status(self) -> None:
        too_small = self.size.width < LEAST[0] or self.size.height < LEAST[1]
        self.set_class(too_small, "-tiny")
        if too_small:
            needs, has = f"{LEAST[0]}×{LEAST[1]}", f"{self.size.width}×{self.size.height}"
            self.status_row.show([(f" needs {needs}, have {has}", "")])
            return
        counts = self._counts()
        notices = len(self._snapshot.notices)
        known = (self._place, self._snapshot.health, self._snapshot.as_of, counts, self._now())
        held, watched = self._held, self.app.app_focus
        self.status_row.fill(
            lambda cells: status_line(*known, cells, self._glyphs, held=held, notices=notices, watched=watched)
        )

    def _counts(self) -> Line:
        """How many jobs are in which state: counted once for each snapshot, there may be thousands."""
        rows = self._rows()
        if self._counted[0] is not rows:
            self._counted = rows, counts_line(list(rows.values()), self._glyphs)
        return self._counted[1]

    def _show_titles(self) -> None:
        """Which pane has the keys and what each shows; and so which keys the footer names."""
        self.jobs.set_active(self._pane == "jobs")
        name = short_id(self._shown) if self._shown else ""
        self.side.show_titles(self._pane, self._tab, name, is_wide=self._breadth == "wide")
        self.footer.update_entries()

    def _show_foot(self) -> None:
        state, total = self._list, len(self._snapshot.rows)
        more = "" if self._snapshot.complete or self._store is None else "+"
        shown = f"{len(self.jobs.list.keys)} of {total}{more} {self._glyphs.dot} {state.order(self._glyphs)}"
        self.jobs.show_foot(state.fault or state.words, shown if total else "", fault=bool(state.fault))
