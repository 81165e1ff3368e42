"""Confirmation of commands that cancel or delete."""

import sys
from typing import Any

import click


def confirm(question: str, *, yes: bool) -> bool:
    """Ask a yes-or-no question on the terminal; the default is no. With `yes`, do not ask.

    Raises: as `check_can_ask`.
    """
    check_can_ask(yes=yes)
    if yes:
        return True
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def check_can_ask(*, yes: bool) -> None:
    """Check that a question can be asked, before a request is sent.

    Raises:
        click.UsageError: there is no terminal, and `yes` is false.
    """
    if not yes and not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
        raise click.UsageError("nothing was sent: there is no terminal to confirm on. To skip the question: --yes")


def _is_terminal(stream: Any) -> bool:
    return stream is not None and bool(stream.isatty())
