"""Input of the filter: narrows the list while the user types, and helps with the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fttui.models.row import JobRow
from fttui.ui.cockpit import filter_line
from fttui.ui.cockpit.filter_line import ListedJobs
from fttui.ui.cockpit.model import CockpitModel, Part
from fttui.ui.cockpit.presenter import Presenter
from fttui.ui.render.hints import Hint
from fttui.ui.widgets.prompt import PromptRow
from fttui.ui.widgets.text_input import MOST_HISTORY, Assistance


class FilterPrompt:
    """Reads the filter of the list. Escape restores the previous filter; undo takes one step."""

    def __init__(
        self, model: CockpitModel, presenter: Presenter, prompt: PromptRow, open_help: Callable[[], object]
    ) -> None:
        self._model = model
        self._presenter = presenter
        self._prompt = prompt
        self._history: list[str] = []
        self.assistance = Assistance(self._completions, self._hint, self._right, self._history, open_help)
        self._rows: Mapping[str, JobRow] = {}
        self._jobs = ListedJobs((), 0.0)
        """Values of `_rows`."""

    def open(self) -> None:
        previous = self._model.view.current.filter

        def done(text: str, accepted: bool) -> None:
            self._show(previous, remember=False)
            if not accepted:
                return
            if text.strip():
                self._history[:] = [*(old for old in self._history if old != text), text][-MOST_HISTORY:]
            if fault := filter_line.fault(text):
                stop = "" if fault.endswith(("?", ".")) else "."
                self._prompt.show_message(f"! {fault}{stop} The filter is as before.", "warn")
            else:
                self._show(text, remember=True)

        self._prompt.read_text("/", previous, self._typed, done, self.assistance)

    def _typed(self, text: str) -> None:
        shown = filter_line.applied(text, self._listed())
        if not filter_line.fault(shown):
            self._show(shown, remember=False)

    def _show(self, text: str, *, remember: bool) -> None:
        self._model.view.change(remember=remember, filter=text)
        self._presenter.draw(Part.LIST | Part.TITLES)

    def _listed(self) -> ListedJobs:
        rows = self._model.rows()
        if rows is not self._rows:
            self._rows, self._jobs = rows, ListedJobs(rows.values(), self._model.now(), self._model.view.known)
        self._jobs.now = self._model.now()
        return self._jobs

    def _completions(self, text: str) -> list[str]:
        return filter_line.completions(text, self._listed())

    def _hint(self, text: str) -> Hint:
        return filter_line.hint(text, self._listed())

    def _right(self, _: str) -> str:
        return self._model.count_words
