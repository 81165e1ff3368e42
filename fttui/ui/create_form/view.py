"""Widgets of the create form: labels, entries, the text under each field, and three rows at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input

from fttui.core.create_job import FILES
from fttui.ui.create_form.fields import BY_NAME, FIELDS
from fttui.ui.create_form.form import CreateForm
from fttui.ui.create_form.message_row import MAX_CELLS, MessageRow, WrappedRow
from fttui.ui.create_form.suggestions import Suggestions
from fttui.ui.widgets.entry import Entry
from fttui.ui.widgets.line_view import TextRow

LABEL = 18
"""Width of the labels."""
_SEPARATORS = {"grader": " ", "metadata": ", ", "more": ", "}
"""Separators for the lines of a paste, by field."""


class FormView(Vertical):
    """Shows a `CreateForm`, and passes typed texts to it."""

    def __init__(self, form: CreateForm, suggestions: Suggestions) -> None:
        super().__init__(id="form-view")
        self._form = form
        self._suggestions = suggestions
        self.hint = TextRow(id="form-hint")
        self.findings = WrappedRow(id="form-found", grows=False)
        self.messages = MessageRow(id="form-say")

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="form", can_focus=False):
            yield TextRow(id="form-title")
            for field in FIELDS:
                with Horizontal(id=f"line-{field.name}", classes="field"):
                    yield TextRow(id=f"label-{field.name}", classes="label")
                    yield Entry(
                        self._form.initial(field.name),
                        id=field.name,
                        complete=partial(self._suggestions.complete, field.name),
                        separator=_SEPARATORS.get(field.name, ""),
                    )
                    if field.name in FILES:
                        yield TextRow(id=f"name-{field.name}", classes="name")
                yield WrappedRow(id=f"under-{field.name}", classes="under", indent=LABEL)
        with Vertical(id="form-end"):
            yield self.hint
            yield self.findings
            yield self.messages

    def on_mount(self) -> None:
        self.query_one("#form-title", TextRow).show([(" Create a fine-tuning job", "title")])
        for field in FIELDS:
            self.query_one(f"#label-{field.name}", TextRow).show([(f" {field.label}", "")])
        self.show_visible()

    # Texts

    @property
    def values(self) -> dict[str, str]:
        """Texts of all fields, without surrounding spaces."""
        texts = {field.name: self.entry(field.name).value for field in FIELDS}
        # A key may come before the message about the key before it.
        self._form.update(texts)
        return self._form.values

    def entry(self, name: str) -> Entry:
        return self.query_one(f"#{name}", Entry)

    def name_row(self, name: str) -> TextRow:
        """Return the row beside a field of `FILES`."""
        return self.query_one(f"#name-{name}", TextRow)

    @property
    def focused_entry(self) -> Entry | None:
        focused = self.screen.focused
        return focused if isinstance(focused, Entry) else None

    @property
    def cells(self) -> int:
        """Width of the form's content."""
        return min(MAX_CELLS, self.screen.size.width) - 3

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        name = event.input.id or ""
        self._form.type(name, event.value)
        if name == "method":
            self.show_visible()
        self.show_notes([name])

    def put(self, name: str, text: str) -> None:
        """Replace the text of a field."""
        self.entry(name).put(text)

    def set_locked(self, locked: bool) -> None:
        """Ignore input in all fields."""
        for field in FIELDS:
            self.entry(field.name).locked = locked

    # Fields and their notes

    def show_visible(self) -> None:
        """Show the fields of the method, and hide the rest."""
        shown = {field.name for field in self._form.visible}
        for field in FIELDS:
            self.query_one(f"#line-{field.name}").display = field.name in shown
        self.show_notes(BY_NAME)

    def show_notes(self, names: Iterable[str]) -> None:
        """Show errors and advice under fields."""
        for name in names:
            note = self._form.note(name)
            row = self.query_one(f"#under-{name}", WrappedRow)
            row.display = bool(note.text) and bool(self.query_one(f"#line-{name}").display)
            row.put(note.text, note.role)

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Show errors under their fields, and focus the first of these fields."""
        self.messages.settle()
        self._form.show_errors(errors)
        self.show_notes(BY_NAME)
        if first := next(iter(errors), ""):
            self.screen.set_focus(self.entry(first))
            self.scroll_to_field(first)

    def advise(self, advice: Mapping[str, str]) -> None:
        """Show advice under fields."""
        self._form.advise(advice)
        self.show_notes(BY_NAME)

    # Movement

    def move(self, by: int) -> None:
        """Focus a different field. One step wraps around; a page stops at the ends."""
        self._form.update({"method": self.entry("method").value})
        self.show_visible()
        names = [field.name for field in self._form.visible]
        entry = self.focused_entry
        at = names.index(entry.id) if entry is not None and entry.id in names else 0
        to = (at + by) % len(names) if abs(by) == 1 else max(0, min(at + by, len(names) - 1))
        self.screen.set_focus(self.entry(names[to]))

    def scroll_to_field(self, name: str) -> None:
        """Scroll a field and its note into view; with the first field, the title."""
        scroll = self.query_one("#form", VerticalScroll)
        line, under = self.query_one(f"#line-{name}"), self.query_one(f"#under-{name}")

        def scroll_now() -> None:
            top = 0 if name == FIELDS[0].name else line.virtual_region.y
            bottom = (under if under.display else line).virtual_region.bottom
            height = scroll.scrollable_content_region.height
            least = min(top, bottom - height)
            if not least <= scroll.scroll_y <= top:
                y = top if scroll.scroll_y > top else least
                scroll.scroll_to(y=y, animate=False, immediate=True, force=True)

        self.call_after_refresh(scroll_now)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget is self.screen.focused:
            self.messages.settle()  # a click on a field answers a question with no
        if event.widget.id in BY_NAME:
            self.scroll_to_field(event.widget.id)

    def refit(self) -> None:
        """Wrap all texts at the new size of the terminal."""
        for row in self.query(WrappedRow):
            row.wrap_again()
        entry = self.focused_entry
        if entry is not None and entry.id in BY_NAME:
            self.scroll_to_field(entry.id)
