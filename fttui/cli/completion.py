"""Completion in the shell: commands and flags by click, ids and names from the archive. Nothing is asked of a service.

It runs at every press of the tab key, so it loads neither pydantic nor httpx.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from fttui.cli.exit_codes import DONE
from fttui.cli.groups import Command
from fttui.cli.invocation import Invocation
from fttui.cli.output import Output
from fttui.text import clean_line, fit

F = TypeVar("F", bound=Callable[..., Any])
SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_FTTUI_COMPLETE"
"""Set by the shell's function when it asks for completions; the value says how."""
MOST = 500
"""Ids that are offered at most, the newest first."""
STATES = ("running", "queued", "waiting", "paused", "succeeded", "failed", "cancelled", "live", "final")

SETUP = {
    "bash": 'eval "$(fttui completion bash)"  in ~/.bashrc',
    "zsh": 'eval "$(fttui completion zsh)"  in ~/.zshrc, after compinit',
    "fish": "fttui completion fish > ~/.config/fish/completions/fttui.fish",
}

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@click.command("completion", cls=Command, short_help="Print completion for bash, zsh or fish.")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> int:
    """Print a script that completes commands, flags, job ids, file ids and profiles in your shell.

    \b
    eval "$(fttui completion bash)"          in ~/.bashrc
    eval "$(fttui completion zsh)"           in ~/.zshrc, after compinit
    fttui completion fish > ~/.config/fish/completions/fttui.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    # Not the class's own `source`, which starts a bash only to look at its version.
    Output().text(ShellComplete.source(found(click.Group(), {}, "fttui", VARIABLE)) + "\n")
    return DONE


def _words(names: Iterable[str]) -> Complete:
    def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in names if name.startswith(typed)]

    return complete


def _archived(context: click.Context) -> tuple[str, str]:
    """The archive's path and the chosen service's key in it."""
    from fttui.config.choose import choose
    from fttui.config.paths import archive_file

    invocation = context.ensure_object(Invocation)
    return archive_file(), choose(profile=invocation.profile, base_url=invocation.base_url).key


def _quiet(complete: Complete) -> Complete:
    """A completion that offers nothing where it fails: an error in the middle of a line helps nobody."""

    def tried(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        try:
            return complete(context, parameter, typed)
        except Exception:
            return []

    return tried


@_quiet
def jobs(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Ids of archived jobs, newest first, those already on the line left out."""
    from fttui.store.archive.first_rows import first_rows

    given = context.params.get(parameter.name or "") or ()
    rows, _ = first_rows(*_archived(context), 100_000)
    found = [row for row in rows if row.id.startswith(typed) and row.id not in given][:MOST]
    return [_item(row.id, " ".join(filter(None, (row.status_text, row.model, row.suffix)))) for row in found]


@_quiet
def files(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Ids of archived files; what is typed may also be how a file's name begins."""
    from fttui.store.archive.first_rows import first_files

    given = context.params.get(parameter.name or "") or ()
    found = []
    for id, raw in first_files(*_archived(context), 100_000):
        try:
            name = clean_line(str(json.loads(raw).get("filename") or ""))
        except (ValueError, AttributeError):
            name = ""
        if (id.startswith(typed) or (typed and name.startswith(typed))) and id not in given:
            found.append(_item(id, name))
    return found[:MOST]


def data(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """File ids where one is begun, else the files of this disk."""
    found = files(context, parameter, typed) if typed.startswith("file-") else []
    return found or [CompletionItem(typed, type="file")]


@_quiet
def models(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Models that archived jobs were made from or made."""
    from fttui.store.archive.first_rows import first_rows

    rows, _ = first_rows(*_archived(context), 100_000)
    names = dict.fromkeys(name for row in rows for name in (row.model, row.fine_tuned_model) if name)
    return [_item(name, "") for name in names if name.startswith(typed)][:MOST]


@_quiet
def profiles(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """The names of the profiles."""
    from fttui.config.choose import LOCAL, known

    return [CompletionItem(name) for name in (LOCAL, *known()) if name.startswith(typed)]


def _item(value: str, help: str) -> CompletionItem:
    # A shell splits what we print at line ends, and zsh at colons in ids, which click takes care of.
    return CompletionItem(clean_line(value), help=fit(clean_line(help), 60))


states = _words(STATES)
methods = _words(("supervised", "dpo", "reinforcement"))
