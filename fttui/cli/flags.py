"""Flags and argument types that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from fttui.cli.invocation import Invocation
from fttui.cli.output import JSON, JSONL, TABLE
from fttui.config.schema import Shared
from fttui.models.hyperparameters import Range
from fttui.models.labels import PREFIX

F = TypeVar("F", bound=Callable[..., Any])


def shared_flag(*declarations: str, **more: Any) -> click.Option:
    """Return an option whose value is stored in the `Invocation`, not passed to the command's function."""
    return click.Option(list(declarations), expose_value=False, callback=_store, **more)


def _store(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Store a flag in the invocation. It may be given before and after the command; the last value is used."""
    if value is not None and value is not False and parameter.name:
        setattr(context.ensure_object(Invocation), parameter.name, value)


def json_options(function: F) -> F:
    """Add `--json` and `--jsonl`."""
    lines = click.option(
        "--jsonl", is_flag=True, expose_value=False, callback=_form(JSONL), help="Print one JSON object per line."
    )
    whole = click.option(
        "--json", is_flag=True, expose_value=False, callback=_form(JSON), help="Print the result as one JSON object."
    )
    return whole(lines(function))


def _form(form: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def store(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if not value:
            return
        invocation = context.ensure_object(Invocation)
        if invocation.form not in (TABLE, form):
            raise click.UsageError("--json and --jsonl cannot be used together", context)
        invocation.form = form

    return store


OFFLINE_HELP = "Read the archive only; send no requests."


def offline(function: F) -> F:
    """Add `--offline`, which may also be given before the command."""
    return click.option("--offline", is_flag=True, expose_value=False, callback=_store, help=OFFLINE_HELP)(function)


def yes(function: F) -> F:
    """Add `--yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask; required without a terminal.")(function)


class Number(click.ParamType[Any]):
    """A number of a range, or the word of the range, such as `auto`."""

    def __init__(self, range: Range) -> None:
        self.name = "integer" if range.whole else "number"
        self._range = range

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if value == self._range.word or not isinstance(value, str):
            return value
        number = self._range.value(value)
        if number is None:
            self.fail(f"{value!r}: must be {self._range.allowed_values}", parameter, context)
        return number


class Pair(click.ParamType[Any]):
    """`KEY=VALUE`."""

    name = "K=V"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        key, found, text = value.partition("=")
        if not found or not key:
            self.fail(f"{value!r} is not KEY=VALUE", parameter, context)
        return key, text


class EngineOption(Pair):
    """`KIND.NAME=VALUE`; the value may be missing. As a pair of metadata."""

    name = "KIND.NAME=VALUE"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        key, _, text = value.partition("=")
        kind, dot, name = key.partition(".")
        if not (kind and dot and name):
            self.fail(f"{value!r} is not KIND.NAME=VALUE, such as slurm.time=2:00:00", parameter, context)
        return f"{PREFIX}{key}", text


class Percent(click.ParamType[Any]):
    """A part in percent, `5%` or `5`, as a number above 0 and below 1."""

    name = "percent"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            share = float(value.removesuffix("%")) / 100
        except ValueError:
            share = 0.0
        if not 0 < share < 1:
            self.fail(f"{value!r}: must be above 0% and below 100%", parameter, context)
        return share


class Seconds(click.ParamType[Any]):
    """Seconds between polls, in the range of the setting `interval`."""

    name = "seconds"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if fault := Shared.interval.kind.fault(seconds):
            self.fail(f"{value!r}: {fault}", parameter, context)
        return seconds


class StopKinds(click.ParamType[Any]):
    """Kinds of alarms that stop a job, with commas between. The value is in the order of importance."""

    name = "kinds"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        from fttui.learning.alarms import stop_kinds

        try:
            return ",".join(stop_kinds(value))
        except ValueError as error:
            self.fail(str(error), parameter, context)
