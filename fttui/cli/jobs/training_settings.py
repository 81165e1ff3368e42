"""Training settings given by options of `jobs create`: single values, and several values of a sweep."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from fttui.learning.sweep import Axis, SweepError, axes_of, json_value, split_values
from fttui.models.hyperparameters import RANGES, SEED, Range, high_rates, ranges_at

OPTIONS = ("n_epochs", "batch_size", "learning_rate_multiplier", "beta", "seed")
"""Settings that have an option of their own."""


class TrainingSettings:
    """Values by wire name, in the order of the options."""

    def __init__(self, flags: Mapping[str, Any]) -> None:
        """
        Raises:
            click.UsageError: a value is out of range or is there twice, or there are too many jobs.
        """
        self._values: dict[str, list[Any]] = {name: list(flags[name]) for name in OPTIONS if flags[name]}
        for name, text in flags["hyperparameter"]:
            try:
                texts = split_values(text)
            except SweepError as error:
                raise click.UsageError(f"--hyperparameter {name}: {error}") from None
            self._values.setdefault(name, []).extend(_value(name, text) for text in texts)
        try:
            self.axes: Sequence[Axis] = axes_of(self._values)
        except SweepError as error:
            raise click.UsageError(str(error)) from None

    @property
    def first(self) -> dict[str, Any]:
        """The only or the first value of each setting."""
        return {name: values[0] for name, values in self._values.items()}

    @property
    def warnings(self) -> list[str]:
        """Sentences about values that are allowed, but probably wrong."""
        return [f"{name}: {words}" for name, words in high_rates(self._values).items()]

    def check_ranges(self, *, is_local: bool) -> None:
        """Check the settings whose range at the provider is narrower than the options tell.

        Raises:
            click.UsageError: a value is out of range.
        """
        ranges = ranges_at(is_local=is_local)
        for name, values in self._values.items():
            for value in values:
                if name in ranges and ranges[name].refuses(str(value)):
                    raise _out_of_range(name, value, ranges[name])


def _value(name: str, text: str) -> Any:
    """Return the value of a setting that was given with `--hyperparameter`."""
    range = SEED if name == "seed" else RANGES.get(name)
    if range is None:
        return json_value(text)
    if text in ("", range.word) and range.word:
        return range.word
    if (number := range.value(text)) is None:
        raise _out_of_range(name, text, range)
    return number


def _out_of_range(name: str, value: Any, range: Range) -> click.UsageError:
    return click.UsageError(f"--{name.replace('_', '-')}: {value}: must be {range.allowed_values}")
