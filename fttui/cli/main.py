"""The command line: which verb, and what its failures are worth.

Verbs are imported when they are called: a command should not wait for the others.
"""

import os
import sys
from importlib import import_module
from typing import Any

import click

from fttui import __version__
from fttui.api.errors import ApiError
from fttui.cli.flags import Seconds, Verbs, shared
from fttui.cli.invocation import DONE, FAILED, INTERRUPTED, USAGE, Invocation, code_of, words_of
from fttui.cli.output import Closed, Output, say
from fttui.config import crash
from fttui.config.errors import ConfigError
from fttui.core.connect import Options
from fttui.server.control import ServiceError

_GROUPS = {
    "jobs": "fttui.cli.jobs.watch:jobs",  # which adds to those of create, which adds to those of commands
    "files": "fttui.cli.files.check:files",  # which adds `check` to those of fttui.cli.files.commands
    "models": "fttui.cli.models:models",
    "archive": "fttui.cli.archive.sync:archive",  # which adds `sync` to those of fttui.cli.archive.commands
    "serve": "fttui.cli.serve:serve",
    "profile": "fttui.cli.profile:profile",
    "config": "fttui.cli.config:config",
    "doctor": "fttui.cli.doctor.commands:doctor",
    "completion": "fttui.cli.completion:completion",
    "help": "fttui.cli.help:help_",
}


class _Root(Verbs):
    def list_commands(self, context: click.Context) -> list[str]:
        return list(_GROUPS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _GROUPS:
            return None
        module, _, attribute = _GROUPS[name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group("fttui", cls=_Root, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="fttui %(version)s")
@click.pass_context
def root(context: click.Context) -> Options | None:
    """A cockpit for fine-tuning jobs. Without a command it opens on this terminal; commands are for scripts.

    \b
    fttui                                     the cockpit
    fttui --profile work                      the cockpit on another service
    fttui jobs list --status running --json   the same from a script

    \b
    Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 unreachable,
    4 no key or key refused, 130 interrupted.
    """
    return context.ensure_object(Invocation).options if context.invoked_subcommand is None else None


root.params += [
    shared("--interval", type=Seconds(), metavar="S", help="Seconds between two looks at the service, at least 2."),
    shared("--read-only", is_flag=True, help="Refuse everything that changes something."),
    shared("--fresh", is_flag=True, help="Open without the layout and order of the last time."),
    shared("--offline", is_flag=True, help="From the archive alone; nothing is asked of the service."),
]


def run(arguments: list[str]) -> int | Options:
    """Do what the arguments say: the exit code, or what to open the cockpit with when they name no verb."""
    _prepare_streams()
    try:
        outcome = root.main(args=arguments, prog_name="fttui", standalone_mode=False, obj=Invocation())
        if isinstance(outcome, Options):
            return outcome
        Output().flush()
        return outcome if isinstance(outcome, int) else DONE
    except Closed:
        return DONE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.UsageError as error:
        return _usage(error)
    except Exception as error:
        if _is_ours(error):
            say(f"fttui: {words_of(error)}")
            return code_of(error)
        return _fault(error)


def _is_ours(error: Exception) -> bool:
    """Whether this is a failure that we have words for, and no bug."""
    return isinstance(error, ConfigError | ApiError | ServiceError | click.ClickException | OSError)


def _usage(error: click.UsageError) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and error.ctx is not None:
        print(error.ctx.get_help(), file=sys.stderr)
        return USAGE
    path = error.ctx.command_path if error.ctx else "fttui"
    say(f"fttui: {error.format_message()}\nHow it is used: {path} --help")
    return USAGE


def _fault(error: Exception) -> int:
    """Our own fault: one line for the person, the rest into a file."""
    say(crash.words(error))
    return FAILED


def _prepare_streams() -> None:
    """Output that never fails for a character, and that is there even where the caller closed it."""
    for name in ("stdout", "stderr"):
        stream: Any = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (for as long as the process lives)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
