"""Shell completion. click completes commands and flags; this module completes ids and names from the archive.

The module runs at every press of the tab key, so it sends no request and loads neither pydantic nor httpx.
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
from fttui.store.filter_fields import FIELDS, STATES
from fttui.text import clean_line, fit

F = TypeVar("F", bound=Callable[..., Any])
SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_FTTUI_COMPLETE"
"""Variable that the completion script sets when it calls fttui; the value contains the name of the shell."""
MAX_ITEMS = 500
"""Greatest number of names to offer."""

SETUP = {
    "bash": 'eval "$(fttui completion bash)"  in ~/.bashrc',
    "zsh": 'eval "$(fttui completion zsh)"  in ~/.zshrc, after compinit',
    "fish": "fttui completion fish > ~/.config/fish/completions/fttui.fish",
}

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


@click.command("completion", cls=Command, short_help="Print a completion script for bash, zsh or fish.")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> int:
    """Print a shell script that completes commands, flags, jobs, file ids and profiles.

    \b
    eval "$(fttui completion bash)"          in ~/.bashrc
    eval "$(fttui completion zsh)"           in ~/.zshrc, after compinit
    fttui completion fish > ~/.config/fish/completions/fttui.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    # `BashComplete.source` starts a bash to check its version, so call the method of its base class.
    Output().print_text(ShellComplete.source(found(click.Group(), {}, "fttui", VARIABLE)) + "\n")
    return DONE


def _words(names: Iterable[str]) -> Complete:
    def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in names if name.startswith(typed)]

    return complete


def _archive_and_key(context: click.Context) -> tuple[str, str]:
    """Return the path of the archive, and the key under which it stores the chosen service."""
    from fttui.config.choose import choose
    from fttui.config.paths import archive_file

    invocation = context.ensure_object(Invocation)
    return archive_file(), choose(profile=invocation.profile, base_url=invocation.base_url).key


def _without_errors(complete: Complete) -> Complete:
    """Return a completion that offers nothing after an error. A message would garble the command line."""

    def guarded(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
        try:
            return complete(context, parameter, typed)
        except Exception:
            return []

    return guarded


@_without_errors
def jobs(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer suffixes that only one archived job has, then ids, newest first, except names that the command has already.

    After `PROFILE/` the jobs of that profile are offered.
    """
    from fttui.config.choose import choose
    from fttui.config.paths import archive_file
    from fttui.core.job_names import with_unique_suffix
    from fttui.store.archive.first_rows import first_rows

    profile, slash, _ = typed.partition("/")
    path, key = (archive_file(), choose(profile=profile).key) if slash else _archive_and_key(context)
    lead = profile + slash if slash else ""
    rows, _ = first_rows(path, key, 100_000)
    given = context.params.get(parameter.name or "") or ()
    found = [(lead + row.suffix, row, row.id) for row in with_unique_suffix(rows)]
    found += [(lead + row.id, row, row.suffix) for row in rows]
    return [
        _item(name, " ".join(filter(None, (row.status_text, row.model, other))))
        for name, row, other in found
        if name.startswith(typed) and name not in given
    ][:MAX_ITEMS]


@_without_errors
def files(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer ids of archived files whose id or name starts with the typed text."""
    from fttui.store.archive.first_rows import first_files

    given = context.params.get(parameter.name or "") or ()
    found = []
    for id, raw in first_files(*_archive_and_key(context), 100_000):
        try:
            name = clean_line(str(json.loads(raw).get("filename") or ""))
        except (ValueError, AttributeError):
            name = ""
        if (id.startswith(typed) or (typed and name.startswith(typed))) and id not in given:
            found.append(_item(id, name))
    return found[:MAX_ITEMS]


def data_files(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer file ids if the typed text starts with `file-`, otherwise paths on this disk."""
    found = files(context, parameter, typed) if typed.startswith("file-") else []
    return found or [CompletionItem(typed, type="file")]


@_without_errors
def models(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer base models and tuned models of archived jobs."""
    from fttui.store.archive.first_rows import first_rows

    rows, _ = first_rows(*_archive_and_key(context), 100_000)
    names = dict.fromkeys(name for row in rows for name in (row.model, row.fine_tuned_model) if name)
    return [_item(name, "") for name in names if name.startswith(typed)][:MAX_ITEMS]


@_without_errors
def profiles(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem]:
    """Offer the names of the profiles."""
    from fttui.config.choose import LOCAL, all_profiles

    return [CompletionItem(name) for name in (LOCAL, *all_profiles()) if name.startswith(typed)]


def _item(value: str, help: str) -> CompletionItem:
    # Shells split the output at line ends. zsh also splits at colons, which click escapes.
    return CompletionItem(clean_line(value), help=fit(clean_line(help), 60))


states = _words(STATES)
orders = _words(FIELDS)
methods = _words(("supervised", "dpo", "reinforcement"))
