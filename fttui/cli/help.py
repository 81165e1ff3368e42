"""`fttui help`: help on commands, and the topics of `core.help_topics`."""

import sys
from collections.abc import Iterator

import click

from fttui.cli.exit_codes import DONE, EXIT_CODES
from fttui.cli.groups import Command, UnknownCommand
from fttui.cli.output import Output
from fttui.core import help_topics
from fttui.core.help_topics import WIDTH

TOPICS = ("exit-codes", "environment", "filter", "output", "data", "sweeps", "alerts", "prices", "files", "completion")
"""Topics in the order of the contents; each has a file `core/topics/NAME.md`."""


@click.command("help", cls=Command, short_help="Show help on a command or a topic.")
@click.argument("topic", nargs=-1, metavar="[TOPIC | COMMAND]...")
@click.option("--all", "all_", is_flag=True, help="Print the help of all commands and topics.")
@click.pass_context
def help_(context: click.Context, topic: tuple[str, ...], all_: bool) -> int:
    """Show help on a command or a topic. Without an argument: list all commands and topics.

    \b
    fttui help jobs create
    fttui help exit-codes
    fttui help --all | less
    """
    output, root = Output(), context.find_root()
    if all_:
        output.print_text("\n\n".join(_everything(root)) + "\n")
        return DONE
    if not topic:
        output.print_text(_contents(root) + "\n")
        return DONE
    name = " ".join(topic)
    if name in TOPICS:
        output.print_text(_titled(name) + "\n")
        return DONE
    found = _command(root, topic)
    if found is None:
        paths = [path for path, _ in commands(root)]
        known = dict.fromkeys([*TOPICS, *(path[0] for path in paths), *map(" ".join, paths)])
        raise UnknownCommand(name, list(known), "fttui help", kind="command or topic")
    output.print_text(found.get_help() + "\n")
    return DONE


def commands(root: click.Context) -> Iterator[tuple[tuple[str, ...], click.Context]]:
    """Yield every command that can be run, in the order of `--help`, with a context to print its help in."""
    yield from _below(root, ())


def _below(context: click.Context, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Context]]:
    group = context.command
    if not isinstance(group, click.Group):
        yield path, context
        return
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None and not command.hidden:
            yield from _below(_context(command, name, context), (*path, name))


def _context(command: click.Command, name: str, parent: click.Context) -> click.Context:
    width = None if sys.stdout.isatty() else WIDTH
    return click.Context(command, info_name=name, parent=parent, terminal_width=width)


def _command(root: click.Context, path: tuple[str, ...]) -> click.Context | None:
    context = root
    for name in path:
        group = context.command
        command = group.get_command(context, name) if isinstance(group, click.Group) else None
        if command is None:
            return None
        context = _context(command, name, context)
    return context


def _contents(root: click.Context) -> str:
    lines = ["Topics (`fttui help TOPIC`):"]
    lines += [f"  {name:<12} {help_topics.title(name)}" for name in TOPICS]
    lines += ["", "Commands (`fttui help COMMAND`, or `fttui COMMAND --help`):"]
    found = [(" ".join(path), context.command.get_short_help_str(60)) for path, context in commands(root)]
    width = max(len(name) for name, _ in found)
    lines += [f"  {name:<{width}}  {summary}" for name, summary in found]
    return "\n".join(lines)


def _everything(root: click.Context) -> Iterator[str]:
    yield root.get_help()
    for path, context in commands(root):
        yield f"## fttui {' '.join(path)}\n\n{context.get_help()}"
    for name in TOPICS:
        yield _titled(name)


def _titled(name: str) -> str:
    return f"## {name}: {help_topics.title(name)}\n\n{help_topics.text(name, _generated)}"


def _generated(name: str) -> str:
    """Return the text for a placeholder of a topic that only `fttui help` shows."""
    match name:
        case "exit_codes":
            return help_topics.table(EXIT_CODES)
        case "paths":
            return _paths()
        case "completion":
            from fttui.cli.completion import SETUP

            return "\n".join(f"  {shell:<5} {line}" for shell, line in SETUP.items())
    return _of_prices(name)


def _paths() -> str:
    from fttui.config import paths

    return help_topics.table(
        (
            ("config.toml", f"your settings, never changed by fttui: {paths.config_file()}"),
            ("prices.toml", f"your prices and limits, which override the built-in ones: {paths.prices_file()}"),
            ("profiles", f"profiles added with `fttui profile add`: {paths.profiles_file()}"),
            ("archive", f"jobs, events and result files, one SQLite file: {paths.archive_file()}"),
            ("service", f"jobs and files of the embedded service: {paths.service_dir()}"),
            ("state", f"saved state of the cockpit, and crash reports: {paths.state_dir()}"),
        )
    )


def _of_prices(name: str) -> str:
    from fttui.data.prices import published_prices

    table = published_prices()
    if name == "currency":
        return str(table["currency"])
    if name == "price_source":
        return f"{table['source']}, {table['updated']}"
    assert name == "prices", name
    found = []
    for model, entry in table["models"].items():
        price = "free" if entry.get("local") else f"{entry.get('per_hour', entry.get('training')):.2f}"
        unit = "" if entry.get("local") else " an hour" if "per_hour" in entry else " per million tokens"
        limit = f", at most {entry['limit']:,} tokens an example" if "limit" in entry else ""
        found.append((model, f"{price}{unit}{limit}"))
    return help_topics.table(found)
