"""Commands of the log: follow, level, wrapping, times, search and export."""

from __future__ import annotations

from typing import Any

from fttui.ui.cockpit.exporter import MOST_EVENTS, Exportable, Exporter
from fttui.ui.cockpit.key_router import Handlers
from fttui.ui.cockpit.model import Part
from fttui.ui.cockpit.older_events import OlderEvents
from fttui.ui.cockpit.pane_controller import ControllerContext, PaneController
from fttui.ui.cockpit.pane_export import log_jsonl, log_text
from fttui.ui.cockpit.search import Search
from fttui.ui.panes.log import LogView
from fttui.ui.render.log_lines import LEVELS, TIMES


class LogController(PaneController):
    """Controller of the log. Its commands work in every pane and bring the log into view."""

    def __init__(self, view: LogView, context: ControllerContext, search: Search, older: OlderEvents) -> None:
        super().__init__(view, context)
        self._log = view
        self._search = search
        self._older = older
        self._exporter = Exporter(
            context.prompt,
            Exportable("log", ("log", "jsonl"), lambda: self._model.selected or "", self._export_content),
        )

    @property
    def handlers(self) -> Handlers:
        return {**super().handlers, **self._search.handlers, "export": self.export}

    @property
    def handlers_everywhere(self) -> Handlers:
        return {
            "search.next": lambda: self._search.go_to_next(1),
            "search.previous": lambda: self._search.go_to_next(-1),
            "log.follow": self._toggle_follow,
            "log.level": self._next_level,
            "log.only": self._toggle_only,
            "log.wrap": self._toggle_wrap,
            "log.metrics": lambda: self._restyle(hides_metrics=not self._log.log_style.hides_metrics),
            "time.mode": self._next_times,
        }

    def move(self, lines: int) -> None:
        self._log.scroll_lines(lines)
        self._presenter.draw(Part.TITLES)

    def open(self) -> None:
        self._toggle_wrap()

    def leave(self) -> None:
        """End the search, else go to the detail."""
        if not self._search.clear():
            self._layout.go("detail")

    def export(self, argument: str = "") -> None:
        self._exporter.run(argument)

    def find(self, step: int) -> None:
        """Go to the next (1) or previous (-1) match from the list, and make the log active."""
        if self._log.search:
            self._layout.go("log")
        self._search.go_to_next(step)

    def load_older(self) -> None:
        """Load older events at the top of the log."""
        self._presenter.catch_up()
        self._older.load()
        self._presenter.draw(Part.TITLES)

    def _toggle_follow(self) -> None:
        self._layout.show("log")
        self._log.set_follow(not self._log.follow)
        self._presenter.draw(Part.TITLES)

    def _next_level(self) -> None:
        self._restyle(level=LEVELS[(LEVELS.index(self._log.log_style.level) + 1) % len(LEVELS)])

    def _toggle_only(self) -> None:
        if self._log.search:
            self._restyle(only=not self._log.log_style.only)
        else:
            self._prompt.show_message("Search the log first: & then shows only matching lines.", "dim")

    def _toggle_wrap(self) -> None:
        self._restyle(wrap=not self._log.log_style.wrap)

    def _next_times(self) -> None:
        times = TIMES[(TIMES.index(self._log.log_style.times) + 1) % len(TIMES)]
        self._restyle(times=times)
        self._prompt.show_message(f"Times: {times}", "dim")

    def _restyle(self, **members: Any) -> None:
        """Change the look of the log. The change can be undone, apart from the search."""
        self._layout.show("log")
        style = self._log.log_style._replace(**members)
        self._model.view.change(log_style=style._replace(search="", only=False))
        self._log.restyle(style)
        self._older.fill()
        self._presenter.draw(Part.TITLES)

    def _export_content(self, format: str) -> str:
        store = self._model.store
        events = store.events(self._model.selected or "", limit=MOST_EVENTS) if store is not None else []
        return log_jsonl(events) if format == "jsonl" else log_text(events)
