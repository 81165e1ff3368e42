"""The one screen: list, detail, log, and the rows around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from textual import events, getters
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from fttui.models.row import JobRow
from fttui.store.snapshot import Change, Snapshot
from fttui.ui.commands import COMMANDS, Command
from fttui.ui.glyphs import Glyphs
from fttui.ui.hands import Hands
from fttui.ui.memory import Memory
from fttui.ui.messages import JobsEnded, RefreshAsked
from fttui.ui.notify import ended, note
from fttui.ui.panes.detail import detail_lines, raw_lines, row_lines
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.panes.loglines import LogStyle
from fttui.ui.panes.side import SidePane
from fttui.ui.rows import counts_line, short_id
from fttui.ui.screens.jobkeys import JobKeys
from fttui.ui.screens.layerkeys import LayerKeys
from fttui.ui.screens.listkeys import ListKeys
from fttui.ui.screens.logkeys import LogKeys
from fttui.ui.status import Place, status_line
from fttui.ui.telling import Telling
from fttui.ui.view import SORTS, ListState
from fttui.ui.widgets.footer import Footer
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import LineView, TextRow
from fttui.ui.widgets.prompt import PromptRow

if TYPE_CHECKING:
    from fttui.store.merged import MergedStore
    from fttui.store.store import Store

PANES = ("jobs", "detail", "log")
LEAST = (40, 10)
"""The smallest terminal that is drawn on."""
TICK = 5.0
"""Seconds between looks at what changes by time alone: ages."""


class MainScreen(ListKeys, LogKeys, JobKeys, LayerKeys, Screen[None]):
    """Takes snapshots from above, keeps what the person looks at, and sends intents to the store."""

    AUTO_FOCUS = None
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide"), (180, "-huge")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-medium"), (45, "-tall")]

    status_row = getters.query_one("#status", TextRow)
    footer = getters.query_one("#footer", Footer)

    def __init__(
        self,
        place: Place,
        snapshot: Snapshot,
        glyphs: Glyphs,
        now: Callable[[], float],
        *,
        commands: tuple[Command, ...] = COMMANDS,
        remembered: Memory = Memory(),  # noqa: B008  (a value)
    ) -> None:
        super().__init__()
        self._commands = commands
        self._by_key = {key.strip(): command for command in commands for key in command.keys.split(",")}
        self._place = place
        self._glyphs = glyphs
        self._now = now
        self._store: Store | MergedStore | None = None
        self._snapshot = snapshot
        self._list = ListState()
        self._list.change(remember=False, sort=remembered.sort, reverse=remembered.reverse)
        self._pane = "jobs"
        self._tab = remembered.tab
        self._split = remembered.split
        self._raw = False
        self._history: list[str] = []
        self._watched: set[str] = set()
        self._troubles: list[tuple[float, str]] = []
        self._held = False
        self._leaving = False
        self._telling = Telling(place)
        self._shown: str | None = None
        self.jobs = JobsPane(glyphs, now)
        self.jobs.list.wanted = tuple(filter(None, remembered.columns.split(",")))
        look = LogStyle(wrap=remembered.wrap, metrics=remembered.metrics, times=remembered.times)
        self.side = SidePane(glyphs, now, look)
        self.prompt = PromptRow()
        # Not exclusive: a half-sent cancel must finish and report.
        self._hands = Hands(
            place,
            self.prompt,
            partial(self.run_worker, group="action", exit_on_error=False),
            self._acted,
            self._remember_trouble,
        )

    # What is on the screen

    def compose(self) -> ComposeResult:
        yield TextRow(id="status")
        with Container(id="body"):
            yield self.jobs
            yield self.side
        yield self.prompt
        yield Footer(self._commands, self.refusal)

    def on_mount(self) -> None:
        self._arrange()
        self._derive()
        self.set_interval(TICK, self._tick)
        if self._place.hint and not self._snapshot.rows:
            self.prompt.say(self._place.hint, "dim", lasting=True)
        self._show_around()

    def attach(self, store: Store | MergedStore) -> None:
        """The store is there: from now on there are details, logs and intents."""
        from fttui.ui.precheck import row_costs

        self._store = self._hands.store = store
        self.jobs.list.cost = row_costs(self._place)
        self._shown = None
        self.show_snapshot(store.snapshot, Change(health=True))
        self._show_job()
        self.footer.update_entries()

    @property
    def remembered(self) -> Memory:
        """How things are looked at now."""
        view, look = self._list.view, self.log_view.look
        columns = ",".join(self.jobs.list.wanted)
        return Memory(
            view.sort, view.reverse, look.wrap, look.metrics, look.times, self._tab, self._split, columns=columns
        )

    @property
    def is_read_only(self) -> bool:
        return self._place.read_only

    def move_to(self, place: Place, snapshot: Snapshot) -> None:
        """Look at another service; what is behind the screen comes with `attach`."""
        self._store = self._hands.store = None
        self._place = self._hands.place = place
        self._telling = Telling(place)
        self._list = ListState()
        self._watched.clear()
        self._held = False
        self._shown = None
        self.prompt.say("")
        self._snapshot = snapshot
        self._derive()
        self._show_around()

    def show_snapshot(self, snapshot: Snapshot, change: Change) -> None:
        """Something was published."""
        previous, self._snapshot = self._snapshot, snapshot
        shown = self._shown
        if snapshot.notices != previous.notices and snapshot.notices:
            self.prompt.say(snapshot.notices[-1], "warn")
        if snapshot.health.why and snapshot.health.why != previous.health.why:
            self._remember_trouble(" ".join(filter(None, (snapshot.health.why, snapshot.health.request_id))))
        if over := ended(previous.rows, snapshot.rows, self._watched):
            self._watched -= {row.id for row in over}
            self.prompt.say(note(over))
            self.post_message(JobsEnded(over))
        if change.added or change.removed or snapshot.rows.keys() != previous.rows.keys():
            self._derive()
        elif change.updated:
            self._update(change.updated)
        elif not snapshot.rows:
            self._derive()
        if shown is not None and shown == self._shown:
            if shown in change.updated | change.checkpoints | change.events:
                self._show_detail(top=False)
            if shown in change.events:
                self._show_new_events()
        self._show_around()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._resized)

    def _size_panes(self) -> None:
        """The person's own share for the list; without one the style sheet's stands."""
        width: str | None = None
        height: str | None = None
        if self._split and not self.has_class("-zoom"):
            if self.has_class("-wide") or self.has_class("-huge"):
                width = f"{(55 if self.has_class('-wide') else 40) + 5 * self._split}%"
            elif self.has_class("-normal"):
                height = f"{57 + 5 * self._split}%"
        self.jobs.styles.width, self.jobs.styles.height = width, height

    def _resized(self) -> None:
        self._size_panes()
        self._show_detail(top=False)
        self._show_around()

    def _tick(self) -> None:
        self.jobs.list.tick()
        if (row := self._rows().get(self._shown or "")) is not None and row.status.is_live:
            self._show_detail(top=False)
        self._show_status()

    def _derive(self) -> None:
        """Which rows are shown, in which order, anew."""
        rows = self._rows()
        self._list.forget(rows)
        shown = self._list.derive(rows.values(), self._now())
        self.jobs.list.show_rows(shown, self._list.view.marks, self._hint())
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

    def _remember_trouble(self, text: str) -> None:
        self._troubles = [*self._troubles[-200:], (self._now(), text)]

    def _acted(self, ids: frozenset[str]) -> None:
        self._update(ids)
        self._show_around()

    def _rows(self) -> Mapping[str, JobRow]:
        return self._hands.rows(self._snapshot.rows)

    def _show_job(self) -> None:
        """The job under the cursor in the other panes, in this very message: one frame, not two."""
        id = self.jobs.list.cursor
        if id == self._shown and id is not None:
            return
        self._shown = id
        self._show_detail(top=True)
        if id is None or self._store is None:
            self.log_view.show_events([], "No job selected." if id is None else "connecting…")
        else:
            self._store.look_at(id)
            self.log_view.show_events(self._store.events(id), "No events yet.")
        self._show_titles()
        self.footer.update_entries()

    def _show_detail(self, *, top: bool) -> None:
        id = self._shown
        row = self._rows().get(id) if id is not None else None
        if row is None:
            self.side.detail.show([], top=True)
            return
        cells = max(20, self.side.detail.outer_size.width - 1)
        job = self._store.job(row.id) if self._store is not None else None
        if job is None or self._store is None:
            lines = row_lines(row, self._now(), cells, self._glyphs)
        elif self._raw:
            lines = raw_lines(job.raw, cells)
        else:
            told = self._telling.told(self._store, job, row.id)
            lines = detail_lines(job, row, told, self._now(), cells, self._glyphs)
        self.side.detail.show(lines, top=top)

    def _show_new_events(self) -> None:
        if self._store is None or self._shown is None:
            return
        self.log_view.add_events(self._store.events(self._shown, after=self.log_view.last_seq))
        self._show_titles()

    # The rows around the panes

    def _show_around(self) -> None:
        self._show_status()
        self._show_titles()
        self._show_foot()
        self.footer.update_entries()

    def _show_status(self) -> None:
        too_small = self.size.width < LEAST[0] or self.size.height < LEAST[1]
        self.set_class(too_small, "-tiny")
        if too_small:
            needs, has = f"{LEAST[0]}×{LEAST[1]}", f"{self.size.width}×{self.size.height}"
            self.status_row.show([(f" needs {needs}, have {has}", "")])
            return
        counts = counts_line(list(self._rows().values()), self._glyphs)
        notices = len(self._snapshot.notices)
        known = (self._place, self._snapshot.health, self._snapshot.as_of, counts, self._now())
        self.status_row.fill(lambda cells: status_line(*known, cells, self._glyphs, held=self._held, notices=notices))

    def _show_titles(self) -> None:
        self.jobs.set_active(self._pane == "jobs")
        self.side.show_titles(self._pane, self._tab, short_id(self._shown) if self._shown else "")

    def _show_foot(self) -> None:
        state = self._list
        shown, total = len(self.jobs.list.keys), len(self._snapshot.rows)
        more = "" if self._snapshot.complete or self._store is None else "+"
        # The youngest first is what a falling date looks like; every other column starts with its least.
        falls = state.view.reverse != (state.view.sort == "age")
        arrow = self._glyphs.down if falls else self._glyphs.up
        right = f"{shown} of {total}{more} {self._glyphs.dot} {state.view.sort}{arrow}" if total else ""
        self.jobs.show_foot(state.fault or state.words, right, fault=bool(state.fault))

    def _hint(self) -> list[str]:
        if self._snapshot.rows:
            return [
                f"0 of {len(self._snapshot.rows)} shown. {'esc clears' if self._list.view.filter else '0 shows all'}"
            ]
        if self._store is None or self._snapshot.as_of is None:
            health = self._snapshot.health
            return [] if health.is_good else [health.why or "loading jobs…"]
        if self._place.is_local:
            return ["No fine-tuning jobs yet.", "a starts one with the sample data, ? shows keys."]
        return ["No fine-tuning jobs yet.", "a creates one, ? shows keys."]

    def _arrange(self) -> None:
        for pane in PANES:
            self.set_class(pane == self._pane, f"-pane-{pane}")
        for tab in PANES[1:]:
            self.set_class(tab == self._tab, f"-tab-{tab}")
        self.call_after_refresh(self._resized)

    # Keys

    async def on_key(self, event: events.Key) -> None:
        """Every key, one after the other, as it was typed: over a slow line several arrive at once, and each must
        find what the one before it has opened."""
        if self.app.screen is not self:
            event.stop()
            self.app.screen._forward_event(events.Key(event.key, event.character))
            return
        command = self._by_key.get(event.key) or self._by_key.get(event.character or "")
        if self.prompt.takes_keys and self.prompt.key(event.key, event.character):
            event.stop()
        elif command is not None:
            event.stop()
            if self._leaving:
                return
            if not self.prompt.takes_keys:
                self.prompt.fade()
            await self.run_action(command.action)

    def on_paste(self, event: events.Paste) -> None:
        if not self.prompt.paste(event.text):
            self.prompt.say("paste works where text is typed: in / and :, and in the form", "dim")

    def refusal(self, command: Command) -> str:
        """Why a command would be refused now; empty when it would not."""
        group, _, verb = command.id.partition(".")
        if group != "job":
            return ""
        if verb == "clone" and self._shown is None:
            return "no job is selected"
        return self._hands.refusal("create" if verb == "clone" else verb, self._targets())

    def _targets(self) -> list[JobRow]:
        """The jobs that a key acts on: those that are marked, else the one under the cursor."""
        rows = self._rows()
        marks = self._list.view.marks
        ids = [id for id in self.jobs.list.keys if id in marks] if marks else [self._shown or ""]
        return [rows[id] for id in ids if id in rows]

    @property
    def _view(self) -> LineView:
        if self._pane == "detail":
            return self.side.detail
        return self.log_view if self._pane == "log" else self.jobs.list

    def action_move(self, lines: int) -> None:
        view = self._view
        if isinstance(view, LineList):
            view.move_by(lines)
            self._extend_range()
            self._show_job()
        else:
            view.scroll_lines(lines)
            self._show_titles()

    def action_sideways(self, cells: int) -> None:
        self._view.move_sideways(cells)

    def action_page(self, pages: float) -> None:
        self.action_move(round(pages * max(1, self._view.page_height - 1)))

    def action_move_to(self, end: str) -> None:
        self.action_move(-(10**9) if end == "first" else 10**9)

    def action_pane(self, step: int) -> None:
        self._go(PANES[(PANES.index(self._pane) + step) % len(PANES)])

    def action_tab(self, step: int) -> None:
        self._go("log" if self._tab == "detail" else "detail")

    def action_open(self) -> None:
        if self._pane == "log":
            self.action_log_wrap()  # the innermost: whole lines
        elif self._shown is not None:
            self._go(PANES[PANES.index(self._pane) + 1])

    def _go(self, pane: str) -> None:
        self._pane = pane
        if pane != "jobs":
            self._tab = pane
        self._arrange()
        self._show_titles()

    def action_back(self) -> None:
        if self.has_class("-zoom"):
            self.action_zoom()
        elif self._pane != "jobs" and self._searched:
            self._search("")
        elif self._pane != "jobs":
            self._go(PANES[PANES.index(self._pane) - 1])
        elif self._list.view.marks or self._list.is_ranging:
            self._clear_marks()
        elif self._list.is_narrow:
            self._change_view(filter="", status=0)
        else:
            self.prompt.say("")

    def action_slash(self) -> None:
        (self._type_filter if self._pane == "jobs" else self._type_search)()

    def _view_changed(self) -> None:
        self._derive()
        self._show_titles()
        self.footer.update_entries()

    def on_jobs_pane_sort_asked(self, message: JobsPane.SortAsked) -> None:
        if message.column in SORTS:
            view = self._list.view
            self._change_view(sort=message.column, reverse=view.sort == message.column and not view.reverse)

    def on_line_list_moved(self, message: LineList.Moved) -> None:
        self._go("jobs")
        self._show_job()

    def action_refresh_now(self) -> None:
        self.post_message(RefreshAsked())

    def action_raw(self) -> None:
        self._raw = not self._raw
        self._go("detail")
        self._show_detail(top=True)

    def action_split(self, steps: int) -> None:
        """The list larger or smaller; 0 gives back the usual sizes."""
        self._split = max(-6, min(6, self._split + steps)) if steps else 0
        self._arrange()

    def action_zoom(self) -> None:
        self.toggle_class("-zoom")
        self._arrange()

    def action_suspend(self) -> None:
        self.app.action_suspend_process()

    def action_redraw(self) -> None:
        self.app.refresh(layout=True)

    def action_quit(self) -> None:
        one_pane = self.has_class("-narrow") or self.has_class("-short")
        if self.has_class("-zoom") or (self._pane != "jobs" and one_pane):
            self.action_back()
        else:
            self._leaving = True
            self.app.exit()

    # Intents
