"""The fields of the form that creates a job, and what is said around them: the ground that its parts stand on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from fttui.models.job import METHODS
from fttui.store.snapshot import Outcome
from fttui.text import wrap
from fttui.ui.create_form.form import EMPTY, FIELDS, fields_of
from fttui.ui.create_form.precheck import FILES
from fttui.ui.create_form.suggestions import Offers
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.widgets.entry import Entry
from fttui.ui.widgets.line_view import TextRow

LABEL = 18
"""Cells before a field."""
SHORT = 16
"""Lines of a terminal below which what is said gets fewer of them."""
MOST_LINES = 6
"""Lines that one text may take."""
_JOINTS = {"grader": " ", "metadata": ", ", "more": ", "}
"""What stands between the lines of a paste into a field."""


class Fields(ModalScreen[Outcome | None]):
    """Fields with what they take beside them, a row that says something, and one that asks. What stands in them is the
    matter of the classes above."""

    AUTO_FOCUS = "Entry"
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-medium")]
    DEFAULT_CSS = f"""
    Fields {{ align: center top; }}
    Fields #form {{ width: 100%; max-width: 100; height: 1fr; padding: 1 1 0 1; scrollbar-size-vertical: 1; }}
    Fields #form-end {{ width: 100%; max-width: 100; height: auto; padding: 0 1; }}
    Fields.-short #form {{ padding: 0 1; }}
    Fields .field {{ height: 1; }}
    Fields .label {{ width: {LABEL}; }}
    Fields Entry {{ width: 1fr; background: $panel; }}
    Fields Entry:focus {{ background: $line-cursor; }}
    Fields:ansi Entry:focus {{ text-style: reverse; }}
    Fields .name {{ display: none; }}
    Fields .under {{ display: none; }}
    Fields #form-found {{ height: 3; }}
    Fields.-short #form-found {{ height: 1; }}
    """

    def __init__(self, values: dict[str, str], glyphs: Glyphs) -> None:
        super().__init__()
        self._values = dict(values)
        """What the fields held before anything was typed."""
        self._glyphs = glyphs
        self._offers = Offers()
        self._yes: Callable[[], None] | None = None
        """What a yes to the question does that is being asked."""
        self._answer = asyncio.Event()
        keys = ("enter creates", "tab moves", "right completes", "ctrl+n chooses", "esc leaves")
        self._said: tuple[str, str] = (f" {glyphs.dot} ".join(keys), "dim")
        self._is_noted = False
        """A note stands where that was said."""
        self._left = FIELDS[0].name
        self._texts: dict[str, tuple[str, str, int]] = {}
        """What stands in the rows that wrap: text, role, indent."""
        self._wrong: dict[str, str] = {}
        """What the fields held whose errors are shown."""
        self._advised: dict[str, str] = {}
        """What is said under fields that is no error."""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False):
            yield TextRow(id="form-title")
            for field in FIELDS:
                with Horizontal(id=f"line-{field.name}", classes="field"):
                    yield TextRow(id=f"label-{field.name}", classes="label")
                    yield Entry(
                        self._values.get(field.name, ""),
                        id=field.name,
                        complete=partial(self._becomes, field.name),
                        separator=_JOINTS.get(field.name, ""),
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
        self._tell(*self._said)
        self._begin()

    def _begin(self) -> None:
        """Everything is in its place."""

    # What the fields hold

    @property
    def values(self) -> dict[str, str]:
        """What the fields hold, without surrounding blanks; also those that are hidden with this method."""
        return {field.name: self._entry(field.name).value.strip() for field in FIELDS}

    async def _becomes(self, name: str, text: str) -> str | None:
        await self._offers.look(name, text)
        return self._offers.completed(name, text)

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

    def action_move(self, by: int) -> None:
        """To another field: the next one goes round, a page stops at the ends."""
        self._show_fields()  # the method may have become another only now
        there = [field.name for field in FIELDS if self.query_one(f"#line-{field.name}").display]
        at = there.index(self.focused.id) if self.focused is not None and self.focused.id in there else 0
        to = (at + by) % len(there) if abs(by) == 1 else max(0, min(at + by, len(there) - 1))
        self.set_focus(self._entry(there[to]))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        name = event.input.id or ""
        if name == "method":
            self._show_fields()
        if self._wrong.get(name, event.value) != event.value:
            del self._wrong[name]
            self._show_under(name, "", "")
        if name in self._advised:
            del self._advised[name]
            self._show_under(name, "", "")
        self._typed(name)

    def _typed(self, name: str) -> None:
        """A field holds another text."""

    def _lock(self, locked: bool) -> None:
        for field in FIELDS:
            self._entry(field.name).locked = locked

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

    def _say(self, text: str, role: str) -> None:
        """Say something, once no question is open."""
        self._said = (text, role)
        if self._yes is None:
            self._tell(text, role)

    def _tell(self, text: str, role: str) -> None:
        self._is_noted = False
        self._put("form-say", text, role)

    def show_note(self, text: str) -> None:
        """Say something until the next key; no answer to a question is a no."""
        self._settle()
        self._tell(text, "dim")
        self._is_noted = True

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
        self._advised = {}
        for field in FIELDS:
            self._show_under(field.name, found.get(field.name, ""), "fail")
        for name in found:
            self.set_focus(self._entry(name))
            self._in_sight(name)
            break

    def _advise(self, found: dict[str, str]) -> None:
        """What a person should know of fields, where nothing worse is said."""
        for name in {*self._advised, *found} - self._wrong.keys():
            if self._advised.get(name) != found.get(name):
                self._show_under(name, found.get(name, ""), "warn")
        self._advised = {name: words for name, words in found.items() if name not in self._wrong}

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
        self._entered()
        if event.widget is self.focused:
            self._settle()  # with the mouse: no answer is a no
        if event.widget.id in EMPTY:
            self._in_sight(event.widget.id)

    def _entered(self) -> None:
        """Another field has the focus."""

    def on_resize(self) -> None:
        for id, (text, role, indent) in list(self._texts.items()):
            self._put(id, text, role, indent=indent)
        self._fit()
        if self.focused is not None and self.focused.id in EMPTY:
            self._in_sight(self.focused.id)

    def _fit(self) -> None:
        """The terminal has another size."""

    # What is asked

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
        """Take the question away that is open, or a note; what a yes to the question would have done."""
        yes, self._yes = self._yes, None
        if yes is not None:
            self._answer.set()
            if self.focused is None:
                self.set_focus(self._entry(self._left))
        if yes is not None or self._is_noted:
            self._tell(*self._said)
        return yes
