"""Widgets of the create form: fields with their notes, the lower pane, and the rows at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.widgets import Input

from fttui.core.job_data import FILES
from fttui.text import fit, pad, width
from fttui.ui.create_form.fields import BY_NAME, FIELDS, NUMBERS
from fttui.ui.create_form.form import CreateForm, Note
from fttui.ui.create_form.lower_pane import WIDE, LowerPane
from fttui.ui.create_form.message_row import MessageRow, WrappedRow
from fttui.ui.create_form.suggestions import Suggestions
from fttui.ui.render.glyphs import Glyphs
from fttui.ui.render.rows import rule_line
from fttui.ui.widgets.entry import Entry
from fttui.ui.widgets.line_view import TextRow

LABEL = 18
"""Width of the labels, with the mark before and a space after them."""
VALUE = 26
"""Width of a value with a note beside it."""
NARROW = 72
"""Cells below which notes are not beside the fields."""
LEFT = 62
"""Width of the fields with the pane at the right."""
ROOMY = 160
"""Cells from which the fields beside the pane are as wide as in a terminal of 80 cells."""
LEFT_IN_ROOMY = 82
"""Width of the fields then."""
LEAST_PANE = 6
"""Rows of the lower pane, with its title."""
LOW = 14
"""Rows of a terminal below which there is no lower pane."""
SUMMARY = 2
_SEPARATORS = {"grader": " ", "metadata": " ", "more": " "}
"""Separators for the lines of a paste, by field."""
_KEYS = (
    "enter create  tab field  {down}{up} choose  → complete  f2 check  f1 help  esc leave",
    "enter create  tab field  {down}{up} choose  f2 check  f1 help  esc leave",
    "enter create  tab field  {down}{up} choose  f1 help  esc leave",
    "enter create  tab field  f1 help  esc leave",
)


class FormView(Vertical):
    """Shows a `CreateForm`, and passes typed texts to it."""

    def __init__(
        self,
        form: CreateForm,
        suggestions: Suggestions,
        lower: LowerPane,
        glyphs: Glyphs,
        *,
        title: str,
        place: Callable[[], str],
    ) -> None:
        """
        Args:
            place: returns the service to which the job is sent and its state, for the end of the title.
        """
        super().__init__(id="form-view")
        self._form = form
        self._suggestions = suggestions
        self._glyphs = glyphs
        self._heading = title
        self._place = place
        self._notes: dict[str, Note] = {}
        self.lower = lower
        self._last_entry: Entry | None = None
        self._title_row = TextRow(id="form-title")
        self._scroll = VerticalScroll(id="form", can_focus=False)
        self.summary = WrappedRow(id="form-found", least=SUMMARY)
        self.messages = MessageRow(id="form-say", asked=self.show_keys)

    def compose(self) -> ComposeResult:
        with Container(id="form-main"):
            with Vertical(id="form-left"):
                yield self._title_row
                with self._scroll:
                    for field in FIELDS:
                        yield from self._field(field.name)
            yield self.lower
        with Vertical(id="form-end"):
            yield TextRow(id="form-hint")
            yield self.summary
            yield self.messages
            yield TextRow(id="form-keys")

    def _field(self, name: str) -> ComposeResult:
        with Horizontal(id=f"line-{name}", classes="field"):
            yield TextRow(id=f"label-{name}", classes="label")
            yield Entry(
                self._form.text(name),
                id=name,
                complete=partial(self._suggestions.complete, name),
                separator=_SEPARATORS.get(name, ""),
                automatic="auto" if name in NUMBERS else "",
            )
            yield TextRow(id=f"note-{name}", classes="note")
        yield WrappedRow(id=f"under-{name}", classes="under", indent=LABEL)

    def on_mount(self) -> None:
        self.show_keys()
        for field in FIELDS:
            self._show_label(field.name)
        self.show_visible()

    def show_keys(self) -> None:
        """Show the keys of the open question, of the lower pane, or of the fields."""
        part, glyphs = self.lower.part, self._glyphs
        if self.messages.is_asking:
            texts: tuple[str, ...] = (f"{self.messages.yes_key} yes  any other key no",)
        else:
            texts = part.hints if part is not None else _KEYS
        texts = tuple(text.format(down=glyphs.down, up=glyphs.up) for text in texts)
        fits = partial(_first_that_fits, texts)
        self.query_one("#form-keys", TextRow).fill(lambda cells: [(f" {fits(cells - 1)}", "dim")])

    # Texts

    @property
    def values(self) -> dict[str, str]:
        """Texts of all fields, without surrounding spaces."""
        # A key may come before the message about the key before it.
        for field in FIELDS:
            self._type(field.name, self.entry(field.name).value)
        return self._form.values

    @property
    def dot(self) -> str:
        """Character between parts of a sentence."""
        return self._glyphs.dot

    def entry(self, name: str) -> Entry:
        return self.query_one(f"#{name}", Entry)

    @property
    def focused_entry(self) -> Entry | None:
        focused = self.screen.focused
        return focused if isinstance(focused, Entry) else None

    @property
    def is_wide(self) -> bool:
        """The lower pane is at the right of the fields."""
        return self.screen.size.width >= WIDE

    @property
    def _cells(self) -> int:
        """Width of the fields."""
        cells = self.screen.size.width
        return cells if not self.is_wide else LEFT_IN_ROOMY if cells >= ROOMY else LEFT

    @property
    def _value_cells(self) -> int:
        """Width of a value with a note beside it."""
        return VALUE if self._cells >= NARROW else VALUE - 3

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        name = event.input.id or ""
        self._type(name, event.value)
        if name == "method":
            self.show_visible()
        self.show_notes([name])

    def _type(self, name: str, text: str) -> None:
        before = {field.name: self._form.text(field.name) for field in FIELDS}
        had_errors = self._form.has_errors
        made = self._form.type(name, text)
        if had_errors and not self._form.has_errors:
            self.messages.show_message("", "dim")  # it was about these errors
        # Keys of a burst reach an entry before the form hears of them: what the user has typed stays.
        changed = {other: new for other, new in made.items() if self.entry(other).value == before[other]}
        for other, new in changed.items():
            self.put(other, new)
        if removed := [BY_NAME[other].label for other, new in changed.items() if not new]:
            words = f"Removed the sample's {' and '.join(removed)}: not for this training file."
            self.messages.show_message(words, "dim")
        elif changed:
            self.messages.show_message("", "dim")

    def put(self, name: str, text: str) -> None:
        """Replace the text of a field."""
        self.entry(name).put(text)

    def show_texts(self) -> None:
        """Replace the texts of all fields by those of the form."""
        for field in FIELDS:
            self.put(field.name, self._form.text(field.name))
        self.show_visible()

    def set_locked(self, locked: bool) -> None:
        """Ignore input in all fields."""
        for field in FIELDS:
            self.entry(field.name).locked = locked

    # Fields and their notes

    def show_visible(self) -> None:
        """Show the fields of the method, and hide the rest; only the files while the lower pane has the keys."""
        shown = {field.name for field in self._form.visible}
        if self.lower.has_keys and not self.is_wide:
            shown &= set(FILES)
        for field in FIELDS:
            self.query_one(f"#line-{field.name}").display = field.name in shown
        self.show_notes(BY_NAME)
        self._fit_heights()

    def show_notes(self, names: Iterable[str]) -> None:
        """Show what fields take, facts about their texts, errors and advice."""
        has_changed = False
        for name in names:
            has_changed |= self._show_note(name)
        if has_changed:
            self._fit_heights()
        self.show_hint()

    def _show_note(self, name: str) -> bool:
        """Show one note. Return True when the rows under the field have changed."""
        note = self._notes[name] = self._form.note(name)
        room, under = self._note_room(name), self.query_one(f"#under-{name}", WrappedRow)
        row = self.query_one(f"#note-{name}", TextRow)
        self.entry(name).styles.width = self._value_cells if room else "1fr"
        row.display = room > 0
        text = next((text for text in note.texts if width(text) <= room), "")
        # The id of a file takes the place of its name.
        is_wanted = note.is_alert or (name in FILES and not room and self._form.text(name).startswith("file-"))
        is_shown = is_wanted and not text and bool(self.query_one(f"#line-{name}").display)
        if not text and not note.is_alert:
            text = fit(note.texts[-1], room, ellipsis=self._glyphs.cut)
        row.show([(f" {text}", note.role)])
        before = (under.display, under.styles.height)
        under.room = self._cells if self.is_wide else None
        under.put(note.texts[0] if is_shown else "", note.role)
        under.display = is_shown
        return before != (under.display, under.styles.height)

    def _note_room(self, name: str) -> int:
        """Return the cells of a field's note; 0 when its value takes them."""
        cells, value = self._cells - self.is_wide, self._value_cells
        if self.screen.size.width < NARROW or width(self.entry(name).value) >= value:
            return 0
        return cells - LABEL - value - 1

    def show_hint(self) -> None:
        """Show the note of the focused field in a row of its own, where it is not beside the field."""
        entry = self.focused_entry
        row = self.query_one("#form-hint", TextRow)
        is_narrow = self.screen.size.width < NARROW
        row.display = is_narrow and not self.lower.has_keys
        if entry is None or entry.id not in self._notes:
            return
        note, label = self._notes[entry.id], BY_NAME[entry.id].label
        if is_narrow:
            text = "" if note.is_alert else f"{label}: {note.texts[0]}"
            row.fill(lambda cells: [(f" {fit(text, cells - 1, ellipsis=self._glyphs.cut)}", "dim")])
        else:
            hidden = not note.is_alert and not self._note_room(entry.id)
            self.messages.show_idle(f"{label}: {note.texts[0]}" if hidden else "")

    def _show_label(self, name: str) -> None:
        entry = self.focused_entry
        mark = ("▌" if self._glyphs.unicode else ">") if entry is not None and entry.id == name else " "
        label = pad(BY_NAME[name].label, LABEL - 2)
        self.query_one(f"#label-{name}", TextRow).show([(mark, "key"), (label, "bold" if mark.strip() else "")])

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Show errors at their fields, and focus the first of these fields."""
        self.messages.settle()
        self._form.show_errors(errors)
        self.show_notes(BY_NAME)
        if first := next(iter(errors), ""):
            self.screen.set_focus(self.entry(first))
            self.scroll_to_field(first)

    def advise(self, advice: Mapping[str, str]) -> None:
        """Show advice at fields."""
        self._form.advise(advice)
        self.show_notes(BY_NAME)

    # Movement

    def move(self, by: int) -> None:
        """Focus a different field and select its text. One step wraps around; a page stops at the ends."""
        self._type("method", self.entry("method").value)
        self.show_visible()
        names = [field.name for field in self._form.visible]
        entry = self.focused_entry
        at = names.index(entry.id) if entry is not None and entry.id in names else 0
        to = (at + by) % len(names) if abs(by) == 1 else max(0, min(at + by, len(names) - 1))
        entry = self.entry(names[to])
        self.screen.set_focus(entry)
        entry.select_text()

    def scroll_to_field(self, name: str) -> None:
        """Scroll a field and its note into view."""
        scroll = self._scroll
        line, under = self.query_one(f"#line-{name}"), self.query_one(f"#under-{name}")

        def scroll_now() -> None:
            top = line.virtual_region.y
            bottom = (under if under.display else line).virtual_region.bottom
            least = min(top, bottom - scroll.scrollable_content_region.height)
            if not least <= scroll.scroll_y <= top:
                y = top if scroll.scroll_y > top else least
                scroll.scroll_to(y=y, animate=False, immediate=True, force=True)
            self.show_title()

        self.call_after_refresh(scroll_now)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        if event.widget is self.screen.focused:
            self.messages.settle()  # a click on a field answers a question with no
        if event.widget.id in BY_NAME:
            self._show_label(event.widget.id)
            self.show_hint()
            self.scroll_to_field(event.widget.id)

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        if isinstance(event.widget, Entry) and event.widget.id in BY_NAME:
            self._show_label(event.widget.id)
            if not event.widget.selection.is_empty:
                event.widget.cursor_position = event.widget.selection.end

    # Layout

    def give_keys(self, to_pane: bool) -> None:
        """Give the keys to the lower pane, or back to the field that had them."""
        if to_pane:
            self._last_entry = self.focused_entry or self._last_entry
            self.screen.set_focus(None)
            self.messages.show_idle("")
            self.messages.show_message("", "dim")
            self.lower.take_keys()
        else:
            self.lower.release_keys()
        self.summary.is_brief = to_pane and (self.summary.role == "fail" or self.screen.size.width < NARROW)
        self.summary.wrap_again()
        self.show_visible()
        self.show_keys()
        if not to_pane:
            self.screen.set_focus(self._last_entry or self.entry(FIELDS[0].name))

    def show_title(self) -> None:
        """Show the title, with the number of fields that are scrolled out of view."""
        scroll = self._scroll
        top, height = scroll.scroll_y, scroll.scrollable_content_region.height
        rows = [line.virtual_region for line in self.query(".field") if line.display]
        above, below = sum(row.y < top for row in rows), sum(row.bottom > top + height for row in rows)
        parts = [f"{number} {word}" for number, word in ((above, "above"), (below, "below")) if number]
        if parts:
            parts[0] = parts[0].replace(" ", " field " if parts[0].startswith("1 ") else " fields ", 1)
        right = f" {self._glyphs.dot} ".join([*filter(None, [", ".join(parts)]), self._place()])
        line = partial(rule_line, title=[(self._heading, "title")], right=right, glyphs=self._glyphs)
        self._title_row.fill(line)

    def _fit_heights(self) -> None:
        """Give the fields the rows that they need, and the lower pane the rest, at least `LEAST_PANE`."""
        height = self.screen.size.height
        scroll = self._scroll
        if self.is_wide:
            scroll.styles.height = "1fr"
        else:
            need = 0
            for field in FIELDS:
                if self.query_one(f"#line-{field.name}").display:
                    under = self.query_one(f"#under-{field.name}")
                    need += 1 + (int(under.styles.height.value) if under.display and under.styles.height else 0)
            free = height - 1 - SUMMARY - 2 - (self.screen.size.width < NARROW)
            scroll.styles.height = max(1, min(need, free - (LEAST_PANE if height >= LOW else 0)))
        self.lower.display = self.is_wide or height >= LOW
        self.call_after_refresh(self.show_title)

    def refit(self) -> None:
        """Follow a change of the terminal's size."""
        self.set_class(self.is_wide, "-wide")
        self.set_class(self.screen.size.width >= ROOMY, "-roomy")
        for row in self.query(WrappedRow):
            row.wrap_again()
        self.show_visible()
        self.lower.refit(self.screen.size.width)
        entry = self.focused_entry
        if entry is not None and entry.id in BY_NAME:
            self.scroll_to_field(entry.id)


def _first_that_fits(texts: Sequence[str], cells: int) -> str:
    return next((text for text in texts if width(text) <= cells), texts[-1])
