"""The one screen: list, detail, log, and the rows around them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from textual import events, getters
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.screen import Screen

from fttui.models.row import JobRow
from fttui.models.status import Status
from fttui.store import query
from fttui.store.snapshot import Change, Outcome, Snapshot
from fttui.ui import commands
from fttui.ui.glyphs import Glyphs
from fttui.ui.messages import RefreshAsked
from fttui.ui.panes.detail import DetailView, detail_lines, row_lines
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.panes.loglines import LEVELS, TIMES
from fttui.ui.panes.logs import LogView
from fttui.ui.rows import Line, counts_line, rule_line, short_id
from fttui.ui.status import Place, status_line
from fttui.ui.widgets.footer import Footer
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import LineView, TextRow
from fttui.ui.widgets.prompt import PromptRow

if TYPE_CHECKING:
    from fttui.store.store import Store

STATUS_KEYS: dict[int, tuple[str, frozenset[Status]]] = {
    1: ("running", frozenset({Status.RUNNING, Status.STOPPING})),
    2: ("waiting", frozenset({Status.VALIDATING, Status.QUEUED})),
    3: ("succeeded", frozenset({Status.SUCCEEDED})),
    4: ("failed", frozenset({Status.FAILED})),
    5: ("cancelled", frozenset({Status.CANCELLED})),
    6: ("paused", frozenset({Status.PAUSED})),
}
PANES = ("jobs", "detail", "log")
LEAST = (40, 10)
"""The smallest terminal that is drawn on."""
TICK = 5.0
"""Seconds between looks at what changes by time alone: ages."""


class MainScreen(Screen[None]):
    """Takes snapshots from above, keeps what the person looks at, and sends intents to the store."""

    AUTO_FOCUS = None
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide"), (180, "-huge")]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (16, "-medium"), (45, "-tall")]
    BINDINGS = [
        Binding(command.keys, command.action, command.title, show=False, id=command.id) for command in commands.COMMANDS
    ]

    detail = getters.query_one("#detail", DetailView)
    log_view = getters.query_one("#log", LogView)
    status_row = getters.query_one("#status", TextRow)
    tabs = getters.query_one("#tabs", TextRow)
    detail_title = getters.query_one("#detail-title", TextRow)
    log_title = getters.query_one("#log-title", TextRow)
    footer = getters.query_one("#footer", Footer)

    def __init__(self, place: Place, snapshot: Snapshot, glyphs: Glyphs, now: Callable[[], float]) -> None:
        super().__init__()
        self._place = place
        self._glyphs = glyphs
        self._now = now
        self._store: Store | None = None
        self._snapshot = snapshot
        self._status_key = 0
        self._filter = ""
        self._before = ""
        self._searching = False
        self._query = query.parse("")
        self._fault = ""
        self._pane = "jobs"
        self._tab = "log"
        self._shown: str | None = None
        self._stopping: set[str] = set()
        self._leaving_at = -10.0
        self.jobs = JobsPane(glyphs, now)
        self.prompt = PromptRow()

    # What is on the screen

    def compose(self) -> ComposeResult:
        yield TextRow(id="status")
        with Container(id="body"):
            yield self.jobs
            with Container(id="side"):
                yield TextRow(id="tabs")
                with Vertical(id="detail-pane"):
                    title = TextRow(id="detail-title")
                    title.add_class("pane-title")
                    yield title
                    yield DetailView()
                with Vertical(id="log-pane"):
                    title = TextRow(id="log-title")
                    title.add_class("pane-title")
                    yield title
                    yield LogView(self._now)
        yield self.prompt
        yield Footer(self.refusal)

    def on_mount(self) -> None:
        self._arrange()
        self._derive()
        self.set_interval(TICK, self._tick)
        if self._place.hint:
            self.prompt.say(self._place.hint, "dim")
        self._show_around()

    def attach(self, store: Store) -> None:
        """The store is there: from now on there are details, logs and intents."""
        self._store = store
        self._shown = None
        self.show_snapshot(store.snapshot, Change(health=True))
        self._show_job()
        self.footer.update_entries()

    def show_snapshot(self, snapshot: Snapshot, change: Change) -> None:
        """Something was published."""
        previous, self._snapshot = self._snapshot, snapshot
        shown = self._shown
        self._stopping -= {id for id in self._stopping if self._is_over(id)}
        if change.added or change.removed or snapshot.rows.keys() != previous.rows.keys():
            self._derive()
        elif change.updated:
            self._update(change.updated)
        elif not snapshot.rows:
            self._derive()
        if shown is not None and shown == self._shown:
            if shown in change.updated | change.checkpoints:
                self._show_detail(top=False)
            if shown in change.events:
                self._show_new_events()
        self._show_around()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._resized)

    def _resized(self) -> None:
        self._show_detail(top=False)
        self._show_around()

    def _tick(self) -> None:
        self.jobs.list.tick()
        self._show_status()

    def _derive(self) -> None:
        """Which rows are shown, in which order, anew."""
        statuses = STATUS_KEYS[self._status_key][1] if self._status_key else None
        rows = query.select(self._rows().values(), self._query, now=self._now(), statuses=statuses)
        self.jobs.list.show_rows(rows, self._hint())
        self._show_job()
        self._show_foot()

    def _update(self, ids: frozenset[str]) -> None:
        rows = self._rows()
        shown = set(self.jobs.list.keys)
        if self._status_key or not self._query.is_empty:
            self._derive()
            return
        self.jobs.list.update_rows({id: rows[id] for id in ids if id in shown and id in rows})
        self._show_foot()

    def _rows(self) -> Mapping[str, JobRow]:
        """The snapshot's rows; a cancel that was sent and not yet answered shows as a local word."""
        rows = self._snapshot.rows
        if not self._stopping:
            return rows
        return {id: row._replace(status_text="cancelling") if id in self._stopping else row for id, row in rows.items()}

    def _is_over(self, id: str) -> bool:
        row = self._snapshot.rows.get(id)
        return row is None or row.status.is_final

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
            self.detail.show([], top=True)
            return
        cells = max(20, self.detail.outer_size.width - 1)
        job = self._store.job(row.id) if self._store is not None else None
        if job is None or self._store is None:
            lines = row_lines(row, self._now(), cells, self._glyphs)
        else:
            lines = detail_lines(job, row, self._store.checkpoints(row.id), self._now(), cells, self._glyphs)
        self.detail.show(lines, top=top)

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
        self.status_row.show(
            status_line(
                self._place,
                self._snapshot.health,
                self._snapshot.as_of,
                counts,
                self._now(),
                self.size.width,
                self._glyphs,
            )
        )

    def _show_titles(self) -> None:
        self.jobs.set_active(self._pane == "jobs")
        events = self._log_state()
        name = short_id(self._shown) if self._shown else ""
        tabs: Line = [
            *self._title("detail", self._tab),
            (f" {self._glyphs.rule} ", "rule"),
            *self._title("log", self._tab),
        ]
        right = f"{name} {self._glyphs.dot} {events}" if self._tab == "log" else name
        self.tabs.show(rule_line(self.tabs.size.width, tabs, right, self._glyphs))
        self.detail_title.show(rule_line(self.detail_title.size.width, self._title("detail"), name, self._glyphs))
        self.log_title.show(rule_line(self.log_title.size.width, self._title("log"), events, self._glyphs))

    def _log_state(self) -> str:
        log = self.log_view
        parts = ["follow" if log.follow else f"{log.unseen} new" if log.unseen else "f follows"]
        if log.look.level != "info":
            parts.append(f"{log.look.level}+")
        if log.look.search:
            parts.append(f"{'only ' if log.look.only else ''}{log.look.search!r} {log.matches}x")
        parts.append(f"{log.event_count} events")
        return f" {self._glyphs.dot} ".join(parts)

    def _title(self, pane: str, tab: str = "") -> Line:
        text = pane.capitalize()
        if pane == self._pane:
            return [(f">{text}", "title")]
        return [(text, "bold" if pane == tab else "dim")]

    def _show_foot(self) -> None:
        shown, total = len(self.jobs.list.keys), len(self._snapshot.rows)
        left: list[str] = []
        if self._status_key:
            left.append(f"{self._status_key} {STATUS_KEYS[self._status_key][0]}")
        if self._filter:
            left.append(f"/{self._filter}")
        more = "" if self._snapshot.complete or self._store is None else "+"
        right = f"{shown} of {total}{more} {self._glyphs.dot} age{self._glyphs.down}" if total else ""
        self.jobs.show_foot(self._fault or " ".join(left), right, fault=bool(self._fault))

    def _hint(self) -> list[str]:
        if self._snapshot.rows:
            esc = "esc clears" if self._filter else "0 shows all"
            return [f"0 of {len(self._snapshot.rows)} shown. {esc}"]
        if self._store is None or self._snapshot.as_of is None:
            health = self._snapshot.health
            return [] if health.is_good else [health.why or "loading jobs…"]
        return [
            "No fine-tuning jobs yet.",
            "a starts one with the sample data, ? shows keys."
            if self._place.is_local
            else "a creates one, ? shows keys.",
        ]

    def _arrange(self) -> None:
        for pane in PANES:
            self.set_class(pane == self._pane, f"-pane-{pane}")
        for tab in PANES[1:]:
            self.set_class(tab == self._tab, f"-tab-{tab}")
        self.call_after_refresh(self._resized)

    # Keys

    async def on_key(self, event: events.Key) -> None:
        if self.prompt.is_asking:
            event.stop()
            event.prevent_default()
            await self.prompt.answer(event.key)

    def on_paste(self, event: events.Paste) -> None:
        self.prompt.say("paste works in / only", "dim")

    def refusal(self, command: commands.Command) -> str:
        """Why a command would be refused now; empty when it would not."""
        if command.id not in ("job.create", "job.cancel"):
            return ""
        if self._place.read_only:
            return "read-only"
        if self._store is None:
            return "not connected yet"
        if command.id == "job.cancel":
            row = self._rows().get(self._shown or "")
            if row is None:
                return "no job is selected"
            if row.gone or row.fault:
                return "the provider does not list this job" if row.gone else row.fault
            if row.status.is_final or row.status is Status.STOPPING:
                return f"it is {row.status_text} already"
        return ""

    @property
    def _view(self) -> LineView:
        if self._pane == "detail":
            return self.detail
        return self.log_view if self._pane == "log" else self.jobs.list

    def action_move(self, lines: int) -> None:
        view = self._view
        if isinstance(view, LineList):
            view.move_by(lines)
            self._show_job()
        else:
            view.scroll_lines(lines)
            self._show_titles()

    def action_page(self, pages: float) -> None:
        self.action_move(round(pages * max(1, self._view.page_height - 1)))

    def action_move_to(self, end: str) -> None:
        self.action_move(-(10**9) if end == "first" else 10**9)

    def action_pane(self, step: int) -> None:
        self._go(PANES[(PANES.index(self._pane) + step) % len(PANES)])

    def action_tab(self, step: int) -> None:
        self._go("log" if self._tab == "detail" else "detail")

    def action_open(self) -> None:
        if self._pane != "log" and self._shown is not None:
            self._go(PANES[PANES.index(self._pane) + 1])

    def _go(self, pane: str) -> None:
        self._pane = pane
        if pane != "jobs":
            self._tab = pane
        self._arrange()
        self._show_titles()

    def action_back(self) -> None:
        if self.prompt.is_typing:
            self.prompt.leave(accepted=False)
        elif self._pane == "log" and self.log_view.look.search:
            self._search("")
        elif self._pane != "jobs":
            self._go(PANES[PANES.index(self._pane) - 1])
        elif self._filter:
            self._set_filter("")
        elif self._status_key:
            self.action_status(0)
        else:
            self.prompt.say("")

    def action_status(self, key: int) -> None:
        self._status_key = 0 if key == self._status_key else key
        self._derive()
        self._show_titles()

    async def action_slash(self) -> None:
        """In the list: narrow it as one types. In the log: search."""
        self._searching = self._pane == "log"
        self._before = self.log_view.look.search if self._searching else self._filter
        await self.prompt.type("search: " if self._searching else "/", self._before)

    def on_prompt_row_typed(self, message: PromptRow.Typed) -> None:
        if self._searching:
            self._search(message.text)
        else:
            self._set_filter(message.text)

    def on_prompt_row_done(self, message: PromptRow.Done) -> None:
        if message.accepted:
            if self._searching and self.log_view.look.search:
                self.action_match(1)
        elif self._searching:
            self._search(self._before)
        else:
            self._set_filter(self._before)

    def _search(self, text: str) -> None:
        self._restyle_log(search=text, only=self.log_view.look.only and bool(text))

    def action_match(self, step: int) -> None:
        if not self.log_view.look.search:
            self.prompt.say("nothing was searched for: / in the log searches", "dim")
            return
        self._go("log")
        if not self.log_view.go_to_match(step):
            self.prompt.say(f"no match for {self.log_view.look.search}", "warn")
        self._show_titles()

    def _set_filter(self, text: str) -> None:
        """Narrow at once. A text that cannot be read (yet) narrows nothing, and the foot says what is wrong."""
        self._filter, self._fault = text, ""
        try:
            self._query = query.parse(text)
        except query.QueryError as error:
            self._query, self._fault = query.parse(""), str(error)
        self._derive()

    def action_follow(self) -> None:
        self.log_view.set_follow(not self.log_view.follow)
        self._show_titles()

    def action_log_level(self) -> None:
        level = self.log_view.look.level
        self._restyle_log(level=LEVELS[(LEVELS.index(level) + 1) % len(LEVELS)])

    def action_log_only(self) -> None:
        if not self.log_view.look.search:
            self.prompt.say("& shows only matching lines: search first, with / in the log", "dim")
            return
        self._restyle_log(only=not self.log_view.look.only)

    def action_log_wrap(self) -> None:
        self._restyle_log(wrap=not self.log_view.look.wrap)

    def action_log_metrics(self) -> None:
        self._restyle_log(metrics=not self.log_view.look.metrics)

    def action_time_mode(self) -> None:
        times = self.log_view.look.times
        times = TIMES[(TIMES.index(times) + 1) % len(TIMES)]
        self._restyle_log(times=times)
        self.prompt.say(f"times: {times}", "dim")

    def _restyle_log(self, **changes: Any) -> None:
        self.log_view.restyle(self.log_view.look._replace(**changes))
        self._show_titles()

    def on_log_view_reached_top(self, message: LogView.ReachedTop) -> None:
        first = self.log_view.first_seq
        if self._store is not None and self._shown is not None and first is not None:
            self.log_view.add_older(self._store.events(self._shown, before=first))
            self._show_titles()

    def on_line_list_moved(self, message: LineList.Moved) -> None:
        self._go("jobs")
        self._show_job()

    def action_refresh_now(self) -> None:
        self.post_message(RefreshAsked())

    def action_redraw(self) -> None:
        self.app.refresh(layout=True)

    def action_help(self) -> None:
        from fttui.ui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self._glyphs), self._run_by_id)

    async def _run_by_id(self, id: str | None) -> None:
        if id is not None:
            await self.run_action(commands.BY_ID[id].action)

    def action_quit(self) -> None:
        if self._pane != "jobs" and (self.has_class("-narrow") or self.has_class("-short")):
            self.action_back()
        else:
            self.app.exit()

    # Intents

    def action_create(self) -> None:
        if self._refuse("job.create") or self._store is None:
            return
        from fttui.ui.screens.create import CreateScreen
        from fttui.wiring import SAMPLE_JOB, sample_path

        values = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto", "method": "supervised"}
        if self._place.is_local:
            values |= SAMPLE_JOB
        self.app.push_screen(CreateScreen(self._store, values, sample_path), self._created)

    def _created(self, outcome: Outcome | None) -> None:
        if outcome is None:
            return
        self.prompt.say(outcome.message or f"created {outcome.id}", "" if outcome.ok else "warn")
        self._status_key = 0
        self._set_filter("")
        self.jobs.list.move_to_key(outcome.id)
        self._go("jobs")
        self._show_job()

    def action_cancel(self) -> None:
        if self._refuse("job.cancel") or self._shown is None:
            return
        id = self._shown
        row = self._snapshot.rows[id]
        self.prompt.ask(f"Cancel {short_id(id)} ({row.status_text})? It cannot be resumed.", lambda: self._cancel(id))

    def _cancel(self, id: str) -> None:
        # Not exclusive and not awaited here: a half-sent cancel must finish, and keys go on meanwhile.
        self._stopping.add(id)
        self._update(frozenset({id}))
        self.run_worker(self._send_cancel(id), group="action", exit_on_error=False)

    async def _send_cancel(self, id: str) -> None:
        if self._store is None:
            return
        outcome = (await self._store.cancel([id]))[id]
        self._stopping.discard(id)
        self._update(frozenset({id}))
        self._show_around()
        if outcome.ok:
            self.prompt.say(f"cancelled {short_id(id)}")
        else:
            self.prompt.say(f"{short_id(id)} was not cancelled: {outcome.message}", "warn")

    def _refuse(self, id: str) -> bool:
        command = commands.BY_ID[id]
        if reason := self.refusal(command):
            self.prompt.say(f"{command.label}: {reason}", "warn")
        return bool(reason)
