"""Entry point: run a command or open the cockpit, and import only the one that runs."""

import os
import sys
import time

from fttui import garbage
from fttui.lean_imports import import_asyncio_without_tls, skip_command_line_of_httpx
from fttui.lean_typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from fttui.core.options import Options

FIRST_ROWS = 100
"""Archived jobs read for the first frame: more than most terminals have lines. The rest is read later."""


def main() -> NoReturn:
    """The `fttui` command. Exit codes: see `fttui --help`."""
    arguments = sys.argv[1:]
    options = None
    if arguments == ["--version"]:  # scripts ask often, and the parser takes longer to import than Python to start
        from fttui import __version__

        print(f"fttui {__version__}")
        sys.exit(0)
    skip_command_line_of_httpx()
    if arguments or "_FTTUI_COMPLETE" in os.environ:  # shell completion sends the command line in variables
        garbage.delay()
        outcome = _outcome(arguments)
        if isinstance(outcome, int):
            _exit(outcome)
        options = outcome
    _exit(cockpit(options))


def _exit(code: int) -> NoReturn:
    garbage.end()
    sys.exit(code)


def _outcome(arguments: list[str]) -> "int | Options":
    """Run a command line. Returns the exit code, or the options of the cockpit."""
    if arguments[:1] == ["runs"] and "_FTTUI_COMPLETE" not in os.environ:
        from fttui.cli.runs_line import options_of

        if (options := options_of(arguments)) is not None:
            return options
    from fttui.cli.main import run

    return run(arguments)


def cockpit(options: "Options | None") -> int:
    """Open the cockpit. Returns the exit code.

    After any exception the terminal is as it was, and a note with the traceback is written.
    """
    try:
        return _cockpit(options)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from fttui.config import crash
        from fttui.config.errors import ConfigError

        if isinstance(error, ConfigError):
            print(f"fttui: {error}", file=sys.stderr)
            return 2
        print(crash.report(error), file=sys.stderr)
        return 1


def _cockpit(options: "Options | None") -> int:
    """Paint the archived rows, then start Textual. Returns the exit code."""
    streams = (sys.stdin, sys.stdout, sys.stderr)  # Textual draws on standard error
    if not all(stream.isatty() for stream in streams) or os.environ.get("TERM", "dumb") == "dumb":
        print(
            "fttui: the cockpit needs a terminal as standard input, output and error, and TERM other than dumb.\n"
            "For scripts and screen readers, use the commands: fttui --help",
            file=sys.stderr,
        )
        return 2
    garbage.stop()  # until the first Textual frame
    from fttui.config import choose, paths
    from fttui.config.directories import check_directories
    from fttui.store.archive.first_rows import first_rows
    from fttui.ui.first_frame import FirstFrame
    from fttui.ui.render.glyphs import glyphs_for
    from fttui.ui.render.status_line import service_info

    settings = None
    if os.path.exists(paths.config_file()) or os.path.exists(paths.profiles_file()):
        from fttui.config.load import load  # most users have neither file and need not wait for the import

        settings = load()
    chosen = choose.choose(profile=options.profile if options else None, base_url=options.base_url if options else None)
    preferences = None
    if settings is not None:
        from fttui.ui.preferences import Preferences

        preferences = Preferences(settings, chosen.name)
    archive = paths.archive_file()
    check_directories()  # here, so that no terminal is taken
    read_only = bool((preferences and preferences.read_only) or (options and options.read_only))
    service = service_info(chosen, read_only=read_only, newcomer=options is None)
    glyphs = glyphs_for(preferences.settings.glyphs) if preferences else glyphs_for()
    rows, as_of = first_rows(archive, chosen.key, FIRST_ROWS)
    first_frame = FirstFrame()
    try:
        alarms_off = preferences.settings.alarms.off if preferences else frozenset[str]()
        first_frame.paint(service, rows, as_of, time.time(), glyphs, alarms_off)
        if chosen.is_watched and chosen.base_url and as_of is None and not (options and options.offline):
            from fttui.runs.first_look import first_look

            if rows := first_look(chosen.base_url, FIRST_ROWS, time.time()):
                first_frame.paint(service, rows, as_of, time.time(), glyphs, alarms_off)
        import_asyncio_without_tls()
        from fttui.ui.start import run_app

        return run_app(options, service, rows, as_of, glyphs, preferences, first_frame)
    finally:
        first_frame.restore()
