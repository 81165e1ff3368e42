"""State of the create form: texts of the fields, errors, advice and facts. Knows no widgets and does no I/O."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from fttui.models.job import METHODS
from fttui.models.offer import Offer
from fttui.ui.create_form.fields import EMPTY, FIELDS, Field, fields_of, notes_of, range_error

BELONGS_TO_SAMPLE = ("validation_file", "suffix")
"""Fields whose sample values belong to the sample's training file."""


class Note(NamedTuple):
    """Text beside a field."""

    texts: tuple[str, ...]
    """The same note in several lengths, the longest first."""
    role: str = "dim"
    """Role in the theme: `fail` for an error, `warn` for advice."""

    @property
    def is_alert(self) -> bool:
        """The note is an error or advice, which is never cut."""
        return self.role != "dim"


class _Error(NamedTuple):
    text: str
    value: str
    """Text of the field when the error was found."""


class CreateForm:
    """Texts, errors, advice and facts by field name."""

    def __init__(
        self,
        values: Mapping[str, str],
        *,
        draft: Mapping[str, str] | None = None,
        sample: Mapping[str, str] | None = None,
        offer: Offer = Offer(),  # noqa: B008  (a value)
    ) -> None:
        """
        Args:
            values: initial texts, such as a clone's; missing fields get their defaults.
            draft: texts that the user typed earlier.
            sample: values of the sample job.
            offer: what the provider takes.
        """
        self._initial = {**EMPTY, **values}
        self._texts = self._initial | dict(draft or {})
        self._sample = dict(sample or {})
        self.offer = offer
        self._removed: tuple[str, ...] = ()
        """Fields that were emptied with the sample's training file."""
        self._method = self._texts["method"] if self._texts["method"] in ("", *METHODS) else self._initial["method"]
        self._errors: dict[str, _Error] = {}
        self._marks: dict[str, _Error] = {}
        """Errors that the check of the form has found, before it is sent."""
        self._advice: dict[str, str] = {}
        self._facts: dict[str, str] = {}
        self.settings_error: Callable[[str], str] = lambda text: ""
        """Returns why the trainer does not take the settings in a text; empty when it does."""
        self.automatic: Mapping[str, int] = {}
        """Value that `auto` has at the moment, by field."""

    @property
    def values(self) -> dict[str, str]:
        """Texts without surrounding spaces, with those of hidden fields."""
        return {name: text.strip() for name, text in self._texts.items()}

    def text(self, name: str) -> str:
        """Return the text of a field as typed."""
        return self._texts[name]

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
        return fields_of(self._method, self.offer)

    def note(self, name: str) -> Note:
        """Return the note beside a field: an error, else advice, else a fact about the text, else what it takes."""
        if name in self._errors:
            return Note((f"! {self._errors[name].text}",), "fail")
        text = self._texts[name].strip()
        if error := range_error(name, text, self.offer.ranges) or (self.settings_error(text) if name == "more" else ""):
            return Note((f"! {error}",), "fail")
        if name in self._marks:
            return Note((f"! {self._marks[name].text}",), "fail")
        if name in self._advice:
            return Note((f"~ {self._advice[name]}",), "warn")
        if name in self._facts:
            return Note((self._facts[name],))
        return Note(notes_of(name, self._method, self.automatic, self.offer.methods))

    # Changes

    def type(self, name: str, text: str) -> dict[str, str]:
        """Replace the text of a field. An error, advice and a fact about the old text go.

        Returns:
            New texts of other fields: those of the sample, when its training file is replaced or typed again.
        """
        if text == self._texts[name]:
            return {}
        self._texts[name] = text
        if name == "method" and text.strip() in ("", *METHODS):
            self._method = text.strip()
        if name in self._errors and self._errors[name].value != text:
            del self._errors[name]
        self._marks.pop(name, None)
        self._advice.pop(name, None)
        self._facts.pop(name, None)
        return self._follow_sample() if name == "training_file" and self._sample else {}

    def _follow_sample(self) -> dict[str, str]:
        changed = {}
        if self._texts["training_file"].strip() == self._sample["training_file"]:
            changed = {name: self._sample[name] for name in self._removed if not self._texts[name]}
            self._removed = ()
        else:
            removed = [name for name in BELONGS_TO_SAMPLE if self._texts[name] == self._sample[name]]
            changed = dict.fromkeys(removed, "")
            self._removed = (*self._removed, *removed)
        for name, text in changed.items():
            self.type(name, text)
        return changed

    def update(self, texts: Mapping[str, str]) -> None:
        """Replace the texts of fields that differ."""
        for name, text in texts.items():
            self.type(name, text)

    def reset(self) -> None:
        """Return to the initial texts."""
        self._texts = dict(self._initial)
        self._method = self._initial["method"]
        self._errors, self._marks, self._advice, self._facts, self._removed = {}, {}, {}, {}, ()

    def show_errors(self, errors: Mapping[str, str]) -> None:
        """Replace all errors."""
        self._errors = {name: _Error(text, self._texts[name]) for name, text in errors.items()}

    @property
    def has_errors(self) -> bool:
        """An error of the last try to send the form is still shown."""
        return bool(self._errors)

    def mark(self, errors: Mapping[str, str]) -> None:
        """Replace the errors that the check of the form has found."""
        self._marks = {name: _Error(text, self._texts[name]) for name, text in errors.items()}

    def advise(self, advice: Mapping[str, str]) -> None:
        """Replace all advice."""
        self._advice = dict(advice)

    def state_facts(self, facts: Mapping[str, str]) -> None:
        """Set facts about the texts of fields; an empty text removes one."""
        for name, fact in facts.items():
            self._facts.pop(name, None)
            if fact:
                self._facts[name] = fact


def in_order(names: Iterable[str]) -> list[str]:
    """Return field names in the order of the form."""
    found = set(names)
    return [field.name for field in FIELDS if field.name in found]
