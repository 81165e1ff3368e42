"""Confirmation of actions and reports of their outcomes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fttui.core.questions import MOST_BY_Y, typed_number
from fttui.models.row import short_id
from fttui.store.snapshot import Outcome
from fttui.text import fit
from fttui.ui.cockpit.model import CockpitModel, Part
from fttui.ui.cockpit.presenter import Presenter
from fttui.ui.widgets.prompt import PromptRow

MOST_SUFFIX = 32
"""Cells of a suffix in a message."""

Outcomes = Mapping[str, Outcome]
"""Outcomes by id."""


def confirm(
    prompt: PromptRow,
    question: str,
    number: int,
    act: Callable[[], object],
    *,
    verb: str = "delete",
    things: str = "jobs",
    others: Mapping[str, Callable[[], object]] | None = None,
) -> None:
    """Ask before an action on a number of objects. For many of them the user types the number.

    Args:
        others: actions by further keys, which the question names.
    """
    if number > MOST_BY_Y:
        prompt.confirm_number(question, typed_number(number, verb, things), number, act)
    else:
        prompt.confirm(question, act, others)


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
        """Return suffix and shortened id of a job; the shortened id alone for an unknown job, a file or a model.

        A long suffix is cut, so that it does not push the outcome out of the row.
        """
        row = self._model.rows().get(id)
        return short_id(id) if row is None else row._replace(suffix=fit(row.suffix, MOST_SUFFIX)).title
