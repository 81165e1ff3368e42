"""Confirmation of actions and reports of their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fttui.models.row import short_id
from fttui.store.snapshot import Outcome
from fttui.ui.cockpit.model import CockpitModel, Part
from fttui.ui.cockpit.presenter import Presenter
from fttui.ui.widgets.prompt import PromptRow

MOST_BY_Y = 10
"""Largest number of objects that `y` confirms. For more, the user types the number."""

Outcomes = Mapping[str, Outcome]
"""Outcomes by id."""


def confirm(prompt: PromptRow, question: str, verb: str, number: int, act: Callable[[], object]) -> None:
    """Ask before an action on a number of objects."""
    if number > MOST_BY_Y:
        prompt.confirm_number(question, number, verb, act)
    else:
        prompt.confirm(question, act)


class OutcomeReport:
    """Shows how an action went, and records refusals in the error list."""

    def __init__(self, model: CockpitModel, presenter: Presenter, prompt: PromptRow) -> None:
        self._model = model
        self._presenter = presenter
        self._prompt = prompt

    def redraw(self, ids: frozenset[str]) -> None:
        """Draw jobs that an action has changed, and remove their marks."""
        self._model.unmark(ids)
        self._presenter.draw(Part.MARKS | Part.FRAME, ids)

    def show(self, outcomes: Outcomes, done: str, *, things: str = "jobs", success: str = "") -> None:
        """Show outcomes in the prompt row: the first refusal with its reason, else the success.

        Args:
            done: participle of the action: `cancelled`, `deleted`.
            success: message to show instead of the default one.
        """
        self.redraw(frozenset(outcomes))
        refused = [(id, outcome) for id, outcome in outcomes.items() if not outcome.ok]
        if not refused:
            one = self.name(next(iter(outcomes))) if len(outcomes) == 1 else f"{len(outcomes)} {things}"
            self._prompt.show_message(success or f"{done.capitalize()} {one}")
            return
        for id, outcome in refused:
            request = f" {outcome.request_id}" if outcome.request_id else ""
            self._model.record_error(f"{id} was not {done}: {outcome.message}{request}")
        id, outcome = refused[0]
        more = f" ({len(refused)} of {len(outcomes)} refused)" if len(outcomes) > 1 else ""
        self._prompt.show_message(f"{self.name(id)} was not {done}: {outcome.message}{more}", "warn")

    def name(self, id: str) -> str:
        """Return suffix and shortened id of a job; the shortened id alone for an unknown job, a file or a model."""
        row = self._model.rows().get(id)
        return short_id(id) if row is None else row.title
