"""State of the create form: texts of the fields, errors and advice. Knows no widgets and does no I/O."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fttui.models.job import METHODS
from fttui.ui.create_form.fields import EMPTY, FIELDS, Field, fields_of


class Note(NamedTuple):
    """Text under a field."""

    text: str = ""
    role: str = ""
    """Role in the theme: `fail` for an error, `warn` for advice."""


class _Error(NamedTuple):
    text: str
    value: str
    """Text of the field when the error was found."""


class CreateForm:
    """Texts, errors and advice by field name."""

    def __init__(self, values: Mapping[str, str]) -> None:
        """
        Args:
            values: initial texts, such as a clone's; missing fields get their defaults.
        """
        self._initial = {**EMPTY, **values}
        self._texts = dict(self._initial)
        self._method = self._initial["method"]
        self._errors: dict[str, _Error] = {}
        self._advice: dict[str, str] = {}

    @property
    def values(self) -> dict[str, str]:
        """Texts without surrounding spaces, with those of hidden fields."""
        return {name: text.strip() for name, text in self._texts.items()}

    def initial(self, name: str) -> str:
        """Return the text that a field had before the user typed."""
        return self._initial[name]

    @property
    def is_changed(self) -> bool:
        """The user has typed something that is not sent yet."""
        return any(text != self._initial[name].strip() for name, text in self.values.items())

    @property
    def visible(self) -> tuple[Field, ...]:
        """Fields of the method; while the user types its name, those of the last valid method."""
        return fields_of(self._method)

    def note(self, name: str) -> Note:
        """Return the text under a field. An error hides advice."""
        if name in self._errors:
            return Note(self._errors[name].text, "fail")
        return Note(self._advice[name], "warn") if name in self._advice else Note()

    # Changes

    def type(self, name: str, text: str) -> None:
        """Replace the text of a field. An error and advice about the old text go."""
        self._texts[name] = text
        if name == "method" and text.strip() in ("", *METHODS):
            self._method = text.strip()
        if name in self._errors and self._errors[name].value != text:
            del self._errors[name]
        self._advice.pop(name, None)

    def update(self, texts: Mapping[str, str]) -> None:
        """Replace the texts of fields that differ."""
        for name, text in texts.items():
            if text != self._texts[name]:
                self.type(name, text)

    def replace_file(self, name: str, id: str) -> None:
        """Replace the path of an uploaded file by its id, which is not a change by the user."""
        if self._initial[name].strip() == self._texts[name].strip():
            self._initial[name] = id
        self.type(name, id)

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Replace all errors, and drop all advice."""
        self._errors = {name: _Error(text, self._texts[name]) for name, text in errors.items()}
        self._advice = {}

    def advise(self, advice: Mapping[str, str]) -> None:
        """Replace all advice."""
        self._advice = dict(advice)


def in_order(names: Iterable[str]) -> list[str]:
    """Return field names in the order of the form."""
    found = set(names)
    return [field.name for field in FIELDS if field.name in found]
