"""A chart over the whole screen, with a cross-hair: the base of the big curve and of the comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from fttui.commands import Command
from fttui.learning.run import Run
from fttui.text import wrap
from fttui.ui.cockpit.clipboard import Clipboard
from fttui.ui.cockpit.curve_settings import AXIS_WORDS, CurveSettings
from fttui.ui.cockpit.help_commands import HelpCommands
from fttui.ui.cockpit.key_router import Handlers, KeyRouter
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.panes.curve import CurveView
from fttui.ui.render.chart.cross_hair import CrossHair
from fttui.ui.render.chart.view import Curves, View, curves_of
from fttui.ui.render.curve_style import SMOOTHINGS
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import Line, Span, rule_line
from fttui.ui.terminal.latest_size import LatestSize
from fttui.ui.widgets.footer import Footer
from fttui.ui.widgets.line_view import TextRow
from fttui.ui.widgets.prompt import PromptRow

if TYPE_CHECKING:
    from fttui.core.pricing import Cost
    from fttui.models.row import JobRow

MOST_WORDS = 3
"""Most rows of words under the chart."""
JUMPS = 10
"""Number of jumps from one end of the axis to the other."""


class ChartContext(NamedTuple):
    """Objects of the cockpit that a chart needs."""

    model: CockpitModel
    glyphs: Glyphs
    commands: tuple[Command, ...]
    form: str
    """Value of the setting `chart`."""
    monotonic: Callable[[], float]
    show_job: Callable[[str], None]
    """Puts the cursor of the list on a job."""
    open_job: Callable[[str], None]
    """Opens the detail of a job."""
    cost: Callable[[JobRow], Cost]


class ChartScreen(LatestSize, Screen[None]):
    """Title, chart, values under the cross-hair, words and footer. Charts are drawn again at each publication."""

    AUTO_FOCUS = None
    pane = ""
    """Name for footer and help."""

    def __init__(self, context: ChartContext) -> None:
        super().__init__()
        self.context = context
        self.model = context.model
        self.cross = CrossHair()
        self.curves: Sequence[Curves] = ()
        self.positions: Sequence[float] = ()
        """Positions of all points on the horizontal axis, in ascending order."""
        self.title_row = TextRow(id="chart-title")
        self.chart = CurveView(context.glyphs, context.form, id="chart")
        self.readout_row = TextRow(id="readout")
        self.words_row = TextRow(id="words")
        self.prompt = PromptRow(lambda build: self.footer.show_hint(build), context.monotonic)
        self.footer = Footer(context.commands, lambda _: "", lambda: self.pane)
        self.settings = CurveSettings(self.model, self.runs, self._settings_changed)
        self.clipboard = Clipboard(self.prompt, self.post_message)
        self._axis = ""
        self._is_closed = False
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
        """Take over the data of the present publication and settings, and pass the curves to `sync`."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw everything, with the data that `load` took over."""
        raise NotImplementedError

    def body(self) -> Sequence[Widget]:
        """Return the widgets between title and words."""
        return (self.chart, self.readout_row)

    def gone_back(self) -> bool:
        """Go back one level inside the screen. Return False when there is none."""
        return self.cross.leave_range()

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
        self.run_worker(self._follow())

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
            self.call_later(self.reload)

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

    def show_title(self, title: Sequence[Span], right: str) -> None:
        self.title_row.fill(lambda cells: rule_line(cells, [*title], right, self.context.glyphs))

    def show_note(self, text: str) -> None:
        """Show a note until the next key."""
        self.prompt.show_message(text, "dim")

    # Drawing

    def curves_of(self, name: str, run: Run, *, is_live: bool) -> Curves:
        """Return the lines of a run with the present settings."""
        style = self.settings.style
        return curves_of(
            name,
            run,
            self.settings.group,
            smooth=SMOOTHINGS[style.smoothing],
            unit=self.settings.axis,
            is_live=is_live,
        )

    def view(self) -> View:
        """Return the present settings of a drawing."""
        style = self.settings.style
        cross = self.cross
        cursor = cross.at
        if cursor is not None and cross.zoom is not None and not cross.zoom[0] <= cursor <= cross.zoom[1]:
            cursor = None
        view = View(0, 0, is_log=style.is_log, is_whole=style.is_whole, unit=self.settings.axis)
        return view._replace(zoom=cross.zoom, cursor=cursor)

    def sync(self, curves: Sequence[Curves]) -> None:
        """Take over new curves: the cross-hair follows them, or goes when the unit of the axis has changed."""
        self.curves = curves
        if self._axis != self.settings.axis:
            self.cross.reset()
        self._axis = self.settings.axis
        self.positions = sorted({x for each in curves for series in (each.train, each.valid) for x in series.steps})
        self.cross.sync(self.positions)

    @property
    def settings_words(self) -> list[str]:
        """Words for the title about the settings: `linear`, `smoothing 0.9`."""
        style = self.settings.style
        return [
            "log axis" if style.is_log else "linear",
            *(["whole range"] if style.is_whole else []),
            *([f"smoothing {style.smoothing}"] if style.smoothing != "auto" else []),
        ]

    @property
    def axis_words(self) -> str:
        return AXIS_WORDS[self.settings.axis]

    def _settings_changed(self, words: str) -> None:
        self.reload()
        self.prompt.show_message(words, "dim")

    # Keys

    @property
    def handlers(self) -> Handlers:
        """Handlers of the commands that every chart has, by command id."""
        return {
            **self.settings.handlers,
            "move.left": lambda: self._move(-1),
            "move.right": lambda: self._move(1),
            "move.half_up": lambda: self._jump(-1),
            "move.half_down": lambda: self._jump(1),
            "move.first": lambda: self._to_end(last=False),
            "move.last": lambda: self._to_end(last=True),
            "search.next": lambda: self._to_checkpoint(forward=True),
            "search.previous": lambda: self._to_checkpoint(forward=False),
            "mark.range": self._range,
            "undo": self._undo,
            "back": self._back,
            "quit": self.close,
            "redraw": self._redraw,
        }

    def checkpoints(self) -> Sequence[float]:
        """Return the positions of checkpoints that `n` and `N` go to."""
        return sorted({step for each in self.curves for step in each.checkpoints})

    def _move(self, steps: int) -> None:
        picture = self.chart.picture
        x0, x1 = picture.x_range if picture is not None else (0.0, 1.0)
        self.cross.move(steps, self.positions, (x1 - x0) / max(1, self.chart.size.width - 8))
        self.draw()

    def _jump(self, steps: int) -> None:
        picture = self.chart.picture
        x0, x1 = picture.x_range if picture is not None else (0.0, 1.0)
        self.cross.move_by(steps * (x1 - x0) / JUMPS, self.positions)
        self.draw()

    def _to_end(self, *, last: bool) -> None:
        self.cross.move_to_end(self.positions, last=last)
        self.draw()

    def _to_checkpoint(self, *, forward: bool) -> None:
        marks = self.checkpoints()
        if not self.cross.move_to_mark(marks, self.positions, forward=forward):
            where = f" {'after' if forward else 'before'} this step" if marks else ""
            self.show_note(f"No checkpoint{where}.")
        self.draw()

    def _range(self) -> None:
        is_open = self.cross.toggle_range(self.positions)
        self.draw()
        if is_open:
            self.show_note("Range: move the cross-hair, then v shows the range. esc gives it up.")

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
        self.app.refresh(layout=True)

    def close(self) -> None:
        """Show the cockpit again."""
        self._is_closed = True
        self.dismiss(None)

    def _refusal(self, command: Command) -> str:
        return "" if command.id in self._handlers else "close the chart first"

    async def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self._is_closed or self.app.screen is not self:
            # Typed after the key that closed this screen, or opened another one.
            self.app.post_message(events.Key(event.key, event.character))
            return
        await self.router.press(event.key, event.character)

    def on_paste(self, event: events.Paste) -> None:
        self.prompt.paste(event.text)
