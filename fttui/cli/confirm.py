"""Confirmation of commands that cancel or delete."""

import sys
from typing import Any

import click


def confirm(question: str, *, yes: bool, number: int = 1, verb: str = "delete", things: str = "jobs") -> bool:
    """Ask a yes-or-no question on the terminal; the default is no. With `yes`, do not ask.

    Args:
        number: number of objects. For many of them the user types it.

    Raises: as `check_can_ask`.
    """
    check_can_ask(yes=yes)
    if yes:
        return True
    from fttui.core.questions import MOST_BY_Y, typed_number

    is_typed = number > MOST_BY_Y
    answer = typed_number(number, verb, things) if is_typed else "[y/N]"
    print(f"{question} {answer} ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ((str(number),) if is_typed else ("y", "yes"))


def check_can_ask(*, yes: bool) -> None:
    """Check that a question can be asked, before a request is sent.

    Raises:
        click.UsageError: there is no terminal, and `yes` is false.
    """
    if not yes and not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
        raise click.UsageError("nothing was sent: there is no terminal to confirm on. To skip the question: --yes")


def _is_terminal(stream: Any) -> bool:
    return stream is not None and bool(stream.isatty())
