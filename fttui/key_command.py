"""Programs that print a key, such as a password manager. Standard library only."""

from fttui import bounded
from fttui.text import clean_line

TIMEOUT = 30.0
"""Deadline of a key command, in seconds."""
LONGEST_OUTPUT = 64 * 1024
"""Greatest number of bytes that a key command may print."""


class KeyCommandError(Exception):
    """Failure of a key command: the rest of a sentence that begins with a name for the command. It has no key."""


def printed_key(command: str | list[str]) -> str:
    """Run a command without a shell and return the first line of its output.

    Raises:
        KeyCommandError: it fails, takes too long, or prints nothing.
    """
    import shlex
    import subprocess

    try:
        words = shlex.split(command) if isinstance(command, str) else command
    except ValueError:
        raise KeyCommandError("has an unclosed quote") from None
    if not words:
        raise KeyCommandError("is empty")
    program = clean_line(words[0])
    try:
        done = bounded.output_of(words, limit=LONGEST_OUTPUT, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise KeyCommandError(f"({program}) took longer than {TIMEOUT:.0f} seconds") from None
    except bounded.TooMuchOutput:
        raise KeyCommandError(
            f"({program}) was stopped: it printed more than {LONGEST_OUTPUT // 1024} kB, "
            "and only the first line is the key"
        ) from None
    except OSError as error:
        raise KeyCommandError(f"({program}) cannot be run: {error.strerror or error}") from None
    if done.code:
        # Show stderr only: stdout may contain a part of the key.
        stderr = clean_line(done.stderr.decode(errors="replace").strip())[:200]
        raise KeyCommandError(f"({program}) failed with exit code {done.code}" + (f": {stderr}" if stderr else ""))
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    if not lines:
        raise KeyCommandError(f"({program}) printed nothing")
    return lines[0].strip()
