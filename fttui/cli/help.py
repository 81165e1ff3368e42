"""`fttui help`: help on commands, and topics from the Markdown files in `topics/`.

A topic is its title, paragraphs and two-column tables. `{{name}}` is replaced by text from the tables of the program
(see `_generated`).
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator

import click

from fttui.cli.exit_codes import DONE, EXIT_CODES
from fttui.cli.groups import Command, UnknownCommand
from fttui.cli.output import Output
from fttui.text import wrap

WIDTH = 78
TOPICS = ("exit-codes", "environment", "filter", "output", "data", "prices", "files", "completion")
"""Topics in the order of the contents; each has a file `topics/NAME.md`."""


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
    lines += [f"  {name:<12} {title(name)}" for name in TOPICS]
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
    return f"## {name}: {title(name)}\n\n{text(name)}"


# Topics


def title(topic: str) -> str:
    """Return the title of a topic."""
    return _blocks(topic)[0].removeprefix("# ")


def text(topic: str) -> str:
    """Return a topic as plain text, without its title."""
    return "\n\n".join(map(_rendered, _blocks(topic)[1:]))


def rows(topic: str) -> list[tuple[str, str]]:
    """Return the rows of the tables in a topic."""
    return [row for block in _blocks(topic) if block.startswith("|") for row in _rows(block)]


def _blocks(topic: str) -> list[str]:
    path = os.path.join(os.path.dirname(__file__), "topics", f"{topic}.md")
    with open(path, encoding="utf-8") as file:
        return file.read().strip().split("\n\n")


def _rows(block: str) -> list[tuple[str, str]]:
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]
    return [(name, meaning) for name, meaning in cells]


def _rendered(block: str) -> str:
    if block.startswith("|"):
        return _table(_rows(block))
    if whole := re.fullmatch(r"\{\{(\w+)\}\}", block):
        return _generated(whole[1])
    return "\n".join(wrap(re.sub(r"\{\{(\w+)\}\}", lambda name: _generated(name[1]), block), WIDTH))


def _table(rows: Iterable[tuple[object, str]]) -> str:
    """Return two aligned columns. A long second cell continues on the next lines."""
    cells = [(str(name), meaning) for name, meaning in rows]
    width = min(26, max(len(name) for name, _ in cells))
    lines = []
    for name, meaning in cells:
        first, *more = wrap(meaning, WIDTH - width - 4)
        if len(name) <= width:
            lines.append(f"  {name:<{width}}  {first}")
        else:
            lines += [f"  {line}" for line in wrap(name, WIDTH - 2)] + [" " * (width + 4) + first]
        lines += [" " * (width + 4) + line for line in more]
    return "\n".join(lines)


def _generated(name: str) -> str:
    """Return the text for a placeholder in a topic."""
    match name:
        case "exit_codes":
            return _table(EXIT_CODES)
        case "fields":
            from fttui.store.filter_fields import FILTER_FIELDS

            return _table((field.name, f"{field.help}: {field.example}") for field in FILTER_FIELDS)
        case "states":
            from fttui.cli.completion import STATES

            return ", ".join(STATES)
        case "rules":
            return _rules()
        case "paths":
            return _paths()
        case "completion":
            from fttui.cli.completion import SETUP

            return "\n".join(f"  {shell:<5} {line}" for shell, line in SETUP.items())
    return _of_prices(name)


def _rules() -> str:
    from fttui.data.rules import LEVELS, RULES, Rule

    def other_levels(rule: Rule) -> str:
        levels = "; ".join(f"{level or 'nothing'} at {provider}" for provider, level in rule.others.items())
        return f" ({levels})" if levels else ""

    parts = []
    for level in LEVELS:
        found = [
            (rule.code, f"{rule.problem}: {rule.remedy}{' (fix)' if rule.is_fixable else ''}{other_levels(rule)}")
            for rule in RULES
            if rule.level == level
        ]
        parts.append(f"{level}\n{_table(found)}")
    return "\n\n".join(parts)


def _paths() -> str:
    from fttui.config import paths

    return _table(
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
    return _table(found)
