"""Settings that a trainer describes: types, ranges, choices and help. Standard library only.

The embedded service sends them with a model (`fttui.settings`). The form, the commands and the service check with them.
"""

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from fttui.text import clean_line, nearest

TYPES = ("integer", "number", "boolean", "text", "choice")
BOOLEANS = {"yes": "true", "no": "false"}
"""Words for a boolean, and how trainers get them. Both are taken."""
MOST_SETTINGS = 200
LONGEST = 200
"""Characters of a name, a choice or a help that are kept."""


class TrainerSetting(NamedTuple):
    """One setting of a trainer. Texts are cleaned."""

    name: str
    type: str = "text"
    """One of `TYPES`."""
    default: str = ""
    """Default as sent; empty when it depends on the method or the model."""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    help: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        """Values that can be listed; empty for numbers and texts."""
        return tuple(BOOLEANS) if self.type == "boolean" else self.choices

    @property
    def shown_default(self) -> str:
        """The default in the words of `values`."""
        return next(
            (word for word, sent in BOOLEANS.items() if self.type == "boolean" and sent == self.default), self.default
        )

    def sent(self, text: str) -> str:
        """Return the text of a value as trainers get it."""
        return BOOLEANS.get(text.strip().lower(), text) if self.type == "boolean" else text

    @property
    def allowed_values(self) -> str:
        """The allowed values for the user: `1 to 256`, `none, 4bit`."""
        if self.values:
            return ", ".join(self.values)
        if self.type not in ("integer", "number"):
            return "a text"
        least, most = (None if end is None else f"{end:.10g}" for end in (self.minimum, self.maximum))
        if least is not None and most is not None:
            return f"{least} to {most}"
        if least is not None:
            return f"at least {least}"
        if most is not None:
            return f"at most {most}"
        return "a whole number" if self.type == "integer" else "a number"

    def takes(self, text: str) -> bool:
        """Return whether a text is an allowed value."""
        text = text.strip()
        if self.type == "boolean":
            return text.lower() in {*BOOLEANS, *BOOLEANS.values()}
        if self.choices:
            return text in self.choices
        if self.type not in ("integer", "number"):
            return bool(text)
        try:
            number = float(text) if self.type == "number" else int(text)
        except ValueError:
            return False
        if not math.isfinite(number):
            return False
        return (self.minimum is None or number >= self.minimum) and (self.maximum is None or number <= self.maximum)


def settings_of(value: object) -> dict[str, TrainerSetting]:
    """Return the settings in a description, by name. Entries that are not valid are left out."""
    found: dict[str, TrainerSetting] = {}
    for name, sent in list(value.items())[:MOST_SETTINGS] if isinstance(value, Mapping) else ():
        clean = _line(name)
        if clean and clean == name and isinstance(sent, Mapping) and sent.get("type") in TYPES:
            found[clean] = _setting(clean, sent)
    return found


def _setting(name: str, sent: Mapping[str, Any]) -> TrainerSetting:
    choices = sent.get("choices")
    return TrainerSetting(
        name,
        sent["type"],
        value_text(sent.get("default")) if sent.get("default") is not None else "",
        _number(sent.get("minimum")),
        _number(sent.get("maximum")),
        tuple(filter(None, map(_line, choices[:MOST_SETTINGS]))) if isinstance(choices, list) else (),
        _line(sent.get("help")),
    )


def value_text(value: object) -> str:
    """Return the value of a setting as the text that trainers get: texts as they are, other values as JSON."""
    try:
        return _line(value) if isinstance(value, str) else _line(json.dumps(value))
    except (TypeError, ValueError):
        return ""


def setting_error(name: str, text: str, known: Mapping[str, TrainerSetting], trainer: str) -> str:
    """Return why a trainer does not take a setting, as a sentence without its full stop; empty when it does.

    Args:
        known: settings of the trainer.
    """
    setting = known.get(name)
    if setting is None:
        near = nearest(name, known)
        return f"{name} is not a setting of {trainer}" + (f". Did you mean {near}?" if near else "")
    return "" if setting.takes(text) else f"{name}: {setting.allowed_values}"


def _line(value: object) -> str:
    return clean_line(value[: 8 * LONGEST]).strip()[:LONGEST] if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and math.isfinite(value) else None  # type: ignore[arg-type, return-value]
