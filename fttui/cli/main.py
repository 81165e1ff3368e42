"""The command line: run the command that the arguments name, and turn failures into messages and exit codes."""

import os
import sys
from typing import Any

import click

from fttui import __version__
from fttui.cli.exit_codes import DONE, FAILED, INTERRUPTED, USAGE, exit_code_of, is_expected, message_of
from fttui.cli.flags import OFFLINE_HELP, Seconds, shared_flag
from fttui.cli.groups import ServiceGroup, UnknownCommand
from fttui.cli.invocation import Invocation
from fttui.cli.output import Output, ReaderGone, say
from fttui.config import crash
from fttui.core.options import Options

COMMANDS = {
    "jobs": "fttui.cli.jobs.group:jobs",
    "files": "fttui.cli.files.group:files",
    "models": "fttui.cli.models:models",
    "engines": "fttui.cli.engines:engines",
    "archive": "fttui.cli.archive.group:archive",
    "runs": "fttui.cli.runs:runs",
    "serve": "fttui.cli.serve:serve",
    "profile": "fttui.cli.profile:profile",
    "config": "fttui.cli.config:config",
    "doctor": "fttui.cli.doctor.commands:doctor",
    "completion": "fttui.cli.completion:completion",
    "help": "fttui.cli.help:help_",
}


@click.group(
    "fttui",
    cls=ServiceGroup,
    table=COMMANDS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, message="fttui %(version)s")
@click.pass_context
def root(context: click.Context) -> Options | None:
    """A cockpit for fine-tuning jobs.

    Without a command, fttui opens the cockpit on this terminal. The commands are for scripts.

    \b
    fttui                                     open the cockpit
    fttui --profile work                      open the cockpit on a different service
    fttui jobs list --status running --json   list running jobs from a script

    \b
    Exit codes: 0 done, 1 failed, 2 usage or configuration error,
    3 service unreachable, 4 no key or key refused, 130 interrupted.
    """
    return context.ensure_object(Invocation).options if context.invoked_subcommand is None else None


root.params += [
    shared_flag("--interval", type=Seconds(), metavar="S", help="Seconds between polls, at least 2."),
    shared_flag("--read-only", is_flag=True, help="Refuse every change at the provider."),
    shared_flag("--fresh", is_flag=True, help="Ignore the saved layout, sort order and filter."),
    shared_flag("--offline", is_flag=True, help=OFFLINE_HELP),
]


def run(arguments: list[str]) -> int | Options:
    """Run a command line. Returns the exit code, or the options of the cockpit when no command is named."""
    _prepare_streams()
    try:
        outcome = root.main(args=arguments, prog_name="fttui", standalone_mode=False, obj=Invocation())
        if isinstance(outcome, Options):
            return outcome
        Output().flush()
        return outcome if isinstance(outcome, int) else DONE
    except ReaderGone:
        return DONE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.UsageError as error:
        return _report_usage(error)
    except Exception as error:
        if is_expected(error):
            say(f"fttui: {message_of(error)}")
            return exit_code_of(error)
        say(crash.report(error))
        return FAILED


def _report_usage(error: click.UsageError) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and error.ctx is not None:
        print(error.ctx.get_help(), file=sys.stderr)
        return USAGE
    message = f"fttui: {error.format_message()}"
    if not isinstance(error, UnknownCommand):
        message += f"\nSee: {error.ctx.command_path if error.ctx else 'fttui'} --help"
    say(message)
    return USAGE


def _prepare_streams() -> None:
    """Escape characters that a stream cannot encode, and replace streams that the caller has closed."""
    for name in ("stdout", "stderr"):
        stream: Any = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (open until the process ends)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
