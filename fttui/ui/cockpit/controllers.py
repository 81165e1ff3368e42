"""The controllers of the cockpit and the handlers of its commands. A new pane adds its controller here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from fttui.commands import Command
from fttui.text import clean_line
from fttui.ui.cockpit.app_commands import AppCommands, profile_names
from fttui.ui.cockpit.chart_commands import ChartCommands
from fttui.ui.cockpit.checkpoints_controller import CheckpointsController
from fttui.ui.cockpit.clipboard import Clipboard, CopyCommands
from fttui.ui.cockpit.command_line import CommandError, columns_of, sort_of
from fttui.ui.cockpit.command_line_controller import CommandLineController, WordHandler
from fttui.ui.cockpit.curve_controller import CurveController
from fttui.ui.cockpit.detail_controller import DetailController
from fttui.ui.cockpit.files_controller import FilesController
from fttui.ui.cockpit.first_hints import FirstHints
from fttui.ui.cockpit.help_commands import TOPIC_PREFIX, HelpCommands
from fttui.ui.cockpit.job_actions import Closed, JobActions
from fttui.ui.cockpit.job_deletions import JobDeletions
from fttui.ui.cockpit.jobs_controller import JobsController
from fttui.ui.cockpit.key_router import KeyRouter
from fttui.ui.cockpit.late_store import LateStore
from fttui.ui.cockpit.layout import PaneLayout
from fttui.ui.cockpit.layout_controller import LayoutController
from fttui.ui.cockpit.log_controller import LogController
from fttui.ui.cockpit.model import CockpitModel, Part
from fttui.ui.cockpit.outcomes import OutcomeReport
from fttui.ui.cockpit.pane_controller import ControllerContext, PaneController
from fttui.ui.cockpit.presenter import Presenter
from fttui.ui.cockpit.sample_commands import SamplesLook
from fttui.ui.cockpit.search import Search
from fttui.ui.cockpit.try_commands import OpenTry, TryCommands
from fttui.ui.panes.jobs import JobsPane
from fttui.ui.panes.side import SidePanes
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.status_line import ServiceInfo
from fttui.ui.widgets.prompt import PromptRow
from fttui.ui.workers import ACTION, start_worker

if TYPE_CHECKING:
    from textual.screen import Screen

    from fttui.models.job import Job
    from fttui.store.port import FormPort

OpenForm = Callable[["FormPort", ServiceInfo, "Job | None", Closed], Awaitable[None]]
"""Opens the form that creates a job at a service."""


class Controllers:
    """Builds the controllers and joins their handlers in one router."""

    def __init__(
        self,
        screen: Screen[None],
        model: CockpitModel,
        panes: PaneLayout,
        presenter: Presenter,
        jobs: JobsPane,
        side: SidePanes,
        prompt: PromptRow,
        glyphs: Glyphs,
        commands: tuple[Command, ...],
        open_form: OpenForm,
        hints: FirstHints,
        chart: str,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        open_try: OpenTry,
    ) -> None:
        """
        Args:
            screen: used for workers, messages and screens only.
            chart: value of the setting `chart`.
        """
        self._model = model
        self._open_form = open_form
        self._presenter = presenter
        self._hints = hints
        self.layout = LayoutController(panes, model.view, presenter, prompt, lambda pane: self.by_pane[pane].entered())
        self._prompt = prompt
        context = ControllerContext(model, presenter, self.layout, prompt)
        clipboard = Clipboard(prompt, screen.post_message)
        report = OutcomeReport(model, presenter, prompt)
        start = partial(start_worker, screen)
        start_action = partial(start, group=ACTION)
        draw_titles = partial(presenter.draw, Part.TITLES)
        prompt_note = partial(prompt.show_message, role="dim")

        help = HelpCommands(
            screen,
            model,
            glyphs,
            commands,
            lambda: panes.active,
            lambda id: self.router.run(id),
            lambda line: self.line.open(line),
        )
        search_help = partial(help.open_page, "filter.text")
        older = presenter.older_events
        log_search = Search(
            side.log_view, prompt, draw_titles, search_help, load=older.load_all, left_out=lambda: older.left_out
        )
        self.log = LogController(side.log_view, context, log_search, older)
        self.jobs = JobsController(
            jobs, context, self.log.find, partial(help.open_page, f"{TOPIC_PREFIX}filter"), commands
        )
        self.files = FilesController(side.files, context, clipboard, report, start)
        detail = DetailController(side.detail, context, Search(side.detail, prompt, draw_titles, search_help))
        curve = CurveController(side.curve, context, self.jobs)

        def draw_panes() -> None:
            presenter.draw(Part.CURVE | Part.DETAIL | Part.TITLES)

        look = SamplesLook(glyphs, commands, monotonic)
        self._try = TryCommands(screen, model, look, open_try, prompt_note, draw_panes)
        self.by_pane: Mapping[str, PaneController] = {
            "jobs": self.jobs,
            "curve": curve,
            "detail": detail,
            "log": self.log,
            "checkpoints": CheckpointsController(side.checkpoints, context, clipboard, report, start_action, self._try),
            "files": self.files,
        }
        actions = JobActions(context, report, start_action, self._open_form_here, self.files.delete, self.jobs.show_job)
        charts = ChartCommands(screen, context, glyphs, commands, chart, monotonic, sleep, self._open_job, open_try)
        app = AppCommands(
            screen,
            context,
            glyphs,
            run_command=lambda id: self.router.run(id),
            load_files=self.files.load,
        )
        self.line = CommandLineController(
            prompt,
            lambda id: self.router.run(id),
            self._words(app, panes, screen.call_later),
            {
                "goto": lambda: self.jobs.names,
                "theme": lambda: screen.app.available_themes,
                "profile": profile_names,
                "try": self._try.names,
            },
            self.jobs.filter_prompt.assistance,
            help.open_words,
            screen.call_later,
        )
        self.router = KeyRouter(
            commands,
            prompt,
            lambda: panes.active,
            {pane: controller.handlers for pane, controller in self.by_pane.items()},
            {
                **self.layout.handlers,
                **self.jobs.handlers_everywhere,
                **curve.handlers_everywhere,
                **detail.handlers_everywhere,
                **self.log.handlers_everywhere,
                **actions.handlers,
                **JobDeletions(context, report, start_action).handlers,
                **CopyCommands(model, clipboard, prompt, lambda: side.log_view.line_text).handlers,
                **app.handlers,
                **charts.handlers,
                **self._try.handlers,
                **help.handlers,
                **self.line.handlers,
            },
            presenter.catch_up,
            self._ran,
        )

    def _words(
        self, app: AppCommands, panes: PaneLayout, call_later: Callable[..., object]
    ) -> Mapping[str, WordHandler]:
        """Return the handlers of the words of the command line."""

        def sort(argument: str) -> None:
            column, descending = sort_of(argument)
            self.jobs.change_view(sort=column, reverse=descending)

        def try_model(name: str) -> None:
            call_later(self._try_named, name)

        return {
            "filter": self.jobs.filter_by,
            "sort": sort,
            "columns": lambda names: self.jobs.show_columns(columns_of(names)),
            "goto": self.jobs.go_to,
            "watch": lambda _: app.watch(),
            "theme": app.use_theme,
            "profile": app.use_profile,
            "runs": app.watch_runs,
            "interval": app.use_interval,
            "try": try_model,
            "export": lambda argument: self.by_pane[panes.active].export(argument),
            "w": lambda _: app.save_filter(),
            "hints": self._switch_hints,
        }

    async def _try_named(self, name: str) -> None:
        try:
            await self._try.open_named(name)
        except CommandError as error:
            self._prompt.show_message(str(error), "warn")

    def _open_job(self, id: str) -> None:
        """Show the detail of a job, also of one that a filter hides."""
        if id in self._model.listed:
            self._presenter.move_to_job(id)
        else:
            self.jobs.show_job(id)
        self.layout.go("detail")

    def _ran(self, command_id: str) -> None:
        if self._hints.used(command_id):
            self._presenter.draw(Part.DETAIL)

    def _switch_hints(self, argument: str) -> None:
        if argument not in ("", "on", "off"):
            raise CommandError("Write :hints on or :hints off.")
        is_on = argument != "off"
        self._hints.switch(on=is_on)
        self._presenter.draw(Part.DETAIL)
        self._prompt.show_message(f"First-run hints are {'on' if is_on else 'off'}.", "dim")

    async def _open_form_here(self, job: Job | None, closed: Closed) -> None:
        from fttui.config.errors import ConfigError

        try:
            await self._open_form(LateStore(self._model), self._model.service, job, closed)
        except ConfigError as error:  # the configuration was changed while the cockpit runs
            self._prompt.show_message(clean_line(str(error)), "warn")
