"""The main screen: composes the widgets, and hands snapshots, keys and clicks to the controllers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from fttui.commands import COMMANDS, Command
from fttui.store.snapshot import Change, Snapshot
from fttui.ui.cockpit.alarm_watch import alarm_note
from fttui.ui.cockpit.arrangement import Needs
from fttui.ui.cockpit.body import Body
from fttui.ui.cockpit.controllers import Controllers, OpenForm
from fttui.ui.cockpit.first_hints import FirstHints
from fttui.ui.cockpit.layout import PaneLayout
from fttui.ui.cockpit.model import CockpitModel, Part, Update
from fttui.ui.cockpit.presenter import Presenter
from fttui.ui.cockpit.saved_view import SavedView
from fttui.ui.cockpit.try_commands import OpenTry
from fttui.ui.messages import AlarmsRaised, JobsEnded
from fttui.ui.notifications import note
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.panes.log import LogView
from fttui.ui.panes.side import SidePanes
from fttui.ui.panes.titled import TitledPane
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.terminal.screen_events import ScreenEvents
from fttui.ui.widgets.footer import Footer
from fttui.ui.widgets.line_list import LineList
from fttui.ui.widgets.line_view import TextRow
from fttui.ui.widgets.prompt import PromptRow
from fttui.ui.workers import start_worker

if TYPE_CHECKING:
    from fttui.models.row import JobRow
    from fttui.store.port import StorePort

TICK = 5.0
"""Seconds between redraws of the ages."""


class MainScreen(ScreenEvents, Screen[None]):
    """The screen of the cockpit. State, drawing and commands are in objects of their own."""

    AUTO_FOCUS = None

    def __init__(
        self,
        service: ServiceInfo,
        snapshot: Snapshot,
        glyphs: Glyphs,
        now: Callable[[], float],
        open_form: OpenForm,
        open_try: OpenTry,
        *,
        commands: tuple[Command, ...] = COMMANDS,
        saved: SavedView = SavedView(),  # noqa: B008  (a value)
        hints: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        alarms_off: frozenset[str] = frozenset(),
        chart: str = "auto",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """
        Args:
            alarms_off: kinds of alarms that are not shown.
            chart: value of the setting `chart`.
            sleep: waits for a number of seconds.
        """
        super().__init__()
        self.hints = FirstHints(commands, saved.hint_step, saved.hint_starts, is_on=hints)
        self.model = model = CockpitModel(service, snapshot, now, saved, alarms_off)
        self.panes = panes = PaneLayout(model.view, saved.tab, saved.splits)
        model.pane = lambda: panes.active
        self.jobs = JobsPane(glyphs, now)
        self.jobs.list.columns.wanted = saved.columns
        self.side = SidePanes(glyphs, now, model.view.current.log_style, chart)
        self.body = Body(panes, (self.jobs, *self.side.panes.values()), glyphs)
        self.prompt = PromptRow(lambda build: self.footer.show_hint(build), monotonic)
        self.status_row = TextRow(id="status")
        self.footer = Footer(
            commands,
            lambda command: model.refusal(command.id, panes.active),
            lambda: panes.active,
            self._footer_words,
        )
        widgets = (self.jobs, self.side, self.body, self.prompt, self.status_row, self.footer)
        self.presenter = Presenter(self, model, panes, *widgets, glyphs, self.hints, sleep, self.call_after_keys)
        self.controllers = Controllers(
            self,
            model,
            panes,
            self.presenter,
            self.jobs,
            self.side,
            self.prompt,
            glyphs,
            commands,
            open_form,
            self.hints,
            chart,
            monotonic,
            sleep,
            open_try,
        )

    @property
    def log_view(self) -> LogView:
        return self.side.log_view

    def compose(self) -> ComposeResult:
        self.panes.resize(*self.app.size)
        # Set before there are widgets: each later change matches every rule against every widget.
        self.set_class(self.panes.is_too_small, "-tiny", update=False)
        yield self.status_row
        yield self.body
        yield self.prompt
        yield self.footer

    def on_mount(self) -> None:
        self.presenter.draw(Part.LIST)
        self.set_interval(TICK, self.tick)
        if self.model.service.hint and not self.model.snapshot.rows:
            self.prompt.show_message(self.model.service.hint, "dim", lasting=True)
        self.presenter.draw(Part.FRAME)

    def _footer_words(self) -> dict[str, str]:
        """Return the words of commands that do something else on the present row, or act on marked jobs."""
        if self.panes.active == "jobs" and self.model.view.current.marks:
            number = len(self.model.targets())
            curves = {"curve.open": "curves"} if number > 1 else {}
            return {"job.cancel": f"cancel {number}", **curves}
        job, saved = self.model.row, self.side.checkpoints.row
        if self.panes.active != "checkpoints" or job is None or saved is None:
            return {}
        return {"model.try": "samples"} if self.model.has_samples(job, saved.step) else {}

    # Store

    def attach(self, store: StorePort) -> None:
        """Connect the screen to a store, which makes details, logs and actions available."""
        from fttui.core.pricing import Pricing

        self.model.cost = cost = Pricing(self.model.service).row_cost
        self.jobs.list.drawing.is_unread = store.lacks_numbers
        self.jobs.list.show_costs(lambda row: cost(row)[1])
        self._show(self.model.attach(store), Part.JOB)

    def offer_runs(self) -> None:
        """Offer an empty list the runs of other programs below the working directory."""
        self.model.has_nearby_runs = True
        self.presenter.draw(Part.LIST)

    def use_link(self, *, is_slow: bool) -> None:
        """Draw fewer bytes over a slow link: see the setting `link`."""
        self.model.has_slow_link = is_slow
        self.side.curve.shows_raw = not is_slow

    def move_to(self, service: ServiceInfo, snapshot: Snapshot) -> None:
        """Show another service. Its store comes with `attach`."""
        self.model.move_to(service, snapshot)
        self.presenter.show_service()

    def show_snapshot(self, snapshot: Snapshot, change: Change) -> None:
        """Show a publication of the store."""
        self.presenter.catch_up()
        self._show(self.model.apply(snapshot, change))

    def _show(self, update: Update, more: Part = Part.NONE) -> None:
        if update.notice:
            self.prompt.show_message(update.notice, "warn")
        if update.ended:
            self.prompt.show_message(note(update.ended))
            self.post_message(JobsEnded(update.ended))
        if update.alarmed:
            self._tell_alarms(update.alarmed)
        if update.new_jobs and self.model.files:
            self.controllers.files.load()  # a new job may have new files
        self.presenter.draw(update.parts | more, update.rows, is_live=True)

    def _tell_alarms(self, rows: list[JobRow]) -> None:
        found = []
        for row in rows:
            report = self.model.store.alarms(row.id) if self.model.store is not None else None
            if report is not None and (alarms := report.without(self.model.alarms_off).alarms):
                found.append((row, alarm_note(row, alarms[0])))
        if found:
            self.prompt.show_message(found[-1][1], "warn")
            self.post_message(AlarmsRaised(found))

    def tick(self) -> None:
        """Draw what time alone changes, and check the alarms that the clock raises."""
        self.presenter.tick()
        if self.model.alarm_watch.is_due(self.model.now()):
            start_worker(self, self._check_alarms, group="alarms", exclusive=True)

    async def _check_alarms(self) -> None:
        self._show(await self.model.check_alarms())

    @property
    def saved(self) -> SavedView:
        """The current view, to be saved for the next start. The filter is part of it only after `:w`."""
        view, style, curve = self.model.view.current, self.log_view.log_style, self.model.view.current.curve
        return self.model.saved._replace(
            sort=view.sort,
            reverse=view.reverse,
            wrap=style.wrap,
            hides_metrics=style.hides_metrics,
            times=style.times,
            tab=self.panes.tab,
            splits=self.panes.splits,
            columns=self.jobs.list.columns.wanted,
            hint_step=self.hints.step,
            hint_starts=self.hints.starts,
            curve_log=curve.is_log,
            curve_whole=curve.is_whole,
            curve_smoothing=curve.smoothing,
            curve_axis=curve.axis,
        )

    # Keys and mouse

    async def on_key(self, event: events.Key) -> None:
        """Handle one key after the other: over a slow line several arrive at once, and each needs the effect of the
        previous one."""
        if await self.controllers.router.press(event.key, event.character):
            event.stop()

    def on_paste(self, event: events.Paste) -> None:
        if not self.prompt.paste(event.text):
            self.prompt.show_message("Paste only works in a text field (/, : or the create form).", "dim")

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.presenter.resized)

    def on_line_list_moved(self, message: LineList.Moved) -> None:
        """Make the pane of a clicked line active; open the line after a double click."""
        in_jobs = message.list is self.jobs.list
        in_files = message.list is self.side.files
        self.controllers.layout.go("jobs" if in_jobs else "files" if in_files else "checkpoints")
        if in_jobs:
            self.controllers.jobs.cursor_moved()
        if message.twice:
            self.call_later(self.controllers.router.run, "open")

    def on_titled_pane_chosen(self, message: TitledPane.Chosen) -> None:
        self.controllers.layout.go(message.pane)

    def on_jobs_pane_sort_requested(self, message: JobsPane.SortRequested) -> None:
        self.controllers.jobs.sort_by(message.column)

    def on_detail_view_resized(self) -> None:
        self.panes.needs = Needs(*self.panes.needs[:2])  # the detail is wrapped anew
        self.presenter.draw(Part.DETAIL)

    def on_log_view_reached_top(self) -> None:
        self.controllers.log.load_older()
