"""Flags and argument types that several commands share."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fttui.cli.invocation import Invocation
from fttui.cli.output import JSON, JSONL
from fttui.config.schema import INTERVAL_FLOOR

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

F = TypeVar("F", bound=Callable[..., Any])


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Put a flag where every command finds it. It may stand before or after the verb; the last one counts."""
    if value is not None and value is not False and parameter.name:
        setattr(context.ensure_object(Invocation), parameter.name, value)


def shared(*declarations: str, **more: Any) -> click.Option:
    """A flag that is kept in the `Invocation` instead of being handed to the function."""
    return click.Option(list(declarations), expose_value=False, callback=_keep, **more)


def _profiles(context: click.Context, parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    from fttui.cli import completion

    return completion.profiles(context, parameter, typed)


def _target() -> list[click.Parameter]:
    return [
        shared(
            "--profile",
            metavar="NAME",
            shell_complete=_profiles,
            help="The service to talk to, by the name of its profile.",
        ),
        shared("--base-url", metavar="URL", help="The service to talk to, by its address: https://host/v1."),
    ]


class Plain(click.Command):
    """A command; what it finds wrong with its flags is told with its own name."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except click.UsageError as error:
            error.ctx = error.ctx or context
            raise


class Verb(Plain):
    """A command that talks to a service: `--profile` and `--base-url` may stand after it."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.params += _target()


class Group(click.Group):
    """A group of commands; a mistyped name is answered with the nearest."""

    command_class: type[click.Command] = Plain
    group_class = type

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = arguments[0]
        if self.get_command(context, name) is None and not name.startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(name, self.list_commands(context), 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(self.list_commands(context))}."
            raise click.UsageError(f"{name!r} is no command; {hint}", context)
        return super().resolve_command(context, arguments)


class Verbs(Group):
    """A group of commands that talk to a service."""

    command_class = Verb

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.params += _target()


def _form(form: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def keep(context: click.Context, parameter: click.Parameter, value: bool) -> None:
        if not value:
            return
        invocation = context.ensure_object(Invocation)
        if invocation.form not in ("table", form):
            raise click.UsageError("--json and --jsonl are two forms: give one of them", context)
        invocation.form = form

    return keep


def forms(function: F) -> F:
    """`--json` and `--jsonl`."""
    lines = click.option(
        "--jsonl", is_flag=True, expose_value=False, callback=_form(JSONL), help="One JSON object a line."
    )
    whole = click.option(
        "--json", is_flag=True, expose_value=False, callback=_form(JSON), help="JSON, as the provider sent it."
    )
    return whole(lines(function))


def offline(function: F) -> F:
    """`--offline`, after the verb as before it."""
    words = "From the archive alone; nothing is asked of the service."
    return click.option("--offline", is_flag=True, expose_value=False, callback=_keep, help=words)(function)


def yes(function: F) -> F:
    """`--yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Do not ask; needed where there is no terminal.")(function)


class NumberOrAuto(click.ParamType[Any]):
    """A positive number, or `auto`."""

    def __init__(self, *, whole: bool) -> None:
        self.name = "integer|auto" if whole else "number|auto"
        self._whole = whole

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if value == "auto" or not isinstance(value, str):
            return value
        try:
            number = int(value) if self._whole else float(value)
        except ValueError:
            number = -1
        if not 0 < number < float("inf"):
            kind = "a whole number above 0" if self._whole else "a number above 0"
            self.fail(f"{value!r} is neither {kind} nor auto", parameter, context)
        return number


class Pair(click.ParamType[Any]):
    """`KEY=VALUE`."""

    name = "K=V"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        key, found, text = value.partition("=")
        if not found or not key:
            self.fail(f"{value!r} must be KEY=VALUE", parameter, context)
        return key, text


class Seconds(click.ParamType[Any]):
    """Seconds between polls. A shorter interval than `INTERVAL_FLOOR` counts as that."""

    name = "seconds"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            seconds = float(value)
        except ValueError:
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            self.fail(f"{value!r} is not a number of seconds above 0", parameter, context)
        return max(INTERVAL_FLOOR, seconds)
