"""Suggestions for the field of settings, from what the trainer of the model describes. Pure."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from fttui.models.trainer_settings import TrainerSetting, setting_error, value_text
from fttui.ui.create_form.pairs import BadPairs, values_by_key
from fttui.ui.create_form.suggestions import Suggestion

_LAST = re.compile(r"(?:^|[\s,])([^\s,=]*)$")
"""Name that is being typed at the end of the text."""
_LAST_VALUE = re.compile(r"(?:^|[\s,])([\w.-]+)=((?:[^\s=,\"]*,)*)([^\s=,\"]*)$")
"""Name, earlier values and newest value at the end of the text."""
_GIVEN = re.compile(r"(?:^|[\s,])([\w.-]+)\s*=")
_PREFIXES = ("method", "wandb")
"""Prefixes of settings that no trainer describes."""


class KnownSettings(NamedTuple):
    """Settings that the trainer of a model takes."""

    trainer: str = ""
    settings: Mapping[str, TrainerSetting] = {}

    def suggestions(self, text: str) -> list[Suggestion]:
        """Return names for the end of a text, without those that it has already; after `=` the values of the name."""
        if (value := _LAST_VALUE.search(text)) is not None:
            name, before, typed = value.groups()
            head = text[: value.start(1)] + f"{name}={before}"
            setting = self.settings.get(name)
            return [] if setting is None else _values(setting, head, before.split(","), typed)
        found = _LAST.search(text)
        if found is None:
            return []
        head, typed = text[: found.start(1)], found[1].casefold()
        given = {match[1] for match in _GIVEN.finditer(text)}
        names = [setting for name, setting in self.settings.items() if name not in given]
        first = [setting for setting in names if setting.name.casefold().startswith(typed)]
        rest = [setting for setting in names if typed in setting.name.casefold() and setting not in first]
        return [
            Suggestion(
                f"{head}{setting.name}=",
                setting.name,
                setting.shown_default or "-",
                setting.allowed_values,
                about=setting.help,
                is_open=True,
            )
            for setting in (*first, *rest)
        ]

    def error(self, text: str) -> str:
        """Return why the trainer does not take a text; empty when it does, or while the text has no pairs."""
        try:
            pairs = values_by_key(text) if self.settings else {}
        except BadPairs:
            return ""
        for name, values in pairs.items():
            inner = name.removeprefix("hyperparameters.")
            if inner.partition(".")[0] in _PREFIXES:
                continue
            for value in values:
                if reason := setting_error(inner, value_text(value), self.settings, self.trainer):
                    return reason
        return ""


def _values(setting: TrainerSetting, head: str, before: list[str], typed: str) -> list[Suggestion]:
    default = setting.shown_default
    values = setting.values or ((default,) if default else ())
    return [
        Suggestion(
            f"{head}{value}",
            value,
            "default" if value == default else "",
            "" if setting.values else setting.allowed_values,
            about=setting.help,
        )
        for value in values
        if value.casefold().startswith(typed.casefold()) and value not in before
    ]
