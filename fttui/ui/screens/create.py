"""The form that creates a job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen, Screen
from textual.timer import Timer
from textual.widgets import Input

from fttui.data.named import Samples
from fttui.models.job import METHODS
from fttui.models.spec import JobSpec
from fttui.store.snapshot import Outcome
from fttui.text import wrap
from fttui.ui.form import EMPTY, FIELDS, FieldErrors, fields_of, note_of, spec_of
from fttui.ui.glyphs import UNICODE, Glyphs
from fttui.ui.offers import Offers
from fttui.ui.precheck import Precheck
from fttui.ui.screens.completing import LABEL, NOWHERE, Completing
from fttui.ui.screens.sending import FILES, Sending
from fttui.ui.status import Place
from fttui.ui.widgets.entry import Entry
from fttui.ui.widgets.line_view import TextRow

if TYPE_CHECKING:
    from fttui.data.report import Report
    from fttui.store.merged import MergedStore
    from fttui.store.store import Store

_JOINTS = {"grader": " ", "metadata": ", ", "more": ", "}
"""What stands between the lines of a paste into a field."""


SHORT = 16
"""Lines of a terminal below which what is said gets fewer of them."""
MOST_LINES = 6
"""Lines that one text may take."""


class CreateScreen(Completing, Sending, ModalScreen[Outcome | None]):
    """Fields with what they take beside them. Enter creates from any field; a refusal keeps every field."""

    AUTO_FOCUS = "Entry"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-medium")]
    BINDINGS = [
        Binding("escape", "leave", "leave", show=False),
        Binding("ctrl+n", "walk(1)", show=False),
        Binding("ctrl+p", "walk(-1)", show=False),
    ]
    DEFAULT_CSS = f"""
    CreateScreen {{ align: center top; }}
    CreateScreen #form {{ width: 100%; max-width: 100; height: 1fr; padding: 1 1 0 1; scrollbar-size-vertical: 1; }}
    CreateScreen #form-end {{ width: 100%; max-width: 100; height: auto; padding: 0 1; }}
    CreateScreen.-short #form {{ padding: 0 1; }}
    CreateScreen .field {{ height: 1; }}
    CreateScreen .label {{ width: {LABEL}; }}
    CreateScreen Entry {{ width: 1fr; background: $panel; }}
    CreateScreen Entry:focus {{ background: $line-cursor; }}
    CreateScreen:ansi Entry:focus {{ text-style: reverse; }}
    CreateScreen .name {{ display: none; }}
    CreateScreen .under {{ display: none; }}
    CreateScreen #form-found {{ height: 3; }}
    CreateScreen.-short #form-found {{ height: 1; }}
    """

    def __init__(
        self,
        store: Store | MergedStore,
        values: dict[str, str],
        samples: Samples,
        place: Place,
        glyphs: Glyphs = UNICODE,
    ) -> None:
        super().__init__()
        self._store = store
        self._values = dict(values)
        """What the fields held before anything was typed."""
        self._samples = samples
        self._place = place
        self._glyphs = glyphs
        self._precheck = Precheck(place)
        self._checked: tuple[JobSpec, Report | None] | None = None
        self._offers = Offers()
        self._timer: Timer | None = None
        self.uploaded: list[str] = []
        """Files that were sent from here; a job may have them by now."""
        self._yes: Callable[[], None] | None = None
        """What a yes to the question does that is being asked."""
        self._answer = asyncio.Event()
        keys = ("enter creates", "tab moves", "right completes", "ctrl+n chooses", "esc leaves")
        self._said: tuple[str, str] = (f" {glyphs.dot} ".join(keys), "dim")
        self._left = FIELDS[0].name
        self._early: list[events.Key] | None = []
        """Keys that wait for those that were typed before them; None once nothing is before them."""
        self._texts: dict[str, tuple[str, str, int]] = {}
        """What stands in the rows that wrap: text, role, indent."""
        self._wrong: dict[str, str] = {}
        """What the fields held whose errors are shown."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False):
            yield TextRow(id="form-title")
            for field in FIELDS:
                with Horizontal(id=f"line-{field.name}", classes="field"):
                    yield TextRow(id=f"label-{field.name}", classes="label")
                    yield Entry(
                        self._values.get(field.name, ""),
                        id=field.name,
                        begins=partial(self._begins, field.name),
                        takes=partial(self._takes, field.name),
                        joint=_JOINTS.get(field.name, ""),
                    )
                    if field.name in FILES:
                        yield TextRow(id=f"name-{field.name}", classes="name")
                yield TextRow(id=f"under-{field.name}", classes="under")
        with Vertical(id="form-end"):
            yield TextRow(id="form-hint")
            yield TextRow(id="form-found")
            yield TextRow(id="form-say")

    def on_mount(self) -> None:
        self._row("form-title").show([(" Create a fine-tuning job", "title")])
        for field in FIELDS:
            self._row(f"label-{field.name}").show([(f" {field.label}", "")])
        self._show_fields()
        for name in FILES:
            self._show_name(name)
        self._tell(*self._said)
        self._below.call_later(self._caught_up)
        self.run_worker(self._learn(), group="known", exit_on_error=False)
        self._check_soon()

    async def _learn(self) -> None:
        """What the provider has, to be suggested."""
        models, files = await asyncio.gather(self._store.models(), self._store.files())
        self._offers.learn([model.id for model in models], files)
        self._show_hint()
        for name in FILES:
            self._show_name(name)

    def action_move(self, by: int) -> None:
        """To another field: the next one goes round, a page stops at the ends."""
        self._show_fields()  # the method may have become another only now
        there = [field.name for field in FIELDS if self.query_one(f"#line-{field.name}").display]
        at = there.index(self.focused.id) if self.focused is not None and self.focused.id in there else 0
        to = (at + by) % len(there) if abs(by) == 1 else max(0, min(at + by, len(there) - 1))
        self.set_focus(self._entry(there[to]))

    # What the fields hold

    @property
    def values(self) -> dict[str, str]:
        """What the fields hold, without surrounding blanks; also those that are hidden with this method."""
        return {field.name: self._entry(field.name).value.strip() for field in FIELDS}

    def _entry(self, name: str) -> Entry:
        return self.query_one(f"#{name}", Entry)

    def _show_fields(self) -> None:
        """Only the fields that there are with this method; while its name is being typed, those of the last one."""
        method = self._entry("method").value.strip()
        if method in ("", *METHODS):
            there = {field.name for field in fields_of(method)}
            for field in FIELDS:
                self.query_one(f"#line-{field.name}").display = field.name in there
                if field.name not in there:
                    self._show_under(field.name, "", "")

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        name = event.input.id or ""
        if name == "method":
            self._show_fields()
        if self._wrong.get(name, event.value) != event.value:
            del self._wrong[name]
            self._show_under(name, "", "")
        if name in FILES:
            self._show_name(name)
        if event.input is self.focused:
            self._show_hint()
        self._check_soon()

    def _check_soon(self) -> None:
        """A file or its model is another: look at the data once the typing rests."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(0.3, lambda: self.run_worker(self._check(), group="check", exit_on_error=False))

    async def _check(self) -> None:
        if self._worker is not None:
            return
        try:
            spec = spec_of(self.values, self._samples)
        except FieldErrors:
            self._found("", "")
            return
        field, words = note_of(spec)
        if field:
            self._show_under(field, words, "warn")
        if self._checked is None or self._checked[0] != spec:
            await self._look(spec)

    # What is said

    def _row(self, id: str) -> TextRow:
        return self.query_one(f"#{id}", TextRow)

    def _put(self, id: str, text: str, role: str, *, indent: int = 1) -> None:
        """Show a text in a row, on as many lines as it takes, now and after a resize."""
        self._texts[id] = (text, role, indent)
        lines = wrap(text, max(20, self._cells - indent)) if text else []
        row = self._row(id)
        if id != "form-found":
            least = 1 if id != "form-say" else 2 if self.size.height < SHORT else 3
            row.styles.height = max(least, min(len(lines), MOST_LINES))
        row.show(*([(" " * indent + line, role)] for line in lines))

    def _found(self, text: str, role: str) -> None:
        self._put("form-found", text, role)

    def _say(self, text: str, role: str) -> None:
        """Say something, once no question is open."""
        self._said = (text, role)
        if self._yes is None:
            self._tell(text, role)

    def _tell(self, text: str, role: str) -> None:
        self._put("form-say", text, role)

    @property
    def _below(self) -> Screen[object]:
        return self.app.screen_stack[-2]

    @property
    def _cells(self) -> int:
        return min(100, self.size.width) - 3

    def _show_under(self, name: str, text: str, role: str) -> None:
        self._row(f"under-{name}").display = bool(text)
        self._put(f"under-{name}", text, role, indent=LABEL)

    def _show_errors(self, found: dict[str, str]) -> None:
        """Each error under its field, and the focus in the first of those; none takes errors away."""
        self._settle()
        self._wrong = {name: self._entry(name).value for name in found}
        for field in FIELDS:
            self._show_under(field.name, found.get(field.name, ""), "fail")
        for name in found:
            self.set_focus(self._entry(name))
            self._in_sight(name)
            break

    def _in_sight(self, name: str) -> None:
        """Scroll so far that a field is seen, and what is said under it; with the first one, the title."""
        form = self.query_one("#form", VerticalScroll)
        line, under = self.query_one(f"#line-{name}"), self._row(f"under-{name}")

        def scroll() -> None:
            top = 0 if name == FIELDS[0].name else line.virtual_region.y
            bottom = (under if under.display else line).virtual_region.bottom
            height = form.scrollable_content_region.height
            least = min(top, bottom - height)
            if not least <= form.scroll_y <= top:
                form.scroll_to(y=top if form.scroll_y > top else least, animate=False, immediate=True, force=True)

        self.call_after_refresh(scroll)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """What the field takes, said while one is in it."""
        self._walked = NOWHERE
        self._show_hint()
        if event.widget is self.focused:
            self._settle()  # with the mouse: no answer is a no
        if event.widget.id in EMPTY:
            self._in_sight(event.widget.id)

    def on_resize(self) -> None:
        for id, (text, role, indent) in list(self._texts.items()):
            self._put(id, text, role, indent=indent)
        for name in FILES:
            self._show_name(name)
        self._show_hint()
        if self.focused is not None and self.focused.id in EMPTY:
            self._in_sight(self.focused.id)

    # Sending and leaving

    @on(Input.Submitted)
    def _submitted(self) -> None:
        if self._worker is not None:
            return
        try:
            spec = spec_of(self.values, self._samples)
        except FieldErrors as errors:
            self._show_errors(errors.found)
            self._say("nothing was sent", "warn")
            return
        self._show_errors({})
        self._send(spec)

    def _lock(self, locked: bool) -> None:
        for field in FIELDS:
            self._entry(field.name).locked = locked

    def _sent_as(self, name: str, text: str, id: str) -> None:
        """A file is at the provider now: the field holds its id, and that is nothing that was typed."""
        self._entry(name).put(id)
        if self._values.get(name) == text:
            self._values[name] = id

    def on_unmount(self) -> None:
        self._precheck.stop()

    def _ask(self, question: str, yes: Callable[[], None]) -> None:
        """Ask on the say row; every key but y is a no. What is said meanwhile stands there after a no."""
        self._left = self.focused.id if self.focused is not None and self.focused.id else FIELDS[0].name
        self.set_focus(None)
        self._yes = yes
        self._answer.clear()
        self._tell(f"{question} y/N", "ask")

    async def _answered(self) -> None:
        """Wait while a question is open."""
        if self._yes is not None:
            await self._answer.wait()

    def _settle(self) -> Callable[[], None] | None:
        """Take the question away that is open; what a yes to it would have done."""
        yes, self._yes = self._yes, None
        if yes is not None:
            self._answer.set()
            self._tell(*self._said)
            if self.focused is None:
                self.set_focus(self._entry(self._left))
        return yes

    def _forward_event(self, event: events.Event) -> None:
        """Keys that came after the one that opened the form may still be with the screen below: those come first."""
        if isinstance(event, events.Key) and self._early is not None and asyncio.current_task() is not self._below.task:
            self._early.append(event)
        else:
            super()._forward_event(event)

    def _caught_up(self) -> None:
        early, self._early = self._early or [], None
        for event in early:
            super()._forward_event(event)

    async def on_key(self, event: events.Key) -> None:
        """Every key, one after the other, as it was typed: over a slow line several arrive at once, and each must find
        what the one before it has done. Entries hand theirs over; a question takes the next one as its answer."""
        event.stop()
        event.prevent_default()
        yes, entry = self._settle(), self.focused
        if yes is not None:
            if event.key in ("y", "Y"):
                yes()
        elif event.character is not None and event.is_printable and isinstance(entry, Entry):
            entry.enter(event.character)
        elif (bound := self.active_bindings.get(event.key)) is not None and bound.enabled:
            await self.app.run_action(bound.binding.action, bound.node)

    def action_leave(self) -> None:
        """Leave, or break off what is being sent; ask first where something would be lost."""
        if self._created:
            self._say("the job is being created; wait for the answer", "warn")
        elif self._worker is not None:
            self._ask("Break off? Nothing has been created so far.", self._break_off)
        elif any(text != self._values.get(name, "").strip() for name, text in self.values.items()):
            self._ask("Leave, and lose what was typed?", self._leave)
        else:
            self._leave()

    def _leave(self) -> None:
        self.dismiss(None)
