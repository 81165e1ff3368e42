"""Command classes: service flags after the command, subcommands imported on use, suggestions for typing errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from fttui.cli.flags import shared_flag
from fttui.text import nearest

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


_OTHER_WORDS = {
    **dict.fromkeys(("show", "describe", "info", "status", "view"), frozenset({"get", "show"})),
    **dict.fromkeys(("ls", "ps"), frozenset({"list"})),
    **dict.fromkeys(("rm", "remove"), frozenset({"delete", "remove"})),
    **dict.fromkeys(("log", "logs", "tail"), frozenset({"events"})),
    **dict.fromkeys(("new", "submit", "start", "run", "add"), frozenset({"create", "add"})),
    **dict.fromkeys(("stop", "kill", "abort"), frozenset({"cancel"})),
    **dict.fromkeys(("diff",), frozenset({"compare"})),
    **dict.fromkeys(("wait", "follow"), frozenset({"watch"})),
}
"""Words of other programs for commands of fttui."""


class UnknownCommand(click.UsageError):
    """No command of this name; the message has a suggestion if one is close."""

    def __init__(self, name: str, known: list[str], see: str, *, kind: str = "command") -> None:
        near = nearest(name, known) or next(iter(_OTHER_WORDS.get(name, frozenset()) & set(known)), "")
        suggestion = f" Did you mean {near}?" if near else ""
        super().__init__(f"Unknown {kind} {name!r}.{suggestion} See: {see}")


@contextmanager
def _named(context: click.Context) -> Iterator[None]:
    """Give usage errors without a command the command of a context, so that they name its help."""
    try:
        yield
    except click.UsageError as error:
        error.ctx = error.ctx or context
        raise


class Command(click.Command):
    """A command. Its usage errors name the command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _named(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, context: click.Context) -> Any:
        with _named(context):
            return super().invoke(context)


class ServiceCommand(Command):
    """A command that uses a service: it accepts `--profile` and `--base-url`."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.params += _service_flags()


class Group(click.Group):
    """A group of commands, in the order of their definition.

    Args:
        table: `module:attribute` of commands to import when they are used, by name.
    """

    command_class: type[click.Command] = Command
    group_class = type

    def __init__(self, *given: Any, table: Mapping[str, str] = {}, **more: Any) -> None:
        super().__init__(*given, **more)
        self._table = table

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _named(ctx):
            return super().parse_args(ctx, args)

    def list_commands(self, context: click.Context) -> list[str]:
        return [*self._table, *self.commands]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self._table:
            return super().get_command(context, name)
        module, _, attribute = self._table[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = arguments[0]
        if self.get_command(context, name) is None and not name.startswith("-"):
            raise UnknownCommand(name, self.list_commands(context), f"{context.command_path} --help")
        return super().resolve_command(context, arguments)


class ServiceGroup(Group):
    """A group of commands that use a service: it accepts `--profile` and `--base-url`."""

    command_class = ServiceCommand

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.params += _service_flags()


def _service_flags() -> list[click.Parameter]:
    return [
        shared_flag(
            "--profile",
            metavar="NAME",
            shell_complete=_profiles,
            help="Use the service of this profile.",
        ),
        shared_flag("--base-url", metavar="URL", help="Use the service at this address: https://host/v1."),
    ]


def _profiles(context: click.Context, parameter: click.Parameter, typed: str) -> "list[CompletionItem]":
    from fttui.cli import completion

    return completion.profiles(context, parameter, typed)
