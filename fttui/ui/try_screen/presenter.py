"""Drawing of the Try screen: the only object that writes to its widgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.containers import Container

from fttui.core.try_candidates import Candidate
from fttui.core.try_model import Answer, TryModel
from fttui.text import width
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span, rule_line, title_rule
from fttui.ui.try_screen.arrangement import Arrangement, arrange
from fttui.ui.try_screen.lines import (
    answer_facts,
    answer_lines,
    answer_title,
    narrow_prompt,
    prompt_lines,
    status_words,
    text_lines,
)
from fttui.ui.try_screen.state import TryState
from fttui.ui.try_screen.text_edit import TextEdit
from fttui.ui.try_screen.views import TextView, TitledText
from fttui.ui.widgets.footer import Footer
from fttui.ui.widgets.line_view import TextRow
from fttui.ui.widgets.prompt import PromptRow

NO_PROMPTS = "No prompts. a writes one."


class TryWidgets(NamedTuple):
    """Widgets of the screen."""

    title: TextRow
    prompt: TextView
    answers: Container
    first: TitledText
    second: TitledText
    expected: TitledText
    row: PromptRow
    footer: Footer


class TryPresenter:
    """Draws the state and the answers."""

    def __init__(
        self, widgets: TryWidgets, state: TryState, trying: TryModel, glyphs: Glyphs, expected_key: str
    ) -> None:
        """
        Args:
            expected_key: key that shows the expected answer.
        """
        self._widgets = widgets
        self._state = state
        self._trying = trying
        self._glyphs = glyphs
        self._expected_key = expected_key
        self._size = (80, 24)
        self.edit: TextEdit | None = None
        """Editor of a prompt, in the place of the prompt; None while no prompt is written."""

    @property
    def pairs(self) -> list[tuple[Candidate, Answer | None]]:
        """Models that are shown, each with its answer to the current prompt."""
        state, prompt = self._state, self._state.prompt
        if prompt is None:
            return [(candidate, None) for candidate in state.models]
        return [(each, self._trying.kept(each.model, prompt, state.sampling(each))) for each in state.models]

    @property
    def shows_expected(self) -> bool:
        """The expected answer is on the screen."""
        return self._widgets.expected.display

    def show_hint(self, line: Line | None) -> None:
        """Show a row instead of the footer; None shows the footer again."""
        self._widgets.footer.show_hint(None if line is None else lambda _: line)

    def scroll(self, lines: int) -> None:
        """Scroll the active answer, down when positive."""
        is_second = self._widgets.second.display and self._state.active == 1
        (self._widgets.second if is_second else self._widgets.first).view.scroll_lines(lines)

    def resize(self, width: int, height: int) -> None:
        self._size = (width, height)
        self.draw()

    def draw(self) -> None:
        """Draw everything."""
        place = self._arrange()
        self._draw_prompt(place)
        self._draw_expected(place)
        self.draw_answers(place)
        self._widgets.footer.update_entries()

    def draw_answers(self, place: Arrangement | None = None) -> None:
        """Draw the answers and the status only. Answers that have not changed cause no output."""
        place = place or self._arrange()
        widgets, state, pairs = self._widgets, self._state, self.pairs
        self._draw_title()
        shown = [pairs[state.active]] if place.one_answer else pairs
        for pane, (candidate, answer) in zip((widgets.first, widgets.second), shown, strict=False):
            cells = self._size[0] if not place.is_wide else (self._size[0] - 1) // 2
            if self._state.prompt is None:
                lines = text_lines(self._why_no_prompt(), cells, "dim")
            else:
                lines = answer_lines(answer, candidate, state.subject.title, cells - 1, self._glyphs)
            pane.view.show_lines(lines, follow=answer is not None and not answer.is_over)
            self._fill(pane.title_row, self._answer_title(candidate, place), answer_facts(answer, self._glyphs))
        words = status_words(pairs, self._cost_words(), self._glyphs)
        if not self.shows_expected and state.prompt is not None and state.prompt.expected:
            hint = f"{words}{f' {self._glyphs.dot} ' if words else ''}{self._expected_key} shows expected"
            words = hint if width(hint) < self._size[0] - 1 else words
        widgets.row.set_idle_line([(f" {words}", "dim")] if words else ())

    def _cost_words(self) -> str:
        """Return what a prompt costs on this machine; empty for other services, whose cost is a question."""
        state = self._state
        if not self._trying.is_local or state.prompt is None:
            return ""
        models = [candidate.model for candidate in state.models]
        return self._trying.cost_words(models, state.prompt, state.sampling(state.models[0]))

    def _arrange(self) -> Arrangement:
        width, height = self._size
        widgets, state = self._widgets, self._state
        wanted = len(self._prompt_lines())
        place = arrange(
            width,
            height,
            answers=len(state.models),
            prompt=max(wanted, 3 if self.edit is not None else 1),
            expected=len(self._expected_lines()),
            shows_expected=state.shows_expected,
            zoomed=state.is_zoomed,
        )
        widgets.prompt.styles.height = place.prompt
        widgets.answers.styles.layout = "horizontal" if place.is_wide else "vertical"
        widgets.second.set_class(place.is_wide, "-beside")
        widgets.first.place(None if place.one_answer or place.is_wide else place.answer)
        widgets.second.place(None, shown=not place.one_answer)
        widgets.expected.place(place.expected, shown=bool(place.expected))
        return place

    def _draw_title(self) -> None:
        state, dot = self._state, f" {self._glyphs.dot} "
        right = [state.place, *state.settings_words]
        if not self._trying.is_free and self._trying.spent and (spent := self._trying.spent_words):
            right.append(f"{spent} so far")
        title: list[Span] = [("Try", "title"), (f" {state.subject.title}", "")]
        ends = [dot.join(filter(None, right[:number])) for number in range(len(right), 0, -1)]
        self._widgets.title.fill(lambda cells: title_rule(cells, title, ends, self._glyphs))

    def _fill(self, row: TextRow, title: Line, right: str) -> None:
        row.fill(lambda cells: rule_line(cells, title, right, self._glyphs))

    def _prompt_lines(self, place: Arrangement | None = None) -> Sequence[Line]:
        width, prompt = self._size[0], self._state.prompt
        if self.edit is not None:
            return [[(" ", ""), *line] for line in self.edit.lines(width - 2)[0]]
        if prompt is None:
            return [[(" ", "")]]
        parts = prompt.parts
        if place is not None and place.is_small:
            return narrow_prompt(parts, width)
        return prompt_lines(parts, width, None if place is None else place.prompt)

    def _draw_prompt(self, place: Arrangement) -> None:
        view = self._widgets.prompt
        view.show_lines(self._prompt_lines(place))
        if self.edit is not None:
            row = self.edit.lines(self._size[0] - 2)[1]
            view.scroll_to_line(max(0, row - place.prompt + 1))

    def _draw_expected(self, place: Arrangement) -> None:
        pane = self._widgets.expected
        if not place.expected:
            return
        pane.view.show_lines(self._expected_lines())
        self._fill(pane.title_row, [("expected", "dim")], self._state.where)

    def _expected_lines(self) -> list[Line]:
        prompt = self._state.prompt
        return text_lines(prompt.expected, self._size[0] - 1) if prompt is not None else []

    def _answer_title(self, candidate: Candidate, place: Arrangement) -> list[Span]:
        state = self._state
        of_two = len(state.models) > 1
        if not place.one_answer or not of_two:
            return answer_title(candidate, is_active=candidate == state.candidate, of_two=of_two)
        spans: list[Span] = []  # the other answer is named beside it
        for index, each in enumerate(state.models):
            is_active = index == state.active
            name = each.title if is_active else each.name
            spans += [(" ", ""), (self._glyphs.rule, "rule"), (" ", "")] if spans else []
            spans.append((f"{'>' if is_active else ''}{name}", "title" if is_active else "dim"))
        return spans

    def _why_no_prompt(self) -> str:
        listed = self._state.listed
        if listed is not None:
            return f"{listed.trouble} {NO_PROMPTS}".strip()
        if not self._state.subject.job:
            return NO_PROMPTS
        if self._trying.is_local:
            return "Reading the prompts…"
        return "Reading the first 100 prompts from the provider…"
