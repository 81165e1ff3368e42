"""`fttui help`: complete, true, and made from what the program goes by."""

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import fttui
from fttui.cli.exit_codes import EXIT_CODES
from fttui.cli.help import ENVIRONMENT, FILTER, TOPICS, commands
from fttui.cli.main import root
from fttui.data.rules import RULES
from fttui.store import query
from tests.cli.conftest import Fttui

CONTEXT = click.Context(root, info_name="fttui")
COMMANDS = [" ".join(path) for path, _ in commands(CONTEXT)]


def test_all_commands_of_the_design_are_there() -> None:
    wanted = """jobs list, jobs get, jobs cancel, jobs pause, jobs resume, jobs clone, jobs create, jobs events,
        jobs checkpoints, jobs metrics, jobs watch, files list, files upload, files get, files download, files delete,
        files check, models list, models delete, archive sync, archive list, archive export, archive delete,
        archive size, serve, profile list, profile add, profile remove, profile use, profile test, config show,
        config init, config path, doctor"""
    assert {" ".join(name.split()) for name in wanted.split(",")} <= set(COMMANDS)


def examples() -> Iterator[str]:
    """Every line of an example in any command's help."""
    for _, context in (*commands(CONTEXT), ((), CONTEXT)):
        for line in inspect.cleandoc(context.command.help or "").splitlines():
            if re.match(r"fttui |.*\$\(fttui ", line):
                yield line


def calls(line: str) -> Iterator[list[str]]:
    """The calls of fttui in a line of shell, without `fttui` itself."""
    for text in re.findall(r"\bfttui ([^|)]*)", re.sub(r"\s{2,}.*", "", line)):
        words = shlex.split(re.split(r"\s(?:&&|>|;)", text)[0])
        yield words


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example_of_itself(name: str) -> None:
    assert any(f"fttui {name}" in line or f"fttui --profile work {name}" in line for line in examples())


@pytest.mark.parametrize("line", sorted(set(examples())))
def test_every_example_can_be_typed(line: str, home: Path) -> None:
    (home / "train.jsonl").touch()
    for words in calls(line.replace("| xargs fttui", "fttui") + (" ftjob-abc" if "xargs" in line else "")):
        context: click.Context = CONTEXT
        while isinstance(context.command, click.Group):
            rest = context.command.make_parser(context).parse_args(list(words))[1]
            if not rest:
                break
            command = context.command.get_command(context, rest[0])
            assert command is not None, rest
            context, words = click.Context(command, info_name=rest[0], parent=context), rest[1:]
        else:
            context.command.make_context("fttui", list(words), parent=context.parent, resilient_parsing=False)


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_fits_and_is_printable(bare: Fttui, topic: str) -> None:
    result = bare("help", topic)
    assert (result.code, result.err) == (0, "")
    assert result.out.isascii()
    assert len(result.lines) > 3
    assert max(len(line) for line in result.lines if "/" not in line) <= 80


def test_help_on_a_command_is_the_commands_help(bare: Fttui) -> None:
    usage, *rest = bare("help", "jobs", "watch").lines
    assert usage.startswith("Usage: fttui jobs watch")
    assert rest == bare("jobs", "watch", "--help").lines[1:]
    assert bare("help", "jobs").out.startswith("Usage: fttui jobs")


def test_contents_and_everything(bare: Fttui) -> None:
    contents, everything = bare("help").out, bare("help", "--all").out
    for name in (*TOPICS, *COMMANDS):
        assert name in contents
    for name in TOPICS:
        assert f"## {name}: " in everything
    for name in COMMANDS:
        assert f"## fttui {name}\n" in everything


def test_what_there_is_no_help_on(bare: Fttui) -> None:
    result = bare("help", "exit-cods")
    assert (result.code, result.out) == (2, "")
    assert "did you mean exit-codes?" in result.err
    assert bare("help", "jobs", "nothing").code == 2


def test_the_tables_are_told_whole(bare: Fttui) -> None:
    data = bare("help", "data").out
    assert all(f"\n  {rule.code}" in data for rule in RULES)
    exits = bare("help", "exit-codes").out
    assert all(f"\n  {code} " in exits for code, _ in EXIT_CODES)
    filters = bare("help", "filter").out
    assert all(field in filters for field in query.FIELDS)


@pytest.mark.parametrize("text", [text for text, _ in FILTER])
def test_every_filter_that_is_shown_is_understood(text: str) -> None:
    assert not query.parse(text).is_empty


def test_every_variable_that_is_read_is_told() -> None:
    package = Path(fttui.__file__).parent
    told = {name for names, _ in ENVIRONMENT for name in names.split(", ")}
    found: set[str] = set()
    for path in package.rglob("*.py"):
        if "server" in path.parts:
            continue  # what it sets for its trainers is told in their README
        found |= set(re.findall(r'"((?:FTTUI|OPENAI|AZURE_OPENAI|XDG)_[A-Z_]*[A-Z])"', path.read_text()))
    assert found - told == set()
    assert {name for name in told if name.startswith(("FTTUI_", "OPENAI_", "AZURE_"))} <= found
