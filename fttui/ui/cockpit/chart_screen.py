"""A chart over the whole screen, with a cross-hair: the base of the big curve and of the comparison."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from fttui.commands import Command
from fttui.learning.run import Run
from fttui.text import wrap
from fttui.ui.cockpit.chart_state import LINEAR, USUAL, ChartState, CrossHairKeys
from fttui.ui.cockpit.clipboard import Clipboard
from fttui.ui.cockpit.curve_settings import CurveSettings
from fttui.ui.cockpit.help_commands import HelpCommands
from fttui.ui.cockpit.key_router import Handlers, KeyRouter
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.cockpit.sample_commands import SamplesLook
from fttui.ui.cockpit.slow_link import DrawingPace
from fttui.ui.cockpit.try_commands import OpenTry, TryCommands
from fttui.ui.messages import RedrawRequested
from fttui.ui.panes.curve import CurveView
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span, title_rule
from fttui.ui.terminal.screen_events import ScreenEvents
from fttui.ui.widgets.footer import Footer
from fttui.ui.widgets.line_view import TextRow
from fttui.ui.widgets.prompt import PromptRow
from fttui.ui.workers import start_worker

if TYPE_CHECKING:
    from fttui.core.pricing import Cost
    from fttui.models.row import JobRow

MOST_WORDS = 3
"""Most rows of words under the chart."""
AROUND = 8
"""Cells of a chart beside the plot, at least."""


class ChartContext(NamedTuple):
    """Objects of the cockpit that a chart needs."""

    model: CockpitModel
    glyphs: Glyphs
    commands: tuple[Command, ...]
    form: str
    """Value of the setting `chart`."""
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    show_job: Callable[[str], None]
    """Puts the cursor of the list on a job."""
    open_job: Callable[[str], None]
    """Opens the detail of a job."""
    cost: Callable[[JobRow], Cost]
    open_try: OpenTry


class ChartScreen(ScreenEvents, Screen[None]):
    """Title, chart, values under the cross-hair, words and footer. Charts are drawn again at each publication."""

    AUTO_FOCUS = None
    pane = ""
    """Name for footer and help."""

    def __init__(self, context: ChartContext) -> None:
        super().__init__()
        self.context = context
        self.model = context.model
        self.title_row = TextRow(id="chart-title")
        self.chart = CurveView(context.glyphs, context.form, id="chart")
        self.chart.shows_raw = not context.model.has_slow_link
        self._pace = DrawingPace(
            self, lambda: context.model.has_slow_link, lambda: self.call_later(self.reload), context.sleep
        )
        self.readout_row = TextRow(id="readout")
        self.words_row = TextRow(id="words")
        self.prompt = PromptRow(lambda build: self.footer.show_hint(build), context.monotonic)
        self.footer = Footer(context.commands, lambda _: "", lambda: self.pane)
        self.settings = CurveSettings(self.model, self.runs, self._settings_changed)
        self.state = ChartState(self.settings)
        self._cross_keys = CrossHairKeys(self.state, self.scale, self.draw, self.show_note)
        self.clipboard = Clipboard(self.prompt, self.post_message)
        look = SamplesLook(context.glyphs, context.commands, context.monotonic)
        self.trying = TryCommands(self, self.model, look, context.open_try, self.show_note, self.reload)
        help = HelpCommands(
            self, self.model, context.glyphs, context.commands, lambda: self.pane,
            lambda id: self.router.run(id), lambda _: None, self._refusal,
        )  # fmt: skip
        self._handlers: Handlers = {**self.handlers, **help.handlers}
        self.router = KeyRouter(context.commands, self.prompt, lambda: self.pane, {}, self._handlers, lambda: None)

    # What subclasses show

    def runs(self) -> Sequence[Run]:
        """Return the runs that are drawn."""
        raise NotImplementedError

    def load(self) -> None:
        """Take over the data of the present publication and settings, and pass the curves to `state.sync`."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw everything, with the data that `load` took over."""
        raise NotImplementedError

    def body(self) -> Sequence[Widget]:
        """Return the widgets between title and words."""
        return (self.chart, self.readout_row)

    def gone_back(self) -> bool:
        """Go back one level inside the screen. Return False when there is none."""
        return self.state.cross.leave_range()

    # Layout

    def compose(self) -> ComposeResult:
        yield self.title_row
        yield from self.body()
        yield self.words_row
        yield self.prompt
        yield self.footer

    def on_mount(self) -> None:
        self.footer.update_entries()
        self.reload()
        start_worker(self, self._follow)

    def on_resize(self) -> None:
        self.call_after_refresh(self.draw)

    def reload(self) -> None:
        """Draw the present data. Cheaper than this, `draw` alone is enough after a move of the cross-hair."""
        self.load()
        self.draw()

    async def _follow(self) -> None:
        """Draw after each publication."""
        while True:
            await self.model.next_change()
            self._pace.ask()

    def show_words(self, paragraphs: Sequence[tuple[str, str]]) -> None:
        """Show texts, each with its role, under the chart. The last row gives way to messages."""
        cells = max(20, self.size.width - 2)
        lines = [(line, role) for text, role in paragraphs if text for line in wrap(text, cells)]
        if len(lines) > MOST_WORDS:
            text, role = lines[MOST_WORDS - 1]
            lines = [*lines[: MOST_WORDS - 1], (text[: cells - 1] + self.context.glyphs.cut, role)]
        rows: list[Line] = [[(f" {line}", role)] for line, role in lines]
        self.words_row.show(*rows[:-1])
        self.words_row.styles.height = max(0, len(rows) - 1)
        self.words_row.display = len(rows) > 1
        self.prompt.set_idle_line(rows[-1] if rows else ())

    def show_title(self, title: Sequence[Span], facts: Sequence[str]) -> None:
        """Show a title, and facts at its right end. Without room for all, those that are as usual leave first."""
        dot = f" {self.context.glyphs.dot} "
        unusual = [fact for fact in facts if fact not in USUAL]
        ends = [facts, [fact for fact in facts if fact != LINEAR], *(unusual[place:] for place in range(len(unusual)))]
        words = [dot.join(end) for end in ends]
        self.title_row.fill(lambda cells: title_rule(cells, title, words, self.context.glyphs))

    def show_note(self, text: str) -> None:
        """Show a note until the next key."""
        self.prompt.show_message(text, "dim")

    def scale(self) -> tuple[float, float]:
        """Return the length of the axis that is shown, and the width of a column on it."""
        picture = self.chart.picture
        x0, x1 = picture.x_range if picture is not None else (0.0, 1.0)
        return x1 - x0, (x1 - x0) / max(1, self.chart.size.width - AROUND)

    def _settings_changed(self, words: str) -> None:
        self.reload()
        self.prompt.show_message(words, "dim")

    # Keys

    @property
    def handlers(self) -> Handlers:
        """Handlers of the commands that every chart has, by command id."""
        return {
            **self.settings.handlers,
            **self._cross_keys.handlers,
            "undo": self._undo,
            "back": self._back,
            "quit": self.close,
            "redraw": self._redraw,
        }

    def _undo(self) -> None:
        if not self.gone_back():
            self.show_note("Nothing to undo.")
        self.draw()

    def _back(self) -> None:
        if self.gone_back():
            self.draw()
        else:
            self.close()

    def _redraw(self) -> None:
        self.post_message(RedrawRequested())

    def close(self) -> None:
        """Show the cockpit again."""
        self.dismiss(None)

    def _refusal(self, command: Command) -> str:
        return "" if command.id in self._handlers else "close the chart first"

    async def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        await self.router.press(event.key, event.character)

    def on_paste(self, event: events.Paste) -> None:
        self.prompt.paste(event.text)
