"""Exit codes, and the message and exit code of an error."""

import click

from fttui.config.errors import ConfigError, NoKey

DONE, FAILED, USAGE, UNREACHABLE, DENIED, INTERRUPTED = 0, 1, 2, 3, 4, 130

EXIT_CODES = (
    (DONE, "done"),
    (
        FAILED,
        "the operation failed: refused, not found, too many requests, server error, errors in checked data, a job "
        "that was waited for did not succeed, or one of several ids was refused",
    ),
    (USAGE, "usage or configuration error"),
    (UNREACHABLE, "the service cannot be reached: unknown host, refused connection, TLS, timeout"),
    (DENIED, "no key was found, or the key was refused (401)"),
    (INTERRUPTED, "interrupted with ctrl+c; jobs keep running"),
)
"""Exit codes with their meanings, for help and README."""


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of an error."""
    from fttui.api.errors import BadRequest, Unauthorized, Unreachable
    from fttui.server.control import ServiceError

    if isinstance(error, NoKey | Unauthorized):
        return DENIED
    if isinstance(error, ConfigError | click.ClickException):
        return USAGE
    if isinstance(error, Unreachable | ServiceError):
        return UNREACHABLE
    if isinstance(error, BadRequest) and error.status is None:
        return USAGE  # refused before it was sent: an empty id, an unreadable file
    return FAILED


def is_expected(error: BaseException) -> bool:
    """Return whether an error has a message for the user; any other error is a bug in fttui."""
    from fttui.api.errors import ApiError
    from fttui.server.control import ServiceError

    if isinstance(error, ConfigError | click.ClickException | OSError | ApiError | ServiceError):
        return True
    return _is_not_archived(error)


def _is_not_archived(error: BaseException) -> bool:
    import sys

    # The module is loaded by whoever raises the error; loading it here would slow down every other failure.
    reader = sys.modules.get("fttui.core.reader")
    return reader is not None and isinstance(error, reader.NotArchived)


def message_of(error: BaseException) -> str:
    """Return the message of an error, one or two lines."""
    if isinstance(error, OSError):
        return f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
    hint = getattr(error, "hint", "")
    return f"{error}\n{hint}" if hint else str(error)
