"""Drawing of the cockpit: the only object that puts the model's content into widgets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from itertools import dropwhile
from typing import TYPE_CHECKING

from fttui.core.affected import without_dropped
from fttui.learning.checkpoints import Checkpoints
from fttui.models.row import JobRow, short_id
from fttui.models.status import Status
from fttui.text import fit, width, wrap
from fttui.ui.cockpit.arrangement import Needs
from fttui.ui.cockpit.body import Body
from fttui.ui.cockpit.curve_drawing import CurveDrawing
from fttui.ui.cockpit.first_hints import FirstHints
from fttui.ui.cockpit.job_facts import JobFactsLoader, empty_checkpoints_text, empty_log_text
from fttui.ui.cockpit.layout import SMALLEST, PaneLayout
from fttui.ui.cockpit.model import CockpitModel, Part
from fttui.ui.cockpit.older_events import MOST_UNASKED, PART, OlderEvents
from fttui.ui.cockpit.slow_link import DrawingPace
from fttui.ui.panes.files import file_rows
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.panes.side import SidePanes
from fttui.ui.render.detail_fields import LABEL, row_lines
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, counts_line, list_words
from fttui.ui.render.status_line import ALL, empty_words, status_lines
from fttui.ui.widgets.footer import Footer
from fttui.ui.widgets.line_view import TextRow
from fttui.ui.widgets.prompt import PromptRow

if TYPE_CHECKING:
    from textual.screen import Screen

    from fttui.ui.render.detail_lines import JobFacts

MOST_COUNTED = 5_000
"""Jobs up to which unread logs are counted every second. With more, they are counted when the list is drawn."""
MOST_OF_SUFFIX = 24
"""Cells of a suffix in a title."""
LONGEST_ID = 32
"""Cells up to which an id or a model is not wrapped in the detail. Longer ones, such as names of tuned models, would
take columns from the list."""
NARROWEST = 20
"""Cells that a pane is drawn for at least, also before it has a size."""


class Presenter:
    """Draws the parts of the screen that a change affects. Drawing a part that is unchanged paints nothing."""

    def __init__(
        self,
        screen: Screen[None],
        model: CockpitModel,
        panes: PaneLayout,
        jobs: JobsPane,
        side: SidePanes,
        body: Body,
        prompt: PromptRow,
        status_row: TextRow,
        footer: Footer,
        glyphs: Glyphs,
        hints: FirstHints,
        sleep: Callable[[float], Awaitable[None]],
        after_keys: Callable[[Callable[[], None]], object],
    ) -> None:
        """
        Args:
            screen: used for its classes and for callbacks only.
            after_keys: calls a function once the keys that have arrived are handled.
        """
        self._screen = screen
        self._after_keys = after_keys
        self._model = model
        self._panes = panes
        self._jobs = jobs
        self._side = side
        self._body = body
        self._prompt = prompt
        self._status_row = status_row
        self._footer = footer
        self._glyphs = glyphs
        self._hints = hints
        jobs.list.drawing.alarms_off = model.alarms_off
        self._curve = CurveDrawing(screen, model, panes, side.curve, glyphs, sleep, self._draw_titles)
        self._pace = DrawingPace(screen, lambda: model.has_slow_link, self._draw_curve_and_log, sleep)
        self.older_events = OlderEvents(side.log_view, model)
        """Loads older events into the log."""
        self._facts_loader = JobFactsLoader(model.service, model.alarms_off)
        self._facts: JobFacts | None = None
        """Facts of the job in the detail pane, kept for redraws that only the time causes."""
        self._counted: tuple[Mapping[str, JobRow], Line] = ({}, [])
        self._reading = ""
        """Number of logs that the list needs and that are still to be read, in words; empty for none."""
        self._status_rows = 1
        """Rows of the status row: more than one for a long trouble."""
        self._headline: Callable[[int], Line] | None = None
        """State of the selected job, or a hint."""
        self._is_behind = False
        """The panes beside the list still show the previously selected job."""

    # Parts

    def draw(self, parts: Part, rows: frozenset[str] = frozenset(), *, is_live: bool = False) -> None:
        """Draw parts of the screen, and the lines of the jobs in `rows`.

        Args:
            is_live: no key asks for it, so that curve and log may come later over a slow link.
        """
        if rows and (not self._model.view.is_stable or self._model.are_of_sweeps(rows)):
            parts |= Part.LIST  # a changed row may move or leave the list, or change the row of its sweep
        if Part.LAYOUT in parts:
            self._body.arrange_panes()
            self._screen.call_after_refresh(self.resized)
        if Part.LIST in parts:
            parts |= self._draw_list() | Part.COUNTS
        elif rows:
            known = self._model.rows()
            self._jobs.list.update_rows({id: known[id] for id in rows if id in known})
            parts |= Part.COUNTS
        if Part.MARKS in parts:
            self._jobs.list.show_marks(self._model.view.current.marks)
            parts |= Part.COUNTS | Part.FOOTER
        if Part.LOG_STYLE in parts:
            self._draw_log_style()
        if Part.JOB in parts:
            self._draw_job()
            parts |= Part.TITLES
        else:
            parts |= self._draw_parts_of_job(parts, is_live=is_live)
        self._draw_frame(parts)

    def _draw_parts_of_job(self, parts: Part, *, is_live: bool) -> Part:
        if parts & (Part.DETAIL | Part.DETAIL_TOP):
            self._draw_detail(top=Part.DETAIL_TOP in parts)
        if Part.FILES in parts:
            self._draw_files()
        has_curve = parts & (Part.DETAIL | Part.CURVE) or (Part.LIST in parts and self._model.sweep is not None)
        if is_live and self._model.has_slow_link:
            if has_curve or Part.EVENTS in parts:
                self._pace.ask()
            return Part.NONE
        if has_curve:
            self._curve.draw()
        if Part.EVENTS not in parts:
            return Part.NONE
        self._draw_new_events()
        return Part.TITLES

    def _draw_curve_and_log(self) -> None:
        self._curve.draw()
        self._draw_new_events()
        self._draw_titles()

    def _draw_frame(self, parts: Part) -> None:
        if Part.STATUS in parts:
            self._draw_status()
        if Part.TITLES in parts:
            self._draw_titles()
            parts |= Part.FOOTER
        if parts & (Part.TITLES | Part.DETAIL | Part.DETAIL_TOP):
            self._draw_idle_line()
        if Part.COUNTS in parts:
            self._draw_counts()
            self._read_logs()
        if Part.FOOTER in parts:
            self._footer.update_entries()
        if parts & (Part.LIST | Part.JOB | Part.DETAIL | Part.DETAIL_TOP):
            self._measure()

    def _measure(self) -> None:
        """Give the panes the sizes that their contents need.

        Detail and checkpoints keep the largest size of all jobs, so that moving the cursor moves no pane.
        """
        panes, model, jobs = self._panes, self._model, self._jobs.list
        old, job = panes.needs, model.job
        lines = self._side.detail.line_count()
        ids = (job.id, job.model, job.fine_tuned_model or "") if job is not None else ()
        panes.needs = Needs(
            jobs=max(jobs.line_count(), old.jobs if model.view.is_narrow else 0),  # a filter moves no pane
            list_cells=jobs.columns.full_width,
            detail=lines if old.detail == Needs().detail else max(old.detail, lines),
            checkpoints=max(old.checkpoints, len(self._side.checkpoints.table.judged.rows)),
            detail_cells=max([old.detail_cells, *(LABEL + width(id) + 3 for id in ids if width(id) <= LONGEST_ID)]),
        )
        if panes.needs != old and self._body.arrange_panes():
            self._screen.call_after_refresh(self.resized)

    # Events that cause drawing

    def show_service(self) -> None:
        """Draw everything for another service."""
        self._facts_loader = JobFactsLoader(self._model.service, self._model.alarms_off)
        self._jobs.list.columns.has_profiles = self._model.service.profile == ALL
        self._jobs.list.drawing.is_unread = lambda _: False  # until the store of the service is attached
        self._panes.needs = Needs()
        self._prompt.show_message("")
        self.draw(Part.LIST | Part.FRAME)

    def resized(self) -> None:
        """Fit the panes into a new size."""
        self._screen.set_class(self._panes.is_too_small, "-tiny")
        # The hint of an empty list is wrapped to its width.
        self.draw(Part.FILES | Part.CURVE | Part.FRAME | (Part.NONE if self._model.listed else Part.LIST))
        self._measure()

    def tick(self) -> None:
        """Draw the parts that time alone changes."""
        self.catch_up()
        self._prompt.tick()
        self._jobs.list.tick()
        if not self._model.view.needs_logs or len(self._model.rows()) <= MOST_COUNTED:
            self._read_logs()
        if (row := self._model.row) is not None and row.status.is_live:
            self._draw_detail(top=False, facts=self._facts)
            self._draw_idle_line()
        self._draw_status()

    def follow_cursor(self) -> None:
        """Select the job under the cursor, and draw its panes after the keys that have arrived already.

        The panes are drawn in the same frame, once for a burst of keys.
        """
        self._model.sweep = self._jobs.list.sweep
        if self._jobs.list.job == self._model.selected:
            return
        self._model.selected = self._jobs.list.job
        if not self._is_behind:
            self._is_behind = True
            self._after_keys(self.catch_up)

    def catch_up(self) -> None:
        """Draw the panes of the selected job if `follow_cursor` has deferred that."""
        if self._is_behind:
            self.draw(Part.JOB)

    def move_to_job(self, id: str) -> None:
        """Put the cursor on a job of the list and draw its panes."""
        self._jobs.list.move_to_key(id)
        self._model.sweep = self._jobs.list.sweep
        if self._jobs.list.job != self._model.selected:
            self.draw(Part.JOB)

    # List

    def _draw_list(self) -> Part:
        model, jobs = self._model, self._jobs.list
        shown = model.derive()
        cells = max(NARROWEST, jobs.outer_size.width - 2)
        words = empty_words(
            model.service,
            model.snapshot,
            model.view.description,
            connected=model.store is not None,
            has_nearby_runs=model.has_nearby_runs,
        )
        jobs.show_rows(
            shown, model.view.current.marks, [piece for line in words for piece in wrap(line, cells)], model.sweeps
        )
        model.sweep = jobs.sweep
        is_new = jobs.job != model.selected or jobs.job is None or self._is_behind
        return Part.JOB if is_new else Part.NONE

    def _read_logs(self) -> None:
        """Have the logs read that the list needs, and show their number when it has changed."""
        model, jobs = self._model, self._jobs.list
        if model.store is None:
            return
        needs_all = model.view.needs_logs
        shown = jobs.visible_rows if jobs.columns.need_logs else []
        model.store.need_numbers(None if needs_all else tuple(row.id for row in shown))
        rows = model.rows().values() if needs_all else shown
        unread = sum(row.summary.last is None and model.store.lacks_numbers(row.id) for row in rows)
        logs = f"{unread:,} log{'s' if unread > 1 else ''}"
        is_reading = model.snapshot.health.is_good and not model.is_held
        words = "" if not unread else f"reading {logs}" if is_reading else f"{logs} not read"
        if words != self._reading:
            self._reading = words
            self._draw_counts()

    def _draw_counts(self) -> None:
        view, glyphs = self._model.view, self._glyphs
        sort, reverse = view.current.sort, view.current.reverse
        arrow = "" if sort == "age" and not reverse else glyphs.down if reverse else glyphs.up
        self._jobs.show_order(sort if arrow else "", arrow)
        self._jobs.show_facts(view.fault or view.description, self._list_words(), fault=bool(view.fault))
        self._prompt.redraw_input()

    def _list_words(self) -> list[str]:
        """Return facts about the list, the most complete text first."""
        model = self._model
        if not model.snapshot.rows:
            return [""]
        order = f" {self._glyphs.dot} ".join(filter(None, (model.view.order(self._glyphs), self._reading)))
        return list_words(model.count_words, order, self._jobs.list.columns.facts, self._glyphs)

    # Panes of the selected job

    def _draw_job(self) -> None:
        model, log = self._model, self._side.log_view
        id, self._is_behind = self._jobs.list.job, False
        model.selected = id
        self._side.files.start_over()
        self._draw_detail(top=True)
        if id is None or model.store is None:
            log.show_events([], "No job selected." if id is None else "Connecting…")
        else:
            model.store.look_at(id)
            events = model.store.events(id, limit=PART)
            note = empty_log_text(model.store, model.rows()[id], model.service)
            log.show_events(events, note, has_older=len(events) == PART)
            self.older_events.fill(MOST_UNASKED)
        self._draw_files()
        self._curve.follow()

    def _draw_detail(self, *, top: bool, facts: JobFacts | None = None) -> None:
        model, detail = self._model, self._side.detail
        self._facts = None
        row, job = model.row, model.job
        if row is None:
            detail.show([], top=True)
            self._show_no_checkpoints(None, "No job selected.")
            return
        now, cells = model.now(), max(NARROWEST, detail.outer_size.width - 1)
        if job is None or model.store is None:
            detail.show(row_lines(row, now, cells, self._glyphs), top=top)
            self._show_no_checkpoints(row.id, "Connecting…")
            return
        from fttui.ui.render.detail_lines import detail_lines, raw_lines  # late: the first frame knows rows only
        from fttui.ui.render.headline import headline

        facts = facts or self._facts_loader.load(model.store, job, row.id)
        if model.is_local(row):
            facts = facts._replace(judged=without_dropped(facts.judged))
        self._facts = facts
        if row.status.is_live and model.snapshot.health.why:
            facts = facts._replace(is_reachable=False)
        waits = model.service.is_local and row.status is Status.QUEUED
        ahead = jobs_ahead(model.snapshot.rows, row) if waits else 0
        self._headline = partial(headline, job, row, facts, now, self._glyphs, ahead=ahead)
        note = empty_checkpoints_text(model.store, row, model.service)
        self._side.checkpoints.show_checkpoints(row.id, facts.judged, frozenset(model.deleted_models), note)
        shown = (job, row, facts, now, cells, self._glyphs)
        detail.show(raw_lines(job.sent, cells) if model.shows_json else detail_lines(*shown), top=top)

    def _show_no_checkpoints(self, id: str | None, note: str) -> None:
        self._side.checkpoints.show_checkpoints(id, Checkpoints(), frozenset(), note)
        self._headline = None

    def _draw_idle_line(self) -> None:
        """Show the best checkpoint in its pane, else the state of the job, else a hint."""
        cells, is_here = self._screen.size.width, self._panes.active == "checkpoints"
        line = self._side.checkpoints.table.sentence(cells) if is_here else ()
        if not line and self._headline is not None:
            line = self._headline(cells) or self._hint()
        self._prompt.set_idle_line(line)

    def _hint(self) -> Line:
        """Return the hint for a new user; nothing while there is trouble to show."""
        if not self._hints.text or self._model.snapshot.health.why:
            return []
        self._hints.count_start()
        return [(f" {self._hints.text}", "dim")]

    def _draw_new_events(self) -> None:
        model, log = self._model, self._side.log_view
        if model.store is not None and model.selected is not None:
            while events := model.store.events(model.selected, after=log.last_seq, limit=PART):
                log.add_events(events)
                if len(events) < PART:
                    break
            self.older_events.look()

    def _draw_log_style(self) -> None:
        log = self._side.log_view
        style = self._model.view.current.log_style._replace(search=log.log_style.search, only=log.log_style.only)
        if style != log.log_style:
            log.restyle(style)
            self.older_events.fill()

    def _draw_files(self) -> None:
        if not self._panes.is_visible("files"):
            return
        model, row = self._model, self._model.row
        known = model.store.file if model.store is not None else (lambda _: None)
        prefix = f"{row.profile}/" if row is not None and row.profile else ""
        rows = file_rows(model.job, known, model.files, model.deleted_files, prefix=prefix)
        self._side.files.show_files(rows, model.now())

    # Rows around the panes

    def _draw_status(self) -> None:
        size, model = self._screen.size, self._model
        if self._panes.is_too_small:
            text = f" needs {SMALLEST[0]}×{SMALLEST[1]}, have {size.width}×{size.height}"
            self._status_row.show([(text, "")])
            return
        snapshot = model.snapshot
        build = partial(
            status_lines,
            model.service,
            snapshot.health,
            snapshot.as_of,
            self.counts,
            model.now(),
            glyphs=self._glyphs,
            read=len(snapshot.rows) if snapshot.reading else None,
            held=model.is_held,
            notices=len(snapshot.notices),
            watched=self._screen.app.app_focus,
        )
        lines = build(cells=size.width)
        if len(lines) == 1:
            self._status_row.fill(lambda cells: build(cells=cells)[0])
        else:
            self._status_row.show(*lines)
        if len(lines) != self._status_rows:
            self._status_rows = len(lines)
            self._status_row.styles.height = len(lines)

    @property
    def counts(self) -> Line:
        """The number of jobs for each status."""
        rows = self._model.rows()
        if self._counted[0] is not rows:  # once for each snapshot: there may be thousands of rows
            model = self._model
            line = counts_line(list(rows.values()), model.now(), self._glyphs, model.alarms_off)
            self._counted = rows, line
        return self._counted[1]

    def _draw_titles(self) -> None:
        panes, row = self._panes, self._model.row
        self._jobs.set_active(panes.active == "jobs")
        names: list[str] = []
        if row is not None:
            suffix = fit(row.suffix, MOST_OF_SUFFIX, ellipsis=self._glyphs.cut)
            names = [row._replace(suffix=suffix).title, suffix or short_id(row.id)]
        tabs = {panes.front(place): place.panes for place in panes.places}
        self._side.show_titles(tabs, panes.active, names, self._curve.facts)


def jobs_ahead(rows: Mapping[str, JobRow], row: JobRow) -> int:
    """Return the number of jobs that run before a queued one: the live ones created before it."""
    older = dropwhile(lambda each: each.id != row.id, rows.values())
    return sum(each.status.is_live and each.status is not Status.PAUSED for each in older) - 1
