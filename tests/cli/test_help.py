"""`fttui help`: commands, examples and topics."""

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

import fttui
from fttui.cli.exit_codes import EXIT_CODES
from fttui.cli.help import TOPICS, commands
from fttui.cli.main import root
from fttui.core.help_topics import rows
from fttui.data.repair import is_repaired
from fttui.data.rules import RULES
from fttui.store import query
from fttui.store.filter_fields import FIELDS
from tests.cli.conftest import Fttui

CONTEXT = click.Context(root, info_name="fttui")
COMMANDS = [" ".join(path) for path, _ in commands(CONTEXT)]


def test_all_commands_are_registered() -> None:
    wanted = """jobs list, jobs get, jobs cancel, jobs pause, jobs resume, jobs clone, jobs create, jobs events,
        jobs checkpoints, jobs metrics, jobs watch, files list, files upload, files get, files download, files delete,
        files check, models list, models delete, archive sync, archive list, archive export, archive delete,
        archive size, serve, profile list, profile add, profile remove, profile use, profile test, config show,
        config init, config path, doctor"""
    assert {" ".join(name.split()) for name in wanted.split(",")} <= set(COMMANDS)


def test_all_commands_of_a_service_take_its_flags() -> None:
    alone = {"archive list", "archive size"}
    for path, context in commands(CONTEXT):
        name = " ".join(path)
        if path[0] in ("jobs", "files", "models", "archive", "doctor") and name not in alone:
            flags = {flag for param in context.command.params for flag in param.opts}
            assert {"--profile", "--base-url"} <= flags, name


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


def test_every_command_has_an_example_in_a_help_text() -> None:
    lines = list(examples())
    for name in COMMANDS:
        assert any(f"fttui {name}" in line or f"fttui --profile work {name}" in line for line in lines), name


def test_every_example_parses(home: Path) -> None:
    (home / "train.jsonl").touch()
    for line in sorted(set(examples())):
        for words in calls(line.replace("| xargs fttui", "fttui") + (" ftjob-abc" if "xargs" in line else "")):
            parse(words)


def parse(words: list[str]) -> None:
    context: click.Context = CONTEXT
    while isinstance(context.command, click.Group):
        rest = context.command.make_parser(context).parse_args(list(words))[1]
        if not rest:
            return
        command = context.command.get_command(context, rest[0])
        assert command is not None, rest
        context, words = click.Context(command, info_name=rest[0], parent=context), rest[1:]
    context.command.make_context("fttui", list(words), parent=context.parent, resilient_parsing=False)


def test_topics_are_ascii_and_at_most_80_cells_wide(bare: Fttui) -> None:
    for topic in TOPICS:
        result = bare("help", topic)
        assert (result.code, result.err) == (0, "")
        assert result.out.isascii()
        assert len(result.lines) > 3
        assert max(len(line) for line in result.lines if "/" not in line) <= 80
        assert "{{" not in result.out


def test_help_on_a_command_equals_its_help_flag(bare: Fttui) -> None:
    usage, *rest = bare("help", "jobs", "watch").lines
    assert usage.startswith("Usage: fttui jobs watch")
    assert rest == bare("jobs", "watch", "--help").lines[1:]
    assert bare("help", "jobs").out.startswith("Usage: fttui jobs")


def test_contents_and_all_name_every_command_and_topic(bare: Fttui) -> None:
    contents, everything = bare("help").out, bare("help", "--all").out
    for name in (*TOPICS, *COMMANDS):
        assert name in contents
    for name in TOPICS:
        assert f"## {name}: " in everything
    for name in COMMANDS:
        assert f"## fttui {name}\n" in everything


def test_unknown_topic_is_a_usage_error_with_a_suggestion(bare: Fttui) -> None:
    result = bare("help", "exit-cods")
    assert (result.code, result.out) == (2, "")
    assert "Did you mean exit-codes?" in result.err
    assert bare("help", "jobs", "nothing").code == 2


def test_topics_list_all_rules_exit_codes_and_filter_fields(bare: Fttui) -> None:
    data = bare("help", "data").out
    assert all(f"\n  {rule.code}" in data for rule in RULES)
    exits = bare("help", "exit-codes").out
    assert all(f"\n  {code} " in exits for code, _ in EXIT_CODES)
    filters = bare("help", "filter").out
    assert all(field in filters for field in FIELDS)


def test_data_topic_promises_the_repair_of_roles_in_capitals_only(bare: Fttui) -> None:
    assert "only those that are a known role in capitals" in " ".join(bare("help", "data").out.split())
    assert is_repaired("unknown_role", '" User"')
    assert not is_repaired("unknown_role", '"human"')


def test_filter_examples_parse() -> None:
    for text, _ in rows("filter"):
        assert not query.parse(text).is_empty, text


def test_every_environment_variable_has_help() -> None:
    package = Path(fttui.__file__).parent
    documented = {name for names, _ in rows("environment") for name in names.split(", ")}
    found: set[str] = set()
    for path in package.rglob("*.py"):
        if "server" in path.parts:
            continue  # variables for trainers are documented in the README of the trainers
        found |= set(re.findall(r'"((?:FTTUI|OPENAI|AZURE_OPENAI|XDG)_[A-Z_]*[A-Z])"', path.read_text()))
    assert found - documented == set()
    assert {name for name in documented if name.startswith(("FTTUI_", "OPENAI_", "AZURE_"))} <= found
