"""Entries of the help screen: every command, and every word of the command line that takes an argument. Pure."""

from collections.abc import Callable, Iterable

from fttui.commands import BY_ID, Command
from fttui.text import pad
from fttui.ui.cockpit.command_line import WORDS
from fttui.ui.picker import Entry


def command_entries(commands: Iterable[Command], refusal: Callable[[Command], str] = lambda _: "") -> list[Entry]:
    """Build entries for commands: keys, title, id and the equivalent shell command. Unavailable ones are grey.

    Args:
        refusal: returns the reason why a command is unavailable, empty when it is available.
    """
    return [
        Entry(
            command.id,
            [
                (f" {pad(command.shown, 12)}", "off" if refusal(command) else "key"),
                (pad(command.title, 48), "off" if refusal(command) else ""),
                (f" {command.id:<17}", "dim"),
                (f" fttui {command.shell_command}" if command.shell_command else "", "dim"),
            ],
            f"{command.shown} {command.title} {command.id} {command.group}",
        )
        for command in commands
    ]


def word_entries() -> list[Entry]:
    """Build entries for the words of the `:` line that take an argument."""
    return [
        Entry(word, [(f" {pad(f':{word}', 12)}", "key"), (takes, "")], f":{word} {takes}")
        for word, takes in WORDS.items()
        if word not in BY_ID
    ]
