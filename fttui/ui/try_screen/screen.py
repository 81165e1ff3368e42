"""Try: prompts of a job's validation file, and the answers of its base model and its tuned model beside each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from fttui.commands import Command
from fttui.core.try_candidates import Subject
from fttui.core.try_model import Sampling, TryModel
from fttui.ui.cockpit.clipboard import Clipboard
from fttui.ui.cockpit.help_commands import HelpCommands
from fttui.ui.cockpit.key_router import Handlers, KeyRouter
from fttui.ui.cockpit.model import CockpitModel
from fttui.ui.cockpit.try_commands import present_subject
from fttui.ui.messages import RedrawRequested
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.terminal.screen_events import ScreenEvents
from fttui.ui.try_screen.asking import Asking
from fttui.ui.try_screen.keys import TryKeys
from fttui.ui.try_screen.presenter import TryPresenter, TryWidgets
from fttui.ui.try_screen.state import TryState
from fttui.ui.try_screen.views import TextView, TitledText
from fttui.ui.widgets.footer import Footer
from fttui.ui.widgets.line_view import TextRow
from fttui.ui.widgets.prompt import PromptRow
from fttui.ui.workers import start_worker

PANE = "try"
"""Name for footer and help."""


class TryContext(NamedTuple):
    """Objects of the cockpit that the screen needs."""

    model: CockpitModel
    glyphs: Glyphs
    commands: tuple[Command, ...]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    crash: Callable[[Exception], None]


class TryScreen(ScreenEvents, Screen[None]):
    """Composes the widgets, and hands keys and publications on. State, drawing and keys are objects of their own."""

    AUTO_FOCUS = None
    DEFAULT_CSS = """
    TryScreen { layout: vertical; layers: panes questions; }
    TryScreen #try-body { layer: panes; height: 1fr; width: 1fr; margin-bottom: 1; layout: vertical; }
    TryScreen #try-answers { height: 1fr; width: 1fr; }
    TryScreen .-beside { border-left: solid $line-rule; }
    TryScreen #footer { margin-top: 0; }
    """

    def __init__(
        self, context: TryContext, subject: Subject, trying: TryModel, samplings: MutableMapping[str, Sampling]
    ) -> None:
        """
        Args:
            trying: asks the models and keeps their answers.
            samplings: settings by model.
        """
        super().__init__()
        self._cockpit = context.model
        self.state = state = TryState(subject, samplings)
        self.prompt = PromptRow(lambda build: self.footer.show_hint(build), context.monotonic)
        self.footer = Footer(context.commands, self._refusal, lambda: PANE)
        widgets = TryWidgets(
            TextRow(id="try-title"),
            TextView(id="try-prompt"),
            Container(id="try-answers"),
            TitledText(id="try-first"),
            TitledText(id="try-second"),
            TitledText(id="try-expected"),
            self.prompt,
            self.footer,
        )
        self.widgets = widgets
        expected_key = next(each.shown.split()[0] for each in context.commands if each.id == "log.metrics")
        self.presenter = TryPresenter(widgets, state, trying, context.glyphs, expected_key)
        self.asking = Asking(trying, context.sleep, self._draw_answers, context.crash)
        self.keys = TryKeys(
            state,
            self.presenter,
            self.asking,
            trying,
            self.prompt,
            Clipboard(self.prompt, self.post_message),
            context.model,
            self.close,
        )
        help = HelpCommands(
            self, context.model, context.glyphs, context.commands, lambda: PANE,
            lambda id: self.router.run(id), lambda _: None, self._refusal,
        )  # fmt: skip
        self._handlers: Handlers = {**self.keys.handlers, **help.handlers, "redraw": self._redraw}
        self.router = KeyRouter(context.commands, self.prompt, lambda: PANE, {}, self._handlers, lambda: None)
        self._is_closed = False

    def compose(self) -> ComposeResult:
        widgets = self.widgets
        with Container(id="try-body"):
            yield widgets.title
            yield widgets.prompt
            with widgets.answers:
                yield widgets.first
                yield widgets.second
            yield widgets.expected
        yield self.prompt
        yield self.footer

    def on_mount(self) -> None:
        self.presenter.resize(*self.app.size)
        start_worker(self, self.keys.read_prompts)
        start_worker(self, self._follow)

    def on_resize(self, event: events.Resize) -> None:
        self.presenter.resize(event.size.width, event.size.height)

    async def _follow(self) -> None:
        """Take over each publication: new checkpoints, and the connection, on which asking depends."""
        while True:
            if (subject := present_subject(self._cockpit, self.state.subject)) and self.state.renew(subject):
                self.presenter.draw()
            self.footer.update_entries()
            await self._cockpit.next_change()

    def _draw_answers(self) -> None:
        if self.is_attached and not self._is_closed:
            self.presenter.draw_answers()

    def _refusal(self, command: Command) -> str:
        if command.id in ("open", "refresh"):
            return self._cockpit.why_not("try_model")
        return "" if command.id in self._handlers else "close Try first"

    def _redraw(self) -> None:
        self.post_message(RedrawRequested())

    def close(self) -> None:
        """Show the screen below again. Answers that are written are stopped."""
        self._is_closed = True
        self.asking.close()
        self.dismiss(None)

    def on_unmount(self) -> None:
        self.asking.close()

    def show_note(self, text: str) -> None:
        """Show a note until the next key."""
        self.prompt.show_message(text, "dim")

    async def on_key(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if not self.keys.write(event.key, event.character):
            await self.router.press(event.key, event.character)

    def on_paste(self, event: events.Paste) -> None:
        if not self.keys.paste(event.text):
            self.prompt.paste(event.text)
