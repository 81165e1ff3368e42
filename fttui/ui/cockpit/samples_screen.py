"""Samples of a job over the whole screen: what the model answered during the training. No model is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from fttui.commands import Command
from fttui.models.row import JobRow
from fttui.ui.cockpit.clipboard import Clipboard
from fttui.ui.cockpit.help_commands import HelpCommands
from fttui.ui.cockpit.key_router import Handlers, KeyRouter
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.cockpit.sample_commands import TryStep
from fttui.ui.cockpit.sample_position import SamplePosition
from fttui.ui.messages import RedrawRequested
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, rule_line
from fttui.ui.render.sample_lines import sample_lines
from fttui.ui.terminal.screen_events import ScreenEvents
from fttui.ui.widgets.footer import Footer
from fttui.ui.widgets.line_view import LineView, TextRow
from fttui.ui.widgets.prompt import PromptRow
from fttui.ui.workers import start_worker


class SamplesContext(NamedTuple):
    """Objects of the cockpit that the samples need."""

    model: CockpitModel
    glyphs: Glyphs
    commands: tuple[Command, ...]
    monotonic: Callable[[], float]
    try_step: TryStep


class SamplesView(LineView):
    """Lines of a prompt and its answers."""

    def __init__(self, build: Callable[[int], Sequence[Line]]) -> None:
        super().__init__(id="samples")
        self._build = build
        self._lines: Sequence[Line] = ()

    def reload(self) -> None:
        """Build the lines again."""
        self._lines = self._build(max(20, self.size.width - 1))
        self.lines_changed()

    def on_resize(self) -> None:
        self.reload()

    def line_count(self) -> int:
        return len(self._lines)

    def line_at(self, index: int) -> Line:
        return self._lines[index]


class SamplesScreen(ScreenEvents, Screen[None]):
    """Samples of one job. `n` and `N` walk through the steps of the training, `]` and `[` through the prompts."""

    AUTO_FOCUS = None
    pane = "samples"
    """Name for footer and help."""

    def __init__(self, context: SamplesContext, row: JobRow, step: int | None) -> None:
        """
        Args:
            step: the step to begin with; None for the newest.
        """
        super().__init__()
        self.context = context
        self._model = context.model
        self._row = row
        self._position = SamplePosition(step)
        self._has_expected = True
        self.title_row = TextRow(id="chart-title")
        self.view = SamplesView(self._lines)
        self.prompt = PromptRow(lambda build: self.footer.show_hint(build), context.monotonic)
        self.footer = Footer(context.commands, lambda _: "", lambda: self.pane)
        self._clipboard = Clipboard(self.prompt, self.post_message)
        help = HelpCommands(
            self, self._model, context.glyphs, context.commands, lambda: self.pane,
            lambda id: self.router.run(id), lambda _: None, self._refusal,
        )  # fmt: skip
        self._handlers: Handlers = {**self._own_handlers(), **help.handlers}
        self.router = KeyRouter(context.commands, self.prompt, lambda: self.pane, {}, self._handlers, lambda: None)

    def _own_handlers(self) -> Handlers:
        return {
            "search.next": lambda: self._go(self._position.move_step(1), "This is the last step with answers."),
            "search.previous": lambda: self._go(self._position.move_step(-1), "This is the first step with answers."),
            "tab.next": lambda: self._go(self._position.move_prompt(1), "This is the last prompt."),
            "tab.previous": lambda: self._go(self._position.move_prompt(-1), "This is the first prompt."),
            "move.down": lambda: self.view.scroll_lines(1),
            "move.up": lambda: self.view.scroll_lines(-1),
            "move.page_down": lambda: self.view.scroll_lines(self.view.page_height),
            "move.page_up": lambda: self.view.scroll_lines(-self.view.page_height),
            "log.metrics": self._toggle_expected,
            "copy.id": self._copy,
            "back": self.close,
            "quit": self.close,
            "model.try": self._try,
            "redraw": self._redraw,
        }

    def compose(self) -> ComposeResult:
        yield self.title_row
        yield self.view
        yield self.prompt
        yield self.footer

    def on_mount(self) -> None:
        self.footer.update_entries()
        self._reload()
        start_worker(self, self._follow)

    async def _follow(self) -> None:
        """Take over new samples after each publication."""
        while True:
            await self._model.next_change()
            self.call_later(self._reload)

    def _reload(self) -> None:
        store = self._model.store
        self._position.sync(store.samples(self._row.id) if store is not None else ())
        self._draw()

    def _draw(self) -> None:
        position, dot = self._position, f" {self.context.glyphs.dot} "
        facts: list[str] = []
        if position.at is not None:
            steps = position.steps
            place = f"{steps.index(position.at.step_number or 0) + 1} of {len(steps)}"
            facts = [f"prompt {position.number} of {position.prompts}", f"step {position.at.step_number} ({place})"]
        title: Line = [("Samples", "title"), (f" {self._row.name}", "")]
        self.title_row.fill(lambda cells: rule_line(cells, title, dot.join(facts), self.context.glyphs))
        self.view.reload()

    def _lines(self, cells: int) -> Sequence[Line]:
        position = self._position
        if position.at is None or position.sample is None:
            return [[(" No answers are stored.", "dim")]]
        step = position.at.step_number
        is_best = step == self._row.summary.best_step
        title = "base model" if step == 0 else f"step {step}{', the best' if is_best else ''}"
        return sample_lines(
            position.sample, title, position.base, cells, self.context.glyphs, with_expected=self._has_expected
        )

    # Keys

    def _go(self, has_moved: bool, note: str) -> None:
        if has_moved:
            self.view.scroll_to_line(0)
            self._draw()
        else:
            self.prompt.show_message(note, "dim")

    def _toggle_expected(self) -> None:
        self._has_expected = not self._has_expected
        self._draw()

    def _copy(self) -> None:
        if (sample := self._position.sample) is not None:
            self._clipboard.copy(sample.answer, "the answer")

    async def _try(self) -> None:
        """Ask the checkpoint of the step that is shown."""
        step = self._position.at.step_number if self._position.at is not None else None
        reason = await self.context.try_step(self._row, step) if step is not None else ""
        if reason:
            self.prompt.show_message(reason, "dim")

    def _redraw(self) -> None:
        self.post_message(RedrawRequested())

    def close(self) -> None:
        """Show the cockpit again."""
        self.dismiss(None)

    def _refusal(self, command: Command) -> str:
        return "" if command.id in self._handlers else "close the samples first"

    async def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        await self.router.press(event.key, event.character)

    def on_paste(self, event: events.Paste) -> None:
        self.prompt.paste(event.text)
